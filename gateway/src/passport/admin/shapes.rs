//! What is kept, in the shapes that the API and the command line show.

use crate::passport::keys::KeyInfo;
use crate::wire::passport::{
    ClientInfo, OrganisationInfo, PassportPerson, RoleGrant, ServiceInfo, SignInInfo, SigningKey,
};
use entities::{Assignment, Client, Organisation, PassportSession, Service, User};

impl From<User> for PassportPerson {
    fn from(user: User) -> PassportPerson {
        PassportPerson {
            uid: user.uid,
            upn: user.upn,
            name: user.name,
            person: user.person,
            active: user.active,
        }
    }
}

impl From<Assignment> for RoleGrant {
    fn from(held: Assignment) -> RoleGrant {
        RoleGrant {
            id: held.id,
            role: held.role,
            oid: held.oid,
            from: held.from,
            until: held.until,
            granted_by: held.granted_by,
            granted_at: held.granted_at,
            withdrawn_at: held.withdrawn_at,
        }
    }
}

impl From<PassportSession> for SignInInfo {
    fn from(session: PassportSession) -> SignInInfo {
        SignInInfo {
            sid: session.sid,
            made_at: session.made_at,
            seen_at: session.seen_at,
            expires_at: session.expires_at,
            user_agent: session.user_agent,
            acr: session.acr,
        }
    }
}

impl From<Organisation> for OrganisationInfo {
    fn from(one: Organisation) -> OrganisationInfo {
        OrganisationInfo {
            oid: one.oid,
            opn: one.opn,
            name: one.name,
            ogrn: one.ogrn,
            active: one.active,
        }
    }
}

impl From<Client> for ClientInfo {
    fn from(client: Client) -> ClientInfo {
        ClientInfo {
            id: client.id,
            uid: client.uid,
            name: client.name,
            kind: client.kind.word().to_owned(),
            secret: client.secret_hash.is_some(),
            terms: client.terms,
            active: client.active,
        }
    }
}

impl From<Service> for ServiceInfo {
    fn from(service: Service) -> ServiceInfo {
        ServiceInfo {
            spn: service.spn,
            name: service.name,
            requires: service.requires,
            aliases: service.aliases,
            active: service.active,
        }
    }
}

impl From<KeyInfo> for SigningKey {
    fn from(key: KeyInfo) -> SigningKey {
        SigningKey {
            kid: key.kid,
            purpose: key.purpose,
            state: key.state,
            made_at: key.made_at,
            active_at: key.active_at,
            verifies_until: key.verifies_until,
            ended_at: key.ended_at,
        }
    }
}

/// Each of them in its shape.
pub fn shown<A, B: From<A>>(found: Vec<A>) -> Vec<B> {
    found.into_iter().map(B::from).collect()
}
