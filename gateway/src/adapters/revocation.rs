//! Revoked tokens: answered from memory, kept in the database, which is the truth.

use actors::ports::{Clock, LocalRevocation, Revocation, Revoked};
use actors::settings::Limits;
use engine::identity::standing::READS_AGE_MAX;
use engine::identity::{Carried, Epochs, Level, Standing};
use engine::{Moment, Span};
use entities::{NewRevocation, REVOCATIONS_PER_READ_MAX, Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use tokio::sync::broadcast;

/// The revocations of a store, all of them in memory.
pub struct StoreRevocation {
    store: Store,
    clock: Arc<dyn Clock>,
    memory: LocalRevocation,
    /// The last number that memory knows.
    seen: AtomicU64,
    /// When the last complete look began, monotonic ms.
    complete_at: AtomicI64,
}

impl StoreRevocation {
    /// Reads everything that is still revoked.
    ///
    /// # Errors
    /// As any read of the store: without its revocations no token may be believed.
    pub async fn load(
        store: Store,
        clock: Arc<dyn Clock>,
        limits: &Limits,
    ) -> Result<StoreRevocation, StoreError> {
        let revocation = StoreRevocation {
            store,
            clock,
            memory: LocalRevocation::new(limits),
            seen: AtomicU64::new(0),
            complete_at: AtomicI64::new(i64::MIN),
        };
        revocation.refresh().await?;
        Ok(revocation)
    }

    /// Takes over what others wrote since the last look.
    ///
    /// # Errors
    /// As any read of the store; what is known stays, and gets older.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        // Whatever is committed after this instant may be missing from what is read.
        let began = self.clock.monotonic_ms();
        loop {
            let rows = self.store.revoked_since(self.seen.load(Ordering::Acquire)).await?;
            let whole_page = rows.len() >= REVOCATIONS_PER_READ_MAX as usize;
            for row in rows {
                self.memory.revoke(row.what, row.expires_at);
                self.seen.fetch_max(row.seq, Ordering::AcqRel);
            }
            if !whole_page {
                self.complete_at.fetch_max(began, Ordering::AcqRel);
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
        for what in new.hits() {
            self.memory.revoke(what, new.expires_at);
        }
        Ok(())
    }

    /// Revokes every token that was issued for somebody or something so far; answers the new
    /// epoch. The id is empty for [`Level::Global`].
    ///
    /// # Errors
    /// As any write of the store; nothing is revoked then.
    pub async fn bump(&self, level: Level, id: &str, reason: &str) -> Result<u32, StoreError> {
        let (epoch, _) = self.store.bump_epoch(level, id, reason, self.clock.now()).await?;
        self.memory.revoke(Revoked::Epoch(level, id.to_owned(), epoch), Moment(0));
        Ok(epoch)
    }

    /// The epochs that a new token is issued under: the global one, and those of its subject,
    /// organisation, client, service (by SPN) and device (by its key's thumbprint) where it has
    /// them.
    pub fn epochs_for(
        &self,
        subject: &str,
        organisation: Option<&str>,
        client: Option<&str>,
        service: Option<&str>,
        device: Option<&str>,
    ) -> Epochs {
        let levels = [
            (Level::Global, Some("")),
            (Level::User, Some(subject)),
            (Level::Organisation, organisation),
            (Level::Client, client),
            (Level::Service, service),
            (Level::Device, device),
        ];
        let whose = levels.into_iter().filter_map(|(level, id)| Some((level, id?)));
        self.memory.known().epochs_for(whose)
    }

    /// Whether a session was ended as a whole.
    pub fn session_ended(&self, sid: &str) -> bool {
        self.memory.known().session_ended(sid)
    }

    /// Forgets what has expired by itself.
    ///
    /// # Errors
    /// As any write of the store.
    pub async fn forget(&self, now: Moment) -> Result<u64, StoreError> {
        self.memory.forget(now);
        self.store.forget_expired_revocations(now).await
    }
}

impl Revocation for StoreRevocation {
    fn standing(&self, carried: &Carried) -> Standing {
        match self.memory.standing(carried) {
            // What is revoked stays so, however old the knowledge.
            Standing::Good if self.age() > READS_AGE_MAX => Standing::Unknown,
            known => known,
        }
    }

    fn age(&self) -> Span {
        let since = self.complete_at.load(Ordering::Acquire);
        Span(self.clock.monotonic_ms().saturating_sub(since).max(0))
    }

    fn changes(&self) -> broadcast::Receiver<Revoked> {
        self.memory.changes()
    }
}

#[cfg(test)]
mod tests;
