//! People, their roles and their sign-ins.

use super::{BODY_MAX, Reply, desk, unread};
use crate::app::App;
use crate::auth::{Principal, password};
use crate::error::ApiError;
use crate::http::body;
use crate::passport::admin::shapes::shown;
use crate::passport::admin::{NewGrant, NewPerson};
use crate::wire::passport::{
    OneTimePassword, PassportPerson, PeoplePage, PersonRequest, PersonState, RoleGrant, SignInInfo,
    SignInsEnded, StateRequest,
};
use actix_web::{HttpResponse, web};
use entities::USERS_PER_PAGE_MAX;
use serde::Deserialize;
use uuid::Uuid;

/// Shortest password that an administrator may set, characters.
const PASSWORD_CHARS_MIN: usize = password::PASSWORD_CHARS_MIN;

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

/// `GET …/people`.
///
/// # Errors
/// 500 when the store cannot be read.
pub async fn people(app: web::Data<App>, query: web::Query<PeopleQuery>) -> Reply<PeoplePage> {
    let store = &app.passport.store;
    let found = store.users(&query.prefix, query.after.as_deref(), USERS_PER_PAGE_MAX).await;
    let found = found.map_err(unread)?;
    let next = found.last().filter(|_| found.len() == USERS_PER_PAGE_MAX as usize);
    let next = next.map(|user| user.upn.clone());
    Ok(web::Json(PeoplePage { people: shown(found), next }))
}

/// `POST …/people`.
///
/// # Errors
/// 409 when the UPN or one that looks like it is taken, 422 when something is wrong with it.
pub async fn add_person(
    app: web::Data<App>,
    principal: Principal,
    payload: web::Payload,
) -> Reply<PassportPerson> {
    let new: PersonRequest = body::json(payload, BODY_MAX).await?;
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
    Ok(web::Json(desk(&app, &principal).add_person(new).await?.into()))
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
) -> Reply<PersonState> {
    let StateRequest { active } = body::json(payload, BODY_MAX).await?;
    desk(&app, &principal).set_active(*uid, active).await?;
    Ok(web::Json(PersonState { uid: *uid, active }))
}

/// `POST …/people/{uid}/password`: a password for one sign-in, in the answer and nowhere else.
///
/// # Errors
/// 404 when there is nobody with the uid.
pub async fn one_time_password(
    app: web::Data<App>,
    principal: Principal,
    uid: web::Path<Uuid>,
) -> Reply<OneTimePassword> {
    let password = desk(&app, &principal).one_time_password(*uid).await?;
    Ok(web::Json(OneTimePassword { uid: *uid, password }))
}

/// `GET …/people/{uid}/roles`.
///
/// # Errors
/// 500 when the store cannot be read.
pub async fn roles(app: web::Data<App>, uid: web::Path<Uuid>) -> Reply<Vec<RoleGrant>> {
    let grants = app.passport.store.assignments_of(*uid).await.map_err(unread)?;
    Ok(web::Json(shown(grants)))
}

/// `POST …/people/{uid}/roles`.
///
/// # Errors
/// 403 for what is not the caller's to grant, 404 for nobody, 422 for no role.
pub async fn grant(
    app: web::Data<App>,
    principal: Principal,
    uid: web::Path<Uuid>,
    payload: web::Payload,
) -> Reply<RoleGrant> {
    let new: NewGrant = body::json(payload, BODY_MAX).await?;
    Ok(web::Json(desk(&app, &principal).grant(*uid, new).await?.into()))
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
    desk(&app, &principal).withdraw(*id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET …/people/{uid}/sessions`.
///
/// # Errors
/// 500 when the store cannot be read.
pub async fn sessions(app: web::Data<App>, uid: web::Path<Uuid>) -> Reply<Vec<SignInInfo>> {
    let now = app.passport.clock.now();
    let found = app.passport.store.sessions_of(*uid, now).await.map_err(unread)?;
    Ok(web::Json(shown(found)))
}

/// `DELETE …/people/{uid}/sessions`: all of them, and every token of theirs.
///
/// # Errors
/// 503 when it cannot be recorded.
pub async fn end_sessions(
    app: web::Data<App>,
    principal: Principal,
    uid: web::Path<Uuid>,
) -> Reply<SignInsEnded> {
    let ended = desk(&app, &principal).end_sessions(*uid).await?;
    Ok(web::Json(SignInsEnded { ended }))
}
