//! Names of people, organisations and services: UPN, OPN, SPN. Two spellings of one name read as
//! one; two names that look the same are told apart by [`Upn::skeleton`], which is unique.

use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::PrecisFastInvocation;
use std::fmt;
use unicode_security::MixedScript;

/// Longest name, bytes as it came.
pub const NAME_BYTES_MAX: usize = 512;
/// Longest part of a UPN before the `@`, characters.
pub const LOCAL_CHARS_MAX: usize = 64;
/// Longest realm or host.
pub const HOST_CHARS_MAX: usize = 253;
/// Longest part of a realm or host between dots, and longest slug of an organisation.
pub const LABEL_CHARS_MAX: usize = 63;
/// Longest class of a service.
pub const CLASS_CHARS_MAX: usize = 32;
/// Longest name of a group, or id of a client.
pub const WORD_CHARS_MAX: usize = 128;

/// Why a text is no name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NameFault {
    /// Longer than any name.
    #[error("the name is too long")]
    TooLong,
    /// Not of the form at all.
    #[error("a name of this kind has the form {0}")]
    Form(&'static str),
    /// A sign that names have not.
    #[error("the part `{0}` has a sign that is not allowed there")]
    Sign(String),
    /// Letters of two scripts, or of one that the realm does not allow.
    #[error("the part `{0}` has letters that this realm does not allow, or mixes scripts")]
    Script(String),
    /// A number with a wrong check digit.
    #[error("the OGRN `{0}` is no such number: its check digit is wrong")]
    Ogrn(String),
}

/// What a realm allows in names of people.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RealmPolicy {
    /// Names may be written in Cyrillic, never mixed with Latin.
    pub cyrillic: bool,
}

/// The name of a person: `ivanova.ii@nark.example`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Upn {
    local: String,
    realm: String,
}

impl Upn {
    /// Reads a UPN in any case and width and keeps its normal form.
    ///
    /// # Errors
    /// As [`NameFault`] says.
    pub fn parse(text: &str, policy: RealmPolicy) -> Result<Upn, NameFault> {
        const FORM: &str = "name@realm";
        bounded(text)?;
        let (local, realm) = text.split_once('@').ok_or(NameFault::Form(FORM))?;
        let realm = host(realm)?;
        let mapped = UsernameCaseMapped::enforce(local)
            .map_err(|_| NameFault::Sign(shown(local)))?
            .into_owned();
        let ascii = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let cyrillic = |c: char| matches!(c, 'а'..='я' | 'ё');
        let letter = |c: char| ascii(c) || cyrillic(c);
        let signs = |c: char| matches!(c, '.' | '_' | '-');
        if !mapped.chars().all(|c| letter(c) || signs(c)) {
            // What is neither Latin nor Russian is told from what is no letter at all.
            let other = mapped.chars().any(char::is_alphabetic) && !mapped.is_ascii();
            return Err(match other {
                true => NameFault::Script(mapped),
                false => NameFault::Sign(mapped),
            });
        }
        if !mapped.is_ascii() && (!policy.cyrillic || !mapped.as_str().is_single_script()) {
            return Err(NameFault::Script(mapped));
        }
        let edges = mapped.starts_with(letter) && mapped.ends_with(letter);
        if !edges || mapped.contains("..") {
            return Err(NameFault::Sign(mapped));
        }
        if mapped.chars().count() > LOCAL_CHARS_MAX {
            return Err(NameFault::TooLong);
        }
        Ok(Upn { local: mapped, realm })
    }

    /// The part before the `@`.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The part behind it.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// What the name looks like, whatever its letters are (UTS #39).
    pub fn skeleton(&self) -> String {
        // A capital O is what the digit looks like, and a small one what people read into it.
        unicode_security::skeleton(&self.to_string()).collect::<String>().to_lowercase()
    }
}

impl fmt::Display for Upn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.realm)
    }
}

/// The name of an organisation: `org/coc-12@nark.example`, or with its OGRN instead of the slug.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Opn {
    slug: String,
    realm: String,
}

impl Opn {
    /// Reads an OPN in any case and keeps it in lower case.
    ///
    /// # Errors
    /// As [`NameFault`] says.
    pub fn parse(text: &str) -> Result<Opn, NameFault> {
        const FORM: &str = "org/slug@realm";
        bounded(text)?;
        let text = text.to_ascii_lowercase();
        let (slug, realm) = text
            .strip_prefix("org/")
            .and_then(|rest| rest.split_once('@'))
            .ok_or(NameFault::Form(FORM))?;
        let realm = host(realm)?;
        label(slug)?;
        if slug.bytes().all(|b| b.is_ascii_digit()) {
            ogrn(slug)?;
        }
        Ok(Opn { slug: slug.to_owned(), realm })
    }

    /// The slug or OGRN.
    pub fn slug(&self) -> &str {
        &self.slug
    }
}

impl fmt::Display for Opn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "org/{}@{}", self.slug, self.realm)
    }
}

/// The name of a service: `mak/mak-07`, `coc/portal.coc12:8443`. Two are the same only when they
/// are spelt the same; nothing stands for several.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Spn {
    class: String,
    host: String,
    port: Option<u16>,
}

impl Spn {
    /// Reads an SPN; the host in any case.
    ///
    /// # Errors
    /// As [`NameFault`] says.
    pub fn parse(text: &str) -> Result<Spn, NameFault> {
        const FORM: &str = "class/host or class/host:port";
        bounded(text)?;
        let (class, rest) = text.split_once('/').ok_or(NameFault::Form(FORM))?;
        let sound = class.starts_with(|c: char| c.is_ascii_lowercase())
            && class.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && class.len() <= CLASS_CHARS_MAX;
        if !sound {
            return Err(NameFault::Sign(shown(class)));
        }
        let (host_part, port) = match rest.split_once(':') {
            Some((host, port)) => (host, Some(number(port).ok_or(NameFault::Form(FORM))?)),
            None => (rest, None),
        };
        Ok(Spn { class: class.to_owned(), host: host(host_part)?, port })
    }

    /// What kind of service: `mak`, `coc`, `video`, `chain`.
    pub fn class(&self) -> &str {
        &self.class
    }

    /// Where it runs.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Display for Spn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.class, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// Checks the name of a group: `coc-12/expert`.
///
/// # Errors
/// [`NameFault::Sign`] and [`NameFault::TooLong`].
pub fn group(text: &str) -> Result<String, NameFault> {
    let sound = |part: &str| !part.is_empty() && part.bytes().all(word_sign);
    match text.split('/').all(sound) {
        true if text.len() <= WORD_CHARS_MAX => Ok(text.to_owned()),
        true => Err(NameFault::TooLong),
        false => Err(NameFault::Sign(shown(text))),
    }
}

/// Checks the id of a client: `portal-coc12`.
///
/// # Errors
/// [`NameFault::Sign`] and [`NameFault::TooLong`].
pub fn client(text: &str) -> Result<String, NameFault> {
    match !text.is_empty() && text.bytes().all(word_sign) {
        true if text.len() <= WORD_CHARS_MAX => Ok(text.to_owned()),
        true => Err(NameFault::TooLong),
        false => Err(NameFault::Sign(shown(text))),
    }
}

/// Checks a state registration number of an organisation (13 digits) or an entrepreneur (15).
///
/// # Errors
/// [`NameFault::Ogrn`].
pub fn ogrn(text: &str) -> Result<(), NameFault> {
    let fault = || NameFault::Ogrn(shown(text));
    let modulus = match text.len() {
        13 => 11,
        15 => 13,
        _ => return Err(fault()),
    };
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(fault());
    }
    let (body, check) = text.split_at(text.len() - 1);
    let body: u64 = body.parse().map_err(|_| fault())?;
    let check: u64 = check.parse().map_err(|_| fault())?;
    if body % modulus % 10 == check { Ok(()) } else { Err(fault()) }
}

/// Checks a name to show: not empty, of one line, at most 200 characters.
pub fn display(text: &str) -> Option<String> {
    let text = text.trim();
    let sound = !text.is_empty() && text.chars().count() <= 200 && !text.contains(char::is_control);
    sound.then(|| text.to_owned())
}

fn word_sign(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-')
}

fn bounded(text: &str) -> Result<(), NameFault> {
    if text.len() > NAME_BYTES_MAX { Err(NameFault::TooLong) } else { Ok(()) }
}

/// A realm or host in lower case.
fn host(text: &str) -> Result<String, NameFault> {
    let text = text.to_ascii_lowercase();
    text.split('.').try_for_each(label)?;
    if text.len() > HOST_CHARS_MAX { Err(NameFault::TooLong) } else { Ok(text) }
}

fn label(text: &str) -> Result<(), NameFault> {
    let sound = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-');
    match sound {
        true if text.len() <= LABEL_CHARS_MAX => Ok(()),
        true => Err(NameFault::TooLong),
        false => Err(NameFault::Sign(shown(text))),
    }
}

/// A port in its one spelling.
fn number(text: &str) -> Option<u16> {
    let port: u16 = text.parse().ok()?;
    (port > 0 && port.to_string() == text).then_some(port)
}

/// A hostile text as a message may show it.
fn shown(text: &str) -> String {
    text.chars().take(LOCAL_CHARS_MAX).map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests;
