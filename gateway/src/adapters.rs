//! The actors' ports over the real world: the database, the machine's clock.

mod cache;
mod catalog;
pub mod clock;
mod log;
mod presence;
mod redis;
mod revocation;

pub use cache::RevocationCache;
pub use catalog::{StoreCatalog, keep_practice, keep_theory};
pub use log::JournalLog;
pub use presence::RedisPresence;
pub use revocation::StoreRevocation;

use actors::error::LogError;
use entities::StoreError;

/// What a reader of the store may do next: try again, or tell a person.
fn log_error(error: StoreError) -> LogError {
    let text = error.to_string();
    match error {
        StoreError::Corrupt(_)
        | StoreError::SchemaOld { .. }
        | StoreError::SchemaNewer { .. }
        | StoreError::Taken(_)
        | StoreError::TooMany { .. }
        | StoreError::WireIdsUsedUp => LogError::Corrupt(text),
        StoreError::Locked { .. }
        | StoreError::Missing(_)
        | StoreError::Unusable { .. }
        | StoreError::Full
        | StoreError::ReadOnly
        | StoreError::Owned { .. }
        | StoreError::Unavailable(_) => LogError::Unavailable(text),
    }
}
