//! Following streams: asking for them, looking at their copies, waiting until nothing is missing.

use super::folding::{Fold, Standing};
use super::socket::Client;
use crate::wait::patiently;
use serde_json::{Value, json};
use std::time::Duration;

/// Frames that are read before a digest is asked for again.
const SETTLE_FRAMES: usize = 16;
/// Longest wait for each of them.
const SETTLE: Duration = Duration::from_millis(200);

impl Client {
    /// Follows a stream, and waits until it is given or refused.
    pub async fn follow(&mut self, stream: &str) {
        self.ask(stream).await;
        let name = stream.to_owned();
        self.until(&format!("{stream} to be followed"), |client| {
            matches!(client.fold(&name).standing, Standing::Follows | Standing::Refused)
        })
        .await;
    }

    /// Asks for a stream, from where its copy stands.
    pub async fn ask(&mut self, stream: &str) {
        let fold = self.folds.0.entry(stream.to_owned()).or_default();
        fold.asked();
        let mut sub = json!({"t": "sub", "s": stream});
        if let Some(position) = fold.position() {
            sub["resume"] = position;
        }
        self.send(&sub).await;
    }

    /// The names of the streams that it asked for.
    pub fn streams(&self) -> Vec<String> {
        self.folds.0.keys().cloned().collect()
    }

    /// The copy of a stream.
    ///
    /// # Panics
    /// When it was never asked for.
    pub fn fold(&self, stream: &str) -> &Fold {
        match self.folds.0.get(stream) {
            Some(fold) => fold,
            None => panic!("{stream} was never asked for"),
        }
    }

    /// The copy of a stream.
    ///
    /// # Panics
    /// When it was never asked for.
    pub fn fold_mut(&mut self, stream: &str) -> &mut Fold {
        match self.folds.0.get_mut(stream) {
            Some(fold) => fold,
            None => panic!("{stream} was never asked for"),
        }
    }

    /// The state of a stream.
    ///
    /// # Panics
    /// When there is none.
    pub fn state(&self, stream: &str) -> &Value {
        match &self.fold(stream).state {
            Some(state) => state,
            None => panic!("{stream} has no state yet"),
        }
    }

    /// Asks for digests of a stream until one agrees with the copy: nothing is missing then.
    ///
    /// # Panics
    /// When none does.
    pub async fn settle(&mut self, stream: &str) {
        let name = stream.to_owned();
        let before = self.fold(stream).tally.agreed;
        let settling = async {
            loop {
                self.send(&json!({"t": "dig", "s": name})).await;
                for _ in 0..SETTLE_FRAMES {
                    if let Err(gone) = self.next_within(SETTLE).await {
                        panic!("{name}: the connection ended: {gone:?}");
                    }
                    let fold = self.fold(&name);
                    let agreed = fold.agreed.as_ref().is_some_and(|(seq, _)| *seq == fold.seq);
                    if fold.tally.agreed > before && agreed {
                        return;
                    }
                }
            }
        };
        patiently(&format!("a digest of {stream} that agrees"), settling).await;
    }
}
