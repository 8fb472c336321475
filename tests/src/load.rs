//! People who work without a pause while the station under them comes and goes: every command is
//! kept until it is acknowledged, and sent again under the same id.

use crate::checker::Acked;
use crate::client::{Answer, Client};
use crate::http::{Ask, Http};
use crate::setting::{commands, fresh};
use crate::wait::pause;
use actors::clock::SystemClock;
use actors::ports::Clock;
use engine::WireId;
use engine::exam::Command;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Before somebody whose connection was refused tries again.
const AGAIN: Duration = Duration::from_millis(10);
/// How often a socket's client looks whether its work has ended.
const LOOK: Duration = Duration::from_millis(50);

/// Where the station is, as its people know it.
#[derive(Clone)]
pub struct Office {
    addr: watch::Receiver<Option<SocketAddr>>,
    over: watch::Receiver<bool>,
    acks: Arc<AtomicU64>,
}

/// Tells people where the station is and when the day is over.
pub struct Doorman {
    addr: watch::Sender<Option<SocketAddr>>,
    over: watch::Sender<bool>,
    acks: Arc<AtomicU64>,
    people: Vec<JoinHandle<Work>>,
}

impl Job {
    /// Somebody who works without a pause, one command after another.
    pub fn new(exam: WireId, token: String, next: fn(u64) -> Command) -> Job {
        Job { token, exam, depth: 1, rest: Duration::ZERO, next: Box::new(next) }
    }
}

/// What a person has done.
#[derive(Default, Debug)]
pub struct Work {
    /// What was acknowledged.
    pub acked: Vec<Acked>,
    /// Acknowledged as applied before: the first answer was lost.
    pub dups: u64,
    /// Answers that asked to come back later.
    pub put_off: u64,
    /// What was refused for good.
    pub refused: Vec<String>,
    /// What the server did and may not do.
    pub violations: Vec<String>,
    /// The stream that was followed beside the work, its number and digest at the end.
    pub digest: Option<(String, u64, String)>,
    /// Connections that were needed.
    pub connections: u64,
}

impl Work {
    /// The work of all.
    pub fn add(&mut self, other: Work) {
        self.acked.extend(other.acked);
        self.dups += other.dups;
        self.put_off += other.put_off;
        self.refused.extend(other.refused);
        self.violations.extend(other.violations);
        self.connections += other.connections;
    }
}

/// Who works, where and on what.
pub struct Job {
    /// Their token.
    pub token: String,
    /// Their exam.
    pub exam: WireId,
    /// Commands that they have under way at once; over HTTP always one.
    pub depth: usize,
    /// How long they rest between two commands.
    pub rest: Duration,
    /// Their next command. Each must change the exam whatever was lost before it.
    pub next: Box<dyn FnMut(u64) -> Command + Send + Sync>,
}

impl Doorman {
    /// Nobody has come yet.
    pub fn new() -> Doorman {
        let (addr, over) = (watch::Sender::new(None), watch::Sender::new(false));
        Doorman { addr, over, acks: Arc::default(), people: Vec::new() }
    }

    fn office(&self) -> Office {
        Office { addr: self.addr.subscribe(), over: self.over.subscribe(), acks: self.acks.clone() }
    }

    /// Somebody comes who works over plain HTTP.
    pub fn over_http(&mut self, job: Job) {
        self.people.push(tokio::spawn(over_http(self.office(), job)));
    }

    /// Somebody comes who works over a socket, and follows their exam on it.
    pub fn over_socket(&mut self, job: Job) {
        self.people.push(tokio::spawn(over_socket(self.office(), job)));
    }

    /// The station is here now, or nowhere.
    pub fn station_at(&self, addr: Option<SocketAddr>) {
        self.addr.send_replace(addr);
    }

    /// Commands acknowledged so far.
    pub fn acks(&self) -> u64 {
        self.acks.load(Ordering::Acquire)
    }

    /// Everybody finishes what they began. The station must be up.
    ///
    /// # Panics
    /// When one of them failed.
    pub async fn close(self) -> Vec<Work> {
        self.over.send_replace(true);
        let mut all = Vec::new();
        for person in self.people {
            match person.await {
                Ok(work) => all.push(work),
                Err(e) => panic!("somebody failed: {e}"),
            }
        }
        all
    }
}

impl Default for Doorman {
    fn default() -> Doorman {
        Doorman::new()
    }
}

impl Office {
    async fn addr(&mut self) -> SocketAddr {
        match self.addr.wait_for(Option::is_some).await.map(|addr| *addr) {
            Ok(Some(addr)) => addr,
            Ok(None) | Err(_) => panic!("the doorman has gone"),
        }
    }

    /// Waits until the station is elsewhere than here.
    async fn moved(&mut self, here: SocketAddr) {
        let _ = self.addr.wait_for(|addr| addr.is_some_and(|addr| addr != here)).await;
    }

    fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    fn acked(&self) {
        self.acks.fetch_add(1, Ordering::AcqRel);
    }
}

async fn over_http(mut office: Office, mut job: Job) -> Work {
    let mut work = Work::default();
    let mut http = None;
    let mut n = 0;
    while !office.is_over() {
        let cmd = fresh();
        let body = json!({"cmd": cmd, "body": (job.next)(n)});
        n += 1;
        let asked_us = SystemClock.monotonic_us();
        match insist((&mut office, &mut http), &job, &body, &mut work).await {
            Ok(reply) => {
                let seq = reply["seq"].as_u64().unwrap_or_default();
                let acked_us = SystemClock.monotonic_us();
                work.acked.push(Acked { exam: job.exam, cmd, seq, asked_us, acked_us });
                work.dups += u64::from(reply["dup"] == true);
                office.acked();
            }
            Err(refusal) => work.refused.push(refusal),
        }
        if !job.rest.is_zero() {
            pause(job.rest).await;
        }
    }
    work
}

/// Sends one command until it is answered for good.
async fn insist(
    (office, http): (&mut Office, &mut Option<Http>),
    job: &Job,
    body: &Value,
    work: &mut Work,
) -> Result<Value, String> {
    let path = commands(job.exam);
    loop {
        let addr = office.addr().await;
        let open = http.take().filter(|open| open.addr == addr);
        let mut open = open.unwrap_or_else(|| {
            work.connections += 1;
            Http::bearer(addr, &job.token)
        });
        let asked = tokio::select! {
            asked = open.ask(Ask::json("POST", &path, body)) => asked,
            () = office.moved(addr) => continue,
        };
        match asked {
            Ok(reply) if reply.status == 200 => {
                *http = Some(open);
                return Ok(reply.json());
            }
            Ok(reply) if matches!(reply.status, 429 | 503) => {
                work.put_off += 1;
                pause(AGAIN).await;
                *http = Some(open);
            }
            Ok(reply) => return Err(format!("{}: {}", reply.status, reply.text())),
            Err(_) => pause(AGAIN).await,
        }
    }
}

async fn over_socket(mut office: Office, mut job: Job) -> Work {
    let stream = format!("exam:{}", job.exam);
    let mut client = Client::new(office.addr().await, &job.token);
    client.ask(&stream).await;
    let mut n = 0;
    let mut counted = 0;
    loop {
        let addr = office.addr().await;
        if client.addr != addr {
            client.drop_connection();
            client.addr = addr;
        }
        if !client.is_connected() {
            let connected = tokio::select! {
                connected = client.try_connect() => connected.is_ok(),
                () = office.moved(addr) => false,
            };
            if !connected {
                client.drop_connection();
                pause(AGAIN).await;
                continue;
            }
        }
        while !office.is_over() && client.queue.waiting.len() < job.depth {
            client.give(job.exam, &(job.next)(n)).await;
            n += 1;
            if !job.rest.is_zero() {
                pause(job.rest).await;
            }
        }
        // A connection that has ended is made anew.
        let _ = client.next_within(LOOK).await;
        for _ in counted..client.queue.answers.len() {
            office.acked();
        }
        counted = client.queue.answers.len();
        if office.is_over() && client.queue.waiting.is_empty() && client.is_connected() {
            break;
        }
    }
    client.settle(&stream).await;
    let mut work = Work { acked: client.queue.acked(), ..Work::default() };
    for answer in client.queue.answers.values() {
        match answer {
            Answer::Acked(_, dup) => work.dups += u64::from(*dup),
            Answer::Refused(code) => work.refused.push(code.clone()),
        }
    }
    work.violations = client.violations();
    work.connections = client.connections;
    let fold = client.fold(&stream);
    work.digest = Some((stream.clone(), fold.seq, fold.digest()));
    work
}
