//! Revocations in Redis, and the wake-up of other nodes. The database is the truth: what is here
//! was committed there before.
//!
//! `rv:gen` names the present filling. Its entries lie in `rv:<gen>:log` by number, and
//! `rv:<gen>:seq` says up to which number it is complete. The database remembers which filling is
//! the present one and how far it was. A Redis that names another or none, or has less than it was
//! given (it was flushed, restarted, restored, or lost a write in a failover), counts as down until
//! it is filled anew under a new name: an empty Redis never means that nothing is revoked.

use super::revocation::StoreRevocation;
use crate::adapters::redis::{client, connection};
use crate::error::Trouble;
use ::redis::aio::ConnectionManager;
use ::redis::{AsyncCommands, Client, RedisError, Script, pipe};
use actors::ports::IdSource;
use engine::Moment;
use engine::identity::standing::{Link, Revoked};
use entities::{Revocation, RevocationHead, Store, StoreError};
use futures_util::StreamExt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How often it is looked whether the cache lacks something, ms.
const LOOK_MS: u64 = 2_000;
/// Longest that one look may take.
const LOOK_MAX: Duration = Duration::from_secs(10);
/// How long a node may take to fill the cache before another tries, ms.
const FILL_MS: u64 = 15_000;
/// Entries that one command carries.
const ENTRIES_MAX: usize = 500;
/// Entries read back at once.
const READ_BACK_MAX: isize = 10_000;
/// A filling that nobody keeps up goes by itself, s.
const KEPT_S: i64 = 86_400;
/// Where nodes are woken.
const CHANNEL: &str = "rv:new";
const GEN: &str = "rv:gen";
const FILL: &str = "rv:fill";
/// First and longest wait before listening is tried again.
const AGAIN_MS: (u64, u64) = (250, 4_000);

/// Adds entries to a filling if it is still the present one, and wakes every node.
const SHIP: &str = r"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
for i = 4, #ARGV, 2 do redis.call('ZADD', KEYS[2], ARGV[i], ARGV[i + 1]) end
local last, known = tonumber(ARGV[2]), tonumber(redis.call('GET', KEYS[3]) or '0')
if last > known then
  known = last
  redis.call('SET', KEYS[3], last)
  redis.call('PUBLISH', KEYS[4], last)
end
redis.call('EXPIRE', KEYS[2], ARGV[3])
redis.call('EXPIRE', KEYS[3], ARGV[3])
return known";

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("Redis: {}", .0.category())]
    Redis(#[from] RedisError),
    #[error("the store: {0}")]
    Store(#[from] StoreError),
}

/// Keeps the cache in step with the database.
pub struct RevocationCache {
    client: Client,
    connection: ConnectionManager,
    store: Store,
    revocation: Arc<StoreRevocation>,
    ids: Arc<dyn IdSource>,
    ship: Script,
    /// As last read from the database.
    head: Mutex<RevocationHead>,
}

impl RevocationCache {
    /// A cache at an address; it counts as down until it was looked at.
    ///
    /// # Errors
    /// When it is no address of a Redis.
    pub fn new(
        url: &str,
        store: Store,
        revocation: Arc<StoreRevocation>,
        ids: Arc<dyn IdSource>,
    ) -> Result<RevocationCache, Trouble> {
        let client = client(url)?;
        let connection = connection(&client)?;
        revocation.set_cache(Link::Down);
        let (ship, head) = (Script::new(SHIP), Mutex::default());
        Ok(RevocationCache { client, connection, store, revocation, ids, ship, head })
    }

    /// Keeps it in step from now on, and listens for what other nodes revoke.
    pub fn start(self) -> [JoinHandle<()>; 2] {
        let keeper = Arc::new(self);
        let listener = keeper.clone();
        [
            tokio::spawn(async move { keeper.keep().await }),
            tokio::spawn(async move { listener.listen().await }),
        ]
    }

    async fn keep(&self) {
        let mut ticks = interval(Duration::from_millis(LOOK_MS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut was = Link::Down;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.revocation.changed() => {}
            }
            let now = self.look().await;
            if now != was {
                tracing::info!(link = ?now, "the cache of revocations");
                was = now;
            }
        }
    }

    /// Sends what the cache lacks, or fills it anew; without the database, takes over what other
    /// nodes put there. Answers whether what it says can be believed.
    pub async fn look(&self) -> Link {
        let link = match timeout(LOOK_MAX, self.work()).await {
            Ok(Ok(link)) => link,
            Ok(Err(fault)) => {
                tracing::debug!(%fault, "the cache of revocations is away");
                Link::Down
            }
            Err(_) => Link::Down,
        };
        self.revocation.set_cache(link);
        link
    }

    async fn work(&self) -> Result<Link, Fault> {
        let mut connection = self.connection.clone();
        let fresh = self.store.revocation_head().await.ok();
        let mut known = self.head.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(head) = &fresh {
            known = head.clone();
            *self.head.lock().unwrap_or_else(PoisonError::into_inner) = head.clone();
        }
        let has = self.has(&mut connection, &known).await?;
        match (fresh, has) {
            (Some(head), Some(seq)) => self.ship(&mut connection, &head, seq).await,
            (Some(_), None) => self.fill(&mut connection).await,
            (None, Some(_)) => self.read_back(&mut connection, &known.cache_gen).await,
            (None, None) => Ok(Link::Down),
        }
    }

    /// Up to which number the cache is complete; `None` when it is not the filling that the
    /// database knows of, or has less than it was given.
    async fn has(
        &self,
        connection: &mut ConnectionManager,
        known: &RevocationHead,
    ) -> Result<Option<u64>, RedisError> {
        let (named, seq): (Option<String>, Option<u64>) =
            pipe().get(GEN).get(key(&known.cache_gen, "seq")).query_async(connection).await?;
        let present = named.is_some_and(|named| named == known.cache_gen);
        Ok(seq.filter(|seq| present && *seq >= known.cache_seq))
    }

    /// The outbox: what was committed above the cache's number is sent, and only then counted.
    async fn ship(
        &self,
        connection: &mut ConnectionManager,
        head: &RevocationHead,
        seq: u64,
    ) -> Result<Link, Fault> {
        if seq >= head.seq && head.cache_seq >= head.seq {
            return Ok(Link::Up);
        }
        let mut seq = seq;
        while seq < head.seq {
            let rows = self.store.revoked_since(seq).await?;
            let last = rows.last().map_or(head.seq, |row| row.seq.max(seq));
            let chunks: Vec<&[Revocation]> =
                if rows.is_empty() { vec![&[]] } else { rows.chunks(ENTRIES_MAX).collect() };
            for chunk in chunks {
                let upto = chunk.last().map_or(last, |row| row.seq);
                let mut call = self.ship.prepare_invoke();
                call.key(GEN).key(key(&head.cache_gen, "log")).key(key(&head.cache_gen, "seq"));
                call.key(CHANNEL).arg(&head.cache_gen).arg(upto).arg(KEPT_S);
                for row in chunk {
                    call.arg(row.seq).arg(entry(row));
                }
                if call.invoke_async::<i64>(connection).await? < 0 {
                    return Ok(Link::Down);
                }
            }
            seq = last.max(seq + 1);
        }
        self.store.note_cached(&head.cache_gen, seq).await?;
        Ok(Link::Up)
    }

    /// Everything anew, under a new name that is told last.
    async fn fill(&self, connection: &mut ConnectionManager) -> Result<Link, Fault> {
        let mut claim = pipe();
        claim.cmd("SET").arg(FILL).arg("1").arg("NX").arg("PX").arg(FILL_MS);
        let (claimed,): (Option<String>,) = claim.query_async(connection).await?;
        if claimed.is_none() {
            return Ok(Link::Down);
        }
        // Another node may have finished between the look and the claim.
        let head = self.store.revocation_head().await?;
        if self.has(connection, &head).await?.is_none() {
            let fresh = hex::encode(self.ids.salt());
            let (log, mark) = (key(&fresh, "log"), key(&fresh, "seq"));
            let mut seq = 0;
            loop {
                let rows = self.store.revoked_since(seq).await?;
                let Some(last) = rows.last() else { break };
                seq = last.seq;
                for chunk in rows.chunks(ENTRIES_MAX) {
                    let items: Vec<_> = chunk.iter().map(|row| (row.seq, entry(row))).collect();
                    let () = connection.zadd_multiple(&log, &items).await?;
                }
            }
            // The head was read before the list, so that nothing up to it is missing.
            let seq = seq.max(head.seq);
            let mut close = pipe();
            close.expire(&log, KEPT_S).ignore().set(&mark, seq).ignore();
            let () = close.expire(&mark, KEPT_S).ignore().query_async(connection).await?;
            self.store.note_cached(&fresh, seq).await?;
            let mut tell = pipe();
            tell.atomic().set(GEN, &fresh).ignore().publish(CHANNEL, seq).ignore();
            if !head.cache_gen.is_empty() {
                tell.del(key(&head.cache_gen, "log")).ignore();
                tell.del(key(&head.cache_gen, "seq")).ignore();
            }
            let () = tell.query_async(connection).await?;
            tracing::info!(seq, "the cache of revocations was filled");
        }
        let () = connection.del(FILL).await?;
        Ok(Link::Up)
    }

    /// What other nodes revoked while this one cannot reach the database. It makes nothing of
    /// what is known here younger: how far the others have come is not known.
    async fn read_back(
        &self,
        connection: &mut ConnectionManager,
        named: &str,
    ) -> Result<Link, Fault> {
        let above = format!("({}", self.revocation.seen());
        let found: Vec<String> = connection
            .zrangebyscore_limit(key(named, "log"), above, "+inf", 0, READ_BACK_MAX)
            .await?;
        for text in found {
            if let Ok((what, until)) = serde_json::from_str::<(Revoked, i64)>(&text) {
                self.revocation.hear(what, Moment(until));
            }
        }
        Ok(Link::Up)
    }

    async fn listen(&self) {
        let mut wait = AGAIN_MS.0;
        loop {
            if self.hear().await.is_ok() {
                wait = AGAIN_MS.0;
            }
            tokio::time::sleep(Duration::from_millis(wait)).await;
            wait = (wait * 2).min(AGAIN_MS.1);
        }
    }

    /// Listens until the connection breaks. What was said meanwhile is gone, so it looks first.
    async fn hear(&self) -> Result<(), RedisError> {
        let most = Duration::from_millis(super::redis::ANSWER_MS_MAX);
        let late = || RedisError::from((::redis::ErrorKind::Io, "no answer in time"));
        let mut heard =
            timeout(most, self.client.get_async_pubsub()).await.map_err(|_| late())??;
        timeout(most, heard.subscribe(CHANNEL)).await.map_err(|_| late())??;
        self.catch_up().await;
        let mut said = heard.on_message();
        while said.next().await.is_some() {
            self.catch_up().await;
        }
        Ok(())
    }

    async fn catch_up(&self) {
        if self.revocation.refresh().await.is_err() {
            self.look().await;
        }
    }
}

fn key(named: &str, what: &str) -> String {
    format!("rv:{named}:{what}")
}

fn entry(row: &Revocation) -> String {
    serde_json::to_string(&(&row.what, row.expires_at.0)).unwrap_or_default()
}

#[cfg(test)]
pub(in crate::adapters) mod tests;
