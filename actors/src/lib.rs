//! Supervised actors around the exam engine: the only crate that names `actix`.

pub mod clock;
pub mod error;
pub mod ports;
pub mod settings;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
