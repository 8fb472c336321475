//! A station's directory with many sealed records, and the bare key derivation beside it. Built
//! with the feature `sealed` only, for `load-tests bench --only seal`.
//!
//! `sealed-station DIR N` makes a device and a manifest of N records in DIR, prints the one PIN that
//! somebody has, and then answers each line of its input with the time of one derivation, µs.

use actors::clock::{SystemClock, SystemIds};
use actors::ports::{Clock as _, IdSource};
use engine::exam::Role;
use engine::identity::{Epochs, KeyPurpose};
use engine::{PersonId, Span};
use gateway::error::Trouble;
use gateway::passport::keys::{Kek, Keyring};
use gateway::passport::seal::device::{DevicePublic, KeyPlace};
use gateway::passport::seal::issue::{Holder, Issuer, Made, Order};
use gateway::passport::seal::local::{self, NewDevice};
use gateway::passport::seal::manifest::{Manifest, ManifestFile, RevokedList};
use gateway::passport::seal::pins::Pins;
use gateway::passport::seal::scheme::{self, Fresh, KdfParams, PADDING, PinKey, Record};
use gateway::serve::directory;
use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

const ISSUER: &str = "https://id.example";
const UPN: &str = "expert@nark.example";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [dir, records] = &args[..] else {
        eprintln!("usage: sealed-station DIR RECORDS");
        return ExitCode::from(2);
    };
    let made = records.parse().map_err(|e| Trouble::new(format!("{records}: {e}")));
    let made =
        made.and_then(|records| actix_rt::System::new().block_on(make(Path::new(dir), records)));
    match made.and_then(|pin| serve(&pin)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("sealed-station: {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn failed(e: &dyn std::fmt::Display) -> Trouble {
    Trouble::new(e.to_string())
}

/// Stretches a PIN for each line of the input, in memory that was touched before, as a station does.
fn serve(pin: &str) -> Result<(), Trouble> {
    let mut memory = Vec::new();
    let mut stretch = || scheme::pin_key(pin, &[7; 32], KdfParams::STANDARD, &mut memory);
    stretch().map_err(|e| failed(&e))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{pin}").and_then(|()| out.flush()).map_err(|e| failed(&e))?;
    for line in std::io::stdin().lock().lines() {
        line.map_err(|e| failed(&e))?;
        let began = Instant::now();
        stretch().map_err(|e| failed(&e))?;
        let took = began.elapsed().as_micros();
        writeln!(out, "{took}").and_then(|()| out.flush()).map_err(|e| failed(&e))?;
    }
    Ok(())
}

/// Makes device and manifest, and answers the PIN of the only person who can sign in; all other
/// records are sealed with keys that no PIN has, of the same length.
async fn make(dir: &Path, records: usize) -> Result<String, Trouble> {
    let passport = dir.join("passport");
    let ids: Arc<dyn IdSource> = Arc::new(SystemIds);
    let kek = Kek::new(ids.seed());
    let own = directory::open(passport.as_path()).await?;
    let keyring =
        Keyring::start(&own, ids.clone(), Arc::new(SystemClock), kek.clone(), ISSUER).await?;
    let ring = keyring.ring();
    let trusted = ring.iter().filter(|(_, key)| key.purpose == KeyPurpose::Manifest);
    let new = NewDevice {
        spn: "mak/bench".to_owned(),
        issuer: ISSUER.to_owned(),
        trust: trusted.map(|(_, key)| manifest_key(key.public.bytes())).collect(),
        place: KeyPlace::of(dir, None),
        encrypted_disk: true,
    };
    let store = directory::open(dir).await?;
    let device = local::init(&store, &new, &SystemIds, SystemClock.now()).await?;
    let pins = Pins::new(own.clone(), ids, kek, &SystemIds.seed());
    let issuer = Issuer { pins, keyring };
    let made = issuer.manifest(&order(&device), SystemClock.now()).await?;
    let pin = made.pins.first().map(|(_, pin)| pin.to_string());
    let file = filled(&issuer.keyring, &made, &device, records)?;
    let bytes = serde_json::to_vec(&file).map_err(|e| failed(&e))?;
    local::import(&store, &bytes, SystemClock.now()).await?;
    for store in [store, own] {
        store.close().await.map_err(|e| failed(&e))?;
    }
    pin.ok_or_else(|| Trouble::new("nobody was given a PIN"))
}

fn manifest_key(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn order(device: &DevicePublic) -> Order {
    let holder = Holder {
        uid: Uuid::from_u128(7),
        upn: UPN.to_owned(),
        name: "Экспертов Э. Э.".to_owned(),
        person: PersonId(11),
        roles: [Role::Expert].into(),
        oid: None,
        opn: None,
        groups: ["coc-12/expert".to_owned()].into(),
        ep: Epochs { u: Some(0), ..Epochs::default() },
    };
    Order {
        device: device.clone(),
        centre: "org/coc-12@nark".to_owned(),
        holders: vec![holder],
        life: Some(Span::secs(86_400)),
        revoked: RevokedList::default(),
        with_names: false,
        kdf: KdfParams::STANDARD,
    }
}

/// The same manifest with as many records as are asked for; the right one is in the middle.
fn filled(
    keyring: &Keyring,
    made: &Made,
    device: &DevicePublic,
    count: usize,
) -> Result<ManifestFile, Trouble> {
    let unsound = || Trouble::new("the manifest cannot be read again");
    let mut manifest: Manifest =
        gateway::passport::seal::manifest::shown(&made.file.manifest).ok_or_else(unsound)?;
    let own: Option<Vec<Record>> = made.file.records.iter().map(|text| text.record()).collect();
    let mut own = own.ok_or_else(unsound)?;
    let (seal_public, _) = device.keys()?;
    let token = "t".repeat(own.first().map_or(0, |record| record.ct.len() - 256));
    let mut records = Vec::with_capacity(count);
    for n in 1..count {
        let key = PinKey::from_bytes(SystemIds.seed());
        let nonce = SystemIds.seed();
        let fresh = Fresh {
            esk: SystemIds.seed(),
            nonce: nonce.first_chunk().copied().unwrap_or_default(),
            tid: SystemIds.salt(),
        };
        let name = format!("expert{n}@nark.example");
        let keys = (&key, &seal_public);
        let sealed = scheme::seal((&token, &name), PADDING, keys, &manifest.binding(), &fresh);
        records.push(sealed.map_err(|e| failed(&e))?);
        if n == count / 2 {
            records.append(&mut own);
        }
    }
    records.append(&mut own);
    // So many people are given eight digits; how long a PIN is does not change its stretching.
    manifest.policy.pin_digits = 8;
    manifest.sign(keyring, &records).map_err(|e| failed(&e))
}
