//! `nsk tls init`, `nsk tls show` and `nsk tls renew`.

use super::arguments::TlsCommand;
use super::terminal::{Done, Terminal};
use crate::config::{Config, TlsMode};
use crate::error::Trouble;
use crate::serve::tls::authority::{Authority, CA_FILE, Reading};
use crate::serve::{directory, tls};
use actors::clock::{SystemClock, SystemIds};
use actors::ports::{Clock, IdSource};
use std::path::Path;

pub(super) fn run(command: TlsCommand, terminal: &mut Terminal<'_>) -> Done {
    match command {
        TlsCommand::Init { force, place } => {
            let config = super::serve::config_of(&place)?;
            init(&config, force)?;
            show(&config, terminal)
        }
        TlsCommand::Show { place } => show(&super::serve::config_of(&place)?, terminal),
        TlsCommand::Renew { place } => {
            let config = super::serve::config_of(&place)?;
            let names = config.tls.names_of(config.server.listen);
            own(&config)?.sign(&names, SystemIds.salt(), SystemClock.now())?;
            show(&config, terminal)
        }
    }
}

fn init(config: &Config, force: bool) -> Result<(), Trouble> {
    let data = &config.store.data;
    if !data.exists() {
        // Makes it with the mode that it needs.
        drop(directory::hold(data)?);
    }
    let authority = own(config)?;
    if authority.certificate().is_some() && !force {
        return Err(Trouble::new(format!("{} is there already", data.join(CA_FILE).display()))
            .remedy("`nsk tls renew` signs a new server certificate; --force makes a new authority, which every tablet must trust anew"));
    }
    let names = config.tls.names_of(config.server.listen);
    authority.make(&names, SystemIds.salt(), SystemClock.now())?;
    authority.sign(&names, SystemIds.salt(), SystemClock.now())?;
    Ok(())
}

fn own(config: &Config) -> Result<Authority<'_>, Trouble> {
    if config.tls.mode == TlsMode::Files {
        return Err(Trouble::new("tls.mode is \"files\": somebody else signs the certificate")
            .remedy("renew it where it comes from; the running program takes it by itself"));
    }
    Ok(Authority::of(Path::new(&config.store.data)))
}

fn show(config: &Config, terminal: &mut Terminal<'_>) -> Done {
    let now = SystemClock.now();
    let authority = Authority::of(&config.store.data).certificate();
    let server = tls::reading(config);
    if authority.is_none() && server.is_none() {
        return Err(Trouble::new("there is no certificate").remedy(
            "make the station's own with `nsk tls init`, or set [tls] in the configuration",
        ));
    }
    let print = |terminal: &mut Terminal<'_>, title: &str, reading: &Reading| {
        let days = reading.days_left(now);
        terminal.say(format_args!("{title:<12} {}", reading.subject));
        for (ru, en, value) in [
            ("имена", "names", reading.names.join(", ")),
            ("дней", "days left", days.to_string()),
            ("отпечаток", "fingerprint", reading.shown_fingerprint()),
        ] {
            if !value.is_empty() {
                terminal.say(format_args!("  {:<12} {value}", terminal.lang.pick(ru, en)));
            }
        }
    };
    if let Some(reading) = &authority {
        let title = terminal.pick("центр", "authority");
        print(terminal, title, reading);
    }
    if let Some(reading) = &server {
        let title = terminal.pick("сервер", "server");
        print(terminal, title, reading);
    }
    Ok(0)
}
