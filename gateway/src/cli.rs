//! The command line: what `nsk` can be asked to do, and the one place that turns an outcome into
//! text and an exit code. 0 is success, 1 is a finding or a failure, 2 a mistake in the call.

mod arguments;
mod audit;
mod exam;
mod form;
mod identity;
mod import;
mod migrate;
mod pace;
mod people;
mod score;
mod serve;
mod station;
mod terminal;
mod tls;

pub use arguments::{Cli, Command, DoctorArgs};
pub use pace::Pace;
pub(crate) use serve::{block_on, config_of};
pub use terminal::{Done, Terminal};

use crate::config;
use crate::error::Trouble;
use crate::http::{self, Route};
use clap::{CommandFactory, Parser};
use engine::Lang;
use std::ffi::OsString;
use std::io::Write;

/// Runs one call of the program and answers its exit code.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let text = error.render();
            // A closed pipe is the reader's wish to hear no more.
            let _ = if error.use_stderr() { write!(err, "{text}") } else { write!(out, "{text}") };
            return u8::try_from(error.exit_code()).unwrap_or(2);
        }
    };
    let lang = cli.lang.map_or_else(config::lang_of_environment, Lang::from);
    let mut terminal = Terminal::new(out, err, lang);
    match dispatch(cli.command, &mut terminal) {
        Ok(code) => code,
        Err(trouble) => {
            terminal.trouble(&trouble);
            1
        }
    }
}

fn dispatch(command: Command, terminal: &mut Terminal<'_>) -> Done {
    match command {
        Command::Serve(args) => serve::serve(args, terminal),
        Command::Demo(args) => serve::demo(args, terminal),
        Command::Import(args) => import::run(args, terminal),
        Command::Form(arguments::FormCommand::Rebuild(args)) => form::rebuild(&args, terminal),
        Command::Exam(arguments::ExamCommand::Export(args)) => exam::export(args, terminal),
        Command::Exam(arguments::ExamCommand::Verify(args)) => exam::verify(&args, terminal),
        Command::Score(args) => score::run(&args, terminal),
        Command::Migrate(args) => migrate::run(args, terminal),
        Command::Routes(args) => routes(&args, terminal),
        Command::Doctor(args) => crate::doctor::run(args, terminal),
        Command::Tls(command) => tls::run(command, terminal),
        Command::Audit(command) => audit::run(command, terminal),
        Command::Station(command) => station::run(command, terminal),
        Command::Identity(command) => identity::run(command, terminal),
        Command::User(command) => people::run(command, terminal),
        Command::Completions(args) => completions(&args, terminal),
        Command::ExportTypes(args) => export_types(&args, terminal),
    }
}

fn routes(args: &arguments::RoutesArgs, terminal: &mut Terminal<'_>) -> Done {
    let who = |route: &Route| route.who().map_or_else(|| "-".to_owned(), |who| who.to_string());
    let line = |route: &Route| crate::auth::permissions::find(route.method, route.path);
    let scope = |route: &Route| line(route).and_then(crate::auth::Permission::scope);
    let for_issuer = |route: &Route| line(route).is_some_and(crate::auth::Permission::for_issuer);
    if args.json {
        let list: Vec<_> = http::ROUTES
            .iter()
            .map(|r| {
                serde_json::json!({
                    "service": r.service.word(), "method": r.method, "path": r.path, "who": who(r),
                    "scope": scope(r), "for_issuer": for_issuer(r),
                })
            })
            .collect();
        return terminal.json(&list);
    }
    for route in http::ROUTES {
        let (service, method, path) = (route.service.word(), route.method, route.path);
        let scope = scope(route).unwrap_or("-");
        let audience = match (scope, for_issuer(route)) {
            ("-", _) => "-",
            (_, true) => "own spn, issuer",
            (_, false) => "own spn",
        };
        let (scope, who) = (format_args!("{scope:<10} {audience:<15}"), who(route));
        terminal.say(format_args!("{service:<11} {method:<7} {path:<46} {scope} {who}"));
    }
    Ok(0)
}

fn completions(args: &arguments::CompletionsArgs, terminal: &mut Terminal<'_>) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "nsk", &mut script);
    terminal.bytes(&script);
    Ok(0)
}

fn export_types(args: &arguments::ExportTypesArgs, terminal: &mut Terminal<'_>) -> Done {
    let text = crate::wire::typescript();
    match &args.output {
        Some(path) => std::fs::write(path, text).map_err(|e| {
            Trouble::new(format!("{} cannot be written: {e}", path.display()))
                .remedy("give a path in a directory that exists and is writable")
        })?,
        None => terminal.bytes(text.as_bytes()),
    }
    Ok(0)
}

#[cfg(test)]
mod tests;
