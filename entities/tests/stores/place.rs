//! Where a test's database is: a file of its own, or (in nextest's profile `centre`) a database of
//! its own on the run's PostgreSQL server.

use entities::{OpenOptions, Store, StoreError};
use sea_orm::{ConnectionTrait, Database};
use std::path::PathBuf;
use tempfile::TempDir;

/// A database with this build's schema.
pub struct Place {
    /// A directory of its own; the file is in it.
    pub dir: TempDir,
    /// The address; of the file when there is no server.
    pub url: String,
}

impl Place {
    pub async fn new() -> Place {
        let place = Place::without_schema().await;
        migrations::up(&place.url).await.unwrap();
        place
    }

    pub async fn without_schema() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let url = match server() {
            Some(server) => made_on(&server, &dir).await,
            None => migrations::file_url(&dir.path().join("nsk.db")),
        };
        Place { dir, url }
    }

    pub fn file(&self) -> PathBuf {
        self.dir.path().join("nsk.db")
    }

    pub async fn open(&self, options: OpenOptions) -> Result<Store, StoreError> {
        if self.url.starts_with("sqlite") {
            Store::open(&self.file(), options).await
        } else {
            Store::connect(&self.url, options, None).await
        }
    }

    /// Changes the database behind the store's back.
    pub async fn meddle(&self, statement: &str) {
        let mode = if self.url.starts_with("sqlite") { "?mode=rw" } else { "" };
        let db = Database::connect(format!("{}{mode}", self.url)).await.unwrap();
        db.execute_unprepared(statement).await.unwrap();
        db.close().await.unwrap();
    }
}

/// The run's server. The profile decides, so that a run without its server fails instead of
/// testing the file twice.
#[expect(clippy::disallowed_methods, reason = "what the test runner says of the run")]
pub fn server() -> Option<String> {
    let centre = std::env::var("NEXTEST_PROFILE").is_ok_and(|profile| profile == "centre");
    centre.then(|| std::env::var("NSK_TEST_POSTGRES").expect("the run's PostgreSQL server"))
}

/// A new database of the server, with a name as unique as the directory's: its address.
async fn made_on(server: &str, dir: &TempDir) -> String {
    let unique = dir.path().file_name().unwrap().as_encoded_bytes();
    let name: String = unique.iter().map(|byte| format!("{byte:02x}")).collect();
    let db = Database::connect(server).await.unwrap();
    db.execute_unprepared(&format!("CREATE DATABASE t{name}")).await.unwrap();
    db.close().await.unwrap();
    format!("{}/t{name}", server.rsplit_once('/').unwrap().0)
}
