//! What supervision must remember over a restart: crashes, quarantined streams, poison commands.

use crate::schema::{index, int, nullable, table, text, uuid};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(crash()).await?;
        manager
            .create_table(
                table("quarantine")
                    .col(uuid("stream_id").primary_key())
                    .col(text("reason"))
                    .col(int("at"))
                    .col(nullable(int("released_at")))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                table("poison_command")
                    .col(uuid("stream_id"))
                    .col(uuid("cmd_id"))
                    .col(int("count"))
                    .primary_key(
                        index("poison_command_pk", "poison_command", &["stream_id", "cmd_id"])
                            .primary(),
                    )
                    .to_owned(),
            )
            .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Counted per event and build: another build gets another chance.
fn crash() -> TableCreateStatement {
    table("crash")
        .col(uuid("stream_id"))
        .col(int("seq"))
        .col(text("build"))
        .col(int("count"))
        .col(int("last_at"))
        .col(text("detail"))
        .primary_key(index("crash_pk", "crash", &["stream_id", "seq", "build"]).primary())
        .to_owned()
}
