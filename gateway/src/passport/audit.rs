//! The audit: hash-chained, with signed checkpoints.
