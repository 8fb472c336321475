//! Building the views from the state.

use super::super::{Exam, Mark, Phase, TaskState};
use super::{
    Audience, BoardRow, BoardWait, CandidateView, CommentView, CriterionView, ExamView,
    IncidentView, MarkView, PracticeView, ProtocolView, SeatView, SignatureView, TaskView,
    TheoryResultView, TheoryView, TimeView, VerdictView, WaitView, as_map,
};
use crate::form::present;
use crate::ids::PersonId;
use crate::practice::{Criterion, Task};
use std::collections::BTreeMap;

impl Exam {
    /// The state as this audience may see it.
    pub fn view(&self, audience: Audience) -> ExamView {
        let plan = &self.plan;
        let candidate = audience == Audience::Candidate;
        ExamView {
            exam: plan.wire_id,
            phase: self.phase,
            suspended_from: self.suspended_from,
            reason: self.reason.clone(),
            class: plan.class,
            title: plan.title.clone(),
            qualification: plan.qualification.clone(),
            centre: plan.centre.clone(),
            room: plan.room.clone(),
            tz: plan.tz.clone(),
            begins_at: plan.begins_at,
            ends_at: plan.ends_at,
            candidate: CandidateView {
                id: plan.candidate.person,
                name: plan.candidate.name.clone(),
                confirmed: self.identity.clone(),
            },
            panel: self.seats(),
            quorum: plan.quorum,
            theory: plan.class.has_theory().then(|| self.theory_view(audience)),
            practice: self.practice_view(audience),
            time: self.time_view(),
            waits: if candidate { BTreeMap::new() } else { self.wait_views() },
            verdict: self.verdict_view().filter(|_| !candidate),
            protocol: self.protocol_view().filter(|_| !candidate),
            outcome: self.outcome,
            incidents: if candidate { BTreeMap::new() } else { self.incident_views() },
            comments: if candidate { BTreeMap::new() } else { self.comment_views() },
        }
    }

    fn seats(&self) -> BTreeMap<PersonId, SeatView> {
        let seat = |m: &super::super::PanelMember| {
            let present_since = self.present.get(&m.person).copied();
            (m.person, SeatView { name: m.name.clone(), role: m.role, present_since })
        };
        self.plan.panel.iter().map(seat).collect()
    }

    fn theory_view(&self, audience: Audience) -> TheoryView {
        let theory = &self.theory;
        let candidate = audience == Audience::Candidate;
        // The candidate reads the questions while the test runs, and not a moment earlier.
        let sits = candidate
            && (self.phase == Phase::TheoryRunning
                || self.suspended_from == Some(Phase::TheoryRunning));
        let form = match (self.tool(), theory.form.as_deref()) {
            (Some(tool), Some(form)) if sits => {
                present(tool, form).into_iter().map(|q| (q.number, q)).collect()
            }
            _ => BTreeMap::new(),
        };
        TheoryView {
            questions: theory.form.as_ref().map_or(0, |f| count(f.items.len())),
            answered: count(theory.answers.len()),
            commitment: theory.commitment,
            form_hash: theory.form_hash,
            seed: theory.seed.as_ref().filter(|_| theory.revealed).map(|s| hex::encode(s.0)),
            started_at: theory.started_at,
            ended_at: theory.ended_at,
            result: theory.result.map(|r| TheoryResultView {
                score: r.score,
                shown: r.score.hundredths(),
                max: r.max,
                pass: r.pass,
                passed: r.passed,
                by_time: r.by_time,
            }),
            form,
            answers: if candidate { theory.answers.clone() } else { BTreeMap::new() },
            flags: if candidate { as_map(&theory.flags) } else { BTreeMap::new() },
        }
    }

    fn practice_view(&self, audience: Audience) -> Option<PracticeView> {
        let tool = self.practice_tool()?;
        let candidate = audience == Audience::Candidate;
        // The candidate learns the tasks when the practice part begins.
        let hidden = candidate && self.practice.started_at.is_none();
        let tasks = tool.tasks.iter().zip(1..).filter(|_| !hidden);
        Some(PracticeView {
            title: tool.title.clone(),
            started_at: self.practice.started_at,
            time_over: self.practice.time_over,
            task: self.current_task().map(|t| t.id),
            tasks: tasks.map(|(t, n)| (t.id, self.task_view(t, n, audience))).collect(),
            total: self.practice.scored.map(|(total, _)| total).filter(|_| !candidate),
            passed: self.practice.scored.map(|(_, passed)| passed).filter(|_| !candidate),
        })
    }

    fn task_view(&self, task: &Task, number: u32, audience: Audience) -> TaskView {
        let state = self.practice.tasks.get(&task.id);
        let candidate = audience == Audience::Candidate;
        let criteria = task.criteria.iter().zip(1..).filter(|_| !candidate);
        TaskView {
            number,
            title: task.title.clone(),
            text: task.text.clone(),
            minutes: task.minutes,
            lock: task.lock,
            criteria: criteria
                .map(|(c, n)| (c.id, criterion_view(state, c, n, audience)))
                .collect(),
            locks: state.filter(|_| !candidate).map(|s| s.locks.clone()).unwrap_or_default(),
            recalled: state.filter(|_| !candidate).map(|s| s.recalled.clone()).unwrap_or_default(),
            settled: state.is_some_and(|s| s.results.is_some()),
        }
    }

    fn time_view(&self) -> TimeView {
        let stage = self.stage();
        let entries = self.ledger.entries().iter().zip(1..);
        TimeView {
            stage,
            base: self.ledger.base(stage),
            allowed: self.ledger.allowed(stage),
            consumed: self.ledger.consumed_before(stage),
            running_since: self.ledger.running().filter(|r| r.stage == stage).map(|r| r.since),
            entries: entries.map(|(e, n)| (n, e.clone())).collect(),
        }
    }

    fn wait_views(&self) -> BTreeMap<PersonId, WaitView> {
        let waits = self.waits().into_iter();
        waits.map(|w| (w.expert, WaitView { what: w.what, since: w.since })).collect()
    }

    fn verdict_view(&self) -> Option<VerdictView> {
        self.verdict.as_ref().map(|v| VerdictView {
            passed: v.passed,
            departed: v.departed,
            by_chair: v.by_chair,
            reasons: v.reasons.clone(),
        })
    }

    fn protocol_view(&self) -> Option<ProtocolView> {
        self.protocol.as_ref().map(|p| ProtocolView {
            outcome: p.outcome,
            hash: p.hash,
            drafted_at: p.drafted_at,
            signatures: p
                .signatures
                .iter()
                .map(|(who, (at, dissent))| {
                    (*who, SignatureView { at: *at, dissent: dissent.clone() })
                })
                .collect(),
        })
    }

    fn incident_views(&self) -> BTreeMap<u64, IncidentView> {
        let view = |i: &super::super::Incident| IncidentView {
            category: i.category,
            severity: i.severity,
            text: i.text.clone(),
            at: i.at,
            by: i.by,
            resolved: i.resolved.clone(),
        };
        self.incidents.iter().map(|(seq, i)| (*seq, view(i))).collect()
    }

    fn comment_views(&self) -> BTreeMap<u64, CommentView> {
        let view = |c: &super::super::Comment| CommentView {
            category: c.category,
            text: c.text.clone(),
            at: c.at,
            by: c.by,
        };
        self.comments.iter().map(|(seq, c)| (*seq, view(c))).collect()
    }

    /// The exam's row on a board.
    pub fn board_row(&self) -> BoardRow {
        let time = self.time_view();
        let open: Vec<_> = self.incidents.values().filter(|i| i.resolved.is_none()).collect();
        BoardRow {
            exam: self.plan.wire_id,
            phase: self.phase,
            suspended_from: self.suspended_from,
            title: self.plan.title.clone(),
            centre: self.plan.centre.clone(),
            room: self.plan.room.clone(),
            candidate: self.plan.candidate.name.clone(),
            begins_at: self.plan.begins_at,
            ends_at: self.plan.ends_at,
            allowed: time.allowed,
            consumed: time.consumed,
            running_since: time.running_since,
            answered: count(self.theory.answers.len()),
            questions: self.theory.form.as_ref().map_or(0, |f| count(f.items.len())),
            task: self.current_task().map(|t| t.title.clone()),
            waits: self.board_waits(),
            present: count(self.present.len()),
            panel: count(self.plan.panel.len()),
            open_incidents: count(open.len()),
            worst: open.iter().map(|i| i.severity).max(),
            outcome: self.outcome,
            seq: self.seq,
        }
    }

    fn board_waits(&self) -> BTreeMap<PersonId, BoardWait> {
        let name = |p: PersonId| {
            let member = self.plan.panel.iter().find(|m| m.person == p);
            member.map(|m| m.name.clone()).unwrap_or_default()
        };
        let waits = self.waits().into_iter();
        waits
            .map(|w| (w.expert, BoardWait { name: name(w.expert), what: w.what, since: w.since }))
            .collect()
    }
}

/// One's own marks, and those of experts who have locked the task.
fn criterion_view(
    state: Option<&TaskState>,
    criterion: &Criterion,
    number: u32,
    audience: Audience,
) -> CriterionView {
    let mine = |expert: &PersonId| audience == Audience::Expert(*expert);
    let visible =
        |expert: &PersonId| mine(expert) || state.is_some_and(|s| s.locks.contains_key(expert));
    let mark = |m: &Mark| MarkView { value: m.value, at: m.at, refers_at: m.refers_at };
    let marks = state.and_then(|s| s.marks.get(&criterion.id)).into_iter().flatten();
    CriterionView {
        number,
        name: criterion.name.clone(),
        kind: criterion.kind,
        max: criterion.max,
        spread: criterion.spread,
        marks: marks.filter(|(e, _)| visible(e)).map(|(e, m)| (*e, mark(m))).collect(),
        result: state.and_then(|s| s.results.as_ref()?.get(&criterion.id)).copied(),
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
