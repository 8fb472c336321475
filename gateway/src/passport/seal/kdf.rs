//! Stretching PINs off the request threads: two at a time, in memory that is kept for the next one.

use super::scheme::{self, KdfParams, PinKey, SealFault};
use argon2::Block;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

/// Derivations that run at once: each takes 256 MiB.
pub const AT_ONCE_MAX: usize = 2;
/// Derivations that wait; more are told to come back.
pub const WAITING_MAX: usize = 16;

/// Stretches PINs with bounded memory and bounded waiting.
#[derive(Debug)]
pub struct Stretcher {
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
    spare: Arc<Mutex<Vec<Vec<Block>>>>,
}

/// Too many PINs wait to be stretched, or the derivation failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unstretched {
    /// Too many wait.
    Busy,
    /// The parameters are out of bounds, or the machine has no thread for it.
    Broken,
}

impl From<SealFault> for Unstretched {
    fn from(_: SealFault) -> Unstretched {
        Unstretched::Broken
    }
}

impl Default for Stretcher {
    fn default() -> Stretcher {
        let running = Arc::new(Semaphore::new(AT_ONCE_MAX));
        Stretcher { running, waiting: AtomicUsize::new(0), spare: Arc::default() }
    }
}

/// Counts one who waits for as long as they do.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Stretcher {
    /// The key of a PIN.
    ///
    /// # Errors
    /// As [`Unstretched`] says.
    pub async fn stretch(
        &self,
        pin: &str,
        salt: [u8; 32],
        params: KdfParams,
    ) -> Result<PinKey, Unstretched> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if before >= WAITING_MAX {
            return Err(Unstretched::Busy);
        }
        let permit = self.running.clone().acquire_owned().await;
        let permit = permit.map_err(|_| Unstretched::Broken)?;
        let pin = Zeroizing::new(pin.to_owned());
        let spare = self.spare.clone();
        // The work cannot be called off: it keeps its place even when its client has gone.
        let done = spawn_blocking(move || {
            let kept = spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut memory = kept.unwrap_or_default();
            let key = scheme::pin_key(&pin, &salt, params, &mut memory);
            spare.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
            drop(permit);
            key
        });
        Ok(done.await.map_err(|_| Unstretched::Broken)??)
    }
}
