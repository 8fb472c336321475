//! Where the data lies: a station's file in its directory, or a centre's PostgreSQL server.

use crate::error::Trouble;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Largest file with a database address, bytes.
const URL_BYTES_MAX: u64 = 4_096;

/// Where the data lies.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// The data directory. It belongs to one running program at a time.
    pub data: PathBuf,
    /// The PostgreSQL database of a centre, `postgres://user:password@host:5432/name`; empty: a
    /// SQLite file in the data directory. It belongs to one running program at a time.
    pub url: DatabaseUrl,
    /// A file that holds such an address instead, so that the password is not in here; empty: none.
    pub url_file: PathBuf,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            data: PathBuf::from("var/nsk"),
            url: DatabaseUrl::default(),
            url_file: PathBuf::new(),
        }
    }
}

/// The address of a database, with a password in it: it shows itself without.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// An address.
    pub fn new(url: impl Into<String>) -> DatabaseUrl {
        DatabaseUrl(url.into())
    }

    /// All of it. Never log it.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&migrations::shown(&self.0))
    }
}

impl StoreConfig {
    /// The SQLite file of a directory.
    pub fn in_directory(data: &Path) -> StoreConfig {
        StoreConfig { data: data.to_owned(), ..StoreConfig::default() }
    }

    /// The address of the PostgreSQL database; `None` for a station's file.
    ///
    /// # Errors
    /// The file with the address cannot be read.
    pub fn server(&self) -> Result<Option<DatabaseUrl>, Trouble> {
        if self.url_file.as_os_str().is_empty() {
            return Ok((!self.url.0.is_empty()).then(|| self.url.clone()));
        }
        let shown = self.url_file.display();
        let failed = |why: String| {
            Trouble::new(format!("the database address in {shown} cannot be read: {why}"))
                .remedy("store.url_file: one line like postgres://user:password@host:5432/name")
        };
        let size = std::fs::metadata(&self.url_file).map_err(|e| failed(e.to_string()))?.len();
        if size > URL_BYTES_MAX {
            return Err(failed(format!("{size} bytes long")));
        }
        let text = std::fs::read_to_string(&self.url_file).map_err(|e| failed(e.to_string()))?;
        let url = DatabaseUrl::new(text.trim());
        if url.is_sound() { Ok(Some(url)) } else { Err(failed("no such address".to_owned())) }
    }

    pub(super) fn check(&self, need: &mut impl FnMut(bool, &str)) {
        need(!self.data.as_os_str().is_empty(), "store.data: a directory");
        need(
            self.url.0.is_empty() || self.url.is_sound(),
            "store.url: like postgres://user:password@host:5432/name, or empty",
        );
        need(
            self.url.0.is_empty() || self.url_file.as_os_str().is_empty(),
            "store.url_file: not together with store.url",
        );
    }
}

impl DatabaseUrl {
    fn is_sound(&self) -> bool {
        ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| self.0.strip_prefix(scheme).is_some_and(|rest| rest.len() > 1))
            && !self.0.contains(char::is_whitespace)
    }
}

/// The SQLite file of a directory, for those who have no configuration.
impl From<&Path> for StoreConfig {
    fn from(data: &Path) -> StoreConfig {
        StoreConfig::in_directory(data)
    }
}

/// As from a path.
impl From<&PathBuf> for StoreConfig {
    fn from(data: &PathBuf) -> StoreConfig {
        StoreConfig::in_directory(data)
    }
}

impl From<&StoreConfig> for StoreConfig {
    fn from(config: &StoreConfig) -> StoreConfig {
        config.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_comes_from_one_of_two_places_and_shows_no_password() {
        let mut config = StoreConfig::default();
        assert_eq!(config.server().expect("none"), None);
        config.url = DatabaseUrl::new("postgres://nsk:s3cret@db/nsk");
        assert_eq!(config.server().expect("one"), Some(config.url.clone()));
        assert!(!format!("{config:?}").contains("s3cret"), "{config:?}");

        let dir = tempfile::tempdir().expect("a directory");
        config.url_file = dir.path().join("url");
        let absent = config.server().expect_err("absent");
        assert!(absent.to_do().is_some_and(|to_do| to_do.contains("url_file")), "{absent}");
        for (text, sound) in
            [("postgres://a:s3cret@c/d\n", true), ("s3cret", false), ("postgres://", false)]
        {
            std::fs::write(&config.url_file, text).expect("written");
            match config.server() {
                Ok(url) => assert!(sound && url.is_some(), "{text}"),
                Err(e) => assert!(!sound && !e.to_string().contains("s3cret"), "{text}: {e}"),
            }
        }
        let wrong = crate::config::Config { store: config, ..Default::default() };
        let said = wrong.validate().expect_err("both").what().to_owned();
        assert!(said.contains("store.url_file"), "{said}");
    }
}
