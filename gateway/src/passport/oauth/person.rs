//! A person's own affairs with a token: who they are, which roles they may choose, a renewed token.

use super::bearer::{OWN, admitted};
use super::clients::authenticate;
use super::fault::Fault;
use super::form::Form;
use super::idtoken::profile;
use super::mint;
use super::token::{answer, put};
use crate::app::App;
use crate::passport::format::{Audience, Expect, Format};
use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use engine::identity::{Class, Profile, lifetime};
use entities::ClientKind;
use serde_json::{Value, json};

/// What may be renewed in its refresh window.
const RENEWED: &[Class] = &[Class::Base, Class::Legacy, Class::Svc];

/// `GET|POST /oauth/userinfo`.
///
/// # Errors
/// As any resource.
pub async fn userinfo(app: Data<App>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let passport = &app.passport;
    let (claims, _) = admitted(&request, passport, OWN).await?;
    if !claims.scope.contains("openid") {
        return Err(Fault::insufficient_scope());
    }
    let user = passport.store.user(claims.sub).await?.ok_or_else(Fault::no_token)?;
    let mut told = profile(&user, &claims.scope);
    told.insert("sub".to_owned(), json!(user.uid));
    if claims.scope.contains("groups") {
        told.insert("groups".to_owned(), json!(claims.groups));
    }
    if claims.cls == Class::Role {
        told.insert("role".to_owned(), json!(claims.roles.first()));
        told.insert("oid".to_owned(), json!(claims.oid));
    }
    Ok(super::answer(passport, StatusCode::OK).json(told))
}

/// `GET /v1/me/roles`: what the person may choose now.
///
/// # Errors
/// As any resource.
pub async fn roles(app: Data<App>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let passport = &app.passport;
    let (claims, _) = admitted(&request, passport, OWN).await?;
    let now = passport.clock.now();
    let chosen = passport.store.chosen_role(&claims.sid).await?;
    let mut listed: Vec<Value> = Vec::new();
    for held in passport.store.roles_held(claims.sub, now).await? {
        let organisation = match held.oid {
            None => None,
            Some(oid) => passport.store.organisation(oid).await?,
        };
        listed.push(json!({
            "role": held.role, "oid": held.oid, "chosen": chosen == Some(held.id),
            "opn": organisation.as_ref().map(|o| &o.opn),
            "organisation": organisation.as_ref().map(|o| &o.name),
            "from": held.from.0.div_euclid(1_000),
            "until": held.until.map(|until| until.0.div_euclid(1_000)),
        }));
    }
    Ok(super::answer(passport, StatusCode::OK).json(json!({"roles": listed})))
}

/// `POST /oauth/renew`: another token of the same kind, for one that is valid and in its refresh
/// window. The client proves itself in the body; the token stands in the header.
///
/// # Errors
/// `invalid_grant` outside the window, and when nothing is left of what its class may live.
pub async fn renew(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let passport = &app.passport;
    let form = Form::of_body(&request, payload).await?;
    let (claims, presented) = renewable(&request, &form, &app).await?;
    let now = passport.clock.now();
    if claims.rw.is_none_or(|from| now < from) {
        return Err(Fault::bad("invalid_grant", "the refresh window has not begun"));
    }
    let profile = if claims.cls == Class::Legacy { Profile::Passport } else { Profile::Aaa };
    let (_, cap) = lifetime::limits(claims.cls, profile).ok_or_else(Fault::invalid_grant)?;
    let iat = mint::whole_seconds(now);
    // Counted from the first issue, which is when the person proved who they are.
    let exp = (iat + (claims.exp - claims.iat)).min(claims.auth_time + cap);
    if exp <= claims.exp {
        return Err(Fault::bad("invalid_grant", "nothing is left of its longest life"));
    }
    let mut renewed = claims.clone();
    renewed.jti = super::secret::draw_id(&*passport.ids);
    renewed.orig = Some(mint::origin(&claims));
    (renewed.iat, renewed.nbf, renewed.exp) = (iat, iat, exp);
    renewed.rw = mint::window(claims.cls, iat, exp);
    let token = mint::issue(
        passport,
        "token.renew",
        &renewed,
        format_of(&presented, &app, &claims.cid).await?,
    )
    .await?;
    let mut body = answer(&renewed, &token, now);
    let until = (claims.auth_time + cap).0.div_euclid(1_000);
    put(&mut body, "renewable_until", until.into());
    Ok(super::answer(passport, StatusCode::OK).json(body))
}

async fn renewable(
    request: &HttpRequest,
    form: &Form,
    app: &Data<App>,
) -> Result<(engine::identity::Claims, String), Fault> {
    let passport = &app.passport;
    // A record does not fit into a header: it may stand in the body.
    let Some(token) = form.get("token") else {
        let (claims, token) = admitted(request, passport, RENEWED).await?;
        return Ok((claims, token));
    };
    if request.headers().contains_key(header::AUTHORIZATION) && form.get("client_secret").is_some()
    {
        return Err(Fault::invalid_request("more than one way to prove who the client is"));
    }
    let client = authenticate(request, form, passport).await?;
    if client.kind == ClientKind::Public {
        return Err(Fault::unauthorized_client("the client must prove who it is"));
    }
    let expect = Expect { classes: RENEWED, audience: Audience::Any };
    let now = passport.clock.now();
    let claims = passport.keys.verify(token, &expect, now).map_err(|_| Fault::invalid_grant())?;
    let bound = claims.cnf.as_ref().and_then(|cnf| cnf.jkt.as_deref());
    let proven = super::possession::proven(request, passport, None)?;
    if claims.cid != client.id || bound.is_some() && bound != proven.as_deref() {
        return Err(Fault::invalid_grant());
    }
    if !super::bearer::stands(passport, &claims).await? {
        return Err(Fault::invalid_grant());
    }
    Ok((claims, token.to_owned()))
}

/// The format in which a token came.
async fn format_of(token: &str, app: &Data<App>, client: &str) -> Result<Format, Fault> {
    if token.starts_with("v4.") {
        return Ok(Format::Paseto);
    }
    if !token.contains('.') || token.starts_with('{') {
        return Ok(Format::Record { base64: !token.starts_with('{') });
    }
    let client = super::clients::find(&app.passport, client).await?;
    let client = client.ok_or_else(Fault::invalid_grant)?;
    Ok(mint::format_of(&client))
}
