//! Many sockets that receive, each as cheap as can be: a task per socket notes when which number
//! arrived, and what it means is worked out afterwards.

use crate::socket::Socket;
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How an update begins on the wire.
const UPDATE: &[u8] = b"{\"t\":\"ev\"";
/// How the notice of dropped updates begins.
const LAG: &[u8] = b"{\"t\":\"lag\"";
/// How often waiting looks whether everything has come.
const POLL: Duration = Duration::from_millis(5);

/// Sockets that are opened at the same time.
const OPENING_MAX: usize = 16;

/// An update that came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// Its number in the stream.
    pub seq: u64,
    /// When it came.
    pub at: Instant,
    /// What it said, on sockets that keep it.
    pub payload: Option<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Slot {
    arrivals: Mutex<Vec<Arrival>>,
    newest: AtomicU64,
    lagged: AtomicU64,
}

impl Slot {
    fn arrivals(&self) -> MutexGuard<'_, Vec<Arrival>> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The receiving sockets of one stream; dropped, they close.
#[derive(Debug, Default)]
pub struct Audience {
    slots: Vec<Arc<Slot>>,
    tasks: JoinSet<()>,
    ended: Arc<Mutex<Option<String>>>,
}

impl Audience {
    /// Opens so many more sockets, several at a time; each receives from the moment it is open. The
    /// very first keeps what it receives.
    ///
    /// # Errors
    /// What kept one from being opened.
    pub async fn open<F>(&mut self, count: usize, mut socket: impl FnMut() -> F) -> io::Result<()>
    where
        F: Future<Output = io::Result<Socket>> + Send + 'static,
    {
        let (mut opening, mut asked) = (JoinSet::new(), 0);
        loop {
            while asked < count && opening.len() < OPENING_MAX {
                opening.spawn(socket());
                asked += 1;
            }
            match opening.join_next().await {
                Some(opened) => self.join(opened.map_err(io::Error::other)??),
                None => return Ok(()),
            }
        }
    }

    /// Adds a socket that is subscribed already.
    pub fn join(&mut self, socket: Socket) {
        let slot = Arc::new(Slot::default());
        let keep = self.slots.is_empty();
        self.slots.push(slot.clone());
        let ended = self.ended.clone();
        self.tasks.spawn(async move {
            let why = receive(socket, &slot, keep).await;
            *ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
        });
    }

    /// How many sockets.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Waits until every socket has received this number or a later one.
    ///
    /// # Errors
    /// How many have not within the time, or why one ended.
    pub async fn wait_for(&self, seq: u64, within: Duration) -> Result<(), String> {
        let began = Instant::now();
        loop {
            let behind =
                self.slots.iter().filter(|s| s.newest.load(Ordering::Relaxed) < seq).count();
            if behind == 0 {
                return Ok(());
            }
            let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(why) = ended {
                return Err(format!("a receiving socket ended: {why}"));
            }
            if began.elapsed() > within {
                return Err(format!("{behind} of {} sockets did not receive {seq}", self.len()));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Forgets what came so far, so that a measurement begins after its warm-up.
    pub fn forget(&self) {
        for slot in &self.slots {
            slot.arrivals().clear();
        }
    }

    /// What came since, by socket.
    pub fn arrivals(&self) -> Vec<Vec<Arrival>> {
        self.slots.iter().map(|slot| slot.arrivals().clone()).collect()
    }

    /// Updates that the server dropped because a socket was slow.
    pub fn lagged(&self) -> u64 {
        self.slots.iter().map(|slot| slot.lagged.load(Ordering::Relaxed)).sum()
    }
}

async fn receive(mut socket: Socket, slot: &Slot, keep: bool) -> String {
    loop {
        let payload = match socket.next().await {
            Ok(payload) => payload,
            Err(e) => return e.to_string(),
        };
        let at = Instant::now();
        for line in payload.split(|byte| *byte == b'\n') {
            if line.starts_with(UPDATE) {
                let Some(seq) = number_after(line, b"\"seq\":") else { continue };
                let payload = keep.then(|| line.to_vec());
                slot.arrivals().push(Arrival { seq, at, payload });
                slot.newest.fetch_max(seq, Ordering::Relaxed);
            } else if line.starts_with(LAG) {
                let missed = number_after(line, b"\"missed\":").unwrap_or(1);
                slot.lagged.fetch_add(missed, Ordering::Relaxed);
            }
        }
    }
}

/// The whole number behind the first occurrence of a key.
pub fn number_after(text: &[u8], key: &[u8]) -> Option<u64> {
    let start = text.windows(key.len()).position(|w| w == key)? + key.len();
    let digits = text[start..].iter().take_while(|b| b.is_ascii_digit());
    let mut found = None;
    for digit in digits {
        let so_far = found.unwrap_or(0_u64);
        found = Some(so_far.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?);
    }
    found
}

/// When each number first came to anybody.
pub fn first_arrivals(arrivals: &[Vec<Arrival>]) -> BTreeMap<u64, Instant> {
    let mut first = BTreeMap::new();
    for arrival in arrivals.iter().flatten() {
        let known = first.entry(arrival.seq).or_insert(arrival.at);
        *known = arrival.at.min(*known);
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::{ACCEPT, TEXT, unmasked};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    #[test]
    fn numbers_are_found_by_their_key() {
        for (text, found) in [
            ("{\"t\":\"ev\",\"s\":\"exam:4\",\"seq\":118,\"at\":5}", Some(118)),
            ("{\"seq\":0}", Some(0)),
            ("{\"seq\":\"7\"}", None),
            ("{\"if_seq\":7}", None),
            ("{\"seq\":99999999999999999999}", None),
            ("", None),
        ] {
            assert_eq!(number_after(text.as_bytes(), b"\"seq\":"), found, "{text}");
        }
    }

    async fn speaker(texts: &'static [&'static str]) -> Socket {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request).await.expect("a request");
            let head = format!("HTTP/1.1 101 X\r\nsec-websocket-accept: {ACCEPT}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.expect("a reader");
            for text in texts {
                stream.write_all(&unmasked(TEXT, text.as_bytes())).await.expect("a reader");
            }
            // Stays open until the reader goes.
            let _ = stream.read(&mut request).await;
        });
        Socket::open(address, "/").await.expect("a socket")
    }

    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn updates_are_noted_and_the_rest_is_passed_over() {
        let sockets = [
            speaker(&[
                "{\"t\":\"snap\",\"seq\":9}",
                "{\"t\":\"ev\",\"s\":\"a\",\"seq\":1}\n{\"t\":\"ev\",\"s\":\"a\",\"seq\":2}",
            ])
            .await,
            speaker(&["{\"t\":\"lag\",\"missed\":3}", "{\"t\":\"ev\",\"s\":\"a\",\"seq\":2}"])
                .await,
        ];
        let mut audience = Audience::default();
        for socket in sockets {
            audience.join(socket);
        }
        audience.wait_for(2, PATIENCE).await.expect("both received it");
        let arrivals = audience.arrivals();
        let seqs = |socket: usize| arrivals[socket].iter().map(|a| a.seq).collect::<Vec<_>>();
        assert_eq!((seqs(0), seqs(1)), (vec![1, 2], vec![2]));
        assert!(arrivals[0][0].payload.as_ref().is_some_and(|p| p.ends_with(b"\"seq\":1}")));
        assert!(arrivals[1][0].payload.is_none(), "only one socket keeps what it received");
        assert_eq!(audience.lagged(), 3);
        let first = first_arrivals(&arrivals);
        assert_eq!(first[&2], arrivals[0][1].at.min(arrivals[1][0].at));
        audience.forget();
        assert!(audience.arrivals().iter().all(Vec::is_empty));
        let late = audience.wait_for(3, Duration::ZERO).await.expect_err("nobody has it");
        assert!(late.contains("2 of 2"), "{late}");
    }

    #[tokio::test]
    async fn a_socket_that_ends_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            for _ in 0..20 {
                let (mut stream, _) = listener.accept().await.expect("a client");
                let mut request = [0; 4_096];
                let _ = stream.read(&mut request).await.expect("a request");
                let head = format!("HTTP/1.1 101 X\r\nsec-websocket-accept: {ACCEPT}\r\n\r\n");
                stream.write_all(head.as_bytes()).await.expect("a reader");
            }
        });
        let mut audience = Audience::default();
        audience.open(20, || Socket::open(address, "/")).await.expect("twenty sockets");
        assert_eq!(audience.len(), 20);
        let ended = audience.wait_for(1, PATIENCE).await.expect_err("they end");
        assert!(ended.contains("ended"), "{ended}");
        assert!(audience.open(1, || Socket::open(address, "/")).await.is_err(), "nobody there");
    }
}
