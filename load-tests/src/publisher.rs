//! One socket that sends on a schedule, whatever the answers do, and notes when each was answered:
//! a server that stalls is measured with its stall.

use crate::audience::number_after;
use crate::socket::Socket;
use std::io;
use std::time::{Duration, Instant};

/// Longest wait for the last answers.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

/// One sending.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sent {
    /// When it was due.
    pub due: Instant,
    /// When its answer came.
    pub answered: Instant,
    /// The number that the answer gave it; its place in the order for servers that give none.
    pub seq: u64,
}

/// How a server answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answers {
    /// `ack` with the id of the frame (counted from the given first one) and its number.
    Acks {
        /// The id of the first frame.
        first: u64,
    },
    /// Anything, in order.
    InOrder,
}

impl Answers {
    /// Which frame a payload answers and its number; `None` when it answers none.
    fn read(self, payload: &[u8], answered: usize) -> io::Result<Option<(usize, u64)>> {
        match self {
            Answers::InOrder => Ok(Some((answered, answered as u64))),
            Answers::Acks { first } if payload.starts_with(b"{\"t\":\"ack\"") => {
                let id = number_after(payload, b"\"id\":");
                let seq = number_after(payload, b"\"seq\":");
                match (id.and_then(|id| id.checked_sub(first)), seq) {
                    (Some(at), Some(seq)) => Ok(Some((usize::try_from(at).unwrap_or(0), seq))),
                    _ => Err(refused(payload)),
                }
            }
            Answers::Acks { .. } if payload.starts_with(b"{\"t\":\"err\"") => Err(refused(payload)),
            Answers::Acks { .. } => Ok(None),
        }
    }
}

fn refused(payload: &[u8]) -> io::Error {
    io::Error::other(String::from_utf8_lossy(payload).into_owned())
}

/// Sends each frame when it is due, `every` apart, and waits for all answers.
///
/// # Errors
/// When one is refused, the socket ends, or answers are missing.
pub async fn publish(
    socket: &mut Socket,
    frames: &[String],
    every: Duration,
    answers: Answers,
) -> io::Result<Vec<Sent>> {
    let began = Instant::now();
    let due = |n: usize| began + every.saturating_mul(u32::try_from(n).unwrap_or(u32::MAX));
    let mut sent: Vec<Option<Sent>> = vec![None; frames.len()];
    let (mut next, mut answered) = (0, 0);
    let last = due(frames.len()) + ANSWERS_WITHIN;
    while answered < frames.len() {
        let wake = if next < frames.len() { due(next) } else { last };
        tokio::select! {
            biased;
            () = tokio::time::sleep_until(wake.into()) => {
                let Some(frame) = frames.get(next) else {
                    let missing = frames.len() - answered;
                    return Err(io::Error::new(
                        io::ErrorKind::TimedOut,
                        format!("{missing} of {} frames were not answered", frames.len()),
                    ));
                };
                socket.send(frame).await?;
                next += 1;
            }
            payload = socket.next() => {
                let at = Instant::now();
                if let Some((n, seq)) = answers.read(payload?, answered)? {
                    let slot = sent.get_mut(n).ok_or_else(|| io::Error::other("a strange id"))?;
                    *slot = Some(Sent { due: due(n), answered: at, seq });
                    answered += 1;
                }
            }
        }
    }
    Ok(sent.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_matched_to_their_frames() {
        let acks = Answers::Acks { first: 100 };
        let read = |text: &str| acks.read(text.as_bytes(), 0);
        let ack = "{\"t\":\"ack\",\"id\":103,\"cmd\":\"x\",\"seq\":9,\"epoch\":\"e\"}";
        assert_eq!(read(ack).expect("an ack"), Some((3, 9)));
        assert_eq!(read("{\"t\":\"pres\",\"id\":1}").expect("no answer"), None);
        assert!(read("{\"t\":\"err\",\"id\":103,\"code\":\"busy\"}").is_err());
        assert!(read("{\"t\":\"ack\",\"id\":3,\"seq\":9}").is_err(), "an id never sent");
        assert_eq!(Answers::InOrder.read(b"ok", 5).expect("an answer"), Some((5, 5)));
    }
}
