//! Programs that ask for tokens.

use super::{from_json, json, moment, rows, sql, taken};
use crate::error::StoreError;
use crate::store::Store;
use engine::Moment;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Clients that one list returns at most.
pub const CLIENTS_MAX: u32 = 10_000;

const COLUMNS: &str = "id, uid, name, kind, secret_hash, body, active, made_at";

/// What a client can keep to itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientKind {
    /// Nothing: a page or an app on somebody's device.
    Public,
    /// A secret or a key, on behalf of people.
    Confidential,
    /// A secret or a key, on its own behalf too.
    Service,
}

impl ClientKind {
    /// The word in the table and on the wire.
    pub fn word(self) -> &'static str {
        match self {
            ClientKind::Public => "public",
            ClientKind::Confidential => "confidential",
            ClientKind::Service => "service",
        }
    }

    /// Reads the word.
    pub fn of(word: &str) -> Option<ClientKind> {
        let all = [ClientKind::Public, ClientKind::Confidential, ClientKind::Service];
        all.into_iter().find(|kind| kind.word() == word)
    }
}

/// Exceptions and obligations of a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientFlags {
    /// May have the older profile's bearers of up to thirty days.
    pub legacy_lifetime: bool,
    /// The same owner's: nobody is asked for consent.
    pub first_party: bool,
    /// Must prove a key with every request.
    pub dpop_required: bool,
    /// Must push its authorization requests.
    pub par_required: bool,
}

/// What a client may do, and how. Absent fields of a stored one take their defaults.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientTerms {
    /// Where answers of the authorization endpoint may go; compared exactly.
    pub redirect_uris: Vec<String>,
    /// Where a browser may go after signing out; compared exactly.
    pub post_logout_redirect_uris: Vec<String>,
    /// Its public keys, as a JWK set.
    pub jwks: Option<serde_json::Value>,
    /// Scopes it may ask for.
    pub scopes: BTreeSet<String>,
    /// SPNs it may have tokens for.
    pub audiences: BTreeSet<String>,
    /// The service that it is, which may act on people's behalf.
    pub spn: Option<String>,
    /// The algorithm of its JWTs, such as `ES256`; the issuer's own choice when absent.
    pub jwt_alg: Option<String>,
    /// Exceptions and obligations.
    pub flags: ClientFlags,
}

/// A program that may ask for tokens.
#[derive(Clone, PartialEq)]
pub struct Client {
    /// What it calls itself.
    pub id: String,
    /// The subject of tokens it has on its own behalf; never given to another.
    pub uid: Uuid,
    /// The name to show.
    pub name: String,
    /// What it can keep to itself.
    pub kind: ClientKind,
    /// SHA-256 of its secret, which has at least 256 random bits.
    pub secret_hash: Option<Vec<u8>>,
    /// What it may do.
    pub terms: ClientTerms,
    /// Whether it may ask for anything now.
    pub active: bool,
    /// When it was entered.
    pub made_at: Moment,
}

impl std::fmt::Debug for Client {
    /// Without the secret's hash.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("terms", &self.terms)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Enters a client, or replaces the one with the same id (whose uid stays).
    ///
    /// # Errors
    /// [`StoreError::Taken`] when another has the uid; as any write.
    pub async fn put_client(&self, client: &Client) -> Result<(), StoreError> {
        let text = format!(
            "INSERT INTO identity_client ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind, \
             secret_hash = excluded.secret_hash, body = excluded.body, active = excluded.active"
        );
        let values = [
            client.id.as_str().into(),
            client.uid.into(),
            client.name.as_str().into(),
            client.kind.word().into(),
            Value::Bytes(client.secret_hash.clone()),
            json(&client.terms)?.into(),
            client.active.into(),
            client.made_at.0.into(),
        ];
        match self.writer.execute_raw(sql(text, values)).await {
            Ok(_) => Ok(()),
            Err(error) => Err(taken(error, "the client's uid")),
        }
    }

    /// The client with an id, compared exactly.
    ///
    /// # Errors
    /// As any read.
    pub async fn client(&self, id: &str) -> Result<Option<Client>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM identity_client WHERE id = $1");
        let row = self.readers.query_one_raw(sql(text, [id.into()])).await?;
        row.as_ref().map(decode).transpose()
    }

    /// Clients by id, at most [`CLIENTS_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn clients(&self) -> Result<Vec<Client>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM identity_client ORDER BY id LIMIT $1");
        rows(&self.readers, sql(text, [i64::from(CLIENTS_MAX).into()]), decode).await
    }
}

fn decode(row: &QueryResult) -> Result<Client, StoreError> {
    let kind: String = row.try_get_by_index(3)?;
    Ok(Client {
        id: row.try_get_by_index(0)?,
        uid: row.try_get_by_index(1)?,
        name: row.try_get_by_index(2)?,
        kind: ClientKind::of(&kind)
            .ok_or_else(|| StoreError::Corrupt(format!("a client of kind {kind}")))?,
        secret_hash: row.try_get_by_index(4)?,
        terms: from_json(row, 5, "a client's terms")?,
        active: row.try_get_by_index(6)?,
        made_at: moment(row, 7)?,
    })
}
