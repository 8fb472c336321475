//! The token endpoint. In order: the form, the client, the proof of possession, and only then the
//! grant, so that nothing is used up by a request that fails before.

use super::clients::authenticate;
use super::code;
use super::exchange;
use super::fault::Fault;
use super::form::Form;
use super::idtoken;
use super::mint::{self, Granted, Shape};
use super::refreshing;
use super::{pkce, possession, scope};
use crate::app::App;
use crate::passport::Passport;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use engine::identity::{Claims, Class, Confirmation, Grant, Profile};
use engine::{Moment, Span};
use entities::{Client, ClientKind, User};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Token exchange (RFC 8693).
pub const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// A request whose client and key are known.
pub struct Asking<'a> {
    /// The passport's parts.
    pub passport: &'a Passport,
    /// The form.
    pub form: &'a Form,
    /// The client.
    pub client: &'a Client,
    /// The key that it proves.
    pub jkt: Option<String>,
    /// This moment.
    pub now: Moment,
}

/// `POST /oauth/token`.
///
/// # Errors
/// As RFC 6749 and its kin say.
pub async fn post(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let passport = &app.passport;
    let form = Form::of_body(&request, payload).await?;
    let grant_type = form.need("grant_type")?.to_owned();
    let known = ["authorization_code", "refresh_token", "client_credentials", EXCHANGE];
    if !known.contains(&grant_type.as_str()) {
        return Err(Fault::bad("unsupported_grant_type", "no such grant here"));
    }
    let client = authenticate(&request, &form, passport).await?;
    let jkt = possession::proven(&request, passport, None)?;
    if client.terms.flags.dpop_required && jkt.is_none() {
        return Err(Fault::invalid_dpop());
    }
    let now = passport.clock.now();
    let asking = Asking { passport, form: &form, client: &client, jkt, now };
    let body = match grant_type.as_str() {
        "authorization_code" => by_code(&asking).await?,
        "refresh_token" => refreshing::by_refresh(&asking).await?,
        "client_credentials" => by_itself(&asking).await?,
        _ => exchange::by_exchange(&asking).await?,
    };
    Ok(super::answer(passport, StatusCode::OK).json(body))
}

async fn by_code(asking: &Asking<'_>) -> Result<Value, Fault> {
    let Asking { passport, form, client, now, .. } = *asking;
    let verifier = form.need("code_verifier")?;
    let text = form.need("code")?;
    let uri = form.need("redirect_uri")?;
    let code = code::take(passport, text, &client.id).await?;
    if !pkce::fits(verifier, &code.challenge) || code.redirect_uri != uri {
        return Err(Fault::invalid_grant());
    }
    let mut granted = code.granted.clone();
    match (&granted.jkt, &asking.jkt) {
        (Some(promised), Some(shown)) if promised != shown => return Err(Fault::invalid_dpop()),
        (Some(_), None) => return Err(Fault::invalid_dpop()),
        (_, shown) => granted.jkt.clone_from(shown),
    }
    let user = still_there(passport, &granted).await?;
    let (claims, token) =
        access_token(asking, &user, &granted, ("token.issue", Some(code.jti.clone()))).await?;
    let mut body = answer(&claims, &token, now);
    let refresh = refreshing::begin(asking, &granted, &code, text).await?;
    put(&mut body, "refresh_token", refresh.into());
    if granted.scope.contains("openid") {
        let nonce = code.nonce.as_deref();
        let id_token = idtoken::issue(passport, client, &user, &granted, nonce, &token)?;
        put(&mut body, "id_token", id_token.into());
    }
    Ok(body)
}

/// The person of a grant, while they and their sign-in go on.
///
/// # Errors
/// `invalid_grant` when they do not; 503 when the store does not answer.
pub async fn still_there(passport: &Passport, granted: &Granted) -> Result<User, Fault> {
    passport.revocation.refresh().await?;
    if passport.revocation.session_ended(&granted.sid) {
        return Err(Fault::invalid_grant());
    }
    let user = passport.store.user(granted.uid).await?.filter(|user| user.active);
    user.ok_or_else(Fault::invalid_grant)
}

/// The access token of a person's grant.
///
/// # Errors
/// As [`mint::end_of`] and [`mint::issue`].
pub async fn access_token(
    asking: &Asking<'_>,
    user: &User,
    granted: &Granted,
    (kind, jti): (&'static str, Option<String>),
) -> Result<(Claims, String), Fault> {
    let Asking { passport, client, now, .. } = *asking;
    let (class, profile) = mint::profile_of(client);
    let asked = Grant {
        class,
        profile,
        requested: granted.lifetime.map(Span::secs),
        parent_exp: None,
        grant_exp: None,
    };
    let bound = granted.jkt.is_some() || client.kind != ClientKind::Public;
    let exp = mint::end_of(asked, bound, mint::whole_seconds(now))?;
    let shape = Shape { class, aud: passport.keys.issuer().to_owned(), exp, jti };
    let claims = mint::claims(passport, user, granted, shape).await?;
    let token = mint::issue(passport, kind, &claims, mint::format_of(client)).await?;
    Ok((claims, token))
}

/// What the client is given.
pub fn answer(claims: &Claims, token: &str, now: Moment) -> Value {
    let bound = claims.cnf.as_ref().is_some_and(|cnf| cnf.jkt.is_some());
    json!({
        "access_token": token,
        "token_type": if bound { "DPoP" } else { "Bearer" },
        "expires_in": (claims.exp - now).0.div_euclid(1_000),
        "scope": scope::join(&claims.scope),
    })
}

/// Adds a field.
pub fn put(body: &mut Value, name: &str, value: Value) {
    if let Some(body) = body.as_object_mut() {
        body.insert(name.to_owned(), value);
    }
}

/// A service's own token.
async fn by_itself(asking: &Asking<'_>) -> Result<Value, Fault> {
    let Asking { passport, form, client, now, .. } = *asking;
    if client.kind != ClientKind::Service {
        return Err(Fault::unauthorized_client("only services ask on their own behalf"));
    }
    let scope = scope::within(form.get("scope"), &client.terms.scopes)?;
    let target = match form.get("audience") {
        None => None,
        Some(spn) => Some(exchange::target(passport, client, spn).await?),
    };
    let (class, aud) = match &target {
        None => (Class::Base, passport.keys.issuer().to_owned()),
        Some(service) => (Class::Svc, service.spn.clone()),
    };
    let requested = form.number("lifetime")?.map(Span::secs);
    let asked =
        Grant { class, profile: Profile::Aaa, requested, parent_exp: None, grant_exp: None };
    let iat = mint::whole_seconds(now);
    let exp = mint::end_of(asked, true, iat)?;
    let service = (class == Class::Svc).then_some(aud.as_str());
    let subject = client.uid.to_string();
    let ep = passport.revocation.epochs_for(&subject, None, Some(&client.id), service, None);
    let claims = Claims {
        iss: passport.keys.issuer().to_owned(),
        sub: client.uid,
        aud: aud.clone(),
        iat,
        nbf: iat,
        exp,
        jti: super::secret::draw_id(&*passport.ids),
        cls: class,
        sid: super::secret::draw_id(&*passport.ids),
        upn: client.terms.spn.clone().unwrap_or_else(|| client.id.clone()),
        name: client.name.clone(),
        person: None,
        oid: None,
        opn: None,
        roles: BTreeSet::new(),
        groups: BTreeSet::new(),
        claims: BTreeMap::new(),
        cid: client.id.clone(),
        ep,
        auth_time: iat,
        acr: "urn:nsk:acr:client".to_owned(),
        amr: BTreeSet::new(),
        scope,
        act: None,
        orig: None,
        cnf: asking.jkt.clone().map(|jkt| Confirmation { jkt: Some(jkt), dkt: None }),
        rw: mint::window(class, iat, exp),
    };
    if let Some(service) = &target {
        exchange::satisfies(service, &claims)?;
    }
    let format = exchange::format_asked(form, client)?;
    let token = mint::issue(passport, "token.issue", &claims, format).await?;
    Ok(answer(&claims, &token, now))
}
