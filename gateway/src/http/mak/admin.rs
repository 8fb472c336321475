//! Administration of the legacy МАК: every answer is one JSON string.

use super::{MakError, number};
use crate::app::App;
use crate::auth::Principal;
use crate::error::ApiError;
use actix_web::web;
use actors::catalog::{ListFilter, Listed};
use engine::{Blueprint, Form, Moment, Seed};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Most exams that `stat` counts.
const STAT_EXAMS_MAX: usize = 100_000;
/// One day, in ms.
const DAY_MS: i64 = 86_400_000;

/// `GET /api/v1/admin/stat`: exams by state and outcome, today (UTC) and in all.
pub async fn stat(app: web::Data<App>) -> Result<web::Json<String>, MakError> {
    let mut all = Counts::default();
    let mut today = Counts::default();
    let midnight = Moment(app.clock.now().0.div_euclid(DAY_MS) * DAY_MS);
    let tomorrow = Moment(midnight.0 + DAY_MS);
    let mut filter = ListFilter { limit: app.live.list_max, ..ListFilter::default() };
    while all.exams < STAT_EXAMS_MAX {
        let page =
            app.catalog.list(&filter).await.map_err(|e| ApiError::unavailable(e.to_string()))?;
        for exam in &page {
            all.add(exam);
            if exam.begins_at < tomorrow && exam.ends_at >= midnight {
                today.add(exam);
            }
        }
        match page.last() {
            Some(last) if page.len() == filter.limit as usize => filter.after = Some(last.wire_id),
            _ => break,
        }
    }
    Ok(web::Json(format!("today {today}; in all {all}")))
}

#[derive(Default)]
struct Counts {
    exams: usize,
    phases: BTreeMap<String, usize>,
    outcomes: BTreeMap<String, usize>,
}

impl Counts {
    fn add(&mut self, exam: &Listed) {
        self.exams += 1;
        *self.phases.entry(exam.phase.clone()).or_default() += 1;
        if let Some(outcome) = exam.body["outcome"].as_str() {
            *self.outcomes.entry(outcome.to_owned()).or_default() += 1;
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.exams)?;
        for (mark, counts) in [(": ", &self.phases), (" / ", &self.outcomes)] {
            let words: Vec<String> = counts.iter().map(|(word, n)| format!("{word} {n}")).collect();
            if !words.is_empty() {
                write!(f, "{mark}{}", words.join(", "))?;
            }
        }
        Ok(())
    }
}

/// `GET /api/v1/admin/test/{skill_id}`: the tools for a qualification on this station, and whether a
/// form can be drawn from each.
pub async fn test(
    app: web::Data<App>,
    path: web::Path<String>,
) -> Result<web::Json<String>, MakError> {
    let skill = number(&path, "skill_id")?;
    let heads = app.store.materials_for(skill).await.map_err(|e| ApiError::internal(&e))?;
    let mut lines = Vec::new();
    let mut qualification = None;
    for head in &heads {
        let mut line = format!("{} version {} {}", head.title, head.version, head.hash.short());
        if head.kind == entities::MaterialKind::Theory {
            let tool = app.catalog.tool(head.hash).await.map_err(|e| ApiError::internal(&e))?;
            let Some(tool) = tool else { continue };
            let q = &tool.qualification;
            qualification.get_or_insert_with(|| format!("{} ({})", q.name, q.num));
            let seed = Seed(app.ids.seed());
            let drawn = Form::assemble(&tool, &Blueprint::of(&tool), &seed);
            match drawn {
                Ok(form) => write!(line, ": a form of {} questions can be drawn", form.items.len()),
                Err(error) => write!(line, ": no form can be drawn: {error}"),
            }
            .map_err(|e| ApiError::internal(&e))?;
        } else {
            line.push_str(": practice tool");
        }
        lines.push(line);
    }
    let name = qualification.unwrap_or_else(|| format!("qualification {skill}"));
    if lines.is_empty() {
        return Ok(web::Json(format!("{name}: no tools on this station")));
    }
    Ok(web::Json(format!("{name}: {}", lines.join("; "))))
}

/// `POST /api/v1/admin/poweroff`. The machine belongs to its own operator: the request is written
/// to the log, and nothing is switched off.
pub async fn poweroff(principal: Principal) -> web::Json<&'static str> {
    tracing::warn!(person = %principal.person, "power off was asked for");
    web::Json("noted; this station is switched off by hand")
}

/// `GET /api/v1/sync/exams`: there is no link to a centre yet.
pub async fn sync_exams() -> web::Json<&'static str> {
    web::Json("not connected")
}
