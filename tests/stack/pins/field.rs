//! A passport and a station in the field: each with a directory of its own, and a file between them.

use actors::clock::{SystemClock, SystemIds};
use actors::ports::{Clock, IdSource};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use engine::exam::Role;
use engine::identity::{Epochs, KeyPurpose};
use engine::{PersonId, Span};
use gateway::passport::keys::{Kek, Keyring};
use gateway::passport::seal::device::{DEVICE_FILE, DevicePublic, KeyPlace};
use gateway::passport::seal::issue::{Holder, Issuer, Made, Order};
use gateway::passport::seal::local::{self, NewDevice};
use gateway::passport::seal::manifest::{ManifestFile, RevokedList};
use gateway::passport::seal::pins::Pins;
use gateway::passport::seal::scheme::{KDF_KIB_MIN, KdfParams};
use gateway::serve::directory;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tests::clock::MovedClock;
use tests::http::{Http, Reply};
use tests::stack::{Place, Setup, Stack};
use uuid::Uuid;

pub const ISSUER: &str = "https://id.example";
pub const MINUTE: Span = Span::secs(60);

/// A passport on a store of its own.
pub struct Passport {
    _place: Place,
    pub issuer: Issuer,
}

impl Passport {
    pub async fn new() -> Passport {
        let place = Place::without_server();
        let store = directory::open(&place.store()).await.expect("a store");
        let ids: Arc<dyn IdSource> = Arc::new(SystemIds);
        let kek = Kek::new([7; 32]);
        let clock = Arc::new(SystemClock);
        let keyring = Keyring::start(&store, ids.clone(), clock, kek.clone(), ISSUER).await;
        let keyring = keyring.expect("keys");
        let issuer = Issuer { pins: Pins::new(store, ids, kek, &[8; 32]), keyring };
        Passport { _place: place, issuer }
    }

    /// The manifest keys that a station is told to trust.
    fn trust(&self) -> Vec<String> {
        let ring = self.issuer.keyring.ring();
        let manifest = ring.iter().filter(|(_, key)| key.purpose == KeyPurpose::Manifest);
        manifest.map(|(_, key)| B64.encode(key.public.bytes())).collect()
    }

    /// A manifest for two people, with the cheapest stretching that is accepted, for a day.
    pub async fn manifest(&self, device: &DevicePublic, change: impl FnOnce(&mut Order)) -> Made {
        let mut order = Order {
            device: device.clone(),
            centre: "org/coc-12@nark".to_owned(),
            holders: vec![holder(7, "ivanova"), holder(8, "petrov")],
            life: Some(Span::secs(86_400)),
            revoked: RevokedList::default(),
            with_names: false,
            kdf: KdfParams { m: KDF_KIB_MIN, t: 3, p: 1 },
        };
        change(&mut order);
        self.issuer.manifest(&order, SystemClock.now()).await.expect("a manifest")
    }
}

pub fn holder(person: u64, login: &str) -> Holder {
    Holder {
        uid: Uuid::from_u128(u128::from(person)),
        upn: format!("{login}@nark.example"),
        name: format!("Person {login}"),
        person: PersonId(person),
        roles: [Role::Expert].into(),
        oid: None,
        opn: None,
        groups: ["coc-12/expert".to_owned()].into(),
        ep: Epochs { u: Some(0), ..Epochs::default() },
    }
}

/// A station's directory with a device, and its manifest.
pub struct Field {
    pub place: Place,
    pub passport: Passport,
    pub device: DevicePublic,
    pins: BTreeMap<String, String>,
}

impl Field {
    /// Whose disk is encrypted: six digits, and no name is needed.
    pub async fn new() -> Field {
        Field::on(true, "mak/mak-07", |_| ()).await
    }

    pub async fn on(encrypted_disk: bool, spn: &str, change: impl FnOnce(&mut Order)) -> Field {
        let (place, passport) = (Place::without_server(), Passport::new().await);
        let store = directory::open(&place.store()).await.expect("a store");
        let new = NewDevice {
            spn: spn.to_owned(),
            issuer: ISSUER.to_owned(),
            trust: passport.trust(),
            place: KeyPlace::of(place.data(), None),
            encrypted_disk,
        };
        let device = local::init(&store, &new, &SystemIds, SystemClock.now()).await;
        let device = device.expect("a device");
        store.close().await.expect("closed");
        let made = passport.manifest(&device, change).await;
        let pins = made.pins.iter().map(|(upn, pin)| (upn.clone(), pin.to_string())).collect();
        let field = Field { place, passport, device, pins };
        field.import(&made.file).await.expect("accepted");
        field
    }

    /// The PIN that somebody was given.
    pub fn pin(&self, login: &str) -> &str {
        &self.pins[&format!("{login}@nark.example")]
    }

    /// A PIN that nobody has.
    pub fn wrong(&self) -> &'static str {
        let free = |pin: &&str| self.pins.values().all(|other| other != pin);
        ["000000", "111111", "222222"].into_iter().find(free).expect("one of three")
    }

    /// The file with the device's private key.
    pub fn key(&self) -> PathBuf {
        self.place.data().join(DEVICE_FILE)
    }

    pub async fn start(&self) -> (Stack, Arc<MovedClock>) {
        let clock = Arc::new(MovedClock::default());
        (self.start_at(&clock).await, clock)
    }

    /// Starts where the time of a run before has come to: a clock that went back is refused.
    pub async fn start_at(&self, clock: &Arc<MovedClock>) -> Stack {
        let mut setup = Setup::new().on(&self.place);
        setup.clock = clock.clone();
        setup.start().await
    }

    /// Brings a manifest to the station, whose program is stopped.
    pub async fn import(&self, made: &ManifestFile) -> Result<(u64, usize), String> {
        self.import_bytes(&serde_json::to_vec(made).expect("JSON")).await
    }

    pub async fn import_bytes(&self, file: &[u8]) -> Result<(u64, usize), String> {
        let store = directory::open(&self.place.store()).await.expect("a store");
        let taken = local::import(&store, file, SystemClock.now()).await;
        store.close().await.expect("closed");
        taken.map_err(|trouble| trouble.to_string())
    }
}

/// Asks for a token by the grant for PINs; an empty name is none.
pub async fn by_pin(http: &mut Http, name: &str, pin: &str) -> Reply {
    let body = json!({"grant_type": "urn:nsk:grant:pin", "username": name, "pin": pin});
    http.post("/token", &body).await
}

pub fn unauthorized() -> Value {
    json!({"detail": "UNAUTHORIZED"})
}

/// What the token says, unverified.
pub fn payload(token: &str) -> Value {
    let body = token.strip_prefix("v4.public.").and_then(|t| t.split('.').next()).expect("PASETO");
    let bytes = B64.decode(body).expect("base64url");
    serde_json::from_slice(&bytes[..bytes.len() - 64]).expect("JSON")
}
