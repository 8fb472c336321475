//! A TCP proxy between clients and a station that breaks: it cuts connections after so many bytes,
//! in the middle of a frame as well as between two, and holds bytes back.

use crate::Draws;
use crate::wait::pause;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Bytes read at once.
const PIECE_BYTES: usize = 4 * 1024;
/// Longest that a piece is held back, ms.
const DELAY_MS_MAX: u64 = 3;

/// A proxy before a station.
pub struct Proxy {
    /// Where clients connect.
    pub addr: SocketAddr,
    line: Arc<Line>,
    accepting: JoinHandle<()>,
}

/// How the line is.
struct Line {
    upstream: SocketAddr,
    draws: Mutex<Draws>,
    /// Connections are cut after at most so many bytes from the station; 0 leaves them alone.
    bytes_max: AtomicU64,
    blocked: AtomicBool,
    cuts: AtomicU64,
    open_ends: Notify,
}

impl Line {
    fn draw(&self, below: u64) -> u64 {
        self.draws.lock().unwrap_or_else(PoisonError::into_inner).below(below.max(1))
    }
}

impl Proxy {
    /// A proxy that lets everything through.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn before(upstream: SocketAddr, draws: Draws) -> Proxy {
        #[expect(clippy::expect_used, reason = "a test without a port cannot go on")]
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        #[expect(clippy::expect_used, reason = "a bound socket has an address")]
        let addr = listener.local_addr().expect("an address");
        let line = Arc::new(Line {
            upstream,
            draws: Mutex::new(draws),
            bytes_max: AtomicU64::new(0),
            blocked: AtomicBool::new(false),
            cuts: AtomicU64::new(0),
            open_ends: Notify::new(),
        });
        let shared = line.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if !shared.blocked.load(Ordering::Acquire) {
                    tokio::spawn(carry(shared.clone(), client));
                }
            }
        });
        Proxy { addr, line, accepting }
    }

    /// From now on each new connection is cut after at most so many bytes from the station; 0 ends
    /// that.
    pub fn cut_within(&self, bytes_max: u64) {
        self.line.bytes_max.store(bytes_max, Ordering::Release);
    }

    /// New connections are refused, or are not any more.
    pub fn block(&self, blocked: bool) {
        self.line.blocked.store(blocked, Ordering::Release);
    }

    /// Cuts every open connection now.
    pub fn cut_open(&self) {
        self.line.open_ends.notify_waiters();
    }

    /// Connections that were cut.
    pub fn cuts(&self) -> u64 {
        self.line.cuts.load(Ordering::Acquire)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Carries one connection until one side ends it or it is cut.
async fn carry(line: Arc<Line>, client: TcpStream) {
    let Ok(station) = TcpStream::connect(line.upstream).await else { return };
    let bytes_max = line.bytes_max.load(Ordering::Acquire);
    let budget = if bytes_max == 0 { u64::MAX } else { line.draw(bytes_max) };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_station, mut to_station) = station.into_split();
    let up = async { copy(&line, &mut from_client, &mut to_station, u64::MAX).await };
    let down = async { copy(&line, &mut from_station, &mut to_client, budget).await };
    let cut = tokio::select! {
        () = line.open_ends.notified() => true,
        ended = up => ended.is_ok_and(|cut| cut),
        ended = down => ended.is_ok_and(|cut| cut),
    };
    if cut {
        line.cuts.fetch_add(1, Ordering::AcqRel);
    }
    // Dropping both halves ends both connections at once, whatever waits in them.
}

/// Copies up to so many bytes; `true` when they are used up.
async fn copy(
    line: &Line,
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    budget: u64,
) -> io::Result<bool> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut left = budget;
    loop {
        let got = from.read(&mut piece).await?;
        if got == 0 {
            return Ok(false);
        }
        if budget != u64::MAX && line.draw(4) == 0 {
            pause(Duration::from_millis(line.draw(DELAY_MS_MAX + 1))).await;
        }
        let pass = got.min(usize::try_from(left).unwrap_or(usize::MAX));
        to.write_all(&piece[..pass]).await?;
        left -= pass as u64;
        if pass < got || left == 0 {
            return Ok(true);
        }
    }
}
