//! Signing in and out with a local password, and the token that a sign-in gives.

use super::signin::{self, Known, SignInFault};
use super::{Auth, LOCAL_ACR, LOCAL_CLIENT, Principal, SignedIn, place_of};
use crate::error::ApiError;
use crate::passport::audit::Entry;
use crate::passport::format::Format;
use crate::telemetry::Outcome;
use engine::Moment;
use engine::identity::claims::{Claims, Class};
use entities::{NewRevocation, StoreError};
use serde_json::json;
use std::net::IpAddr;

impl Auth {
    /// Signs a person in. Attempts are limited per address and per login.
    ///
    /// # Errors
    /// 401 for whatever is wrong with the credential, 429 for too many attempts, 500 and 503 when
    /// sign-in itself does not work.
    pub async fn login(
        &self,
        address: IpAddr,
        login: &str,
        password: &str,
    ) -> Result<SignedIn, ApiError> {
        let inner = &self.0;
        let limited = inner
            .by_address
            .take(&place_of(address))
            .and_then(|()| inner.by_login.take(&signin::login_of(cut(login))));
        if let Err(wait) = limited {
            inner.metrics.sign_in(Outcome::Temporary);
            return Err(ApiError::too_many(wait));
        }
        let (now, both) = (inner.clock.now(), (login, password));
        match signin::by_password(&inner.store, &inner.passwords, both, now).await {
            Ok(known) => {
                let (person, detail) = (known.person.to_string(), json!({"address": address}));
                let entry = Entry {
                    kind: "login.ok",
                    actor: Some(person.clone()),
                    subject: Some(person),
                    detail,
                };
                inner.audit.record(entry).await?;
                inner.metrics.sign_in(Outcome::Acked);
                tracing::info!(person = %known.person, "signed in");
                let sid = hex::encode(inner.ids.salt());
                self.issue(&known, sid)
            }
            Err(SignInFault::Wrong) => {
                let subject = Some(signin::login_of(cut(login)));
                let detail = json!({"address": address});
                let entry = Entry { kind: "login.fail", actor: None, subject, detail };
                inner.audit.record(entry).await?;
                inner.metrics.sign_in(Outcome::Rejected);
                tracing::info!("sign-in refused");
                Err(ApiError::unauthorized())
            }
            Err(SignInFault::Busy) => {
                inner.metrics.sign_in(Outcome::Temporary);
                Err(ApiError::too_many(1_000))
            }
            Err(fault @ SignInFault::Broken(_)) => {
                inner.metrics.sign_in(Outcome::Failed);
                Err(ApiError::internal(&fault))
            }
        }
    }

    /// A token for a person whose credential was checked; `sid` names the sign-in.
    ///
    /// # Errors
    /// 500 when it cannot be signed.
    pub fn issue(&self, known: &Known, sid: String) -> Result<SignedIn, ApiError> {
        let inner = &self.0;
        let whole = |at: Moment| Moment(at.0.div_euclid(1_000) * 1_000);
        let now = whole(inner.clock.now());
        let uid = known.uid.unwrap_or_else(|| signin::uid_of(inner.keys.issuer(), known.person));
        let subject = uid.to_string();
        let claims = Claims {
            iss: inner.keys.issuer().to_owned(),
            sub: uid,
            aud: inner.spn.clone(),
            iat: now,
            nbf: now,
            exp: known.until.map_or(now + inner.session, |end| whole(end).min(now + inner.session)),
            jti: hex::encode(inner.ids.salt()),
            cls: Class::Svc,
            sid,
            upn: String::new(),
            name: known.name.clone(),
            person: Some(known.person),
            oid: None,
            opn: None,
            roles: known.roles.clone(),
            groups: [].into(),
            claims: [].into(),
            cid: LOCAL_CLIENT.to_owned(),
            ep: inner.revocation.epochs_for(
                &subject,
                None,
                Some(LOCAL_CLIENT),
                Some(&inner.spn),
                None,
            ),
            auth_time: now,
            acr: LOCAL_ACR.to_owned(),
            amr: ["pwd".to_owned()].into(),
            scope: [].into(),
            act: None,
            orig: None,
            cnf: None,
            rw: None,
        };
        let token = inner.keys.issue(&claims, Format::Paseto);
        let token = token.map_err(|e| ApiError::internal(&e))?;
        Ok(SignedIn { token, principal: Principal::of(claims) })
    }

    /// Signs out: the token and every other of the same sign-in are revoked, durably.
    ///
    /// # Errors
    /// 503 when the store does not take it.
    pub async fn logout(&self, principal: &Principal) -> Result<(), ApiError> {
        let now = self.0.clock.now();
        let person = principal.person.to_string();
        let detail = json!({"jti": principal.jti, "sid": principal.sid});
        let entry =
            Entry { kind: "logout", actor: Some(person.clone()), subject: Some(person), detail };
        self.0.audit.record(entry).await?;
        let revocation = NewRevocation {
            jti: Some(principal.jti.clone()),
            sid: Some(principal.sid.clone()),
            orig: None,
            reason: "signed out".to_owned(),
            at: now,
            expires_at: now.max(principal.expires_at) + self.0.session,
        };
        self.0.revocation.revoke(&revocation).await.map_err(|error| {
            tracing::error!(%error, "a sign-out was not kept");
            ApiError::unavailable("signing out does not work at this moment")
        })
    }

    /// Ends every token of a sign-in, durably.
    ///
    /// # Errors
    /// As any write of the store.
    pub async fn end_sitting(&self, sid: String) -> Result<(), StoreError> {
        let at = self.0.clock.now();
        let ended = NewRevocation {
            sid: Some(sid),
            reason: "signed in elsewhere".to_owned(),
            at,
            expires_at: at + self.0.session,
            ..NewRevocation::default()
        };
        self.0.revocation.revoke(&ended).await
    }
}

fn cut(login: &str) -> &str {
    &login[..login.floor_char_boundary(signin::LOGIN_BYTES_MAX)]
}
