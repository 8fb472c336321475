//! The digital passport's choices.

use crate::passport::keys::KEK_FILE;
use crate::passport::names::RealmPolicy;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use url::Url;

/// The digital passport.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PassportConfig {
    /// The address by which clients and browsers know it, without a slash at the end: it stands in
    /// tokens as their issuer. Empty: where the program first listened on this database.
    pub issuer: String,
    /// The file of the key that seals signing keys, readable by its owner alone. Empty: `kek` in the
    /// data directory.
    pub kek_file: PathBuf,
    /// Names of people may be written in Cyrillic, never mixed with Latin.
    pub cyrillic_names: bool,
    /// Requests that one client may make in a minute.
    pub requests_per_client_per_minute: u32,
    /// Requests to the passport's endpoints that one address may make in a minute.
    pub requests_per_address_per_minute: u32,
    /// Failed proofs of clients that one address may make in a minute.
    pub failures_per_address_per_minute: u32,
}

impl Default for PassportConfig {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            kek_file: PathBuf::new(),
            cyrillic_names: false,
            requests_per_client_per_minute: 6_000,
            requests_per_address_per_minute: 6_000,
            failures_per_address_per_minute: 60,
        }
    }
}

impl PassportConfig {
    pub(super) fn check(&self, need: &mut dyn FnMut(bool, &str)) {
        need(
            self.issuer.is_empty() || is_issuer(&self.issuer),
            "passport.issuer: empty, or like https://id.example.org (http for this machine alone)",
        );
        let shares = [
            self.requests_per_client_per_minute,
            self.requests_per_address_per_minute,
            self.failures_per_address_per_minute,
        ];
        need(shares.iter().all(|share| *share > 0), "passport: every …_per_minute is at least 1");
    }

    /// What names of people may look like.
    pub fn realm_policy(&self) -> RealmPolicy {
        RealmPolicy { cyrillic: self.cyrillic_names }
    }

    /// The file of the key that seals signing keys, where the data lies there.
    pub fn kek_in(&self, data: &Path) -> PathBuf {
        if self.kek_file.as_os_str().is_empty() {
            data.join(KEK_FILE)
        } else {
            self.kek_file.clone()
        }
    }

    /// The issuer of a program that listens there.
    pub fn issuer_at(&self, listen: SocketAddr) -> String {
        if self.issuer.is_empty() { format!("http://{listen}") } else { self.issuer.clone() }
    }
}

/// An https address, or an http one of this machine, with nothing after the host and the path.
fn is_issuer(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let here = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && here);
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    scheme && plain && !text.ends_with('/') && text.len() <= 200
}
