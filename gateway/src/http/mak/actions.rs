//! Expert actions of the legacy МАК: `a_type` and `data` become the engine's commands, and the
//! engine's events become actions again.

use super::faults::Faults;
use super::{MakError, exam_id, utc_suffix};
use crate::app::App;
use crate::auth::Principal;
use crate::error::brief;
use crate::http::{body, datetime};
use crate::live::Gate;
use crate::wire::mak::ExpertAction;
use actix_web::{HttpRequest, web};
use actors::exams::{Submit, SubmitError};
use engine::exam::view::Audience;
use engine::exam::{Category, Command, Event, Severity};
use engine::practice::{CriterionId, TaskId};
use engine::{CommandId, Exam, PersonId, Points, Record, WireId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// `GET /api/v1/exam/{exam_id}/action`.
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<String>,
) -> Result<web::Json<Vec<ExpertAction>>, MakError> {
    let id = exam_id(&path)?;
    let found = super::look(&app, &principal, id, |_| ()).await?;
    let Some(((), audience)) = found else { return Ok(web::Json(Vec::new())) };
    Ok(web::Json(of(&app, id, audience).await?))
}

/// The actions of an exam as an audience may see them.
///
/// # Errors
/// When the exam or the store does not answer.
pub async fn of(
    app: &App,
    id: WireId,
    audience: Audience,
) -> Result<Vec<ExpertAction>, SubmitError> {
    let records = app.exams.records(id).await?;
    let suffix = utc_suffix(app).to_owned();
    let shown = move |exam: &Exam| {
        let actions = records.iter().filter_map(|record| action(record, exam, audience, &suffix));
        actions.collect()
    };
    app.exams.inspect(id, move |exam, _| shown(exam)).await
}

fn action(record: &Record, exam: &Exam, audience: Audience, suffix: &str) -> Option<ExpertAction> {
    let event = Event::from_record(record).ok()?;
    let by = match record.by {
        engine::Actor::Person(person) => Some(person),
        engine::Actor::System => None,
    };
    let seen = audience.may_see(&event, by) || is_open_mark(&event, record, exam, by, audience);
    let seen = seen && !is_open_vote(&event, exam, audience);
    let (a_type, data) = legacy(&event).filter(|_| seen)?;
    let id = by.map(|person| person.0);
    Some(ExpertAction {
        id: record.seq,
        a_type,
        created_utc: datetime::write(record.at, suffix),
        expart_id: id,
        expert_id: id,
        data,
    })
}

/// Another expert's mark is open from their lock on: exactly the marks that the panel's view shows.
fn is_open_mark(
    event: &Event,
    record: &Record,
    exam: &Exam,
    by: Option<PersonId>,
    audience: Audience,
) -> bool {
    let Event::MarkPlaced { task, criterion, .. } = event else { return false };
    let (Some(by), true) = (by, audience != Audience::Candidate) else { return false };
    exam.practice.tasks.get(task).is_some_and(|state| {
        let placed = state.marks.get(criterion).and_then(|marks| marks.get(&by));
        state.locks.contains_key(&by) && placed.is_some_and(|mark| mark.at == record.at)
    })
}

/// A vote of somebody else while the panel still votes: it must not lead the others.
fn is_open_vote(event: &Event, exam: &Exam, audience: Audience) -> bool {
    let Event::VerdictVoted { expert, .. } = event else { return false };
    exam.verdict.is_none() && audience != Audience::Expert(*expert)
}

/// An event as the action that would have caused it; `None` for events that no expert causes.
fn legacy(event: &Event) -> Option<(String, Value)> {
    let (a_type, data) = match event {
        Event::MarkPlaced { task, criterion, value, refers_at } => (
            "mark",
            json!({"task": task, "criterion": criterion, "value": value, "refers_at": refers_at}),
        ),
        Event::TaskLocked { task, .. } => ("lock", json!({ "task": task })),
        Event::CommentAdded { category, text } => {
            ("comment", json!({"category": category, "text": text}))
        }
        Event::IncidentReported { category, severity, text } => {
            ("incident", json!({"category": category, "severity": severity, "text": text}))
        }
        Event::VerdictVoted { passed, reason, .. } => ("vote", with(passed, "reason", reason)),
        Event::ProtocolSigned { dissent, .. } => ("sign", json!({ "dissent": dissent })),
        Event::ExpertArrived { .. } => ("arrive", json!({})),
        Event::IdentityConfirmed { .. } => ("identity", json!({})),
        Event::ActionNoted { a_type, data } => return Some((a_type.clone(), data.clone())),
        _ => return None,
    };
    Some((a_type.to_owned(), data))
}

fn with(passed: &bool, key: &str, text: &Option<String>) -> Value {
    let mut data = Map::from_iter([("passed".to_owned(), Value::Bool(*passed))]);
    if let Some(text) = text {
        data.insert(key.to_owned(), Value::String(text.clone()));
    }
    Value::Object(data)
}

/// `POST /api/v1/exam/{exam_id}/practice/action`: JSON, form or query.
pub async fn post(
    (app, gate): (web::Data<App>, web::Data<Gate>),
    principal: Principal,
    path: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<web::Json<ExpertAction>, MakError> {
    let exam = exam_id(&path)?;
    gate.command(principal.person)?;
    let limit = app.live.body_bytes_max;
    let mut fields = body::fields_or_query(&request, payload, limit).await?;
    let a_type = match fields.remove("a_type") {
        Some(Value::String(text)) => text,
        Some(_) => {
            return Err(
                Faults::one(&["body", "a_type"], "str type expected", "type_error.str").into()
            );
        }
        None => {
            let mut faults = Faults::default();
            faults.missing(&["body", "a_type"]);
            return Err(faults.into());
        }
    };
    let data = data_of(fields.remove("data"));
    let cmd = given_command(&data)?.unwrap_or_else(|| app.ids.command_id());
    let command = command(&a_type, data.clone())?;
    let submit = Submit { exam, cmd, if_seq: None, issuer: principal.issuer(), command };
    let begun = app.clock.monotonic_us();
    let result = app.exams.submit(submit).await;
    app.metrics.command(&result, app.clock.monotonic_us() - begun);
    result.map_err(refused)?;
    created(
        &app,
        exam,
        cmd,
        ExpertAction {
            id: 0,
            a_type,
            created_utc: String::new(),
            expart_id: Some(principal.person.0),
            expert_id: Some(principal.person.0),
            data,
        },
    )
    .await
}

/// The action with the number and the time under which it was journalled.
async fn created(
    app: &App,
    exam: WireId,
    cmd: CommandId,
    mut action: ExpertAction,
) -> Result<web::Json<ExpertAction>, MakError> {
    let records = app.exams.records(exam).await?;
    let record = records.iter().rev().filter(|r| r.cmd == Some(cmd)).min_by_key(|r| r.cmd_ix);
    if let Some(record) = record {
        action.id = record.seq;
        action.created_utc = datetime::write(record.at, utc_suffix(app));
    }
    Ok(web::Json(action))
}

/// A refusal by the exam's rules is a fault of `data`; what may succeed later stays what it is.
fn refused(error: SubmitError) -> MakError {
    match error {
        SubmitError::Rejected(rejection) => {
            let kind = format!("value_error.{}", rejection.code());
            Faults::one(&["body", "data"], rejection.to_string(), kind).into()
        }
        SubmitError::UnknownExam => {
            let kind = "value_error.unknown_exam";
            Faults::one(&["path", "exam_id"], "there is no such exam", kind).into()
        }
        other => other.into(),
    }
}

/// `data` as given: a form or query carries JSON in a string.
fn data_of(value: Option<Value>) -> Value {
    match value {
        None | Some(Value::Null) => json!({}),
        Some(Value::String(text)) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        Some(value) => value,
    }
}

/// The command id that a client may put into `data`, so that it can send the action again.
fn given_command(data: &Value) -> Result<Option<CommandId>, Faults> {
    let Some(given) = data.get("cmd") else { return Ok(None) };
    serde_json::from_value(given.clone()).map(Some).map_err(|_| {
        Faults::one(&["body", "data", "cmd"], "value is not a valid uuid", "type_error.uuid")
    })
}

/// The engine's command for an action.
///
/// # Errors
/// A fault for each field of `data` that is missing or of the wrong kind.
pub fn command(a_type: &str, data: Value) -> Result<Command, Faults> {
    let fields = |data: Value| match data {
        Value::Object(fields) => Ok(fields),
        _ => Err(Faults::one(&["body", "data"], "value is not a valid dict", "type_error.dict")),
    };
    match a_type {
        "mark" => mark(fields(data)?),
        "lock" => lock(fields(data)?),
        "comment" => read::<Comment>(fields(data)?).map(Comment::command),
        "incident" => read::<Incident>(fields(data)?).map(Incident::command),
        "vote" => read::<Vote>(fields(data)?)
            .map(|vote| Command::VoteVerdict { passed: vote.passed, reason: vote.reason }),
        "sign" => {
            read::<Sign>(fields(data)?).map(|sign| Command::SignProtocol { dissent: sign.dissent })
        }
        "arrive" => Ok(Command::Arrive {}),
        "identity" => Ok(Command::ConfirmIdentity {}),
        _ => Ok(Command::NoteAction { a_type: a_type.to_owned(), data }),
    }
}

#[derive(Deserialize)]
struct Comment {
    #[serde(default = "other")]
    category: Category,
    text: String,
}

#[derive(Deserialize)]
struct Incident {
    #[serde(default = "other")]
    category: Category,
    #[serde(default = "notice")]
    severity: Severity,
    text: String,
}

#[derive(Deserialize)]
struct Vote {
    passed: bool,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Sign {
    #[serde(default)]
    dissent: Option<String>,
}

fn other() -> Category {
    Category::Other
}

fn notice() -> Severity {
    Severity::Notice
}

impl Comment {
    fn command(self) -> Command {
        Command::AddComment { category: self.category, text: self.text }
    }
}

impl Incident {
    fn command(self) -> Command {
        let Incident { category, severity, text } = self;
        Command::ReportIncident { category, severity, text }
    }
}

fn mark(fields: Map<String, Value>) -> Result<Command, Faults> {
    let mut faults = Faults::default();
    let task = number(&fields, "task", &mut faults);
    let criterion = number(&fields, "criterion", &mut faults);
    let value = points(&fields, &mut faults);
    let refers_at = match fields.get("refers_at") {
        None | Some(Value::Null) => None,
        Some(Value::Number(ms)) => ms.as_i64().map(engine::Moment),
        Some(Value::String(text)) => datetime::read(text).or_else(|| {
            let loc = ["body", "data", "refers_at"];
            faults.add(&loc, "invalid datetime format", "value_error.datetime");
            None
        }),
        Some(_) => {
            let loc = ["body", "data", "refers_at"];
            faults.add(&loc, "invalid type; expected datetime", "type_error");
            None
        }
    };
    faults.none()?;
    Ok(Command::PlaceMark {
        task: TaskId(task),
        criterion: CriterionId(criterion),
        value,
        refers_at,
    })
}

fn lock(fields: Map<String, Value>) -> Result<Command, Faults> {
    let mut faults = Faults::default();
    let task = number(&fields, "task", &mut faults);
    faults.none()?;
    Ok(Command::LockTask { task: TaskId(task) })
}

fn number(fields: &Map<String, Value>, name: &str, faults: &mut Faults) -> u64 {
    let found = match fields.get(name) {
        None | Some(Value::Null) => {
            faults.missing(&["body", "data", name]);
            return 0;
        }
        Some(Value::Number(n)) => n.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    found.unwrap_or_else(|| {
        let loc = ["body", "data", name];
        faults.add(&loc, "value is not a valid integer", "type_error.integer");
        0
    })
}

/// A mark: `2`, `2.5`, `"5/2"`.
fn points(fields: &Map<String, Value>, faults: &mut Faults) -> Points {
    let text = match fields.get("value") {
        None | Some(Value::Null) => {
            faults.missing(&["body", "data", "value"]);
            return Points::zero();
        }
        Some(Value::Number(n)) => n.to_string(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    text.parse().unwrap_or_else(|_| {
        let loc = ["body", "data", "value"];
        faults.add(&loc, "value is not a valid decimal", "type_error.decimal");
        Points::zero()
    })
}

/// Reads plain fields; the first fault names its field as well as serde tells it.
fn read<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T, Faults> {
    serde_json::from_value(Value::Object(fields)).map_err(|e| {
        let text = brief(&e);
        match text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
            Some(name) => {
                let mut faults = Faults::default();
                faults.missing(&["body", "data", name]);
                faults
            }
            None => Faults::one(&["body", "data"], text, "type_error"),
        }
    })
}

#[cfg(test)]
mod tests;
