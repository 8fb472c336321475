//! Participants: each does what their role might do in the exam's present phase, and sometimes
//! what it may not.

use crate::world::World;
use actors::testing::pass;
use actors::testing::plans::{answer, comment, mark, operator};
use engine::exam::{Command, Issuer, Phase};
use engine::{QuestionId, TaskId};
use std::rc::Rc;
use tests::{Cast, Draws};

/// Who somebody is in an exam.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Opens, suspends, grants.
    Operator,
    /// Sits the exam.
    Candidate,
    /// A place on the panel; 0 is the chair.
    Expert(usize),
}

/// Everybody in an exam of three experts.
pub const PARTS: [Part; 5] =
    [Part::Operator, Part::Candidate, Part::Expert(0), Part::Expert(1), Part::Expert(2)];

/// Commands of one participant in a run.
const DEEDS: u64 = 18;

/// One participant from their first to their last command.
pub async fn participate(world: Rc<World>, cast: Cast, part: Part, mut draws: Draws) {
    for deed in 0..DEEDS {
        pass(draws.between(20, 1_500)).await;
        let phase = phase(&world, &cast).await.unwrap_or(Phase::Planned);
        let issuer = match part {
            Part::Operator => operator(),
            Part::Candidate => cast.candidate(),
            Part::Expert(n) => cast.expert(n),
        };
        let (command, may_be_quiet) = match draws.below(10) {
            0..2 => (comment(&format!("{part:?} {deed}")), false),
            _ => deed_of(part, phase, &mut draws),
        };
        let step: (Issuer, Command, bool) = (issuer, command, may_be_quiet);
        world.give(&mut draws, cast.exam, step).await;
    }
}

async fn phase(world: &World, cast: &Cast) -> Option<Phase> {
    let exams = world.exams()?;
    let look = world.cut_off(exams.inspect(cast.exam, |exam, _| exam.phase)).await;
    look?.ok()
}

/// Something that the part might do now, and whether it may be accepted without any effect.
fn deed_of(part: Part, phase: Phase, draws: &mut Draws) -> (Command, bool) {
    let why = || "причина".to_owned();
    let command = match (part, phase) {
        (_, Phase::Suspended) => Command::Resume {},
        (Part::Operator, Phase::Planned) => Command::Open {},
        (Part::Operator, _) if draws.chance(15) => Command::Suspend { reason: why() },
        (Part::Operator, _) => {
            let minutes = u32::try_from(draws.between(1, 5)).unwrap_or(1);
            Command::GrantTime { minutes, reason: why() }
        }
        (Part::Candidate, _) if draws.chance(20) => Command::SubmitTheory {},
        (Part::Candidate, _) if draws.chance(20) => {
            let question = QuestionId(draws.between(1, 4));
            return (Command::FlagQuestion { question, flagged: draws.chance(50) }, true);
        }
        (Part::Candidate, _) => return (answer(draws.between(1, 4), draws.between(1, 2)), true),
        (Part::Expert(_), Phase::Planned | Phase::Gathering) if draws.chance(30) => {
            return (Command::ConfirmIdentity {}, true);
        }
        (Part::Expert(_), Phase::Planned | Phase::Gathering) => return (Command::Arrive {}, true),
        (Part::Expert(0), Phase::Ready) => Command::StartTheory {},
        (Part::Expert(0), Phase::TheoryScored | Phase::FailedTheory) => Command::ConfirmTheory {},
        (Part::Expert(0), Phase::PracticeAdmitted) => Command::StartPractice {},
        (Part::Expert(_), Phase::PracticeRunning) if draws.chance(40) => {
            Command::LockTask { task: TaskId(draws.between(1, 2)) }
        }
        (Part::Expert(_), Phase::PracticeRunning) => {
            mark(draws.between(1, 2), i64::try_from(draws.between(1, 3)).unwrap_or(1))
        }
        (Part::Expert(_), Phase::PracticeScored) => {
            return (Command::VoteVerdict { passed: true, reason: Some(why()) }, true);
        }
        (Part::Expert(_), Phase::ProtocolDraft) => Command::SignProtocol { dissent: None },
        (Part::Expert(_), _) => return (Command::Arrive {}, true),
    };
    (command, false)
}
