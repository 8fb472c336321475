//! Waiting for futures with a deadline that means "never", and letting time pass where a fault
//! comes at an instant of its own choice.

use std::future::Future;
use std::time::Duration;
use tokio::time::timeout;

/// After this long it never comes. Generous: it judges whether, never how fast.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for a future.
///
/// # Panics
/// When it takes longer than [`PATIENCE`].
pub async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {} s for {what}", PATIENCE.as_secs()),
    }
}

/// Lets a while pass. Whoever waits for something uses [`crate::wait_until`].
pub async fn pause(of: Duration) {
    tokio::time::sleep(of).await;
}
