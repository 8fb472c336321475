//! The station's own token for an opened sealed one: short, for this station, signed with the
//! device's key. The sealed token itself never leaves the process.

use super::device::DeviceKey;
use crate::passport::format::{Audience, Expect, TokenFault, paseto};
use crate::passport::keys::{KeyFault, Ring};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::identity::{Claims, Class, Grant, KeyPurpose, KeyState, Original, Profile, grant};
use engine::{Moment, Span};

/// The claims of a child; nothing when the sealed token has ended.
pub fn claims(
    sealed: &Claims,
    (sid, jti): (&str, String),
    life: Span,
    now: Moment,
) -> Option<Claims> {
    let now = Moment(now.0.div_euclid(1_000) * 1_000);
    let asked = Grant {
        class: Class::Child,
        profile: Profile::Aaa,
        requested: Some(life),
        parent_exp: Some(sealed.exp),
        grant_exp: None,
    };
    let exp = grant(asked, now).ok()?;
    let orig = Original { jti: sealed.jti.clone(), exp: sealed.exp.0 / 1_000 };
    Some(Claims {
        // The device is its issuer: a child is no token of the passport.
        iss: sealed.aud.clone(),
        iat: now,
        nbf: now,
        exp,
        jti,
        cls: Class::Child,
        sid: sid.to_owned(),
        auth_time: now,
        orig: Some(orig),
        cnf: None,
        rw: None,
        ..sealed.clone()
    })
}

/// Signs a child.
///
/// # Errors
/// When it cannot be written.
pub fn sign(key: &DeviceKey, claims: &Claims) -> Result<String, KeyFault> {
    paseto::issue_by(key.signer(), claims)
}

/// The device's key as the only one that verifies children, and the footer that names it.
///
/// # Errors
/// When it is no key.
pub fn ring(spn: &str, sign_public: &[u8]) -> Result<(Ring, String), KeyFault> {
    let mut ring = Ring::new(spn, 0);
    let kid = ring.add((KeyPurpose::Paseto, KeyState::Active), sign_public, None)?;
    let footer = URL_SAFE_NO_PAD.encode(paseto::footer(&kid));
    Ok((ring, footer))
}

/// Verifies a child of this station.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn verify(ring: &Ring, spn: &str, token: &str, now: Moment) -> Result<Claims, TokenFault> {
    let expect = Expect { classes: &[Class::Child], audience: Audience::Spn(spn.to_owned()) };
    ring.verify(token, &expect, now)
}
