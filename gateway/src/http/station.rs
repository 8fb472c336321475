//! The station itself: who it is, and the end of a wait after wrong PINs.

use super::{body, sessions};
use crate::app::App;
use crate::auth::Principal;
use crate::error::ApiError;
use crate::passport::audit::Entry;
use crate::passport::seal::answer::{Answer, NONCE_BYTES};
use crate::passport::seal::station::Station;
use crate::wire::sessions::SessionRequest;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde::Deserialize;
use serde_json::json;

/// The query of `GET /api/nsk/v1/station`.
#[derive(Deserialize)]
pub struct Challenge {
    nonce: String,
}

fn station(app: &App) -> Result<&Station, ApiError> {
    let station = app.passport.station.as_ref();
    station.ok_or_else(|| ApiError::not_found("this station has no device"))
}

/// `GET /api/nsk/v1/station`: signs the client's nonce with the device's key.
pub async fn answer(
    app: web::Data<App>,
    challenge: web::Query<Challenge>,
) -> Result<web::Json<Answer>, ApiError> {
    let station = station(&app)?;
    let nonce = B64.decode(&challenge.nonce).ok().filter(|n| NONCE_BYTES.contains(&n.len()));
    let nonce =
        nonce.ok_or_else(|| ApiError::invalid("the nonce is 16 to 64 bytes in base64url"))?;
    let answer = station.answer(&nonce);
    answer
        .map(web::Json)
        .ok_or_else(|| ApiError::unavailable("the station's device key cannot be used"))
}

/// `POST /api/nsk/v1/station/unlock`: an operator ends every wait after wrong PINs, and proves anew
/// who they are: a tablet that lies around signed in is not enough. Failures in all stay counted.
pub async fn unlock(
    app: web::Data<App>,
    request: HttpRequest,
    principal: Principal,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    station(&app)?;
    let given: SessionRequest = body::json(payload, app.live.body_bytes_max).await?;
    let address = sessions::address_of(&request);
    let proved = app.auth.login(address, &given.login, &given.password).await?;
    if proved.principal.person != principal.person {
        return Err(ApiError::forbidden("the password is not of the one who is signed in"));
    }
    let actor = Some(principal.person.to_string());
    let entry = Entry { kind: "pin.unlock", actor, subject: None, detail: json!({}) };
    app.passport.audit.record(entry).await?;
    let ended = app.store.unlock_attempts().await;
    let ended = ended.map_err(|error| {
        tracing::error!(%error, "the waits were not ended");
        ApiError::unavailable("the waits cannot be ended at this moment")
    })?;
    tracing::warn!(person = %principal.person, ended, "waits after wrong PINs were ended");
    Ok(HttpResponse::NoContent().finish())
}
