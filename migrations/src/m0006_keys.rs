//! Signing keys. The private half is sealed under a key that is not in this database.
//!
//! One key of a purpose is active and one announced at most, whichever processes start at the same
//! time. `keyring.version` grows with every change of a key: stations refuse an older bundle.

use crate::schema::{bytes, index, int, nullable, table, text};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(signing_key()).await?;
        for state in ["active", "announced"] {
            let one = index(&format!("signing_key_{state}"), "signing_key", &["purpose"])
                .unique()
                .and_where(Expr::col(Alias::new("state")).eq(state))
                .to_owned();
            manager.create_index(one).await?;
        }
        let keyring = table("keyring")
            .col(int("id").primary_key().check(Expr::col(Alias::new("id")).eq(1)))
            .col(int("version"))
            .to_owned();
        manager.create_table(keyring).await?;
        let first = Query::insert()
            .into_table(Alias::new("keyring"))
            .columns([Alias::new("id"), Alias::new("version")])
            .values_panic([1.into(), 0.into()])
            .to_owned();
        manager.execute(first).await?;
        // Tokens of the key before have lived for a day at most.
        let old = Query::delete()
            .from_table(Alias::new("secret"))
            .and_where(Expr::col(Alias::new("name")).eq("paseto-v4-public"))
            .to_owned();
        manager.execute(old).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// `public` is the raw public key of the algorithm, `sealed` the nonce and the sealed private key.
fn signing_key() -> TableCreateStatement {
    table("signing_key")
        .col(text("kid").primary_key())
        .col(text("purpose"))
        .col(text("state"))
        .col(bytes("public"))
        .col(bytes("sealed"))
        .col(int("made_at"))
        .col(nullable(int("active_at")))
        .col(nullable(int("verifies_until")))
        .col(nullable(int("ended_at")))
        .to_owned()
}
