//! The neutral export: one JSON document that holds everything an outside program needs to check
//! the form, the score and the chain, without this program.

use super::{Exam, FoldError, Materials, Outcome, Phase};
use crate::canon::Hash;
use crate::chain::{ChainFault, Record, verify};
use crate::form::{Blueprint, Form};
use crate::ids::{StreamId, WireId};
use crate::practice::{PracticeTool, verdict};
use crate::scoring::{ScoreSheet, ScoringPolicy, score};
use crate::tool::Tool;
use serde::{Deserialize, Serialize};

/// The export's format, named in every document.
pub const FORMAT: &str = "nsk-exam-export/1";

/// A whole exam.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Export {
    /// Always [`FORMAT`].
    pub format: String,
    /// The exam's number.
    pub wire_id: WireId,
    /// The stream's id.
    pub stream: StreamId,
    /// Where the exam stood.
    pub phase: Phase,
    /// Its outcome, if it is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The theory tool with its keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
    /// The practice tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub practice: Option<PracticeTool>,
    /// How the form was drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blueprint: Option<Blueprint>,
    /// The form as drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<Form>,
    /// Every record.
    pub records: Vec<Record>,
    /// The hash of the last record.
    pub head: Hash,
    /// SHA-256 over the RFC 8785 form of the state after the last record.
    pub state_hash: Hash,
}

/// Why an exam cannot be exported, or an export is not sound.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ExportFault {
    /// The seed is sealed until the exam has ended.
    #[error("the exam is still {}: it can be exported when it has ended", .0.word())]
    NotEnded(Phase),
    /// The chain is broken.
    #[error(transparent)]
    Chain(#[from] ChainFault),
    /// The records do not fold.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// Something in the document contradicts the records.
    #[error("{what}: the document says {said}, the records give {found}")]
    Differs {
        /// Which part.
        what: &'static str,
        /// What the document says.
        said: String,
        /// What follows from the records.
        found: String,
    },
}

impl Export {
    /// Puts the document together.
    ///
    /// # Errors
    /// When the exam has not ended, the chain is broken or the records do not fold.
    pub fn new(records: Vec<Record>, materials: Materials) -> Result<Export, ExportFault> {
        let head = verify(&records)?;
        let exam = Exam::fold(&records, materials)?;
        if !exam.phase.is_final() {
            return Err(ExportFault::NotEnded(exam.phase));
        }
        Ok(Export {
            format: FORMAT.to_owned(),
            wire_id: exam.plan.wire_id,
            stream: exam.stream(),
            phase: exam.phase,
            outcome: exam.outcome,
            tool: exam.tool().cloned(),
            practice: exam.practice_tool().cloned(),
            blueprint: exam.blueprint(),
            form: exam.theory.form.as_deref().cloned(),
            state_hash: exam.state_hash(),
            records,
            head,
        })
    }

    /// Checks the document against itself: chain, fold, form, state.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn verify(&self) -> Result<Exam, ExportFault> {
        same("format", self.format.as_str(), FORMAT)?;
        let head = verify(&self.records)?;
        let materials = Materials {
            tool: self.tool.clone().map(Into::into),
            practice: self.practice.clone().map(Into::into),
        };
        let exam = Exam::fold(&self.records, materials)?;
        same("head", &self.head, &head)?;
        same("stream", &self.stream, &exam.stream())?;
        same("wire_id", &self.wire_id, &exam.plan.wire_id)?;
        let tool_hash = self.tool.as_ref().map(Tool::hash);
        same("tool", &show(&tool_hash), &show(&exam.plan.tool))?;
        let practice_hash = self.practice.as_ref().map(PracticeTool::hash);
        same("practice", &show(&practice_hash), &show(&exam.plan.practice))?;
        let blueprint_hash = self.blueprint.as_ref().map(Blueprint::hash);
        same("blueprint", &show(&blueprint_hash), &show(&exam.blueprint().map(|b| b.hash())))?;
        let form_hash = self.form.as_ref().map(Form::hash);
        same("form", &show(&form_hash), &show(&exam.theory.form_hash))?;
        let rebuilt = exam.theory.form.as_deref().map(Form::hash);
        same("rebuilt form", &show(&exam.theory.form_hash), &show(&rebuilt))?;
        let commitment = exam.theory.seed.as_ref().map(crate::form::Seed::commitment);
        same("commitment", &show(&exam.theory.commitment), &show(&commitment))?;
        same_scores(&exam)?;
        same("phase", self.phase.word(), exam.phase.word())?;
        same("outcome", outcome_word(self.outcome), outcome_word(exam.outcome))?;
        same("state", &self.state_hash, &exam.state_hash())?;
        Ok(exam)
    }
}

/// The recorded scores are what the recorded answers and marks come to.
fn same_scores(exam: &Exam) -> Result<(), ExportFault> {
    if let (Some(result), Some(sheet)) = (exam.theory.result, exam.theory_sheet()) {
        let said = format!("{} of {}, passed: {}", result.score, result.max, result.passed);
        let found = format!("{} of {}, passed: {}", sheet.total, sheet.max, sheet.passed);
        same("theory score", &said, &found)?;
    }
    if let (Some((total, passed)), Some(tool)) = (exam.practice.scored, exam.practice_tool()) {
        let score = verdict(tool, &exam.practice.points());
        let said = format!("{total}, passed: {passed}");
        same("practice score", &said, &format!("{}, passed: {}", score.total, score.passed))?;
    }
    Ok(())
}

fn outcome_word(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Pass) => "pass",
        Some(Outcome::Fail) => "fail",
        None => "none",
    }
}

fn show(hash: &Option<Hash>) -> String {
    hash.map_or_else(|| "none".to_owned(), |h| h.to_string())
}

fn same<T: PartialEq + ToString + ?Sized>(
    what: &'static str,
    said: &T,
    found: &T,
) -> Result<(), ExportFault> {
    if said == found {
        return Ok(());
    }
    Err(ExportFault::Differs { what, said: said.to_string(), found: found.to_string() })
}

impl Exam {
    /// How this exam's form is drawn: its plan's blueprint, or its tool's own blocks.
    pub fn blueprint(&self) -> Option<Blueprint> {
        self.plan.blueprint.clone().or_else(|| self.tool().map(Blueprint::of))
    }

    /// The explained score of the theory test as answered so far.
    pub fn theory_sheet(&self) -> Option<ScoreSheet> {
        let (tool, form) = (self.tool()?, self.theory.form.as_deref()?);
        Some(score(tool, form, &self.theory.answers, ScoringPolicy::AllOrNothing))
    }

    /// The hash that signatures stand under: everything that bears on the outcome.
    pub fn protocol_hash(&self, outcome: Outcome) -> Hash {
        #[derive(Serialize)]
        struct Signed<'a> {
            plan: &'a super::Plan,
            outcome: Outcome,
            identity: &'a std::collections::BTreeMap<crate::PersonId, crate::Moment>,
            theory: &'a Option<super::TheoryScore>,
            form: Option<Hash>,
            sheet: Option<Hash>,
            practice: &'a super::Practice,
            verdict: &'a Option<super::Verdict>,
            ledger: &'a crate::ledger::Ledger,
            incidents: &'a std::collections::BTreeMap<u64, super::Incident>,
            comments: &'a std::collections::BTreeMap<u64, super::Comment>,
        }
        Hash::of_json(&Signed {
            plan: &self.plan,
            outcome,
            identity: &self.identity,
            theory: &self.theory.result,
            form: self.theory.form_hash,
            sheet: self.theory_sheet().map(|s| Hash::of_json(&s)),
            practice: &self.practice,
            verdict: &self.verdict,
            ledger: &self.ledger,
            incidents: &self.incidents,
            comments: &self.comments,
        })
    }
}
