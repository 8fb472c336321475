//! The МАК's own sign-in, by password or PIN.

use super::limits::Need;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What `POST /token` calls the type of its tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenType {
    /// As it is documented, and as its older clients expect it.
    #[default]
    Baerer,
    /// As every other client expects it.
    Bearer,
}

impl TokenType {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            TokenType::Baerer => "baerer",
            TokenType::Bearer => "bearer",
        }
    }
}

/// The МАК's own sign-in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MakConfig {
    /// What `POST /token` calls the type of its tokens: `baerer` as documented, or `bearer`.
    pub token_type: TokenType,
    /// Clients that may use `POST /token`, by `client_id`; any when empty.
    pub clients: Vec<String>,
    /// The other half of the device's key, when it is split: a file on a stick; empty when
    /// it is not.
    pub key_half: PathBuf,
    /// How long a token for a PIN lives, in minutes; at most a day.
    pub pin_minutes: u32,
    /// PINs are taken over plain HTTP from other machines too: only behind a TLS proxy.
    pub pin_plain_http: bool,
}

impl Default for MakConfig {
    fn default() -> Self {
        Self {
            token_type: TokenType::default(),
            clients: Vec::new(),
            key_half: PathBuf::new(),
            pin_minutes: 120,
            pin_plain_http: false,
        }
    }
}

impl MakConfig {
    /// The file of the key's other half, when there is one.
    pub fn half(&self) -> Option<&Path> {
        Some(self.key_half.as_path()).filter(|path| !path.as_os_str().is_empty())
    }

    pub(super) fn check(&self, need: &mut Need<'_>) {
        need((1..=1_440).contains(&self.pin_minutes), "mak.pin_minutes: from 1 to 1440 (a day)");
        need(self.clients.len() <= 1_000, "mak.clients: at most 1000");
    }
}
