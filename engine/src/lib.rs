//! The exam domain as pure functions: no async, no IO, no clock, no randomness, no SQL, no HTTP.
//!
//! Vocabulary (Russian terms as the field uses them):
//! * **exam** (профессиональный экзамен): one candidate's sitting, theory then practice.
//! * **tool** (оценочное средство): the bank of theory questions with its pass score.
//! * **practice tool**: tasks and criteria of the practice part.
//! * **form** (вариант): the test drawn from a tool for one candidate by a seed.
//! * **panel** (экспертная комиссия): the experts of an exam, one of them its chair.
//! * **ledger**: every entry that gave or took the candidate's time.
//! * **record**: an event as it is journalled: numbered, hash-chained, attributed.
//!
//! Time and randomness are arguments: callers pass a [`Moment`] and fresh ids or seeds.

pub mod canon;
pub mod chain;
pub mod exam;
pub mod form;
pub mod identity;
pub mod ids;
pub mod import;
pub mod lang;
pub mod ledger;
pub mod patch;
pub mod points;
pub mod practice;
pub mod question;
pub mod scoring;
pub mod session;
pub mod time;
pub mod tool;

pub use canon::Hash;
pub use chain::{Actor, Record};
pub use exam::Exam;
pub use form::{Blueprint, Form, Seed};
pub use ids::{CommandId, PersonId, StreamId, WireId};
pub use import::{ImportLimits, Imported, Problem};
pub use lang::Lang;
pub use points::Points;
pub use practice::{CriterionId, PracticeTool, TaskId};
pub use question::{Answer, AnswerFault, Question, QuestionId, VariantId};
pub use scoring::{ScoreSheet, ScoringPolicy, score};
pub use time::{Moment, Span};
pub use tool::{BlockId, Tool, TopicId};
