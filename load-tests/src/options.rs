//! The command line.

use std::path::PathBuf;

/// The components in the order in which they run.
pub const COMPONENTS: [&str; 8] =
    ["durable", "fanout", "board", "restart", "memory", "tokens", "seal", "panic"];

/// How to use it.
pub const USAGE: &str = "\
Measures nsk beside bare baselines in the same run and prints ratios.

usage: load-tests bench [options]

  --only NAME   one component: durable, fanout, board, restart, memory, tokens, seal, panic (may be
                repeated)
  --json FILE   write the figures as JSON too
  --strict      exit code 1 when a target is not met or not measured
  --quick       a tenth of the time, to see whether everything still runs: the figures mean little
  --nsk FILE    the program to measure; by default `nsk` beside this one
  --work DIR    where data directories are made; on the disk that is to be measured (target/bench)
";

/// What to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Call {
    /// Print [`USAGE`].
    Help,
    /// Measure.
    Bench(Bench),
    /// Be the bare fan-out server on this port.
    BaselineFanout(u16),
}

/// What to measure.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Bench {
    /// These components; all when empty.
    pub only: Vec<String>,
    /// Where to write JSON.
    pub json: Option<PathBuf>,
    /// Fail when a target is missed.
    pub strict: bool,
    /// A tenth of the time.
    pub quick: bool,
    /// The program.
    pub nsk: Option<PathBuf>,
    /// Where data directories are made.
    pub work: Option<PathBuf>,
}

impl Bench {
    /// Whether a component is asked for.
    pub fn wants(&self, component: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == component)
    }
}

/// Reads the arguments behind the program's name.
///
/// # Errors
/// What is wrong with them.
pub fn parse(args: impl IntoIterator<Item = String>) -> Result<Call, String> {
    let mut args = args.into_iter();
    match args.next().as_deref() {
        Some("bench") => bench(args),
        Some("baseline-fanout") => {
            let port = args.next().and_then(|port| port.parse().ok());
            port.map(Call::BaselineFanout).ok_or_else(|| "baseline-fanout needs a port".to_owned())
        }
        Some("help" | "--help" | "-h") | None => Ok(Call::Help),
        Some(other) => Err(format!("unknown command {other}")),
    }
}

fn bench(mut args: impl Iterator<Item = String>) -> Result<Call, String> {
    let mut bench = Bench::default();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--only" => {
                let name = value()?;
                if !COMPONENTS.contains(&name.as_str()) {
                    return Err(format!(
                        "no component {name}; there are {}",
                        COMPONENTS.join(", ")
                    ));
                }
                bench.only.push(name);
            }
            "--json" => bench.json = Some(value()?.into()),
            "--nsk" => bench.nsk = Some(value()?.into()),
            "--work" => bench.work = Some(value()?.into()),
            "--strict" => bench.strict = true,
            "--quick" => bench.quick = true,
            "--help" | "-h" => return Ok(Call::Help),
            other => return Err(format!("unknown option {other}")),
        }
    }
    Ok(Call::Bench(bench))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(text: &str) -> Result<Call, String> {
        parse(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn calls_are_read() {
        assert_eq!(call(""), Ok(Call::Help));
        assert_eq!(call("bench --help"), Ok(Call::Help));
        assert_eq!(call("bench"), Ok(Call::Bench(Bench::default())));
        assert_eq!(call("baseline-fanout 4000"), Ok(Call::BaselineFanout(4_000)));
        let expected = Bench {
            only: vec!["board".to_owned(), "panic".to_owned()],
            json: Some("out.json".into()),
            strict: true,
            ..Bench::default()
        };
        let found = call("bench --only board --strict --json out.json --only panic");
        assert!(expected.wants("board") && !expected.wants("durable"));
        assert_eq!(found, Ok(Call::Bench(expected)));
        assert!(Bench::default().wants("durable"));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("bench --only all", "no component all"),
            ("bench --json", "--json needs a value"),
            ("bench --fast", "unknown option --fast"),
            ("measure", "unknown command measure"),
            ("baseline-fanout x", "needs a port"),
        ] {
            let error = call(text).expect_err(text);
            assert!(error.contains(part), "{error}");
        }
    }
}
