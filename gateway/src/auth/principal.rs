//! The signed-in person behind a request, as the verified token names them.

use super::TokenFault;
use crate::error::ApiError;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use engine::exam::view::Audience;
use engine::exam::{Issuer, Role};
use engine::identity::{Carried, Claims, Class};
use engine::{Exam, Moment, PersonId};
use std::collections::BTreeSet;
use std::future::{Ready, ready};
use uuid::Uuid;

/// The cookie in which browsers hold their token: HttpOnly, SameSite=Strict.
pub const SESSION_COOKIE: &str = "nsk_session";

/// Nobody's number.
pub const NOBODY: PersonId = PersonId(0);

/// A verified token's owner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Principal {
    /// Who. Nobody's number, 0, for a service, and for a person whom this station's exams do not know.
    pub person: PersonId,
    /// Their uid.
    pub uid: Uuid,
    /// What the token is for.
    pub class: Class,
    /// What it may be used for; a local sign-in's is for all that its roles may do.
    pub scope: BTreeSet<String>,
    /// The client that asked for it.
    pub client: String,
    /// The thumbprint of the key that its holder must prove to have.
    pub jkt: Option<String>,
    /// Full name.
    pub name: String,
    /// The roles they signed in with.
    pub roles: BTreeSet<Role>,
    /// The token's id, by which it is revoked.
    pub jti: String,
    /// The sign-in's id, which its renewed tokens share.
    pub sid: String,
    /// The token is refused from this moment on.
    pub expires_at: Moment,
    /// What of the token a revocation can hit.
    pub carried: Carried,
}

impl Principal {
    /// The principal of verified claims.
    pub fn of(claims: Claims) -> Principal {
        Principal {
            carried: claims.carried(),
            person: claims.person.unwrap_or(NOBODY),
            uid: claims.sub,
            class: claims.cls,
            scope: claims.scope,
            client: claims.cid,
            jkt: claims.cnf.and_then(|cnf| cnf.jkt),
            name: claims.name,
            roles: claims.roles,
            jti: claims.jti,
            sid: claims.sid,
            expires_at: claims.exp,
        }
    }

    /// The owner of a station's own token.
    ///
    /// # Errors
    /// When the token names nobody that exams know.
    pub fn of_child(claims: Claims) -> Result<Principal, TokenFault> {
        if claims.person.is_none() {
            return Err(TokenFault::Claims);
        }
        Ok(Principal::of(claims))
    }

    /// Whether the token is for the issuer itself and for no service.
    pub fn is_for_issuer(&self) -> bool {
        matches!(self.class, Class::Base | Class::Role)
    }

    /// Whether the token may be used for this: it says so, or comes from a sign-in here.
    pub fn may(&self, scope: &str) -> bool {
        let local = self.client == super::LOCAL_CLIENT || self.class == Class::Child;
        (local && self.scope.is_empty()) || self.scope.contains(scope)
    }

    /// Somebody of a test.
    #[cfg(test)]
    pub(crate) fn somebody(person: u64, expires_at: Moment) -> Principal {
        let (jti, sid) = ("j".to_owned(), "s".to_owned());
        let epochs = Vec::new();
        Principal {
            carried: Carried {
                jti: jti.clone(),
                sid: sid.clone(),
                orig: None,
                epochs,
                exp: expires_at,
            },
            person: PersonId(person),
            uid: Uuid::nil(),
            class: Class::Svc,
            scope: BTreeSet::new(),
            client: super::LOCAL_CLIENT.to_owned(),
            jkt: None,
            name: String::new(),
            roles: BTreeSet::new(),
            jti,
            sid,
            expires_at,
        }
    }

    /// The issuer of this person's commands.
    pub fn issuer(&self) -> Issuer {
        Issuer::person(self.person, self.roles.iter().copied())
    }

    /// Has one of the roles.
    pub fn has_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }

    /// Sees every exam: observers, operators, the council, administrators.
    pub fn is_staff(&self) -> bool {
        self.has_any(&[Role::Observer, Role::Operator, Role::Council, Role::Administrator])
    }

    /// The view of an exam that this person gets; a seat in it goes before a role beside it.
    ///
    /// # Errors
    /// 403 for people who are neither in the exam nor staff.
    pub fn audience(&self, exam: &Exam) -> Result<Audience, ApiError> {
        if let Some(own) = exam.audience_of(self.person) {
            return Ok(own);
        }
        if self.is_staff() {
            return Ok(Audience::Staff);
        }
        Err(ApiError::forbidden("you take no part in this exam"))
    }

    /// The word for lists of who looks: the most telling of the roles.
    pub fn role_word(&self) -> &'static str {
        const ORDER: [(Role, &str); 7] = [
            (Role::Administrator, "administrator"),
            (Role::Operator, "operator"),
            (Role::Expert, "expert"),
            (Role::Candidate, "candidate"),
            (Role::Council, "council"),
            (Role::Observer, "observer"),
            (Role::Service, "service"),
        ];
        let found = ORDER.iter().find(|(role, _)| self.roles.contains(role));
        found.map_or("nobody", |(_, word)| word)
    }
}

impl FromRequest for Principal {
    type Error = ApiError;
    type Future = Ready<Result<Principal, ApiError>>;

    /// The principal that [`super::guard`] found; 401 where the route lets anybody in and nobody
    /// signed in.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = request.extensions().get::<Principal>().cloned();
        ready(found.ok_or_else(ApiError::unauthorized))
    }
}
