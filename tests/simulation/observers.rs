//! Observers over bad lines: they follow the rules of the live protocol and are cut off by force.

use crate::line::{Line, Odds};
use crate::world::World;
use actors::exams::{ConnId, SubmitError, Subscribe};
use actors::feed::Outbox;
use actors::testing::{Replica, Seen, pass};
use engine::exam::view::Audience;
use engine::{Hash, WireId};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tests::Draws;
use tokio::time::timeout;

/// What somebody looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// All exams.
    Board,
    /// One exam, as somebody may see it.
    Exam(WireId, Audience),
}

/// A client asks again when its request to follow was not answered for so long.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// Tries until a client at rest must have the newest state.
const TRIES_MAX: usize = 50;

/// A state that a client took for the truth.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its number.
    pub seq: u64,
    /// The chain hash that came with it.
    pub hash: Hash,
    /// Its digest, of every tenth: digests are dear.
    pub digest: Option<String>,
}

/// Somebody who looks, and what they saw.
pub struct Observer {
    /// At what.
    pub what: What,
    /// Their copy.
    pub replica: Replica,
    /// Every state that they took for the truth.
    pub trail: Vec<Held>,
    /// Digests that contradicted a copy whose numbers were right.
    pub mismatches: u64,
    /// Gaps that they noticed.
    pub gaps: u64,
    /// Times that they were told of updates dropped, or of an actor that was replaced.
    pub lagged: u64,
    /// Frames that the line lost.
    pub lost: u64,
}

struct Link {
    conn: ConnId,
    outbox: Arc<Outbox>,
}

impl Observer {
    fn new(world: &World, what: What) -> Observer {
        let replica =
            Replica { ignores_gaps: world.sabotage.blind_observers, ..Replica::default() };
        Observer { what, replica, trail: Vec::new(), mismatches: 0, gaps: 0, lagged: 0, lost: 0 }
    }

    /// Takes an item in; answers whether the client must ask anew.
    fn take(&mut self, item: &actors::feed::Item) -> bool {
        let seen = self.replica.take(item);
        match seen {
            Seen::Applied | Seen::Fresh => {
                let (seq, hash) = (self.replica.seq, self.replica.hash);
                let sample = self.trail.len().is_multiple_of(10) || self.replica.ignores_gaps;
                let digest = sample.then(|| self.replica.digest());
                self.trail.push(Held { seq, hash, digest });
            }
            Seen::Mismatch => self.mismatches += 1,
            Seen::Gap => self.gaps += 1,
            Seen::Lagged => self.lagged += 1,
            Seen::Stale | Seen::Agreed | Seen::Aside => {}
        }
        seen.asks_anew()
    }

    /// Asks to follow: from where the copy stands, or from nothing.
    async fn subscribe(&mut self, world: &World, link: &Link, resume: bool) -> bool {
        let Some(subscribe) = self.request(world, link, resume) else { return false };
        self.replica.subscribing();
        match self.what {
            What::Board => {
                let Some(board) = world.station().map(|s| s.board().clone()) else { return false };
                board.subscribe(subscribe);
                true
            }
            What::Exam(exam, _) => {
                let Some(exams) = world.exams() else { return false };
                let answer = world.cut_off(exams.subscribe(exam, subscribe)).await;
                if let Some(Err(SubmitError::Quarantined(_))) = answer {
                    world.quarantined.borrow_mut().insert(exam);
                }
                matches!(answer, Some(Ok(())))
            }
        }
    }

    fn request(&self, world: &World, link: &Link, resume: bool) -> Option<Subscribe> {
        let audience = match self.what {
            What::Board => Audience::Staff,
            What::Exam(_, audience) => audience,
        };
        let nothing = Replica::default();
        let from = if resume { &self.replica } else { &nothing };
        let station = world.station()?;
        Some(station.subscribe((link.conn, link.outbox.clone()), audience, from))
    }
}

/// Looks until the participants have finished, then makes sure of the newest state.
pub async fn observe(world: Rc<World>, what: What, mut draws: Draws) -> Observer {
    let mut observer = Observer::new(&world, what);
    while !world.closing.get() {
        let Some((conn, outbox)) = world.station().map(|s| s.connect()) else {
            pass(draws.between(20, 200)).await;
            continue;
        };
        let link = Link { conn, outbox };
        let resume = draws.chance(85);
        if observer.subscribe(&world, &link, resume).await {
            let looking = look(&world, &mut observer, &link, &mut draws);
            let _ = world.cut_off(looking).await;
        }
        link.outbox.close();
        world.reconnects.set(world.reconnects.get() + 1);
        pass(draws.between(10, 500)).await;
    }
    observer
}

/// One connection, until it is dropped by force.
async fn look(world: &World, observer: &mut Observer, link: &Link, draws: &mut Draws) {
    let mut line = Line::new(Odds::BAD);
    for _ in 0..draws.between(5, 60) {
        if world.closing.get() {
            break;
        }
        if draws.chance(3) {
            // It does not read for a while: its queue may overflow.
            pass(draws.between(500, 8_000)).await;
        }
        let mut anew = match timeout(ANSWER_MAX, link.outbox.next()).await {
            Ok(Some(item)) => {
                let out = line.carry(item, draws);
                observer.lost += u64::from(line.lost_last);
                let asks: Vec<bool> = out.iter().map(|item| observer.take(item)).collect();
                asks.contains(&true)
            }
            Ok(None) => break,
            Err(_) => observer.replica.awaiting || observer.replica.state.is_none(),
        };
        while anew {
            let resume = draws.chance(50);
            anew = !observer.subscribe(world, link, resume).await;
            if anew {
                pass(draws.between(50, 400)).await;
            }
        }
    }
}

/// Nothing is lost any more: the client follows once more and must come to rest at the truth.
pub async fn come_to_rest(world: &World, observer: &mut Observer) -> Result<(), String> {
    let Some((conn, outbox)) = world.station().map(|s| s.connect()) else {
        return Err("the station is down at the end".to_owned());
    };
    let link = Link { conn, outbox };
    let mut resume = true;
    for _ in 0..TRIES_MAX {
        if !observer.subscribe(world, &link, resume).await {
            pass(500).await;
            continue;
        }
        let mut line = Line::new(Odds::GOOD);
        let mut anew = false;
        pass(600).await;
        while let Some(item) = link.outbox.try_next() {
            for item in line.carry(item, &mut world.draws.part(0)) {
                anew |= observer.take(&item);
            }
        }
        if !anew {
            return Ok(());
        }
        resume = false;
    }
    Err(format!("{:?} never came to rest", observer.what))
}
