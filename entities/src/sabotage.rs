//! Breaks promises on purpose. For negative controls only: a checker that still passes after one of
//! these checks nothing. No part of the program calls them.

use crate::error::StoreError;
use crate::sql::{Backend, scalar, sql};
use crate::store::{Store, begin};
use sea_orm::ConnectionTrait;

/// Lets a command be applied more than once.
///
/// # Errors
/// As any write.
pub async fn drop_command_key(store: &Store) -> Result<(), StoreError> {
    store.writer.execute_unprepared("DROP INDEX event_cmd").await?;
    Ok(())
}

/// Lets two writers append the same number, and a command be applied more than once.
///
/// # Errors
/// As any write.
pub async fn drop_unique_keys(store: &Store) -> Result<(), StoreError> {
    let transaction = begin(&store.writer).await?;
    for statement in [
        "CREATE TABLE event_without_keys AS SELECT * FROM event",
        "DROP TABLE event",
        "ALTER TABLE event_without_keys RENAME TO event",
        "CREATE INDEX event_seq ON event (stream_id, seq)",
    ] {
        transaction.execute_unprepared(statement).await?;
    }
    Ok(transaction.commit().await?)
}

/// Limits the file to its present size plus some pages: a disk that fills up. SQLite only.
///
/// # Errors
/// As any write.
pub async fn fill_disk_after(store: &Store, more_pages: u32) -> Result<(), StoreError> {
    let pages = scalar::<i64>(&store.writer, sql("PRAGMA page_count", [])).await?.unwrap_or(0);
    let limit = pages + i64::from(more_pages);
    store.writer.execute_unprepared(&format!("PRAGMA max_page_count = {limit}")).await?;
    Ok(())
}

/// Makes the database refuse writes, as a read-only file or file system does.
///
/// # Errors
/// As any write.
pub async fn make_read_only(store: &Store) -> Result<(), StoreError> {
    let text = Backend::of(&store.writer)
        .pick("PRAGMA query_only = ON", "SET default_transaction_read_only = on");
    store.writer.execute_unprepared(text).await?;
    Ok(())
}
