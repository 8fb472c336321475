//! What goes wrong in a run, and the operator who puts it right.

use crate::world::World;
use actors::error::{AppendError, LogError};
use actors::testing::{Fault, pass};
use engine::WireId;
use std::rc::Rc;
use tests::Draws;

/// Until the participants have finished, something goes wrong every second or so.
pub async fn torment(world: Rc<World>, mut draws: Draws) {
    while !world.closing.get() {
        pass(draws.between(100, 2_500)).await;
        let exam = draws.pick(&world.casts).exam;
        if world.sabotage.no_fence && draws.chance(60) {
            take_over(&world, &mut draws).await;
            continue;
        }
        match draws.below(13) {
            0..4 => append_fails(&world, &mut draws),
            4..6 => with(&world, |station| station.faults.panic_in_decide(exam, 1)),
            6..8 => crash(&world, &mut draws).await,
            8..10 => take_over(&world, &mut draws).await,
            10 => disk_full(&world, &mut draws).await,
            11 => unreadable(&world, &mut draws).await,
            _ => bad_build(&world, exam, &mut draws).await,
        }
    }
    with(&world, |station| station.faults.panic_in_decide(WireId(0), 0));
}

fn with(world: &World, f: impl FnOnce(&actors::testing::Station)) {
    if let Some(station) = world.station() {
        f(&station);
    }
}

fn append_fails(world: &World, draws: &mut Draws) {
    let fault = draws.pick(&[
        Fault::LoseReply,
        Fault::LoseReply,
        Fault::Refuse(AppendError::Unknown),
        Fault::Refuse(AppendError::Fenced),
        Fault::Refuse(AppendError::Unavailable("busy elsewhere".into())),
        Fault::Panic,
        Fault::Hang,
    ]);
    with(world, |station| station.ports.log.fail_next(fault));
}

/// The process dies at any moment, or is stopped in good order, and another one starts.
async fn crash(world: &World, draws: &mut Draws) {
    let mut station = world.seize();
    if draws.chance(20) {
        station.stop().await;
    } else {
        station.kill();
    }
    pass(draws.below(5_000)).await;
    station.start().await;
    world.restore(station);
}

/// Another process takes over while the old one goes on for a while.
async fn take_over(world: &World, draws: &mut Draws) {
    let mut station = world.seize();
    let fenced = station.take_over().await;
    *world.fenced.borrow_mut() = fenced;
    world.restore(station);
    pass(draws.between(200, 3_000)).await;
    *world.fenced.borrow_mut() = None;
    let mut station = world.seize();
    station.kill_fenced();
    world.restore(station);
}

async fn disk_full(world: &World, draws: &mut Draws) {
    let outage = draws.pick(&[AppendError::Full, AppendError::ReadOnly]);
    with(world, |station| station.ports.log.set_outage(Some(outage)));
    pass(draws.between(100, 2_500)).await;
    with(world, |station| station.ports.log.set_outage(None));
}

async fn unreadable(world: &World, draws: &mut Draws) {
    let outage = LogError::Unavailable("locked".into());
    with(world, |station| station.ports.log.set_read_outage(Some(outage)));
    pass(draws.between(100, 2_000)).await;
    with(world, |station| station.ports.log.set_read_outage(None));
}

/// A build starts that cannot replay some event, and is replaced by one that can.
async fn bad_build(world: &World, exam: WireId, draws: &mut Draws) {
    let seq = draws.between(2, 20);
    with(world, |station| station.faults.panic_in_replay(exam, seq));
    crash(world, draws).await;
    pass(draws.between(100, 1_500)).await;
    with(world, |station| station.faults.forgive_replays());
    world.quarantined.borrow_mut().insert(exam);
}

/// The operator of the station looks after quarantined exams.
pub async fn look_after(world: Rc<World>, mut draws: Draws) {
    loop {
        pass(draws.between(300, 1_000)).await;
        let found = world.quarantined.borrow_mut().pop_first();
        let Some(exam) = found else { continue };
        let Some(exams) = world.exams() else { continue };
        let released = world.cut_off(exams.release(exam)).await;
        if !matches!(released, Some(Ok(_))) {
            world.quarantined.borrow_mut().insert(exam);
        }
    }
}
