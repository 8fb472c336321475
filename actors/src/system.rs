//! The whole tree: started in order, stopped in reverse, drained with a deadline.

use crate::board::{Alert, Board, BoardActor, PAST_SHOWN};
use crate::catalog::{Catalog, ListFilter};
use crate::error::LogError;
use crate::exam::{Boot, ExamDeps, Quarantine, Suspects, recovery};
use crate::exams::{Exams, Families};
use crate::faults::Faults;
use crate::journal::{Ground, Journal, JournalHandle, JournalHealth, journal};
use crate::ports::{Clock, EventLog, IdSource, Ownership};
use crate::session::{ExpertSessionActor, SessionDeps, Sessions};
use crate::settings::{Limits, RestartPolicy, SystemicPolicy};
use crate::supervision::{self, Counters, OnAlert, Places, Supervised, Supervision};
use actix::prelude::*;
use engine::{Moment, StreamId};
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;

/// Exams woken at once while starting: enough to keep the readers and both actor threads busy, few
/// enough that their histories do not all stand in memory together.
const WAKE_BATCH: usize = 16;
/// Live exams listed at once while starting.
const WAKE_PAGE: u32 = 500;

/// What the tree stands on.
pub struct Deps {
    /// The durable log.
    pub log: Arc<dyn EventLog>,
    /// Exams and tools.
    pub catalog: Arc<dyn Catalog>,
    /// Whether this process may write.
    pub ownership: Arc<dyn Ownership>,
    /// The station's clock.
    pub clock: Arc<dyn Clock>,
    /// Salt, seeds, ids.
    pub ids: Arc<dyn IdSource>,
    /// Named limits.
    pub limits: Limits,
    /// The log's epoch.
    pub epoch: Arc<str>,
    /// When the process before this one was last known to be alive.
    pub alive_at: Option<Moment>,
    /// Where exams and sittings run.
    pub places: Places,
    /// Planted faults; none outside tests.
    pub faults: Faults,
}

/// The tree could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No thread or runtime for the journal.
    #[error("the journal's thread could not be started: {0}")]
    Journal(#[from] std::io::Error),
    /// The store does not answer.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// The running tree.
pub struct System {
    /// All exams.
    pub exams: Exams,
    /// The board.
    pub board: Board,
    /// Sittings.
    pub sessions: Sessions,
    journal: Writing,
    families: Families,
    sittings: Supervised<StreamId, ExpertSessionActor>,
    ticker: Addr<BoardActor>,
}

/// What the tree does, for `/readyz` and metrics.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The journal's health.
    pub journal: JournalHealth,
    /// Exams.
    pub exams: Counters,
    /// Sittings.
    pub sessions: Counters,
    /// Appends that wait.
    pub queued: usize,
}

impl System {
    /// Starts everything in order: journal, board, exams, sittings; then wakes every live exam.
    /// Must be called inside an actix system.
    ///
    /// # Errors
    /// When the journal cannot be started or the store does not answer.
    pub async fn start(deps: Deps) -> Result<System, StartError> {
        let ground = Ground {
            log: deps.log.clone(),
            owner: deps.ownership.clone(),
            clock: deps.clock.clone(),
        };
        let journal = Writing::start(ground, &deps)?;
        let boot = Boot { at: deps.clock.now(), alive_at: deps.alive_at };
        let board = Board::new(deps.clock.clone(), board_epoch(&deps), &deps.limits);
        let ticker = BoardActor::new(board.clone(), &deps.limits).start();
        let session_deps = Arc::new(SessionDeps {
            log: deps.log.clone(),
            journal: journal.handle(),
            clock: deps.clock.clone(),
            ids: deps.ids.clone(),
            limits: deps.limits.clone(),
        });
        let sittings = Supervised::new(rules(&deps, Arc::new(|_| {})));
        let sessions = Sessions::new(session_deps, sittings.clone());
        let exam_deps = Arc::new(ExamDeps {
            log: deps.log.clone(),
            journal: journal.handle(),
            catalog: deps.catalog.clone(),
            clock: deps.clock.clone(),
            ids: deps.ids.clone(),
            board: board.clone(),
            limits: deps.limits.clone(),
            epoch: deps.epoch.clone(),
            boot,
            suspects: Suspects::default(),
            quarantine: Quarantine::new(deps.log.quarantined().await?),
            faults: deps.faults.clone(),
        });
        let on_alert = alerts(exam_deps.clone());
        let families = Families {
            live: Supervised::new(rules(&deps, on_alert)),
            frozen: Supervised::new(rules(&deps, Arc::new(|_| {}))),
        };
        let exams = Exams::new(exam_deps, families.clone());
        for family in [families.live.clone(), families.frozen.clone()] {
            actix::spawn(async move { family.run().await });
        }
        let tended = sittings.clone();
        actix::spawn(async move { tended.run().await });
        let system = System { exams, board, sessions, journal, families, sittings, ticker };
        let catalog = &*deps.catalog;
        system.wake(catalog, ListFilter { live_only: true, ..Default::default() }).await?;
        let from = Some(Moment(boot.at.0.saturating_sub(PAST_SHOWN.0)));
        system.wake(catalog, ListFilter { from, ..Default::default() }).await?;
        system.watch_journal(&deps);
        Ok(system)
    }

    /// Exams that have not ended get their actors, so that deadlines are kept; those of the day
    /// that have ended come back onto the board.
    async fn wake(&self, catalog: &dyn Catalog, filter: ListFilter) -> Result<(), LogError> {
        let mut filter = ListFilter { limit: WAKE_PAGE, ..filter };
        loop {
            let page = catalog.list(&filter).await?;
            let waking = page.iter().map(|exam| self.exams.wake(exam.wire_id, exam.stream));
            let mut waking = futures_util::stream::iter(waking).buffer_unordered(WAKE_BATCH);
            while let Some(woken) = waking.next().await {
                if let Err(error) = woken {
                    tracing::warn!(%error, "exam not woken at start");
                }
            }
            drop(waking);
            match page.last() {
                Some(last) if page.len() == WAKE_PAGE as usize => {
                    filter.after = Some(last.wire_id);
                }
                _ => return Ok(()),
            }
        }
    }

    /// A store in trouble is an alert until it works again.
    fn watch_journal(&self, deps: &Deps) {
        let (board, clock) = (self.board.clone(), deps.clock.clone());
        let mut health = self.journal.handle().health_changes();
        actix::spawn(async move {
            while health.changed().await.is_ok() {
                let now = health.borrow_and_update().clone();
                if now.is_working() {
                    board.clear_alert("journal");
                } else {
                    board.alert(Alert {
                        key: "journal".to_owned(),
                        kind: "journal",
                        text: now.to_string(),
                        exam: None,
                        at: clock.now(),
                    });
                }
            }
        });
    }

    /// What the tree does now.
    pub fn picture(&self) -> Picture {
        let journal = self.journal.handle();
        Picture {
            journal: journal.health(),
            exams: self.families.live.counters(),
            sessions: self.sittings.counters(),
            queued: journal.queued(),
        }
    }

    /// A handle to the journal, for its counters.
    pub fn journal(&self) -> JournalHandle {
        self.journal.handle()
    }

    /// Stops everything in reverse: sittings, exams, board, journal. Answers whether all ended in
    /// time and what waited was written.
    pub async fn drain(self) -> bool {
        let mut left = self.sittings.stop_all().await;
        left += self.families.live.stop_all().await;
        left += self.families.frozen.stop_all().await;
        drop(self.ticker);
        let written = self.journal.stop().await;
        if left > 0 || !written {
            tracing::error!(left, written, "drain incomplete");
        }
        left == 0 && written
    }
}

/// The journal's writer.
enum Writing {
    /// On a thread of its own.
    Thread(Journal),
    /// Beside the actors of a test, so that it sees the same paused time.
    Here { handle: JournalHandle, ended: actix_rt::task::JoinHandle<()>, drain: Duration },
}

impl Writing {
    fn start(ground: Ground, deps: &Deps) -> std::io::Result<Writing> {
        if deps.places != Places::Here {
            return Journal::start(ground, &deps.limits).map(Writing::Thread);
        }
        let (handle, writer) = journal(ground, &deps.limits);
        let drain = Duration::from_millis(deps.limits.drain_ms_max);
        Ok(Writing::Here { handle, ended: actix::spawn(writer.run()), drain })
    }

    fn handle(&self) -> JournalHandle {
        match self {
            Writing::Thread(journal) => journal.handle(),
            Writing::Here { handle, .. } => handle.clone(),
        }
    }

    async fn stop(self) -> bool {
        match self {
            Writing::Thread(journal) => journal.stop().await,
            Writing::Here { handle, ended, drain } => {
                handle.stop();
                tokio::time::timeout(drain, ended).await.is_ok()
            }
        }
    }
}

/// The board is not journalled: its numbers start anew with every process.
fn board_epoch(deps: &Deps) -> Arc<str> {
    format!("{}-{}", deps.epoch, deps.clock.now().0).into()
}

fn rules<K>(deps: &Deps, on_alert: OnAlert<K>) -> Supervision<K> {
    Supervision {
        clock: deps.clock.clone(),
        limits: deps.limits.clone(),
        policy: RestartPolicy::default(),
        systemic: SystemicPolicy::default(),
        places: deps.places,
        on_alert,
    }
}

/// What the supervisor of exams reports reaches the log, the store and the operator's board.
fn alerts(deps: Arc<ExamDeps>) -> OnAlert<StreamId> {
    let runtime = tokio::runtime::Handle::current();
    Arc::new(move |alert| {
        let deps = deps.clone();
        match alert {
            supervision::Alert::Failed { key, end, at, .. } => {
                runtime.spawn(async move {
                    if let Err(error) = deps.log.note_crash(key, at, &end.to_string()).await {
                        tracing::warn!(stream = %key, %error, "crash not counted");
                    }
                });
            }
            supervision::Alert::Quarantined { key, reason } => {
                runtime.spawn(async move { recovery::freeze_stream(&deps, key, &reason).await });
            }
            supervision::Alert::Systemic { reason } => deps.board.alert(Alert {
                key: "systemic".to_owned(),
                kind: "systemic",
                text: reason,
                exam: None,
                at: deps.clock.now(),
            }),
        }
    })
}
