//! The record as a picture, and what somebody without a network may say of one.
//!
//! A picture is a bearer that anybody may copy: it identifies, together with the name and the face
//! that are shown, and authorises nothing by itself.

use super::record::Record;
use super::{TokenFault, in_time};
use crate::passport::keys::{KeyFault, Ring};
use engine::identity::{Carried, Claims, Class};
use engine::{Moment, Span};
use qrcode::render::svg;
use qrcode::{Color, EcLevel, QrCode};

/// Most bytes of a scanned picture.
pub const SCANNED_BYTES_MAX: usize = 4_096;
/// How old a list of revocations may be to count as current.
pub const SNAPSHOT_MAX: Span = Span::minutes(15);
/// White modules around the code, as its standard asks.
const QUIET: usize = 4;
/// Pixels of a module in a PNG.
const SCALE: usize = 4;

/// What the reader's list of revocations says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Checked {
    /// Revoked.
    Revoked,
    /// Not revoked as of then.
    GoodAsOf(Moment),
    /// There is no list.
    Never,
}

/// What is said of a picture.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// Good, by a list of revocations that is current.
    Valid(Box<Claims>),
    /// Good as far as can be told: revocations were last heard of then, or never.
    ValidUncheckedSince(Box<Claims>, Option<Moment>),
    /// Not good.
    Invalid(TokenFault),
}

impl Verdict {
    /// The word of interfaces and of the audit.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Valid(_) => "valid",
            Verdict::ValidUncheckedSince(..) => "valid_unchecked_since",
            Verdict::Invalid(_) => "invalid",
        }
    }

    /// What the picture says, unless it is invalid.
    pub fn claims(&self) -> Option<&Claims> {
        match self {
            Verdict::Valid(claims) | Verdict::ValidUncheckedSince(claims, _) => Some(claims),
            Verdict::Invalid(_) => None,
        }
    }
}

/// Reads what a scanner saw, for one service: size, JSON or base64 once, strict schema, key,
/// signature, class and audience, time, and then revocation.
pub fn read(
    ring: &Ring,
    scanned: &[u8],
    spn: &str,
    now: Moment,
    revocation: impl FnOnce(&Carried) -> Checked,
) -> Verdict {
    match believe(ring, scanned, spn, now) {
        Err(fault) => Verdict::Invalid(fault),
        Ok(claims) => match revocation(&claims.carried()) {
            Checked::Revoked => Verdict::Invalid(TokenFault::Revoked),
            Checked::GoodAsOf(at) if now <= at + SNAPSHOT_MAX => Verdict::Valid(Box::new(claims)),
            Checked::GoodAsOf(at) => Verdict::ValidUncheckedSince(Box::new(claims), Some(at)),
            Checked::Never => Verdict::ValidUncheckedSince(Box::new(claims), None),
        },
    }
}

fn believe(ring: &Ring, scanned: &[u8], spn: &str, now: Moment) -> Result<Claims, TokenFault> {
    if scanned.len() > SCANNED_BYTES_MAX {
        return Err(TokenFault::TooLong);
    }
    let text = std::str::from_utf8(scanned).map_err(|_| TokenFault::Malformed)?;
    let claims = Record::open(ring, text, now)?.into_claims()?;
    if claims.iss != ring.issuer || claims.cls != Class::Qr || claims.aud != spn {
        return Err(TokenFault::Foreign);
    }
    in_time(&claims, now)?;
    Ok(claims)
}

fn code(record: &str) -> Result<QrCode, KeyFault> {
    QrCode::with_error_correction_level(record, EcLevel::M)
        .map_err(|_| KeyFault::Unwritable("too long for a picture"))
}

/// The picture as SVG.
///
/// # Errors
/// When the record is too long.
pub fn svg(record: &str) -> Result<String, KeyFault> {
    Ok(code(record)?.render::<svg::Color<'_>>().build())
}

/// The picture as PNG, one bit a pixel.
///
/// # Errors
/// When the record is too long.
pub fn png(record: &str) -> Result<Vec<u8>, KeyFault> {
    let unwritable = |_| KeyFault::Unwritable("the picture");
    let code = code(record)?;
    let width = code.width();
    let side = (width + 2 * QUIET) * SCALE;
    let dark = |x: usize, y: usize| {
        let module = |n: usize| (n / SCALE).checked_sub(QUIET).filter(|m| *m < width);
        match (module(x), module(y)) {
            (Some(x), Some(y)) => code[(x, y)] == Color::Dark,
            _ => false,
        }
    };
    let row_bytes = side.div_ceil(8);
    let mut bits = vec![0_u8; row_bytes * side];
    for y in 0..side {
        for x in (0..side).filter(|x| !dark(*x, y)) {
            bits[y * row_bytes + x / 8] |= 0x80 >> (x % 8);
        }
    }
    let mut out = Vec::new();
    let pixels = u32::try_from(side).map_err(|_| KeyFault::Unwritable("the picture"))?;
    let mut encoder = png::Encoder::new(&mut out, pixels, pixels);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().map_err(unwritable)?;
    writer.write_image_data(&bits).map_err(unwritable)?;
    writer.finish().map_err(unwritable)?;
    Ok(out)
}
