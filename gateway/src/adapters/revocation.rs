//! Revoked tokens: answered from memory, kept in the database, which is the truth.

use actors::ports::{Clock, LocalRevocation, Revocation, Revoked};
use actors::settings::Limits;
use engine::identity::standing::{AGE_TOLD_FROM, Door, Kind, Link, READS_AGE_MAX, policy};
use engine::identity::{Carried, Epochs, Level, Standing};
use engine::{Moment, Span};
use entities::{NewRevocation, REVOCATIONS_PER_READ_MAX, Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, broadcast};

/// Longest that one look at the database may take.
const LOOK_MAX: Duration = Duration::from_secs(5);

/// The revocations of a store, all of them in memory.
pub struct StoreRevocation {
    store: Store,
    clock: Arc<dyn Clock>,
    memory: LocalRevocation,
    /// The last number that memory knows.
    seen: AtomicU64,
    /// When the last complete look began, monotonic ms.
    complete_at: AtomicI64,
    /// The last look failed.
    failing: AtomicBool,
    /// There is a cache, and it is away.
    cache_away: Arc<AtomicBool>,
    /// Something was revoked here that the cache does not know of.
    changed: Notify,
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
            failing: AtomicBool::new(false),
            cache_away: Arc::default(),
            changed: Notify::new(),
        };
        revocation.refresh().await?;
        Ok(revocation)
    }

    /// Takes over what others wrote since the last look.
    ///
    /// # Errors
    /// As any read of the store; what is known stays, and gets older.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let looked = tokio::time::timeout(LOOK_MAX, self.look()).await.unwrap_or_else(|_| {
            Err(StoreError::Unavailable(String::from("no answer about revocations in time")))
        });
        self.failing.store(looked.is_err(), Ordering::Release);
        looked
    }

    async fn look(&self) -> Result<(), StoreError> {
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
        self.changed.notify_one();
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
        self.changed.notify_one();
        Ok(epoch)
    }

    /// The epochs that a new token is issued under: the global one, and those of its subject,
    /// organisation, client, service (by SPN) and device (by its key's thumbprint) where it has
    /// them.
    #[expect(clippy::too_many_arguments, reason = "each is a claim of its own")]
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

    /// Whether a route of this kind is open at this moment.
    pub fn door(&self, kind: Kind) -> Door {
        let age = self.age();
        let link = |down: bool| if down { Link::Down } else { Link::Up };
        let database = link(self.failing.load(Ordering::Acquire) || age > AGE_TOLD_FROM);
        policy(kind, link(self.cache_away.load(Ordering::Acquire)), database, age)
    }

    /// As [`StoreRevocation::door`]. What is merely old, because the process slept or its clock
    /// jumped, is looked up first: a door closes only where the database was asked in vain.
    pub async fn open(&self, kind: Kind) -> Door {
        let door = self.door(kind);
        if !matches!(door, Door::ClosedRetry(_)) || self.failing.load(Ordering::Acquire) {
            return door;
        }
        if let Err(error) = self.refresh().await {
            tracing::debug!(%error, "revocations not read");
        }
        self.door(kind)
    }

    /// Whether there is a cache that is away, as it changes: shares are smaller meanwhile.
    pub fn cache_away(&self) -> Arc<AtomicBool> {
        self.cache_away.clone()
    }

    /// Says whether the cache answers and can be believed.
    pub(super) fn set_cache(&self, link: Link) {
        self.cache_away.store(link == Link::Down, Ordering::Release);
    }

    /// Waits until something is revoked here.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The last number read from the database.
    pub(super) fn seen(&self) -> u64 {
        self.seen.load(Ordering::Acquire)
    }

    /// Takes over what another node says it revoked.
    pub(super) fn hear(&self, what: Revoked, until: Moment) {
        self.memory.revoke(what, until);
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
