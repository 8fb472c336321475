//! `nsk audit verify`, `nsk audit export` and `nsk audit list`.

use super::arguments::{AuditCommand, AuditExportArgs, AuditListArgs, AuditVerifyArgs};
use super::terminal::{Done, Terminal};
use crate::error::Trouble;
use crate::http::datetime;
use crate::passport::audit::CHECKPOINTS_FILE;
use crate::passport::audit::export::{self, Exporter};
use crate::serve::directory;
use engine::Moment;
use entities::{AUDIT_PER_READ_MAX, AuditFilter, Store};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

pub(super) fn run(command: AuditCommand, terminal: &mut Terminal<'_>) -> Done {
    match command {
        AuditCommand::Verify(args) => verify(&args, terminal),
        AuditCommand::Export(args) => write(&args, terminal),
        AuditCommand::List(args) => list(args, terminal),
    }
}

fn verify(args: &AuditVerifyArgs, terminal: &mut Terminal<'_>) -> Done {
    let outside = |beside: Option<&Path>| match args.checkpoints.as_deref().or(beside) {
        Some(path) => export::checkpoints_of(path),
        None => Ok(Vec::new()),
    };
    let found = match &args.file {
        Some(file) => export::verify_file(file, outside(None)?)?,
        None => {
            let place = super::serve::config_of(&args.place)?.store;
            let dir = place.data.clone();
            let outside = outside(Some(&dir.join(CHECKPOINTS_FILE)))?;
            super::serve::block_on(async move {
                let store = directory::look(&place).await?;
                let exporter = exporter(&store, &dir).await?;
                let found = export::verify_store(exporter, outside).await;
                found.map_err(|e| directory::store_trouble(&dir, &e))
            })?
        }
    };
    let verified = match found {
        Ok(verified) => verified,
        Err(fault) => {
            let word = terminal.lang.pick("не сходится", "does not hold");
            terminal.say(format_args!("{word}: {fault}"));
            return Ok(1);
        }
    };
    let (head, vouched) = (verified.head, verified.vouched);
    for (ru, en, value) in [
        ("цепочка", "chain", verified.stream),
        ("событий", "events", head.seq.to_string()),
        ("голова", "head", head.hash.to_string()),
        ("отметок", "checkpoints", verified.checkpoints.to_string()),
    ] {
        terminal.say(format_args!("{:<12} {value}", terminal.lang.pick(ru, en)));
    }
    terminal.say(terminal.lang.pick(
        format!("цепочка сходится; отметки ручаются за события до {vouched}"),
        format!("the chain holds; checkpoints vouch for it up to event {vouched}"),
    ));
    Ok(0)
}

async fn exporter(store: &Store, dir: &Path) -> Result<Exporter, Trouble> {
    let failed = |e: entities::StoreError| directory::store_trouble(dir, &e);
    let stream = match store.audit_streams().await.map_err(failed)?.as_slice() {
        [only] => only.clone(),
        [] => {
            return Err(Trouble::new(format!("there is no audit in {}", dir.display()))
                .remedy("check --data; events are recorded from the first sign-in on"));
        }
        many => {
            return Err(Trouble::new(format!("there are {} chains of audits", many.len()))
                .remedy("ask the running program for its own: GET /api/nsk/v1/passport/audit"));
        }
    };
    Exporter::new(store.clone(), stream, BTreeMap::new()).await.map_err(failed)
}

fn write(args: &AuditExportArgs, terminal: &mut Terminal<'_>) -> Done {
    let place = super::serve::config_of(&args.place)?.store;
    let dir = place.data.clone();
    let mut file = match &args.output {
        Some(path) => Some(std::fs::File::create(path).map_err(|e| {
            Trouble::new(format!("{} cannot be written: {e}", path.display()))
                .remedy("give a path in a directory that exists and is writable")
        })?),
        None => None,
    };
    super::serve::block_on(async {
        let store = directory::look(&place).await?;
        let mut exporter = exporter(&store, &dir).await?;
        let next = |e| directory::store_trouble(&dir, &e);
        while let Some(lines) = exporter.next().await.map_err(next)? {
            let text = export::text(&lines)
                .map_err(|e| Trouble::new(format!("an event cannot be written as JSON: {e}")))?;
            match &mut file {
                Some(file) => file
                    .write_all(text.as_bytes())
                    .map_err(|e| Trouble::new(format!("the export cannot be written: {e}")))?,
                None => terminal.bytes(text.as_bytes()),
            }
        }
        Ok(0)
    })
}

fn list(args: AuditListArgs, terminal: &mut Terminal<'_>) -> Done {
    let place = super::serve::config_of(&args.place)?.store;
    let dir = place.data.clone();
    let filter = AuditFilter {
        stream: None,
        kind: args.kind,
        actor: args.actor,
        subject: args.subject,
        since: args.since.as_deref().map(moment).transpose()?,
        until: args.until.as_deref().map(moment).transpose()?,
        before: None,
    };
    let limit = args.limit.clamp(1, AUDIT_PER_READ_MAX);
    let events = super::serve::block_on(async move {
        let store = directory::look(&place).await?;
        let found = store.audit_search(&filter, limit).await;
        found.map_err(|e| directory::store_trouble(&dir, &e))
    })?;
    if args.json {
        return terminal.json(&events);
    }
    for sealed in events {
        let event = sealed.event;
        let (actor, subject) =
            (event.actor.as_deref().unwrap_or("-"), event.subject.as_deref().unwrap_or("-"));
        let at = datetime::write(event.at, "Z");
        let (seq, kind, detail) = (event.seq, event.kind, event.detail);
        terminal.say(format_args!("{seq:>8} {at} {kind:<16} {actor:<12} {subject:<20} {detail}"));
    }
    Ok(0)
}

fn moment(text: &str) -> Result<Moment, Trouble> {
    datetime::read(text).ok_or_else(|| {
        Trouble::new(format!("`{text}` is no date"))
            .remedy("write it like 2026-03-01 or 2026-03-01T09:30:00Z")
    })
}
