//! The digital passport: identity for people, services and field stations.
//!
//! `engine::identity` holds the rules; here they meet keys, stores and HTTP.

pub mod admin;
pub mod audit;
pub mod format;
pub mod keys;
pub mod names;
pub mod oauth;
pub mod pages;
pub mod seal;
