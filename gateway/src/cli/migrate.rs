//! `nsk migrate`: brings a directory's database to this program's schema, or says what is missing.

use super::arguments::MigrateArgs;
use super::serve::{block_on, config_of};
use super::terminal::{Done, Terminal};
use crate::error::Trouble;
use crate::serve::directory;

pub(super) fn run(args: MigrateArgs, terminal: &mut Terminal<'_>) -> Done {
    let dir = config_of(&args.place)?.store.data;
    let url = migrations::file_url(&directory::database(&dir));
    let check = args.check;
    let names = block_on(async move {
        let failed = |e: migrations::MigrateError| {
            Trouble::new(e.to_string()).remedy(
                "check --data, the rights and the free space; after a failed step the database is \
                 as it was before it",
            )
        };
        if check {
            return migrations::pending(&url).await.map_err(failed);
        }
        // Held until the end: no server may run meanwhile.
        let _lock = directory::hold(&dir)?;
        migrations::up(&url).await.map_err(failed)
    })?;
    if names.is_empty() {
        terminal.say(terminal.pick("схема в порядке", "the schema is up to date"));
        return Ok(0);
    }
    let word = if args.check {
        terminal.pick("не хватает", "missing")
    } else {
        terminal.pick("применено", "applied")
    };
    for name in names {
        terminal.say(format_args!("{word}: {name}"));
    }
    Ok(u8::from(args.check))
}
