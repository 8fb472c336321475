//! The whole tree of actors in one thread of paused time, under a seeded adversary: processes die
//! and are fenced off, appends lose their replies, actors panic, disks fill up, frames are lost,
//! repeated and reordered. What was acknowledged must be in the log exactly once, and whoever
//! looks must see the state that the log folds to, or know that they do not.
//!
//! One seed is one run, the same each time. A failure says its seed; `NSK_SEED=…` repeats it.

mod adversary;
mod audit;
mod history;
mod line;
mod observers;
mod people;
mod runs;
mod world;
