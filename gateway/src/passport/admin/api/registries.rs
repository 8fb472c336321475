//! Organisations and groups.

use super::{BODY_MAX, Reply, desk, unread};
use crate::app::App;
use crate::auth::Principal;
use crate::error::ApiError;
use crate::http::body;
use crate::passport::admin::shapes::shown;
use crate::wire::passport::{
    GroupMade, GroupMembers, GroupRequest, Membership, OrganisationInfo, OrganisationRequest,
    StateRequest,
};
use actix_web::{HttpResponse, web};
use uuid::Uuid;

/// `GET …/organisations`.
///
/// # Errors
/// 500 when the store cannot be read.
pub async fn organisations(app: web::Data<App>) -> Reply<Vec<OrganisationInfo>> {
    let found = app.passport.store.organisations().await.map_err(unread)?;
    Ok(web::Json(shown(found)))
}

/// `POST …/organisations`.
///
/// # Errors
/// 409 when the OPN or OGRN is taken, 422 when something is wrong with it.
pub async fn add_organisation(
    app: web::Data<App>,
    principal: Principal,
    payload: web::Payload,
) -> Reply<OrganisationInfo> {
    let new: OrganisationRequest = body::json(payload, BODY_MAX).await?;
    let desk = desk(&app, &principal);
    let made = desk.add_organisation(&new.opn, &new.name, new.ogrn).await?;
    Ok(web::Json(made.into()))
}

/// `POST …/organisations/{oid}/state`: lets roles in its name count or not.
///
/// # Errors
/// 404 when there is no such organisation.
pub async fn set_organisation(
    app: web::Data<App>,
    principal: Principal,
    oid: web::Path<Uuid>,
    payload: web::Payload,
) -> Reply<OrganisationInfo> {
    let StateRequest { active } = body::json(payload, BODY_MAX).await?;
    let desk = desk(&app, &principal);
    desk.set_organisation(desk.organisation_of(*oid).await?, active).await?;
    Ok(web::Json(desk.organisation_of(*oid).await?.into()))
}

/// `GET …/groups`: with their members, as a service without a network keeps them.
///
/// # Errors
/// 500 when the store cannot be read.
pub async fn groups(app: web::Data<App>) -> Reply<GroupMembers> {
    let replica = app.passport.store.group_replica().await.map_err(unread)?;
    Ok(web::Json(GroupMembers { groups: replica.groups }))
}

/// `GET …/groups/replica`: the same, signed, for a service to keep.
///
/// # Errors
/// 500 when the store cannot be read or the groups cannot be signed.
pub async fn replica(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let passport = &app.passport;
    let groups = passport.store.group_replica().await.map_err(unread)?;
    let signed = passport.keys.replica(groups, passport.clock.now());
    let signed = signed.map_err(|e| ApiError::internal(&e))?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(signed))
}

/// `POST …/groups`.
///
/// # Errors
/// 422 when something is wrong with it.
pub async fn add_group(
    app: web::Data<App>,
    principal: Principal,
    payload: web::Payload,
) -> Reply<GroupMade> {
    let new: GroupRequest = body::json(payload, BODY_MAX).await?;
    desk(&app, &principal).add_group(&new.name, &new.title).await?;
    Ok(web::Json(GroupMade { name: new.name }))
}

/// `POST …/groups/members`.
///
/// # Errors
/// 404 when there is no such group or member.
pub async fn set_member(
    app: web::Data<App>,
    principal: Principal,
    payload: web::Payload,
) -> Reply<Membership> {
    let asked: Membership = body::json(payload, BODY_MAX).await?;
    desk(&app, &principal).set_member(&asked.group, asked.uid, asked.member).await?;
    Ok(web::Json(asked))
}
