//! The exam-day load generator: it drives the real `nsk` as a process over sockets, measures it
//! beside bare baselines in the same run, and reports ratios. `README.md` says how to read them.

pub mod audience;
pub mod baseline;
pub mod bench;
pub mod day;
pub mod http;
pub mod latency;
pub mod options;
pub mod process;
pub mod publisher;
pub mod report;
pub mod socket;
pub mod station;
