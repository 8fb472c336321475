//! Organisations, groups, clients and services.

use super::{AdminFault, Desk, Flaw, NewClient};
use crate::passport::names::{self, Opn, Spn};
use crate::wire::passport::TermsRequest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::identity::{Level, Requirement};
use entities::{Client, ClientKind, ClientTerms, Group, Organisation, Service};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;

/// Random bytes of a client's secret.
pub const SECRET_BYTES: usize = 32;
/// Entries of one list of a client.
const LIST_MAX: usize = 64;

impl Desk {
    /// Enters an organisation.
    ///
    /// # Errors
    /// As [`AdminFault`] says.
    pub async fn add_organisation(
        &self,
        opn: &str,
        name: &str,
        ogrn: Option<String>,
    ) -> Result<Organisation, AdminFault> {
        let opn = Opn::parse(opn)?;
        if let Some(number) = &ogrn {
            names::ogrn(number)?;
        }
        let organisation = Organisation {
            oid: self.fresh_id(),
            opn: opn.to_string(),
            name: shown(name)?,
            ogrn,
            active: true,
            made_at: self.clock.now(),
        };
        let subject = organisation.oid.to_string();
        self.record("admin.organisation.add", &subject, json!({"opn": organisation.opn})).await?;
        self.store.put_organisation(&organisation).await?;
        Ok(organisation)
    }

    /// Lets roles in an organisation's name count or not; closing ends every token with its name.
    ///
    /// # Errors
    /// As [`AdminFault`] says.
    pub async fn set_organisation(
        &self,
        mut organisation: Organisation,
        active: bool,
    ) -> Result<(), AdminFault> {
        let subject = organisation.oid.to_string();
        let kind = if active { "admin.organisation.open" } else { "admin.organisation.close" };
        self.record(kind, &subject, json!({"opn": organisation.opn})).await?;
        organisation.active = active;
        self.store.put_organisation(&organisation).await?;
        if !active {
            let (now, reason) = (self.clock.now(), "the organisation was closed");
            self.store.bump_epoch(Level::Organisation, &subject, reason, now).await?;
        }
        Ok(())
    }

    /// The organisation with an OPN in any case.
    ///
    /// # Errors
    /// As [`AdminFault`] says.
    pub async fn organisation(&self, opn: &str) -> Result<Organisation, AdminFault> {
        let opn = Opn::parse(opn)?.to_string();
        let found = self.store.organisation_by_opn(&opn).await?;
        found.ok_or(AdminFault::Unknown("such organisation"))
    }

    /// The organisation with an oid.
    ///
    /// # Errors
    /// As [`AdminFault`] says.
    pub async fn organisation_of(&self, oid: Uuid) -> Result<Organisation, AdminFault> {
        let found = self.store.organisation(oid).await?;
        found.ok_or(AdminFault::Unknown("such organisation"))
    }

    /// Makes a group.
    ///
    /// # Errors
    /// As [`AdminFault`] says.
    pub async fn add_group(&self, name: &str, title: &str) -> Result<(), AdminFault> {
        let group =
            Group { name: names::group(name)?, title: shown(title)?, made_at: self.clock.now() };
        self.record("admin.group.add", &group.name, json!({})).await?;
        Ok(self.store.put_group(&group).await?)
    }

    /// Puts somebody into a group or takes them out; a change ends their tokens that name groups
    /// they no longer have.
    ///
    /// # Errors
    /// As [`AdminFault`] says.
    pub async fn set_member(&self, group: &str, uid: Uuid, member: bool) -> Result<(), AdminFault> {
        let group = names::group(group)?;
        let kind = if member { "admin.group.join" } else { "admin.group.leave" };
        self.record(kind, &uid.to_string(), json!({"group": group})).await?;
        if member {
            if !self.store.put_member(&group, uid).await? {
                return Err(AdminFault::Unknown("such group, or they are in it"));
            }
            return Ok(());
        }
        if !self.store.remove_member(&group, uid).await? {
            return Err(AdminFault::Unknown("such member"));
        }
        let (now, reason) = (self.clock.now(), "a group was left");
        self.store.bump_epoch(Level::User, &uid.to_string(), reason, now).await?;
        Ok(())
    }

    /// Enters a client; answers its secret, which is shown this once, where it has one.
    ///
    /// # Errors
    /// As [`AdminFault`] says.
    pub async fn add_client(&self, new: NewClient) -> Result<(Client, Option<String>), AdminFault> {
        let id = names::client(&new.id)?;
        if self.store.client(&id).await?.is_some() {
            return Err(AdminFault::Taken("the client's id"));
        }
        let kind = ClientKind::of(&new.kind).ok_or(AdminFault::Wrong(Flaw::Kind))?;
        let spn = new.spn.as_deref().map(Spn::parse).transpose()?;
        let asked = TermsRequest {
            redirect_uris: new.redirect_uris,
            scopes: new.scopes,
            audiences: new.audiences,
            flags: new.flags,
        };
        let terms = ClientTerms {
            jwks: new.jwks,
            spn: spn.map(|spn| spn.to_string()),
            jwt_alg: new.jwt_alg,
            ..ClientTerms::default()
        };
        let terms = termed(terms, asked)?;
        let keyed = terms.jwks.is_some();
        let secret = (kind != ClientKind::Public && !keyed).then(|| self.secret());
        let client = Client {
            id,
            uid: self.fresh_id(),
            name: shown(&new.name)?,
            kind,
            secret_hash: secret.as_deref().map(hash),
            terms,
            active: true,
            made_at: self.clock.now(),
        };
        self.record("admin.client.add", &client.id, json!({"kind": kind.word()})).await?;
        self.store.put_client(&client).await?;
        Ok((client, secret))
    }

    /// Says anew what a client may do.
    ///
    /// # Errors
    /// As [`AdminFault`] says.
    pub async fn set_terms(&self, id: &str, asked: TermsRequest) -> Result<Client, AdminFault> {
        let mut client = self.client(id).await?;
        client.terms = termed(client.terms, asked)?;
        let terms = &client.terms;
        let detail = json!({
            "redirect_uris": terms.redirect_uris, "scopes": terms.scopes,
            "audiences": terms.audiences, "flags": terms.flags,
        });
        self.record("admin.client.terms", &client.id, detail).await?;
        self.store.put_client(&client).await?;
        Ok(client)
    }

    /// Gives a client a new secret; the old one ends at once.
    ///
    /// # Errors
    /// As [`AdminFault`] says.
    pub async fn new_secret(&self, id: &str) -> Result<String, AdminFault> {
        let mut client = self.client(id).await?;
        if client.kind == ClientKind::Public {
            return Err(AdminFault::Wrong(Flaw::Secret));
        }
        self.record("admin.client.secret", &client.id, json!({})).await?;
        let secret = self.secret();
        client.secret_hash = Some(hash(&secret));
        self.store.put_client(&client).await?;
        Ok(secret)
    }

    /// Lets a client ask for tokens or not; closing ends those it has.
    ///
    /// # Errors
    /// As [`AdminFault`] says.
    pub async fn set_client(&self, id: &str, active: bool) -> Result<(), AdminFault> {
        let mut client = self.client(id).await?;
        let kind = if active { "admin.client.open" } else { "admin.client.close" };
        self.record(kind, &client.id, json!({})).await?;
        client.active = active;
        self.store.put_client(&client).await?;
        if !active {
            let (now, reason) = (self.clock.now(), "the client was closed");
            self.store.end_families_of_client(&client.id, now).await?;
            self.store.bump_epoch(Level::Client, &client.id, reason, now).await?;
        }
        Ok(())
    }

    /// Enters a service, or states anew what it requires.
    ///
    /// # Errors
    /// As [`AdminFault`] says.
    pub async fn put_service(
        &self,
        spn: &str,
        name: &str,
        requires: Value,
    ) -> Result<Service, AdminFault> {
        let spn = Spn::parse(spn)?.to_string();
        Requirement::read(&requires).map_err(Flaw::Requires)?;
        let before = self.store.service(&spn).await?;
        let service = Service {
            spn,
            name: shown(name)?,
            requires,
            aliases: before.map(|service| service.aliases).unwrap_or_default(),
            active: true,
            made_at: self.clock.now(),
        };
        self.record("admin.service.put", &service.spn, service.requires.clone()).await?;
        self.store.put_service(&service).await?;
        Ok(service)
    }

    /// Lets one service act at another on people's behalf, or not.
    ///
    /// # Errors
    /// As [`AdminFault`] says.
    pub async fn set_delegation(
        &self,
        front: &str,
        back: &str,
        allowed: bool,
    ) -> Result<(), AdminFault> {
        let (front, back) = (Spn::parse(front)?.to_string(), Spn::parse(back)?.to_string());
        let kind = if allowed { "admin.delegation.allow" } else { "admin.delegation.forbid" };
        self.record(kind, &front, json!({"back": back})).await?;
        if allowed {
            self.store.allow_delegation(&front, &back).await?;
        } else {
            self.store.forbid_delegation(&front, &back).await?;
        }
        Ok(())
    }

    pub(in crate::passport) async fn client(&self, id: &str) -> Result<Client, AdminFault> {
        let found = self.store.client(id).await?;
        found.ok_or(AdminFault::Unknown("such client"))
    }

    fn secret(&self) -> String {
        let bytes: [u8; SECRET_BYTES] = self.ids.seed();
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// The terms that a client gets, once everything in them is sound.
fn termed(terms: ClientTerms, asked: TermsRequest) -> Result<ClientTerms, AdminFault> {
    let lists = [asked.redirect_uris.len(), asked.scopes.len(), asked.audiences.len()];
    if lists.iter().any(|&length| length > LIST_MAX) {
        return Err(AdminFault::Wrong(Flaw::List(LIST_MAX)));
    }
    asked.redirect_uris.iter().try_for_each(|uri| address(uri))?;
    let audiences = asked.audiences.iter().map(|spn| Spn::parse(spn).map(|spn| spn.to_string()));
    Ok(ClientTerms {
        redirect_uris: asked.redirect_uris,
        scopes: asked.scopes,
        audiences: audiences.collect::<Result<_, _>>()?,
        flags: asked.flags,
        ..terms
    })
}

/// What is kept of a secret: it has 256 random bits, so that a slow hash would add nothing.
fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

fn shown(name: &str) -> Result<String, AdminFault> {
    names::display(name).ok_or(AdminFault::Wrong(Flaw::Shown))
}

/// An address that answers may go to: https, this machine, or an app's own scheme with a dot.
fn address(uri: &str) -> Result<(), AdminFault> {
    let wrong = || AdminFault::Wrong(Flaw::Address(uri.to_owned()));
    let url = Url::parse(uri).map_err(|_| wrong())?;
    let here = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    let sound = match url.scheme() {
        "https" => url.host_str().is_some(),
        "http" => here,
        own => own.contains('.'),
    };
    if sound && url.fragment().is_none() && !uri.contains('*') { Ok(()) } else { Err(wrong()) }
}
