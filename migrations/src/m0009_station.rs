//! Stations: devices, manifests, sealed records and attempts; and at the passport the scopes and
//! PINs that records are made from.

use crate::schema::{bytes, counted, flag, index, int, nullable, table, text, uuid};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [device(), manifest(), attempt(), field_station(), pin_scope(), pin_grant()] {
            manager.create_table(table).await?;
        }
        let mut blind = index("pin_grant_blind", "pin_grant", &["scope_id", "blind"]);
        manager.create_index(blind.unique().to_owned()).await?;
        let mut person = index("pin_grant_person", "pin_grant", &["scope_id", "uid"]);
        manager.create_index(person.unique().to_owned()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// This station's own device: one row, `id` 1. Private keys lie in files, never here.
fn device() -> TableCreateStatement {
    table("device")
        .col(int("id").primary_key())
        .col(uuid("device_id"))
        .col(text("spn"))
        .col(text("issuer"))
        .col(text("trust"))
        .col(bytes("seal_public"))
        .col(bytes("sign_public"))
        .col(flag("key_protected"))
        .col(flag("erased"))
        .col(int("clock_mark"))
        .col(int("made_at"))
        .to_owned()
}

/// Manifests that the station accepted; records are kept of the last one alone.
fn manifest() -> TableCreateStatement {
    table("manifest")
        .col(int("seq").primary_key())
        .col(uuid("manifest_id"))
        .col(text("token"))
        .col(nullable(bytes("records")))
        .col(int("accepted_at"))
        .to_owned()
}

/// Failed attempts: of everybody who gives a PIN alone (`subject` is empty), and of each name.
fn attempt() -> TableCreateStatement {
    table("attempt")
        .col(text("subject").primary_key())
        .col(int("consecutive"))
        .col(int("cumulative"))
        .col(int("locked_until"))
        .to_owned()
}

/// Stations as the passport knows them.
fn field_station() -> TableCreateStatement {
    table("field_station")
        .col(uuid("device_id").primary_key())
        .col(text("spn"))
        .col(bytes("seal_public"))
        .col(bytes("sign_public"))
        .col(flag("key_protected"))
        .col(int("seq"))
        .col(int("made_at"))
        .to_owned()
}

/// A centre for a period: what PINs are unique within.
fn pin_scope() -> TableCreateStatement {
    table("pin_scope")
        .col(uuid("scope_id").primary_key())
        .col(text("centre"))
        .col(int("epoch"))
        .col(bytes("seed"))
        .col(text("kdf"))
        .col(int("ends_at"))
        .to_owned()
}

/// A person's PIN in a scope: its stretched key, wrapped, and a blind index; never the PIN.
fn pin_grant() -> TableCreateStatement {
    table("pin_grant")
        .col(counted("id"))
        .col(uuid("scope_id"))
        .col(uuid("uid"))
        .col(bytes("blind"))
        .col(bytes("wrapped"))
        .col(int("digits"))
        .col(int("day"))
        .col(int("made_on_day"))
        .to_owned()
}
