//! Who may do what when: every command in every phase by everybody, as one reviewed table.

use crate::golden;
use crate::rig::{CANDIDATE, PEOPLE, Rig, at, issuer, plan};
use engine::exam::{Category, Command, ExamClass, Phase, Severity};
use engine::{CriterionId, Points, QuestionId, Span, TaskId};
use std::collections::BTreeMap;
use std::fmt::Write;

/// One of each command, such that it would be accepted where the rules allow it.
fn commands(rig: &Rig) -> Vec<Command> {
    let why = || "причина".to_owned();
    let form = rig.exam.theory.form.as_ref();
    let question = form.map_or(QuestionId(1), |f| f.items[0].question_id);
    let known = rig.materials.tool.as_ref().and_then(|t| t.question(question)).cloned();
    let answer = known.map(|q| crate::rig::answer(&q, rig.exam.theory.answers.is_empty()));
    let answer = answer.unwrap_or(engine::Answer::Open { gaps: Vec::new() });
    let incident = rig.exam.incidents.keys().next().copied().unwrap_or(0);
    let plan = Box::new(plan(ExamClass::TheoryPractice, 4, 3, &rig.materials));
    let (task, criterion) = (TaskId(1), CriterionId(11));
    vec![
        Command::Plan { plan },
        Command::Reschedule { begins_at: at(10, 0, 0), ends_at: at(13, 0, 0), room: why() },
        Command::MarkSynced {},
        Command::Open {},
        Command::Arrive {},
        Command::Leave { reason: why() },
        Command::ConfirmIdentity {},
        Command::RecordNoShow { reason: why() },
        Command::StartTheory {},
        Command::SaveAnswer { question, answer },
        Command::FlagQuestion { question, flagged: true },
        Command::SubmitTheory {},
        Command::ConfirmTheory {},
        Command::ReopenTheory { reason: why() },
        Command::StartPractice {},
        Command::ReopenPractice { reason: why() },
        Command::PlaceMark { task, criterion, value: Points::whole(2), refers_at: None },
        Command::LockTask { task },
        Command::ClosePractice { reason: why() },
        Command::VoteVerdict { passed: true, reason: None },
        Command::SignProtocol { dissent: None },
        Command::Suspend { reason: why() },
        Command::Resume {},
        Command::Abort { reason: why() },
        Command::Cancel { reason: why() },
        Command::GrantTime { minutes: 5, reason: why() },
        Command::Accommodate { percent: 150, reason: why() },
        Command::AcceptOutage { lost: Span::minutes(3), reason: why() },
        Command::ReportIncident {
            category: Category::Technical,
            severity: Severity::Notice,
            text: why(),
        },
        Command::ResolveIncident { incident, text: why() },
        Command::AddComment { category: Category::Work, text: why() },
        Command::NoteAction { a_type: "note".into(), data: serde_json::json!({}) },
        Command::EndTime {},
        Command::RecordStationOutage { lost: Span::secs(30) },
    ]
}

/// The command's word; a new command breaks the build here and belongs into the list above.
fn place(command: &Command) -> usize {
    match command {
        Command::Plan { .. } => 0,
        Command::Reschedule { .. } => 1,
        Command::MarkSynced {} => 2,
        Command::Open {} => 3,
        Command::Arrive {} => 4,
        Command::Leave { .. } => 5,
        Command::ConfirmIdentity {} => 6,
        Command::RecordNoShow { .. } => 7,
        Command::StartTheory {} => 8,
        Command::SaveAnswer { .. } => 9,
        Command::FlagQuestion { .. } => 10,
        Command::SubmitTheory {} => 11,
        Command::ConfirmTheory {} => 12,
        Command::ReopenTheory { .. } => 13,
        Command::StartPractice {} => 14,
        Command::ReopenPractice { .. } => 15,
        Command::PlaceMark { .. } => 16,
        Command::LockTask { .. } => 17,
        Command::ClosePractice { .. } => 18,
        Command::VoteVerdict { .. } => 19,
        Command::SignProtocol { .. } => 20,
        Command::Suspend { .. } => 21,
        Command::Resume {} => 22,
        Command::Abort { .. } => 23,
        Command::Cancel { .. } => 24,
        Command::GrantTime { .. } => 25,
        Command::Accommodate { .. } => 26,
        Command::AcceptOutage { .. } => 27,
        Command::ReportIncident { .. } => 28,
        Command::ResolveIncident { .. } => 29,
        Command::AddComment { .. } => 30,
        Command::NoteAction { .. } => 31,
        Command::EndTime {} => 32,
        Command::RecordStationOutage { .. } => 33,
    }
}

fn word(command: &Command) -> String {
    let value = serde_json::to_value(command).expect("JSON");
    value["type"].as_str().unwrap_or_default().to_owned()
}

/// What comes of a command: the code of its refusal, or `ok` with the phase it leads to.
fn outcome(rig: &Rig, who: &str, command: &Command) -> String {
    let mut rig = rig.clone();
    let before = rig.exam.phase;
    match rig.act(&issuer(who), command) {
        Err(rejection) => rejection.code().to_owned(),
        Ok(events) if events.is_empty() => "nothing".to_owned(),
        Ok(_) if rig.exam.phase == before => "ok".to_owned(),
        Ok(_) => format!("ok>{}", rig.exam.phase.word()),
    }
}

/// Phases by outcome, for one person.
fn row(rigs: &[(Phase, Rig)], at: usize, who: &str) -> String {
    let mut by_outcome: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (phase, rig) in rigs {
        let outcome = outcome(rig, who, &commands(rig)[at]);
        by_outcome.entry(outcome).or_default().push(phase.word());
    }
    let all = rigs.len();
    let part = |(outcome, phases): (&String, &Vec<&str>)| {
        let phases = if phases.len() == all { "always".into() } else { phases.join(" ") };
        format!("{outcome}: {phases}")
    };
    by_outcome.iter().map(part).collect::<Vec<_>>().join("; ")
}

fn table() -> String {
    let mut rigs: Vec<_> = Phase::ALL.into_iter().map(|p| (p, Rig::in_phase(p))).collect();
    for (_, rig) in &mut rigs {
        rig.now = rig.now + Span::minutes(1);
        // Something to resolve, wherever something can be reported.
        let text = "было".to_owned();
        let (category, severity) = (Category::Other, Severity::Notice);
        let report = Command::ReportIncident { category, severity, text };
        if rig.decide(&issuer("operator"), &report).is_ok() {
            rig.must("operator", report);
        }
    }
    let mut out = String::from(
        "A theory and practice exam; chair, expert1 and expert2 are in the room, tech is not.\n\
         What comes of each command in each phase, by person; equal people share a line.\n",
    );
    for (at, command) in commands(&rigs[0].1).iter().enumerate() {
        writeln!(out, "\n{}", word(command)).expect("a string");
        let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
        for who in PEOPLE {
            let row = row(&rigs, at, who);
            match lines.iter_mut().find(|(r, _)| *r == row) {
                Some((_, people)) => people.push(who),
                None => lines.push((row, vec![who])),
            }
        }
        for (row, people) in lines {
            writeln!(out, "  {}\n    {row}", people.join(" ")).expect("a string");
        }
    }
    out
}

#[test]
fn the_table_of_rights_is_the_reviewed_one() {
    golden::expect("matrix.txt", &table());
}

#[test]
fn the_table_has_every_command() {
    let commands = commands(&Rig::in_phase(Phase::TheoryRunning));
    for (at, command) in commands.iter().enumerate() {
        assert_eq!(place(command), at, "{}", word(command));
    }
    assert_eq!(commands.len(), 34);
}

/// A candidate who also has an operator's account gets nothing from it in their own exam.
#[test]
fn nobody_runs_their_own_exam() {
    use engine::exam::{Issuer, Role};
    let both = Issuer::person(CANDIDATE, [Role::Candidate, Role::Operator, Role::Administrator]);
    let rig = Rig::in_phase(Phase::TheoryRunning);
    let more = Command::GrantTime { minutes: 30, reason: "хочу".into() };
    assert_eq!(rig.decide(&both, &more).map_err(|e| e.code()), Err("not_allowed"));
    let rig = Rig::in_phase(Phase::Planned);
    assert_eq!(rig.decide(&both, &Command::Open {}).map_err(|e| e.code()), Err("not_allowed"));
}
