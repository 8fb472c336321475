//! The modern API of exams: every command that a socket takes, lists, snapshots, timelines, score
//! sheets and exports.

use super::body;
use crate::app::App;
use crate::auth::Principal;
use crate::error::ApiError;
use crate::live::Gate;
use crate::wire::VIEW_VERSION;
use crate::wire::exams::{
    CommandReply, CommandRequest, ExamList, ExamSnapshot, ListedExam, PlanRequest, ReleaseReply,
    Sentences, SheetReply, Timeline, TimelineRecord,
};
use crate::wire::server::By;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use actors::catalog::{ListFilter, Listed};
use actors::exams::{Ack, Submit, SubmitError};
use engine::exam::export::{Export, ExportFault};
use engine::exam::view::{Audience, SEALED, to_json};
use engine::exam::{Event, Rejection};
use engine::{CommandId, Lang, Moment, Record, WireId};
use serde::Deserialize;

/// Pages of the catalogue that one list request may look through.
const LIST_PAGES_MAX: usize = 20;

/// `POST /api/nsk/v1/exams/{exam_id}/commands`.
pub async fn command(
    app: web::Data<App>,
    gate: web::Data<Gate>,
    principal: Principal,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<web::Json<CommandReply>, ApiError> {
    let exam = exam_id(&path)?;
    gate.command(principal.person)?;
    let request: CommandRequest = body::json(payload, app.live.body_bytes_max).await?;
    let CommandRequest { cmd, if_seq, body: command } = request;
    let submit = Submit { exam, cmd, if_seq, issuer: principal.issuer(), command };
    let begun = app.clock.monotonic_us();
    let result = app.exams.submit(submit).await;
    app.metrics.command(&result, app.clock.monotonic_us() - begun);
    Ok(reply(&app, cmd, result?))
}

/// `POST /api/nsk/v1/exams`: schedules an exam.
pub async fn plan(
    app: web::Data<App>,
    gate: web::Data<Gate>,
    principal: Principal,
    payload: web::Payload,
) -> Result<web::Json<CommandReply>, ApiError> {
    gate.command(principal.person)?;
    let PlanRequest { cmd, plan } = body::json(payload, app.live.body_bytes_max).await?;
    let begun = app.clock.monotonic_us();
    let result = app.exams.plan(cmd, principal.issuer(), plan).await;
    app.metrics.command(&result, app.clock.monotonic_us() - begun);
    Ok(reply(&app, cmd, result?))
}

fn reply(app: &App, cmd: CommandId, ack: Ack) -> web::Json<CommandReply> {
    let epoch = app.exams.epoch().to_string();
    web::Json(CommandReply { cmd, seq: ack.seq, epoch, dup: ack.dup })
}

/// The query of `GET /api/nsk/v1/exams`.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Exams that end at this moment or later, ms UTC.
    from: Option<i64>,
    /// Exams that begin at this moment or earlier, ms UTC.
    to: Option<i64>,
    /// Only exams that have not ended.
    #[serde(default)]
    live: bool,
    /// `next` of the page before.
    cursor: Option<u64>,
    /// Exams of one page.
    limit: Option<u32>,
}

/// `GET /api/nsk/v1/exams`: those that the caller may see, in the order of their numbers.
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<ListQuery>,
) -> Result<web::Json<ExamList>, ApiError> {
    let most = app.live.list_max;
    let filter = ListFilter {
        from: query.from.map(Moment),
        to: query.to.map(Moment),
        live_only: query.live,
        after: query.cursor.map(WireId),
        limit: query.limit.unwrap_or(most).clamp(1, most),
    };
    let page = visible_page(&app, &principal, filter).await?;
    let exams = page.exams.into_iter().map(listed).collect();
    Ok(web::Json(ExamList { exams, next: page.next.map(|id| id.0) }))
}

/// A page of exams that a person may see.
pub struct VisiblePage {
    /// The exams.
    pub exams: Vec<Listed>,
    /// Where the next page begins, if there may be one.
    pub next: Option<WireId>,
}

/// Looks through the catalogue until a page is full of exams that the person may see.
///
/// # Errors
/// 503 when the store does not answer.
pub async fn visible_page(
    app: &App,
    principal: &Principal,
    mut filter: ListFilter,
) -> Result<VisiblePage, ApiError> {
    let most = filter.limit as usize;
    let mut exams = Vec::new();
    for _ in 0..LIST_PAGES_MAX {
        let page = app.catalog.list(&filter).await.map_err(|error| {
            tracing::error!(%error, "exams not listed");
            ApiError::unavailable("the list of exams is not available now")
        })?;
        let whole = page.len() == most;
        for exam in page {
            filter.after = Some(exam.wire_id);
            if principal.is_staff() || takes_part(&exam, principal) {
                exams.push(exam);
            }
            if exams.len() == most {
                return Ok(VisiblePage { exams, next: filter.after });
            }
        }
        if !whole {
            return Ok(VisiblePage { exams, next: None });
        }
    }
    Ok(VisiblePage { exams, next: filter.after })
}

fn takes_part(exam: &Listed, principal: &Principal) -> bool {
    let me = principal.person;
    let panel = exam.body["panel"].as_array();
    exam.candidate == me || panel.is_some_and(|p| p.iter().any(|id| id.as_u64() == Some(me.0)))
}

fn listed(exam: Listed) -> ListedExam {
    let text = |key: &str| exam.body[key].as_str().unwrap_or_default().to_owned();
    let panel = exam.body["panel"].as_array();
    let panel = panel.into_iter().flatten().filter_map(|id| id.as_u64().map(engine::PersonId));
    ListedExam {
        exam: exam.wire_id,
        phase: exam.phase.clone(),
        live: exam.live,
        title: exam.title.clone(),
        room: text("room"),
        class: text("class"),
        begins_at: exam.begins_at,
        ends_at: exam.ends_at,
        candidate: text("candidate"),
        candidate_id: exam.candidate,
        panel: panel.collect(),
        outcome: exam.body["outcome"].as_str().map(ToOwned::to_owned),
    }
}

/// `GET /api/nsk/v1/exams/{exam_id}`: the exam as the caller may see it.
pub async fn snapshot(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<String>,
) -> Result<web::Json<ExamSnapshot>, ApiError> {
    let exam = exam_id(&path)?;
    let epoch = app.exams.epoch().to_string();
    let seen = app.exams.inspect(exam, move |exam, head| {
        let audience = principal.audience(exam)?;
        let state = to_json(&exam.view(audience));
        Ok::<_, ApiError>((state, head))
    });
    let (state, head) = seen.await??;
    Ok(web::Json(ExamSnapshot { epoch, seq: head.seq, hash: head.hash, v: VIEW_VERSION, state }))
}

/// `GET /api/nsk/v1/exams/{exam_id}/records`: what happened, without the contents.
pub async fn records(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<String>,
) -> Result<web::Json<Timeline>, ApiError> {
    let exam = exam_id(&path)?;
    let audience = app.exams.inspect(exam, move |exam, _| principal.audience(exam)).await??;
    let records = app.exams.records(exam).await?;
    let records = records.iter().map(|record| timeline_record(record, audience)).collect();
    Ok(web::Json(Timeline { exam, records }))
}

fn timeline_record(record: &Record, audience: Audience) -> TimelineRecord {
    let person = match record.by {
        engine::Actor::Person(person) => Some(person),
        engine::Actor::System => None,
    };
    // What this build cannot read it does not show either.
    let seen = Event::from_record(record).is_ok_and(|event| audience.may_see(&event, person));
    TimelineRecord {
        seq: record.seq,
        at: record.at,
        kind: if seen { record.kind.clone() } else { SEALED.to_owned() },
        by: seen.then(|| person.map_or(By::System, By::Person)),
        hash: record.hash,
    }
}

/// What shows correct answers is for the panel and for staff, but not for a candidate of the exam,
/// whatever else they are.
fn with_keys(exam: &engine::Exam, principal: &Principal) -> Result<(), ApiError> {
    match principal.audience(exam)? {
        Audience::Candidate => Err(ApiError::forbidden("not for the candidate of this exam")),
        Audience::Staff | Audience::Expert(_) => Ok(()),
    }
}

/// `GET /api/nsk/v1/exams/{exam_id}/sheet`: the explained score of the theory test, for the panel
/// and those of the staff who may see correct answers, once it is scored.
pub async fn sheet(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<String>,
) -> Result<web::Json<SheetReply>, ApiError> {
    let exam = exam_id(&path)?;
    let seen = app.exams.inspect(exam, move |exam, _| {
        with_keys(exam, &principal)?;
        let scored = exam.theory.result.is_some();
        let sheet = exam.theory_sheet().filter(|_| scored);
        let missing = || SubmitError::Rejected(Rejection::WrongPhase(exam.phase));
        Ok::<_, ApiError>(sheet.ok_or_else(missing)?)
    });
    let sheet = seen.await??;
    let texts = |lang| sheet.items.iter().map(|item| item.explanation.text(lang)).collect();
    let sentences = Sentences { ru: texts(Lang::Ru), en: texts(Lang::En) };
    Ok(web::Json(SheetReply { exam, sheet, sentences }))
}

/// `GET /api/nsk/v1/exams/{exam_id}/export`: the whole exam with its keys, once it has ended.
pub async fn export(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let exam = exam_id(&path)?;
    app.exams.inspect(exam, move |exam, _| with_keys(exam, &principal)).await??;
    let materials = app.exams.materials(exam).await?;
    let records = app.exams.records(exam).await?;
    let export = Export::new(records, materials).map_err(|fault| match fault {
        ExportFault::NotEnded(phase) => SubmitError::Rejected(Rejection::WrongPhase(phase)).into(),
        other => ApiError::internal(&other),
    })?;
    let name = format!("attachment; filename=\"exam-{exam}.json\"");
    let text = serde_json::to_string_pretty(&export).map_err(|e| ApiError::internal(&e))?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((CONTENT_DISPOSITION, name))
        .body(text))
}

/// `POST /api/nsk/v1/exams/{exam_id}/release`: ends a quarantine.
pub async fn release(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<String>,
) -> Result<web::Json<ReleaseReply>, ApiError> {
    let exam = exam_id(&path)?;
    let released = app.exams.release(exam).await?;
    tracing::info!(exam.id = exam.0, person = %principal.person, released, "release was asked for");
    Ok(web::Json(ReleaseReply { released }))
}

/// The number in the path; whatever is none names no exam.
fn exam_id(text: &str) -> Result<WireId, ApiError> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let parsed = plain.then(|| text.parse().ok()).flatten().map(WireId);
    parsed.ok_or_else(|| SubmitError::UnknownExam.into())
}
