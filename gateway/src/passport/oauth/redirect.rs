//! Where answers of the authorization endpoint may go: exactly to what was registered. For native
//! programs alone the port of a loopback address is free (RFC 8252, 7.3).

use url::Url;

/// Longest redirect address, bytes.
pub const URI_BYTES_MAX: usize = 2_048;

/// Whether an asked address is one of the registered ones.
pub fn allowed(asked: &str, registered: &[String]) -> bool {
    asked.len() <= URI_BYTES_MAX
        && is_sound(asked)
        && registered.iter().any(|known| known == asked || same_but_port(asked, known))
}

/// Whether an address may be registered or answered to at all: absolute, without fragment, without
/// a user, over https, a loopback http or a program's own scheme with a dot in it.
pub fn is_sound(text: &str) -> bool {
    // What the parser would repair is not what the browser was given.
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '\\' | '"' | '<' | '>');
    if text.contains(odd) || text.contains('#') {
        return false;
    }
    let Ok(uri) = Url::parse(text) else { return false };
    let userless = uri.username().is_empty() && uri.password().is_none();
    match uri.scheme() {
        "https" => userless && uri.has_host(),
        "http" => userless && is_loopback(&uri),
        own => own.contains('.'),
    }
}

fn is_loopback(uri: &Url) -> bool {
    matches!(uri.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"))
}

/// A literal loopback address may have any port; a name may not, for it can be made to mean
/// something else.
fn same_but_port(asked: &str, known: &str) -> bool {
    let literal = |host: &str| {
        let rest = known.strip_prefix("http://").and_then(|r| r.strip_prefix(host))?;
        let path = |rest: &str| rest.find(['/', '?']).map(|at| rest[at..].to_owned());
        let own = asked.strip_prefix("http://").and_then(|r| r.strip_prefix(host))?;
        let port = |rest: &str| {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let port = &rest[..end];
            let digits = port.strip_prefix(':').unwrap_or("0");
            port.is_empty() || (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
        };
        Some(port(rest) && port(own) && path(rest) == path(own))
    };
    ["127.0.0.1", "[::1]"].into_iter().any(|host| literal(host) == Some(true))
}

/// The address with parameters added to its query.
pub fn with_query(uri: &str, parameters: &[(&str, &str)]) -> Option<String> {
    let mut uri = Url::parse(uri).ok()?;
    uri.query_pairs_mut().extend_pairs(parameters);
    Some(uri.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_registered_is_answered_to() {
        let registered = ["https://app.example/cb", "http://127.0.0.1/cb", "com.example.app:/cb"];
        let registered = registered.map(str::to_owned);
        for good in [
            "https://app.example/cb",
            "http://127.0.0.1/cb",
            "http://127.0.0.1:51004/cb",
            "com.example.app:/cb",
        ] {
            assert!(allowed(good, &registered), "{good}");
        }
        for bad in [
            "https://app.example/cb/",
            "https://app.example/cb?x=1",
            "https://app.example/cb#x",
            "https://app.example/cb/../evil",
            "https://app.example:8443/cb",
            "https://app.example.evil.example/cb",
            "https://app.example@evil.example/cb",
            "https://APP.example/cb",
            "http://app.example/cb",
            "//app.example/cb",
            "/cb",
            "http://127.0.0.1:80:90/cb",
            "http://127.0.0.1:51004/cb/x",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1:1@evil.example/cb",
            "http://127.0.0.1@evil.example/cb",
            "http://localhost:51004/cb",
            "javascript:alert(1)//cb",
            "data:text/html,x",
            "https://app.example\\cb",
            "https://app.example/cb\r\nx: y",
            "",
        ] {
            assert!(!allowed(bad, &registered), "{bad}");
        }
    }

    #[test]
    fn parameters_are_added_and_encoded() {
        let found = with_query("https://a.example/cb?x=1", &[("state", "a b&c=\r\n")]);
        assert_eq!(found.as_deref(), Some("https://a.example/cb?x=1&state=a+b%26c%3D%0D%0A"));
    }
}
