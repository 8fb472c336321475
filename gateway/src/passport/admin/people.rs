//! People and the roles they hold.

use super::{AdminFault, Desk};
use crate::auth::permissions::role_of;
use crate::passport::names::{self, Upn};
use engine::exam::Role;
use engine::identity::Level;
use engine::{Moment, PersonId};
use entities::{Assignment, Person, User};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// What stands in place of a password that nobody has; no hash is spelt so.
const NO_PASSWORD: &str = "!";

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

/// A role to grant.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    /// The role's word.
    pub role: String,
    /// In which organisation's name: its OPN.
    #[serde(default)]
    pub organisation: Option<String>,
    /// Until when, ms UTC; for good when absent.
    #[serde(default)]
    pub until: Option<Moment>,
}

impl Desk {
    /// Enters somebody, with their place in the station's list of people.
    ///
    /// # Errors
    /// As [`AdminFault`] says; nobody is entered then.
    pub async fn add_person(&self, new: NewPerson) -> Result<User, AdminFault> {
        let upn = Upn::parse(&new.upn, self.policy)?;
        let name = names::display(&new.name)
            .ok_or_else(|| AdminFault::Wrong("the name is empty or too long".to_owned()))?;
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
        let role = role_of(&new.role)
            .ok_or_else(|| AdminFault::Wrong(format!("`{}` is no role", new.role)))?;
        let oid = match &new.organisation {
            Some(opn) => Some(self.organisation(opn).await?.oid),
            None => None,
        };
        let now = self.clock.now();
        if new.until.is_some_and(|until| until <= now) {
            return Err(AdminFault::Wrong("the role would end before it begins".to_owned()));
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

    /// What the council may grant and take back: the standing of experts.
    ///
    /// # Errors
    /// [`AdminFault::NotYours`] for everything else.
    pub fn councils_own(role: &str) -> Result<(), AdminFault> {
        match role_of(role) {
            Some(Role::Expert) => Ok(()),
            _ => Err(AdminFault::NotYours("the council grants the standing of experts alone")),
        }
    }

    /// The one with a UPN in any spelling.
    ///
    /// # Errors
    /// As [`AdminFault`] says.
    pub async fn by_upn(&self, upn: &str) -> Result<User, AdminFault> {
        let upn = Upn::parse(upn, self.policy)?.to_string();
        self.store.user_by_upn(&upn).await?.ok_or(AdminFault::Unknown("such person"))
    }

    async fn known(&self, uid: Uuid) -> Result<User, AdminFault> {
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
