//! Revoked tokens: answered from memory, kept in the station's database, which is the truth.

use actors::ports::{Revocation, Revoked};
use actors::settings::Limits;
use engine::Moment;
use entities::{NewRevocation, REVOCATIONS_PER_READ_MAX, Store, StoreError};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::broadcast;

/// The revocations of a store, all of them in memory.
pub struct StoreRevocation {
    store: Store,
    memory: actors::ports::LocalRevocation,
    /// The last row that memory knows.
    seen: AtomicU64,
}

impl StoreRevocation {
    /// Reads everything that is still revoked.
    ///
    /// # Errors
    /// As any read of the store: without its revocations no token may be believed.
    pub async fn load(store: Store, limits: &Limits) -> Result<StoreRevocation, StoreError> {
        let memory = actors::ports::LocalRevocation::new(limits);
        let revocation = StoreRevocation { store, memory, seen: AtomicU64::new(0) };
        revocation.refresh().await?;
        Ok(revocation)
    }

    /// Takes over what others wrote since the last look.
    ///
    /// # Errors
    /// As any read of the store.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        loop {
            let rows = self.store.revoked_since(self.seen.load(Ordering::Acquire)).await?;
            let whole_page = rows.len() >= REVOCATIONS_PER_READ_MAX as usize;
            for row in rows {
                self.remember(&row.revoked);
                self.seen.fetch_max(row.id, Ordering::AcqRel);
            }
            if !whole_page {
                return Ok(());
            }
        }
    }

    /// Revokes, durably first and then in memory, from where open connections hear of it.
    ///
    /// # Errors
    /// As any write of the store; nothing is revoked then.
    pub async fn revoke(&self, new: &NewRevocation) -> Result<(), StoreError> {
        self.store.revoke(new).await?;
        self.remember(new);
        Ok(())
    }

    /// Forgets what has expired by itself.
    ///
    /// # Errors
    /// As any write of the store.
    pub async fn forget(&self, now: Moment) -> Result<u64, StoreError> {
        self.memory.forget(now);
        self.store.forget_expired_revocations(now).await
    }

    fn remember(&self, new: &NewRevocation) {
        if let Some(jti) = &new.jti {
            self.memory.revoke(Revoked::Token(jti.clone()), new.expires_at);
        }
        if let Some(sid) = &new.sid {
            self.memory.revoke(Revoked::Session(sid.clone()), new.expires_at);
        }
    }
}

impl Revocation for StoreRevocation {
    fn is_revoked(&self, jti: &str, sid: &str) -> bool {
        self.memory.is_revoked(jti, sid)
    }

    fn changes(&self) -> broadcast::Receiver<Revoked> {
        self.memory.changes()
    }
}
