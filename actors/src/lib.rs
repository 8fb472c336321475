//! Supervised actors around the exam engine: the only crate that names `actix`.

pub mod board;
pub mod catalog;
pub mod clock;
pub mod error;
pub mod exam;
pub mod exams;
pub mod faults;
pub mod feed;
pub mod journal;
pub mod ports;
pub mod session;
pub mod settings;
pub mod supervision;
pub mod system;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
