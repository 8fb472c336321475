//! The audit's chains and checkpoints.

use crate::schema::{bytes, index, int, nullable, table, text};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(event()).await?;
        for (name, columns) in [
            ("audit_event_at", &["at"][..]),
            ("audit_event_kind", &["kind", "seq"]),
            ("audit_event_actor", &["actor", "seq"]),
            ("audit_event_subject", &["subject", "seq"]),
        ] {
            manager.create_index(index(name, "audit_event", columns)).await?;
        }
        manager
            .create_table(
                table("audit_checkpoint")
                    .col(text("stream"))
                    .col(int("seq"))
                    .col(int("at"))
                    .col(bytes("hash"))
                    .col(nullable(text("kid")))
                    .col(nullable(text("sig")))
                    .primary_key(
                        index("audit_checkpoint_pk", "audit_checkpoint", &["stream", "seq"])
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

/// The primary key is what makes one of two writers of the same number fail.
fn event() -> TableCreateStatement {
    table("audit_event")
        .col(text("stream"))
        .col(int("seq"))
        .col(int("at"))
        .col(text("kind"))
        .col(nullable(text("actor")))
        .col(nullable(text("subject")))
        .col(text("detail"))
        .col(bytes("hash"))
        .primary_key(index("audit_event_pk", "audit_event", &["stream", "seq"]).primary())
        .to_owned()
}
