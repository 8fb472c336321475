//! Short forms for column definitions, so that a migration reads like the table it makes.

use sea_orm_migration::sea_orm::DbBackend;
use sea_orm_migration::sea_query::{Alias, ColumnDef, IndexCreateStatement, Table};
use sea_orm_migration::{SchemaManager, sea_query::TableCreateStatement};

/// A new table that must not exist yet.
pub fn table(name: &str) -> TableCreateStatement {
    Table::create().table(Alias::new(name)).to_owned()
}

/// A whole number: counts, versions, milliseconds.
pub fn int(name: &str) -> ColumnDef {
    ColumnDef::new(Alias::new(name)).big_integer().not_null().to_owned()
}

/// Text of any length.
pub fn text(name: &str) -> ColumnDef {
    ColumnDef::new(Alias::new(name)).text().not_null().to_owned()
}

/// Bytes.
pub fn bytes(name: &str) -> ColumnDef {
    ColumnDef::new(Alias::new(name)).blob().not_null().to_owned()
}

/// A UUID: 16 bytes in SQLite, `uuid` in PostgreSQL.
pub fn uuid(name: &str) -> ColumnDef {
    ColumnDef::new(Alias::new(name)).uuid().not_null().to_owned()
}

/// Yes or no.
pub fn flag(name: &str) -> ColumnDef {
    ColumnDef::new(Alias::new(name)).boolean().not_null().to_owned()
}

/// A number that the database counts up.
pub fn counted(name: &str) -> ColumnDef {
    ColumnDef::new(Alias::new(name)).big_integer().not_null().auto_increment().primary_key().take()
}

/// The column may be null.
pub fn nullable(mut column: ColumnDef) -> ColumnDef {
    column.null();
    column
}

/// Clusters rows by primary key in SQLite, which keeps a stream's rows beside each other.
pub fn clustered(manager: &SchemaManager<'_>, statement: &mut TableCreateStatement) {
    if manager.get_database_backend() == DbBackend::Sqlite {
        statement.extra("WITHOUT ROWID");
    }
}

/// An index over columns of a table.
pub fn index(name: &str, table: &str, columns: &[&str]) -> IndexCreateStatement {
    let mut statement = sea_orm_migration::sea_query::Index::create();
    statement.name(name).table(Alias::new(table));
    for column in columns {
        statement.col(Alias::new(*column));
    }
    statement
}
