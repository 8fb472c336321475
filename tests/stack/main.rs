//! The whole program under test: each test has a station of its own, with its own database, on a
//! free port. A stack that is dropped without being stopped, or does not stop cleanly, fails its
//! test. Waits are on values.

mod administration;
mod attacks;
mod audit;
mod blindness;
mod centre;
mod clock;
mod day;
mod disk;
mod interop;
mod limits;
mod live;
mod mak;
mod oauth;
mod owners;
mod panics;
mod pins;
mod push;
mod reconnects;
mod rights;
mod signin;
mod stops;
mod tls;
