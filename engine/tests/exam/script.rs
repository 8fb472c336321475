//! The language of the scenario files, and the one runner for them.
//!
//! `at 09:05 chair start_theory -> theory_started`: who does what when, and what comes of it: the
//! kinds of the events, `nothing`, `ok` (whatever events), or `rejected` with its code.
//! `expect phase ready` and its kin look at the state.

use crate::consistency;
use crate::rig::{self, Rig, at, issuer, name, person, points};
use engine::exam::{Cameras, Command, ExamClass, Outcome, Phase};
use engine::practice::TaskId;
use engine::{CriterionId, Moment, Span};
use serde_json::json;

/// Runs a scenario; panics with the line that did not come out as written.
pub fn run(text: &str) {
    let mut rig = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        if let Some(setup) = line.strip_prefix("exam ") {
            rig = Some(exam(setup));
            continue;
        }
        let rig = rig.as_mut().expect("a scenario begins with an exam");
        if let Err(why) = step(rig, line) {
            panic!("line {}: {line}\n  {why}", number + 1);
        }
    }
    let rig = rig.expect("a scenario has an exam");
    assert_eq!(rig.refolded(rig.records.len()).state_hash(), rig.exam.state_hash());
}

/// `theory_practice panel 4 quorum 3`
fn exam(text: &str) -> Rig {
    let words: Vec<_> = text.split_whitespace().collect();
    let class = match words[0] {
        "theory" => ExamClass::Theory,
        "practice" => ExamClass::Practice,
        "theory_practice" => ExamClass::TheoryPractice,
        other => panic!("no class {other}"),
    };
    let number = |name: &str| {
        let at = words.iter().position(|w| *w == name).map(|i| i + 1);
        at.map_or(3, |i| words[i].parse::<u32>().expect("a number"))
    };
    let quorum = number("quorum");
    let panel = number("panel") as usize;
    Rig::new(class, panel, quorum)
}

fn step(rig: &mut Rig, line: &str) -> Result<(), String> {
    if let Some(cameras) = line.strip_prefix("cameras ") {
        rig.cameras = match cameras {
            "armed" => Cameras::Armed,
            "recording" => Cameras::Recording,
            "not_required" => Cameras::NotRequired,
            missing => Cameras::Missing(vec![missing.to_owned()]),
        };
        return Ok(());
    }
    let mut rest = line;
    if let Some(timed) = line.strip_prefix("at ") {
        let (time, after) = timed.split_once(' ').ok_or("a time and more")?;
        rig.now = moment(time);
        rest = after.trim();
    }
    if let Some(expected) = rest.strip_prefix("expect ") {
        return expect(rig, expected.trim());
    }
    let (did, came) = rest.split_once("->").ok_or("an arrow")?;
    let (who, what) = did.trim().split_once(' ').ok_or("somebody and a command")?;
    let mut kinds = Vec::new();
    for who in who.split(',') {
        match act(rig, who, what.trim()) {
            Ok(more) => kinds.extend(more),
            Err(code) => {
                let said = format!("rejected {code}");
                return same(came.trim(), &said);
            }
        }
    }
    consistency::check(&rig.exam);
    match came.trim() {
        "ok" => Ok(()),
        "nothing" => same("", &kinds.join(", ")),
        expected => same(expected, &kinds.join(", ")),
    }
}

fn same(expected: &str, found: &str) -> Result<(), String> {
    if expected == found { Ok(()) } else { Err(format!("expected {expected}\n  found    {found}")) }
}

/// All of somebody's commands on one line; the first refusal ends them.
fn act(rig: &mut Rig, who: &str, what: &str) -> Result<Vec<String>, String> {
    let mut kinds = Vec::new();
    for command in commands(rig, what) {
        let events = rig.act(&issuer(who), &command).map_err(|e| e.code().to_owned())?;
        kinds.extend(events.iter().map(|e| e.to_parts().0));
    }
    Ok(kinds)
}

/// `09:05` or `09:05:30`
fn moment(text: &str) -> Moment {
    let parts: Vec<i64> = text.split(':').map(|p| p.parse().expect("a time")).collect();
    at(parts[0], parts[1], parts.get(2).copied().unwrap_or(0))
}

/// `20:00`, minutes and seconds
fn span(text: &str) -> Span {
    let (minutes, seconds) = text.split_once(':').expect("minutes:seconds");
    let number = |t: &str| t.parse::<i64>().expect("a number");
    Span::secs(number(minutes) * 60 + number(seconds))
}

fn commands(rig: &Rig, text: &str) -> Vec<Command> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let words: Vec<&str> = rest.split_whitespace().collect();
    let number = |i: usize| words[i].parse::<u64>().unwrap_or_else(|e| panic!("{text}: {e}"));
    let small = |i: usize| u32::try_from(number(i)).expect("small");
    let from = |i: usize| words[i..].join(" ");
    let reason = from(0).replace("\"\"", " ");
    let one = |value| vec![command(value)];
    match word {
        "answers" => answers(rig, |n| n < usize::try_from(number(0)).expect("small")),
        "answer" => {
            let wanted = usize::try_from(number(0)).expect("small") - 1;
            let all = answers(rig, |_| words[1] == "right");
            vec![all[wanted].clone()]
        }
        "flag" => {
            let form = rig.exam.theory.form.as_ref().expect("a form");
            let question = form.items[usize::try_from(number(0)).expect("small") - 1].question_id;
            vec![Command::FlagQuestion { question, flagged: words[1] == "on" }]
        }
        "mark" => {
            let (task, criterion) = (TaskId(number(0)), CriterionId(number(1)));
            let refers_at = words.get(3).map(|t| moment(t));
            vec![Command::PlaceMark { task, criterion, value: points(words[2])[0], refers_at }]
        }
        "marks" => marks(rig, TaskId(number(0)), &from(1)),
        "lock_task" => vec![Command::LockTask { task: TaskId(number(0)) }],
        "vote_verdict" => {
            let reason = (words.len() > 1).then(|| from(1));
            vec![Command::VoteVerdict { passed: words[0] == "pass", reason }]
        }
        "sign_protocol" => {
            let dissent = (!words.is_empty()).then(|| from(0));
            vec![Command::SignProtocol { dissent }]
        }
        "grant_time" => vec![Command::GrantTime { minutes: small(0), reason: from(1) }],
        "accommodate" => vec![Command::Accommodate { percent: small(0), reason: from(1) }],
        "accept_outage" => vec![Command::AcceptOutage { lost: span(words[0]), reason: from(1) }],
        "record_station_outage" => vec![Command::RecordStationOutage { lost: span(words[0]) }],
        "reschedule" => {
            let (begins_at, ends_at) = (moment(words[0]), moment(words[1]));
            vec![Command::Reschedule { begins_at, ends_at, room: from(2) }]
        }
        "report_incident" => one(json!({
            "type": word, "category": words[0], "severity": words[1], "text": from(2)
        })),
        "resolve_incident" => one(json!({"type": word, "incident": number(0), "text": from(1)})),
        "add_comment" => one(json!({"type": word, "category": words[0], "text": from(1)})),
        "note_action" => {
            let data: serde_json::Value = serde_json::from_str(&from(1)).expect("JSON");
            one(json!({"type": word, "a_type": words[0], "data": data}))
        }
        _ if reason.is_empty() => one(json!({ "type": word })),
        _ => one(json!({ "type": word, "reason": reason })),
    }
}

/// A command as a client sends it.
pub fn command(value: serde_json::Value) -> Command {
    serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{value}: {e}"))
}

fn answers(rig: &Rig, right: impl Fn(usize) -> bool) -> Vec<Command> {
    let (form, tool) = (rig.exam.theory.form.clone(), rig.exam.tool());
    let (form, tool) = (form.expect("a form"), tool.expect("a tool"));
    let items = form.items.iter().enumerate();
    items
        .map(|(n, item)| {
            let question = tool.question(item.question_id).expect("a question");
            let answer = rig::answer(question, right(n));
            Command::SaveAnswer { question: item.question_id, answer }
        })
        .collect()
}

fn marks(rig: &Rig, task: TaskId, text: &str) -> Vec<Command> {
    let tool = rig.exam.practice_tool().expect("a practice tool");
    let criteria = tool.task(task).expect("a task").criteria.iter().map(|c| c.id);
    criteria
        .zip(points(text))
        .map(|(criterion, value)| Command::PlaceMark { task, criterion, value, refers_at: None })
        .collect()
}

fn expect(rig: &Rig, text: &str) -> Result<(), String> {
    let (what, expected) = text.split_once(' ').ok_or("something to expect")?;
    same(expected.trim(), &look(rig, what))
}

fn yes(what: &'static str, is: bool) -> &'static str {
    if is { what } else { "" }
}

/// One fact of the state, in words.
fn look(rig: &Rig, what: &str) -> String {
    let exam = &rig.exam;
    let clock = |span: Span| format!("{:02}:{:02}", span.0 / 60_000, span.0 / 1_000 % 60);
    match what {
        "phase" => exam.phase.word().to_owned(),
        "before" => exam.suspended_from.map_or("none", Phase::word).to_owned(),
        "remaining" => clock(exam.ledger.remaining(exam.stage(), rig.now)),
        "allowed" => clock(exam.ledger.allowed(exam.stage())),
        "deadline" => exam.next_deadline().map_or("none".into(), |m| {
            let s = (m.0 - rig::DAY) / 1_000;
            format!("{:02}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60)
        }),
        "waits" => {
            let word = |w: &engine::exam::Wait| format!("{} {}", name(w.expert), wait_word(w));
            or_nobody(exam.waits().iter().map(word).collect())
        }
        "since" => {
            let since = exam.waits().iter().map(|w| w.since).min();
            since.map_or("none".into(), |m| {
                let s = (m.0 - rig::DAY) / 1_000;
                format!("{:02}:{:02}", s / 3_600, s / 60 % 60)
            })
        }
        "present" => or_nobody(exam.present.keys().map(|p| name(*p).to_owned()).collect()),
        "task" => exam.current_task().map_or("none".into(), |t| t.id.to_string()),
        "outcome" => match exam.outcome {
            Some(Outcome::Pass) => "pass".into(),
            Some(Outcome::Fail) => "fail".into(),
            None => "none".into(),
        },
        "theory" => exam.theory.result.map_or("none".into(), |r| {
            let passed = if r.passed { "passed" } else { "failed" };
            format!("{passed}{}", yes(" by_time", r.by_time))
        }),
        "practice" => exam.practice.scored.map_or("none".into(), |(total, passed)| {
            format!("{total} {}", if passed { "passed" } else { "failed" })
        }),
        "verdict" => exam.verdict.as_ref().map_or("none".into(), |v| {
            let passed = if v.passed { "pass" } else { "fail" };
            format!("{passed}{}{}", yes(" departed", v.departed), yes(" by_chair", v.by_chair))
        }),
        "reasons" => exam.verdict.as_ref().map_or(String::new(), |v| v.reasons.join("; ")),
        "signed" => {
            let signed = exam.protocol.as_ref().map(|p| p.signatures.clone()).unwrap_or_default();
            let word = |(p, (_, dissent)): (&engine::PersonId, &(Moment, Option<String>))| {
                format!("{}{}", name(*p), yes(" dissenting", dissent.is_some()))
            };
            or_nobody(signed.iter().map(word).collect())
        }
        "seed" => if exam.theory.revealed { "revealed" } else { "sealed" }.to_owned(),
        "reason" => exam.reason.clone().unwrap_or_else(|| "none".into()),
        "entries" => exam.ledger.entries().len().to_string(),
        "incidents" => exam.incidents.values().filter(|i| i.resolved.is_none()).count().to_string(),
        mark => look_at_mark(rig, mark),
    }
}

/// `mark:expert1:11`
fn look_at_mark(rig: &Rig, what: &str) -> String {
    let parts: Vec<_> = what.split(':').collect();
    assert_eq!(parts[0], "mark", "nothing is called {what}");
    let criterion = CriterionId(parts[2].parse().expect("a criterion"));
    let tasks = rig.exam.practice.tasks.values();
    let mark = tasks.filter_map(|t| t.marks.get(&criterion)?.get(&person(parts[1]))).next();
    mark.map_or("none".into(), |m| {
        let s = (m.refers_at.0 - rig::DAY) / 1_000;
        format!("{} of {:02}:{:02}", m.value, s / 3_600, s / 60 % 60)
    })
}

fn wait_word(wait: &engine::exam::Wait) -> String {
    serde_json::to_value(wait.what).expect("a word").as_str().unwrap_or_default().to_owned()
}

fn or_nobody(names: Vec<String>) -> String {
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}
