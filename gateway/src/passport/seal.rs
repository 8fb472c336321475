//! Tokens sealed with a PIN for a station that has no network.

pub mod scheme;
