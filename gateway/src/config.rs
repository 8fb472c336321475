//! The configuration: one TOML file, read once at start and passed down as plain values.
//!
//! Every field has a default, so that an empty file (or none) runs a station. An unknown key is an
//! error, and [`Config::validate`] names everything that is wrong at once. `ops/config/nsk.toml`
//! shows every key with its default. This is the only file that reads the environment.

mod limits;
mod mak;
mod passport;
mod redis;
mod store;
mod tls;

pub use limits::{ActorLimits, AuthLimits, LiveLimits};
pub use mak::{MakConfig, TokenType};
pub use passport::PassportConfig;
pub use redis::RedisConfig;
pub use store::{DatabaseUrl, StoreConfig};
pub use tls::{TlsConfig, TlsMode};

use crate::error::Trouble;
use engine::Lang;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::Path;

/// Largest configuration file, bytes.
pub const CONFIG_BYTES_MAX: u64 = 1024 * 1024;
/// Most worker threads of the HTTP server.
pub const WORKERS_MAX: usize = 256;

/// Everything that an installation may choose.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where and how the program listens.
    pub server: ServerConfig,
    /// HTTPS.
    pub tls: TlsConfig,
    /// Where its data lies.
    pub store: StoreConfig,
    /// Redis, which several nodes share; none on a station.
    pub redis: RedisConfig,
    /// Sign-in and tokens.
    pub auth: AuthConfig,
    /// The digital passport.
    pub passport: PassportConfig,
    /// Log lines.
    pub log: LogConfig,
    /// How the legacy МАК answers.
    pub legacy: LegacyConfig,
    /// The МАК's own sign-in, by password or PIN.
    pub mak: MakConfig,
    /// Limits of live connections and of HTTP requests.
    pub live: LiveLimits,
    /// Limits of the actors behind them.
    pub actors: ActorLimits,
}

/// Where and how the program listens.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Worker threads; 0 takes one for each processor.
    pub workers: usize,
    /// Origins besides the request's own `Host` from which browsers may use cookies and sockets,
    /// such as `https://nsk.example.org`: needed behind a proxy that rewrites `Host`.
    pub origins: Vec<String>,
    /// Browsers send the session cookie over HTTPS only. Turn it on behind a TLS proxy.
    pub secure_cookies: bool,
    /// Longest that stopping may take, in ms: then the program leaves with exit code 1.
    pub stop_ms_max: u64,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            workers: 0,
            origins: Vec::new(),
            secure_cookies: false,
            stop_ms_max: 30_000,
        }
    }
}

/// Sign-in and tokens.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthConfig {
    /// This installation's SPN, for whom its tokens are: a token for another is refused.
    pub audience: String,
    /// How long a sign-in lasts, in minutes; at most a week.
    pub session_minutes: u32,
    /// Limits of guessing.
    pub limits: AuthLimits,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            audience: "mak/station".to_owned(),
            session_minutes: 480,
            limits: AuthLimits::default(),
        }
    }
}

/// How the legacy МАК answers.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LegacyConfig {
    /// Written after every date of the МАК, which is UTC: nothing, or `Z`.
    pub utc_suffix: String,
}

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For eyes.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// Log lines.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// How they look.
    pub format: LogFormat,
    /// Which ones: a level, or directives such as `info,actors=debug`.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Human, filter: "info".to_owned() }
    }
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// When it cannot be read or is not a sound configuration; the text says where and what to do.
    pub fn read(path: &Path) -> Result<Config, Trouble> {
        let shown = path.display();
        let size = std::fs::metadata(path)
            .map_err(|e| {
                Trouble::new(format!("the configuration {shown} cannot be read: {e}"))
                    .remedy("check the path given with --config, or leave --config out")
            })?
            .len();
        if size > CONFIG_BYTES_MAX {
            return Err(Trouble::new(format!("the configuration {shown} is {size} bytes long"))
                .remedy("give a TOML file like ops/config/nsk.toml"));
        }
        let text = std::fs::read_to_string(path).map_err(|e| {
            Trouble::new(format!("the configuration {shown} cannot be read: {e}"))
                .remedy("give a TOML file in UTF-8 that this user may read")
        })?;
        Config::parse(&text).map_err(|t| t.at(&shown.to_string()))
    }

    /// Reads and checks TOML text.
    ///
    /// # Errors
    /// The first syntax error or unknown key, or everything that [`Config::validate`] names.
    pub fn parse(text: &str) -> Result<Config, Trouble> {
        let config: Config = toml::from_str(text).map_err(|e| {
            Trouble::new(complaint(text, &e))
                .remedy("compare with ops/config/nsk.toml, which shows every key")
        })?;
        config.validate()?;
        Ok(config)
    }

    /// Checks the whole; everything wrong is named at once.
    ///
    /// # Errors
    /// A line for each value that cannot be used.
    pub fn validate(&self) -> Result<(), Trouble> {
        let mut wrong = Vec::new();
        let mut need = |ok: bool, what: &str| {
            if !ok {
                wrong.push(what.to_owned());
            }
        };
        need(self.server.workers <= WORKERS_MAX, "server.workers: at most 256");
        need(
            (1_000..=600_000).contains(&self.server.stop_ms_max),
            "server.stop_ms_max: from 1000 to 600000",
        );
        need(
            self.server.origins.iter().all(|o| is_origin(o)),
            "server.origins: each like https://host or https://host:port, without a path",
        );
        self.store.check(&mut need);
        need(is_name(&self.auth.audience), "auth.audience: 1 to 100 visible characters");
        need(
            (1..=10_080).contains(&self.auth.session_minutes),
            "auth.session_minutes: from 1 to 10080 (a week)",
        );
        need(
            matches!(self.legacy.utc_suffix.as_str(), "" | "Z"),
            "legacy.utc_suffix: empty or \"Z\"",
        );
        need(!self.log.filter.trim().is_empty(), "log.filter: a level such as info");
        self.tls.check(self.server.listen, &mut need);
        self.redis.check(&mut need);
        self.auth.limits.check(&mut need);
        self.passport.check(&mut need);
        self.mak.check(&mut need);
        self.live.check(&mut need);
        self.actors.check(&mut need);
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Trouble::new(format!("the configuration is not sound: {}", wrong.join("; ")))
            .remedy("correct these values; ops/config/nsk.toml explains each"))
    }

    /// The actors' limits with this configuration's choices.
    pub fn limits(&self) -> actors::settings::Limits {
        self.actors.limits()
    }
}

/// What the parser says, with its place. The line itself is not shown, nor a value: either may hold
/// a password.
fn complaint(text: &str, error: &toml::de::Error) -> String {
    let message = error.message();
    let told = match (message.find("string \""), message.rfind('"')) {
        (Some(from), Some(to)) => format!("{}a string{}", &message[..from], &message[to + 1..]),
        _ => message.to_owned(),
    };
    let told = if told.contains("://") { "not as it should be" } else { told.as_str() };
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else {
        return told.to_owned();
    };
    let line = before.matches('\n').count();
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let key = text.lines().nth(line).and_then(|whole| Some(whole.split_once('=')?.0.trim()));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let key = key.filter(|key| key.chars().all(is_plain)).map(|key| format!(" ({key})"));
    format!("line {}, column {column}{}: {told}", line + 1, key.unwrap_or_default())
}

fn is_name(text: &str) -> bool {
    (1..=100).contains(&text.chars().count()) && text.chars().all(|c| !c.is_control())
}

fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|h| !h.is_empty() && !h.contains(['/', ' ', '?', '#', '@']))
}

/// The language of the environment's locale: Russian for `ru…`, otherwise English.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn lang_of_environment() -> Lang {
    let named = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(std::env::var_os)
        .find(|value| !value.is_empty());
    match named {
        Some(value) if value.to_string_lossy().to_lowercase().starts_with("ru") => Lang::Ru,
        _ => Lang::En,
    }
}

#[cfg(test)]
mod tests;
