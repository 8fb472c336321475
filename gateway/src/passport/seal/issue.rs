//! Making a manifest for a station: a sealed token for each person, bound to the device's key and
//! the person's PIN.

use super::device::DevicePublic;
use super::manifest::{Manifest, ManifestFile, RECORDS_MAX, RevokedList, VERSION};
use super::pins::{PinFault, Pins};
use super::policy::Policy;
use super::scheme::{self, Fresh, KdfParams, PADDING, PinKey, Record};
use crate::error::Trouble;
use crate::passport::format::Format;
use crate::passport::keys::Keyring;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use engine::exam::Role;
use engine::identity::{Claims, Class, Confirmation, Epochs, Grant, LifetimeFault, Profile, grant};
use engine::{Moment, PersonId, Span};
use entities::{FieldStation, PinScope, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;
use zeroize::Zeroizing;

/// How well a PIN proves who somebody is.
pub const ACR: &str = "urn:nsk:acr:pin";
/// The client that sealed tokens are issued through.
pub const CLIENT: &str = "nsk-station";
/// A scope lasts at most thirty days.
const SCOPE: Span = Span::secs(2_592_000);

/// A person who shall be able to sign in at a station.
#[derive(Clone, PartialEq, Debug)]
pub struct Holder {
    /// Who.
    pub uid: Uuid,
    /// Their UPN.
    pub upn: String,
    /// The name to show.
    pub name: String,
    /// The number by which exams know them.
    pub person: PersonId,
    /// What they may do there.
    pub roles: BTreeSet<Role>,
    /// The organisation in whose name.
    pub oid: Option<Uuid>,
    /// Its OPN.
    pub opn: Option<String>,
    /// Their groups.
    pub groups: BTreeSet<String>,
    /// The epochs to issue under.
    pub ep: Epochs,
}

/// What a manifest is asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// The station.
    pub device: DevicePublic,
    /// The centre whose scope it is.
    pub centre: String,
    /// Who may sign in.
    pub holders: Vec<Holder>,
    /// How long the tokens live; the default of their class when absent.
    pub life: Option<Span>,
    /// What is revoked now.
    pub revoked: RevokedList,
    /// Names are demanded even where a PIN alone would be enough.
    pub with_names: bool,
    /// How new PINs are stretched.
    pub kdf: KdfParams,
}

/// The file for the station, and the PINs for their owners.
pub struct Made {
    /// Carried to the station.
    pub file: ManifestFile,
    /// UPN and PIN of those who had none yet: shown once.
    pub pins: Vec<(String, Zeroizing<String>)>,
    /// The manifest's number.
    pub seq: u64,
}

/// Why no manifest was made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum IssueFault {
    /// Too many people, or none.
    #[error("a manifest is for 1 to {RECORDS_MAX} people")]
    People,
    /// The life asked for.
    #[error(transparent)]
    Life(#[from] LifetimeFault),
    /// A PIN could not be made.
    #[error("{0}: {1}")]
    Pin(String, PinFault),
    /// The keys or the scheme failed.
    #[error("{0}")]
    Broken(String),
}

impl From<StoreError> for IssueFault {
    fn from(error: StoreError) -> IssueFault {
        IssueFault::Broken(error.to_string())
    }
}

impl From<IssueFault> for Trouble {
    fn from(fault: IssueFault) -> Trouble {
        Trouble::new(fault.to_string())
    }
}

/// Makes manifests.
pub struct Issuer {
    /// PINs and the store.
    pub pins: Pins,
    /// Signs tokens and manifests.
    pub keyring: Keyring,
}

impl Issuer {
    /// Makes a manifest; whoever has no PIN in the centre's scope, or too short a one, is given
    /// one.
    ///
    /// # Errors
    /// As [`IssueFault`] says; a number may be used up.
    pub async fn manifest(&self, order: &Order, now: Moment) -> Result<Made, IssueFault> {
        if order.holders.is_empty() || order.holders.len() > RECORDS_MAX {
            return Err(IssueFault::People);
        }
        let broken = |e: Trouble| IssueFault::Broken(e.to_string());
        let (seal_public, sign_public) = order.device.keys().map_err(broken)?;
        let scope = self.scope(order, now).await?;
        let asked = Grant {
            class: Class::Mak,
            profile: Profile::Passport,
            requested: order.life,
            parent_exp: None,
            grant_exp: Some(scope.ends_at),
        };
        let exp = grant(asked, now)?;
        let mut policy = Policy::of(order.holders.len(), order.device.key_protected);
        policy.pin_only &= !order.with_names;
        let mut keys = Vec::with_capacity(order.holders.len());
        let mut pins = Vec::new();
        for holder in &order.holders {
            let (key, pin) = self.pin(&scope, holder, policy.pin_digits, now).await?;
            pins.extend(pin.map(|pin| (holder.upn.clone(), pin)));
            keys.push(key);
        }
        let station = FieldStation {
            device_id: order.device.device_id,
            spn: order.device.spn.clone(),
            seal_public: seal_public.to_vec(),
            sign_public: sign_public.to_vec(),
            key_protected: order.device.key_protected,
            seq: 0,
            made_at: now,
        };
        self.pins.store.put_field_station(&station).await?;
        let seq = self.pins.store.next_manifest_seq(order.device.device_id).await?;
        let manifest = self.blank(order, &scope, (seq, policy), (now, exp))?;
        let mut records = Vec::with_capacity(keys.len());
        for (holder, key) in order.holders.iter().zip(&keys) {
            let claims = self.claims(order, holder, now, exp);
            records.push(self.sealed(&claims, (key, &seal_public), &manifest)?);
        }
        let file = manifest.sign(&self.keyring, &records).map_err(|e| broken_by(&e))?;
        Ok(Made { file, pins, seq })
    }

    async fn scope(&self, order: &Order, now: Moment) -> Result<PinScope, IssueFault> {
        let fresh = PinScope {
            scope_id: Uuid::from_bytes(self.pins.ids.salt()),
            centre: order.centre.clone(),
            epoch: 1,
            seed: self.pins.ids.seed().to_vec(),
            kdf: serde_json::to_string(&order.kdf).map_err(|e| broken_by(&e))?,
            ends_at: now + SCOPE,
        };
        Ok(self.pins.store.pin_scope(&fresh, now).await?)
    }

    async fn pin(
        &self,
        scope: &PinScope,
        holder: &Holder,
        digits: u32,
        now: Moment,
    ) -> Result<(PinKey, Option<Zeroizing<String>>), IssueFault> {
        let failed = |fault| IssueFault::Pin(holder.upn.clone(), fault);
        if let Some(key) = self.pins.key_of(scope, holder.uid, digits).await.map_err(failed)? {
            return Ok((key, None));
        }
        let new = self.pins.draw(scope, holder.uid, digits, now).await.map_err(failed)?;
        Ok((new.key, Some(new.pin)))
    }

    fn blank(
        &self,
        order: &Order,
        scope: &PinScope,
        (seq, policy): (u64, Policy),
        (now, exp): (Moment, Moment),
    ) -> Result<Manifest, IssueFault> {
        Ok(Manifest {
            ver: VERSION,
            iss: self.keyring.issuer().to_owned(),
            manifest_id: Uuid::from_bytes(self.pins.ids.salt()),
            device_id: order.device.device_id,
            dkt: order.device.dkt.clone(),
            spn: order.device.spn.clone(),
            seq,
            scope_id: scope.scope_id,
            epoch: scope.epoch,
            salt: B64.encode(&scope.seed),
            kdf: serde_json::from_str(&scope.kdf).map_err(|e| broken_by(&e))?,
            n: 0,
            records: Vec::new(),
            bundle: self.keyring.bundle().map_err(|e| broken_by(&e))?,
            revoked: order.revoked.clone(),
            policy,
            made_at: now,
            not_after: u64::try_from(exp.0 / 1_000).map_err(|e| broken_by(&e))?,
        })
    }

    fn claims(&self, order: &Order, holder: &Holder, now: Moment, exp: Moment) -> Claims {
        let now = Moment(now.0.div_euclid(1_000) * 1_000);
        Claims {
            iss: self.keyring.issuer().to_owned(),
            sub: holder.uid,
            aud: order.device.spn.clone(),
            iat: now,
            nbf: now,
            exp,
            jti: B64.encode(self.pins.ids.salt()),
            cls: Class::Mak,
            sid: B64.encode(self.pins.ids.salt()),
            upn: holder.upn.clone(),
            name: holder.name.clone(),
            person: Some(holder.person),
            oid: holder.oid,
            opn: holder.opn.clone(),
            roles: holder.roles.clone(),
            groups: holder.groups.clone(),
            claims: BTreeMap::new(),
            cid: CLIENT.to_owned(),
            ep: holder.ep,
            auth_time: now,
            acr: ACR.to_owned(),
            amr: ["pin".to_owned()].into(),
            scope: BTreeSet::new(),
            act: None,
            orig: None,
            cnf: Some(Confirmation { jkt: None, dkt: Some(order.device.dkt.clone()) }),
            rw: None,
        }
    }

    fn sealed(
        &self,
        claims: &Claims,
        keys: (&PinKey, &[u8; 32]),
        manifest: &Manifest,
    ) -> Result<Record, IssueFault> {
        let token = self.keyring.issue(claims, Format::Paseto).map_err(|e| broken_by(&e))?;
        let token = Zeroizing::new(token);
        let nonce = self.pins.ids.seed();
        let fresh = Fresh {
            esk: self.pins.ids.seed(),
            nonce: nonce.first_chunk().copied().unwrap_or_default(),
            tid: self.pins.ids.salt(),
        };
        let name = scheme::named(&claims.upn);
        let sealed = scheme::seal((&token, &name), PADDING, keys, &manifest.binding(), &fresh);
        sealed.map_err(|e| broken_by(&e))
    }
}

fn broken_by(error: &impl std::fmt::Display) -> IssueFault {
    IssueFault::Broken(error.to_string())
}
