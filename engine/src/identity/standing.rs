//! Whether a verified token still stands: what was revoked, and how old that knowledge may be.

use super::revocation::{Carried, Epochs, Level};
use crate::time::{Moment, Span};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How old the knowledge of revocations may be where something is changed.
pub const CHANGES_AGE_MAX: Span = Span::secs(60);
/// How old it may be where something is only read or watched.
pub const READS_AGE_MAX: Span = Span::minutes(15);
/// From this age on an answer says how old the knowledge behind it was.
pub const AGE_TOLD_FROM: Span = Span::secs(10);
/// When a refused client may ask again.
pub const RETRY: Span = Span::secs(5);

/// What was revoked.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revoked {
    /// One token, by its `jti`, and all that were made from it.
    Token(String),
    /// Every token of a session, by its `sid`.
    Session(String),
    /// All that were made from a token, by its `jti`; not the token itself.
    Origin(String),
    /// Every token issued under an earlier epoch than this one.
    Epoch(Level, String, u32),
}

impl Revoked {
    /// Whether a token dies by it.
    pub fn hits(&self, carried: &Carried) -> bool {
        match self {
            Revoked::Token(jti) => {
                carried.jti == *jti || carried.orig.as_deref() == Some(jti.as_str())
            }
            Revoked::Session(sid) => carried.sid == *sid,
            Revoked::Origin(jti) => carried.orig.as_deref() == Some(jti.as_str()),
            Revoked::Epoch(level, id, now) => {
                carried.epochs.iter().any(|(l, i, then)| l == level && i == id && then < now)
            }
        }
    }
}

/// Whether a verified token may be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Nothing speaks against it.
    Good,
    /// It was revoked, on one level or more.
    Revoked,
    /// What is known of revocations is too old to say.
    Unknown,
}

/// Everything that is revoked: what each verifier holds as a whole.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Snapshot {
    tokens: BTreeMap<String, Moment>,
    sessions: BTreeMap<String, Moment>,
    origins: BTreeMap<String, Moment>,
    epochs: BTreeMap<Level, BTreeMap<String, u32>>,
}

impl Snapshot {
    /// Takes a revocation over, to be kept until the last token concerned has expired; an epoch is
    /// kept for ever. Order and repetition do not matter. Answers whether it is news.
    pub fn revoke(&mut self, what: &Revoked, until: Moment) -> bool {
        let (list, name) = match what {
            Revoked::Token(jti) => (&mut self.tokens, jti),
            Revoked::Session(sid) => (&mut self.sessions, sid),
            Revoked::Origin(jti) => (&mut self.origins, jti),
            Revoked::Epoch(level, id, epoch) => {
                let known = self.epochs.entry(*level).or_default().entry(id.clone()).or_default();
                let news = *known < *epoch;
                *known = (*known).max(*epoch);
                return news;
            }
        };
        let known = list.get(name).copied();
        list.insert(name.clone(), known.map_or(until, |was| was.max(until)));
        known.is_none()
    }

    /// Whether a token is revoked. Each level is asked on its own.
    pub fn hits(&self, carried: &Carried) -> bool {
        let orig = carried.orig.as_ref();
        self.tokens.contains_key(&carried.jti)
            || self.sessions.contains_key(&carried.sid)
            || orig.is_some_and(|o| self.tokens.contains_key(o) || self.origins.contains_key(o))
            || carried.epochs.iter().any(|(level, id, then)| *then < self.epoch(*level, id))
    }

    /// The present epoch; 0 where it never grew.
    pub fn epoch(&self, level: Level, id: &str) -> u32 {
        self.epochs.get(&level).and_then(|known| known.get(id)).copied().unwrap_or_default()
    }

    /// The present epochs of whatever a new token concerns.
    pub fn epochs_for<'a>(&self, whose: impl IntoIterator<Item = (Level, &'a str)>) -> Epochs {
        let mut epochs = Epochs::default();
        for (level, id) in whose {
            epochs.set(level, self.epoch(level, id));
        }
        epochs
    }

    /// Whether a session was ended as a whole.
    pub fn session_ended(&self, sid: &str) -> bool {
        self.sessions.contains_key(sid)
    }

    /// Forgets what concerned only tokens that expired before `now`.
    pub fn forget(&mut self, now: Moment) {
        for list in [&mut self.tokens, &mut self.sessions, &mut self.origins] {
            list.retain(|_, until| *until >= now);
        }
    }
}

/// What a route does, as far as stale knowledge of revocations may harm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Open to whoever asks, with nothing to revoke: keys, discovery, health.
    Public,
    /// Shows something: reads, dashboards, observers.
    Reads,
    /// Changes something: administration, exams, marks, signatures, devices.
    Changes,
    /// Asks whether a token is good: an answer from memory would be a guess.
    Introspects,
    /// Gives, renews or takes back a sign-in, a token or a ticket: without the database it is not
    /// known what was used up already.
    Grants,
}

/// Whether something outside answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// It answers.
    Up,
    /// It does not, or what it says cannot be believed.
    Down,
}

/// What is done with a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Door {
    /// Let in.
    Open,
    /// Let in, and told how old the knowledge of revocations was.
    OpenWithAge(Span),
    /// Refused for now; may come again after this long.
    ClosedRetry(Span),
}

/// How a route behaves while the cache or the database is away. `age` is that of the knowledge of
/// revocations. The cache alone never closes anything: with the database, all is known without it.
pub fn policy(kind: Kind, cache: Link, database: Link, age: Span) -> Door {
    let most = match kind {
        Kind::Public => return Door::Open,
        Kind::Introspects | Kind::Grants if database == Link::Down => {
            return Door::ClosedRetry(RETRY);
        }
        Kind::Changes | Kind::Introspects | Kind::Grants => CHANGES_AGE_MAX,
        Kind::Reads => READS_AGE_MAX,
    };
    if age > most {
        return Door::ClosedRetry(RETRY);
    }
    let degraded = database == Link::Down || cache == Link::Down;
    if kind == Kind::Reads && (degraded || age >= AGE_TOLD_FROM) {
        return Door::OpenWithAge(age);
    }
    Door::Open
}

#[cfg(test)]
mod tests;
