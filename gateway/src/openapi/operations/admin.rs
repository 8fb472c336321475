//! The administrator's routes of the passport.

use super::{Body, Docs};

const PEOPLE: &[(&str, &str, &str)] =
    &[("prefix", "string", "UPNs that begin so"), ("after", "string", "`next` of the page before")];

/// The documentation of one of them.
pub fn admin(method: &str, path: &str) -> Option<Docs> {
    use Body::{Many, One, Other};
    let new = Docs::new;
    let docs = match (method, path.strip_prefix("/api/nsk/v1/passport/")?) {
        ("GET", "people") => new("Who there is, by UPN", One("PeoplePage")).asks(PEOPLE),
        ("POST", "people") => new("Enter somebody", One("PassportPerson")).takes("PersonRequest"),
        ("POST", "people/{uid}/state") => {
            new("Let somebody sign in or not", One("PersonState")).takes("StateRequest")
        }
        ("POST", "people/{uid}/password") => {
            new("Give somebody a password for one sign-in, shown this once", One("OneTimePassword"))
        }
        ("GET", "people/{uid}/roles") => new("What somebody holds and held", Many("RoleGrant")),
        ("POST", "people/{uid}/roles") => {
            new("Grant a role", One("RoleGrant")).takes("GrantRequest")
        }
        ("DELETE", "roles/{id}") => new("Take a role back", Body::None).answers("204"),
        ("GET", "people/{uid}/sessions") => new("Somebody's sign-ins", Many("SignInInfo")),
        ("DELETE", "people/{uid}/sessions") => new("End somebody's sign-ins", One("SignInsEnded")),
        ("GET", "organisations") => new("Organisations", Many("OrganisationInfo")),
        ("POST", "organisations") => {
            new("Enter an organisation", One("OrganisationInfo")).takes("OrganisationRequest")
        }
        ("POST", "organisations/{oid}/state") => {
            new("Let roles in its name count or not", One("OrganisationInfo")).takes("StateRequest")
        }
        ("GET", "groups") => new("Groups with their members", One("GroupMembers")),
        ("GET", "groups/replica") => {
            let summary = "The groups as a signed document, to be kept without a network";
            new(summary, Other("text/plain"))
        }
        ("POST", "groups") => new("Make a group", One("GroupMade")).takes("GroupRequest"),
        ("POST", "groups/members") => {
            new("Put somebody into a group or take them out", One("Membership")).takes("Membership")
        }
        ("GET", "clients") => new("Clients", Many("ClientInfo")),
        ("POST", "clients") => {
            new("Enter a client; its secret is shown this once", One("ClientSecret"))
                .takes("ClientRequest")
        }
        ("POST", "clients/{id}/secret") => {
            new("Give a client a new secret, shown this once", One("ClientSecret"))
        }
        ("POST", "clients/{id}/terms") => {
            new("Say anew what a client may do", One("ClientInfo")).takes("TermsRequest")
        }
        ("POST", "clients/{id}/state") => {
            new("Let a client ask for tokens or not", One("ClientState")).takes("StateRequest")
        }
        ("GET", "services") => new("Services", Many("ServiceInfo")),
        ("POST", "services") => {
            new("Enter a service, or state what it requires", One("ServiceInfo"))
                .takes("ServiceRequest")
        }
        ("GET", "delegations") => new("Which service may act at which", Many("Delegation")),
        ("POST", "delegations") => {
            new("Let one service act at another, or not", Many("Delegation"))
                .takes("DelegationRequest")
        }
        ("GET", "keys") => new("Signing keys and their states", Many("SigningKey")),
        ("POST", "keys") => {
            new("Announce, activate, retire or compromise a key", Many("SigningKey"))
                .takes("KeyRequest")
        }
        ("POST", "epochs") => {
            new("End every token of somebody or something", One("EpochMade")).takes("EpochRequest")
        }
        _ => return None,
    };
    Some(docs)
}
