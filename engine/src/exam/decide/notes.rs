//! Incidents, comments and free-form actions: everything that is said beside the marks.

use super::{Scratch, text};
use crate::exam::command::{ACTION_BYTES_MAX, ACTION_DEPTH_MAX, Category, Severity};
use crate::exam::event::Event;
use crate::exam::{Phase, Rejection};
use crate::question::ID_MAX;
use serde_json::Value;

/// Most incidents, comments or free-form actions of one exam, each.
const NOTES_MAX: usize = 1_000;
/// Longest type of a free-form action, characters.
const A_TYPE_CHARS_MAX: usize = 64;

impl Scratch<'_> {
    /// Whoever runs the exam may speak: the panel, an operator, the program.
    fn may_note(&self) -> Result<(), Rejection> {
        if self.exam.phase.is_final() {
            return Err(Rejection::WrongPhase(self.exam.phase));
        }
        if self.expert().is_ok() || self.is_system() {
            return Ok(());
        }
        self.scheduler().map_err(|_| Rejection::NotAllowed("the panel or an operator"))
    }

    pub(super) fn report_incident(
        &mut self,
        category: Category,
        severity: Severity,
        what: &str,
    ) -> Result<(), Rejection> {
        let by_candidate = self.candidate().is_ok() && self.exam.phase.is_live();
        if !by_candidate {
            self.may_note()?;
        }
        let text = text("text", what)?;
        if self.exam.incidents.len() >= NOTES_MAX {
            return Err(Rejection::Limit("incidents of an exam"));
        }
        self.emit(Event::IncidentReported { category, severity, text });
        Ok(())
    }

    pub(super) fn resolve_incident(&mut self, incident: u64, how: &str) -> Result<(), Rejection> {
        self.may_note()?;
        let text = text("text", how)?;
        match self.exam.incidents.get(&incident) {
            None => Err(Rejection::Unknown("incident")),
            Some(i) if i.resolved.is_some() => Err(Rejection::AlreadyDone),
            Some(_) => {
                self.emit(Event::IncidentResolved { incident, text });
                Ok(())
            }
        }
    }

    pub(super) fn add_comment(&mut self, category: Category, what: &str) -> Result<(), Rejection> {
        self.may_note()?;
        let text = text("text", what)?;
        if self.exam.comments.len() >= NOTES_MAX {
            return Err(Rejection::Limit("comments of an exam"));
        }
        self.emit(Event::CommentAdded { category, text });
        Ok(())
    }

    pub(super) fn note_action(&mut self, a_type: &str, data: &Value) -> Result<(), Rejection> {
        self.present_expert()?;
        self.in_phase(&[Phase::PracticeAdmitted, Phase::PracticeRunning, Phase::PracticeScored])?;
        let a_type = text("a_type", a_type)?;
        if a_type.chars().count() > A_TYPE_CHARS_MAX {
            let expected = format!("at most {A_TYPE_CHARS_MAX} characters");
            return Err(Rejection::Invalid { field: "a_type", expected });
        }
        if !keepable(data, ACTION_DEPTH_MAX) {
            let expected = format!(
                "numbers that keep their value and at most {ACTION_DEPTH_MAX} levels of nesting"
            );
            return Err(Rejection::Invalid { field: "data", expected });
        }
        if data.to_string().len() > ACTION_BYTES_MAX {
            let expected = format!("at most {ACTION_BYTES_MAX} bytes of JSON");
            return Err(Rejection::Invalid { field: "data", expected });
        }
        if self.exam.actions.len() >= NOTES_MAX {
            return Err(Rejection::Limit("actions of an exam"));
        }
        self.emit(Event::ActionNoted { a_type, data: data.clone() });
        Ok(())
    }
}

/// Not too deep, and every number is the same after it was written, hashed and read again: whole
/// numbers hash as IEEE doubles, and some decimals do not survive being read.
fn keepable(data: &Value, depth: usize) -> bool {
    match data {
        Value::Array(items) => depth > 0 && items.iter().all(|v| keepable(v, depth - 1)),
        Value::Object(fields) => depth > 0 && fields.values().all(|v| keepable(v, depth - 1)),
        Value::Number(n) => match (n.as_i64(), n.as_u64(), n.as_f64()) {
            (Some(whole), _, _) => whole.unsigned_abs() <= ID_MAX,
            (None, Some(_), _) => false,
            (None, None, Some(f)) => {
                serde_json::from_str::<Value>(&n.to_string()).is_ok_and(|r| r.as_f64() == Some(f))
            }
            (None, None, None) => false,
        },
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}
