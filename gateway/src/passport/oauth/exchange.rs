//! Token exchange (RFC 8693): choosing a role, a token for a service, and a service acting on
//! somebody's behalf at another. What comes out is never wider and never longer than what goes in.

use super::bearer;
use super::fault::Fault;
use super::form::Form;
use super::mint::{self, Granted, Shape};
use super::scope;
use super::token::{Asking, answer, put};
use crate::auth::permissions::role_of;
use crate::passport::Passport;
use crate::passport::format::{Audience, Expect, Format};
use engine::Span;
use engine::identity::{Act, Claims, Class, Confirmation, Epochs, Grant, Profile, Requirement};
use entities::{Client, Service};
use serde_json::Value;
use uuid::Uuid;

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const PASETO: &str = "urn:nsk:token-type:paseto";
const RECORD: &str = "urn:nsk:token-type:record";
/// Most who act one for another.
const DEPTH_MAX: usize = 4;
/// What a token may be made from.
const SUBJECTS: &[Class] = &[Class::Base, Class::Role, Class::Svc, Class::Dlg, Class::Legacy];
/// With what a service shows that it acts.
const ACTORS: &[Class] = &[Class::Base, Class::Svc];

/// The grant of token exchange.
///
/// # Errors
/// `invalid_target`, `invalid_scope`, `invalid_grant`, `invalid_request`.
pub async fn by_exchange(asking: &Asking<'_>) -> Result<Value, Fault> {
    let Asking { passport, form, client, now, .. } = *asking;
    if form.get("resource").is_some() {
        return Err(Fault::invalid_target());
    }
    let subject = shown(asking, "subject_token", SUBJECTS).await?;
    let format = format_asked(form, client)?;
    let claims = match (form.get("nsk_role"), form.get("audience"), form.get("actor_token")) {
        (role, None, None) => with_role(asking, &subject, role).await?,
        (None, Some(spn), None) => for_service(asking, &subject, spn).await?,
        (None, Some(spn), Some(_)) => delegated(asking, &subject, spn).await?,
        _ => return Err(Fault::invalid_request("either nsk_role or audience")),
    };
    let kind = if claims.cls == Class::Role { "role.choose" } else { "token.exchange" };
    let token = mint::issue(passport, kind, &claims, format).await?;
    let mut body = answer(&claims, &token, now);
    let kind = form.get("requested_token_type").unwrap_or(ACCESS_TOKEN);
    put(&mut body, "issued_token_type", kind.into());
    Ok(body)
}

/// The format that is asked for.
///
/// # Errors
/// `invalid_request` for one that is not known.
pub fn format_asked(form: &Form, client: &Client) -> Result<Format, Fault> {
    match form.get("requested_token_type") {
        None | Some(ACCESS_TOKEN | JWT) => Ok(mint::format_of(client)),
        Some(PASETO) => Ok(Format::Paseto),
        Some(RECORD) => Ok(Format::Record { base64: false }),
        Some(_) => Err(Fault::invalid_request("the requested_token_type is not known")),
    }
}

/// A token among the parameters, verified and not revoked.
async fn shown(
    asking: &Asking<'_>,
    name: &'static str,
    classes: &'static [Class],
) -> Result<Claims, Fault> {
    let Asking { passport, form, now, .. } = *asking;
    let token = form.need(name)?;
    let kind = if name == "actor_token" { "actor_token_type" } else { "subject_token_type" };
    if ![ACCESS_TOKEN, JWT, PASETO, RECORD].contains(&form.need(kind)?) {
        return Err(Fault::invalid_request("the type of a token is not known"));
    }
    let expect = Expect { classes, audience: Audience::Any };
    let claims = passport.keys.verify(token, &expect, now).map_err(|_| Fault::invalid_grant())?;
    if bearer::stands(passport, &claims).await? { Ok(claims) } else { Err(Fault::invalid_grant()) }
}

/// The service that a client may have tokens for.
///
/// # Errors
/// `invalid_target`, one answer for unknown, inactive and not allowed.
pub async fn target(passport: &Passport, client: &Client, spn: &str) -> Result<Service, Fault> {
    if !client.terms.audiences.contains(spn) {
        return Err(Fault::invalid_target());
    }
    let service = passport.store.service(spn).await?.filter(|service| service.active);
    service.ok_or_else(Fault::invalid_target)
}

/// A token that is bound to a key is exchanged by that key's holder alone.
fn same_key(asking: &Asking<'_>, subject: &Claims) -> Result<(), Fault> {
    let bound = subject.cnf.as_ref().and_then(|cnf| cnf.jkt.as_deref());
    if bound.is_some() && bound != asking.jkt.as_deref() {
        return Err(Fault::invalid_dpop());
    }
    if subject.cnf.as_ref().is_some_and(|cnf| cnf.dkt.is_some()) {
        return Err(Fault::invalid_grant());
    }
    Ok(())
}

/// One role of the person's, which they hold now: the one that is named, else the one that they
/// chose at the passport in this sign-in.
async fn with_role(
    asking: &Asking<'_>,
    subject: &Claims,
    named: Option<&str>,
) -> Result<Claims, Fault> {
    let Asking { passport, form, client, now, .. } = *asking;
    if subject.cls != Class::Base || subject.cid != client.id {
        return Err(Fault::invalid_grant());
    }
    same_key(asking, subject)?;
    let all = passport.store.roles_held(subject.sub, now).await?;
    let held = match named {
        Some(word) => {
            let role = role_of(word).ok_or_else(Fault::invalid_target)?;
            let oid = match form.get("nsk_org") {
                None => None,
                Some(text) => Some(Uuid::parse_str(text).map_err(|_| Fault::invalid_target())?),
            };
            all.into_iter().find(|held| role_of(&held.role) == Some(role) && held.oid == oid)
        }
        None => {
            let chosen = passport.store.chosen_role(&subject.sid).await?;
            let chosen = chosen.ok_or_else(|| {
                Fault::invalid_request("either nsk_role or audience: no role was chosen")
            })?;
            all.into_iter().find(|held| held.id == chosen)
        }
    };
    let held = held.ok_or_else(Fault::invalid_target)?;
    let role = role_of(&held.role).ok_or_else(Fault::invalid_target)?;
    let oid = held.oid;
    let organisation = match oid {
        None => None,
        Some(oid) => passport.store.organisation(oid).await?,
    };
    let asked = Grant {
        class: Class::Role,
        profile: Profile::Aaa,
        requested: form.number("lifetime")?.map(Span::secs),
        parent_exp: Some(subject.exp),
        grant_exp: held.until,
    };
    let mut claims = made_from(asking, subject, asked, passport.keys.issuer()).await?;
    claims.roles = [role].into();
    claims.oid = oid;
    claims.opn = organisation.map(|organisation| organisation.opn);
    claims.orig = Some(mint::origin(subject));
    claims.ep = epochs(asking, subject, &claims);
    Ok(claims)
}

/// A token for one service, for the client that has the subject's, or for whom that is.
async fn for_service(asking: &Asking<'_>, subject: &Claims, spn: &str) -> Result<Claims, Fault> {
    let Asking { passport, form, client, .. } = *asking;
    if !matches!(subject.cls, Class::Base | Class::Role | Class::Legacy) {
        return Err(Fault::invalid_grant());
    }
    if subject.cid != client.id {
        return Err(Fault::invalid_grant());
    }
    same_key(asking, subject)?;
    let service = target(passport, client, spn).await?;
    let asked = Grant {
        class: Class::Svc,
        profile: Profile::Aaa,
        requested: form.number("lifetime")?.map(Span::secs),
        parent_exp: Some(subject.exp),
        grant_exp: None,
    };
    let mut claims = made_from(asking, subject, asked, &service.spn).await?;
    claims.orig = Some(mint::origin(subject));
    satisfies(&service, &claims)?;
    Ok(claims)
}

/// A token for one service, for another that acts on the subject's behalf.
async fn delegated(asking: &Asking<'_>, subject: &Claims, spn: &str) -> Result<Claims, Fault> {
    let Asking { passport, form, client, .. } = *asking;
    let front = client.terms.spn.as_deref().ok_or_else(Fault::invalid_grant)?;
    if !matches!(subject.cls, Class::Svc | Class::Dlg) || subject.aud != front {
        return Err(Fault::invalid_grant());
    }
    let actor = shown(asking, "actor_token", ACTORS).await?;
    if actor.sub != client.uid || actor.cid != client.id {
        return Err(Fault::invalid_grant());
    }
    same_key(asking, &actor)?;
    let service = target(passport, client, spn).await?;
    if !passport.store.may_delegate(front, &service.spn).await? {
        return Err(Fault::invalid_target());
    }
    let user = passport.store.user(subject.sub).await?;
    if !user.is_some_and(|user| user.active && user.delegable) {
        return Err(Fault::invalid_target());
    }
    if mint::depth(subject.act.as_ref()) >= DEPTH_MAX {
        return Err(Fault::invalid_grant());
    }
    let origin = mint::origin(subject);
    let original_end = engine::Moment(origin.exp.saturating_mul(1_000));
    let asked = Grant {
        class: Class::Dlg,
        profile: Profile::Aaa,
        requested: form.number("lifetime")?.map(Span::secs),
        parent_exp: Some(subject.exp.min(original_end)),
        grant_exp: None,
    };
    let mut claims = made_from(asking, subject, asked, &service.spn).await?;
    claims.act = Some(Act { sub: front.to_owned(), act: subject.act.clone().map(Box::new) });
    claims.orig = Some(origin);
    // Bound to the acting service's key, where it has shown one: the person's key is not here.
    claims.cnf = asking.jkt.clone().map(|jkt| Confirmation { jkt: Some(jkt), dkt: None });
    satisfies(&service, &claims)?;
    Ok(claims)
}

/// Claims that go on from a subject's, with a scope that is no wider.
async fn made_from(
    asking: &Asking<'_>,
    subject: &Claims,
    asked: Grant,
    aud: &str,
) -> Result<Claims, Fault> {
    let Asking { passport, form, client, now, .. } = *asking;
    let scope = scope::within(form.get("scope"), &subject.scope)?;
    let exp = mint::end_of(asked, true, mint::whole_seconds(now))?;
    let shape = Shape { class: asked.class, aud: aud.to_owned(), exp, jti: None };
    let granted = Granted {
        uid: subject.sub,
        sid: subject.sid.clone(),
        cid: client.id.clone(),
        scope,
        auth_time: subject.auth_time.0,
        acr: subject.acr.clone(),
        amr: subject.amr.clone(),
        jkt: subject.cnf.as_ref().and_then(|cnf| cnf.jkt.clone()).or(asking.jkt.clone()),
        lifetime: None,
    };
    let user = passport.store.user(subject.sub).await?.filter(|user| user.active);
    let user = user.ok_or_else(Fault::invalid_grant)?;
    let mut claims = mint::claims(passport, &user, &granted, shape).await?;
    claims.roles = subject.roles.clone();
    claims.oid = subject.oid;
    claims.opn = subject.opn.clone();
    claims.claims = subject.claims.clone();
    claims.ep = epochs(asking, subject, &claims);
    Ok(claims)
}

/// The epochs of what is made from a subject's token. What was bumped since that was looked at must
/// hit this one too.
fn epochs(asking: &Asking<'_>, subject: &Claims, claims: &Claims) -> Epochs {
    let Asking { passport, .. } = *asking;
    let (uid, oid) = (claims.sub.to_string(), claims.oid.map(|oid| oid.to_string()));
    let service = (claims.aud != passport.keys.issuer()).then_some(claims.aud.as_str());
    let (oid, cid) = (oid.as_deref(), Some(claims.cid.as_str()));
    let mut ep = passport.revocation.epochs_for(&uid, oid, cid, service, None);
    (ep.g, ep.u) = (subject.ep.g.or(ep.g), subject.ep.u.or(ep.u));
    if subject.oid == claims.oid {
        ep.o = subject.ep.o.or(ep.o);
    }
    if subject.cid == claims.cid {
        ep.c = subject.ep.c.or(ep.c);
    }
    ep
}

/// Whether a token has what its service requires.
///
/// # Errors
/// `invalid_target`, also when what the service requires cannot be read: then nobody gets in.
pub fn satisfies(service: &Service, claims: &Claims) -> Result<(), Fault> {
    let required = Requirement::read(&service.requires).map_err(|wrong| {
        tracing::error!(spn = %service.spn, %wrong, "a service's requirement cannot be read");
        Fault::invalid_target()
    })?;
    required.check(claims).map_err(|lack| {
        tracing::debug!(spn = %service.spn, %lack, "a token lacks what its service requires");
        Fault::bad("invalid_target", "the service requires more than this token has")
    })
}
