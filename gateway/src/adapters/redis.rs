//! The connection to Redis, as every use of it here needs one: short waits, and no word of the
//! password in what is logged.

use crate::error::Trouble;
use redis::Client;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use std::time::Duration;

/// Longest wait for a connection or an answer: whoever asks has another way.
pub const ANSWER_MS_MAX: u64 = 500;

/// A client for an address. Nothing is connected yet.
///
/// # Errors
/// When it is no address of a Redis.
pub fn client(url: &str) -> Result<Client, Trouble> {
    // What the driver says about an address may repeat it, and with it the password.
    Client::open(url).map_err(|_| {
        Trouble::new("the address of Redis cannot be used")
            .remedy("give redis.url as redis://user:password@host:6379/0")
    })
}

/// A connection that is made when it is first used, and anew by the first command after it broke.
///
/// # Errors
/// When it is no address of a Redis.
pub fn connection(client: &Client) -> Result<ConnectionManager, Trouble> {
    let most = Duration::from_millis(ANSWER_MS_MAX);
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_connection_timeout(Some(most))
        .set_response_timeout(Some(most));
    client.get_connection_manager_lazy(config).map_err(|_| {
        Trouble::new("Redis cannot be used").remedy("check redis.url in the configuration")
    })
}
