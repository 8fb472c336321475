//! Which schema this build reads and writes. Another one is refused, never adapted to.

use crate::error::StoreError;
use crate::sql::{Backend, rows, scalar, sql};
use sea_orm::ConnectionTrait;

/// Names of the migrations that this build was written against, oldest first.
pub const SCHEMA: [&str; 10] = [
    "m0001_journal",
    "m0002_material",
    "m0003_people",
    "m0004_supervision",
    "m0005_identity",
    "m0006_keys",
    "m0007_revocation",
    "m0008_audit",
    "m0009_station",
    "m0010_factors",
];

/// Checks that exactly the migrations of [`SCHEMA`] are applied.
pub(crate) async fn check(db: &impl ConnectionTrait) -> Result<(), StoreError> {
    let found = applied(db).await?;
    let unknown: Vec<String> =
        found.iter().filter(|name| !SCHEMA.contains(&name.as_str())).cloned().collect();
    if !unknown.is_empty() {
        return Err(StoreError::SchemaNewer { unknown });
    }
    let missing: Vec<String> =
        SCHEMA.iter().map(|&name| name.to_owned()).filter(|name| !found.contains(name)).collect();
    if missing.is_empty() { Ok(()) } else { Err(StoreError::SchemaOld { missing }) }
}

async fn applied(db: &impl ConnectionTrait) -> Result<Vec<String>, StoreError> {
    let table = Backend::of(db).pick(
        "SELECT count(*) FROM sqlite_master WHERE name = 'seaql_migrations'",
        "SELECT count(*) FROM pg_tables \
         WHERE tablename = 'seaql_migrations' AND schemaname = current_schema()",
    );
    if scalar::<i64>(db, sql(table, [])).await? == Some(0) {
        return Ok(Vec::new());
    }
    let names = "SELECT version FROM seaql_migrations ORDER BY version";
    rows(db, sql(names, []), |row| Ok(row.try_get_by_index(0)?)).await
}
