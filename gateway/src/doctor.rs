//! `nsk doctor`: looks at everything that the program stands on, changes nothing, and says what to
//! do about each thing that is not in order.

mod certificate;
mod checks;
mod station;

use crate::cli::{DoctorArgs, Done, Terminal};
use crate::config::Config;
use crate::serve::directory;
use actors::clock::SystemClock;
use actors::ports::Clock;
use engine::Lang;

/// How a check came out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// In order.
    Ok,
    /// Works, but somebody should look.
    Warn,
    /// Does not work, or will not for long.
    Fail,
}

/// One line of the report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// How it came out.
    pub level: Level,
    /// What was looked at.
    pub subject: &'static str,
    /// What was found.
    pub found: String,
    /// What to do; empty when nothing is.
    pub to_do: String,
}

impl Finding {
    fn ok(subject: &'static str, found: impl Into<String>) -> Finding {
        Finding { level: Level::Ok, subject, found: found.into(), to_do: String::new() }
    }

    fn warn(subject: &'static str, found: impl Into<String>, to_do: impl Into<String>) -> Finding {
        Finding { level: Level::Warn, subject, found: found.into(), to_do: to_do.into() }
    }

    fn fail(subject: &'static str, found: impl Into<String>, to_do: impl Into<String>) -> Finding {
        Finding { level: Level::Fail, subject, found: found.into(), to_do: to_do.into() }
    }
}

/// Every finding about an installation.
pub async fn examine(config: &Config, lang: Lang) -> Vec<Finding> {
    let dir = &config.store.data;
    let mut findings = vec![checks::open_files(lang)];
    findings.extend(checks::directory(dir, lang));
    findings.push(checks::free_space(dir, lang));
    findings.push(checks::clock(dir, lang));
    findings.extend(certificate::findings(config, SystemClock.now(), lang));
    match directory::look(&config.store).await {
        Ok(store) => {
            findings.extend(checks::database(&store, lang).await);
            findings.extend(station::findings(&store, config, lang).await);
            // It was only looked at: nothing is lost when this fails.
            let _ = store.close().await;
        }
        Err(trouble) => findings.push(Finding::fail(
            checks::DATABASE,
            trouble.what(),
            trouble.to_do().unwrap_or_default(),
        )),
    }
    findings
}

/// Runs the command.
///
/// # Errors
/// When there is no thread to run it on.
pub fn run(args: DoctorArgs, terminal: &mut Terminal<'_>) -> Done {
    let lang = terminal.lang;
    let config = match crate::cli::config_of(&args.place) {
        Ok(config) => config,
        Err(trouble) => {
            let to_do = trouble.to_do().unwrap_or_default();
            print(&Finding::fail("configuration", trouble.what(), to_do), terminal);
            return Ok(1);
        }
    };
    print(&Finding::ok("configuration", shown(&args, lang)), terminal);
    let findings = crate::cli::block_on(async move { Ok(examine(&config, lang).await) })?;
    for finding in &findings {
        print(finding, terminal);
    }
    let worst = findings.iter().map(|f| f.level).max().unwrap_or(Level::Ok);
    terminal.say(match worst {
        Level::Ok => lang.pick("всё в порядке", "everything is in order"),
        Level::Warn => lang.pick("работает, но есть на что взглянуть", "works, but have a look"),
        Level::Fail => lang.pick("есть неисправности", "something is broken"),
    });
    Ok(u8::from(worst == Level::Fail))
}

fn shown(args: &DoctorArgs, lang: Lang) -> String {
    match &args.place.config {
        Some(path) => path.display().to_string(),
        None => lang.pick("по умолчанию", "the defaults").to_owned(),
    }
}

fn print(finding: &Finding, terminal: &mut Terminal<'_>) {
    let level = match finding.level {
        Level::Ok => "ok",
        Level::Warn => "warn",
        Level::Fail => "fail",
    };
    terminal.say(format_args!("{level:<5} {:<16} {}", finding.subject, finding.found));
    if !finding.to_do.is_empty() {
        terminal.say(format_args!("      -> {}", finding.to_do));
    }
}

#[cfg(test)]
mod tests;
