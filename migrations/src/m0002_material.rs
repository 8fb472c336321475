//! Assessment tools as imported, addressed by the hash of their content: an exam names the hash, so
//! what a candidate was given stays readable whatever is imported later.

use crate::schema::{bytes, index, int, nullable, table, text};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("material")
                    .col(bytes("hash").primary_key())
                    .col(text("kind"))
                    .col(int("ref_id"))
                    .col(nullable(int("skill_id")))
                    .col(text("title"))
                    .col(int("version"))
                    .col(text("body"))
                    .col(int("imported_at"))
                    .to_owned(),
            )
            .await?;
        manager.create_index(index("material_skill", "material", &["skill_id", "kind"])).await?;
        manager.create_index(index("material_ref", "material", &["kind", "ref_id"])).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
