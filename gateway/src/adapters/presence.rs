//! Who looks at what, over all nodes: one hash a node in Redis, which goes with the node.

use super::redis::{client, connection};
use crate::error::Trouble;
use ::redis::aio::ConnectionManager;
use ::redis::{AsyncCommands, RedisError, pipe};
use actors::ports::{LocalPresence, Member, Presence};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How often a node says who is there, ms.
const SAY_MS: u64 = 10_000;
/// After this long without a word, a node's people are gone, ms.
const GONE_MS: i64 = 30_000;
/// Shortest time between two words, ms.
const CALM_MS: u64 = 500;
/// Nodes that are asked about.
const NODES_MAX: usize = 1_000;
/// Longest that a batch may take to be sent.
const SAY_MAX: Duration = Duration::from_secs(5);
/// The nodes that may have people.
const NODES: &str = "pr:nodes";

/// Presence over all nodes that share a Redis. This node's people are known here and sent in
/// batches; the others' are asked for.
pub struct RedisPresence {
    local: LocalPresence,
    connection: ConnectionManager,
    node: String,
    came_or_went: Notify,
}

impl RedisPresence {
    /// Presence under a name that no other process has.
    ///
    /// # Errors
    /// When it is no address of a Redis.
    pub fn new(url: &str, node: String, local: LocalPresence) -> Result<RedisPresence, Trouble> {
        let connection = connection(&client(url)?)?;
        Ok(RedisPresence { local, connection, node, came_or_went: Notify::new() })
    }

    /// Sends this node's batches from now on.
    pub fn start(self: &Arc<Self>) -> JoinHandle<()> {
        let presence = self.clone();
        tokio::spawn(async move {
            let mut ticks = interval(Duration::from_millis(SAY_MS));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = ticks.tick() => {}
                    () = presence.came_or_went.notified() => {}
                }
                if !matches!(timeout(SAY_MAX, presence.say()).await, Ok(Ok(()))) {
                    tracing::debug!("who is there was not told");
                }
                tokio::time::sleep(Duration::from_millis(CALM_MS)).await;
            }
        })
    }

    /// Replaces this node's hash as a whole.
    pub async fn say(&self) -> Result<(), RedisError> {
        let fields: Vec<(String, String)> = self
            .local
            .all()
            .into_iter()
            .map(|(topic, members)| (topic, serde_json::to_string(&members).unwrap_or_default()))
            .collect();
        let own = key(&self.node);
        let mut batch = pipe();
        batch.atomic().del(&own).ignore();
        if fields.is_empty() {
            batch.srem(NODES, &self.node).ignore();
        } else {
            batch.hset_multiple(&own, &fields).ignore().pexpire(&own, GONE_MS).ignore();
            batch.sadd(NODES, &self.node).ignore();
        }
        batch.query_async(&mut self.connection.clone()).await
    }

    async fn others(&self, topic: &str) -> Result<Vec<Member>, RedisError> {
        let mut connection = self.connection.clone();
        let mut nodes: Vec<String> = connection.smembers(NODES).await?;
        nodes.retain(|node| *node != self.node);
        nodes.truncate(NODES_MAX);
        let mut found = Vec::new();
        if nodes.is_empty() {
            return Ok(found);
        }
        let mut ask = pipe();
        for node in &nodes {
            ask.exists(key(node)).hget(key(node), topic);
        }
        let told: Vec<::redis::Value> = ask.query_async(&mut connection).await?;
        for (node, pair) in nodes.iter().zip(told.chunks_exact(2)) {
            let alive: bool = ::redis::from_redis_value(pair[0].clone())?;
            let members: Option<String> = ::redis::from_redis_value(pair[1].clone())?;
            if let Some(members) = members {
                found.extend(serde_json::from_str::<Vec<Member>>(&members).unwrap_or_default());
            }
            if !alive {
                let () = connection.srem(NODES, node).await?;
            }
        }
        Ok(found)
    }
}

fn key(node: &str) -> String {
    format!("pr:node:{node}")
}

#[async_trait]
impl Presence for RedisPresence {
    fn touch(&self, topic: &str, member: Member) {
        let came = !self.local.has(topic, &member.key);
        self.local.touch(topic, member);
        if came {
            self.came_or_went.notify_one();
        }
    }

    fn leave(&self, topic: &str, key: &str) {
        self.local.leave(topic, key);
        self.came_or_went.notify_one();
    }

    async fn list(&self, topic: &str) -> Option<Vec<Member>> {
        let others = self.others(topic).await;
        if others.is_err() {
            tracing::debug!("who is there is not known");
        }
        let mut all = self.local.members(topic);
        all.extend(others.ok()?);
        all.sort();
        Some(all)
    }
}

#[cfg(test)]
mod tests;
