//! What the endpoints remember between requests: shares of clients and addresses, and proofs.

use super::fault::Fault;
use super::proofs::Proofs;
use super::retries::Retries;
use crate::adapters::StoreRevocation;
use crate::auth::{Limiter, place_of};
use crate::config::PassportConfig;
use actix_web::HttpRequest;
use actors::ports::{Clock, IdSource};
use std::net::IpAddr;
use std::sync::Arc;

/// Clients and addresses that are remembered at once.
const KEYS_MAX: usize = 20_000;

/// The endpoints' memory, which ends with the program.
pub struct Oauth {
    /// Nonces, and proofs of possession that were seen.
    pub proofs: Arc<Proofs>,
    /// Refresh tokens that were used a moment ago.
    pub retries: Retries,
    by_client: Limiter<String>,
    by_address: Limiter<IpAddr>,
    failures: Limiter<IpAddr>,
}

impl Oauth {
    /// With the shares of the configuration, a quarter of them while the shared cache is away.
    pub fn new(
        ids: &dyn IdSource,
        clock: &Arc<dyn Clock>,
        config: &PassportConfig,
        revocation: &StoreRevocation,
    ) -> Oauth {
        let alone = &revocation.cache_away();
        let share = |most| Limiter::per_minute(clock, most, KEYS_MAX, alone);
        let by_client = config.requests_per_client_per_minute;
        Oauth {
            proofs: Arc::new(Proofs::new(ids)),
            retries: Retries::default(),
            by_client: Limiter::per_minute(clock, by_client, KEYS_MAX, alone),
            by_address: share(config.requests_per_address_per_minute),
            failures: share(config.failures_per_address_per_minute),
        }
    }

    /// Counts a request of an address.
    ///
    /// # Errors
    /// 429 when it has used up its share.
    pub fn from_address(&self, request: &HttpRequest) -> Result<(), Fault> {
        let Some(peer) = request.peer_addr() else { return Ok(()) };
        self.by_address.take(&place_of(peer.ip())).map_err(Fault::slow_down)
    }

    /// Counts a request of a client that has proved who it is.
    ///
    /// # Errors
    /// 429 when it has used up its share.
    pub fn from_client(&self, client: &str) -> Result<(), Fault> {
        self.by_client.take(&client.to_owned()).map_err(Fault::slow_down)
    }

    /// Counts a client's failed proof of who it is: guessing is slowed down.
    pub fn failed(&self, request: &HttpRequest, fault: Fault) -> Fault {
        let Some(peer) = request.peer_addr() else { return fault };
        match self.failures.take(&place_of(peer.ip())) {
            Ok(()) => fault,
            Err(wait) => Fault::slow_down(wait),
        }
    }
}
