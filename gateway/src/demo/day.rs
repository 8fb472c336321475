//! The exams of a round, and when the next round is planned. Everything follows from what is in
//! the store, so that a demo that was stopped goes on where it stood.

use super::cast::{self, CANDIDATES, EXPERTS, Member};
use crate::app::App;
use crate::cli::Pace;
use crate::error::Trouble;
use actors::catalog::{ListFilter, Listed};
use actors::exams::SubmitError;
use engine::exam::{Candidate, ExamClass, Issuer, PanelMember, PanelRole, Phase, Plan, Role};
use engine::{Moment, PracticeTool, Span, Tool, WireId};
use std::sync::Arc;

/// Exams of a round; their numbers are `round × 100 + 1…`.
pub const EXAMS: u64 = 8;
/// From the start of one exam to the next, ms of life.
const STEP_MS: u64 = 35_000;
/// Planned length, ms of life.
const LENGTH_MS: u64 = 90 * 60_000;
/// From the end of a round to the next, ms of life.
const PAUSE_MS: u64 = 60_000;
/// Listed at most.
const LIST_MAX: u32 = 500;

const ROOMS: [&str; 4] = ["Ауд. 101", "Ауд. 102", "Мастерская 1", "Мастерская 2"];

/// What a demo day is made of.
#[derive(Clone)]
pub struct Day {
    /// The theory tool.
    pub theory: Arc<Tool>,
    /// The practice tool.
    pub practice: Arc<PracticeTool>,
    /// How fast everybody is.
    pub pace: Pace,
}

impl Day {
    /// A day with these tools.
    pub fn new(theory: Arc<Tool>, practice: Arc<PracticeTool>, pace: Pace) -> Day {
        Day { theory, practice, pace }
    }

    /// A span of life at this pace.
    pub fn span(&self, life_ms: u64) -> Span {
        Span(i64::try_from(self.pace.ms(life_ms)).unwrap_or(i64::MAX))
    }

    /// Plans the first round, what a stop left unplanned of the last, or the next when its time has
    /// come. Answers the numbers of the exams that are under way or to come.
    ///
    /// # Errors
    /// When exams cannot be listed or planned.
    pub async fn ensure(&self, app: &App) -> Result<Vec<WireId>, Trouble> {
        let listed = self.listed(app).await?;
        let now = app.clock.now();
        let last = listed.iter().map(|e| e.wire_id.0 / 100).max().unwrap_or(0);
        let round: Vec<&Listed> = listed.iter().filter(|e| e.wire_id.0 / 100 == last).collect();
        let planned = round.len() as u64;
        // Operators may have planned exams of their own among the round's.
        if last > 0 && planned >= EXAMS {
            if !self.is_over(&round, now) {
                return Ok(live(&listed));
            }
            return self.plan(app, last + 1, now).await;
        }
        self.plan(app, last.max(1), now).await
    }

    async fn listed(&self, app: &App) -> Result<Vec<Listed>, Trouble> {
        let mut all: Vec<Listed> = Vec::new();
        let mut filter = ListFilter { limit: LIST_MAX, ..ListFilter::default() };
        loop {
            let page = app.catalog.list(&filter).await.map_err(|e| {
                Trouble::new(format!("the exams cannot be listed: {e}"))
                    .remedy("check the data directory with `nsk doctor`")
            })?;
            filter.after = page.last().map(|e| e.wire_id);
            let whole = page.len() == LIST_MAX as usize;
            all.extend(page);
            if !whole {
                // Numbers from elsewhere are not the demo's.
                all.retain(|e| e.wire_id.0 < 1_000_000);
                return Ok(all);
            }
        }
    }

    /// A round is over when nothing but the human candidate's own exam is left of it, and everybody
    /// has had a pause.
    fn is_over(&self, round: &[&Listed], now: Moment) -> bool {
        let open = round.iter().any(|e| e.live && e.candidate != cast::CANDIDATE.id);
        let begun = round.iter().map(|e| e.begins_at).max().unwrap_or(now);
        // An exam in which a person took a seat and left waits for them, but not the day.
        let at_last = now >= begun + self.span(LENGTH_MS);
        // The last begin plus about the length of an exam in life, then the pause.
        at_last || (!open && now >= begun + self.span(PAUSE_MS * 4))
    }

    /// Plans what is missing of a round.
    async fn plan(&self, app: &App, round: u64, now: Moment) -> Result<Vec<WireId>, Trouble> {
        let issuer = Issuer::person(cast::OPERATOR.id, [Role::Operator]);
        for place in 0..EXAMS {
            let plan = self.plan_of(round, place, now);
            let planned = app.exams.plan(app.ids.command_id(), issuer.clone(), plan).await;
            match planned {
                Ok(_) | Err(SubmitError::ExamExists) => {}
                Err(error) => {
                    return Err(Trouble::new(format!("a demo exam cannot be planned: {error}"))
                        .remedy("check the data directory with `nsk doctor`"));
                }
            }
        }
        Ok(live(&self.listed(app).await?))
    }

    pub(super) fn plan_of(&self, round: u64, place: u64, now: Moment) -> Plan {
        let begins_at = now + self.span(20_000 + STEP_MS * place);
        let candidate = match place {
            0 => cast::CANDIDATE,
            _ => pick(&CANDIDATES, (round - 1) * (EXAMS - 1) + place - 1),
        };
        Plan {
            wire_id: WireId(round * 100 + place + 1),
            class: match place {
                5 => ExamClass::Theory,
                6 => ExamClass::Practice,
                _ => ExamClass::TheoryPractice,
            },
            title: self.theory.qualification.name.clone(),
            qualification: self.theory.qualification.num.clone(),
            skill_id: self.theory.qualification.id,
            centre: "ЦОК «Демо»".to_owned(),
            room: pick(&ROOMS, place).to_owned(),
            tz: "Europe/Moscow".to_owned(),
            begins_at,
            ends_at: begins_at + self.span(LENGTH_MS),
            candidate: Candidate { person: candidate.id, name: candidate.name.to_owned() },
            panel: panel(place),
            quorum: 3,
            tool: (place != 6).then(|| self.theory.hash()),
            practice: (place != 5).then(|| self.practice.hash()),
            blueprint: None,
        }
    }
}

/// Three played experts; where a person may sit down, a fourth seat is theirs and nobody has to
/// wait for them.
fn panel(place: u64) -> Vec<PanelMember> {
    let seat = |member: Member, role| PanelMember {
        person: member.id,
        name: member.name.to_owned(),
        role,
    };
    let mut panel = vec![
        seat(pick(&EXPERTS[..3], place), PanelRole::Chair),
        seat(pick(&EXPERTS[3..6], place), PanelRole::Expert),
        seat(pick(&EXPERTS[6..], place), PanelRole::TechnicalExpert),
    ];
    if place < 2 {
        panel.push(seat(cast::EXPERT, PanelRole::Expert));
    }
    panel
}

fn pick<T: Copy>(from: &[T], n: u64) -> T {
    let len = from.len() as u64;
    from[usize::try_from(n % len).unwrap_or(0)]
}

fn live(listed: &[Listed]) -> Vec<WireId> {
    let ended = |e: &&Listed| !Phase::ALL.iter().any(|p| p.is_final() && p.word() == e.phase);
    listed.iter().filter(ended).map(|e| e.wire_id).collect()
}
