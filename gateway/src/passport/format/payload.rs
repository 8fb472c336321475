//! The claims as PASETO and JWT write them: the same names, other times and another audience.

use engine::exam::Role;
use engine::identity::claims::VERSION;
use engine::identity::{Act, Claims, Class, Confirmation, Epochs, Original};
use engine::{Moment, PersonId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use time::macros::format_description;
use time::{Date, Month, OffsetDateTime};
use uuid::Uuid;

/// How a format writes what the formats write differently.
pub(super) trait Style: Sized {
    type Time: Serialize + for<'de> Deserialize<'de>;
    type Aud: Serialize + for<'de> Deserialize<'de>;
    fn time(at: Moment) -> Option<Self::Time>;
    fn moment(time: &Self::Time) -> Option<Moment>;
    fn aud(one: &str) -> Self::Aud;
    fn one(aud: Self::Aud) -> Option<String>;
    /// Whether the client's name is `client_id` (RFC 9068) instead of `cid`.
    const CLIENT_ID: bool;
}

/// PASETO: RFC 3339 texts, one audience.
pub(super) struct Text;
/// JWT: whole seconds, a list of audiences.
pub(super) struct Numeric;

impl Style for Text {
    type Time = String;
    type Aud = String;
    const CLIENT_ID: bool = false;

    fn time(at: Moment) -> Option<String> {
        written(at)
    }
    fn moment(time: &String) -> Option<Moment> {
        moment_of(time)
    }
    fn aud(one: &str) -> String {
        one.to_owned()
    }
    fn one(aud: String) -> Option<String> {
        Some(aud)
    }
}

impl Style for Numeric {
    type Time = i64;
    type Aud = Vec<String>;
    const CLIENT_ID: bool = true;

    fn time(at: Moment) -> Option<i64> {
        Some(at.0.div_euclid(1_000))
    }
    fn moment(time: &i64) -> Option<Moment> {
        seconds(*time)
    }
    fn aud(one: &str) -> Vec<String> {
        vec![one.to_owned()]
    }
    fn one(aud: Vec<String>) -> Option<String> {
        <[String; 1]>::try_from(aud).ok().map(|[one]| one)
    }
}

/// Seconds since 1970, from then to the year 9999.
pub(super) fn seconds(time: i64) -> Option<Moment> {
    (0..=253_402_300_799).contains(&time).then(|| Moment(time * 1_000))
}

/// Every claim, as it is written. No other is allowed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub(super) struct Payload<S: Style> {
    cls: Class,
    iss: String,
    sub: Uuid,
    aud: S::Aud,
    iat: S::Time,
    nbf: S::Time,
    exp: S::Time,
    jti: String,
    ver: u32,
    sid: String,
    upn: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    person: Option<PersonId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    oid: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    opn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    role: Option<Role>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    roles: BTreeSet<Role>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    groups: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    claims: BTreeMap<String, serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    cid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    client_id: Option<String>,
    ep: Epochs,
    auth_time: S::Time,
    acr: String,
    amr: BTreeSet<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    act: Option<Act>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    orig: Option<Original>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    cnf: Option<Confirmation>,
    #[serde(skip_serializing_if = "Option::is_none", default = "nothing")]
    rw: Option<S::Time>,
}

fn nothing<T>() -> Option<T> {
    None
}

impl<S: Style> Payload<S> {
    /// Writes claims down; `None` when a time is out of range.
    pub fn of(claims: &Claims) -> Option<Payload<S>> {
        let single = claims.roles.first().filter(|_| claims.roles.len() == 1).copied();
        let client = claims.cid.clone();
        Some(Payload {
            cls: claims.cls,
            iss: claims.iss.clone(),
            sub: claims.sub,
            aud: S::aud(&claims.aud),
            iat: S::time(claims.iat)?,
            nbf: S::time(claims.nbf)?,
            exp: S::time(claims.exp)?,
            jti: claims.jti.clone(),
            ver: VERSION,
            sid: claims.sid.clone(),
            upn: claims.upn.clone(),
            name: claims.name.clone(),
            person: claims.person,
            oid: claims.oid,
            opn: claims.opn.clone(),
            role: single,
            roles: if single.is_some() { BTreeSet::new() } else { claims.roles.clone() },
            groups: claims.groups.clone(),
            claims: claims.claims.clone(),
            cid: (!S::CLIENT_ID).then(|| client.clone()),
            client_id: S::CLIENT_ID.then_some(client),
            ep: claims.ep,
            auth_time: S::time(claims.auth_time)?,
            acr: claims.acr.clone(),
            amr: claims.amr.clone(),
            scope: scope_text(&claims.scope),
            act: claims.act.clone(),
            orig: claims.orig.clone(),
            cnf: claims.cnf.clone(),
            rw: match claims.rw {
                Some(at) => Some(S::time(at)?),
                None => None,
            },
        })
    }

    /// Reads the claims; `None` when one of them makes no sense.
    pub fn claims(self) -> Option<Claims> {
        let known = self.ver == VERSION && !self.jti.is_empty() && !self.sid.is_empty();
        let (client, other) =
            if S::CLIENT_ID { (self.client_id, self.cid) } else { (self.cid, self.client_id) };
        let roles = match (self.role, self.roles) {
            (Some(one), none) if none.is_empty() => BTreeSet::from([one]),
            (None, many) => many,
            _ => return None,
        };
        if !known || other.is_some() {
            return None;
        }
        Some(Claims {
            iss: self.iss,
            sub: self.sub,
            aud: S::one(self.aud)?,
            iat: S::moment(&self.iat)?,
            nbf: S::moment(&self.nbf)?,
            exp: S::moment(&self.exp)?,
            jti: self.jti,
            cls: self.cls,
            sid: self.sid,
            upn: self.upn,
            name: self.name,
            person: self.person,
            oid: self.oid,
            opn: self.opn,
            roles,
            groups: self.groups,
            claims: self.claims,
            cid: client?,
            ep: self.ep,
            auth_time: S::moment(&self.auth_time)?,
            acr: self.acr,
            amr: self.amr,
            scope: scope_of(self.scope.as_deref()),
            act: self.act,
            orig: self.orig,
            cnf: self.cnf,
            rw: match self.rw {
                Some(time) => Some(S::moment(&time)?),
                None => None,
            },
        })
    }
}

/// A scope as one string of words.
pub(super) fn scope_text(scope: &BTreeSet<String>) -> Option<String> {
    let words: Vec<&str> = scope.iter().map(String::as_str).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Reads what [`scope_text`] writes.
pub(super) fn scope_of(text: Option<&str>) -> BTreeSet<String> {
    text.unwrap_or_default().split(' ').filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

/// `2026-11-03T09:00:00Z`, whole seconds.
pub(super) fn written(at: Moment) -> Option<String> {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    let time = OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1_000)).ok()?;
    time.format(format).ok()
}

/// Reads exactly what [`written`] writes: capital T and Z, no fractions, no offsets.
pub(super) fn moment_of(text: &str) -> Option<Moment> {
    let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
    for (at, mark) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')] {
        if bytes.get(at) != Some(&mark) {
            return None;
        }
    }
    let number = |from: usize, to: usize| {
        bytes.get(from..to)?.iter().try_fold(0_u16, |sum, byte| {
            byte.is_ascii_digit().then(|| sum * 10 + u16::from(byte - b'0'))
        })
    };
    let small = |from: usize| u8::try_from(number(from, from + 2)?).ok();
    let month = Month::try_from(small(5)?).ok()?;
    let date = Date::from_calendar_date(i32::from(number(0, 4)?), month, small(8)?).ok()?;
    let time = date.with_hms(small(11)?, small(14)?, small(17)?).ok()?;
    Some(Moment(time.assume_utc().unix_timestamp().checked_mul(1_000)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_one_spelling() {
        for second in [0_i64, 951_782_399, 951_782_400, 1_796_000_000, 253_402_300_799] {
            let at = Moment(second * 1_000);
            assert_eq!(written(at).as_deref().and_then(moment_of), Some(at), "{second}");
        }
        for bad in [
            "2026-11-03T09:00:00z",
            "2026-11-03t09:00:00Z",
            "2026-11-03 09:00:00Z",
            "2026-11-03T09:00:00.0Z",
            "2026-11-03T09:00:00+00:00",
            "2026-02-29T09:00:00Z",
            "2026-13-01T09:00:00Z",
            "2026-00-01T09:00:00Z",
            "2026-11-03T24:00:00Z",
            "2026-11-03T09:60:00Z",
            "2026-11-03T09:00:60Z",
            "+026-11-03T09:00:00Z",
            "2026-11-03T09:00:0\u{661}Z",
            "2026-11-3T09:00:000Z",
            "",
        ] {
            assert_eq!(moment_of(bad), None, "{bad}");
        }
    }
}
