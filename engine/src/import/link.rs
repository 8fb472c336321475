//! Links to images. A link is only ever shown to a browser, but it comes from a stranger's file.

use crate::import::json::Json;
use crate::import::{Complaints, Node};

/// Characters of a link.
pub(crate) const LINK_CHARS_MAX: usize = 2_048;

/// The image link here, if it is a usable one; any other is dropped with a remark.
pub(crate) fn image(node: &Node, out: &mut Complaints) -> Option<String> {
    let text = match node.json? {
        Json::Text(text) if text.trim().is_empty() => return None,
        Json::Text(text) => text.trim(),
        _ => "",
    };
    if is_absolute_http(text) {
        return Some(text.to_owned());
    }
    node.warn("an absolute http or https URL (the image is left out)", out);
    None
}

/// Whether a text is an absolute http or https URL with a host, without a user name or password
/// and without characters that a URL must escape.
pub(crate) fn is_absolute_http(text: &str) -> bool {
    let rest = ["https://", "http://"].iter().find_map(|scheme| {
        let head = text.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
    });
    let Some(rest) = rest else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    text.chars().count() <= LINK_CHARS_MAX
        && host.starts_with(|c: char| c.is_alphanumeric() || c == '[')
        && !host.contains('@')
        && !text
            .contains(|c: char| c.is_whitespace() || c.is_control() || "\"'<>\\`{}|^".contains(c))
}

#[cfg(test)]
mod tests {
    use super::is_absolute_http;

    #[test]
    fn takes_only_absolute_web_links() {
        for good in
            ["https://ps.example/upload/1.png", "HTTP://h/?a=b#c", "https://пример.рф/я.png"]
        {
            assert!(is_absolute_http(good), "{good}");
        }
        for bad in [
            "",
            "1.png",
            "/1.png",
            "//host/1.png",
            "https://",
            "https:///1.png",
            "https://user:pw@host/1.png",
            "https://h/\" onerror=\"x",
            "https://h/a b",
            "javascript:alert(1)",
            "data:image/png;base64,AA",
            "file:///etc/passwd",
            "ftp://h/1.png",
            "httpsя://h",
        ] {
            assert!(!is_absolute_http(bad), "{bad}");
        }
    }
}
