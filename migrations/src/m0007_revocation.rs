//! Epochs, and revocations in one numbered list with them.

use crate::schema::{index, int, table, text};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// What was revoked before, one name a row. Numbered anew: nobody keeps these numbers over a
/// restart.
const COPY: [&str; 3] = [
    "INSERT INTO denial (kind, name, seq, reason, at, expires_at) \
     SELECT kind, name, row_number() OVER (ORDER BY kind, name), min(reason), min(at), \
     max(expires_at) FROM (\
       SELECT 'jti' AS kind, jti AS name, reason, at, expires_at FROM revocation \
       WHERE jti IS NOT NULL \
       UNION ALL SELECT 'sid', sid, reason, at, expires_at FROM revocation \
       WHERE sid IS NOT NULL) AS old \
     GROUP BY kind, name",
    "INSERT INTO revocation_head (id, seq, cache_gen, cache_seq) \
     SELECT 1, coalesce(max(seq), 0), '', 0 FROM denial",
    "DROP TABLE revocation",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(denial()).await?;
        manager.create_index(index("denial_seq", "denial", &["seq"]).unique().to_owned()).await?;
        manager.create_index(index("denial_expires", "denial", &["expires_at"])).await?;
        manager.create_table(epoch()).await?;
        manager.create_index(index("epoch_seq", "epoch", &["seq"]).unique().to_owned()).await?;
        manager.create_table(head()).await?;
        for text in COPY {
            manager.get_connection().execute_unprepared(text).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// A denied token (`jti`), session (`sid`), or all that was made from a token (`orig`).
fn denial() -> TableCreateStatement {
    table("denial")
        .col(text("kind"))
        .col(text("name"))
        .col(int("seq"))
        .col(text("reason"))
        .col(int("at"))
        .col(int("expires_at"))
        .primary_key(index("denial_pk", "denial", &["kind", "name"]).primary())
        .to_owned()
}

/// How often all tokens of somebody or something were revoked.
fn epoch() -> TableCreateStatement {
    table("epoch")
        .col(text("level"))
        .col(text("id"))
        .col(int("epoch"))
        .col(int("seq"))
        .col(text("reason"))
        .col(int("at"))
        .primary_key(index("epoch_pk", "epoch", &["level", "id"]).primary())
        .to_owned()
}

/// One row: the last number given, which every writer changes first, so that numbers become
/// visible in their order; and how far which generation of the cache was filled.
fn head() -> TableCreateStatement {
    table("revocation_head")
        .col(int("id").primary_key())
        .col(int("seq"))
        .col(text("cache_gen"))
        .col(int("cache_seq"))
        .to_owned()
}
