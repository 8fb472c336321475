//! The exam's state machine, time ledger, views and exports.
//!
//! `scenarios/*.txt` are readable courses of exams; `golden/` holds reviewed artefacts: the table
//! of who may do what when, every event as it is stored, and a whole stored exam.

mod blindness;
mod consistency;
mod events;
mod export;
mod golden;
mod guards;
mod ledger;
mod matrix;
mod random;
mod replay;
mod rig;
mod scenarios;
mod script;
mod views;
