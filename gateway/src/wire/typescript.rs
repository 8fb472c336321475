//! The TypeScript of every wire type, for `web/src/api/generated.ts`.

use super::{board, client, exams, planning, problem, server, sessions};
use engine::exam::{self, view};
use engine::form::presented;
use engine::{question, scoring};
use ts_rs::{Config, TS};

const HEAD: &str =
    "// Written by `nsk` from its Rust types; a test keeps it up to date. Change those.\n";

macro_rules! each {
    ($call:ident; $($ty:ty),* $(,)?) => { $( $call::<$ty>(); )* };
    ($call:ident, $arg:expr; $($ty:ty),* $(,)?) => { $( $call::<$ty>($arg); )* };
}

macro_rules! every_type {
    ($call:ident, $arg:expr) => {
        each!($call, $arg;
            exam::Role, exam::Severity, exam::Category, exam::Outcome, exam::PanelRole,
            exam::ExamClass, exam::WaitFor, exam::Phase, exam::PanelMember, exam::Candidate,
            exam::Plan, question::Answer, question::AnswerFault, exam::Command,
            presented::PresentedKind, presented::PresentedVariant, presented::PresentedSegment,
            presented::PresentedQuestion,
            view::CandidateView, view::SeatView, view::TheoryResultView, view::TheoryView,
            view::MarkView, view::CriterionView, view::TaskView, view::PracticeView,
            view::TimeView, view::WaitView, view::VerdictView, view::SignatureView,
            view::ProtocolView, view::IncidentView, view::CommentView, view::ExamView,
            view::BoardWait, view::BoardRow, board::BoardAlert, board::BoardState,
            scoring::explanation::Named, scoring::explanation::MatchingRow,
            scoring::explanation::GapRow, scoring::explanation::Comparison,
            scoring::explanation::Outcome, scoring::Explanation, scoring::ItemScore,
            scoring::ScoreSheet,
            server::PersonFrame, server::WelcomeFrame, server::LimitsFrame, server::SubFrame,
            server::SnapFrame, server::By, server::EvFrame, server::DigFrame, server::LagFrame,
            server::MemberFrame, server::PresFrame, server::AckFrame, server::ErrFrame,
            server::PingFrame, server::AuthSoonFrame, server::AuthFrame, server::ByeFrame,
            server::ServerFrame,
            client::ResumeFrame, client::PositionFrame, client::HelloFrame,
            client::SubscribeFrame, client::UnsubscribeFrame, client::StreamFrame,
            client::CommandFrame, client::PongFrame, client::RenewFrame, client::ClientFrame,
            problem::Problem, sessions::SessionRequest, sessions::Session, sessions::Ticket,
            exams::CommandRequest, exams::CommandReply, exams::PlanRequest, exams::ListedExam,
            exams::ExamList, exams::ExamSnapshot, exams::BoardSnapshot, exams::TimelineRecord,
            exams::Timeline, exams::Sentences, exams::SheetReply, exams::ReleaseReply,
            planning::PlannablePerson, planning::PlannableTool, planning::Planning,
        )
    };
}

/// The text of `web/src/api/generated.ts`.
pub fn typescript() -> String {
    let mut out = HEAD.to_owned();
    every_type!(declare, &mut out);
    out
}

/// Whole numbers stay below 2^53, so they are `number` in a browser.
fn config() -> Config {
    Config::new().with_large_int("number")
}

fn declare<T: TS + 'static>(out: &mut String) {
    out.push('\n');
    out.push_str(T::docs().as_deref().unwrap_or_default());
    out.push_str("export ");
    out.push_str(&T::decl(&config()));
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn names<T: TS + 'static>((declared, used): &mut (BTreeSet<String>, BTreeSet<String>)) {
        declared.insert(T::ident(&config()));
        used.extend(T::dependencies(&config()).into_iter().map(|d| d.ts_name));
    }

    #[test]
    fn every_type_that_is_named_is_declared_once() {
        let mut found = (BTreeSet::new(), BTreeSet::new());
        every_type!(names, &mut found);
        let (declared, used) = found;
        assert_eq!(used.difference(&declared).collect::<Vec<_>>(), Vec::<&String>::new());
        assert_eq!(typescript().matches("\nexport type ").count(), declared.len());
    }

    #[test]
    fn the_pages_have_the_types_of_this_build() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../web/src/api/generated.ts");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == typescript(),
            "{path} is stale: run `nsk export-types -o web/src/api/generated.ts`"
        );
    }
}
