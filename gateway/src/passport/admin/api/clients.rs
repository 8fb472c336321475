//! Programs that ask for tokens, and services that tokens are for.

use super::{BODY_MAX, Reply, desk, unread};
use crate::app::App;
use crate::auth::Principal;
use crate::http::body;
use crate::passport::admin::NewClient;
use crate::passport::admin::shapes::shown;
use crate::wire::passport::{
    ClientInfo, ClientSecret, ClientState, Delegation, DelegationRequest, ServiceInfo,
    ServiceRequest, StateRequest, TermsRequest,
};
use actix_web::web;
use serde_json::json;

/// `GET …/clients`.
///
/// # Errors
/// 500 when the store cannot be read.
pub async fn clients(app: web::Data<App>) -> Reply<Vec<ClientInfo>> {
    Ok(web::Json(shown(app.passport.store.clients().await.map_err(unread)?)))
}

/// `POST …/clients`; the secret is in the answer and nowhere else.
///
/// # Errors
/// 409 when the id is taken, 422 when something is wrong with it.
pub async fn add_client(
    app: web::Data<App>,
    principal: Principal,
    payload: web::Payload,
) -> Reply<ClientSecret> {
    let new: NewClient = body::json(payload, BODY_MAX).await?;
    let (made, secret) = desk(&app, &principal).add_client(new).await?;
    Ok(web::Json(ClientSecret { id: made.id, secret }))
}

/// `POST …/clients/{id}/secret`.
///
/// # Errors
/// 404 when there is no such client.
pub async fn new_secret(
    app: web::Data<App>,
    principal: Principal,
    id: web::Path<String>,
) -> Reply<ClientSecret> {
    let secret = desk(&app, &principal).new_secret(&id).await?;
    Ok(web::Json(ClientSecret { id: id.into_inner(), secret: Some(secret) }))
}

/// `POST …/clients/{id}/terms`: what it may do from now on.
///
/// # Errors
/// 404 when there is no such client, 422 when something is wrong with them.
pub async fn set_terms(
    app: web::Data<App>,
    principal: Principal,
    id: web::Path<String>,
    payload: web::Payload,
) -> Reply<ClientInfo> {
    let asked: TermsRequest = body::json(payload, BODY_MAX).await?;
    Ok(web::Json(desk(&app, &principal).set_terms(&id, asked).await?.into()))
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
) -> Reply<ClientState> {
    let StateRequest { active } = body::json(payload, BODY_MAX).await?;
    desk(&app, &principal).set_client(&id, active).await?;
    Ok(web::Json(ClientState { id: id.into_inner(), active }))
}

/// `GET …/services`.
///
/// # Errors
/// 500 when the store cannot be read.
pub async fn services(app: web::Data<App>) -> Reply<Vec<ServiceInfo>> {
    Ok(web::Json(shown(app.passport.store.services().await.map_err(unread)?)))
}

/// `POST …/services`: enters one, or states anew what it requires.
///
/// # Errors
/// 422 when something is wrong with it.
pub async fn put_service(
    app: web::Data<App>,
    principal: Principal,
    payload: web::Payload,
) -> Reply<ServiceInfo> {
    let new: ServiceRequest = body::json(payload, BODY_MAX).await?;
    let requires = new.requires.unwrap_or_else(|| json!({}));
    let made = desk(&app, &principal).put_service(&new.spn, &new.name, requires).await?;
    Ok(web::Json(made.into()))
}

/// `GET …/delegations`: which service may act at which.
///
/// # Errors
/// 500 when the store cannot be read.
pub async fn delegations(app: web::Data<App>) -> Reply<Vec<Delegation>> {
    let pairs = app.passport.store.delegations().await.map_err(unread)?;
    let pairs = pairs.into_iter().map(|(front, back)| Delegation { front, back });
    Ok(web::Json(pairs.collect()))
}

/// `POST …/delegations`: lets one service act at another, or not.
///
/// # Errors
/// 422 when one of them is no SPN.
pub async fn set_delegation(
    app: web::Data<App>,
    principal: Principal,
    payload: web::Payload,
) -> Reply<Vec<Delegation>> {
    let asked: DelegationRequest = body::json(payload, BODY_MAX).await?;
    let desk = desk(&app, &principal);
    desk.set_delegation(&asked.front, &asked.back, asked.allowed).await?;
    delegations(app).await
}
