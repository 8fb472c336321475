//! The passport's people, organisations, roles, clients and what they were granted.

use crate::schema::{bytes, flag, index, int, nullable, table, text, uuid};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for one in tables() {
            manager.create_table(one).await?;
        }
        for one in indexes() {
            manager.create_index(one).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        user(),
        organisation(),
        assignment(),
        group(),
        member(),
        client(),
        service(),
        delegation(),
        once(),
        refresh_family(),
        refresh(),
        session(),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("assignment_uid", "identity_assignment", &["uid"]),
        index("member_uid", "identity_member", &["uid"]),
        index("once_expires", "identity_once", &["expires_at"]),
        index("refresh_family_sid", "identity_refresh_family", &["sid"]),
        index("refresh_family_uid", "identity_refresh_family", &["uid"]),
        index("refresh_family_cid", "identity_refresh_family", &["cid"]),
        index("refresh_of_family", "identity_refresh", &["family"]),
        index("session_uid", "identity_session", &["uid"]),
        index("session_expires", "identity_session", &["expires_at"]),
    ]
}

/// `skeleton` is what the name looks like: two names that look alike are one too many.
fn user() -> TableCreateStatement {
    table("identity_user")
        .col(uuid("uid").primary_key())
        .col(nullable(int("person")).unique_key())
        .col(text("upn").unique_key())
        .col(text("skeleton").unique_key())
        .col(text("name"))
        .col(nullable(text("password_hash")))
        .col(flag("active"))
        .col(flag("delegable"))
        .col(int("made_at"))
        .to_owned()
}

fn organisation() -> TableCreateStatement {
    table("identity_organisation")
        .col(uuid("oid").primary_key())
        .col(text("opn").unique_key())
        .col(text("name"))
        .col(nullable(text("ogrn")).unique_key())
        .col(flag("active"))
        .col(int("made_at"))
        .to_owned()
}

/// A role that somebody holds, in an organisation's name or in none; a withdrawn one stays as
/// history.
fn assignment() -> TableCreateStatement {
    table("identity_assignment")
        .col(uuid("id").primary_key())
        .col(uuid("uid"))
        .col(text("role"))
        .col(nullable(uuid("oid")))
        .col(int("valid_from"))
        .col(nullable(int("valid_until")))
        .col(text("granted_by"))
        .col(int("granted_at"))
        .col(nullable(int("withdrawn_at")))
        .to_owned()
}

fn group() -> TableCreateStatement {
    table("identity_group")
        .col(text("name").primary_key())
        .col(text("title"))
        .col(int("made_at"))
        .to_owned()
}

fn member() -> TableCreateStatement {
    table("identity_member")
        .col(text("name"))
        .col(uuid("uid"))
        .primary_key(Index::create().col("name").col("uid"))
        .to_owned()
}

/// `body` holds, as JSON, what no query asks for: addresses, scopes, audiences, flags.
fn client() -> TableCreateStatement {
    table("identity_client")
        .col(text("id").primary_key())
        .col(uuid("uid").unique_key())
        .col(text("name"))
        .col(text("kind"))
        .col(nullable(bytes("secret_hash")))
        .col(text("body"))
        .col(flag("active"))
        .col(int("made_at"))
        .to_owned()
}

fn service() -> TableCreateStatement {
    table("identity_service")
        .col(text("spn").primary_key())
        .col(text("name"))
        .col(text("requires"))
        .col(text("aliases"))
        .col(flag("active"))
        .col(int("made_at"))
        .to_owned()
}

/// The service that may ask for a token to another one on a person's behalf.
fn delegation() -> TableCreateStatement {
    table("identity_delegation")
        .col(text("front"))
        .col(text("back"))
        .primary_key(Index::create().col("front").col("back"))
        .to_owned()
}

/// What is used once: codes, pushed requests, tickets. The key is a hash, so that a copy of the
/// table opens nothing.
fn once() -> TableCreateStatement {
    table("identity_once")
        .col(text("kind"))
        .col(bytes("key_hash"))
        .col(text("body"))
        .col(int("expires_at"))
        .primary_key(Index::create().col("kind").col("key_hash"))
        .to_owned()
}

/// All refresh tokens that followed one sign-in of one client: they end together.
fn refresh_family() -> TableCreateStatement {
    table("identity_refresh_family")
        .col(uuid("family").primary_key())
        .col(text("sid"))
        .col(uuid("uid"))
        .col(text("cid"))
        .col(int("absolute_until"))
        .col(nullable(int("ended_at")))
        .to_owned()
}

fn refresh() -> TableCreateStatement {
    table("identity_refresh")
        .col(bytes("hash").primary_key())
        .col(uuid("family"))
        .col(nullable(bytes("parent")))
        .col(text("body"))
        .col(int("issued_at"))
        .col(int("idle_until"))
        .col(nullable(int("used_at")))
        .to_owned()
}

/// `cookie_hash` is of the browser's secret; `sid` stands in tokens and opens nothing.
fn session() -> TableCreateStatement {
    table("identity_session")
        .col(text("sid").primary_key())
        .col(bytes("cookie_hash").unique_key())
        .col(uuid("uid"))
        .col(int("made_at"))
        .col(int("seen_at"))
        .col(int("auth_time"))
        .col(int("expires_at"))
        .col(text("user_agent"))
        .col(text("acr"))
        .col(text("amr"))
        .col(nullable(int("ended_at")))
        .to_owned()
}
