//! Texts of a document as plain text: HTML tags stripped, entities decoded, controls removed.
//!
//! Clients show texts as text nodes, so nothing here is what keeps a page safe; it is what keeps a
//! question readable. Only what looks like HTML is taken for it: `a<b, c>d` stays as it is.

/// A text after cleaning.
pub(crate) struct Cleaned {
    /// The plain text.
    pub(crate) text: String,
    /// What was taken out or decoded, in words; empty when the text was plain already.
    pub(crate) removed: Vec<String>,
}

/// Tags inside tags (`<<b>script>`) are stripped this often; then every `<` goes.
const STRIP_ROUNDS_MAX: usize = 8;

/// Elements whose content goes with them.
const SILENT: [&str; 6] = ["script", "style", "iframe", "object", "template", "noscript"];

/// Elements that end a line.
const LINES: [&str; 16] = [
    "br",
    "p",
    "div",
    "li",
    "ul",
    "ol",
    "tr",
    "table",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "pre",
    "blockquote",
];

/// Other elements that a text editor or an attacker leaves in a text.
const OTHERS: [&str; 46] = [
    "a", "abbr", "audio", "b", "base", "big", "body", "button", "canvas", "caption", "center",
    "code", "dd", "dl", "dt", "em", "embed", "font", "form", "frame", "head", "hr", "html", "i",
    "img", "input", "label", "link", "math", "meta", "nobr", "s", "select", "small", "source",
    "span", "strike", "strong", "sub", "sup", "svg", "tbody", "td", "textarea", "th", "u",
];

/// Makes a text plain.
pub(crate) fn clean(raw: &str) -> Cleaned {
    let mut removed = Vec::new();
    let mut text = drop_controls(raw, &mut removed);
    for round in 0.. {
        let mut names = Vec::new();
        let stripped = strip_tags(&text, &mut names);
        if names.is_empty() {
            break;
        }
        for name in names {
            let tag = format!("<{name}>");
            if !removed.contains(&tag) {
                removed.push(tag);
            }
        }
        text = stripped;
        if round == STRIP_ROUNDS_MAX {
            text = text.replace('<', "");
            break;
        }
    }
    let decoded = decode_entities(&text);
    if decoded != text {
        removed.push("HTML entities".to_owned());
        text = drop_controls(&decoded, &mut removed);
    }
    Cleaned { text: text.trim().to_owned(), removed }
}

/// Without control characters and those that silently turn the direction of text; line ends and
/// tabs stay.
fn drop_controls(text: &str, removed: &mut Vec<String>) -> String {
    const WORD: &str = "control characters";
    let text = text.replace("\r\n", "\n");
    let kept: String = text.chars().filter(|c| !is_unwanted(*c)).collect();
    if kept.len() != text.len() && !removed.iter().any(|r| r == WORD) {
        removed.push(WORD.to_owned());
    }
    kept
}

fn is_unwanted(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{feff}' | '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One pass over the text, in time linear in its length; `names` gets the elements that were
/// taken out.
fn strip_tags(text: &str, names: &mut Vec<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Past the last `>` there are no tags, and looking for their ends would take quadratic time.
    let last_end = text.rfind('>').unwrap_or(0);
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let closes = rest.starts_with("<!--") || text.len() - rest.len() < last_end;
        let Some(tag) = closes.then(|| Tag::at_start(rest)).flatten() else {
            out.push('<');
            rest = &rest[1..];
            continue;
        };
        rest = &rest[tag.len..];
        if !tag.closing && SILENT.contains(&tag.name.as_str()) {
            rest = after_closing(rest, &tag.name);
        }
        if LINES.contains(&tag.name.as_str()) && !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        names.push(tag.name);
    }
    out.push_str(rest);
    out
}

struct Tag {
    /// In lower case; `!` for a comment or declaration.
    name: String,
    closing: bool,
    /// Bytes from `<` to `>`.
    len: usize,
}

impl Tag {
    /// The tag with which a text begins, if it is one that HTML knows.
    fn at_start(text: &str) -> Option<Tag> {
        if text.starts_with("<!--") {
            let len = text.find("-->").map_or(text.len(), |end| end + 3);
            return Some(Tag { name: "!".to_owned(), closing: false, len });
        }
        let body = text.strip_prefix('<')?;
        let (body, closing) = body.strip_prefix('/').map_or((body, false), |b| (b, true));
        let end = body.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(body.len());
        let name = body[..end].to_ascii_lowercase();
        let follows = body[end..].chars().next()?;
        let known = [&SILENT[..], &LINES[..], &OTHERS[..]].iter().any(|l| l.contains(&&*name));
        if !known || !(follows.is_whitespace() || follows == '/' || follows == '>') {
            return None;
        }
        let end = tag_end(&body[end..])? + end;
        Some(Tag { name, closing, len: text.len() - body.len() + end })
    }
}

/// Bytes up to and with the `>` that ends a tag, quotes respected where they close.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(i + 1),
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), _) if q == c => quote = None,
            _ => {}
        }
    }
    if quote.is_some() { text.find('>').map(|i| i + 1) } else { None }
}

/// What follows the closing tag of this element; nothing when it never closes.
fn after_closing<'t>(text: &'t str, name: &str) -> &'t str {
    let mut rest = text;
    while let Some(at) = rest.find("</") {
        rest = &rest[at + 2..];
        if rest.get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name)) {
            return rest.find('>').map_or("", |end| &rest[end + 1..]);
        }
    }
    ""
}

/// Decodes each entity once; what is no entity stays.
fn decode_entities(text: &str) -> String {
    const ENTITY_BYTES_MAX: usize = 10;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let end = rest.bytes().take(ENTITY_BYTES_MAX).position(|b| b == b';');
        match end.and_then(|end| entity(&rest[..end]).map(|c| (c, end))) {
            Some((c, end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "laquo" => '«',
        "raquo" => '»',
        "mdash" => '—',
        "ndash" => '–',
        "minus" => '−',
        "hellip" => '…',
        "deg" => '°',
        "plusmn" => '±',
        "times" => '×',
        "le" => '≤',
        "ge" => '≥',
        "ne" => '≠',
        "numero" => '№',
        "bdquo" => '„',
        "ldquo" => '“',
        "rdquo" => '”',
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
