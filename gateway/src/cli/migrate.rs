//! `nsk migrate`: brings a database to this program's schema, or says what is missing.

use super::arguments::MigrateArgs;
use super::serve::{block_on, config_of};
use super::terminal::{Done, Terminal};
use crate::serve::directory;

pub(super) fn run(args: MigrateArgs, terminal: &mut Terminal<'_>) -> Done {
    let place = config_of(&args.place)?.store;
    let names = block_on(async move { directory::migrate(&place, args.check).await })?;
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
