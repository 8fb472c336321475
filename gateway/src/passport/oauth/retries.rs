//! A client whose connection broke before the answer came asks again with the refresh token that it
//! had. For a few seconds, and for the key that the token is bound to, it gets the same answer; who
//! cannot prove that key is a thief.
//!
//! The answers are kept in memory alone: after a restart, or at another node, a retry counts as
//! reuse.

use engine::{Moment, Span};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long an answer is given again.
pub const GRACE: Span = Span::secs(5);
/// Refresh tokens whose answers are kept at once; beyond it a retry counts as reuse.
const TURNS_MAX: usize = 10_000;

/// One refresh token's turn: who holds it works, the others wait. Holds the answer once there is
/// one.
pub type Turn = tokio::sync::Mutex<Option<Value>>;

/// Turns by the hash of the refresh token, and when each began.
type Turns = BTreeMap<[u8; 32], (Moment, Arc<Turn>)>;

/// Answers of the last seconds.
#[derive(Default)]
pub struct Retries(Mutex<Turns>);

impl Retries {
    /// The turn of a refresh token, the same for all who come within [`GRACE`] of the first.
    pub fn turn(&self, hash: [u8; 32], now: Moment) -> Arc<Turn> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, (began, _)| now < *began + GRACE);
        if let Some((_, turn)) = turns.get(&hash) {
            return turn.clone();
        }
        let turn = Arc::new(Turn::default());
        if turns.len() < TURNS_MAX {
            turns.insert(hash, (now, turn.clone()));
        }
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_is_kept_for_its_token_and_for_a_while() {
        let retries = Retries::default();
        let now = Moment(1_800_000_000_000);
        *retries.turn([1; 32], now).lock().await = Some(Value::from("answer"));
        for (hash, later_ms, kept) in
            [([1; 32], 4_999, true), ([2; 32], 4_999, false), ([1; 32], 5_000, false)]
        {
            let turn = retries.turn(hash, Moment(now.0 + later_ms));
            assert_eq!(turn.lock().await.is_some(), kept, "{later_ms}");
        }
    }
}
