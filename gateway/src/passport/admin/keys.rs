//! What administrators do to signing keys.

use super::AdminFault;
use crate::passport::audit::{Audit, Entry};
use crate::passport::keys::{Keyring, word_of};
use crate::wire::passport::KeyRequest;
use serde_json::json;

/// Announces, activates, retires or compromises a key. `early` lets one sign before everybody can
/// have seen it: for a key that was lost.
///
/// # Errors
/// As [`AdminFault`] says; nothing is done that cannot be recorded.
pub async fn change_key(
    keys: &Keyring,
    audit: &Audit,
    actor: &str,
    (asked, early): (&KeyRequest, bool),
) -> Result<(), AdminFault> {
    let (kind, subject) = match asked {
        KeyRequest::Announce { purpose } => ("key.announce", word_of(purpose)),
        KeyRequest::Activate { purpose } => ("key.activate", word_of(purpose)),
        KeyRequest::Retire { kid } => ("key.retire", kid.clone()),
        KeyRequest::Compromise { kid } => ("key.compromise", kid.clone()),
    };
    let detail = if early { json!({"early": true}) } else { json!({}) };
    let entry = Entry { kind, actor: Some(actor.to_owned()), subject: Some(subject), detail };
    audit.record(entry).await?;
    match asked {
        KeyRequest::Announce { purpose } => keys.announce(*purpose).await?,
        KeyRequest::Activate { purpose } => keys.rotate(*purpose, early).await?,
        KeyRequest::Retire { kid } => keys.retire(kid).await?,
        KeyRequest::Compromise { kid } => keys.compromise(kid).await?,
    }
    Ok(())
}
