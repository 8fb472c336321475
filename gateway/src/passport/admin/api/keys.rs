//! Signing keys, and epochs.

use super::{BODY_MAX, Reply, unread};
use crate::app::App;
use crate::auth::Principal;
use crate::error::ApiError;
use crate::http::body;
use crate::passport::admin;
use crate::passport::admin::shapes::shown;
use crate::passport::audit::Entry;
use crate::wire::passport::{EpochMade, EpochRequest, KeyRequest, SigningKey};
use actix_web::web;
use engine::identity::Level;
use serde_json::json;

/// `GET …/keys`.
///
/// # Errors
/// None.
pub async fn keys(app: web::Data<App>) -> Reply<Vec<SigningKey>> {
    Ok(web::Json(shown(app.passport.keys.list())))
}

/// `POST …/keys`: announces, activates, retires or compromises one.
///
/// # Errors
/// 404 when there is no such key, 409 when its state does not allow it.
pub async fn change_key(
    app: web::Data<App>,
    principal: Principal,
    payload: web::Payload,
) -> Reply<Vec<SigningKey>> {
    let asked: KeyRequest = body::json(payload, BODY_MAX).await?;
    let (passport, actor) = (&app.passport, principal.person.to_string());
    admin::change_key(&passport.keys, &passport.audit, &actor, (&asked, false)).await?;
    self::keys(app).await
}

/// `POST …/epochs`: ends every token of somebody or something.
///
/// # Errors
/// 503 when it cannot be recorded.
pub async fn bump(
    app: web::Data<App>,
    principal: Principal,
    payload: web::Payload,
) -> Reply<EpochMade> {
    let asked: EpochRequest = body::json(payload, BODY_MAX).await?;
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
    Ok(web::Json(EpochMade { epoch: epoch.map_err(unread)? }))
}
