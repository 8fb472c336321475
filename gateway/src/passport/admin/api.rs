//! The administrator's API, under `/api/nsk/v1/passport/`. Who may call what stands in the
//! permission table; what the council may grant is decided here, where the role is known.

use super::{AdminFault, Desk, NewClient, NewGrant, NewPerson};
use crate::app::App;
use crate::auth::{Principal, password};
use crate::error::ApiError;
use crate::http::body;
use crate::passport::audit::Entry;
use crate::passport::keys::KeyFault;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use engine::exam::Role;
use engine::identity::{KeyPurpose, Level};
use entities::USERS_PER_PAGE_MAX;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// Largest body, bytes.
const BODY_MAX: usize = 64 * 1_024;
/// Shortest password that an administrator may set, characters.
const PASSWORD_CHARS_MIN: usize = password::PASSWORD_CHARS_MIN;

type Reply = Result<web::Json<Value>, ApiError>;

/// Which page of people.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct PeopleQuery {
    /// UPNs that begin so.
    #[serde(default)]
    prefix: String,
    /// UPNs after this one.
    after: Option<String>,
}

/// Somebody to enter.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonBody {
    upn: String,
    name: String,
    password: Option<String>,
    personnel_no: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StateBody {
    active: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrganisationBody {
    opn: String,
    name: String,
    ogrn: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupBody {
    name: String,
    title: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberBody {
    group: String,
    uid: Uuid,
    member: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceBody {
    spn: String,
    name: String,
    #[serde(default)]
    requires: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "do", rename_all = "snake_case")]
enum KeyBody {
    Announce { purpose: KeyPurpose },
    Activate { purpose: KeyPurpose },
    Compromise { kid: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EpochBody {
    level: Level,
    #[serde(default)]
    id: String,
    reason: String,
}

fn desk(app: &App, principal: &Principal) -> Desk {
    Desk {
        store: app.passport.store.clone(),
        audit: app.passport.audit.clone(),
        clock: app.passport.clock.clone(),
        ids: app.passport.ids.clone(),
        policy: app.config.passport.realm_policy(),
        actor: principal.person.to_string(),
    }
}

fn unread(error: entities::StoreError) -> ApiError {
    AdminFault::from(error).into()
}

/// `GET …/people`.
///
/// # Errors
/// 500 when the store cannot be read.
pub async fn people(app: web::Data<App>, query: web::Query<PeopleQuery>) -> Reply {
    let store = &app.passport.store;
    let found = store.users(&query.prefix, query.after.as_deref(), USERS_PER_PAGE_MAX).await;
    let found = found.map_err(unread)?;
    let next = found.last().filter(|_| found.len() == USERS_PER_PAGE_MAX as usize);
    let next = next.map(|user| user.upn.clone());
    let shown: Vec<_> = found
        .iter()
        .map(|user| {
            json!({
                "uid": user.uid, "upn": user.upn, "name": user.name, "person": user.person,
                "active": user.active,
            })
        })
        .collect();
    Ok(web::Json(json!({"people": shown, "next": next})))
}

/// `POST …/people`.
///
/// # Errors
/// 409 when the UPN or one that looks like it is taken, 422 when something is wrong with it.
pub async fn add_person(app: web::Data<App>, principal: Principal, payload: web::Payload) -> Reply {
    let new: PersonBody = body::json(payload, BODY_MAX).await?;
    let salt = app.passport.ids.salt();
    let hash = match new.password {
        Some(password) if password.chars().count() < PASSWORD_CHARS_MIN => {
            return Err(ApiError::invalid("the password is too short"));
        }
        // A hash takes a core for tens of milliseconds: not on the worker.
        Some(password) => Some(
            web::block(move || password::hash(&password, salt))
                .await
                .map_err(|e| ApiError::internal(&e))?
                .map_err(|_| ApiError::invalid("the password is too long"))?,
        ),
        None => None,
    };
    let new = NewPerson {
        upn: new.upn,
        name: new.name,
        password_hash: hash,
        personnel_no: new.personnel_no,
    };
    let user = desk(&app, &principal).add_person(new).await?;
    Ok(web::Json(json!({"uid": user.uid, "upn": user.upn, "person": user.person})))
}

/// `POST …/people/{uid}/state`.
///
/// # Errors
/// 404 when there is nobody with the uid.
pub async fn set_person(
    app: web::Data<App>,
    principal: Principal,
    uid: web::Path<Uuid>,
    payload: web::Payload,
) -> Reply {
    let state: StateBody = body::json(payload, BODY_MAX).await?;
    desk(&app, &principal).set_active(*uid, state.active).await?;
    Ok(web::Json(json!({"uid": *uid, "active": state.active})))
}

/// `GET …/people/{uid}/roles`.
///
/// # Errors
/// 500 when the store cannot be read.
pub async fn roles(app: web::Data<App>, uid: web::Path<Uuid>) -> Reply {
    let grants = app.passport.store.assignments_of(*uid).await.map_err(unread)?;
    let shown: Vec<_> = grants
        .iter()
        .map(|one| {
            json!({
                "id": one.id, "role": one.role, "oid": one.oid, "from": one.from,
                "until": one.until, "granted_by": one.granted_by, "granted_at": one.granted_at,
                "withdrawn_at": one.withdrawn_at,
            })
        })
        .collect();
    Ok(web::Json(json!(shown)))
}

/// `POST …/people/{uid}/roles`. The council grants the standing of experts alone.
///
/// # Errors
/// 403 for what is not the caller's to grant, 404 for nobody, 422 for no role.
pub async fn grant(
    app: web::Data<App>,
    principal: Principal,
    uid: web::Path<Uuid>,
    payload: web::Payload,
) -> Reply {
    let new: NewGrant = body::json(payload, BODY_MAX).await?;
    if !principal.has_any(&[Role::Administrator]) {
        Desk::councils_own(&new.role)?;
    }
    let granted = desk(&app, &principal).grant(*uid, new).await?;
    Ok(web::Json(json!({"id": granted.id, "role": granted.role, "until": granted.until})))
}

/// `DELETE …/roles/{id}`.
///
/// # Errors
/// As [`grant`].
pub async fn withdraw(
    app: web::Data<App>,
    principal: Principal,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    if !principal.has_any(&[Role::Administrator]) {
        let held = app.passport.store.assignment(*id).await.map_err(unread)?;
        Desk::councils_own(held.as_ref().map_or("", |held| &held.role))?;
    }
    desk(&app, &principal).withdraw(*id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET …/people/{uid}/sessions`.
///
/// # Errors
/// 500 when the store cannot be read.
pub async fn sessions(app: web::Data<App>, uid: web::Path<Uuid>) -> Reply {
    let now = app.passport.clock.now();
    let found = app.passport.store.sessions_of(*uid, now).await.map_err(unread)?;
    let shown: Vec<_> = found
        .iter()
        .map(|one| {
            json!({
                "sid": one.sid, "made_at": one.made_at, "seen_at": one.seen_at,
                "expires_at": one.expires_at, "user_agent": one.user_agent, "acr": one.acr,
            })
        })
        .collect();
    Ok(web::Json(json!(shown)))
}

/// `DELETE …/people/{uid}/sessions`: all of them, and every token of theirs.
///
/// # Errors
/// 503 when it cannot be recorded.
pub async fn end_sessions(
    app: web::Data<App>,
    principal: Principal,
    uid: web::Path<Uuid>,
) -> Reply {
    let ended = desk(&app, &principal).end_sessions(*uid).await?;
    Ok(web::Json(json!({"ended": ended})))
}

/// `GET …/organisations`.
///
/// # Errors
/// 500 when the store cannot be read.
pub async fn organisations(app: web::Data<App>) -> Reply {
    let found = app.passport.store.organisations().await.map_err(unread)?;
    let shown: Vec<_> = found
        .iter()
        .map(|one| {
            json!({
                "oid": one.oid, "opn": one.opn, "name": one.name, "ogrn": one.ogrn,
                "active": one.active,
            })
        })
        .collect();
    Ok(web::Json(json!(shown)))
}

/// `POST …/organisations`.
///
/// # Errors
/// 409 when the OPN or OGRN is taken, 422 when something is wrong with it.
pub async fn add_organisation(
    app: web::Data<App>,
    principal: Principal,
    payload: web::Payload,
) -> Reply {
    let new: OrganisationBody = body::json(payload, BODY_MAX).await?;
    let desk = desk(&app, &principal);
    let made = desk.add_organisation(&new.opn, &new.name, new.ogrn).await?;
    Ok(web::Json(json!({"oid": made.oid, "opn": made.opn})))
}

/// `GET …/groups`: with their members, as a service without a network keeps them.
///
/// # Errors
/// 500 when the store cannot be read.
pub async fn groups(app: web::Data<App>) -> Reply {
    let replica = app.passport.store.group_replica().await.map_err(unread)?;
    Ok(web::Json(json!(replica)))
}

/// `POST …/groups`.
///
/// # Errors
/// 422 when something is wrong with it.
pub async fn add_group(app: web::Data<App>, principal: Principal, payload: web::Payload) -> Reply {
    let new: GroupBody = body::json(payload, BODY_MAX).await?;
    desk(&app, &principal).add_group(&new.name, &new.title).await?;
    Ok(web::Json(json!({"name": new.name})))
}

/// `POST …/groups/members`.
///
/// # Errors
/// 404 when there is no such group or member.
pub async fn set_member(app: web::Data<App>, principal: Principal, payload: web::Payload) -> Reply {
    let asked: MemberBody = body::json(payload, BODY_MAX).await?;
    desk(&app, &principal).set_member(&asked.group, asked.uid, asked.member).await?;
    Ok(web::Json(json!({"group": asked.group, "uid": asked.uid, "member": asked.member})))
}

/// `GET …/clients`.
///
/// # Errors
/// 500 when the store cannot be read.
pub async fn clients(app: web::Data<App>) -> Reply {
    let found = app.passport.store.clients().await.map_err(unread)?;
    let shown: Vec<_> = found
        .iter()
        .map(|one| {
            json!({
                "id": one.id, "uid": one.uid, "name": one.name, "kind": one.kind.word(),
                "secret": one.secret_hash.is_some(), "terms": one.terms, "active": one.active,
            })
        })
        .collect();
    Ok(web::Json(json!(shown)))
}

/// `POST …/clients`; the secret is in the answer and nowhere else.
///
/// # Errors
/// 409 when the id is taken, 422 when something is wrong with it.
pub async fn add_client(app: web::Data<App>, principal: Principal, payload: web::Payload) -> Reply {
    let new: NewClient = body::json(payload, BODY_MAX).await?;
    let (made, secret) = desk(&app, &principal).add_client(new).await?;
    Ok(web::Json(json!({"id": made.id, "uid": made.uid, "secret": secret})))
}

/// `POST …/clients/{id}/secret`.
///
/// # Errors
/// 404 when there is no such client.
pub async fn new_secret(app: web::Data<App>, principal: Principal, id: web::Path<String>) -> Reply {
    let secret = desk(&app, &principal).new_secret(&id).await?;
    Ok(web::Json(json!({"id": *id, "secret": secret})))
}

/// `POST …/clients/{id}/state`.
///
/// # Errors
/// 404 when there is no such client.
pub async fn set_client(
    app: web::Data<App>,
    principal: Principal,
    id: web::Path<String>,
    payload: web::Payload,
) -> Reply {
    let state: StateBody = body::json(payload, BODY_MAX).await?;
    desk(&app, &principal).set_client(&id, state.active).await?;
    Ok(web::Json(json!({"id": *id, "active": state.active})))
}

/// `GET …/services`.
///
/// # Errors
/// 500 when the store cannot be read.
pub async fn services(app: web::Data<App>) -> Reply {
    let found = app.passport.store.services().await.map_err(unread)?;
    let shown: Vec<_> = found
        .iter()
        .map(|one| {
            json!({
                "spn": one.spn, "name": one.name, "requires": one.requires,
                "aliases": one.aliases, "active": one.active,
            })
        })
        .collect();
    Ok(web::Json(json!(shown)))
}

/// `POST …/services`: enters one, or states anew what it requires.
///
/// # Errors
/// 422 when something is wrong with it.
pub async fn put_service(
    app: web::Data<App>,
    principal: Principal,
    payload: web::Payload,
) -> Reply {
    let new: ServiceBody = body::json(payload, BODY_MAX).await?;
    let requires = new.requires.unwrap_or_else(|| json!({}));
    let made = desk(&app, &principal).put_service(&new.spn, &new.name, requires).await?;
    Ok(web::Json(json!({"spn": made.spn})))
}

/// `GET …/keys`.
///
/// # Errors
/// None.
pub async fn keys(app: web::Data<App>) -> Reply {
    let shown: Vec<_> = app
        .passport
        .keys
        .list()
        .into_iter()
        .map(|key| {
            json!({
                "kid": key.kid, "purpose": key.purpose, "state": key.state,
                "made_at": key.made_at, "active_at": key.active_at,
                "verifies_until": key.verifies_until, "ended_at": key.ended_at,
            })
        })
        .collect();
    Ok(web::Json(json!(shown)))
}

/// `POST …/keys`: announces, activates or compromises one.
///
/// # Errors
/// 404 when there is no such key, 409 when its state does not allow it.
pub async fn change_key(app: web::Data<App>, principal: Principal, payload: web::Payload) -> Reply {
    let asked: KeyBody = body::json(payload, BODY_MAX).await?;
    let (kind, what) = match &asked {
        KeyBody::Announce { purpose } => ("key.announce", json!(purpose)),
        KeyBody::Activate { purpose } => ("key.activate", json!(purpose)),
        KeyBody::Compromise { kid } => ("key.compromise", json!(kid)),
    };
    let actor = Some(principal.person.to_string());
    let subject = what.as_str().map(str::to_owned);
    app.passport.audit.record(Entry { kind, actor, subject, detail: json!({}) }).await?;
    let keys = &app.passport.keys;
    let done = match asked {
        KeyBody::Announce { purpose } => keys.announce(purpose).await,
        KeyBody::Activate { purpose } => keys.rotate(purpose, false).await,
        KeyBody::Compromise { kid } => keys.compromise(&kid).await,
    };
    done.map_err(|fault| match &fault {
        KeyFault::State(_) => ApiError::new(StatusCode::CONFLICT, "state", fault.to_string()),
        KeyFault::Unknown(_) => ApiError::not_found("there is no such key"),
        other => ApiError::internal(other),
    })?;
    self::keys(app).await
}

/// `POST …/epochs`: ends every token of somebody or something.
///
/// # Errors
/// 503 when it cannot be recorded.
pub async fn bump(app: web::Data<App>, principal: Principal, payload: web::Payload) -> Reply {
    let asked: EpochBody = body::json(payload, BODY_MAX).await?;
    if (asked.level == Level::Global) != asked.id.is_empty() || asked.reason.len() > 500 {
        return Err(ApiError::invalid("give an id for every level but `global`, and a reason"));
    }
    let entry = Entry {
        kind: "epoch.bump",
        actor: Some(principal.person.to_string()),
        subject: Some(asked.id.clone()),
        detail: json!({"level": asked.level, "reason": asked.reason}),
    };
    app.passport.audit.record(entry).await?;
    let epoch = app.passport.revocation.bump(asked.level, &asked.id, &asked.reason).await;
    Ok(web::Json(json!({"epoch": epoch.map_err(unread)?})))
}
