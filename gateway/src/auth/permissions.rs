//! The permission table: who may call which route. The guard refuses every route that has no line
//! here, and a test holds this table against the list of routes.
//!
//! Rights within one exam (its candidate, its panel, its chair) are not here: the exam decides
//! them, from its own plan.

use engine::exam::Role;
use std::fmt;

/// Who may call a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// Anybody, signed in or not.
    Anyone,
    /// Anybody who is signed in; the handler narrows it down to the exam's own people.
    SignedIn,
    /// Those with one of the roles.
    Roles(&'static [Role]),
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Anyone => f.write_str("anyone"),
            Who::SignedIn => f.write_str("signed in"),
            Who::Roles(roles) => {
                let words: Vec<&str> = roles.iter().map(|role| word(*role)).collect();
                f.write_str(&words.join(", "))
            }
        }
    }
}

/// The role's word, as commands and tokens write it.
pub fn word(role: Role) -> &'static str {
    match role {
        Role::Candidate => "candidate",
        Role::Expert => "expert",
        Role::Operator => "operator",
        Role::Observer => "observer",
        Role::Council => "council",
        Role::Administrator => "administrator",
        Role::Service => "service",
    }
}

/// Reads a role's word.
pub fn role_of(text: &str) -> Option<Role> {
    const ALL: [Role; 7] = [
        Role::Candidate,
        Role::Expert,
        Role::Operator,
        Role::Observer,
        Role::Council,
        Role::Administrator,
        Role::Service,
    ];
    ALL.into_iter().find(|role| word(*role) == text)
}

/// A line of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Permission {
    /// The method in capitals.
    pub method: &'static str,
    /// The route's pattern, such as `/api/v1/exam/{exam_id}`.
    pub path: &'static str,
    /// Who may call it.
    pub who: Who,
}

impl Permission {
    /// The scope that a token of a client must have for it; nothing where anybody may call it. One
    /// word for a family of routes, so that what a person consents to stays readable.
    pub fn scope(&self) -> Option<&'static str> {
        if self.who == Who::Anyone {
            return None;
        }
        let under = |prefix: &str| self.path.starts_with(prefix);
        Some(if under("/api/nsk/v1/passport/") {
            "passport"
        } else if under("/api/v1/admin/") || under("/api/v1/sync/") {
            "admin"
        } else if under("/api/v1/") {
            "mak"
        } else if under("/api/nsk/v1/tickets") {
            "live"
        } else if self.method == "GET" || under("/api/nsk/v1/session") {
            "exam.read"
        } else {
            "exam.write"
        })
    }

    /// Whether a token for the issuer itself (`base`, `role`) is taken beside those for this
    /// service's own SPN.
    pub fn for_issuer(&self) -> bool {
        self.path.starts_with("/api/nsk/v1/passport/")
    }
}

const fn line(method: &'static str, path: &'static str, who: Who) -> Permission {
    Permission { method, path, who }
}

const STAFF: Who =
    Who::Roles(&[Role::Observer, Role::Operator, Role::Council, Role::Administrator]);
/// Who may see correct answers: observers may not.
const KEYS: Who = Who::Roles(&[Role::Expert, Role::Operator, Role::Council, Role::Administrator]);
const OPERATORS: Who = Who::Roles(&[Role::Operator, Role::Administrator]);
/// Who may look at and change the standing of people and centres; what the council may of that is
/// decided where it is done.
const GRANTERS: Who = Who::Roles(&[Role::Council, Role::Administrator]);
/// Who keeps a copy of the groups.
const KEEPERS: Who = Who::Roles(&[Role::Service, Role::Administrator]);
/// Who lets people in and reads their pictures.
const READERS: Who = Who::Roles(&[
    Role::Expert,
    Role::Operator,
    Role::Observer,
    Role::Council,
    Role::Administrator,
    Role::Service,
]);
const ADMINISTRATORS: Who = Who::Roles(&[Role::Administrator]);

/// Who may call what.
pub const PERMISSIONS: &[Permission] = &[
    // The МАК's own REST, with its exact names.
    line("POST", "/token", Who::Anyone),
    line("GET", "/api/v1/person/info", Who::SignedIn),
    line("GET", "/api/v1/exam/events", Who::SignedIn),
    line("GET", "/api/v1/exam/{exam_id}", Who::SignedIn),
    line("GET", "/api/v1/exam/{exam_id}/action", Who::SignedIn),
    line("POST", "/api/v1/exam/{exam_id}/practice/action", Who::SignedIn),
    line("GET", "/api/v1/exam/{exam_id}/practice/viewstate", Who::SignedIn),
    line("GET", "/api/v1/admin/stat", STAFF),
    line("GET", "/api/v1/admin/test/{skill_id}", OPERATORS),
    line("POST", "/api/v1/admin/poweroff", ADMINISTRATORS),
    line("GET", "/api/v1/sync/exams", STAFF),
    // The modern API.
    line("POST", "/api/nsk/v1/session", Who::Anyone),
    line("GET", "/api/nsk/v1/session", Who::SignedIn),
    line("DELETE", "/api/nsk/v1/session", Who::SignedIn),
    line("GET", "/api/nsk/v1/station", Who::Anyone),
    line("POST", "/api/nsk/v1/station/unlock", OPERATORS),
    line("POST", "/api/nsk/v1/tickets", Who::SignedIn),
    line("GET", "/api/nsk/v1/board", STAFF),
    line("GET", "/api/nsk/v1/presence", STAFF),
    line("GET", "/api/nsk/v1/planning", OPERATORS),
    line("GET", "/api/nsk/v1/exams", Who::SignedIn),
    line("POST", "/api/nsk/v1/exams", OPERATORS),
    line("GET", "/api/nsk/v1/exams/{exam_id}", Who::SignedIn),
    line("POST", "/api/nsk/v1/exams/{exam_id}/commands", Who::SignedIn),
    line("GET", "/api/nsk/v1/exams/{exam_id}/records", Who::SignedIn),
    line("GET", "/api/nsk/v1/exams/{exam_id}/sheet", KEYS),
    line("GET", "/api/nsk/v1/exams/{exam_id}/export", OPERATORS),
    line("POST", "/api/nsk/v1/exams/{exam_id}/release", OPERATORS),
    line("GET", "/api/nsk/v1/passport/people", GRANTERS),
    line("POST", "/api/nsk/v1/passport/people", ADMINISTRATORS),
    line("POST", "/api/nsk/v1/passport/people/{uid}/state", ADMINISTRATORS),
    line("POST", "/api/nsk/v1/passport/people/{uid}/password", ADMINISTRATORS),
    line("GET", "/api/nsk/v1/passport/people/{uid}/roles", GRANTERS),
    line("POST", "/api/nsk/v1/passport/people/{uid}/roles", GRANTERS),
    line("DELETE", "/api/nsk/v1/passport/roles/{id}", GRANTERS),
    line("GET", "/api/nsk/v1/passport/people/{uid}/sessions", ADMINISTRATORS),
    line("DELETE", "/api/nsk/v1/passport/people/{uid}/sessions", ADMINISTRATORS),
    line("GET", "/api/nsk/v1/passport/organisations", GRANTERS),
    line("POST", "/api/nsk/v1/passport/organisations", ADMINISTRATORS),
    line("POST", "/api/nsk/v1/passport/organisations/{oid}/state", GRANTERS),
    line("GET", "/api/nsk/v1/passport/groups", ADMINISTRATORS),
    line("GET", "/api/nsk/v1/passport/groups/replica", KEEPERS),
    line("POST", "/api/nsk/v1/passport/groups", ADMINISTRATORS),
    line("POST", "/api/nsk/v1/passport/groups/members", ADMINISTRATORS),
    line("GET", "/api/nsk/v1/passport/clients", ADMINISTRATORS),
    line("POST", "/api/nsk/v1/passport/clients", ADMINISTRATORS),
    line("POST", "/api/nsk/v1/passport/clients/{id}/secret", ADMINISTRATORS),
    line("POST", "/api/nsk/v1/passport/clients/{id}/state", ADMINISTRATORS),
    line("POST", "/api/nsk/v1/passport/clients/{id}/terms", ADMINISTRATORS),
    line("GET", "/api/nsk/v1/passport/services", ADMINISTRATORS),
    line("POST", "/api/nsk/v1/passport/services", ADMINISTRATORS),
    line("GET", "/api/nsk/v1/passport/delegations", ADMINISTRATORS),
    line("POST", "/api/nsk/v1/passport/delegations", ADMINISTRATORS),
    line("GET", "/api/nsk/v1/passport/keys", ADMINISTRATORS),
    line("POST", "/api/nsk/v1/passport/keys", ADMINISTRATORS),
    line("POST", "/api/nsk/v1/passport/qr", READERS),
    line("POST", "/api/nsk/v1/passport/epochs", ADMINISTRATORS),
    line("GET", "/api/nsk/v1/passport/audit", ADMINISTRATORS),
    line("GET", "/api/nsk/v1/passport/audit/export", ADMINISTRATORS),
    // OAuth looks at clients and tokens by itself, and has errors of its own.
    line("GET", "/oauth/authorize", Who::Anyone),
    line("POST", "/oauth/authorize", Who::Anyone),
    line("POST", "/oauth/par", Who::Anyone),
    line("POST", "/oauth/token", Who::Anyone),
    line("POST", "/oauth/introspect", Who::Anyone),
    line("POST", "/oauth/revoke", Who::Anyone),
    line("POST", "/oauth/renew", Who::Anyone),
    line("GET", "/oauth/userinfo", Who::Anyone),
    line("POST", "/oauth/userinfo", Who::Anyone),
    line("GET", "/oauth/logout", Who::Anyone),
    line("POST", "/oauth/logout", Who::Anyone),
    line("GET", "/oauth/jwks", Who::Anyone),
    line("GET", "/.well-known/openid-configuration", Who::Anyone),
    line("GET", "/.well-known/oauth-authorization-server", Who::Anyone),
    line("GET", "/v1/me/roles", Who::Anyone),
    // A socket signs in by its first frame, an event stream by a ticket, where no cookie does it.
    line("GET", "/live", Who::Anyone),
    line("GET", "/api/nsk/v1/streams", Who::Anyone),
    // Health tells nothing of people or exams; the metrics look at who asks by themselves.
    line("GET", "/livez", Who::Anyone),
    line("GET", "/readyz", Who::Anyone),
    line("GET", "/metrics", Who::Anyone),
    line("GET", "/openapi.json", Who::Anyone),
    line("GET", "/asyncapi.json", Who::Anyone),
    line("GET", "/docs", Who::Anyone),
    line("GET", "/docs/{file:.*}", Who::Anyone),
    // Pages hold no data: they ask for it.
    line("GET", "/", Who::Anyone),
    line("GET", "/board", Who::Anyone),
    line("GET", "/expert", Who::Anyone),
    line("GET", "/seat", Who::Anyone),
    line("GET", "/operator", Who::Anyone),
    line("GET", "/trust", Who::Anyone),
    line("GET", "/trust/ca.pem", Who::Anyone),
    line("GET", "/trust/ca.crt", Who::Anyone),
    // The passport's pages know their own session, which is no token.
    line("GET", "/passport", Who::Anyone),
    line("GET", "/passport/style.css", Who::Anyone),
    line("GET", "/passport/login", Who::Anyone),
    line("POST", "/passport/login", Who::Anyone),
    line("GET", "/passport/login/code", Who::Anyone),
    line("POST", "/passport/login/code", Who::Anyone),
    line("GET", "/passport/login/password", Who::Anyone),
    line("POST", "/passport/login/password", Who::Anyone),
    line("POST", "/passport/logout", Who::Anyone),
    line("GET", "/passport/again", Who::Anyone),
    line("POST", "/passport/again", Who::Anyone),
    line("GET", "/passport/password", Who::Anyone),
    line("POST", "/passport/password", Who::Anyone),
    line("GET", "/passport/codes", Who::Anyone),
    line("POST", "/passport/codes", Who::Anyone),
    line("POST", "/passport/codes/renew", Who::Anyone),
    line("POST", "/passport/codes/remove", Who::Anyone),
    line("GET", "/passport/qr", Who::Anyone),
    line("POST", "/passport/qr", Who::Anyone),
    line("GET", "/passport/qr/read", Who::Anyone),
    line("POST", "/passport/qr/read", Who::Anyone),
    line("GET", "/passport/passkeys.js", Who::Anyone),
    line("GET", "/passport/passkeys", Who::Anyone),
    line("POST", "/passport/passkeys", Who::Anyone),
    line("POST", "/passport/passkeys/remove", Who::Anyone),
    line("POST", "/passport/login/passkey", Who::Anyone),
    line("POST", "/passport/role", Who::Anyone),
    line("POST", "/passport/sessions/end", Who::Anyone),
    line("GET", "/passport/admin", Who::Anyone),
    line("GET", "/passport/admin/people", Who::Anyone),
    line("POST", "/passport/admin/people", Who::Anyone),
    line("GET", "/passport/admin/people/{uid}", Who::Anyone),
    line("POST", "/passport/admin/people/{uid}", Who::Anyone),
    line("GET", "/passport/admin/organisations", Who::Anyone),
    line("POST", "/passport/admin/organisations", Who::Anyone),
    line("GET", "/passport/admin/groups", Who::Anyone),
    line("POST", "/passport/admin/groups", Who::Anyone),
    line("GET", "/passport/admin/clients", Who::Anyone),
    line("POST", "/passport/admin/clients", Who::Anyone),
    line("GET", "/passport/admin/clients/{id}", Who::Anyone),
    line("POST", "/passport/admin/clients/{id}", Who::Anyone),
    line("GET", "/passport/admin/services", Who::Anyone),
    line("POST", "/passport/admin/services", Who::Anyone),
    line("GET", "/passport/admin/keys", Who::Anyone),
    line("POST", "/passport/admin/keys", Who::Anyone),
    line("GET", "/passport/admin/audit", Who::Anyone),
];

/// The line for a method and a route's pattern. `HEAD` asks for what `GET` may.
pub fn find(method: &str, pattern: &str) -> Option<&'static Permission> {
    let method = if method == "HEAD" { "GET" } else { method };
    PERMISSIONS.iter().find(|p| p.method == method && p.path == pattern)
}

/// Whether any method of this pattern has a line: the route exists, and answers 405 by itself.
pub fn known(pattern: &str) -> bool {
    PERMISSIONS.iter().any(|p| p.path == pattern)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_route_has_one_line() {
        let lines: BTreeSet<_> = PERMISSIONS.iter().map(|p| (p.method, p.path)).collect();
        assert_eq!(lines.len(), PERMISSIONS.len());
        assert!(PERMISSIONS.iter().all(|p| p.path.starts_with('/')));
        assert!(PERMISSIONS.iter().all(|p| p.method.bytes().all(|b| b.is_ascii_uppercase())));
    }

    #[test]
    fn an_empty_list_of_roles_would_lock_everybody_out() {
        for permission in PERMISSIONS {
            assert_ne!(permission.who, Who::Roles(&[]), "{}", permission.path);
        }
    }

    #[test]
    fn each_line_names_its_scope() {
        let of = |method, path| find(method, path).expect("a line").scope();
        assert_eq!(of("GET", "/api/nsk/v1/exams"), Some("exam.read"));
        assert_eq!(of("POST", "/api/nsk/v1/exams"), Some("exam.write"));
        assert_eq!(of("POST", "/api/v1/admin/poweroff"), Some("admin"));
        assert_eq!(of("GET", "/api/v1/exam/events"), Some("mak"));
        assert_eq!(of("POST", "/api/nsk/v1/tickets"), Some("live"));
        assert_eq!(of("GET", "/livez"), None);
        for line in PERMISSIONS {
            assert_eq!(line.scope().is_none(), line.who == Who::Anyone, "{}", line.path);
            assert!(!line.for_issuer() || line.scope() == Some("passport"));
        }
    }

    #[test]
    fn power_is_for_administrators_alone() {
        let line = find("POST", "/api/v1/admin/poweroff").expect("a line");
        assert_eq!(line.who, Who::Roles(&[Role::Administrator]));
        assert!(find("GET", "/api/v1/admin/poweroff").is_none());
        assert!(known("/api/v1/admin/poweroff"));
    }

    #[test]
    fn roles_are_read_as_they_are_written() {
        assert_eq!(role_of("operator"), Some(Role::Operator));
        assert_eq!(role_of("Operator"), None);
        assert_eq!(Who::Roles(&[Role::Council, Role::Operator]).to_string(), "council, operator");
    }
}
