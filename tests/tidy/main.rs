//! The rules of ARCHITECTURE.md as tests over the text of the tree: what a reviewer would
//! otherwise have to remember. Each rule is a function of a path and its text, and each has a
//! second test that plants an offence and sees it found.
//!
//! A rule about the running program (every route has a permission, the TypeScript wire types are
//! fresh) belongs in a module of its own here, beside `layers`, fed by `gateway`'s own lists.

mod calls;
mod code;
mod layers;
mod lints;
mod logs;
mod names;
mod papers;
mod sizes;
mod tree;
