//! The passport: its keys, its audit, the station's device, what its pages and endpoints remember.

use super::ground::Ground;
use crate::config::{Config, TlsMode};
use crate::error::Trouble;
use crate::passport::Passport;
use crate::passport::audit::{Audit, AuditDeps, AuditTask};
use crate::passport::keys::{Kek, Keyring};
use crate::passport::oauth::Oauth;
use crate::passport::pages::Pages;
use crate::passport::seal::device::KeyPlace;
use crate::passport::seal::station::{Station, StationDeps};
use actors::ports::IdSource;
use engine::Span;
use entities::Store;
use std::net::SocketAddr;
use std::sync::Arc;

/// Starts the passport of a program that listens at `listen`, and the task that writes its audit.
///
/// # Errors
/// What keeps it from starting, and what to do about it.
pub(super) async fn start(
    config: &Arc<Config>,
    ground: &Ground,
    (store, ids): (&Store, &Arc<dyn IdSource>),
    listen: SocketAddr,
) -> Result<(Passport, AuditTask), Trouble> {
    let (data, clock) = (&config.store.data, &ground.clock);
    let kek = Kek::open(&config.passport.kek_in(data), ids.seed())?;
    let issuer = issuer(config, listen, store).await?;
    let keys = Keyring::start(store, ids.clone(), clock.clone(), kek.clone(), &issuer).await?;
    let (audit, audit_task) = Audit::start(AuditDeps {
        store: store.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        dir: data.clone(),
        signer: Some(Arc::new(keys.clone())),
    })
    .await?;
    let station = Station::start(StationDeps {
        store: store.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        audit: audit.clone(),
        place: KeyPlace::of(data, config.mak.half()),
        child_life: Span::minutes(i64::from(config.mak.pin_minutes)),
    })
    .await?;
    let passport = Passport {
        oauth: Arc::new(Oauth::new(&**ids, clock, &config.passport, &ground.revocation)),
        pages: Pages::start((store, ids), clock, kek, config, &ground.revocation).await?,
        keys,
        audit,
        station,
        store: store.clone(),
        revocation: ground.revocation.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        config: config.clone(),
    };
    Ok((passport, audit_task))
}

/// The issuer by which this program is known, at its server and at its command line.
///
/// # Errors
/// When the store does not answer.
pub async fn issuer(config: &Config, listen: SocketAddr, store: &Store) -> Result<String, Trouble> {
    let issuer = match config.tls.mode {
        TlsMode::Station | TlsMode::Files => config.tls.origin(listen),
        TlsMode::Off => config.passport.issuer_at(listen),
    };
    match config.passport.issuer.as_str() {
        // Where it listened first: who is signed in stays so when it moves to another port.
        "" => first_issuer(store, &issuer).await,
        chosen => Ok(chosen.to_owned()),
    }
}

async fn first_issuer(store: &Store, present: &str) -> Result<String, Trouble> {
    let kept = store.secret_get_or_put("issuer", present.as_bytes()).await;
    let kept = kept.map_err(|e| Trouble::new(format!("the issuer cannot be read: {e}")))?;
    Ok(String::from_utf8_lossy(&kept).into_owned())
}
