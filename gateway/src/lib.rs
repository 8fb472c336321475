//! HTTP, WebSocket and the adapters of the exam engine; the composition root of the program `nsk`.

pub mod adapters;
pub mod app;
pub mod assets;
pub mod asyncapi;
pub mod auth;
pub mod config;
pub mod error;
pub mod http;
pub mod live;
pub mod openapi;
pub mod telemetry;
pub mod wire;
