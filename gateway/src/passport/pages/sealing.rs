//! What the pages hand out and take back, and what they keep sealed: form tokens, the step between
//! password and code, secrets of authenticator apps, hashes of recovery codes. One key each.

use crate::passport::keys::Kek;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// Longest note that is opened, bytes.
const NOTE_BYTES_MAX: usize = 2_048;

/// The keys of the pages.
pub struct Sealing {
    forms: hmac::Key,
    notes: hmac::Key,
    codes: hmac::Key,
    /// Seals what a copy of the database must not give away.
    kek: Kek,
}

impl Sealing {
    /// Keys for each purpose, from one that is kept in the store.
    pub fn new(key: &[u8], kek: Kek) -> Sealing {
        let root = hmac::Key::new(hmac::HMAC_SHA256, key);
        let of = |purpose: &str| hmac::sign(&root, purpose.as_bytes());
        let key = |purpose: &str| hmac::Key::new(hmac::HMAC_SHA256, of(purpose).as_ref());
        Sealing {
            forms: key("nsk pages: forms"),
            notes: key("nsk pages: notes"),
            codes: key("nsk pages: codes"),
            kek,
        }
    }

    /// The token of the forms of one browser.
    pub fn form_token(&self, browser: &str) -> String {
        tag(&self.forms, browser.as_bytes())
    }

    /// Whether the token is of this browser; the time tells nothing.
    pub fn form_token_fits(&self, browser: &str, token: &str) -> bool {
        self.form_token(browser).as_bytes().ct_eq(token.as_bytes()).into()
    }

    /// A note that a browser carries: readable by it, not changeable.
    pub fn note<T: Serialize>(&self, note: &T) -> Option<String> {
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(note).ok()?);
        let tag = tag(&self.notes, body.as_bytes());
        Some(format!("{body}.{tag}"))
    }

    /// A note that came back, if it is ours and unchanged.
    pub fn read_note<T: DeserializeOwned>(&self, text: &str) -> Option<T> {
        let (body, found) = text.split_once('.').filter(|_| text.len() <= NOTE_BYTES_MAX)?;
        let ours: bool =
            tag(&self.notes, body.as_bytes()).as_bytes().ct_eq(found.as_bytes()).into();
        let body = URL_SAFE_NO_PAD.decode(body).ok().filter(|_| ours)?;
        serde_json::from_slice(&body).ok()
    }

    /// What is kept of a recovery code.
    pub fn code_hash(&self, uid: Uuid, code: &str) -> String {
        tag(&self.codes, format!("{uid} {code}").as_bytes())
    }

    /// Seals the secret of a person's authenticator app.
    pub fn seal(&self, uid: Uuid, secret: &[u8], salt: [u8; 32]) -> Option<Vec<u8>> {
        self.kek.seal(secret, &app_of(uid), *salt.first_chunk()?)
    }

    /// The secret again, for the same person.
    pub fn open(&self, uid: Uuid, sealed: &[u8]) -> Option<Vec<u8>> {
        self.kek.open_sealed(sealed, &app_of(uid)).map(|secret| secret.to_vec())
    }
}

/// What the secret of a person's authenticator app is sealed to.
fn app_of(uid: Uuid) -> String {
    format!("authenticator|{uid}")
}

fn tag(key: &hmac::Key, bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(hmac::sign(key, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealing(key: u8) -> Sealing {
        Sealing::new(&[key; 32], Kek::new([key; 32]))
    }

    #[test]
    fn what_was_changed_or_is_of_another_does_not_open() {
        let (ours, theirs) = (sealing(1), sealing(2));
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert!(ours.form_token_fits("a", &ours.form_token("a")));
        assert!(!ours.form_token_fits("b", &ours.form_token("a")));
        assert!(!ours.form_token_fits("a", &theirs.form_token("a")));
        assert!(!ours.form_token_fits("a", ""));

        let note = ours.note(&(7, "x")).expect("a note");
        assert_eq!(ours.read_note::<(i32, String)>(&note), Some((7, "x".to_owned())));
        assert_eq!(theirs.read_note::<(i32, String)>(&note), None);
        let other = ours.note(&(8, "x")).expect("a note");
        let mixed = format!("{}.{}", other.split('.').next().unwrap_or_default(), {
            note.split('.').nth(1).unwrap_or_default()
        });
        assert_eq!(ours.read_note::<(i32, String)>(&mixed), None);

        let sealed = ours.seal(one, b"secret", [9; 32]).expect("sealed");
        assert_eq!(ours.open(one, &sealed).as_deref(), Some(&b"secret"[..]));
        assert_eq!(ours.open(two, &sealed), None);
        assert_eq!(theirs.open(one, &sealed), None);
        assert_eq!(ours.open(one, &sealed[..10]), None);
        assert!(!sealed.windows(6).any(|w| w == b"secret"));
        assert_ne!(ours.code_hash(one, "a"), ours.code_hash(two, "a"));
    }
}
