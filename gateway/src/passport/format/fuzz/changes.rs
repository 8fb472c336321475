//! Changes of a token as text and of JSON as text, as the bytes of a recipe say.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;

/// The order of P-256's group, most significant byte first.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
/// The order of Ed25519's group, least significant byte first.
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
/// What is put where it does not belong.
pub(super) const ODD: [&str; 22] = [
    "=",
    "==",
    " ",
    "\n",
    ".",
    "..",
    "+",
    "/",
    "-",
    "_",
    "A",
    "\0",
    "é",
    "{",
    "}",
    "\"",
    ",",
    ":",
    "v4.public.",
    "v4.local.",
    "eyJ",
    "null",
];
/// Members that are put into JSON.
const MEMBERS: [&str; 18] = [
    r#""cls":"mak""#,
    r#""principal":"x""#,
    r#""groups":[]"#,
    r#""signature":"x""#,
    r#""\u0067roups":[]"#,
    r#""ver":2"#,
    r#""ver":1"#,
    r#""exp":99999999999"#,
    r#""exp":"9999-12-31T23:59:59Z""#,
    r#""aud":"x/y""#,
    r#""alg":"none""#,
    r#""kid":"../x""#,
    r#""jwk":{"kty":"oct","k":"AA"}"#,
    r#""crit":["b64"]"#,
    r#""role":"administrator""#,
    r#""x":[[[[[[[[1]]]]]]]]"#,
    r#""\u0063ls":"mak""#,
    r#""cnf":{"jkt":"x","jkt":"y"}"#,
];

/// The bytes of a recipe, then zeros.
pub(super) struct Tape<'a>(pub(super) &'a [u8]);

impl Tape<'_> {
    pub(super) fn next(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        let wide = self.next() << 8 | self.next();
        wide.checked_rem(end).unwrap_or(0)
    }

    pub(super) fn pick<T: Copy>(&mut self, list: &[T]) -> Option<T> {
        let at = self.below(list.len());
        list.get(at).copied()
    }
}

/// The last character of one part, with other bits that no byte needs.
pub(super) fn last_bits(text: &str, which: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut parts: Vec<String> = text.split('.').map(str::to_owned).collect();
    let count = parts.len();
    if let Some(part) = which.checked_rem(count).and_then(|at| parts.get_mut(at))
        && let Some(last) = part.pop()
    {
        let value = ALPHABET.iter().position(|b| char::from(*b) == last).unwrap_or(0);
        part.push(char::from(ALPHABET.get(value ^ 1).copied().unwrap_or(b'A')));
    }
    parts.join(".")
}

pub(super) fn swap_alphabet(c: char, way: usize) -> char {
    match (c, way % 2) {
        ('-', 0) => '+',
        ('_', 0) => '/',
        ('+', 1) => '-',
        ('/', 1) => '_',
        (c, _) => c,
    }
}

/// The other signature that the algorithm's equation holds for: `n − s`, or `s + n`.
pub(super) fn other_signature(text: &str) -> Option<String> {
    let (head, last) = text.rsplit_once('.')?;
    let (before, part, after) = if text.starts_with("v4.") {
        let (before, body) = head.rsplit_once('.')?;
        (before, body, Some(last))
    } else {
        (head, last, None)
    };
    let mut bytes = B64.decode(part).ok()?;
    let at = bytes.len().checked_sub(32)?;
    let (_, s) = bytes.split_at_mut(at);
    if text.starts_with("eyJhbGciOiJFUzI1NiI") {
        let mut borrow = 0;
        for (digit, order) in s.iter_mut().zip(P256_ORDER).rev() {
            let value = i16::from(order) - i16::from(*digit) - borrow;
            borrow = i16::from(value < 0);
            *digit = u8::try_from(value.rem_euclid(256)).ok()?;
        }
    } else {
        let mut carry = 0;
        for (digit, order) in s.iter_mut().zip(ED25519_ORDER) {
            let value = u16::from(order) + u16::from(*digit) + carry;
            carry = value / 256;
            *digit = u8::try_from(value % 256).ok()?;
        }
    }
    let tail = after.map(|after| format!(".{after}")).unwrap_or_default();
    Some(format!("{before}.{}{tail}", B64.encode(&bytes)))
}

pub(super) fn insert_member(text: &str, tape: &mut Tape<'_>) -> String {
    let member = tape.pick(&MEMBERS).unwrap_or_default();
    let at = text.find('{').map_or(0, |at| at + 1);
    let (before, after) = text.split_at(at);
    format!("{before}{member},{after}")
}

/// One change of JSON that mostly leaves it JSON.
pub(super) fn edit(text: &str, tape: &mut Tape<'_>) -> String {
    let keys: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
    let key = tape.pick(&keys).unwrap_or_default();
    match tape.next() % 9 {
        0 => insert_member(text, tape),
        1 => text.replacen('{', &format!("{{\"{key}\":1,"), 1),
        2 => text.replacen(&format!("\"{key}\":"), &format!("\"{key}\" : \n"), 1),
        3 => text.replacen(&format!("\"{key}\""), "\"x\"", 1),
        4 => text.replacen(&format!("\"{key}\":"), &format!("\"{key}\":[[[[[[1]]]]]],\"y\":"), 1),
        5 => text.replacen(
            ['T', 'Z', '1'],
            tape.pick(&["t", "z", "1.0", "1e0", "-1", "01"]).unwrap_or_default(),
            1,
        ),
        6 => (0..80).fold(text.to_owned(), |t, n| t.replacen('{', &format!("{{\"k{n}\":1,"), 1)),
        7 => format!("{text} {text}"),
        _ => text.replacen("\"svc\"", "\"mak\"", 1),
    }
}
