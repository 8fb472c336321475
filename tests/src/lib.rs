//! What the tests of the whole program share: seeds, draws from them, plans of exams and waiting
//! for values.

pub mod browser;
pub mod checker;
pub mod client;
pub mod clock;
pub mod events;
pub mod http;
pub mod journal;
pub mod load;
pub mod meddle;
pub mod owners;
pub mod process;
pub mod proxy;
mod seed;
pub mod server;
pub mod setting;
pub mod stack;
pub mod wait;

pub use actors::testing::plans::{AnExam, Cast, an_exam};
pub use seed::{Draws, SaysSeed, asked_seed};

use std::future::Future;
use std::time::Duration;

/// Longest that [`wait_until`] waits. Generous: it judges whether, never how fast.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// How often [`wait_until`] looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Waits until `look` finds what it looks for.
///
/// # Panics
/// When it did not within a minute: `what` names it.
pub async fn wait_until<T, F>(what: &str, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    match tokio::time::timeout(WAIT_MAX, looking).await {
        Ok(found) => found,
        Err(_) => panic!("waited in vain for {what}"),
    }
}
