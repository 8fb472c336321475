//! What the product is compared with: the least that could do the same job.

pub mod fanout;
pub mod reader;
pub mod writer;
