//! What a token says, whatever format it is written in: PASETO, JWT or the JSON record.

use super::revocation::{Carried, Epochs, Level};
use crate::exam::Role;
use crate::ids::PersonId;
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use uuid::Uuid;

/// The version of the claims that this build writes and reads.
pub const VERSION: u32 = 1;

/// What a token is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A person is signed in, with no role yet.
    Base,
    /// A person with the one role they chose.
    Role,
    /// For one service.
    Svc,
    /// For one service, by another on a person's behalf.
    Dlg,
    /// A bearer of the older profile.
    Legacy,
    /// Sealed with a PIN for one station.
    Mak,
    /// What a station gives for an opened `mak`.
    Child,
    /// Shown as a picture; identifies, never authorises.
    Qr,
}

impl Class {
    /// Every class.
    pub const ALL: [Class; 8] = [
        Class::Base,
        Class::Role,
        Class::Svc,
        Class::Dlg,
        Class::Legacy,
        Class::Mak,
        Class::Child,
        Class::Qr,
    ];

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Class::Base => "base",
            Class::Role => "role",
            Class::Svc => "svc",
            Class::Dlg => "dlg",
            Class::Legacy => "legacy",
            Class::Mak => "mak",
            Class::Child => "child",
            Class::Qr => "qr",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Who acts on the subject's behalf, and on whose behalf that one does (RFC 8693, `act`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// The acting service's SPN or client id.
    pub sub: String,
    /// The one before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub act: Option<Box<Act>>,
}

/// The token that a delegated one was made from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    /// Its id: revoking it revokes all that came from it.
    pub jti: String,
    /// Its end; nothing made from it lives longer. Seconds since 1970.
    pub exp: i64,
}

/// The key that a token's holder must prove to have (RFC 7800, `cnf`).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// Thumbprint of a DPoP key (RFC 9449).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub jkt: Option<String>,
    /// Thumbprint of a station's device key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dkt: Option<String>,
}

/// A token's claims. Formats differ in how they write names and times, never in meaning.
#[derive(Clone, PartialEq, Debug)]
pub struct Claims {
    /// The issuer.
    pub iss: String,
    /// The subject's uid.
    pub sub: Uuid,
    /// For whom: one SPN, or the issuer itself for `base` and `role`.
    pub aud: String,
    /// Issued at, whole seconds.
    pub iat: Moment,
    /// Not valid before, whole seconds.
    pub nbf: Moment,
    /// Refused from this moment on, whole seconds.
    pub exp: Moment,
    /// The token's id: 128 random bits, base64url.
    pub jti: String,
    /// What it is for.
    pub cls: Class,
    /// The sign-in it belongs to; a person's "session".
    pub sid: String,
    /// The subject's UPN, or a service's SPN.
    pub upn: String,
    /// The name to show.
    pub name: String,
    /// The number by which exams know the person, where it has one.
    pub person: Option<PersonId>,
    /// The organisation in whose name the role is held.
    pub oid: Option<Uuid>,
    /// Its OPN.
    pub opn: Option<String>,
    /// Roles the token is used with: one that was chosen, or those of a local sign-in.
    pub roles: BTreeSet<Role>,
    /// Groups, such as `coc-12/expert`.
    pub groups: BTreeSet<String>,
    /// Whatever else a service may require.
    pub claims: BTreeMap<String, serde_json::Value>,
    /// The client that asked for it.
    pub cid: String,
    /// The epochs it was issued under.
    pub ep: Epochs,
    /// When the person proved who they are, whole seconds.
    pub auth_time: Moment,
    /// How well they did.
    pub acr: String,
    /// By what means: `pwd`, `otp`, `hwk`, `pin`.
    pub amr: BTreeSet<String>,
    /// What it may be used for.
    pub scope: BTreeSet<String>,
    /// Who acts on the subject's behalf.
    pub act: Option<Act>,
    /// The token it was made from.
    pub orig: Option<Original>,
    /// The key its holder must prove.
    pub cnf: Option<Confirmation>,
    /// From when on it may be renewed in its refresh window, whole seconds.
    pub rw: Option<Moment>,
}

impl Claims {
    /// What a revocation could hit.
    pub fn carried(&self) -> Carried {
        let device = self.cnf.as_ref().and_then(|c| c.dkt.clone());
        let of = |level: Level| match level {
            Level::Global => Some(String::new()),
            Level::User => Some(self.sub.to_string()),
            Level::Organisation => self.oid.map(|oid| oid.to_string()),
            Level::Client => Some(self.cid.clone()),
            Level::Service => Some(self.aud.clone()),
            Level::Device => device.clone(),
        };
        Carried {
            jti: self.jti.clone(),
            sid: self.sid.clone(),
            orig: self.orig.as_ref().map(|o| o.jti.clone()),
            epochs: self
                .ep
                .levels()
                .filter_map(|(level, epoch)| Some((level, of(level)?, epoch)))
                .collect(),
            exp: self.exp,
        }
    }
}
