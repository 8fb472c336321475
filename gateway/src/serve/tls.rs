//! HTTPS: the certificate that is shown now, and its replacement while the listener goes on.
//!
//! The certificate is looked at every minute or so: the station's own is signed anew long before it
//! ends, one from files is read again when the files have changed. What cannot be used is told and
//! the one in use stays.

pub mod authority;

use crate::config::{Config, TlsMode};
use crate::error::Trouble;
use actors::ports::{Clock, IdSource};
use authority::{Authority, Reading, SERVER_FILE, SERVER_KEY_FILE};
use engine::Hash;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Largest certificate or key file, bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// The certificate that new connections are shown.
#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Keeps the certificate of a listener fresh.
pub struct Keeper {
    config: Arc<Config>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    provider: Arc<CryptoProvider>,
    shown: Arc<Shown>,
    /// Hash of the files that were taken last.
    taken: Hash,
}

impl Keeper {
    /// Reads or makes the first certificate; `None` where the configuration says plain HTTP.
    ///
    /// # Errors
    /// When there is none that can be used.
    pub fn start(
        config: Arc<Config>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Result<Option<Keeper>, Trouble> {
        if config.tls.mode == TlsMode::Off {
            return Ok(None);
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        renew(&config, &*clock, &*ids)?;
        let (certificate, key, taken) = files(&config)?;
        let first = certified(&certificate, &key, &provider)?;
        let shown = Arc::new(Shown(RwLock::new(first)));
        Ok(Some(Keeper { config, clock, ids, provider, shown, taken }))
    }

    /// What the listener is given: TLS 1.2 and 1.3.
    ///
    /// # Errors
    /// When the library refuses its own defaults.
    pub fn server(&self) -> Result<rustls::ServerConfig, Trouble> {
        let builder = rustls::ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|e| Trouble::new(format!("TLS cannot be set up: {e}")))?;
        Ok(builder.with_no_client_auth().with_cert_resolver(self.shown.clone()))
    }

    /// Replaces the certificate where it is time or the files have changed; says whether it did.
    ///
    /// # Errors
    /// When the new one cannot be used: the old one stays.
    pub fn look(&mut self) -> Result<bool, Trouble> {
        renew(&self.config, &*self.clock, &*self.ids)?;
        let (certificate, key, found) = files(&self.config)?;
        if found == self.taken {
            return Ok(false);
        }
        let fresh = certified(&certificate, &key, &self.provider)?;
        *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        self.taken = found;
        Ok(true)
    }

    /// Looks every so often, on a thread that may block.
    pub fn watch(self) -> JoinHandle<()> {
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_millis(self.config.tls.look_ms));
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            let mut keeper = self;
            let mut failing = false;
            loop {
                ticks.tick().await;
                let looked = tokio::task::spawn_blocking(move || {
                    let found = keeper.look();
                    (keeper, found)
                });
                let Ok((back, found)) = looked.await else { return };
                keeper = back;
                match &found {
                    Ok(true) => tracing::info!("certificate replaced"),
                    Ok(false) => {}
                    Err(trouble) if !failing => {
                        tracing::error!(error = trouble.what(), "certificate not replaced");
                    }
                    Err(_) => {}
                }
                failing = found.is_err();
            }
        })
    }
}

fn renew(config: &Config, clock: &dyn Clock, ids: &dyn IdSource) -> Result<(), Trouble> {
    if config.tls.mode == TlsMode::Station {
        let names = config.tls.names_of(config.server.listen);
        Authority::of(&config.store.data).ensure(&names, &|| ids.salt(), clock.now())?;
    }
    Ok(())
}

/// Where certificate and key of a configuration lie.
pub fn paths(config: &Config) -> (PathBuf, PathBuf) {
    match config.tls.mode {
        TlsMode::Files => (config.tls.certificate.clone(), config.tls.key.clone()),
        TlsMode::Station | TlsMode::Off => {
            (config.store.data.join(SERVER_FILE), config.store.data.join(SERVER_KEY_FILE))
        }
    }
}

/// What the certificate of a configuration says, where it can be read.
pub fn reading(config: &Config) -> Option<Reading> {
    authority::read(&std::fs::read(paths(config).0).ok()?)
}

fn files(config: &Config) -> Result<(Vec<u8>, Vec<u8>, Hash), Trouble> {
    let read = |path: PathBuf| {
        let shown = path.display().to_string();
        let failed = |e: &dyn std::fmt::Display| {
            Trouble::new(format!("{shown} cannot be read: {e}"))
                .remedy("check the paths in [tls], and that this user may read the files")
        };
        let size = std::fs::metadata(&path).map_err(|e| failed(&e))?.len();
        if size > FILE_BYTES_MAX {
            return Err(failed(&format!("it is {size} bytes long")));
        }
        std::fs::read(&path).map_err(|e| failed(&e))
    };
    let (certificate, key) = paths(config);
    let (certificate, key) = (read(certificate)?, read(key)?);
    let hash = Hash::of(&[&Hash::of(&[&certificate]).0, &key]);
    Ok((certificate, key, hash))
}

fn certified(
    certificate: &[u8],
    key: &[u8],
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, Trouble> {
    let unusable = |e: &dyn std::fmt::Display| {
        Trouble::new(format!("the certificate cannot be used: {e}"))
            .remedy("give a PEM chain, the server's certificate first, and its own PEM key")
    };
    let chain = CertificateDer::pem_slice_iter(certificate)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| unusable(&e))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| unusable(&"no private key"))?;
    let fits = CertifiedKey::from_der(chain, key, provider).map_err(|e| unusable(&e))?;
    fits.keys_match().map_err(|e| unusable(&e))?;
    Ok(Arc::new(fits))
}

#[cfg(test)]
mod tests;
