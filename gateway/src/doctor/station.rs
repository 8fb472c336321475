//! What the doctor says of the device's key: which row of the table of attack costs this station
//! stands in, and no better one.

use super::Finding;
use crate::config::Config;
use crate::passport::seal::device::{DeviceKey, KeyPlace};
use crate::passport::seal::manifest;
use crate::passport::seal::policy::Policy;
use crate::passport::seal::scheme::KdfParams;
use engine::Lang;
use entities::{Device, Store};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

const DEVICE: &str = "device key";
const GUESSES: &str = "wrong PINs";

/// Bytes that one large graphics card moves in a second for this purpose: 0.78 of 1,792 GB. What
/// comes of it is an estimate.
const CARD_BYTES_PER_SECOND: u128 = 1_397_760_000_000;

pub(super) async fn findings(store: &Store, config: &Config, lang: Lang) -> Vec<Finding> {
    let device = match store.device().await {
        Ok(Some(device)) => device,
        Ok(None) => {
            let found = lang
                .pick("нет устройства: вход по ПИН выключен", "no device: nobody signs in by PIN");
            return vec![Finding::ok(DEVICE, found)];
        }
        Err(error) => return vec![Finding::fail(DEVICE, error.to_string(), "")],
    };
    let kept = store.last_manifest().await.ok().flatten();
    let shown = kept.and_then(|kept| manifest::shown(&kept.token));
    let (policy, kdf) = match shown {
        Some(manifest) => (manifest.policy, manifest.kdf),
        None => (Policy::of(0, device.key_protected), KdfParams::STANDARD),
    };
    vec![
        key(config, &device, sweep_seconds(policy.pin_digits, kdf), lang),
        guesses(store, lang).await,
    ]
}

/// How long all PINs of one length take one large graphics card.
pub(super) fn sweep_seconds(digits: u32, kdf: KdfParams) -> u128 {
    let pins = 10_u128.saturating_pow(digits);
    let passes = (3 * u128::from(kdf.t)).saturating_sub(1);
    let bytes = u128::from(kdf.m) * 1_024 * passes;
    pins.saturating_mul(bytes) / CARD_BYTES_PER_SECOND
}

/// The same for people, rounded down.
fn spoken(seconds: u128, lang: Lang) -> String {
    match seconds {
        0..120 => lang.pick(format!("{seconds} с"), format!("{seconds} s")),
        120..7_200 => {
            let minutes = seconds / 60;
            lang.pick(format!("{minutes} мин"), format!("{minutes} min"))
        }
        7_200..345_600 => {
            let hours = seconds / 3_600;
            lang.pick(format!("{hours} ч"), format!("{hours} h"))
        }
        _ => {
            let days = seconds / 86_400;
            lang.pick(format!("{days} дн"), format!("{days} days"))
        }
    }
}

fn key(config: &Config, device: &Device, sweep: u128, lang: Lang) -> Finding {
    if device.erased {
        let found = lang.pick("уничтожен после неверных ПИН", "destroyed after wrong PINs");
        let to_do = lang.pick(
            "создайте устройство заново: nsk station init --anew, и привезите новый манифест",
            "make another device with nsk station init --anew, and bring a new manifest",
        );
        return Finding::fail(DEVICE, found, to_do);
    }
    let data = &config.store.data;
    let half = config.mak.half();
    match DeviceKey::open(&KeyPlace::of(data, half)) {
        Err(trouble) => {
            return Finding::fail(DEVICE, trouble.what(), trouble.to_do().unwrap_or_default());
        }
        Ok(key) if key.seal_public().as_slice() != device.seal_public.as_slice() => {
            let found = lang.pick("от другого устройства", "of another device");
            let to_do = lang.pick(
                "укажите вторую половину в mak.key_half или верните файл",
                "name the other half's file with mak.key_half, or restore the file",
            );
            return Finding::fail(DEVICE, found, to_do);
        }
        Ok(_) => {}
    }
    let time = spoken(sweep, lang);
    let thief = lang.pick(
        format!("с ключом все ПИН перебираются за {time} на одной видеокарте (оценка)"),
        format!("with the key all PINs are tried in {time} on one graphics card (an estimate)"),
    );
    let apart = lang.pick(
        "носите половину ключа отдельно: nsk station init --half, mak.key_half",
        "carry half of the key separately: nsk station init --half, mak.key_half",
    );
    match half {
        Some(half) if same_disk(data, half) => {
            let found = lang.pick("обе половины на одном диске", "both halves on one disk");
            let to_do = lang.pick(
                "половина защищает, только если её уносят на отдельном носителе",
                "the half protects only where it is carried away on a medium of its own",
            );
            Finding::warn(DEVICE, format!("{found}: {thief}"), to_do)
        }
        Some(_) => Finding::ok(
            DEVICE,
            lang.pick(
                format!("разделён: без носителя диск не открывает ничего; {thief}"),
                format!("split: without the stick the disk opens nothing; {thief}"),
            ),
        ),
        None if device.key_protected => Finding::ok(
            DEVICE,
            lang.pick(
                format!(
                    "на диске, о котором сказано, что он зашифрован (не проверено): выключенная \
                     станция не открывает ничего; у включённой {thief}"
                ),
                format!(
                    "on a disk that was said to be encrypted (not checked): switched off the \
                     station opens nothing; while it runs, {thief}"
                ),
            ),
        ),
        None => {
            let found = lang.pick("на обычном диске", "on a plain disk");
            Finding::warn(DEVICE, format!("{found}: {thief}"), apart)
        }
    }
}

/// Whether two files lie on one file system; so, when that cannot be found out.
fn same_disk(data: &Path, half: &Path) -> bool {
    let device = |path: &Path| std::fs::metadata(path).map(|meta| meta.dev()).ok();
    let (one, other) = (device(data), device(half));
    one == other || one.is_none() || other.is_none()
}

async fn guesses(store: &Store, lang: Lang) -> Finding {
    let most = Policy::FAILS_MAX;
    let exposed = match store.exposed().await {
        Ok(exposed) => exposed,
        Err(error) => return Finding::fail(GUESSES, error.to_string(), ""),
    };
    let found = lang.pick(
        format!("{exposed} из {most}, после которых ключ уничтожается"),
        format!("{exposed} of {most}, after which the key is destroyed"),
    );
    if exposed < Policy::PIN_ONLY_FAILS {
        return Finding::ok(GUESSES, found);
    }
    let to_do = lang.pick(
        "выясните, кто подбирает ПИН; новый манифест начинает счёт заново",
        "find out who is guessing; a new manifest begins the count anew",
    );
    Finding::warn(GUESSES, found, to_do)
}
