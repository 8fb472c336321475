//! The single checks, each a reading of one thing.

use super::{Finding, Level};
use crate::serve::last_alive;
use actors::clock::SystemClock;
use actors::ports::Clock;
use engine::{Lang, Moment, Span};
use entities::Store;
use rustix::fs::{Access, access, statvfs};
use rustix::process::{Resource, getrlimit};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

pub(super) const DATABASE: &str = "database";
const OPEN_FILES: &str = "open files";
const DIRECTORY: &str = "data directory";
const FREE_SPACE: &str = "free space";
const CLOCK: &str = "clock";

/// Each connection and file needs one; below this a day's tablets do not fit.
const OPEN_FILES_GOOD: u64 = 4_096;
const OPEN_FILES_MIN: u64 = 512;
const MIB: u64 = 1024 * 1024;
const FREE_GOOD: u64 = 1024 * MIB;
const FREE_MIN: u64 = 100 * MIB;
/// 2024-01-01: an earlier clock has lost its battery.
const SANE_FROM: Moment = Moment(1_704_067_200_000);
/// 2100-01-01.
const SANE_TO: Moment = Moment(4_102_444_800_000);

pub(super) fn open_files(lang: Lang) -> Finding {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let found = if limit == u64::MAX { "unlimited".to_owned() } else { limit.to_string() };
    let level = match limit {
        OPEN_FILES_GOOD.. => return Finding::ok(OPEN_FILES, found),
        OPEN_FILES_MIN.. => Level::Warn,
        _ => Level::Fail,
    };
    let to_do = lang.pick(
        "увеличьте предел: ulimit -n 65536, или LimitNOFILE=65536 в службе systemd",
        "raise the limit: ulimit -n 65536, or LimitNOFILE=65536 in the systemd unit",
    );
    Finding { level, subject: OPEN_FILES, found, to_do: to_do.to_owned() }
}

pub(super) fn directory(dir: &Path, lang: Lang) -> Vec<Finding> {
    let shown = dir.display();
    let Ok(meta) = std::fs::metadata(dir) else {
        let to_do = lang.pick(
            "проверьте --data; `nsk serve` и `nsk migrate` создадут каталог",
            "check --data; `nsk serve` and `nsk migrate` create it",
        );
        let found = lang.pick(format!("{shown} нет"), format!("{shown} is absent"));
        return vec![Finding::fail(DIRECTORY, found, to_do)];
    };
    let mode = meta.mode() & 0o777;
    let found = format!("{shown}, mode {mode:04o}");
    let mut findings = Vec::new();
    if access(dir, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let to_do = lang.pick(
            "дайте этому пользователю право записи в каталог (chown, chmod 700)",
            "give this user the right to write to it (chown, chmod 700)",
        );
        findings.push(Finding::fail(DIRECTORY, found, to_do));
    } else if mode & 0o077 != 0 {
        let to_do = format!("chmod 700 {shown}");
        findings.push(Finding::warn(DIRECTORY, found, to_do));
    } else {
        findings.push(Finding::ok(DIRECTORY, found));
    }
    findings
}

pub(super) fn free_space(dir: &Path, lang: Lang) -> Finding {
    let Ok(stat) = statvfs(dir) else {
        let found = lang.pick("не узнать", "cannot be found out");
        let to_do = lang.pick("проверьте каталог данных", "check the data directory");
        return Finding::warn(FREE_SPACE, found, to_do);
    };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let found = format!("{} MiB", free / MIB);
    let to_do = lang.pick("освободите место на этом диске", "free some space on this disk");
    match free {
        FREE_GOOD.. => Finding::ok(FREE_SPACE, found),
        FREE_MIN.. => Finding::warn(FREE_SPACE, found, to_do),
        _ => Finding::fail(FREE_SPACE, found, to_do),
    }
}

pub(super) fn clock(dir: &Path, lang: Lang) -> Finding {
    clock_at(SystemClock.now(), last_alive(dir), lang)
}

/// The wall clock against sense, and against the last moment at which the station was alive.
pub(super) fn clock_at(now: Moment, alive: Option<Moment>, lang: Lang) -> Finding {
    let set = lang.pick(
        "установите время компьютера (date, timedatectl) до экзаменов",
        "set the computer's time (date, timedatectl) before exams",
    );
    if now < SANE_FROM || now > SANE_TO {
        let found = lang.pick("не может быть верным", "cannot be right");
        return Finding::fail(CLOCK, found, set);
    }
    let Some(alive) = alive else {
        return Finding::ok(CLOCK, lang.pick("станция ещё не работала", "the station never ran"));
    };
    let since = now - alive;
    if since < Span::ZERO - Span::secs(2) {
        let seconds = since.0.unsigned_abs() / 1_000;
        let found = lang.pick(
            format!("на {seconds} с раньше, чем станция уже работала"),
            format!("{seconds} s before the station was last alive"),
        );
        let to_do = lang.pick(
            "если время компьютера верно, а раньше не было, удалите файл alive из каталога данных",
            "if the computer's time is right and was wrong before, delete the file `alive` in the \
             data directory",
        );
        return Finding::fail(CLOCK, found, format!("{set}; {to_do}"));
    }
    let minutes = since.0.max(0) / 60_000;
    Finding::ok(
        CLOCK,
        lang.pick(
            format!("станция работала {minutes} мин назад"),
            format!("the station was alive {minutes} min ago"),
        ),
    )
}

pub(super) async fn database(store: &Store, lang: Lang) -> Vec<Finding> {
    let restore = lang.pick(
        "остановите сервер, сохраните файл и восстановите его из копии",
        "stop the server, keep the file, and restore it from a copy",
    );
    let mut findings = vec![Finding::ok("schema", entities::SCHEMA.last().copied().unwrap_or(""))];
    if let Ok((name, version)) = store.version().await {
        findings.push(Finding::ok(name, version));
    }
    match store.integrity_check().await {
        Ok(found) if found.sound() => {
            let mib = found.pages * found.page_bytes / MIB;
            let shown = format!("{mib} MiB, journal_mode {}", found.journal_mode);
            findings.push(Finding::ok(DATABASE, shown));
        }
        Ok(found) if store.file().is_none() && found.problems.is_empty() && found.dangling == 0 => {
            let to_do = lang.pick(
                "включите на сервере fsync и full_page_writes и перезапустите его",
                "turn fsync and full_page_writes on at the server, and restart it",
            );
            let found = lang
                .pick("записи не дожидаются диска", "commits do not wait for the server's disk");
            findings.push(Finding::fail(DATABASE, found, to_do));
        }
        Ok(found) if found.problems.is_empty() && found.dangling == 0 => {
            let mode = format!("journal_mode {}", found.journal_mode);
            let to_do = lang.pick(
                "режим изменён снаружи: `nsk serve` вернёт WAL",
                "somebody changed the mode: `nsk serve` turns WAL on again",
            );
            findings.push(Finding::warn(DATABASE, mode, to_do));
        }
        Ok(found) => {
            let first = found.problems.first().cloned().unwrap_or_else(|| {
                lang.pick(
                    format!("строк без потока: {}", found.dangling),
                    format!("rows without a stream: {}", found.dangling),
                )
            });
            findings.push(Finding::fail(DATABASE, first, restore));
        }
        Err(error) => findings.push(Finding::fail(DATABASE, error.to_string(), restore)),
    }
    findings.push(quarantined(store, lang).await);
    findings
}

async fn quarantined(store: &Store, lang: Lang) -> Finding {
    const SUBJECT: &str = "quarantine";
    let streams = match store.quarantined().await {
        Ok(streams) => streams,
        Err(error) => return Finding::fail(SUBJECT, error.to_string(), ""),
    };
    if streams.is_empty() {
        return Finding::ok(SUBJECT, lang.pick("нет", "none"));
    }
    let mut named = Vec::new();
    for quarantined in streams.iter().take(10) {
        let row = store.stream(quarantined.stream).await.ok().flatten();
        let number = row.and_then(|row| row.summary.wire_id);
        let shown = number.map_or_else(|| quarantined.stream.to_string(), |id| id.to_string());
        named.push(format!("{shown} ({})", quarantined.reason));
    }
    let to_do = lang.pick(
        "экзамены только читаются: выясните причину и снимите карантин на странице оператора",
        "these exams are read-only: find the cause, then release them on the operator's page",
    );
    Finding::warn(SUBJECT, format!("{}: {}", streams.len(), named.join("; ")), to_do)
}
