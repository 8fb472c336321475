//! What everybody in a run shares: the station, which may be down just now, and the history.

use crate::history::History;
use actors::exams::{Ack, Exams, Submit, SubmitError};
use actors::ports::IdSource;
use actors::settings::Limits;
use actors::testing::{Station, pass};
use engine::exam::{Command, Issuer};
use engine::{Record, WireId};
use futures_util::future::{Either, join, select};
use std::cell::{Cell, Ref, RefCell};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use tests::{AnExam, Cast, Draws, an_exam};
use tokio::sync::watch;

/// What a run leaves out, to show that the audit notices.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sabotage {
    /// The log enforces neither its unique keys nor the fence.
    pub no_fence: bool,
    /// Observers fold whatever comes.
    pub blind_observers: bool,
}

/// The shared part of a run.
pub struct World {
    /// The run's own draws; every part takes its own.
    pub draws: Draws,
    /// The people of each exam.
    pub casts: Vec<Cast>,
    /// Commands and answers.
    pub history: History,
    /// Connections that were dropped by force.
    pub reconnects: Cell<u64>,
    /// Exams that somebody found quarantined.
    pub quarantined: RefCell<BTreeSet<WireId>>,
    /// How often somebody found an exam quarantined.
    pub quarantines: Cell<u64>,
    /// Participants have finished: nothing goes wrong any more.
    pub closing: Cell<bool>,
    /// Exams of a process that was fenced off and does not know it.
    pub fenced: RefCell<Option<Exams>>,
    /// What is left out.
    pub sabotage: Sabotage,
    station: RefCell<Option<Station>>,
    lives: watch::Sender<u64>,
}

impl World {
    /// A station with some planned exams.
    pub async fn new(seed: u64, exams: u64, sabotage: Sabotage) -> World {
        let limits = Limits {
            // Small queues, so that they fill up; a slow heart, so that time is cheap.
            outbox_frames_max: 24,
            ring_events_max: 12,
            heartbeat_ms: 60_000,
            ..Limits::default()
        };
        let station = Station::with_limits(seed, limits).await;
        let plans: Vec<AnExam> = (1..=exams).map(|n| an_exam(n).with_panel(3)).collect();
        for plan in &plans {
            station.plan(plan).await.expect("a sound plan");
        }
        if sabotage.no_fence {
            station.ports.log.enforce_nothing();
        }
        World {
            draws: Draws::new(seed),
            casts: plans.iter().map(AnExam::cast).collect(),
            history: History::default(),
            reconnects: Cell::new(0),
            quarantined: RefCell::default(),
            quarantines: Cell::new(0),
            closing: Cell::new(false),
            fenced: RefCell::default(),
            sabotage,
            station: RefCell::new(Some(station)),
            lives: watch::Sender::new(0),
        }
    }

    /// The station, unless it is down.
    pub fn station(&self) -> Option<Ref<'_, Station>> {
        let station = Ref::filter_map(self.station.borrow(), Option::as_ref).ok()?;
        station.is_up().then_some(station)
    }

    /// The exams of the running process.
    pub fn exams(&self) -> Option<Exams> {
        self.station().map(|station| station.exams().clone())
    }

    /// What the log holds of an exam; nothing while the station is seized.
    pub fn records(&self, exam: WireId) -> Vec<Record> {
        let station = self.station.borrow();
        station.as_ref().map(|s| s.ports.log.records(s.stream(exam))).unwrap_or_default()
    }

    /// Takes the station away to do something to its process. Whoever talks to it is cut off.
    pub fn seize(&self) -> Station {
        let station = self.station.borrow_mut().take().expect("only one takes it");
        self.lives.send_modify(|n| *n += 1);
        station
    }

    /// Gives the station back.
    pub fn restore(&self, station: Station) {
        *self.station.borrow_mut() = Some(station);
    }

    /// Talks to the process as it is now; `None` when it went away meanwhile.
    pub async fn cut_off<T>(&self, talk: impl Future<Output = T>) -> Option<T> {
        let mut lives = self.lives.subscribe();
        let gone = pin!(lives.changed());
        match select(gone, pin!(talk)).await {
            Either::Left(_) => None,
            Either::Right((answer, _)) => Some(answer),
        }
    }

    /// Gives a command as a client does: the same id again until the answer is final.
    pub async fn give(
        &self,
        draws: &mut Draws,
        exam: WireId,
        (issuer, command, may_be_quiet): (Issuer, Command, bool),
    ) {
        let cmd = loop {
            match self.station().map(|s| s.ports.ids.command_id()) {
                Some(cmd) => break cmd,
                None => pass(draws.between(50, 300)).await,
            }
        };
        let at = self.history.invoke(exam, cmd, may_be_quiet);
        let submit = Submit { exam, cmd, if_seq: None, issuer, command };
        let mut tried = false;
        loop {
            // A stale owner may refuse what the new one has journalled: it is asked only first.
            let fenced = self.fenced.borrow().clone().filter(|_| !tried && draws.chance(50));
            let stale = fenced.is_some();
            let Some(exams) = fenced.or_else(|| self.exams()) else {
                pass(draws.between(50, 300)).await;
                continue;
            };
            tried |= !stale;
            let answer = self.cut_off(self.attempt(&exams, draws.chance(8), &submit)).await;
            let lost = draws.chance(8);
            match answer.filter(|_| !lost) {
                None => pass(draws.between(10, 400)).await,
                Some(Ok(ack)) => return self.history.ack(at, ack.seq),
                Some(Err(SubmitError::Quarantined(_))) => {
                    self.quarantined.borrow_mut().insert(exam);
                    self.quarantines.set(self.quarantines.get() + 1);
                    pass(draws.between(500, 1_500)).await;
                }
                Some(Err(error)) if error.temporary() || stale => {
                    pass(error.after_ms() + draws.below(200)).await;
                }
                Some(Err(error)) => return self.history.refuse(at, error.code()),
            }
        }
    }

    /// Sends a command, perhaps twice at the same time.
    async fn attempt(
        &self,
        exams: &Exams,
        twice: bool,
        submit: &Submit,
    ) -> Result<Ack, SubmitError> {
        if !twice {
            return exams.submit(submit.clone()).await;
        }
        match join(exams.submit(submit.clone()), exams.submit(submit.clone())).await {
            (Ok(one), Ok(two)) => {
                assert_eq!(one.seq, two.seq, "one command, two numbers: {submit:?}");
                Ok(one)
            }
            (Ok(one), Err(_)) => Ok(one),
            (Err(_), two) => two,
        }
    }
}
