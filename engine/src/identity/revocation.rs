//! Epochs, and what of a token a revocation can hit.

use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// Of what an epoch counts. Each level kills on its own; none hides another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Everything that this issuer gave; its id is empty.
    Global,
    /// A person or service account, by uid.
    User,
    /// An organisation, by oid.
    Organisation,
    /// A client, by id.
    Client,
    /// A service, by SPN.
    Service,
    /// A station's device, by its key's thumbprint.
    Device,
}

impl Level {
    /// Every level.
    pub const ALL: [Level; 6] = [
        Level::Global,
        Level::User,
        Level::Organisation,
        Level::Client,
        Level::Service,
        Level::Device,
    ];

    /// The letter in a token's `ep`.
    pub fn letter(self) -> &'static str {
        match self {
            Level::Global => "g",
            Level::User => "u",
            Level::Organisation => "o",
            Level::Client => "c",
            Level::Service => "s",
            Level::Device => "d",
        }
    }
}

/// The epochs that a token was issued under: `{"u":3,"o":1,"c":7}`. A level that does not concern
/// it is absent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epochs {
    /// Global.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub g: Option<u32>,
    /// The subject's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub u: Option<u32>,
    /// The organisation's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub o: Option<u32>,
    /// The client's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub c: Option<u32>,
    /// The service's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub s: Option<u32>,
    /// The device's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub d: Option<u32>,
}

impl Epochs {
    /// The epoch of a level, if the token carries one.
    pub fn of(&self, level: Level) -> Option<u32> {
        match level {
            Level::Global => self.g,
            Level::User => self.u,
            Level::Organisation => self.o,
            Level::Client => self.c,
            Level::Service => self.s,
            Level::Device => self.d,
        }
    }

    /// Sets the epoch of a level.
    pub fn set(&mut self, level: Level, epoch: u32) {
        let place = match level {
            Level::Global => &mut self.g,
            Level::User => &mut self.u,
            Level::Organisation => &mut self.o,
            Level::Client => &mut self.c,
            Level::Service => &mut self.s,
            Level::Device => &mut self.d,
        };
        *place = Some(epoch);
    }

    /// The levels that are present.
    pub fn levels(&self) -> impl Iterator<Item = (Level, u32)> + '_ {
        Level::ALL.into_iter().filter_map(|level| Some((level, self.of(level)?)))
    }
}

/// What of a verified token a revocation can hit: kept by open connections after the token itself
/// is forgotten.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Carried {
    /// The token's id.
    pub jti: String,
    /// Its sign-in.
    pub sid: String,
    /// The id of the token it was made from.
    pub orig: Option<String>,
    /// Level, whose epoch, and which. Valid only while each is at least the current one.
    pub epochs: Vec<(Level, String, u32)>,
    /// When it ends by itself.
    pub exp: Moment,
}
