//! Two writers on one journal, as when a process that was believed dead goes on. What keeps them
//! apart can be switched off, to show that the checker of logs notices.

use crate::checker::Acked;
use crate::stack::Place;
use crate::{AnExam, Cast, Draws};
use actors::clock::{SystemClock, SystemIds};
use actors::exams::{Exams, Submit, SubmitError};
use actors::ports::{Clock, IdSource, LocalOwner};
use actors::settings::Limits;
use actors::supervision::Places;
use actors::system::{Deps, System};
use actors::testing::plans::{comment, operator, small_practice, small_tool};
use engine::exam::Plan;
use engine::{Span, WireId};
use entities::Store;
use gateway::adapters::{JournalLog, StoreCatalog, keep_practice, keep_theory};
use gateway::serve::directory;
use std::sync::Arc;
use std::thread;
use tokio::sync::oneshot;

/// What keeps two writers apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Guards {
    /// The second start makes the first writer's fence stale.
    pub second_start: bool,
    /// The journal looks at the fence.
    pub fence: bool,
}

/// Two running writers.
pub struct Owners {
    /// Their exams.
    pub exams: [Exams; 2],
    /// Their directory.
    pub place: Place,
    /// Their store.
    pub store: Store,
    stop: Option<oneshot::Sender<()>>,
    ended: oneshot::Receiver<()>,
}

impl Owners {
    /// Two writers on a fresh directory with these exams, each led to where its parts can start.
    ///
    /// # Panics
    /// When they cannot be started.
    pub async fn start(guards: Guards, exams: Vec<AnExam>) -> Owners {
        let place = Place::new();
        let data = place.clone();
        let (tell, told) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel();
        thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let (systems, store) = begin(guards, &data, &exams).await;
                let both = [systems[0].exams.clone(), systems[1].exams.clone()];
                let _ = tell.send((both, store.clone()));
                let _ = stopped.await;
                for system in systems {
                    system.drain().await;
                }
                let _ = store.close().await;
                let _ = end.send(());
            });
        });
        match told.await {
            Ok((exams, store)) => Owners { exams, place, store, stop: Some(stop), ended },
            Err(_) => panic!("the writers were not started"),
        }
    }

    /// Stops both.
    pub async fn stop(mut self) -> Place {
        drop(self.stop.take());
        let _ = self.ended.await;
        self.place
    }

    /// Each of several clients gives commands to an exam, one after another, to either writer; one
    /// that is not answered is sent again, to either. Answers what was acknowledged.
    pub async fn load(&self, exams: &[WireId], clients: u64, each: u64, seed: u64) -> Vec<Acked> {
        let mut tasks = Vec::new();
        for n in 0..clients {
            let at = usize::try_from(n).unwrap_or_default() % exams.len();
            let (exam, writers) = (exams[at], self.exams.clone());
            let draws = Draws::new(seed).part(n);
            tasks.push(tokio::spawn(async move { client(writers, exam, draws, each).await }));
        }
        let mut acked = Vec::new();
        for task in tasks {
            match task.await {
                Ok(some) => acked.extend(some),
                Err(e) => panic!("a client failed: {e}"),
            }
        }
        acked
    }
}

async fn begin(guards: Guards, place: &Place, exams: &[AnExam]) -> ([System; 2], Store) {
    let started = async {
        let store = directory::open(&place.store()).await.map_err(|e| e.to_string())?;
        let now = SystemClock.now();
        keep_theory(&store, &small_tool(), now).await.map_err(|e| e.to_string())?;
        keep_practice(&store, &small_practice(), now).await.map_err(|e| e.to_string())?;
        let first = store.boot("00112233aabbccdd").await.map_err(|e| e.to_string())?;
        let second = store.boot("00112233aabbccdd").await.map_err(|e| e.to_string())?;
        // Without a second start both carry the newest fence, and so both may write.
        let fences = [if guards.second_start { first.fence } else { second.fence }, second.fence];
        let mut deps = Vec::new();
        for (boot, fence) in [first, second].into_iter().zip(fences) {
            let journal = if guards.fence { boot.journal } else { boot.journal.without_fence() };
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            deps.push(Deps {
                log: Arc::new(JournalLog::new(store.clone(), journal, clock.clone())),
                catalog: Arc::new(StoreCatalog::new(store.clone())),
                ownership: Arc::new(LocalOwner::new(u64::try_from(fence).unwrap_or_default())),
                clock,
                ids: Arc::new(SystemIds),
                limits: Limits::default(),
                epoch: boot.log_epoch.into(),
                alive_at: None,
                places: Places::Threads(1),
                faults: Default::default(),
            });
        }
        let mut running = Vec::new();
        for deps in deps {
            running.push(System::start(deps).await.map_err(|e| e.to_string())?);
        }
        Ok::<_, String>((running, store))
    };
    let (running, store) = match started.await {
        Ok(started) => started,
        Err(e) => panic!("the writers were not started: {e}"),
    };
    // The newest writer plans; the other one learns of the exams from the store.
    for exam in exams {
        plan(&running[1].exams, exam).await;
    }
    match running.try_into() {
        Ok(both) => (both, store),
        Err(_) => panic!("there are two writers"),
    }
}

async fn plan(exams: &Exams, exam: &AnExam) {
    let now = SystemClock.now();
    let plan = Plan { begins_at: now, ends_at: now + Span::minutes(240), ..exam.plan() };
    let Cast { exam: wire, .. } = exam.cast();
    let planned = exams.plan(SystemIds.command_id(), operator(), plan).await;
    assert!(planned.is_ok(), "{planned:?}");
    for (issuer, command) in exam.cast().until_ready() {
        let cmd = SystemIds.command_id();
        let submit = Submit { exam: wire, cmd, if_seq: None, issuer, command };
        let answer = exams.submit(submit).await;
        assert!(answer.is_ok(), "{answer:?}");
    }
}

async fn client(writers: [Exams; 2], exam: WireId, mut draws: Draws, each: u64) -> Vec<Acked> {
    let mut acked = Vec::new();
    for n in 0..each {
        let cmd = SystemIds.command_id();
        let asked_us = SystemClock.monotonic_us();
        loop {
            let writer = &writers[usize::from(draws.chance(50))];
            let command = comment(&format!("comment {n}"));
            let submit = Submit { exam, cmd, if_seq: None, issuer: operator(), command };
            match writer.submit(submit).await {
                Ok(ack) => {
                    let acked_us = SystemClock.monotonic_us();
                    acked.push(Acked { exam, cmd, seq: ack.seq, asked_us, acked_us });
                    break;
                }
                Err(SubmitError::Rejected(reason)) => panic!("refused: {reason}"),
                // A log that broke its promises may keep an exam from being read at all.
                Err(error) if !error.temporary() => return acked,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }
    acked
}
