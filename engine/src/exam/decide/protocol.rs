//! The panel's verdict and the protocol with its signatures.

use super::{Scratch, text};
use crate::exam::event::Event;
use crate::exam::{Phase, Rejection, Verdict};

impl Scratch<'_> {
    pub(super) fn vote_verdict(
        &mut self,
        passed: bool,
        reason: Option<&String>,
    ) -> Result<(), Rejection> {
        let expert = self.present_expert()?;
        self.in_phase(&[Phase::PracticeScored])?;
        let computed = self.computed_verdict();
        let reason = match reason {
            Some(reason) => Some(text("reason", reason)?),
            None if passed != computed => {
                let expected = "a reason for departing from the computed verdict".into();
                return Err(Rejection::Invalid { field: "reason", expected });
            }
            None => None,
        };
        let vote = (passed, reason.clone());
        if self.exam.practice.votes.get(&expert) != Some(&vote) {
            self.emit(Event::VerdictVoted { expert, passed, reason });
        }
        self.decide_verdict();
        Ok(())
    }

    /// Once all present have voted: the majority, or on a tie the chair. A vote stays when its
    /// expert leaves.
    pub(super) fn decide_verdict(&mut self) {
        let computed = self.computed_verdict();
        let votes = &self.exam.practice.votes;
        let all = self.exam.present.keys().all(|e| votes.contains_key(e));
        if !all || votes.len() < self.exam.quorum() {
            return;
        }
        let yes = votes.values().filter(|(passed, _)| *passed).count();
        let no = votes.len() - yes;
        let chair = self.exam.chair().and_then(|c| votes.get(&c)).map(|(passed, _)| *passed);
        let (passed, by_chair) = match yes.cmp(&no) {
            std::cmp::Ordering::Greater => (true, false),
            std::cmp::Ordering::Less => (false, false),
            std::cmp::Ordering::Equal => match chair {
                Some(passed) => (passed, true),
                // A tie without the chair cannot be decided: it waits for them.
                None => return,
            },
        };
        let reasons = votes
            .values()
            .filter(|(vote, _)| *vote == passed && passed != computed)
            .filter_map(|(_, reason)| reason.clone())
            .collect();
        let verdict = Verdict { passed, departed: passed != computed, by_chair, reasons };
        self.emit(Event::VerdictDecided { verdict });
        self.draft_protocol();
    }

    fn computed_verdict(&self) -> bool {
        self.exam.practice.scored.is_some_and(|(_, passed)| passed)
    }

    pub(super) fn draft_protocol(&mut self) {
        let outcome = self.exam.implied_outcome();
        let protocol_hash = self.exam.protocol_hash(outcome);
        self.emit(Event::ProtocolDrafted { outcome, protocol_hash });
    }

    pub(super) fn sign_protocol(&mut self, dissent: Option<&String>) -> Result<(), Rejection> {
        let expert = self.expert()?;
        self.in_phase(&[Phase::ProtocolDraft])?;
        let dissent = dissent.map(|d| text("dissent", d)).transpose()?;
        let Some(protocol) = &self.exam.protocol else {
            return Err(Rejection::Unknown("protocol"));
        };
        if protocol.signatures.contains_key(&expert) {
            return Err(Rejection::AlreadyDone);
        }
        if !protocol.signers.contains(&expert) {
            return Err(Rejection::NotAllowed("an expert who sat on this panel"));
        }
        let is_chair = self.exam.chair() == Some(expert);
        let mut missing = self.exam.missing_signers();
        missing.retain(|s| *s != expert);
        if is_chair && !missing.is_empty() {
            return Err(Rejection::SignaturesMissing(missing));
        }
        let outcome = protocol.outcome;
        self.emit(Event::ProtocolSigned { expert, dissent });
        if is_chair {
            self.emit(Event::Completed { outcome });
            self.reveal_seed();
        }
        Ok(())
    }
}
