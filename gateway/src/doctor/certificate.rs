//! What the doctor says of HTTPS: how long the certificate lasts, whether it is for the names by
//! which tablets come, and who may read its key.

use super::Finding;
use crate::config::{Config, TlsMode};
use crate::serve::tls::authority::{CA_FILE, CA_KEY_FILE, RENEW_DAYS, Reading};
use crate::serve::tls::{self};
use engine::{Lang, Moment};
use std::os::unix::fs::MetadataExt;

const CERTIFICATE: &str = "certificate";
const KEYS: &str = "TLS keys";

pub(super) fn findings(config: &Config, now: Moment, lang: Lang) -> Vec<Finding> {
    if config.tls.mode == TlsMode::Off {
        let listen = config.server.listen;
        if listen.ip().is_loopback() {
            let found = lang.pick("HTTP только для этой машины", "plain HTTP, this machine only");
            return vec![Finding::ok(CERTIFICATE, found)];
        }
        let found = lang.pick("HTTP для других машин", "plain HTTP for other machines");
        let to_do = lang.pick(
            "нужен прокси с TLS перед программой, или tls.mode = \"station\"",
            "a proxy with TLS must stand before the program; or set tls.mode = \"station\"",
        );
        return vec![Finding::warn(CERTIFICATE, found, to_do)];
    }
    let mut all = vec![match tls::reading(config) {
        Some(reading) => validity(config, &reading, now, lang),
        None => {
            let found = lang.pick("нет или не читается", "absent or unreadable");
            let to_do = lang.pick(
                "`nsk serve` или `nsk tls init` создаст его; для files проверьте пути",
                "`nsk serve` or `nsk tls init` makes it; for files check the paths",
            );
            Finding::fail(CERTIFICATE, found, to_do)
        }
    }];
    all.push(modes(config, lang));
    all
}

fn validity(config: &Config, reading: &Reading, now: Moment, lang: Lang) -> Finding {
    let days = reading.days_left(now);
    let found = lang.pick(format!("осталось дней: {days}"), format!("{days} days left"));
    let renew = match config.tls.mode {
        TlsMode::Station => lang.pick("выполните nsk tls renew", "run nsk tls renew"),
        _ => lang.pick("обновите файлы сертификата", "renew the certificate's files"),
    };
    if now < reading.from {
        let found = lang.pick("ещё не действует", "not valid yet");
        let to_do = lang.pick("проверьте часы компьютера", "check the computer's clock");
        return Finding::fail(CERTIFICATE, found, to_do);
    }
    if now >= reading.until {
        return Finding::fail(CERTIFICATE, found, renew);
    }
    let wanted = config.tls.names_of(config.server.listen);
    let configured = config.tls.mode == TlsMode::Station || !config.tls.names.is_empty();
    let missing: Vec<&str> =
        wanted.iter().filter(|name| !reading.names.contains(name)).map(String::as_str).collect();
    if configured && !missing.is_empty() {
        let missing = missing.join(", ");
        let found = lang.pick(format!("нет имён: {missing}"), format!("not for {missing}"));
        return Finding::fail(CERTIFICATE, found, renew);
    }
    // The station renews its own at that point: one that is older was not renewed.
    if days < RENEW_DAYS - 1 {
        return Finding::warn(CERTIFICATE, found, renew);
    }
    Finding::ok(CERTIFICATE, format!("{found}: {}", reading.names.join(", ")))
}

fn modes(config: &Config, lang: Lang) -> Finding {
    let mut files = vec![tls::paths(config).1];
    if config.tls.mode == TlsMode::Station {
        files.extend([CA_KEY_FILE, CA_FILE].map(|name| config.store.data.join(name)));
    }
    let open: Vec<String> = files
        .iter()
        .filter(|path| std::fs::metadata(path).is_ok_and(|meta| meta.mode() & 0o077 != 0))
        .map(|path| path.display().to_string())
        .collect();
    if open.is_empty() {
        return Finding::ok(KEYS, lang.pick("закрыты от других", "closed to others"));
    }
    let found = lang.pick("открыты для других", "open to others");
    Finding::fail(KEYS, found, format!("chmod 600 {}", open.join(" ")))
}
