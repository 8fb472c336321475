//! The journal: one row for the station, one per stream, one per event.
//!
//! `(stream_id, seq)` is the lock: two writers cannot both append the same number. `event_cmd` makes
//! a command apply once. `station.boot` is the fence: it grows at each start, and an append carries
//! the value its process saw.

use crate::schema::{bytes, clustered, flag, index, int, nullable, table, text, uuid};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(station()).await?;
        manager.create_table(stream()).await?;
        for one in stream_indexes() {
            manager.create_index(one).await?;
        }
        let mut event = event();
        clustered(manager, &mut event);
        manager.create_table(event).await?;
        manager
            .create_index(
                index("event_cmd", "event", &["stream_id", "cmd_id", "cmd_ix"])
                    .unique()
                    .and_where(Expr::col(Alias::new("cmd_id")).is_not_null())
                    .to_owned(),
            )
            .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// One row, `id` 1. A wire id is taken from `wire_next` below `wire_end`.
fn station() -> TableCreateStatement {
    table("station")
        .col(int("id").primary_key().check(Expr::col(Alias::new("id")).eq(1)))
        .col(text("log_epoch"))
        .col(int("boot"))
        .col(int("wire_next"))
        .col(int("wire_end"))
        .to_owned()
}

/// What lists show of a stream without reading its events.
fn stream() -> TableCreateStatement {
    table("stream")
        .col(uuid("stream_id").primary_key())
        .col(text("kind"))
        .col(nullable(int("wire_id")).unique_key())
        .col(text("phase"))
        .col(int("begins_at"))
        .col(nullable(int("ends_at")))
        .col(nullable(int("candidate_id")))
        .col(text("title"))
        .col(text("body"))
        .col(int("last_seq"))
        .col(flag("live"))
        .to_owned()
}

fn stream_indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("stream_begins", "stream", &["begins_at", "stream_id"]),
        index("stream_candidate", "stream", &["candidate_id", "begins_at"]),
        index("stream_live", "stream", &["live", "begins_at", "stream_id"]),
    ]
}

/// `prev` and `hash` chain the events of a stream; `body` is the event's JSON as text, because a
/// database's own JSON type may rewrite numbers.
fn event() -> TableCreateStatement {
    table("event")
        .col(uuid("stream_id"))
        .col(int("seq").check(Expr::col(Alias::new("seq")).gt(0)))
        .col(int("epoch"))
        .col(nullable(uuid("cmd_id")))
        .col(int("cmd_ix"))
        .col(text("kind"))
        .col(int("v"))
        .col(int("at"))
        .col(text("by"))
        .col(text("salt"))
        .col(text("body"))
        .col(bytes("prev"))
        .col(bytes("hash"))
        .primary_key(index("event_pk", "event", &["stream_id", "seq"]).primary())
        .foreign_key(
            ForeignKey::create()
                .name("event_stream")
                .from(Alias::new("event"), Alias::new("stream_id"))
                .to(Alias::new("stream"), Alias::new("stream_id")),
        )
        .to_owned()
}
