//! Stores over sea-orm, the only crate that names it: rows and its types never leave.
//!
//! | Noun | Table | File |
//! |---|---|---|
//! | record, command | `event` | `journal.rs` (append), `events.rs` (read), `record.rs` (row ↔ record) |
//! | stream | `stream` | `streams.rs` |
//! | boot, wire ids | `station` | `boot.rs` |
//! | tools as imported | `material` | `materials.rs` |
//! | person, secret | the same | `people.rs`, `secrets.rs` |
//! | revocation | `denial`, `epoch`, `revocation_head` | `revocations.rs` |
//! | a station's device, manifests, attempts | `device`, `manifest`, `attempt` | `stations.rs`, `stations/` |
//! | stations and PINs at the passport | `field_station`, `pin_scope`, `pin_grant` | `pins.rs` |
//! | people, clients, services, grants of the passport | `identity_…` | `identity.rs` |
//! | signing key | `signing_key` | `keys.rs` |
//! | authenticator apps, recovery codes, passkeys | `totp_factor`, … | `factors.rs` |
//! | crash, quarantine, poison command | the same | `supervision.rs` |
//! | audit | `audit_event`, `audit_checkpoint` | `audit.rs` |
//!
//! A [`Store`] reads everything and keeps the small registries. Only [`Store::boot`] gives out a
//! [`Journal`], the append side, together with the fence it must carry: who boots, writes.
//! Statements serve SQLite and PostgreSQL alike (`sql.rs`, `failure.rs`); what differs is in
//! `sqlite.rs`, `postgres.rs` and wherever `Backend` is asked.
//! The schema belongs to the `migrations` package; a store refuses any other than its own.

mod audit;
mod boot;
mod doctor;
mod error;
mod events;
mod exams;
mod factors;
mod failure;
mod fences;
mod identity;
mod journal;
mod keys;
mod lock;
mod materials;
mod people;
mod pins;
mod postgres;
mod probe;
mod record;
mod revocations;
pub mod sabotage;
mod schema;
mod secrets;
mod sql;
mod sqlite;
mod stations;
mod store;
mod streams;
mod supervision;

pub use audit::{AUDIT_PER_READ_MAX, AuditFilter};
pub use boot::{Boot, OWN_WIRE_IDS, WIRE_ID_TRIES_MAX};
pub use doctor::{Integrity, PROBLEMS_MAX};
pub use error::{AppendError, StoreError};
pub use events::{BULK_STREAMS_PER_QUERY, EVENTS_PER_READ_MAX, Head};
pub use exams::ExamFilter;
pub use factors::{PASSKEYS_MAX, Passkey, TotpFactor};
pub use identity::{
    ASSIGNMENTS_MAX, Assignment, CLIENTS_MAX, Client, ClientFlags, ClientKind, ClientTerms,
    DELEGATIONS_MAX, GROUPS_MAX, Group, GroupReplica, MEMBERS_MAX, ONCE_BODY_BYTES_MAX,
    ONCE_FORGOTTEN_PER_CALL_MAX, ORGANISATIONS_MAX, Organisation, PassportSession, Refresh,
    Rotation, SERVICES_MAX, SESSIONS_MAX, Service, USERS_PER_PAGE_MAX, User,
};
pub use journal::{AppendItem, EVENT_BODY_BYTES_MAX, EVENTS_PER_APPEND_MAX, Journal};
pub use keys::{KEYS_MAX, KeyRow};
pub use lock::DirectoryLock;
pub use materials::{MATERIALS_MAX, Material, MaterialHead, MaterialKind};
pub use people::{PEOPLE_MAX, Person};
pub use pins::{FieldStation, PinGrant, PinKept, PinScope};
pub use postgres::{OWNER_LOCK, OWNER_WAIT_MS_MAX, SERVER_READERS_MAX, SERVER_WAIT_MS_MAX};
pub use revocations::{NewRevocation, REVOCATIONS_PER_READ_MAX, Revocation, RevocationHead};
pub use schema::SCHEMA;
pub use sqlite::{BUSY_MS_MAX, READERS_MAX, WRITER_WAIT_MS_MAX};
pub use stations::{
    ATTEMPT_SUBJECTS_MAX, AcceptedManifest, Attempt, Attempts, Device, Guess, Ladder,
};
pub use store::{OpenOptions, Place, Store};
pub use streams::{
    LIVE_STREAMS_MAX, LiveStream, STREAMS_PER_PAGE_MAX, StreamCursor, StreamFilter, StreamKind,
    StreamPage, StreamRow, StreamSummary,
};
pub use supervision::{Crash, DETAIL_BYTES_MAX, QUARANTINED_MAX, Quarantined};
