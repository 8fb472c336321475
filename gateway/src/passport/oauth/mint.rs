//! Making tokens: from what was granted to claims, from claims to a signed token.

use super::fault::Fault;
use super::secret::draw_id;
use crate::passport::Passport;
use crate::passport::audit::Entry;
use crate::passport::format::{Format, JwtAlg};
use crate::passport::keys::KeyFault;
use engine::identity::{
    Act, Claims, Class, Confirmation, Grant, KeyPurpose, LifetimeFault, Original, Profile, grant,
};
use engine::{Moment, Span};
use entities::{Client, User};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The refresh window of a token for a service: its last half hour.
const WINDOW_OF_SERVICES: Span = Span::secs(1_800);
/// Tokens of this life and longer are bound to somebody.
const BOUND_FROM: Span = Span::secs(86_400);

/// What a person has granted a client by signing in: the root of its tokens.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Granted {
    /// Who.
    pub uid: Uuid,
    /// In which sign-in.
    pub sid: String,
    /// To which client.
    pub cid: String,
    /// For what.
    pub scope: BTreeSet<String>,
    /// When they proved who they are, ms.
    pub auth_time: i64,
    /// How well.
    pub acr: String,
    /// By what.
    pub amr: BTreeSet<String>,
    /// The key that the grant is bound to, if any.
    pub jkt: Option<String>,
    /// The life of access tokens that was asked for, s.
    pub lifetime: Option<i64>,
}

/// What differs between the tokens of one person.
pub struct Shape {
    /// The class.
    pub class: Class,
    /// For whom.
    pub aud: String,
    /// The end.
    pub exp: Moment,
    /// Its id, when that is settled already.
    pub jti: Option<String>,
}

/// The class and profile of a client's first tokens.
pub fn profile_of(client: &Client) -> (Class, Profile) {
    if client.terms.flags.legacy_lifetime {
        (Class::Legacy, Profile::Passport)
    } else {
        (Class::Base, Profile::Aaa)
    }
}

/// When a token ends.
///
/// # Errors
/// `invalid_request` for more than its class allows, and for a day and more without a binding;
/// `invalid_grant` when what it would be made from has ended.
pub fn end_of(asked: Grant, bound: bool, now: Moment) -> Result<Moment, Fault> {
    let exp = grant(asked, now).map_err(|fault| match fault {
        LifetimeFault::OverCap | LifetimeFault::NotPositive => {
            Fault::invalid_request("the lifetime asked for is not allowed")
        }
        LifetimeFault::NotAllowed => Fault::unauthorized_client("no such token for this client"),
        LifetimeFault::Ended => Fault::invalid_grant(),
    })?;
    if exp - now >= BOUND_FROM && !bound {
        return Err(Fault::invalid_request("such a lifetime needs a token bound to a key"));
    }
    Ok(exp)
}

/// The moment from which a token may be renewed: the last quarter of its life, or the last half
/// hour of a service's.
pub fn window(class: Class, iat: Moment, exp: Moment) -> Option<Moment> {
    let life = exp - iat;
    let from = match class {
        Class::Base | Class::Legacy => iat + Span(life.0 / 4 * 3),
        Class::Svc => iat.max(exp + Span(-WINDOW_OF_SERVICES.0)),
        _ => return None,
    };
    Some(Moment(from.0.div_euclid(1_000) * 1_000))
}

/// The claims of a person's token.
///
/// # Errors
/// 503 when the store does not answer.
pub async fn claims(
    passport: &Passport,
    user: &User,
    granted: &Granted,
    shape: Shape,
) -> Result<Claims, Fault> {
    let now = whole_seconds(passport.clock.now());
    let groups = passport.store.groups_of(user.uid).await?;
    let service = (shape.aud != passport.keys.issuer()).then_some(shape.aud.as_str());
    let ep = passport.revocation.epochs_for(
        &user.uid.to_string(),
        None,
        Some(&granted.cid),
        service,
        None,
    );
    Ok(Claims {
        iss: passport.keys.issuer().to_owned(),
        sub: user.uid,
        aud: shape.aud,
        iat: now,
        nbf: now,
        exp: shape.exp,
        jti: shape.jti.unwrap_or_else(|| draw_id(&*passport.ids)),
        cls: shape.class,
        sid: granted.sid.clone(),
        upn: user.upn.clone(),
        name: user.name.clone(),
        person: user.person,
        oid: None,
        opn: None,
        roles: BTreeSet::new(),
        groups: groups.into_iter().collect(),
        claims: BTreeMap::new(),
        cid: granted.cid.clone(),
        ep,
        auth_time: whole_seconds(Moment(granted.auth_time)),
        acr: granted.acr.clone(),
        amr: granted.amr.clone(),
        scope: granted.scope.clone(),
        act: None,
        orig: None,
        cnf: granted.jkt.clone().map(|jkt| Confirmation { jkt: Some(jkt), dkt: None }),
        rw: window(shape.class, now, shape.exp),
    })
}

/// Records and signs a token.
///
/// # Errors
/// 503 when it cannot be recorded: then there is none.
pub async fn issue(
    passport: &Passport,
    kind: &'static str,
    claims: &Claims,
    format: Format,
) -> Result<String, Fault> {
    if format == Format::Jwt(JwtAlg::Rs256) {
        // Made when the first client wants it.
        passport.keys.want(KeyPurpose::JwtRs256).await.map_err(|fault| unsigned(&fault))?;
    }
    let token = passport.keys.issue(claims, format).map_err(|fault| unsigned(&fault))?;
    let detail = json!({
        "jti": claims.jti, "cls": claims.cls, "aud": claims.aud, "sid": claims.sid,
        "exp": claims.exp.0, "role": claims.roles, "oid": claims.oid, "orig": claims.orig,
        "act": claims.act,
    });
    record(passport, kind, Some(&claims.cid), Some(claims.sub.to_string()), detail).await?;
    Ok(token)
}

/// Records an event.
///
/// # Errors
/// 503 when it cannot be recorded.
pub async fn record(
    passport: &Passport,
    kind: &'static str,
    actor: Option<&str>,
    subject: Option<String>,
    detail: Value,
) -> Result<(), Fault> {
    let entry = Entry { kind, actor: actor.map(str::to_owned), subject, detail };
    passport.audit.record(entry).await.map_err(|_| Fault::unavailable())
}

/// A token that cannot be signed is the server's trouble.
pub fn unsigned(fault: &KeyFault) -> Fault {
    if matches!(fault, KeyFault::Unwritable(_)) {
        tracing::warn!(%fault, "a token does not fit its format");
        return Fault::invalid_request("the token does not fit the format that was asked for");
    }
    tracing::error!(%fault, "a token cannot be signed");
    Fault::unavailable()
}

/// What a token made from another says of its origin: the first of all.
pub fn origin(subject: &Claims) -> Original {
    let own = || Original { jti: subject.jti.clone(), exp: subject.exp.0.div_euclid(1_000) };
    subject.orig.clone().unwrap_or_else(own)
}

/// How many acted before.
pub fn depth(act: Option<&Act>) -> usize {
    let mut depth = 0;
    let mut next = act;
    while let Some(act) = next {
        depth += 1;
        next = act.act.as_deref();
    }
    depth
}

/// The format in which a client gets its tokens when it asks for nothing else.
pub fn format_of(client: &Client) -> Format {
    Format::Jwt(alg_of(client))
}

/// The algorithm that a client registered.
pub fn alg_of(client: &Client) -> JwtAlg {
    let word = client.terms.jwt_alg.as_deref().map(Value::from);
    word.and_then(|word| serde_json::from_value(word).ok()).unwrap_or_default()
}

/// Tokens know whole seconds.
pub fn whole_seconds(moment: Moment) -> Moment {
    Moment(moment.0.div_euclid(1_000) * 1_000)
}
