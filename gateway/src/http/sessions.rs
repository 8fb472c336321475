//! Signing in and out of pages, and tickets for clients that can send neither cookie nor header.

use super::body;
use crate::app::App;
use crate::auth::signin::Known;
use crate::auth::{Principal, SignedIn, cleared_cookie, same_origin, session_cookie};
use crate::error::ApiError;
use crate::live::Hub;
use crate::telemetry::Outcome;
use crate::wire::server::PersonFrame;
use crate::wire::sessions::{Session, SessionRequest, Ticket};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ORIGIN, USER_AGENT};
use actix_web::{HttpRequest, HttpResponse, web};
use actors::session::SignIn;
use engine::exam::Role;
use engine::{Moment, PersonId, Span, StreamId};
use entities::{STREAMS_PER_PAGE_MAX, StreamFilter, StreamKind};
use std::net::{IpAddr, Ipv4Addr};

/// Longest device name that a sitting keeps, characters.
const DEVICE_CHARS_MAX: usize = 200;

/// `POST /api/nsk/v1/session`: the token goes into a cookie.
pub async fn open(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    // Another site must not sign a browser in as somebody of its choice.
    let server = &app.config.server;
    if request.headers().contains_key(ORIGIN) && !same_origin(&request, server) {
        return Err(ApiError::forbidden("the request comes from another site"));
    }
    let given: SessionRequest = body::json(payload, app.live.body_bytes_max).await?;
    let signed_in = sign_in(&app, &request, &given.login, &given.password).await?;
    Ok(HttpResponse::Ok()
        .cookie(session_cookie(&signed_in, app.clock.now(), server.secure_cookies))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(session(&signed_in.principal)))
}

/// `GET /api/nsk/v1/session`: who is signed in.
pub async fn show(principal: Principal) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(session(&principal))
}

/// `DELETE /api/nsk/v1/session`: signs out, here and on every open socket.
pub async fn close(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    app.auth.logout(&principal).await?;
    if let Some(sid) = sitting(&principal) {
        app.sessions.close(sid).await;
    }
    let cookie = cleared_cookie(app.config.server.secure_cookies);
    Ok(HttpResponse::NoContent().cookie(cookie).finish())
}

/// `POST /api/nsk/v1/tickets`: a single-use ticket for an event stream.
pub async fn ticket(
    app: web::Data<App>,
    hub: web::Data<Hub>,
    principal: Principal,
) -> Result<HttpResponse, ApiError> {
    let (ticket, exp) = hub.tickets.issue(&app, principal)?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(Ticket { ticket, exp }))
}

/// Checks a login and opens the sitting of an expert or candidate: the token's `sid` is its id, so
/// that ending one ends the other.
///
/// # Errors
/// As [`crate::auth::Auth::login`]; 503 when the sitting cannot be journalled.
pub async fn sign_in(
    app: &App,
    request: &HttpRequest,
    login: &str,
    password: &str,
) -> Result<SignedIn, ApiError> {
    let signed_in = app.auth.login(address_of(request), login, password).await?;
    let principal = &signed_in.principal;
    let Some(sid) = sit(app, request, principal).await? else { return Ok(signed_in) };
    let known = Known {
        person: principal.person,
        name: principal.name.clone(),
        roles: principal.roles.clone(),
        uid: Some(principal.uid),
        until: Some(principal.expires_at),
    };
    app.auth.issue(&known, sid.to_string())
}

/// Checks a PIN, alone or with a name, and opens the sitting as [`sign_in`] does. The token is the
/// station's own.
///
/// # Errors
/// 401 for whatever is wrong, 429 for too many attempts, 503 when it does not work.
pub async fn sign_in_by_pin(
    app: &App,
    request: &HttpRequest,
    name: Option<&str>,
    pin: &str,
) -> Result<SignedIn, ApiError> {
    let station = app.passport.station.as_ref().ok_or_else(ApiError::unauthorized)?;
    let signed_in = async {
        let sealed = station.sign_in(address_of(request), name, pin).await?;
        let principal =
            Principal::of_child(sealed.clone()).map_err(|_| ApiError::unauthorized())?;
        let sid = sit(app, request, &principal).await?;
        let sid = sid.map_or_else(|| hex::encode(app.ids.salt()), |sid| sid.to_string());
        let (token, child) = station.child(&sealed, &sid)?;
        let principal = Principal::of_child(child).map_err(|_| ApiError::unauthorized())?;
        tracing::info!(person = %principal.person, "signed in by PIN");
        Ok(SignedIn { token, principal })
    };
    let signed_in: Result<SignedIn, ApiError> = signed_in.await;
    app.metrics.sign_in(match &signed_in {
        Ok(_) => Outcome::Acked,
        Err(error) if error.status == StatusCode::UNAUTHORIZED => Outcome::Rejected,
        Err(_) => Outcome::Temporary,
    });
    signed_in
}

pub(super) fn address_of(request: &HttpRequest) -> IpAddr {
    request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |a| a.ip())
}

/// Opens the sitting of an expert or candidate: its id. Others have none.
async fn sit(
    app: &App,
    request: &HttpRequest,
    principal: &Principal,
) -> Result<Option<StreamId>, ApiError> {
    if !principal.has_any(&[Role::Candidate, Role::Expert]) {
        return Ok(None);
    }
    let device = request.headers().get(USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or("");
    let device: String = device.chars().take(DEVICE_CHARS_MAX).collect();
    // A candidate sits in one place; an expert may carry a tablet beside a laptop.
    let exclusive = principal.has_any(&[Role::Candidate]);
    let sitting = SignIn {
        person: principal.person,
        name: principal.name.clone(),
        role: principal.role_word().to_owned(),
        device: device.clone(),
        exclusive,
    };
    let sid = app.sessions.open(sitting).await?;
    if exclusive {
        end_earlier(app, principal.person, sid, &device).await?;
    }
    Ok(Some(sid))
}

/// Ends the sittings that a person began before this one and whose tokens may still be alive, also
/// those that began before the program was started anew.
async fn end_earlier(
    app: &App,
    person: PersonId,
    own: StreamId,
    device: &str,
) -> Result<(), ApiError> {
    let life = Span::minutes(i64::from(app.config.auth.session_minutes));
    let filter = StreamFilter {
        kind: Some(StreamKind::Session),
        candidate: Some(person),
        from: Some(Moment(app.clock.now().0.saturating_sub(life.0))),
        ..StreamFilter::default()
    };
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "an earlier sitting was not ended");
        ApiError::unavailable("signing in does not work at this moment")
    };
    let mut after = None;
    loop {
        let page = app.store.list_streams(filter, STREAMS_PER_PAGE_MAX, after).await;
        let page = page.map_err(|e| failed(&e))?;
        // Ids grow with time: of two that sign in at once the later one stays.
        for row in page.rows.iter().filter(|row| row.stream.0 < own.0) {
            let sid = row.stream.to_string();
            if app.revocation.session_ended(&sid) {
                continue;
            }
            app.auth.end_sitting(sid).await.map_err(|e| failed(&e))?;
            app.sessions.replace(row.stream, device.to_owned()).await;
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// The sitting that a token belongs to, when it belongs to one.
pub fn sitting(principal: &Principal) -> Option<StreamId> {
    // Other sign-ins have 32 hexadecimal digits, which a UUID parser would take too.
    let dashed = principal.sid.len() == 36;
    dashed.then(|| principal.sid.parse().ok()).flatten().map(StreamId)
}

/// Who a principal is, as pages and sockets are told.
pub fn person(principal: &Principal) -> PersonFrame {
    PersonFrame {
        id: principal.person,
        name: principal.name.clone(),
        roles: principal.roles.iter().copied().collect(),
    }
}

fn session(principal: &Principal) -> Session {
    Session { person: person(principal), exp: principal.expires_at }
}
