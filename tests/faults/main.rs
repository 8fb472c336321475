//! The real program under faults of the machine: killed at any instant, started twice, on a disk
//! that fills up, on a directory that cannot be written, on a database of another version, stopped
//! and started again. What needs a right that the machine does not give says "not run" and why.

mod days;
mod disks;
mod kills;
mod servers;
mod starts;
