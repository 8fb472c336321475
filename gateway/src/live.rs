//! Live connections: the protocol v1 over WebSocket, and server-sent events as a second push path.
//!
//! A connection is a response body that the server polls: it reads what the client sent, and
//! takes from its bounded outbox what is to be sent. It has no task, timer or buffer of its own
//! while nothing happens. One sweep per worker looks after pings, expiry, revocation and draining.

use actix_web::dev::Extensions;
use std::any::Any;

mod commands;
mod conn;
mod encode;
mod events;
mod frame;
mod gate;
mod hub;
mod socket;
mod streams;
mod tickets;
mod worker;

pub use events::events;
pub use gate::Gate;
pub use hub::Hub;
pub use socket::{SUBPROTOCOL, socket};
pub use worker::Worker;

/// What the HTTP server should buffer for one connection before it writes, bytes: a socket keeps
/// about this much for as long as it is open.
pub const WRITE_BUFFER_BYTES: usize = 4 * 1024;

/// For `HttpServer::on_connect`: the system gives a connection up when its peer takes nothing for
/// this long, be it stuck or gone. The sweep names such a client slow before; this frees its memory.
pub fn give_up_after(ms: u64) -> impl Fn(&dyn Any, &mut Extensions) + Send + Sync + 'static {
    let ms = u32::try_from(ms.saturating_mul(2)).unwrap_or(u32::MAX);
    move |io, _| {
        let Some(stream) = io.downcast_ref::<actix_web::rt::net::TcpStream>() else { return };
        if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, ms) {
            tracing::debug!(%error, "no limit on the silence of a connection");
        }
    }
}

/// As [`give_up_after`], for every connection of a listener: under TLS the connection itself is out
/// of reach, but the kernel hands the option on to what is accepted.
pub fn give_up_accepted_after(listener: &std::net::TcpListener, ms: u64) {
    let ms = u32::try_from(ms.saturating_mul(2)).unwrap_or(u32::MAX);
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(listener, ms) {
        tracing::debug!(%error, "no limit on the silence of connections");
    }
}

/// Why a connection ends: the close codes of the protocol. Below 4500 the client comes back.
pub mod code {
    /// The program stops.
    pub const SHUTDOWN: u16 = 4001;
    /// The client does not take, or does not say, what it should in time.
    pub const SLOW: u16 = 4008;
    /// What the client may see has changed: it starts anew.
    pub const STATE: u16 = 4010;
    /// No answer to a ping.
    pub const NO_PONG: u16 = 4012;
    /// Not possible now.
    pub const UNAVAILABLE: u16 = 4013;
    /// The sign-in has expired.
    pub const EXPIRED: u16 = 4101;
    /// Not understood.
    pub const BAD_REQUEST: u16 = 4500;
    /// The sign-in was revoked.
    pub const REVOKED: u16 = 4501;
    /// Not signed in, or without the right.
    pub const FORBIDDEN: u16 = 4503;
    /// A version that this build does not speak.
    pub const VERSION: u16 = 4506;
}

#[cfg(test)]
mod tests;
