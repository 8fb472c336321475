//! A whole exam from the schedule to the export, through HTTP alone, by people with passwords; and
//! what an outside program makes of the export. A single value that was changed is refused by the
//! program's own check and by the one that shares no code with it.

use engine::exam::{ExamClass, Plan, Role};
use engine::practice::CriterionKind;
use engine::question::{QuestionKind, Segment};
use engine::{Answer, PracticeTool, Question, Span, Tool, WireId};
use gateway::adapters::{keep_practice, keep_theory};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tests::an_exam;
use tests::http::Http;
use tests::meddle::python;
use tests::process::{Said, call};
use tests::setting::{commands, fresh};
use tests::stack::{OBSERVER, OPERATOR, Place, Setup, Stack};

mod changes;

const EXAM: WireId = WireId(7_001);

/// Everybody of one exam, signed in.
struct People {
    operator: Http,
    observer: Http,
    candidate: Http,
    experts: Vec<Http>,
}

fn cast() -> tests::Cast {
    an_exam(EXAM.0).cast()
}

fn tools() -> (Tool, PracticeTool) {
    gateway::demo::tools().expect("the demo's tools are sound")
}

async fn stage() -> (Stack, People) {
    let stack = Setup::new().start().await;
    let (theory, practice) = tools();
    let now = stack.app.clock.now();
    keep_theory(&stack.app.store, &theory, now).await.expect("kept");
    keep_practice(&stack.app.store, &practice, now).await.expect("kept");
    let mut people = vec![
        (OPERATOR, "operator", Role::Operator),
        (OBSERVER, "observer", Role::Observer),
        (cast().candidate, "candidate", Role::Candidate),
    ];
    people.extend(
        cast()
            .panel
            .iter()
            .zip(["chair", "expert", "technician"])
            .map(|(id, login)| (*id, login, Role::Expert)),
    );
    for (id, login, role) in people {
        stack.enter(id, login, role).await;
    }
    let mut experts = Vec::new();
    for login in ["chair", "expert", "technician"] {
        experts.push(stack.sign_in(login).await);
    }
    let people = People {
        operator: stack.sign_in("operator").await,
        observer: stack.sign_in("observer").await,
        candidate: stack.sign_in("candidate").await,
        experts,
    };
    (stack, people)
}

fn plan(stack: &Stack) -> Plan {
    let (theory, practice) = tools();
    let now = stack.app.clock.now();
    Plan {
        begins_at: now,
        ends_at: now + Span::minutes(240),
        class: ExamClass::TheoryPractice,
        tool: Some(theory.hash()),
        practice: Some(practice.hash()),
        title: theory.qualification.name.clone(),
        qualification: theory.qualification.num.clone(),
        skill_id: theory.qualification.id,
        ..an_exam(EXAM.0).plan()
    }
}

async fn give(http: &mut Http, command: Value) {
    let body = json!({"cmd": fresh(), "body": command});
    http.post(&commands(EXAM), &body).await.json_of(200);
}

/// Every second question of a kind is answered wrong.
fn answer(question: &Question, right: bool) -> Answer {
    match &question.kind {
        QuestionKind::Choice { variants, .. } => {
            let wanted = variants.iter().filter(|v| v.correct == right);
            Answer::Choice {
                chosen: wanted.take(if right { 99 } else { 1 }).map(|v| v.id).collect(),
            }
        }
        QuestionKind::Matching { pairs, .. } => {
            Answer::Matching { pairs: pairs.iter().map(|(l, r)| (*l, *r)).collect() }
        }
        QuestionKind::Ordering { items } => {
            Answer::Ordering { order: items.iter().map(|i| i.id).collect() }
        }
        QuestionKind::Open { segments } => Answer::Open {
            gaps: segments
                .iter()
                .filter_map(|s| match s {
                    Segment::Gap { accepted } => accepted.first().cloned(),
                    Segment::Text(_) => None,
                })
                .collect(),
        },
    }
}

/// The candidate's questions, as their own page shows them.
async fn theory(people: &mut People) {
    let (tool, _) = tools();
    let view = people.candidate.get(&format!("/api/nsk/v1/exams/{EXAM}")).await.json_of(200);
    let form = view["state"]["theory"]["form"].as_object().cloned().expect("a form");
    assert!(!view.to_string().contains("\"correct\""), "no key reaches the candidate");
    for (n, shown) in form.values().enumerate() {
        let id = shown["question_id"].as_u64().expect("a question's number");
        let question = tool.question(engine::QuestionId(id)).expect("a question of the tool");
        let answer = answer(question, n != 1);
        give(
            &mut people.candidate,
            json!({"type": "save_answer", "question": id, "answer": answer}),
        )
        .await;
    }
    give(&mut people.candidate, json!({"type": "submit_theory"})).await;
}

async fn practice(people: &mut People) {
    let (_, tool) = tools();
    for task in &tool.tasks {
        for expert in &mut people.experts {
            for criterion in &task.criteria {
                let value = match criterion.kind {
                    CriterionKind::Measurement => criterion.max,
                    CriterionKind::Judgement => engine::Points::whole(2),
                };
                give(expert, json!({"type": "place_mark", "task": task.id, "criterion": criterion.id, "value": value})).await;
            }
        }
        // The chair, whose lock may close a task for all, locks last.
        for n in [1, 2, 0] {
            let body = json!({"cmd": fresh(), "body": {"type": "lock_task", "task": task.id}});
            let reply = people.experts[n].post(&commands(EXAM), &body).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
    }
    for expert in &mut people.experts {
        give(expert, json!({"type": "vote_verdict", "passed": true})).await;
    }
}

/// From the schedule to the last signature.
async fn whole_day(stack: &Stack, people: &mut People) {
    let body = json!({"cmd": fresh(), "plan": plan(stack)});
    people.operator.post("/api/nsk/v1/exams", &body).await.json_of(200);
    give(&mut people.operator, json!({"type": "mark_synced"})).await;
    give(&mut people.operator, json!({"type": "open"})).await;
    for expert in &mut people.experts {
        give(expert, json!({"type": "arrive"})).await;
    }
    give(&mut people.experts[1], json!({"type": "confirm_identity"})).await;
    give(
        &mut people.operator,
        json!({"type": "accommodate", "percent": 150, "reason": "a certificate"}),
    )
    .await;
    give(&mut people.experts[0], json!({"type": "start_theory"})).await;
    theory(people).await;
    give(&mut people.experts[0], json!({"type": "confirm_theory"})).await;
    give(&mut people.experts[0], json!({"type": "start_practice"})).await;
    give(&mut people.experts[2], json!({"type": "report_incident", "category": "technical", "severity": "notice", "text": "погас монитор"})).await;
    practice(people).await;
    give(&mut people.experts[1], json!({"type": "sign_protocol", "dissent": "оценка занижена"}))
        .await;
    give(&mut people.experts[2], json!({"type": "sign_protocol"})).await;
    give(&mut people.experts[0], json!({"type": "sign_protocol"})).await;
    let view = people.observer.get(&format!("/api/nsk/v1/exams/{EXAM}")).await.json_of(200);
    assert_eq!(
        (&view["state"]["phase"], &view["state"]["outcome"]),
        (&json!("completed"), &json!("pass"))
    );
}

/// An exported day: its directory, the document, and what the API said about it.
struct Exported {
    dir: tempfile::TempDir,
    _place: Place,
    text: String,
    sheet: Value,
}

async fn exported() -> Exported {
    let (stack, mut people) = stage().await;
    whole_day(&stack, &mut people).await;
    let path = format!("/api/nsk/v1/exams/{EXAM}");
    let sheet = people.operator.get(&format!("{path}/sheet")).await.json_of(200)["sheet"].clone();
    let refused = people.observer.get(&format!("{path}/sheet")).await;
    assert_eq!(refused.status, 403, "observers do not see correct answers");
    let over_http = people.operator.get(&format!("{path}/export")).await.json_of(200);
    let refused = people.observer.get(&format!("{path}/export")).await;
    assert_eq!(refused.status, 403);
    let dir = tempfile::tempdir().expect("a directory");
    // While the server runs, and from the store.
    let file = dir.path().join("exam.json");
    let (number, config) = (EXAM.to_string(), stack.place().config());
    let config = config.to_string_lossy();
    let out = file.to_string_lossy().into_owned();
    let said = call(&["exam", "export", &number, "--config", &config, "-o", &out]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let text = std::fs::read_to_string(&file).expect("the export");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(document, over_http, "both ways give the same document");
    Exported { dir, _place: stack.stop().await, text, sheet }
}

fn write(dir: &Path, name: &str, value: &Value) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, value.to_string()).expect("written");
    path
}

async fn nsk(arguments: &[&str], files: &[&Path]) -> Said {
    let files: Vec<String> = files.iter().map(|f| f.to_string_lossy().into_owned()).collect();
    let mut all = arguments.to_vec();
    all.extend(files.iter().map(String::as_str));
    call(&all).await
}

fn checker() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops/formats/check_export.py")
}

/// Runs the outside checker on a document.
async fn outside(file: &Path) -> std::process::Output {
    let run = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')";
    python(run, &[&checker().to_string_lossy(), &file.to_string_lossy()]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exam_is_run_by_all_its_people_and_its_export_is_checked_by_others() {
    let day = exported().await;
    let file = day.dir.path().join("exam.json");
    let output = outside(&file).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let verified = nsk(&["exam", "verify"], &[&file]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let document: Value = serde_json::from_str(&day.text).expect("JSON");
    form_rebuilds(&day, &document).await;
    score_equals(&day, &document).await;
}

/// The form is drawn again to the same hash; with another bank, what differs is named.
async fn form_rebuilds(day: &Exported, document: &Value) {
    let file = day.dir.path().join("exam.json");
    let rebuilt = nsk(&["form", "rebuild", "--json", "--export"], &[&file]).await;
    assert_eq!(rebuilt.code, Some(0), "{rebuilt:?}");
    let rebuilt: Value = serde_json::from_str(&rebuilt.out).expect("JSON");
    let records = document["records"].as_array().expect("records");
    let committed = records.iter().find(|r| r["kind"] == "form_committed").expect("a commitment");
    assert_eq!(rebuilt["form_hash"], committed["d"]["form_hash"]);
    assert_eq!((&rebuilt["same"], &rebuilt["form"]), (&json!(true), &document["form"]));

    let mut tampered = document.clone();
    let swap = tampered["form"]["items"].as_array_mut().expect("items");
    swap.swap(0, 1);
    let path = write(day.dir.path(), "swapped.json", &tampered);
    let named = nsk(&["form", "rebuild", "--export"], &[&path]).await;
    assert_eq!(named.code, Some(1), "{named:?}");
    assert!(named.out.contains("1") && named.out.contains("DIFFERS"), "{named:?}");

    let mut bank = document["tool"].clone();
    bank["topics"][0]["blocks"][0]["questions"][0]["text"] = json!("Другой вопрос");
    let bank = write(day.dir.path(), "bank.json", &bank);
    let named = nsk(&["form", "rebuild", "--export"], &[&file, Path::new("--tool"), &bank]).await;
    assert_eq!(named.code, Some(1), "{named:?}");
    assert!(named.out.contains("bank"), "{named:?}");
}

/// `nsk score` comes to the sheet that the station showed, point by point.
async fn score_equals(day: &Exported, document: &Value) {
    let mut answers = json!({});
    for record in document["records"].as_array().into_iter().flatten() {
        if record["kind"] == "answer_saved" {
            answers[record["d"]["question"].to_string()] = record["d"]["answer"].clone();
        }
    }
    let dir = day.dir.path();
    let tool = write(dir, "tool.json", &document["tool"]);
    let form = write(dir, "form.json", &document["form"]);
    let answers = write(dir, "answers.json", &answers);
    let files = [tool.as_path(), Path::new("--form"), &form, Path::new("--answers"), &answers];
    let scored = nsk(&["score", "--json", "--tool"], &files).await;
    assert_eq!(scored.code, Some(0), "{scored:?}");
    let scored: Value = serde_json::from_str(&scored.out).expect("JSON");
    let sheet = scored.get("sheet").unwrap_or(&scored);
    assert_eq!(sheet["total"], day.sheet["total"]);
    assert_eq!(sheet["items"], day.sheet["items"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exam_that_has_not_ended_is_not_exported() {
    let (stack, mut people) = stage().await;
    let body = json!({"cmd": fresh(), "plan": plan(&stack)});
    people.operator.post("/api/nsk/v1/exams", &body).await.json_of(200);
    let reply = people.operator.get(&format!("/api/nsk/v1/exams/{EXAM}/export")).await;
    assert_eq!((reply.status, &reply.json()["code"]), (409, &json!("wrong_phase")));
    let config = stack.place().config().to_string_lossy().into_owned();
    let said = call(&["exam", "export", &EXAM.to_string(), "--config", &config]).await;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.contains("seed is sealed"), "{said:?}");
    let said = call(&["exam", "export", "4242", "--config", &config]).await;
    assert!(said.code == Some(1) && said.err.contains("no exam 4242"), "{said:?}");
    stack.stop().await;
}
