//! The legacy REST of the МАК: eleven routes, names and shapes exactly as documented, over the same
//! actors as everything else. Faults of a request are the 422 that its clients know.

pub mod actions;
pub mod admin;
pub mod faults;
mod token;

pub use token::token;

use super::datetime;
use crate::app::App;
use crate::auth::Principal;
use crate::error::ApiError;
use crate::wire::mak::{ExamEvent, ExamInfo, Named, PersonInfo, ViewState};
use actix_web::{HttpResponse, ResponseError, web};
use actors::catalog::{ListFilter, Listed};
use actors::exams::SubmitError;
use engine::exam::view::Audience;
use engine::exam::{Phase, WaitFor};
use engine::{Exam, Moment, WireId};
use faults::Faults;
use serde::Deserialize;

/// Why a legacy route did not answer as asked.
#[derive(Debug)]
pub enum MakError {
    /// 422 with everything that is wrong.
    Faults(Faults),
    /// Anything else; its face is put on later.
    Api(ApiError),
}

impl std::fmt::Display for MakError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            MakError::Faults(_) => f.write_str("the request is not valid"),
            MakError::Api(error) => error.fmt(f),
        }
    }
}

impl ResponseError for MakError {
    fn status_code(&self) -> actix_web::http::StatusCode {
        match self {
            MakError::Faults(_) => actix_web::http::StatusCode::UNPROCESSABLE_ENTITY,
            MakError::Api(error) => error.status,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            MakError::Faults(faults) => faults.response(),
            MakError::Api(error) => error.error_response(),
        }
    }
}

impl From<ApiError> for MakError {
    fn from(error: ApiError) -> MakError {
        MakError::Api(error)
    }
}

impl From<Faults> for MakError {
    fn from(faults: Faults) -> MakError {
        MakError::Faults(faults)
    }
}

impl From<SubmitError> for MakError {
    fn from(error: SubmitError) -> MakError {
        MakError::Api(error.into())
    }
}

/// `GET /api/v1/person/info`.
pub async fn person_info(principal: Principal) -> web::Json<PersonInfo> {
    web::Json(PersonInfo { name: principal.name })
}

/// The query of `GET /api/v1/exam/events`.
#[derive(Deserialize)]
pub struct Interval {
    dtfrom: Option<String>,
    dtto: Option<String>,
}

/// `GET /api/v1/exam/events`: exams that overlap the interval; those of this moment without one.
pub async fn events(
    app: web::Data<App>,
    principal: Principal,
    interval: web::Query<Interval>,
) -> Result<web::Json<Vec<ExamEvent>>, MakError> {
    let mut faults = Faults::default();
    let now = app.clock.now();
    let mut moment = |name: &str, text: &Option<String>| match text.as_deref() {
        None | Some("") => now,
        Some(text) => datetime::read(text).unwrap_or_else(|| {
            faults.add(&["query", name], "invalid datetime format", "value_error.datetime");
            now
        }),
    };
    let (from, to) = (moment("dtfrom", &interval.dtfrom), moment("dtto", &interval.dtto));
    faults.none()?;
    let found = listed(&app, &principal, Some(from), Some(to)).await?;
    let suffix = utc_suffix(&app);
    Ok(web::Json(found.into_iter().map(|exam| event(exam, suffix)).collect()))
}

/// The exams of an interval that a person may see, at most as many as one list has.
async fn listed(
    app: &App,
    principal: &Principal,
    from: Option<Moment>,
    to: Option<Moment>,
) -> Result<Vec<Listed>, ApiError> {
    let limit = app.live.list_max;
    let filter = ListFilter { from, to, live_only: false, after: None, limit };
    let page = super::exams::visible_page(app, principal, filter).await?;
    Ok(page.exams)
}

fn event(exam: Listed, suffix: &str) -> ExamEvent {
    let text = |key: &str| exam.body[key].as_str().unwrap_or_default().to_owned();
    ExamEvent {
        id: exam.wire_id.0,
        start: datetime::write(exam.begins_at, suffix),
        end: datetime::write(exam.ends_at, suffix),
        content: [text("candidate"), text("room")].join(", "),
        class: text("class"),
        title: exam.title,
    }
}

/// `GET /api/v1/exam/{exam_id}`: an array of one; of none for a number that no exam has.
pub async fn exam(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<String>,
) -> Result<web::Json<Vec<ExamInfo>>, MakError> {
    let id = exam_id(&path)?;
    let Some((info, audience)) = look(&app, &principal, id, exam_info).await? else {
        return Ok(web::Json(Vec::new()));
    };
    let mut info = info;
    let suffix = utc_suffix(&app);
    info.begin_utc.push_str(suffix);
    info.end_utc.push_str(suffix);
    info.actions = actions::of(&app, id, audience).await?;
    Ok(web::Json(vec![info]))
}

fn exam_info(exam: &Exam) -> ExamInfo {
    let plan = &exam.plan;
    let named = |m: &engine::exam::PanelMember| Named { id: m.person.0, name: m.name.clone() };
    ExamInfo {
        id: plan.wire_id.0,
        begin_utc: datetime::write(plan.begins_at, ""),
        end_utc: datetime::write(plan.ends_at, ""),
        s_type: "professional".to_owned(),
        experts: plan.panel.iter().map(named).collect(),
        student: Named { id: plan.candidate.person.0, name: plan.candidate.name.clone() },
        exam: format!("{} ({})", plan.title, plan.qualification),
        actions: Vec::new(),
    }
}

/// `GET /api/v1/exam/{exam_id}/practice/viewstate`, possible in every state of the exam.
pub async fn viewstate(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<String>,
) -> Result<web::Json<ViewState>, MakError> {
    let id = exam_id(&path)?;
    let found = look(&app, &principal, id, |exam| {
        let candidate = |state: ViewState| ViewState {
            task_lock: Vec::new(),
            wait_experts: Vec::new(),
            ..state
        };
        (view_state(exam), candidate(view_state(exam)))
    });
    let ((whole, candidate), audience) =
        found.await?.ok_or_else(|| ApiError::not_found("there is no such exam"))?;
    Ok(web::Json(if audience == Audience::Candidate { candidate } else { whole }))
}

fn view_state(exam: &Exam) -> ViewState {
    let mut state = ViewState {
        state: exam.phase.word().to_owned(),
        task: None,
        task_lock: Vec::new(),
        wait_experts: Vec::new(),
    };
    if exam.phase != Phase::PracticeRunning {
        return state;
    }
    state.task = exam.current_task().map(|task| task.id.0);
    let locked = exam.practice.tasks.iter().filter(|(_, t)| !t.locks.is_empty());
    state.task_lock = locked.map(|(task, _)| task.0).collect();
    let waits = exam.waits().into_iter().filter(|wait| wait.what == WaitFor::Lock);
    state.wait_experts = waits.map(|wait| wait.expert.0).collect();
    state
}

/// Reads something of an exam on behalf of a person; `None` when there is no such exam.
async fn look<T: Send + 'static>(
    app: &App,
    principal: &Principal,
    id: WireId,
    f: impl FnOnce(&Exam) -> T + Send + 'static,
) -> Result<Option<(T, Audience)>, MakError> {
    let who = principal.clone();
    let seen = app.exams.inspect(id, move |exam, _| {
        let audience = who.audience(exam)?;
        Ok::<_, ApiError>((f(exam), audience))
    });
    match seen.await {
        Ok(found) => Ok(Some(found?)),
        Err(SubmitError::UnknownExam) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The number in the path.
///
/// # Errors
/// 422 when it is none.
pub fn exam_id(text: &str) -> Result<WireId, Faults> {
    number(text, "exam_id").map(WireId)
}

fn number(text: &str, name: &str) -> Result<u64, Faults> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let parsed = plain.then(|| text.parse().ok()).flatten();
    parsed.filter(|n| *n <= engine::question::ID_MAX).ok_or_else(|| {
        let mut faults = Faults::default();
        faults.add(&["path", name], "value is not a valid integer", "type_error.integer");
        faults
    })
}

/// What this installation writes after a UTC date.
pub fn utc_suffix(app: &App) -> &str {
    &app.config.legacy.utc_suffix
}
