//! A station in memory: the whole tree of actors over ports that outlive it, so that a test can
//! kill the process and start the next one on the same log.

use super::plans::{AnExam, small_practice, small_tool};
use super::{MemoryCatalog, Replica, Seen, TestSystem};
use crate::board::Board;
use crate::exams::{Ack, ConnId, Exams, Submit, SubmitError, Subscribe};
use crate::faults::Faults;
use crate::feed::{Item, Outbox, Viewer};
use crate::ports::{Clock, Fence, IdSource, LocalOwner};
use crate::session::Sessions;
use crate::settings::Limits;
use crate::supervision::Places;
use crate::system::{Deps, System};
use engine::exam::view::Audience;
use engine::exam::{Command, Issuer};
use engine::{CommandId, Moment, PersonId, StreamId, WireId};
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::task::{JoinHandle, LocalSet};

/// Lets so many milliseconds of paused time go by, and everything happen that falls into them.
pub async fn pass(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// A station and what it stands on. Use it inside [`super::in_paused_system`].
pub struct Station {
    /// The ports, which outlive processes.
    pub ports: TestSystem,
    /// Planted faults.
    pub faults: Faults,
    catalog: Arc<MemoryCatalog>,
    boot: u64,
    alive_at: Option<Moment>,
    conns: Cell<u64>,
    process: Option<Process>,
    /// Processes that do not know yet that another one took over.
    fenced: Vec<Process>,
}

/// One life of the program: all its tasks, and the handle to them.
struct Process {
    system: System,
    tasks: Rc<RefCell<Option<LocalSet>>>,
    driver: JoinHandle<()>,
}

impl Process {
    async fn start(deps: Deps) -> Process {
        let set = LocalSet::new();
        #[allow(clippy::expect_used)]
        let system = set.run_until(System::start(deps)).await.expect("the station starts");
        let tasks = Rc::new(RefCell::new(Some(set)));
        let driven = tasks.clone();
        let driver = actix_rt::spawn(poll_fn(move |cx| match &mut *driven.borrow_mut() {
            Some(set) => {
                // Ready only says that nothing runs just now.
                let _ = Pin::new(set).poll(cx);
                Poll::Pending
            }
            None => Poll::Ready(()),
        }));
        Process { system, tasks, driver }
    }

    /// Everything vanishes where it stands.
    fn vanish(self) {
        let set = self.tasks.borrow_mut().take();
        drop(set);
        self.driver.abort();
    }
}

impl Station {
    /// A running station with empty storage. Its heart beats slowly: paused time is paid for by
    /// the beat.
    pub async fn new(seed: u64) -> Station {
        let limits = Limits { heartbeat_ms: 20_000, ..Limits::default() };
        Station::with_limits(seed, limits).await
    }

    /// A running station under given limits.
    pub async fn with_limits(seed: u64, limits: Limits) -> Station {
        let ports = TestSystem::with_limits(seed, limits);
        let catalog = MemoryCatalog::new(ports.log.clone(), small_tool(), small_practice());
        let mut station = Station {
            ports,
            faults: Faults::default(),
            catalog: Arc::new(catalog),
            boot: 0,
            alive_at: None,
            conns: Cell::new(0),
            process: None,
            fenced: Vec::new(),
        };
        station.start().await;
        station
    }

    /// Starts the next process on the same storage; it fences off the one before.
    pub async fn start(&mut self) {
        self.boot += 1;
        self.ports.log.set_fence(Fence(self.boot));
        let deps = Deps {
            log: self.ports.log.clone(),
            catalog: self.catalog.clone(),
            ownership: Arc::new(LocalOwner::new(self.boot)),
            clock: self.ports.clock(),
            ids: self.ports.ids(),
            limits: self.ports.limits.clone(),
            epoch: "e1".into(),
            alive_at: self.alive_at,
            places: Places::Here,
            faults: self.faults.clone(),
        };
        self.process = Some(Process::start(deps).await);
    }

    /// Starts the next process while the one before goes on, as after a wrong guess that it was
    /// dead; answers the exams of the one that was fenced off.
    pub async fn take_over(&mut self) -> Option<Exams> {
        self.alive_at = Some(self.ports.clock.now());
        let before = self.process.take();
        let exams = before.as_ref().map(|process| process.system.exams.clone());
        self.fenced.extend(before);
        self.start().await;
        exams
    }

    /// Kills the processes that were fenced off.
    pub fn kill_fenced(&mut self) {
        for process in self.fenced.drain(..) {
            process.vanish();
        }
    }

    /// Kills the process: nothing of it gets to finish anything.
    pub fn kill(&mut self) {
        self.alive_at = Some(self.ports.clock.now());
        if let Some(process) = self.process.take() {
            process.vanish();
        }
    }

    /// Stops the process in good order; answers whether everything ended in time.
    pub async fn stop(&mut self) -> bool {
        let Some(Process { system, tasks, driver }) = self.process.take() else { return true };
        let drained = system.drain().await;
        self.alive_at = Some(self.ports.clock.now());
        drop(tasks.borrow_mut().take());
        driver.abort();
        drained
    }

    /// The process is there.
    pub fn is_up(&self) -> bool {
        self.process.is_some()
    }

    /// The running tree.
    ///
    /// # Panics
    /// When the process was killed and not started again.
    pub fn system(&self) -> &System {
        #[allow(clippy::expect_used)]
        &self.process.as_ref().expect("the station was killed").system
    }

    /// All exams.
    pub fn exams(&self) -> &Exams {
        &self.system().exams
    }

    /// The board.
    pub fn board(&self) -> &Board {
        &self.system().board
    }

    /// Sittings.
    pub fn sessions(&self) -> &Sessions {
        &self.system().sessions
    }

    /// A fresh command id.
    pub fn cmd(&self) -> CommandId {
        self.ports.ids.command_id()
    }

    /// Schedules an exam.
    ///
    /// # Errors
    /// As [`Exams::plan`].
    pub async fn plan(&self, exam: &AnExam) -> Result<Ack, SubmitError> {
        self.exams().plan(self.cmd(), super::plans::operator(), exam.plan()).await
    }

    /// Gives a command with a fresh id.
    ///
    /// # Errors
    /// As [`Exams::submit`].
    pub async fn give(
        &self,
        exam: WireId,
        (issuer, command): (Issuer, Command),
    ) -> Result<Ack, SubmitError> {
        self.give_as(exam, self.cmd(), (issuer, command)).await
    }

    /// Gives a command with this id.
    ///
    /// # Errors
    /// As [`Exams::submit`].
    pub async fn give_as(
        &self,
        exam: WireId,
        cmd: CommandId,
        (issuer, command): (Issuer, Command),
    ) -> Result<Ack, SubmitError> {
        self.exams().submit(Submit { exam, cmd, if_seq: None, issuer, command }).await
    }

    /// Plans an exam and leads it to where its first part can be started.
    ///
    /// # Panics
    /// When anything of that is refused.
    pub async fn ready(&self, exam: &AnExam) {
        let script = exam.cast().until_ready();
        #[allow(clippy::expect_used)]
        self.plan(exam).await.expect("a sound plan");
        for step in script {
            let named = format!("{step:?}");
            let answer = self.give(exam.cast().exam, step).await;
            assert!(answer.is_ok(), "{named}: {answer:?}");
        }
    }

    /// The stream of an exam.
    pub fn stream(&self, exam: WireId) -> StreamId {
        let found = self.ports.log.summaries().into_iter().find(|s| s.wire_id == Some(exam));
        #[allow(clippy::expect_used)]
        found.expect("the exam was planned").stream
    }

    /// A new connection with an outbox of the station's limits.
    pub fn connect(&self) -> (ConnId, Arc<Outbox>) {
        self.conns.set(self.conns.get() + 1);
        let l = &self.ports.limits;
        let outbox = Outbox::new(l.outbox_frames_max, l.outbox_bytes_max, l.inflight_hard_max);
        (ConnId(self.conns.get()), Arc::new(outbox))
    }

    /// What a connection says to follow a stream.
    pub fn subscribe(
        &self,
        (conn, outbox): (ConnId, Arc<Outbox>),
        audience: Audience,
        replica: &Replica,
    ) -> Subscribe {
        let (person, role) = match audience {
            Audience::Staff => (PersonId(2), "observer"),
            Audience::Expert(person) => (person, "expert"),
            Audience::Candidate => (PersonId(3), "candidate"),
        };
        let since = self.ports.clock.now();
        let viewer = Viewer { person, name: role.to_owned(), role, since };
        Subscribe { conn, outbox, audience, viewer, resume: replica.resume(), id: None }
    }

    /// Somebody who follows an exam from now on.
    ///
    /// # Panics
    /// When the exam does not let them.
    pub async fn follow(&self, exam: WireId, audience: Audience) -> Follower {
        let (conn, outbox) = self.connect();
        let replica = Replica::default();
        let mut follower = Follower { exam, audience, conn, outbox, replica };
        follower.subscribe(self).await;
        follower
    }
}

/// A client that follows one exam and loses nothing on its way.
pub struct Follower {
    /// Which exam.
    pub exam: WireId,
    /// Whose view.
    pub audience: Audience,
    /// Its connection.
    pub conn: ConnId,
    /// Its queue.
    pub outbox: Arc<Outbox>,
    /// Its copy.
    pub replica: Replica,
}

impl Follower {
    /// Asks to follow, from where the copy stands.
    ///
    /// # Panics
    /// When the exam does not let it.
    pub async fn subscribe(&mut self, station: &Station) {
        self.replica.subscribing();
        let link = (self.conn, self.outbox.clone());
        let subscribe = station.subscribe(link, self.audience, &self.replica);
        let answer = station.exams().subscribe(self.exam, subscribe).await;
        assert!(answer.is_ok(), "{answer:?}");
    }

    /// Drops the connection and follows over a new one, from where the copy stands.
    pub async fn reconnect(&mut self, station: &Station) {
        self.outbox.close();
        (self.conn, self.outbox) = station.connect();
        self.subscribe(station).await;
    }

    /// Takes in what waits; answers the items.
    pub fn read(&mut self) -> Vec<Item> {
        let items: Vec<Item> = std::iter::from_fn(|| self.outbox.try_next()).collect();
        for item in &items {
            self.replica.take(item);
        }
        items
    }

    /// Takes in what waits; answers what it meant.
    pub fn seen(&mut self) -> Vec<Seen> {
        std::iter::from_fn(|| self.outbox.try_next()).map(|i| self.replica.take(&i)).collect()
    }
}
