//! The shares of requests: per address for everything, per person for commands.

use crate::app::App;
use crate::auth::{Limiter, place_of};
use crate::error::ApiError;
use engine::PersonId;
use std::net::IpAddr;
use std::time::Duration;

/// Addresses and people remembered at the same time.
const KEYS_MAX: usize = 20_000;
const SECOND: Duration = Duration::from_secs(1);

/// Counts requests and commands; shared by all workers.
#[derive(Debug)]
pub struct Gate {
    by_address: Limiter<IpAddr>,
    by_person: Limiter<PersonId>,
}

impl Gate {
    /// Shares as configured.
    pub fn new(app: &App) -> Gate {
        let live = &app.live;
        let (requests, commands) = (live.requests_per_second_max, live.frames_per_second_max);
        Gate {
            by_address: Limiter::new(app.clock.clone(), requests, SECOND, KEYS_MAX),
            by_person: Limiter::new(app.clock.clone(), commands, SECOND, KEYS_MAX),
        }
    }

    /// Counts a request of an address.
    ///
    /// # Errors
    /// 429 beyond its share.
    pub fn request(&self, address: IpAddr) -> Result<(), ApiError> {
        self.by_address.take(&place_of(address)).map_err(ApiError::too_many)
    }

    /// Counts a command of a person.
    ///
    /// # Errors
    /// 429 beyond their share.
    pub fn command(&self, person: PersonId) -> Result<(), ApiError> {
        self.by_person.take(&person).map_err(ApiError::too_many)
    }
}
