//! What an operator does to a station by hand, with the server stopped: make its device, bring a
//! manifest, look at it.

use super::device::{DeviceKey, DevicePublic, KeyPlace, thumbprint};
use super::manifest::{ManifestFile, RevokedList};
use super::station::own;
use crate::error::Trouble;
use actors::ports::IdSource;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use engine::Moment;
use engine::identity::Snapshot;
use entities::{AcceptedManifest, Device, REVOCATIONS_PER_READ_MAX, Store, StoreError};
use uuid::Uuid;

/// What a new device is made with.
#[derive(Clone, Debug)]
pub struct NewDevice {
    /// The station's name.
    pub spn: String,
    /// The passport that it belongs to.
    pub issuer: String,
    /// The manifest keys of the passport, base64url.
    pub trust: Vec<String>,
    /// Where its private key is to lie.
    pub place: KeyPlace,
    /// The operator says that the disk is encrypted as a whole.
    pub encrypted_disk: bool,
}

fn kept(error: &StoreError) -> Trouble {
    match error {
        StoreError::Taken(_) => Trouble::new("this station has a device already")
            .remedy("`nsk station show` shows it; --anew makes another, and needs a new manifest"),
        other => Trouble::new(other.to_string()).remedy("check the data directory: `nsk doctor`"),
    }
}

/// Makes the station's device.
///
/// # Errors
/// When there is one, a file exists, or a trusted key is none.
pub async fn init(
    store: &Store,
    new: &NewDevice,
    ids: &dyn IdSource,
    now: Moment,
) -> Result<DevicePublic, Trouble> {
    if store.device().await.map_err(|e| kept(&e))?.is_some() {
        return Err(kept(&StoreError::Taken("the device")));
    }
    let is_key = |key: &String| B64.decode(key).is_ok_and(|bytes| bytes.len() == 32);
    if new.trust.is_empty() || !new.trust.iter().all(is_key) {
        return Err(Trouble::new("a trusted manifest key is 43 letters of base64url")
            .remedy("`nsk station trust` prints it at the passport"));
    }
    let key = DeviceKey::create(&new.place, [ids.seed(), ids.seed()], [ids.seed(), ids.seed()])?;
    let device = Device {
        device_id: Uuid::from_bytes(ids.salt()),
        spn: new.spn.clone(),
        issuer: new.issuer.clone(),
        trust: serde_json::Value::from(new.trust.clone()).to_string(),
        seal_public: key.seal_public().to_vec(),
        sign_public: key.sign_public().to_vec(),
        key_protected: new.encrypted_disk || new.place.other_half.is_some(),
        erased: false,
        clock_mark: now,
        made_at: now,
    };
    store.put_device(&device).await.map_err(|e| kept(&e))?;
    Ok(public(&device))
}

/// What the passport must know of a device.
pub fn public(device: &Device) -> DevicePublic {
    DevicePublic {
        device_id: device.device_id,
        spn: device.spn.clone(),
        seal_key: B64.encode(&device.seal_public),
        sign_key: B64.encode(&device.sign_public),
        dkt: thumbprint(&device.seal_public, &device.sign_public),
        key_protected: device.key_protected,
    }
}

/// Takes a manifest in place of the one before, and every counter with it: its number, and for how
/// many people it is.
///
/// # Errors
/// When the station has no device, or anything about the manifest is wrong; all stays as it was.
pub async fn import(store: &Store, bytes: &[u8], now: Moment) -> Result<(u64, usize), Trouble> {
    let device = store.device().await.map_err(|e| kept(&e))?;
    let device = device.ok_or_else(|| {
        Trouble::new("this station has no device").remedy("make it with `nsk station init`")
    })?;
    let last = store.last_manifest().await.map_err(|e| kept(&e))?;
    let own = own(&device, last.map_or(0, |last| last.seq))?;
    let refused = |e: super::manifest::ManifestFault| {
        Trouble::new(format!("the manifest is refused: {e}"))
            .remedy("bring one that the station's passport made for it now")
    };
    let file = ManifestFile::parse(bytes).map_err(refused)?;
    let accepted = file.accept(&own, now).map_err(refused)?;
    let manifest = AcceptedManifest {
        seq: accepted.manifest.seq,
        manifest_id: accepted.manifest.manifest_id,
        token: file.manifest,
        records: bytes.to_vec(),
        // A manifest from the future shows a clock that is behind.
        accepted_at: now.max(accepted.manifest.made_at),
    };
    let trust = serde_json::Value::from(accepted.trust).to_string();
    store.put_manifest(&manifest, &trust).await.map_err(|e| kept(&e))?;
    Ok((manifest.seq, accepted.records.len()))
}

/// What the passport has revoked, as a manifest carries it, and the epochs of this moment.
///
/// # Errors
/// As any read.
pub async fn revoked(store: &Store) -> Result<(RevokedList, Snapshot), StoreError> {
    let (mut list, mut known, mut seq) = (RevokedList::default(), Snapshot::default(), 0);
    loop {
        let rows = store.revoked_since(seq).await?;
        let whole_page = rows.len() >= REVOCATIONS_PER_READ_MAX as usize;
        for row in rows {
            seq = row.seq;
            list.add(&row.what);
            known.revoke(&row.what, row.expires_at);
        }
        if !whole_page {
            return Ok((list, known));
        }
    }
}
