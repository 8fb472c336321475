//! People, the secrets of the sign-in, and what was revoked.

use crate::schema::{bytes, counted, flag, index, int, nullable, table, text};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(person()).await?;
        manager
            .create_table(
                table("secret").col(text("name").primary_key()).col(bytes("value")).to_owned(),
            )
            .await?;
        manager.create_table(revocation()).await?;
        manager.create_index(index("revocation_expires", "revocation", &["expires_at"])).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn person() -> TableCreateStatement {
    table("person")
        .col(int("id").primary_key())
        .col(text("login").unique_key())
        .col(text("name"))
        .col(text("password_hash"))
        .col(text("roles"))
        .col(nullable(text("personnel_no")))
        .col(flag("active"))
        .col(int("made_at"))
        .to_owned()
}

/// A token (`jti`) or a whole session (`sid`); `id` only grows, so that a reader can ask what came
/// after the last one it saw.
fn revocation() -> TableCreateStatement {
    table("revocation")
        .col(counted("id"))
        .col(nullable(text("jti")).unique_key())
        .col(nullable(text("sid")))
        .col(text("reason"))
        .col(int("at"))
        .col(int("expires_at"))
        .to_owned()
}
