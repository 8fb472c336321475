//! What the nodes of a centre share through Redis. Without one, a process keeps it to itself.

use crate::adapters::{RedisPresence, RevocationCache, StoreRevocation};
use crate::config::Config;
use crate::error::Trouble;
use actors::ports::{Clock, IdSource, LocalPresence, Presence};
use entities::Store;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// The shared parts and what keeps them going.
pub(super) struct Shared {
    /// Who looks at what.
    pub presence: Arc<dyn Presence>,
    /// To be aborted at the end.
    pub tasks: Vec<JoinHandle<()>>,
}

impl Shared {
    /// Begins to share. Whether Redis answers does not matter: nothing waits for it.
    ///
    /// # Errors
    /// When an address cannot be used.
    pub fn join(
        config: &Config,
        store: &Store,
        revocation: &Arc<StoreRevocation>,
        ids: &Arc<dyn IdSource>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Shared, Trouble> {
        let mut tasks = Vec::new();
        if let Some(url) = config.redis.revocations() {
            let (store, known) = (store.clone(), revocation.clone());
            tasks.extend(RevocationCache::new(url, store, known, ids.clone())?.start());
        }
        let local = LocalPresence::new(clock.clone(), &config.limits());
        let presence: Arc<dyn Presence> = match config.redis.presence() {
            Some(url) => {
                let node = hex::encode(&ids.salt()[..8]);
                let shared = Arc::new(RedisPresence::new(url, node, local)?);
                tasks.push(shared.start());
                shared
            }
            None => Arc::new(local),
        };
        Ok(Shared { presence, tasks })
    }
}
