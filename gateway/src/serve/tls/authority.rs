//! The station's own certificate authority, and the server certificates that it signs. Its key may
//! sign for the station's own names and for addresses and names that no public server has: whoever
//! steals it cannot pose as a bank to a tablet.

use crate::error::Trouble;
use engine::{Hash, Moment, Span};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, SanType, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use x509_parser::extensions::GeneralName;

/// The authority's certificate in the data directory.
pub const CA_FILE: &str = "ca.pem";
/// The authority's key.
pub const CA_KEY_FILE: &str = "ca.key";
/// The server's certificate.
pub const SERVER_FILE: &str = "tls.pem";
/// The server's key.
pub const SERVER_KEY_FILE: &str = "tls.key";

const DAY: Span = Span::secs(86_400);
/// Life of the authority: tablets trust it once, for the life of a station.
const CA_DAYS: i64 = 3_650;
/// Life of a server certificate; tablets refuse more than 398 days.
const SERVER_DAYS: i64 = 397;
/// A server certificate with less left is replaced.
pub const RENEW_DAYS: i64 = 30;
/// A tablet's clock may be so far behind.
const BEFORE: Span = DAY;
/// Names that public servers do not have.
const PRIVATE_NAMES: [&str; 7] =
    ["localhost", "local", "lan", "internal", "home.arpa", "test", "intranet"];
/// Addresses that public servers do not have.
const PRIVATE_V4: [([u8; 4], u8); 5] = [
    ([10, 0, 0, 0], 8),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
    ([169, 254, 0, 0], 16),
    ([127, 0, 0, 0], 8),
];
const PRIVATE_V6: [(u16, u8); 2] = [(0xfc00, 7), (0xfe80, 10)];

/// What a certificate says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// Valid from.
    pub from: Moment,
    /// Valid until.
    pub until: Moment,
    /// Host names and addresses, sorted.
    pub names: Vec<String>,
    /// Whose it is.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// SHA-256 over the certificate.
    pub fingerprint: Hash,
}

impl Reading {
    /// Whole days left; negative when it has expired.
    pub fn days_left(&self, now: Moment) -> i64 {
        (self.until - now).0.div_euclid(DAY.0)
    }

    /// The fingerprint as devices show it: `AB:CD:…`.
    pub fn shown_fingerprint(&self) -> String {
        self.fingerprint.0.map(|byte| format!("{byte:02X}")).join(":")
    }
}

/// Reads the first certificate of a PEM text.
pub fn read(pem: &[u8]) -> Option<Reading> {
    let der = CertificateDer::from_pem_slice(pem).ok()?;
    let (_, certificate) = x509_parser::parse_x509_certificate(&der).ok()?;
    let at = |time: x509_parser::time::ASN1Time| Moment(time.timestamp().saturating_mul(1_000));
    let san = certificate.subject_alternative_name().ok().flatten();
    let mut names: Vec<String> = san
        .iter()
        .flat_map(|san| &san.value.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes).map(|ip| ip.to_string()),
            _ => None,
        })
        .collect();
    names.sort();
    Some(Reading {
        from: at(certificate.validity().not_before),
        until: at(certificate.validity().not_after),
        names,
        subject: common_name(certificate.subject())?,
        issuer: common_name(certificate.issuer())?,
        fingerprint: Hash::of(&[&der]),
    })
}

fn common_name(name: &x509_parser::x509::X509Name<'_>) -> Option<String> {
    name.iter_common_name().next().and_then(|cn| cn.as_str().ok()).map(str::to_owned)
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        16 => Some(IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?)),
        _ => None,
    }
}

/// An authority in its directory.
pub struct Authority<'d> {
    dir: &'d Path,
}

impl<'d> Authority<'d> {
    /// The authority of a data directory, made or not.
    pub fn of(dir: &'d Path) -> Authority<'d> {
        Authority { dir }
    }

    /// The file of this name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The authority's certificate, where there is one.
    pub fn certificate(&self) -> Option<Reading> {
        read(&std::fs::read(self.path(CA_FILE)).ok()?)
    }

    /// Makes the authority anew: every tablet must then trust it anew. `salt` makes its name one
    /// of a kind.
    ///
    /// # Errors
    /// When it cannot be made or written.
    pub fn make(&self, names: &[String], salt: [u8; 16], now: Moment) -> Result<Reading, Trouble> {
        let key = KeyPair::generate().map_err(|e| broken(&e))?;
        let mut params = ca_params(&format!("NSK station CA {}", hex::encode(&salt[..4])));
        (params.not_before, params.not_after) = validity(now, CA_DAYS)?;
        params.serial_number = Some(SerialNumber::from_slice(&serial(salt)));
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: permitted(names),
            excluded_subtrees: vec![],
        });
        let certificate = params.self_signed(&key).map_err(|e| broken(&e))?;
        write(&self.path(CA_KEY_FILE), &key.serialize_pem())?;
        write(&self.path(CA_FILE), &certificate.pem())?;
        self.certificate().ok_or_else(|| broken(&"it cannot be read back"))
    }

    /// Signs a new server certificate for these names.
    ///
    /// # Errors
    /// When the authority is absent or may not sign for one of the names, or the files cannot be
    /// written.
    pub fn sign(&self, names: &[String], salt: [u8; 16], now: Moment) -> Result<Reading, Trouble> {
        let authority = self.certificate().ok_or_else(|| {
            Trouble::new("the station has no certificate authority")
                .remedy("make it with `nsk tls init`")
        })?;
        if let Some(name) = names.iter().find(|name| !self.may_sign(name)) {
            return Err(Trouble::new(format!("the station's authority may not sign for {name}"))
                .remedy(
                    "use a name under .lan or .local or a private address; or make the authority \
                     anew with `nsk tls init --force`, and let every tablet trust it anew",
                ));
        }
        let pem = std::fs::read_to_string(self.path(CA_KEY_FILE)).map_err(|e| broken(&e))?;
        let ca_key = KeyPair::from_pem(&pem).map_err(|e| broken(&e))?;
        let issuer = Issuer::new(ca_params(&authority.subject), ca_key);
        let key = KeyPair::generate().map_err(|e| broken(&e))?;
        let mut params = CertificateParams::default();
        params.distinguished_name = named("NSK station");
        params.subject_alt_names = names.iter().map(|name| san(name)).collect::<Result<_, _>>()?;
        (params.not_before, params.not_after) = validity(now, SERVER_DAYS)?;
        params.serial_number = Some(SerialNumber::from_slice(&serial(salt)));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &issuer).map_err(|e| broken(&e))?;
        // Between the two writes they do not fit: who reads then keeps what it has and looks again.
        let pem = certificate.pem();
        write(&self.path(SERVER_KEY_FILE), &key.serialize_pem())?;
        write(&self.path(SERVER_FILE), &pem)?;
        read(pem.as_bytes()).ok_or_else(|| broken(&"it cannot be read back"))
    }

    /// Whether the constraints of the authority's certificate let it sign for a name.
    fn may_sign(&self, name: &str) -> bool {
        let Ok(pem) = std::fs::read(self.path(CA_FILE)) else { return false };
        let Ok(der) = CertificateDer::from_pem_slice(&pem) else { return false };
        let Ok((_, ca)) = x509_parser::parse_x509_certificate(&der) else { return false };
        let Ok(Some(constraints)) = ca.name_constraints() else { return false };
        let subtrees = constraints.value.permitted_subtrees.iter().flatten();
        let address = name.parse::<IpAddr>().ok();
        subtrees.into_iter().any(|subtree| match (&subtree.base, address) {
            (GeneralName::DNSName(base), None) => {
                name == *base || name.strip_suffix(base).is_some_and(|rest| rest.ends_with('.'))
            }
            (GeneralName::IPAddress(range), Some(ip)) => within(ip, range),
            _ => false,
        })
    }

    /// The server certificate of these names that this authority signed and that lasts a while
    /// yet: the one that is there, or a new one, or both new where there is no authority.
    ///
    /// # Errors
    /// As [`Authority::make`] and [`Authority::sign`].
    pub fn ensure(
        &self,
        names: &[String],
        salt: &dyn Fn() -> [u8; 16],
        now: Moment,
    ) -> Result<Reading, Trouble> {
        let authority = match self.certificate() {
            Some(authority) => authority,
            None => {
                let made = self.make(names, salt(), now)?;
                tracing::info!(ca = %made.subject, "certificate authority made");
                made
            }
        };
        let present = std::fs::read(self.path(SERVER_FILE)).ok().and_then(|pem| read(&pem));
        let usable = |found: &Reading| {
            found.names == sorted(names)
                && found.issuer == authority.subject
                && found.from <= now
                && found.days_left(now) >= RENEW_DAYS
                && self.path(SERVER_KEY_FILE).exists()
        };
        match present.filter(usable) {
            Some(found) => Ok(found),
            None => {
                let signed = self.sign(names, salt(), now)?;
                let days = signed.days_left(now);
                tracing::info!(days, fingerprint = %signed.fingerprint, "server certificate signed");
                Ok(signed)
            }
        }
    }
}

fn sorted(names: &[String]) -> Vec<String> {
    let mut names = names.to_vec();
    names.sort();
    names
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

/// What the authority's certificate and every signature of it have in common.
fn ca_params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// The top bit is clear: a serial number is positive.
fn serial(mut salt: [u8; 16]) -> [u8; 16] {
    salt[0] = (salt[0] & 0x7f) | 0x40;
    salt
}

fn validity(now: Moment, days: i64) -> Result<(OffsetDateTime, OffsetDateTime), Trouble> {
    let from = Moment(now.0 - BEFORE.0);
    let at = |at: Moment| {
        OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1_000)).map_err(|e| broken(&e))
    };
    Ok((at(from)?, at(from + Span(days * DAY.0))?))
}

fn san(name: &str) -> Result<SanType, Trouble> {
    match name.parse::<IpAddr>() {
        Ok(ip) => Ok(SanType::IpAddress(ip)),
        Err(_) => Ok(SanType::DnsName(name.try_into().map_err(|e: rcgen::Error| broken(&e))?)),
    }
}

fn permitted(names: &[String]) -> Vec<GeneralSubtree> {
    let mut all: Vec<GeneralSubtree> =
        PRIVATE_NAMES.map(|name| GeneralSubtree::DnsName(name.to_owned())).into();
    let v4 = PRIVATE_V4.map(|(base, bits)| CidrSubnet::from_addr_prefix(IpAddr::from(base), bits));
    let v6 = PRIVATE_V6.map(|(head, bits)| {
        CidrSubnet::from_addr_prefix(IpAddr::from([head, 0, 0, 0, 0, 0, 0, 0]), bits)
    });
    let mut ranges: Vec<CidrSubnet> = v4.into_iter().chain(v6).collect();
    ranges.push(CidrSubnet::from_addr_prefix(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1_u16]), 128));
    for name in names {
        match name.parse::<IpAddr>() {
            Ok(ip) => {
                let bits = if ip.is_ipv4() { 32 } else { 128 };
                ranges.push(CidrSubnet::from_addr_prefix(ip, bits));
            }
            Err(_) => all.push(GeneralSubtree::DnsName(name.clone())),
        }
    }
    all.extend(ranges.into_iter().map(GeneralSubtree::IpAddress));
    all
}

/// Whether an address lies in a range of a name constraint: the base, then the mask.
fn within(ip: IpAddr, range: &[u8]) -> bool {
    let bytes = match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let (base, mask) = range.split_at(range.len() / 2);
    base.len() == bytes.len()
        && bytes.iter().zip(mask).map(|(b, m)| b & m).eq(base.iter().zip(mask).map(|(b, m)| b & m))
}

fn broken(error: &dyn std::fmt::Display) -> Trouble {
    Trouble::new(format!("the station's certificate authority does not work: {error}"))
        .remedy("check the files ca.pem and ca.key in the data directory with `nsk doctor`")
}

/// Writes beside and renames: a reader sees the old file or the new one, for this user alone.
fn write(path: &Path, text: &str) -> Result<(), Trouble> {
    let beside = path.with_extension("new");
    let written = (|| {
        // One that was left over may have another mode.
        if let Err(e) = std::fs::remove_file(&beside)
            && e.kind() != std::io::ErrorKind::NotFound
        {
            return Err(e);
        }
        let options =
            std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&beside);
        let mut file = options?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    })();
    written.map_err(|e| {
        Trouble::new(format!("{} cannot be written: {e}", path.display()))
            .remedy("check the free space and the rights of the data directory")
    })
}
