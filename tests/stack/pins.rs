//! Signing in at a station by PIN: a passport makes a manifest, a station without a network takes
//! it, and people sign in through HTTP while others guess, roll back, tamper and turn the clock.

mod answers;
mod field;
mod guessing;
mod manifests;
mod pictures;
mod sabotage;
mod visitors;
