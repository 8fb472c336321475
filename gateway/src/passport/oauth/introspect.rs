//! Introspection (RFC 7662) and revocation (RFC 7009). Introspection reads the database each time:
//! when that does not answer, nothing is said about a token.

use super::bearer;
use super::clients::authenticate;
use super::fault::Fault;
use super::form::Form;
use super::mint;
use super::scope;
use super::secret::sha256;
use crate::app::App;
use crate::passport::Passport;
use crate::passport::format::{Audience, Expect};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use engine::identity::{Claims, Class};
use engine::{Moment, Span};
use entities::{Client, ClientKind, NewRevocation, Refresh};
use serde_json::{Value, json};

/// What was made from a token lives no longer than this after its revocation.
const REMEMBERED: Span = Span::secs(31 * 86_400);

/// What is an access token. A sealed token opens nothing without its station, and a picture is
/// anybody's who saw it: a service that asks here would let its bearer in.
const ACCESS: &[Class] = &[Class::Base, Class::Role, Class::Svc, Class::Dlg, Class::Legacy];

/// `POST /oauth/introspect`: for services, about tokens that are theirs or for them.
///
/// # Errors
/// As RFC 7662 says; 503 when the database does not answer.
pub async fn introspect(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let passport = &app.passport;
    let form = Form::of_body(&request, payload).await?;
    let client = authenticate(&request, &form, passport).await?;
    if client.kind == ClientKind::Public {
        return Err(Fault::invalid_client());
    }
    let told = described(passport, &client, form.need("token")?).await?;
    let body = told.unwrap_or_else(|| json!({"active": false}));
    Ok(super::answer(passport, StatusCode::OK).json(body))
}

async fn described(
    passport: &Passport,
    client: &Client,
    token: &str,
) -> Result<Option<Value>, Fault> {
    let now = passport.clock.now();
    if let Some(kept) = passport.store.refresh(&sha256(token.as_bytes())).await? {
        return about_refresh(passport, client, &kept, now).await;
    }
    let expect = Expect { classes: ACCESS, audience: Audience::Any };
    let Ok(claims) = passport.keys.verify(token, &expect, now) else {
        return Ok(None);
    };
    let concerned = claims.cid == client.id
        || client.terms.spn.as_deref() == Some(claims.aud.as_str())
        || claims.aud == passport.keys.issuer() && client.kind == ClientKind::Service;
    if !concerned || !bearer::stands(passport, &claims).await? {
        return Ok(None);
    }
    Ok(Some(about(&claims)))
}

fn about(claims: &Claims) -> Value {
    let seconds = |moment: Moment| moment.0.div_euclid(1_000);
    let bound = claims.cnf.as_ref().is_some_and(|cnf| cnf.jkt.is_some());
    let mut told = json!({
        "active": true, "iss": claims.iss, "sub": claims.sub, "aud": claims.aud,
        "client_id": claims.cid, "username": claims.upn, "scope": scope::join(&claims.scope),
        "iat": seconds(claims.iat), "nbf": seconds(claims.nbf), "exp": seconds(claims.exp),
        "jti": claims.jti, "cls": claims.cls, "sid": claims.sid, "name": claims.name,
        "auth_time": seconds(claims.auth_time), "acr": claims.acr, "amr": claims.amr,
        "token_type": if bound { "DPoP" } else { "Bearer" },
    });
    let optional = [
        ("role", claims.roles.first().map(|role| json!(role))),
        ("oid", claims.oid.map(|oid| json!(oid))),
        ("opn", claims.opn.as_ref().map(|opn| json!(opn))),
        ("groups", (!claims.groups.is_empty()).then(|| json!(claims.groups))),
        ("act", claims.act.as_ref().map(|act| json!(act))),
        ("cnf", claims.cnf.as_ref().map(|cnf| json!(cnf))),
    ];
    for (name, value) in optional {
        if let (Some(told), Some(value)) = (told.as_object_mut(), value) {
            told.insert(name.to_owned(), value);
        }
    }
    told
}

async fn about_refresh(
    passport: &Passport,
    client: &Client,
    kept: &Refresh,
    now: Moment,
) -> Result<Option<Value>, Fault> {
    passport.revocation.refresh().await?;
    let live = kept.cid == client.id
        && kept.used_at.is_none()
        && kept.ended_at.is_none()
        && now < kept.idle_until
        && now < kept.absolute_until
        && !passport.revocation.session_ended(&kept.sid);
    let exp = kept.idle_until.min(kept.absolute_until).0.div_euclid(1_000);
    Ok(live.then(|| {
        json!({"active": true, "client_id": kept.cid, "sub": kept.uid, "sid": kept.sid, "exp": exp})
    }))
}

/// `POST /oauth/revoke`: 200 when it is done, and when there was nothing to do.
///
/// # Errors
/// As RFC 7009 says; 503 when the database does not take it, and the client must try again.
pub async fn revoke(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let passport = &app.passport;
    let form = Form::of_body(&request, payload).await?;
    let client = authenticate(&request, &form, passport).await?;
    let token = form.need("token")?;
    let now = passport.clock.now();
    if let Some(kept) = passport.store.refresh(&sha256(token.as_bytes())).await? {
        if kept.cid == client.id {
            let detail = json!({"family": kept.family, "sid": kept.sid});
            let subject = Some(kept.uid.to_string());
            mint::record(passport, "token.revoke", Some(&client.id), subject, detail).await?;
            passport.store.end_family(kept.family, now).await?;
        }
    } else if let Ok(claims) = passport.keys.ring().read(token, &Expect::anything(), now)
        && claims.cid == client.id
    {
        let subject = Some(claims.sub.to_string());
        let detail = json!({"jti": claims.jti});
        mint::record(passport, "token.revoke", Some(&client.id), subject, detail).await?;
        let revocation = NewRevocation {
            jti: Some(claims.jti.clone()),
            sid: None,
            orig: Some(claims.jti.clone()),
            reason: "revoked by its client".to_owned(),
            at: now,
            expires_at: now.max(claims.exp) + REMEMBERED,
        };
        passport.revocation.revoke(&revocation).await?;
    }
    Ok(super::answer(passport, StatusCode::OK).finish())
}
