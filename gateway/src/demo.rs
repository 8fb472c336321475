//! `nsk demo`: a made-up exam day. People and tools are put into an empty data directory, exams
//! are planned around now, and simulated people sit them at a pace one can follow.
//!
//! Everybody knows the passwords, so it listens on this machine only.

mod answers;
mod bots;
mod cast;
mod day;
mod moves;
mod panel;
mod seats;

pub use cast::{Login, logins};

use crate::adapters::{keep_practice, keep_theory};
use crate::app::App;
use crate::auth::password;
use crate::cli::Pace;
use crate::config::Config;
use crate::error::Trouble;
use crate::import::{self, Material};
use engine::{ImportLimits, PracticeTool, Tool};
use entities::{Person, Store};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// The demo's theory tool, in the constructor's JSON.
pub const THEORY: &[u8] = include_bytes!("../demo/os-edu-69.json");
/// The demo's practice tool.
pub const PRACTICE: &[u8] = include_bytes!("../demo/practice-57.json");
/// Personnel numbers of demo people begin so: a directory that has them is a demo's.
const MARK: &str = "demo-";
/// Sign-ins are not slowed down: on a fair everybody tries.
const ATTEMPTS_PER_MINUTE: u32 = 1_000;

/// The configuration of a demo.
///
/// # Errors
/// When the address is not of this machine alone.
pub fn config(data: &Path, listen: SocketAddr) -> Result<Config, Trouble> {
    if !listen.ip().is_loopback() {
        return Err(Trouble::new(format!(
            "the demo listens on this machine only, not on {listen}: everybody knows its passwords"
        ))
        .remedy("leave --listen out, or give 127.0.0.1:PORT"));
    }
    let mut config = Config::default();
    config.store.data = data.to_owned();
    config.server.listen = listen;
    config.auth.limits.attempts_per_address_per_minute = ATTEMPTS_PER_MINUTE;
    config.auth.limits.attempts_per_login_per_minute = ATTEMPTS_PER_MINUTE;
    config.log.filter = "warn".to_owned();
    Ok(config)
}

/// Refuses to show a demo's data to others: its passwords are printed in the help.
///
/// # Errors
/// When the directory is a demo's and the address is not of this machine alone.
pub async fn keep_to_this_machine(store: &Store, listen: SocketAddr) -> Result<(), Trouble> {
    if listen.ip().is_loopback() || !is_demo(&people(store).await?) {
        return Ok(());
    }
    Err(Trouble::new(format!(
        "this directory holds a demo, whose passwords everybody knows; {listen} is open to others"
    ))
    .remedy("choose a directory of your own with --data, or listen on 127.0.0.1"))
}

/// A demo day under way.
pub struct Demo {
    bots: Option<JoinHandle<()>>,
}

impl Demo {
    /// Makes people, tools and exams where they are missing, and sets the simulated people going.
    ///
    /// # Errors
    /// When the directory holds something else, or the store does not take it.
    pub async fn start(app: &App, pace: Pace, bots: bool) -> Result<Demo, Trouble> {
        let (theory, practice) = tools()?;
        prepare(&app.store, app).await?;
        let now = app.clock.now();
        keep_theory(&app.store, &theory, now).await.map_err(|e| store_trouble(&e))?;
        keep_practice(&app.store, &practice, now).await.map_err(|e| store_trouble(&e))?;
        let day = day::Day::new(Arc::new(theory), Arc::new(practice), pace);
        day.ensure(app).await?;
        let bots = bots.then(|| bots::start(app.clone(), day));
        Ok(Demo { bots })
    }

    /// Sends the simulated people home.
    pub fn stop(&self) {
        if let Some(bots) = &self.bots {
            bots.abort();
        }
    }
}

/// The demo's tools.
///
/// # Errors
/// When this program's own copies are not sound; a test sees to that.
pub fn tools() -> Result<(Tool, PracticeTool), Trouble> {
    let limits = ImportLimits::default();
    let read = |bytes| import::read(bytes, &limits).map(|imported| imported.value);
    match (read(THEORY), read(PRACTICE)) {
        (Ok(Material::Theory(theory)), Ok(Material::Practice(practice))) => Ok((theory, practice)),
        _ => Err(Trouble::new("the demo's own tools are not sound")
            .remedy("this program was built wrong: build it anew")),
    }
}

fn store_trouble(error: &entities::StoreError) -> Trouble {
    Trouble::new(format!("the demo's data cannot be kept: {error}"))
        .remedy("choose another directory with --data")
}

async fn people(store: &Store) -> Result<Vec<Person>, Trouble> {
    store.people(entities::PEOPLE_MAX).await.map_err(|e| store_trouble(&e))
}

fn is_demo(people: &[Person]) -> bool {
    people.iter().any(|p| p.personnel_no.as_deref().is_some_and(|n| n.starts_with(MARK)))
}

/// Enters those of the demo's people that a store does not have: all of them into an empty one.
async fn prepare(store: &Store, app: &App) -> Result<(), Trouble> {
    let present = people(store).await?;
    if !present.is_empty() && !is_demo(&present) {
        return Err(Trouble::new("this directory belongs to a real installation")
            .remedy("choose an empty directory for the demo with --data"));
    }
    let missing = cast::everybody().filter(|m| !present.iter().any(|p| p.id == m.id));
    let missing: Vec<_> = missing.map(|member| (member, app.ids.salt())).collect();
    let hashed = tokio::task::spawn_blocking(move || {
        let mut hasher = password::Hasher::default();
        let hashed = missing.into_iter().map(|(member, salt)| {
            let hash = hasher.hash(member.login, salt)?;
            Ok((member, hash))
        });
        hashed.collect::<Result<Vec<_>, password::PasswordFault>>()
    });
    let hashed = hashed
        .await
        .map_err(|e| Trouble::new(format!("a password cannot be hashed: {e}")))?
        .map_err(|e| Trouble::new(e.to_string()))?;
    for (member, hash) in hashed {
        let person = Person {
            id: member.id,
            login: member.login.to_owned(),
            name: member.name.to_owned(),
            password_hash: hash,
            roles: vec![crate::auth::permissions::word(member.role).to_owned()],
            personnel_no: Some(format!("{MARK}{}", member.id)),
            active: true,
            made_at: app.clock.now(),
        };
        store.put_person(&person).await.map_err(|e| store_trouble(&e))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
