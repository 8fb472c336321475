//! `nsk station …`: this station's device, its manifests and its locks; at a passport, manifests for
//! stations.

use super::arguments::Place;
use super::people::on_store;
use super::serve::{block_on, config_of};
use super::terminal::{Done, Terminal};
use crate::auth::permissions::role_of;
use crate::config::Config;
use crate::error::Trouble;
use crate::passport::keys::{Kek, Keyring};
use crate::passport::seal::device::{DEVICE_FILE, DevicePublic, KeyPlace};
use crate::passport::seal::issue::{CLIENT, Holder, Issuer, Made, Order};
use crate::passport::seal::local::{self, NewDevice};
use crate::passport::seal::manifest::FILE_BYTES_MAX;
use crate::passport::seal::pins::{PEPPER_FILE, Pins};
use crate::passport::seal::scheme::KdfParams;
use crate::passport::seal::secret_file;
use crate::serve::{directory, issuer};
use actors::clock::{SystemClock, SystemIds};
use actors::ports::{Clock, IdSource};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use clap::{Args, Subcommand};
use engine::Span;
use engine::identity::{KeyPurpose, KeyState, Level, Snapshot};
use entities::Store;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// `nsk station …`.
#[derive(Subcommand, Debug)]
pub enum StationCommand {
    /// Make this station's device key; prints what the passport must know.
    #[command(after_long_help = "EXAMPLES\n  \
        nsk station init --spn mak/mak-07 --issuer https://id.example --trust KEY > mak-07.json\n  \
        nsk station init … --half /media/stick/mak-07.key   half of the key on a stick\n\n\
        Stop the server first. The key is a file with mode 0600 in the data directory; whoever \
        copies the disk has it. With --half name the same file as mak.key_half in the configuration.")]
    Init(InitArgs),
    /// Show the device and the manifest.
    Show(ShowArgs),
    /// Print the manifest keys of this passport, for `init --trust`.
    Trust(PlaceArgs),
    /// Make or bring manifests.
    #[command(subcommand)]
    Manifest(ManifestCommand),
    /// End every wait after wrong PINs. Failures in all stay counted.
    Unlock(PlaceArgs),
    /// Say that the clock is right now, though it was later before.
    ConfirmClock(PlaceArgs),
}

/// `nsk station manifest …`.
#[derive(Subcommand, Debug)]
pub enum ManifestCommand {
    /// At the passport: make a manifest for a station; prints each new PIN once.
    Export(ExportArgs),
    /// At the station: take a manifest.
    Import(ImportArgs),
}

/// Where the installation is.
#[derive(Args, Debug)]
pub struct PlaceArgs {
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

/// Arguments of `station init`.
#[derive(Args, Debug)]
pub struct InitArgs {
    /// The station's name, such as `mak/mak-07`.
    #[arg(long)]
    pub spn: String,
    /// The passport that it belongs to.
    #[arg(long, value_name = "URL")]
    pub issuer: String,
    /// A manifest key of that passport; may be given several times.
    #[arg(long, required = true, value_name = "KEY")]
    pub trust: Vec<String>,
    /// Write half of the private key here: a file on a stick that is carried separately.
    #[arg(long, value_name = "FILE")]
    pub half: Option<PathBuf>,
    /// The whole disk is encrypted with a passphrase that is typed at start.
    #[arg(long)]
    pub encrypted_disk: bool,
    /// Forget the device that there is, with its manifests.
    #[arg(long)]
    pub anew: bool,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

/// Arguments of `station show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// Print what the passport must know, as JSON.
    #[arg(long)]
    pub json: bool,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

/// Arguments of `station manifest export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The station: what `nsk station init` printed there.
    #[arg(long, value_name = "FILE")]
    pub station: PathBuf,
    /// The centre within which PINs are unique.
    #[arg(long, value_name = "OPN")]
    pub centre: String,
    /// Who may sign in, by UPN; may be given several times.
    #[arg(long = "upn", required = true, value_name = "UPN")]
    pub upns: Vec<String>,
    /// How long the tokens live, in days; at most 30.
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    pub days: u32,
    /// Demand names with PINs even where a PIN alone would be enough.
    #[arg(long)]
    pub with_names: bool,
    /// Where to write the manifest.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

/// Arguments of `station manifest import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// The manifest.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

pub(super) fn run(command: StationCommand, terminal: &mut Terminal<'_>) -> Done {
    match command {
        StationCommand::Init(args) => init(args, terminal),
        StationCommand::Show(args) => show(&args, terminal),
        StationCommand::Trust(args) => trust(&args.place, terminal),
        StationCommand::Manifest(ManifestCommand::Export(args)) => export(args, terminal),
        StationCommand::Manifest(ManifestCommand::Import(args)) => import(&args, terminal),
        StationCommand::Unlock(args) => {
            let ended = on_store(&args.place, async |store| store.unlock_attempts().await)?;
            let word = terminal.pick("снято ожиданий", "waits ended");
            terminal.say(format_args!("{word}: {ended}"));
            Ok(0)
        }
        StationCommand::ConfirmClock(args) => {
            let now = SystemClock.now();
            on_store(&args.place, async move |store| store.confirm_clock(now).await)?;
            terminal.say(terminal.pick("часы подтверждены", "the clock is confirmed"));
            Ok(0)
        }
    }
}

/// Runs a task on the store of a place, whose server must be stopped.
fn on_place<T>(
    place: &Place,
    task: impl AsyncFnOnce(Config, Store) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let config = config_of(place)?;
    block_on(async move {
        let store = directory::open(&config.store).await?;
        let done = task(config, store.clone()).await;
        let closed = store.close().await;
        let done = done?;
        closed.map_err(|e| Trouble::new(e.to_string()))?;
        Ok(done)
    })
}

fn init(args: InitArgs, terminal: &mut Terminal<'_>) -> Done {
    let public = on_place(&args.place, async move |config, store| {
        let data = &config.store.data;
        if args.anew {
            store.forget_device().await.map_err(|e| directory::store_trouble(data, &e))?;
            secret_file::destroy(&data.join(DEVICE_FILE))?;
        }
        let new = NewDevice {
            spn: args.spn,
            issuer: args.issuer,
            trust: args.trust,
            place: KeyPlace::of(data, args.half.as_deref()),
            encrypted_disk: args.encrypted_disk,
        };
        local::init(&store, &new, &SystemIds, SystemClock.now()).await
    })?;
    terminal.json(&public)
}

fn show(args: &ShowArgs, terminal: &mut Terminal<'_>) -> Done {
    let place = config_of(&args.place)?.store;
    let (device, manifest, exposed) = block_on(async move {
        let store = directory::look(&place).await?;
        let failed = |e| directory::store_trouble(&place.data, &e);
        let device = store.device().await.map_err(failed)?;
        let manifest = store.last_manifest().await.map_err(failed)?;
        Ok((device, manifest, store.exposed().await.map_err(failed)?))
    })?;
    let Some(device) = device else {
        terminal.say(terminal.pick("у станции нет устройства", "the station has no device"));
        return Ok(1);
    };
    let public = local::public(&device);
    if args.json {
        return terminal.json(&public);
    }
    terminal.say(format_args!("{} {} {}", public.spn, public.device_id, public.dkt));
    if device.erased {
        terminal.say(terminal.pick("ключ уничтожен", "the key was destroyed"));
    }
    let number = manifest.map_or_else(|| "-".to_owned(), |m| m.seq.to_string());
    let (word, wrong) =
        (terminal.pick("манифест", "manifest"), terminal.pick("неверных ПИН", "wrong PINs"));
    terminal.say(format_args!("{word}: {number}; {wrong}: {exposed}"));
    Ok(0)
}

pub(super) async fn keyring(config: &Config, store: &Store) -> Result<(Keyring, Kek), Trouble> {
    let ids: Arc<dyn IdSource> = Arc::new(SystemIds);
    let kek = Kek::open(&config.passport.kek_in(&config.store.data), ids.seed())?;
    let issuer = issuer(config, config.server.listen, store).await?;
    let keyring = Keyring::start(store, ids, Arc::new(SystemClock), kek.clone(), &issuer).await?;
    Ok((keyring, kek))
}

fn trust(place: &Place, terminal: &mut Terminal<'_>) -> Done {
    let (issuer, keys) = on_place(place, async |config, store| {
        let (keyring, _) = keyring(&config, &store).await?;
        let ring = keyring.ring();
        let manifest = ring.iter().filter(|(_, key)| key.purpose == KeyPurpose::Manifest);
        let keys: Vec<String> = manifest
            .filter(|(_, key)| key.state == KeyState::Active)
            .map(|(_, key)| B64.encode(key.public.bytes()))
            .collect();
        Ok((keyring.issuer().to_owned(), keys))
    })?;
    terminal.json(&json!({"issuer": issuer, "trust": keys}))
}

fn read(path: &Path) -> Result<Vec<u8>, Trouble> {
    let shown = path.display();
    let failed = |e: std::io::Error| Trouble::new(format!("{shown} cannot be read: {e}"));
    if std::fs::metadata(path).map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(Trouble::new(format!("{shown} is too long for such a file")));
    }
    std::fs::read(path).map_err(failed)
}

fn export(args: ExportArgs, terminal: &mut Terminal<'_>) -> Done {
    let device: DevicePublic = serde_json::from_slice(&read(&args.station)?).map_err(|e| {
        Trouble::new(format!("{} is no station: {e}", args.station.display()))
            .remedy("`nsk station show --json` at the station writes it")
    })?;
    let output = args.output.clone();
    let made = on_place(&args.place, async move |config, store| {
        let (keyring, kek) = keyring(&config, &store).await?;
        let pepper =
            secret_file::read_or_create(&config.store.data.join(PEPPER_FILE), &SystemIds.seed())?;
        let failed = |e| directory::store_trouble(&config.store.data, &e);
        let (revoked, known) = local::revoked(&store).await.map_err(failed)?;
        let mut holders = Vec::with_capacity(args.upns.len());
        for upn in &args.upns {
            holders.push(holder(&store, upn, (&device, &known)).await?);
        }
        let order = Order {
            device,
            centre: args.centre,
            holders,
            life: Some(Span::secs(i64::from(args.days) * 86_400)),
            revoked,
            with_names: args.with_names,
            kdf: KdfParams::STANDARD,
        };
        let pins = Pins::new(store, Arc::new(SystemIds), kek, &pepper);
        let made: Made = Issuer { pins, keyring }.manifest(&order, SystemClock.now()).await?;
        let text = serde_json::to_vec(&made.file).map_err(|e| Trouble::new(e.to_string()))?;
        std::fs::write(&output, text)
            .map_err(|e| Trouble::new(format!("{} cannot be written: {e}", output.display())))?;
        Ok(made)
    })?;
    let word = terminal.pick("манифест", "manifest");
    terminal.note(format_args!("{word} {}: {}", made.seq, args.output.display()));
    for (upn, pin) in &made.pins {
        terminal.say(format_args!("{upn}\t{}", pin.as_str()));
    }
    Ok(0)
}

/// A person of the passport as a station needs them.
async fn holder(
    store: &Store,
    upn: &str,
    (device, known): (&DevicePublic, &Snapshot),
) -> Result<Holder, Trouble> {
    let failed = |e: entities::StoreError| Trouble::new(e.to_string());
    let user = store.user_by_upn(upn).await.map_err(failed)?;
    let user = user.filter(|user| user.active).ok_or_else(|| {
        Trouble::new(format!("there is no active person {upn}"))
            .remedy("enter them first: `nsk identity` lists and adds people")
    })?;
    let person = user.person.ok_or_else(|| {
        Trouble::new(format!("{upn} takes part in no exams, so no station knows them"))
            .remedy("give them a number of the list of people")
    })?;
    let held = store.roles_held(user.uid, SystemClock.now()).await.map_err(failed)?;
    let oid = held.iter().find_map(|held| held.oid);
    let organisation = match oid {
        Some(oid) => store.organisation(oid).await.map_err(failed)?,
        None => None,
    };
    let (sub, org) = (user.uid.to_string(), oid.map(|oid| oid.to_string()));
    let levels = [
        (Level::Global, Some("")),
        (Level::User, Some(sub.as_str())),
        (Level::Organisation, org.as_deref()),
        (Level::Client, Some(CLIENT)),
        (Level::Service, Some(device.spn.as_str())),
        (Level::Device, Some(device.dkt.as_str())),
    ];
    let whose = levels.into_iter().filter_map(|(level, id)| Some((level, id?)));
    Ok(Holder {
        uid: user.uid,
        upn: user.upn,
        name: user.name,
        person,
        roles: held.iter().filter_map(|held| role_of(&held.role)).collect(),
        oid,
        opn: organisation.map(|organisation| organisation.opn),
        groups: store.groups_of(user.uid).await.map_err(failed)?.into_iter().collect(),
        ep: known.epochs_for(whose),
    })
}

fn import(args: &ImportArgs, terminal: &mut Terminal<'_>) -> Done {
    let bytes = read(&args.file)?;
    let (seq, people) = on_place(&args.place, async move |_, store| {
        local::import(&store, &bytes, SystemClock.now()).await
    })?;
    terminal.say(terminal.pick(
        format!("манифест {seq} принят: {people} человек"),
        format!("manifest {seq} accepted: {people} people"),
    ));
    Ok(0)
}
