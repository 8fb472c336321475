//! People and the roles they hold.

use super::{AdminFault, Desk, Flaw, NewGrant, Powers};
use crate::auth::password::{self, NO_PASSWORD};
use crate::auth::permissions::role_of;
use crate::passport::names::{self, Upn};
use engine::PersonId;
use engine::exam::Role;
use engine::identity::Level;
use entities::{Assignment, Person, User};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Letters of a one-time password; 5 bits each.
const ONE_TIME_CHARS: usize = 16;
/// None that is easily taken for another.
const ONE_TIME_LETTERS: &[u8; 32] = b"23456789abcdefghjkmnpqrstuvwxyz0";
const NOT_THE_COUNCILS: AdminFault = AdminFault::NotYours(
    "the council grants the standing of experts and the rights of centres alone",
);

/// Somebody to enter.
#[derive(Clone, Debug, Default)]
pub struct NewPerson {
    /// Their UPN, in any case.
    pub upn: String,
    /// Full name.
    pub name: String,
    /// The hash of their password; without one they sign in by other means.
    pub password_hash: Option<String>,
    /// Personnel number.
    pub personnel_no: Option<String>,
}

impl Desk {
    /// Enters somebody, with their place in the station's list of people.
    ///
    /// # Errors
    /// As [`AdminFault`] says; nobody is entered then.
    pub async fn add_person(&self, new: NewPerson) -> Result<User, AdminFault> {
        let upn = Upn::parse(&new.upn, self.policy)?;
        let name = names::display(&new.name).ok_or(AdminFault::Wrong(Flaw::Shown))?;
        let skeleton = upn.skeleton();
        if self.store.user_by_skeleton(&skeleton).await?.is_some() {
            return Err(AdminFault::Taken("the UPN, or one that looks like it,"));
        }
        let now = self.clock.now();
        let person = Person {
            id: self.store.next_person_id().await?,
            login: upn.to_string(),
            name: name.clone(),
            password_hash: new.password_hash.clone().unwrap_or_else(|| NO_PASSWORD.to_owned()),
            roles: Vec::new(),
            personnel_no: new.personnel_no.filter(|number| !number.is_empty()),
            active: true,
            made_at: now,
        };
        let user = User {
            uid: self.fresh_id(),
            person: Some(person.id),
            upn: upn.to_string(),
            skeleton,
            name,
            password_hash: new.password_hash,
            active: true,
            delegable: true,
            made_at: now,
        };
        if self.store.person_by_login(&person.login).await?.is_some() {
            return Err(AdminFault::Taken("the login"));
        }
        self.record("admin.person.add", &user.uid.to_string(), json!({"upn": user.upn})).await?;
        self.store.put_user_and_person(&user, &person).await?;
        Ok(user)
    }

    /// Lets somebody sign in or not. Closing ends their sign-ins, and every token of theirs.
    ///
    /// # Errors
    /// As [`AdminFault`] says.
    pub async fn set_active(&self, uid: Uuid, active: bool) -> Result<(), AdminFault> {
        let user = self.known(uid).await?;
        let kind = if active { "admin.person.open" } else { "admin.person.close" };
        self.record(kind, &uid.to_string(), json!({})).await?;
        if let Some(mut person) = self.person_of(&user).await? {
            person.active = active;
            self.store.put_person(&person).await?;
        }
        self.store.put_user(&User { active, ..user }).await?;
        if !active {
            self.end_sessions(uid).await?;
        }
        Ok(())
    }

    /// Ends somebody's sign-ins and everything that they may renew. Tokens that are out end with
    /// the epoch of whoever runs the server, see [`Level::User`].
    ///
    /// # Errors
    /// As [`AdminFault`] says.
    pub async fn end_sessions(&self, uid: Uuid) -> Result<usize, AdminFault> {
        let now = self.clock.now();
        self.record("admin.sessions.end", &uid.to_string(), json!({})).await?;
        let ended = self.store.end_sessions_of(uid, now).await?;
        self.store.end_families_of_user(uid, now).await?;
        let reason = "sign-ins ended by an administrator";
        self.store.bump_epoch(Level::User, &uid.to_string(), reason, now).await?;
        Ok(ended.len())
    }

    /// Grants a role.
    ///
    /// # Errors
    /// As [`AdminFault`] says.
    pub async fn grant(&self, uid: Uuid, new: NewGrant) -> Result<Assignment, AdminFault> {
        let user = self.known(uid).await?;
        let role =
            role_of(&new.role).ok_or_else(|| AdminFault::Wrong(Flaw::Role(new.role.clone())))?;
        self.may_grant(role, new.organisation.is_some())?;
        let oid = match &new.organisation {
            Some(opn) => Some(self.organisation(opn).await?.oid),
            None => None,
        };
        let now = self.clock.now();
        if new.until.is_some_and(|until| until <= now) {
            return Err(AdminFault::Wrong(Flaw::Ends));
        }
        let assignment = Assignment {
            id: self.fresh_id(),
            uid,
            role: crate::auth::permissions::word(role).to_owned(),
            oid,
            from: now,
            until: new.until,
            granted_by: self.actor.clone(),
            granted_at: now,
            withdrawn_at: None,
        };
        let detail = json!({
            "id": assignment.id, "role": assignment.role, "org": new.organisation,
            "until": new.until,
        });
        self.record("admin.role.grant", &uid.to_string(), detail).await?;
        self.store.put_assignment(&assignment).await?;
        self.write_roles(&user).await?;
        Ok(assignment)
    }

    /// Takes a role back, and with it every token of its holder.
    ///
    /// # Errors
    /// As [`AdminFault`] says.
    pub async fn withdraw(&self, id: Uuid) -> Result<(), AdminFault> {
        let held = self.store.assignment(id).await?.ok_or(AdminFault::Unknown("such grant"))?;
        if let Some(role) = role_of(&held.role) {
            self.may_grant(role, held.oid.is_some())?;
        } else if self.powers != Powers::Administrator {
            return Err(NOT_THE_COUNCILS);
        }
        let user = self.known(held.uid).await?;
        let subject = held.uid.to_string();
        self.record("admin.role.withdraw", &subject, json!({"id": id, "role": held.role})).await?;
        if !self.store.withdraw_assignment(id, self.clock.now()).await? {
            return Err(AdminFault::Unknown("such grant that still holds"));
        }
        self.write_roles(&user).await?;
        let (now, reason) = (self.clock.now(), "a role was withdrawn");
        self.store.bump_epoch(Level::User, &subject, reason, now).await?;
        Ok(())
    }

    /// The council grants and takes back the standing of experts, and the right of a centre to run
    /// exams: that of an operator in the centre's name.
    fn may_grant(&self, role: Role, in_a_name: bool) -> Result<(), AdminFault> {
        match (self.powers, role) {
            (Powers::Administrator, _) | (Powers::Council, Role::Expert) => Ok(()),
            (Powers::Council, Role::Operator) if in_a_name => Ok(()),
            _ => Err(NOT_THE_COUNCILS),
        }
    }

    /// Gives somebody a password for one sign-in, at which they choose their own. Whatever they
    /// signed in with before is over.
    ///
    /// # Errors
    /// As [`AdminFault`] says; their password is what it was then.
    pub async fn one_time_password(&self, uid: Uuid) -> Result<String, AdminFault> {
        let user = self.known(uid).await?;
        let (text, salt) = (self.drawn_password(), self.ids.salt());
        let hashing = text.clone();
        // A hash takes a core for tens of milliseconds: not on the worker.
        let hash = tokio::task::spawn_blocking(move || password::hash(&hashing, salt)).await;
        let hash = hash.ok().and_then(Result::ok);
        let hash = hash.ok_or(AdminFault::Wrong(Flaw::Hash))?;
        self.record("admin.password.once", &uid.to_string(), json!({})).await?;
        // First the duty, then the password: never one that may be kept.
        self.store.set_password_due(uid, Some(self.clock.now())).await?;
        if let Some(mut person) = self.person_of(&user).await? {
            // The station's own door knows no such duty.
            NO_PASSWORD.clone_into(&mut person.password_hash);
            self.store.put_person(&person).await?;
        }
        self.store.put_user(&User { password_hash: Some(hash), ..user }).await?;
        self.end_sessions(uid).await?;
        Ok(text)
    }

    fn drawn_password(&self) -> String {
        let bytes: [u8; 32] = self.ids.seed();
        let letters = bytes.iter().take(ONE_TIME_CHARS);
        let letters = letters.map(|byte| char::from(ONE_TIME_LETTERS[usize::from(byte % 32)]));
        let letters: Vec<char> = letters.collect();
        let parts: Vec<String> = letters.chunks(4).map(|part| part.iter().collect()).collect();
        parts.join("-")
    }

    /// The one with a UPN in any spelling.
    ///
    /// # Errors
    /// As [`AdminFault`] says.
    pub async fn by_upn(&self, upn: &str) -> Result<User, AdminFault> {
        let upn = Upn::parse(upn, self.policy)?.to_string();
        self.store.user_by_upn(&upn).await?.ok_or(AdminFault::Unknown("such person"))
    }

    pub(in crate::passport) async fn known(&self, uid: Uuid) -> Result<User, AdminFault> {
        self.store.user(uid).await?.ok_or(AdminFault::Unknown("such person"))
    }

    async fn person_of(&self, user: &User) -> Result<Option<Person>, AdminFault> {
        let Some(id): Option<PersonId> = user.person else { return Ok(None) };
        Ok(self.store.person(id).await?)
    }

    /// Keeps the station's list of people in step with what is held now.
    async fn write_roles(&self, user: &User) -> Result<(), AdminFault> {
        let Some(mut person) = self.person_of(user).await? else { return Ok(()) };
        let held = self.store.roles_held(user.uid, self.clock.now()).await?;
        let roles: BTreeSet<String> = held.into_iter().map(|one| one.role).collect();
        person.roles = roles.into_iter().collect();
        Ok(self.store.put_person(&person).await?)
    }
}
