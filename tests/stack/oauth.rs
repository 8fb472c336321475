//! The passport's OAuth and OpenID Connect endpoints from end to end: what clients do every day,
//! and what somebody might try.

mod attacks;
mod exchanges;
mod flows;
pub mod kit;
mod times;
