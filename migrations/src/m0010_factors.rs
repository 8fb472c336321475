//! Second factors and passkeys.

use crate::schema::{bytes, flag, index, int, nullable, table, text, uuid};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(totp_factor()).await?;
        manager.create_table(recovery_code()).await?;
        manager.create_table(passkey()).await?;
        manager.create_index(index("passkey_uid", "passkey", &["uid"])).await?;
        manager
            .create_table(
                table("password_due").col(uuid("uid").primary_key()).col(int("at")).to_owned(),
            )
            .await?;
        manager.create_table(chosen_role()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// One authenticator app a person; the secret is sealed before it comes here. `last_step` only
/// grows: a code counts once.
fn totp_factor() -> TableCreateStatement {
    table("totp_factor")
        .col(uuid("uid").primary_key())
        .col(bytes("secret"))
        .col(flag("confirmed"))
        .col(int("last_step"))
        .col(int("made_at"))
        .to_owned()
}

/// Codes for the day on which the authenticator is lost, hashed; a used one is deleted.
fn recovery_code() -> TableCreateStatement {
    table("recovery_code")
        .col(uuid("uid"))
        .col(text("hash"))
        .primary_key(Index::create().col(Alias::new("uid")).col(Alias::new("hash")))
        .to_owned()
}

/// `fixed` and `moving` are the two states of a credential: what never changes, and its counters.
fn passkey() -> TableCreateStatement {
    table("passkey")
        .col(text("id").primary_key())
        .col(uuid("uid"))
        .col(text("name"))
        .col(bytes("fixed"))
        .col(bytes("moving"))
        .col(int("made_at"))
        .col(nullable(int("used_at")))
        .to_owned()
}

/// As whom the person of a sign-in works: one of their assignments.
fn chosen_role() -> TableCreateStatement {
    table("chosen_role")
        .col(text("sid").primary_key())
        .col(uuid("assignment"))
        .col(int("at"))
        .to_owned()
}
