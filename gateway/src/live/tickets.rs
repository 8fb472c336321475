//! Single-use tickets: they stand for a signed-in person for a short time, where neither a cookie
//! nor a header can be sent, and are then bound to the connection that used them.

use crate::app::App;
use crate::auth::Principal;
use crate::error::ApiError;
use engine::{Moment, Span};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The tickets that wait to be used.
#[derive(Debug, Default)]
pub struct Tickets(Mutex<HashMap<String, (Principal, Moment)>>);

impl Tickets {
    /// A ticket for this person, and until when it can be used.
    ///
    /// # Errors
    /// 429 when too many tickets wait.
    pub fn issue(&self, app: &App, principal: Principal) -> Result<(String, Moment), ApiError> {
        let now = app.clock.now();
        let life = i64::try_from(app.live.ticket_ms).unwrap_or(i64::MAX);
        let exp = now + Span(life);
        let ticket = hex::encode(app.ids.seed());
        self.keep(ticket.clone(), (principal, exp), now, app.live.tickets_max)?;
        Ok((ticket, exp))
    }

    fn keep(
        &self,
        ticket: String,
        held: (Principal, Moment),
        now: Moment,
        most: usize,
    ) -> Result<(), ApiError> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= most {
            waiting.retain(|_, (_, exp)| *exp > now);
            if waiting.len() >= most {
                return Err(ApiError::too_many(1_000));
            }
        }
        waiting.insert(ticket, held);
        Ok(())
    }

    /// Takes a ticket: it cannot be used again.
    pub fn take(&self, ticket: &str, now: Moment) -> Option<Principal> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (principal, exp) = waiting.remove(ticket)?;
        (now < exp).then_some(principal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn someone() -> Principal {
        Principal::somebody(7, Moment(1_000_000))
    }

    #[test]
    fn a_ticket_is_used_once_and_in_time() {
        let tickets = Tickets::default();
        let keep = |name: &str| tickets.keep(name.into(), (someone(), Moment(30)), Moment(0), 2);
        keep("a").expect("kept");
        keep("b").expect("kept");
        assert_eq!(tickets.take("a", Moment(29)), Some(someone()));
        assert_eq!(tickets.take("a", Moment(29)), None);
        assert_eq!(tickets.take("b", Moment(30)), None);
        assert_eq!(tickets.take("c", Moment(0)), None);
    }

    #[test]
    fn old_tickets_make_room_and_fresh_ones_do_not() {
        let tickets = Tickets::default();
        let keep = |name: &str, now| {
            tickets.keep(name.into(), (someone(), Moment(now + 30)), Moment(now), 2)
        };
        keep("a", 0).expect("kept");
        keep("b", 0).expect("kept");
        assert!(keep("c", 10).expect_err("full").temporary);
        keep("d", 30).expect("the old ones have faded");
    }
}
