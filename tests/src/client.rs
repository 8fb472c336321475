//! A strict client of the live protocol v1, written from its description and not from the server's
//! code. `folding` is what a client keeps and how frames change it (pure); `following`
//! asks for streams and `socket` is the connection; `mangle` loses, repeats and reorders frames on the way between the two.

mod folding;
mod following;
mod mangle;
mod queue;
mod socket;

pub use folding::{Fold, Standing, Tally};
pub use mangle::Mangle;
pub use queue::{Answer, Pending, Queue};
pub use socket::{Client, Gone};

#[cfg(test)]
mod tests;
