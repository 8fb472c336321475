//! What a station has in memory while its key is whole: the manifest's records, and how a token
//! that was sealed in one of them is judged.

use super::super::device::{DeviceKey, thumbprint};
use super::super::manifest::{Manifest, ManifestFile, Own};
use super::super::scheme::{Opener, Owned, PinKey, SealFault};
use super::StationDeps;
use crate::error::Trouble;
use crate::passport::format::qr::{self, Checked, Verdict};
use crate::passport::format::{Audience, Expect};
use crate::passport::keys::Ring;
use engine::Moment;
use engine::identity::{Carried, Claims, Class, Snapshot};
use entities::Device;

/// What is in memory while the device's key is.
pub(super) struct Loaded {
    pub manifest: Manifest,
    pub opener: Opener,
    pub key: DeviceKey,
    pub revoked: Snapshot,
    pub salt: [u8; 32],
    ring: Ring,
}

impl Loaded {
    /// Opens these records with the key of a PIN, and judges what is inside: claims, or why there
    /// are none.
    pub fn look(
        &self,
        key: &PinKey,
        whose: &Owned,
        now: Moment,
    ) -> Result<Result<Claims, &'static str>, SealFault> {
        let mut found = self.opener.open(key, whose)?;
        let last = found.pop();
        Ok(match last {
            Some(_) if !found.is_empty() => Err("need_user_id"),
            Some(token) => self.judge(&token, now),
            None => Err("wrong"),
        })
    }

    /// What may be said of a picture, by the manifest's keys and revocations.
    pub fn read_qr(&self, scanned: &[u8], now: Moment) -> Verdict {
        let checked = |carried: &Carried| {
            if self.revoked.hits(carried) {
                Checked::Revoked
            } else {
                Checked::GoodAsOf(self.manifest.made_at)
            }
        };
        qr::read(&self.ring, scanned, &self.manifest.spn, now, checked)
    }

    /// Whether an opened token is good at this station now.
    fn judge(&self, token: &str, now: Moment) -> Result<Claims, &'static str> {
        let spn = self.manifest.spn.clone();
        let expect = Expect { classes: &[Class::Mak], audience: Audience::Spn(spn) };
        let claims = self.ring.verify(token, &expect, now).map_err(|_| "token")?;
        let bound = claims.cnf.as_ref().and_then(|cnf| cnf.dkt.as_deref());
        if bound != Some(self.manifest.dkt.as_str()) {
            return Err("device");
        }
        if self.revoked.hits(&claims.carried()) {
            return Err("revoked");
        }
        Ok(claims)
    }
}

/// Reads key and manifest; everything about the manifest is verified again, as when it came.
pub(super) async fn load(deps: &StationDeps, device: &Device) -> Result<Option<Loaded>, Trouble> {
    let kept = deps.store.last_manifest().await;
    let kept = kept.map_err(|e| Trouble::new(format!("the manifest cannot be read: {e}")))?;
    if device.erased {
        return Err(Trouble::new("the device's key was destroyed after too many wrong PINs")
            .remedy("make a new device with `nsk station init --anew` and bring a new manifest"));
    }
    let Some(kept) = kept else { return Ok(None) };
    let key = DeviceKey::open(&deps.place)?;
    let same = key.seal_public().as_slice() == device.seal_public.as_slice()
        && key.sign_public() == device.sign_public.as_slice();
    if !same {
        return Err(Trouble::new("the device's key file is of another device")
            .remedy("name the other half's file with mak.key_half, or restore the file"));
    }
    let own = own(device, kept.seq.saturating_sub(1))?;
    let file = ManifestFile::parse(&kept.records).map_err(|e| Trouble::new(e.to_string()))?;
    let now = deps.clock.now();
    let accepted = file.accept(&own, now).map_err(|e| {
        Trouble::new(format!("the station's manifest cannot be used: {e}"))
            .remedy("bring a new one with `nsk station manifest import`")
    })?;
    let manifest = accepted.manifest;
    let unsound = || Trouble::new("the manifest's salt is not sound");
    let salt = manifest.pin_salt().ok_or_else(unsound)?;
    let revoked = manifest.revoked.snapshot();
    let opener = Opener::new(&key.seal, manifest.binding(), accepted.records)
        .map_err(|e| Trouble::new(e.to_string()))?;
    Ok(Some(Loaded { manifest, opener, ring: accepted.ring, key, revoked, salt }))
}

/// What a manifest is compared with.
///
/// # Errors
/// When the kept trust cannot be read.
pub fn own(device: &Device, seq: u64) -> Result<Own, Trouble> {
    let unsound = |e| Trouble::new(format!("the trusted keys cannot be read: {e}"));
    Ok(Own {
        issuer: device.issuer.clone(),
        trust: serde_json::from_str(&device.trust).map_err(unsound)?,
        device_id: device.device_id,
        dkt: thumbprint(&device.seal_public, &device.sign_public),
        spn: device.spn.clone(),
        seq,
        key_protected: device.key_protected,
    })
}
