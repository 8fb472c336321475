//! The exam-day load generator: it drives the real `nsk` as a process over sockets, measures it
//! beside bare baselines in the same run, and reports ratios. `README.md` says how to read them.

pub mod http;
pub mod latency;
pub mod process;
pub mod report;
pub mod socket;
