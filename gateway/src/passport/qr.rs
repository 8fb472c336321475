//! A token as a picture: made for one person and one service, and read where they show it.
//!
//! Whoever shows a picture is who it says as far as their face and name fit: it is a copy that
//! anybody may hold. It names people and opens nothing.

mod api;

pub use api::read;

use super::Passport;
use super::audit::{AuditDown, Entry};
use super::format::qr::{Checked, Verdict};
use super::format::{Format, TokenFault};
use super::oauth::fault::Fault;
use super::oauth::mint::{self, Granted, Shape};
use crate::auth::LOCAL_CLIENT;
use crate::auth::permissions::role_of;
use actors::ports::Revocation as _;
use engine::Moment;
use engine::identity::{Carried, Class, Grant, Profile, Requirement, Standing};
use entities::{Assignment, PassportSession, User};
use serde_json::json;
use std::collections::BTreeSet;

/// For whom a picture is made.
pub struct Wanted<'a> {
    /// Whom it names.
    pub user: &'a User,
    /// The sign-in in which they ask for it.
    pub session: &'a PassportSession,
    /// As whom they work, if they have chosen it.
    pub role: Option<&'a Assignment>,
    /// The service that will read it.
    pub spn: &'a str,
}

/// A record for a picture.
pub struct Issued {
    /// The signed record: what the picture holds.
    pub record: String,
    /// When it ends.
    pub exp: Moment,
}

impl Passport {
    /// The services that read pictures: this installation first, then those of the register.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn readers(&self) -> Result<Vec<(String, String)>, Fault> {
        let own = &self.config.auth.audience;
        let mut readers = vec![(own.clone(), own.clone())];
        let services = self.store.services().await?.into_iter();
        let others = services.filter(|service| service.active && service.spn != *own);
        readers.extend(others.map(|service| (service.spn, service.name)));
        Ok(readers)
    }

    /// Makes and records a picture's token. It carries only those groups that its reader asks for.
    ///
    /// # Errors
    /// `invalid_target` for a service that is not among [`Passport::readers`], `invalid_request`
    /// when it becomes too long for a picture, 503 when it cannot be recorded.
    pub async fn qr(&self, wanted: &Wanted<'_>) -> Result<Issued, Fault> {
        if !self.readers().await?.iter().any(|(spn, _)| spn == wanted.spn) {
            return Err(Fault::invalid_target());
        }
        let now = mint::whole_seconds(self.clock.now());
        let asked = Grant {
            class: Class::Qr,
            profile: Profile::Aaa,
            requested: None,
            parent_exp: Some(wanted.session.expires_at),
            grant_exp: wanted.role.and_then(|role| role.until),
        };
        let exp = mint::end_of(asked, false, now)?;
        let shape = Shape { class: Class::Qr, aud: wanted.spn.to_owned(), exp, jti: None };
        let granted = Granted {
            uid: wanted.user.uid,
            sid: wanted.session.sid.clone(),
            cid: LOCAL_CLIENT.to_owned(),
            scope: BTreeSet::new(),
            auth_time: wanted.session.auth_time.0,
            acr: wanted.session.acr.clone(),
            amr: wanted.session.amr.iter().cloned().collect(),
            jkt: None,
            lifetime: None,
        };
        let mut claims = mint::claims(self, wanted.user, &granted, shape).await?;
        claims.ep.c = None;
        let asked_for = self.groups_asked_for(wanted.spn).await?;
        claims.groups.retain(|group| asked_for.contains(group));
        if let Some(role) = wanted.role {
            claims.roles = role_of(&role.role).into_iter().collect();
            if let Some(oid) = role.oid {
                claims.oid = Some(oid);
                let (uid, oid) = (wanted.user.uid.to_string(), oid.to_string());
                let ep = self.revocation.epochs_for(&uid, Some(&oid), None, None, None);
                claims.ep.o = ep.o;
            }
        }
        let format = Format::Record { base64: false };
        let record = mint::issue(self, "qr.issue", &claims, format).await?;
        Ok(Issued { record, exp })
    }

    /// The groups that a service's requirement names.
    async fn groups_asked_for(&self, spn: &str) -> Result<BTreeSet<String>, Fault> {
        let service = self.store.service(spn).await?;
        let required = service.and_then(|service| Requirement::read(&service.requires).ok());
        let required = required.unwrap_or_default();
        Ok(required.groups.union(&required.any_group).cloned().collect())
    }

    /// What may be said of a picture that was shown at this installation to somebody, recorded. A
    /// station reads those of the passport that it was set up by, too.
    ///
    /// # Errors
    /// When the reading cannot be recorded.
    pub async fn read_qr(&self, scanned: &[u8], reader: String) -> Result<Verdict, AuditDown> {
        let verdict = self.judge_qr(scanned);
        let claims = verdict.claims();
        let detail = json!({"verdict": verdict.word(), "jti": claims.map(|claims| &claims.jti)});
        let subject = claims.map(|claims| claims.sub.to_string());
        let entry = Entry { kind: "qr.read", actor: Some(reader), subject, detail };
        self.audit.record(entry).await?;
        Ok(verdict)
    }

    fn judge_qr(&self, scanned: &[u8]) -> Verdict {
        let now = self.clock.now();
        let spn = &self.config.auth.audience;
        let revoked = |carried: &Carried| match self.revocation.standing(carried) {
            Standing::Revoked => Checked::Revoked,
            Standing::Good | Standing::Unknown => {
                Checked::GoodAsOf(Moment(now.0 - self.revocation.age().0))
            }
        };
        let own = super::format::qr::read(&self.keys.ring(), scanned, spn, now, revoked);
        // The key that is named decides; there is no second try with one that fits badly.
        match (&own, &self.station) {
            (Verdict::Invalid(TokenFault::Key), Some(station)) => {
                station.read_qr(scanned, now).unwrap_or(own)
            }
            _ => own,
        }
    }
}
