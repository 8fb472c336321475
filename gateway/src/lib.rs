//! HTTP, WebSocket and the adapters of the exam engine; the composition root of the program `nsk`.

pub mod adapters;
pub mod app;
pub mod assets;
pub mod asyncapi;
pub mod auth;
pub mod cli;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod error;
pub mod export;
pub mod http;
pub mod import;
pub mod live;
pub mod openapi;
pub mod passport;
pub mod serve;
pub mod telemetry;
pub mod wire;
