//! Supervised actors around the exam engine: the only crate that names `actix`.

pub mod catalog;
pub mod clock;
pub mod error;
pub mod exams;
pub mod feed;
pub mod journal;
pub mod ports;
pub mod settings;
pub mod supervision;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
