//! Whether the program answers over TLS, and with whose certificate.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Most names and addresses of one certificate.
pub const NAMES_MAX: usize = 64;

/// Whose certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// None: plain HTTP.
    #[default]
    Off,
    /// The station's own, from its own small authority in the data directory.
    Station,
    /// One from files that somebody else renews.
    Files,
}

/// HTTPS.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsConfig {
    /// Whose certificate; `off` answers plain HTTP.
    pub mode: TlsMode,
    /// Names and addresses under which tablets reach the station.
    pub names: Vec<String>,
    /// The certificate chain, PEM, for `files`.
    pub certificate: PathBuf,
    /// Its private key, PEM, for `files`.
    pub key: PathBuf,
    /// Lets other machines use plain HTTP: only where a proxy before the program has TLS.
    pub allow_plain: bool,
    /// How often the certificate is looked at, in ms.
    pub look_ms: u64,
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            mode: TlsMode::Off,
            names: Vec::new(),
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            allow_plain: false,
            look_ms: 60_000,
        }
    }
}

impl TlsConfig {
    /// The names of the certificate; those of this machine when none is configured.
    pub fn names_of(&self, listen: SocketAddr) -> Vec<String> {
        let mut names = self.names.clone();
        if names.is_empty() {
            names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
            if !listen.ip().is_unspecified() && !listen.ip().is_loopback() {
                names.push(listen.ip().to_string());
            }
        }
        names.sort();
        names.dedup();
        names
    }

    /// `https://` and the first name, or the address itself, with the port.
    pub fn origin(&self, listen: SocketAddr) -> String {
        let port = listen.port();
        match self.names.first() {
            Some(name) if name.contains(':') => format!("https://[{name}]:{port}"),
            Some(name) => format!("https://{name}:{port}"),
            None => format!("https://{listen}"),
        }
    }

    /// Names everything that is wrong.
    pub(super) fn check(&self, listen: SocketAddr, need: &mut impl FnMut(bool, &str)) {
        need(
            self.names.len() <= NAMES_MAX && self.names.iter().all(|name| is_host(name)),
            "tls.names: at most 64 host names in lower case, or addresses",
        );
        need((10..=3_600_000).contains(&self.look_ms), "tls.look_ms: from 10 to 3600000");
        let files = !self.certificate.as_os_str().is_empty() && !self.key.as_os_str().is_empty();
        need(
            self.mode != TlsMode::Files || files,
            "tls.certificate and tls.key: both files, for tls.mode = \"files\"",
        );
        need(
            self.mode != TlsMode::Station
                || !listen.ip().is_unspecified()
                || !self.names.is_empty(),
            "tls.names: the names and addresses that tablets use, since server.listen names none",
        );
        need(
            self.mode != TlsMode::Off || listen.ip().is_loopback() || self.allow_plain,
            "server.listen: other machines need HTTPS: set tls.mode = \"station\", or \
             tls.allow_plain = true behind a proxy that has TLS",
        );
    }
}

/// A host name in lower case, or an address.
fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.parse::<IpAddr>().is_ok() || (text.len() <= 253 && text.split('.').all(label))
}
