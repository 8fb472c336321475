//! What stands below sign-in and the actors.

use super::{ACTOR_THREADS, Machine, directory, heartbeat};
use crate::adapters::clock::StationClock;
use crate::adapters::{JournalLog, StoreCatalog, StoreRevocation};
use crate::config::Config;
use crate::error::Trouble;
use crate::telemetry::Metrics;
use actors::ports::{Clock, LocalOwner};
use actors::supervision::Places;
use actors::system::Deps;
use entities::Store;
use std::sync::Arc;

/// The booted store, the clock, the ports.
pub(super) struct Ground {
    pub station: StationClock,
    pub clock: Arc<dyn Clock>,
    pub revocation: Arc<StoreRevocation>,
    pub catalog: Arc<StoreCatalog>,
    pub metrics: Metrics,
    pub deps: Deps,
}

impl Ground {
    /// Boots the store, which fences every process before, and puts the ports over it.
    pub async fn lay(config: &Config, machine: Machine, store: &Store) -> Result<Ground, Trouble> {
        let data = &config.store.data;
        let failed = |e: &entities::StoreError| directory::store_trouble(data, e);
        let alive_at = heartbeat::read(data);
        let station = StationClock::anchored(machine.clock, alive_at);
        let clock: Arc<dyn Clock> = Arc::new(station.clone());
        let limits = config.limits();
        let fresh_epoch = hex::encode(&machine.ids.salt()[..8]);
        let boot = store.boot(&fresh_epoch).await.map_err(|e| failed(&e))?;
        let revocation = StoreRevocation::load(store.clone(), clock.clone(), &limits)
            .await
            .map_err(|e| failed(&e))?;
        let catalog = Arc::new(StoreCatalog::new(store.clone()));
        let deps = Deps {
            log: Arc::new(JournalLog::new(store.clone(), boot.journal, clock.clone())),
            catalog: catalog.clone(),
            ownership: Arc::new(LocalOwner::new(u64::try_from(boot.fence).unwrap_or_default())),
            clock: clock.clone(),
            ids: machine.ids,
            limits,
            epoch: boot.log_epoch.into(),
            alive_at,
            places: Places::Threads(ACTOR_THREADS),
            faults: machine.faults,
        };
        let revocation = Arc::new(revocation);
        Ok(Ground { station, clock, revocation, catalog, metrics: Metrics::new(), deps })
    }
}
