//! How long a token may live: one function decides.

use super::claims::{Claims, Class};
use crate::time::{Moment, Span};
use serde::{Deserialize, Serialize};

const HOUR: Span = Span::secs(3_600);
const EIGHT_HOURS: Span = Span::secs(8 * 3_600);
const TWO_HOURS: Span = Span::secs(2 * 3_600);
const DAY: Span = Span::secs(86_400);
const WEEK: Span = Span::secs(604_800);
/// Thirty calendar days are thirty times 86,400 seconds.
const THIRTY_DAYS: Span = Span::secs(2_592_000);
/// How far an issuer's clock may run ahead of ours. The end of a token has no such tolerance.
pub const SKEW: Span = Span::secs(60);

/// Which of the two sets of limits applies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Hours, a week at most: for everything.
    Aaa,
    /// A day, thirty days at most: for stations, and clients that are flagged for it.
    Passport,
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grant {
    /// The token's class.
    pub class: Class,
    /// The profile of whoever asks.
    pub profile: Profile,
    /// The life that was asked for, if any.
    pub requested: Option<Span>,
    /// The end of the token it is made from.
    pub parent_exp: Option<Moment>,
    /// The end of the right behind it: an assignment, a sealed pair.
    pub grant_exp: Option<Moment>,
}

/// Why there is no such token.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LifetimeFault {
    /// More than the class allows. It is said and not shortened silently: a station in the field
    /// must not find out when it is too late.
    #[error("the lifetime asked for is over the limit of this token")]
    OverCap,
    /// Zero or negative.
    #[error("the lifetime asked for is not a positive number of seconds")]
    NotPositive,
    /// This profile has no such class.
    #[error("this client may not have such a token")]
    NotAllowed,
    /// What it would be made from has ended.
    #[error("what the token would be made from has ended")]
    Ended,
}

/// The default life and the hard cap of a class, or nothing where the profile has no such class.
pub fn limits(class: Class, profile: Profile) -> Option<(Span, Span)> {
    Some(match (class, profile) {
        (Class::Base | Class::Role, _) => (EIGHT_HOURS, WEEK),
        (Class::Svc | Class::Dlg | Class::Qr, _) => (TWO_HOURS, WEEK),
        (Class::Legacy, Profile::Passport) => (DAY, THIRTY_DAYS),
        (Class::Mak, Profile::Passport) => (WEEK, THIRTY_DAYS),
        (Class::Child, _) => (TWO_HOURS, Span(24 * HOUR.0)),
        (Class::Legacy | Class::Mak, Profile::Aaa) => return None,
    })
}

/// When a token that is issued now ends, in whole seconds: shortened silently by what it is made
/// from, refused when more was asked for than its class allows.
///
/// # Errors
/// As [`LifetimeFault`] says.
pub fn grant(asked: Grant, now: Moment) -> Result<Moment, LifetimeFault> {
    let (default, cap) = limits(asked.class, asked.profile).ok_or(LifetimeFault::NotAllowed)?;
    let life = asked.requested.unwrap_or(default);
    if life.0 <= 0 {
        return Err(LifetimeFault::NotPositive);
    }
    if life > cap {
        return Err(LifetimeFault::OverCap);
    }
    let bounds = [asked.parent_exp, asked.grant_exp];
    let end = bounds.into_iter().flatten().fold(now + life, Moment::min);
    let end = Moment(end.0.div_euclid(1_000) * 1_000);
    if end <= now { Err(LifetimeFault::Ended) } else { Ok(end) }
}

/// Why a token does not count now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TimeFault {
    /// Its time has not come, or it says that it was issued in the future.
    #[error("the token is not valid yet")]
    NotYet,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
}

/// Whether a token counts now: while `nbf - 60 s <= now < exp`, and not issued more than 60 s
/// ahead.
///
/// # Errors
/// As [`TimeFault`] says; a token that ends before it begins has expired.
pub fn temporal(claims: &Claims, now: Moment) -> Result<(), TimeFault> {
    if now >= claims.exp {
        return Err(TimeFault::Expired);
    }
    if claims.nbf.max(claims.iat) > now + SKEW {
        return Err(TimeFault::NotYet);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
