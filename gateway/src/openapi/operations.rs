//! What each documented route is for, what it takes and what it answers.

mod admin;

use admin::admin;

/// What a route answers.
pub enum Body {
    /// Nothing.
    None,
    /// One object of this schema.
    One(&'static str),
    /// A list of this schema.
    Many(&'static str),
    /// A JSON string.
    JsonString,
    /// Something that is no JSON, or has no schema, of this media type.
    Other(&'static str),
}

/// A route's documentation.
pub struct Docs {
    /// In one line.
    pub summary: &'static str,
    /// The schema of the body that it takes.
    pub body: Option<&'static str>,
    /// What it answers.
    pub reply: Body,
    /// The status of success.
    pub status: &'static str,
    /// Its query: name, type, meaning.
    pub query: &'static [(&'static str, &'static str, &'static str)],
}

impl Docs {
    /// A route that nobody has described; a test finds it.
    pub const NONE: Docs = Docs::new("", Body::None);

    const fn new(summary: &'static str, reply: Body) -> Docs {
        Docs { summary, body: None, reply, status: "200", query: &[] }
    }

    const fn takes(mut self, body: &'static str) -> Docs {
        self.body = Some(body);
        self
    }

    const fn answers(mut self, status: &'static str) -> Docs {
        self.status = status;
        self
    }

    const fn asks(mut self, query: &'static [(&'static str, &'static str, &'static str)]) -> Docs {
        self.query = query;
        self
    }
}

const INTERVAL: &[(&str, &str, &str)] = &[
    ("dtfrom", "string", "Exams that end at this moment or later, UTC; now when absent"),
    ("dtto", "string", "Exams that begin at this moment or earlier, UTC; now when absent"),
];
const LIST: &[(&str, &str, &str)] = &[
    ("from", "integer", "Exams that end at this moment or later, ms UTC"),
    ("to", "integer", "Exams that begin at this moment or earlier, ms UTC"),
    ("live", "boolean", "Only exams that have not ended"),
    ("cursor", "integer", "`next` of the page before"),
    ("limit", "integer", "Exams of one page"),
];
const AUDIT: &[(&str, &str, &str)] = &[
    ("kind", "string", "A kind such as `login.fail`, or a family such as `login.*`"),
    ("actor", "string", "By whom"),
    ("subject", "string", "To whom or what"),
    ("since", "integer", "At this moment or later, ms UTC"),
    ("until", "integer", "Before this moment, ms UTC"),
    ("before", "integer", "`next` of the page before"),
    ("limit", "integer", "Events of one page"),
];
const PRESENCE: &[(&str, &str, &str)] = &[("s", "string", "The stream: `exam:42` or `board`")];
const STREAM: &[(&str, &str, &str)] = &[
    ("s", "string", "The stream: `exam:42` or `board`"),
    ("ticket", "string", "A single-use ticket, where neither a cookie nor a header can be sent"),
];

/// The documentation of a route.
pub fn docs_of(method: &str, path: &str) -> Option<Docs> {
    legacy(method, path)
        .or_else(|| passport(method, path))
        .or_else(|| admin(method, path))
        .or_else(|| station(method, path))
        .or_else(|| modern(method, path))
}

fn station(method: &str, path: &str) -> Option<Docs> {
    let docs = match (method, path) {
        ("GET", "/api/nsk/v1/station") => Docs::new(
            "Who the station is: a client's nonce, signed with the device's key",
            Body::Other("application/json"),
        )
        .asks(&[("nonce", "string", "16 to 64 bytes in base64url")]),
        ("POST", "/api/nsk/v1/station/unlock") => {
            Docs::new("End every wait after wrong PINs, with one's own password", Body::None)
                .takes("SessionRequest")
                .answers("204")
        }
        _ => return None,
    };
    Some(docs)
}

fn legacy(method: &str, path: &str) -> Option<Docs> {
    let docs = match (method, path) {
        ("POST", "/token") => {
            Docs::new("Sign in; the token's type is `baerer`, as it always was", Body::One("Token"))
                .takes("TokenRequest")
        }
        ("GET", "/api/v1/person/info") => Docs::new("Who is signed in", Body::One("PersonInfo")),
        ("GET", "/api/v1/exam/events") => {
            Docs::new("Exams that overlap an interval", Body::Many("ExamEvent")).asks(INTERVAL)
        }
        ("GET", "/api/v1/exam/{exam_id}") => {
            Docs::new("An exam, as an array of one or none", Body::Many("ExamInfo"))
        }
        ("GET", "/api/v1/exam/{exam_id}/action") => {
            Docs::new("What the experts did", Body::Many("ExpertAction"))
        }
        ("POST", "/api/v1/exam/{exam_id}/practice/action") => {
            Docs::new("An expert's action", Body::One("ExpertAction")).takes("ActionRequest")
        }
        ("GET", "/api/v1/exam/{exam_id}/practice/viewstate") => {
            Docs::new("Which task is marked and who is waited for", Body::One("ViewState"))
        }
        ("GET", "/api/v1/admin/stat") => {
            Docs::new("Exams by state and outcome, today and in all", Body::JsonString)
        }
        ("GET", "/api/v1/admin/test/{skill_id}") => {
            Docs::new("The tools for a qualification on this station", Body::JsonString)
        }
        ("POST", "/api/v1/admin/poweroff") => {
            Docs::new("Ask for the station to be switched off", Body::JsonString)
        }
        ("GET", "/api/v1/sync/exams") => {
            Docs::new("How far the exchange with the centre is", Body::JsonString)
        }
        _ => return None,
    };
    Some(docs)
}

/// What the specifications of OAuth and OpenID Connect describe is only named here.
fn passport(method: &str, path: &str) -> Option<Docs> {
    let json = || Body::Other("application/json");
    let docs = match (method, path) {
        ("GET" | "POST", "/oauth/authorize") => {
            Docs::new("Ask for a code (RFC 6749, 7636, 9207)", Body::None).answers("303")
        }
        ("POST", "/oauth/par") => {
            Docs::new("Push an authorization request (RFC 9126)", json()).answers("201")
        }
        ("POST", "/oauth/token") => {
            Docs::new("Get, refresh or exchange tokens (RFC 6749, 8693, 9449)", json())
        }
        ("POST", "/oauth/introspect") => Docs::new("Ask about a token (RFC 7662)", json()),
        ("POST", "/oauth/revoke") => Docs::new("Revoke a token (RFC 7009)", Body::None),
        ("POST", "/oauth/renew") => Docs::new("Renew a token in its refresh window", json()),
        ("GET" | "POST", "/oauth/userinfo") => Docs::new("Who the token's owner is", json()),
        ("GET" | "POST", "/oauth/logout") => {
            Docs::new("Sign out at the passport", Body::None).answers("303")
        }
        ("GET", "/oauth/jwks") => Docs::new("The public keys", json()),
        (
            "GET",
            "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server",
        ) => Docs::new("What clients must know before they begin", json()),
        ("GET", "/v1/me/roles") => Docs::new("Roles that the person may choose now", json()),
        _ => return None,
    };
    Some(docs)
}

fn modern(method: &str, path: &str) -> Option<Docs> {
    let exam = path.strip_prefix("/api/nsk/v1/exams/{exam_id}");
    let docs = match (method, exam.unwrap_or(path)) {
        ("POST", "/api/nsk/v1/session") => {
            Docs::new("Sign a page in; the token goes into a cookie", Body::One("Session"))
                .takes("SessionRequest")
        }
        ("GET", "/api/nsk/v1/session") => Docs::new("Who is signed in", Body::One("Session")),
        ("DELETE", "/api/nsk/v1/session") => {
            Docs::new("Sign out, on every open connection too", Body::None).answers("204")
        }
        ("POST", "/api/nsk/v1/tickets") => {
            Docs::new("A single-use ticket for an event stream", Body::One("Ticket"))
        }
        ("GET", "/api/nsk/v1/board") => {
            Docs::new("The board of all exams", Body::One("BoardSnapshot"))
        }
        ("GET", "/api/nsk/v1/presence") => {
            Docs::new("Who looks at a stream now", Body::One("PresentList")).asks(PRESENCE)
        }
        ("GET", "/api/nsk/v1/planning") => {
            Docs::new("People and tools to plan exams with", Body::One("Planning"))
        }
        ("GET", "/api/nsk/v1/exams") => {
            Docs::new("Exams that the caller may see", Body::One("ExamList")).asks(LIST)
        }
        ("POST", "/api/nsk/v1/exams") => {
            Docs::new("Schedule an exam", Body::One("CommandReply")).takes("PlanRequest")
        }
        ("GET", "") => Docs::new("An exam as the caller may see it", Body::One("ExamSnapshot")),
        ("POST", "/commands") => {
            let summary =
                "Any command that a socket takes; safe to send again under the same `cmd`";
            Docs::new(summary, Body::One("CommandReply")).takes("CommandRequest")
        }
        ("GET", "/records") => {
            Docs::new("What happened, without the contents", Body::One("Timeline"))
        }
        ("GET", "/sheet") => {
            Docs::new("The explained score of the theory test", Body::One("SheetReply"))
        }
        ("GET", "/export") => {
            Docs::new("The whole exam, once it has ended", Body::Other("application/json"))
        }
        ("POST", "/release") => Docs::new("End a quarantine", Body::One("ReleaseReply")),
        ("GET", "/api/nsk/v1/passport/audit") => {
            Docs::new("The audit of identity, the latest first", Body::One("AuditPage")).asks(AUDIT)
        }
        ("GET", "/api/nsk/v1/passport/audit/export") => {
            let summary = "The whole chain of the audit, for `nsk audit verify`";
            Docs::new(summary, Body::Other("application/jsonl"))
        }
        ("POST", "/api/nsk/v1/passport/qr") => {
            let summary = "What may be said of a picture that was shown here";
            Docs::new(summary, Body::One("ReadQr")).takes("Scanned")
        }
        ("GET", "/live") => {
            Docs::new("The live protocol over WebSocket", Body::None).answers("101")
        }
        ("GET", "/api/nsk/v1/streams") => {
            let summary = "One stream as server-sent events, resumed by `Last-Event-ID`";
            Docs::new(summary, Body::Other("text/event-stream")).asks(STREAM)
        }
        ("GET", "/livez") => Docs::new("The program lives", Body::Other("application/json")),
        ("GET", "/readyz") => Docs::new("The program can work", Body::Other("application/json")),
        ("GET", "/metrics") => {
            Docs::new("Metrics for Prometheus", Body::Other("application/openmetrics-text"))
        }
        _ => return None,
    };
    Some(docs)
}
