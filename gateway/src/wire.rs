//! Shapes on the wire: the frames of the live protocol, the bodies of the HTTP twins and the
//! legacy МАК replies. Views and commands are the engine's own types; a type stands here only where
//! the outside shape differs or has no inside. `typescript()` writes them all for the pages.

pub mod board;
pub mod client;
pub mod exams;
pub mod mak;
pub mod passport;
pub mod planning;
pub mod problem;
pub mod qr;
pub mod server;
pub mod sessions;
mod typescript;

#[cfg(test)]
mod tests;

pub use typescript::typescript;

/// The version of the live protocol that this build speaks.
pub const LIVE_VERSION: u16 = 1;

/// The version of every view's shape that this build writes.
pub const VIEW_VERSION: u16 = 1;
