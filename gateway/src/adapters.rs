//! The actors' ports over the real world: the database, the machine's clock.

pub mod clock;
