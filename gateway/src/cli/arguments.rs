//! The commands and their arguments, with help that teaches by example.

mod audit;
mod identity;
mod tls;
mod user;

pub use audit::{AuditCommand, AuditExportArgs, AuditListArgs, AuditVerifyArgs};

pub use identity::{
    ClientArgs, ClientCommand, GroupCommand, IdentityCommand, KeyCommand, ListingArgs, MemberArgs,
    NewArgs, OrgCommand, PeopleCommand, ServiceCommand,
};
pub use tls::TlsCommand;
pub use user::{AddArgs, ListArgs, PasswdArgs, UserCommand};

use super::pace::Pace;
pub use super::station::StationCommand;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use engine::Lang;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The language of texts for people.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum LangArg {
    /// Russian.
    Ru,
    /// English.
    En,
}

impl From<LangArg> for Lang {
    fn from(arg: LangArg) -> Lang {
        match arg {
            LangArg::Ru => Lang::Ru,
            LangArg::En => Lang::En,
        }
    }
}

/// Runs a day of professional exams: theory, practice, live boards, protocols.
#[derive(Parser, Debug)]
#[command(
    name = "nsk",
    version,
    about = "Runs a day of professional exams\nПроводит день профессиональных экзаменов (НОК)",
    long_about = "nsk runs a day of professional exams for assessment centres: it schedules and \
                  runs exams, puts the theory test before the candidate, lets experts mark the \
                  practice part and shows observers all of it live. It needs no other service.\n\n\
                  nsk проводит день профессиональных экзаменов: теория, практика, живое табло, \
                  протоколы. Других программ не требуется.",
    after_long_help = "EXAMPLES\n  \
        nsk demo                       a whole exam day to look at, on http://127.0.0.1:8080\n  \
        nsk serve --data /var/lib/nsk  the real thing\n  \
        nsk import os-edu-69.json      bring in an assessment tool\n  \
        nsk doctor                     is everything in order?\n\n\
        `nsk help COMMAND` explains a command with examples. Exit codes: 0 done, 1 something was \
        found or failed, 2 the call was wrong.",
    propagate_version = true
)]
pub struct Cli {
    /// Language of texts for people; taken from LANG when absent.
    #[arg(long, global = true, value_enum)]
    pub lang: Option<LangArg>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What `nsk` can be asked to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run the station.
    Serve(ServeArgs),
    /// Run a made-up exam day to look at and take part in.
    Demo(DemoArgs),
    /// Bring assessment tools into the store, or only check them.
    Import(ImportArgs),
    /// Rebuild a candidate's form from what was published.
    #[command(subcommand)]
    Form(FormCommand),
    /// Export an exam, or verify an export.
    #[command(subcommand)]
    Exam(ExamCommand),
    /// Score answers to a form and explain every point.
    Score(ScoreArgs),
    /// Bring the database to this program's schema.
    Migrate(MigrateArgs),
    /// List every HTTP route with who may call it.
    Routes(RoutesArgs),
    /// Check the installation and say what to do.
    Doctor(DoctorArgs),
    /// Make, show or renew the station's certificates.
    #[command(subcommand)]
    Tls(TlsCommand),
    /// Verify, export or look through the audit of identity.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Manage sign-in by PIN at this station, and make manifests for stations.
    #[command(subcommand)]
    Station(StationCommand),
    /// Manage the passport: the first administrator, people, organisations, clients, services.
    #[command(subcommand)]
    Identity(IdentityCommand),
    /// Manage the people who may sign in.
    #[command(subcommand)]
    User(UserCommand),
    /// Print a completion script for a shell.
    Completions(CompletionsArgs),
    /// Print the wire types as TypeScript.
    #[command(hide = true)]
    ExportTypes(ExportTypesArgs),
}

/// Where the installation is.
#[derive(Args, Debug, Clone, Default)]
pub struct Place {
    /// Configuration file; every value has a default.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data directory, in place of the configuration's.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// Arguments of `serve`.
#[derive(Args, Debug)]
#[command(after_long_help = "EXAMPLES\n  \
    nsk serve --data /var/lib/nsk\n  \
    nsk serve --config /etc/nsk.toml --listen 0.0.0.0:8443\n\n\
    A new data directory is created (mode 0700) with an empty database. A database of an older \
    version is left alone until `nsk migrate`. Stop it with Ctrl-C or SIGTERM: clients are asked to \
    reconnect, everything acknowledged is on disk already.")]
pub struct ServeArgs {
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
    /// Address and port, in place of the configuration's; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
}

/// Arguments of `demo`.
#[derive(Args, Debug)]
#[command(after_long_help = "EXAMPLES\n  \
    nsk demo\n  \
    nsk demo --pace 5              five times as fast\n  \
    nsk demo --no-bots             a planned day; you do everything yourself\n  \
    nsk demo --data /tmp/demo --listen 127.0.0.1:9000\n\n\
    It prints the addresses and the logins; they are the same each time. Simulated people sit \
    about eight exams; the seats of `candidate` and `expert` in exam 101 are left for you. Stop it \
    and start it again: it goes on where it stood. It listens on this machine only, because \
    everybody knows its passwords.")]
pub struct DemoArgs {
    /// Data directory of the demo.
    #[arg(long, value_name = "DIR", default_value = "var/demo")]
    pub data: PathBuf,
    /// Address and port; only of this machine (127.0.0.1 or ::1).
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// How fast the simulated people are; 1 can be followed by eye.
    #[arg(long, value_name = "FACTOR", default_value = "1.0")]
    pub pace: Pace,
    /// Nobody is simulated.
    #[arg(long)]
    pub no_bots: bool,
}

/// Arguments of `import`.
#[derive(Args, Debug)]
#[command(after_long_help = "EXAMPLES\n  \
    nsk import --check os-edu-69.json practice-57.json\n  \
    nsk import --data /var/lib/nsk os-edu-69.json\n\n\
    A file is a theory tool (the constructor's export, with `os`) or a practice tool (with \
    `practice`); which one is found out by itself. Every problem is printed with its path and what \
    was expected there; with a problem in any file nothing is imported and the exit code is 1. \
    Warnings do not stop an import.")]
pub struct ImportArgs {
    /// Tools to bring in.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Only check the files; the store is not touched.
    #[arg(long)]
    pub check: bool,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

/// `nsk form …`.
#[derive(Subcommand, Debug)]
pub enum FormCommand {
    /// Rebuild a form and compare it with the recorded one.
    Rebuild(RebuildArgs),
}

/// Arguments of `form rebuild`.
#[derive(Args, Debug)]
#[command(after_long_help = "EXAMPLES\n  \
    nsk form rebuild --export exam-101.json\n  \
    nsk form rebuild --export exam-101.json --tool os-edu-69.json   with your own copy of the bank\n  \
    nsk form rebuild --tool os-edu-69.json --seed 3f…9c --json\n\n\
    A form is a function of bank, blueprint and seed. From an export it is drawn anew and compared \
    with what the exam's records say; whatever was changed since is named, with exit code 1. From a \
    bank and a seed it is printed with its hashes. Without --blueprint one question of every block \
    is drawn and everything is shuffled.")]
pub struct RebuildArgs {
    /// An exam's export: bank, blueprint, seed and recorded form are taken from it.
    #[arg(long, value_name = "FILE", required_unless_present = "tool", conflicts_with_all = ["seed", "blueprint"])]
    pub export: Option<PathBuf>,
    /// The bank: the constructor's export, or the `tool` of an exam's export.
    #[arg(long, value_name = "FILE")]
    pub tool: Option<PathBuf>,
    /// The blueprint, as the `blueprint` of an exam's export.
    #[arg(long, value_name = "FILE", requires = "seed")]
    pub blueprint: Option<PathBuf>,
    /// The revealed seed: 64 hexadecimal digits.
    #[arg(long, value_name = "HEX", required_unless_present = "export")]
    pub seed: Option<String>,
    /// Print the form and its hashes as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `nsk exam …`.
#[derive(Subcommand, Debug)]
pub enum ExamCommand {
    /// Write a finished exam as one JSON document.
    Export(ExportArgs),
    /// Check an export against itself: chain, state, form, score.
    Verify(VerifyArgs),
}

/// Arguments of `exam export`.
#[derive(Args, Debug)]
#[command(after_long_help = "EXAMPLES\n  \
    nsk exam export 101 -o exam-101.json\n  \
    nsk exam export 101 --data /var/lib/nsk | nsk exam verify -\n\n\
    The document holds the records with their hash chain, the tools with their keys, the blueprint \
    and the form: all that an outside program needs to check the exam. The store is only read, so \
    this works while the server runs or is stopped. Only an exam that has ended can be exported: \
    before that its seed is sealed.")]
pub struct ExportArgs {
    /// The exam's number.
    #[arg(value_name = "ID")]
    pub id: u64,
    /// Where to write; standard output when absent.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

/// Arguments of `exam verify`.
#[derive(Args, Debug)]
#[command(after_long_help = "EXAMPLES\n  \
    nsk exam verify exam-101.json\n  \
    nsk exam export 101 | nsk exam verify -\n\n\
    Recomputes every hash of the chain, folds the records again, draws the form again and compares \
    all of it with what the document says. The first thing that does not hold is named, with exit \
    code 1.")]
pub struct VerifyArgs {
    /// The export; `-` reads standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Arguments of `score`.
#[derive(Args, Debug)]
#[command(after_long_help = "EXAMPLES\n  \
    nsk score --tool os-edu-69.json --form form.json --answers answers.json\n  \
    nsk score --tool os-edu-69.json --form form.json --answers answers.json --json\n\n\
    `form.json` is the `form` of an exam's export or of `nsk form rebuild --json`. `answers.json` \
    maps question ids to answers, such as {\"1333\": {\"type\": \"choice\", \"chosen\": [4839]}}. \
    Points are exact fractions: a total that equals the threshold passes.")]
pub struct ScoreArgs {
    /// The bank: the constructor's export, or the `tool` of an exam's export.
    #[arg(long, value_name = "FILE")]
    pub tool: PathBuf,
    /// The form.
    #[arg(long, value_name = "FILE")]
    pub form: PathBuf,
    /// The answers by question.
    #[arg(long, value_name = "FILE")]
    pub answers: PathBuf,
    /// Print the score sheet as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `migrate`.
#[derive(Args, Debug)]
#[command(after_long_help = "EXAMPLES\n  \
    nsk migrate --data /var/lib/nsk\n  \
    nsk migrate --check\n\n\
    Stop the server first: it holds the directory. Copy the database file before you upgrade. Each \
    step is one transaction, so an interrupted migration can be started again.")]
pub struct MigrateArgs {
    /// Only say what is missing; exit code 1 when something is.
    #[arg(long)]
    pub check: bool,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

/// Arguments of `routes`.
#[derive(Args, Debug)]
#[command(after_long_help = "EXAMPLES\n  nsk routes\n  nsk routes --json")]
pub struct RoutesArgs {
    /// Print them as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `doctor`.
#[derive(Args, Debug)]
#[command(after_long_help = "EXAMPLES\n  \
    nsk doctor\n  \
    nsk doctor --data /var/lib/nsk --config /etc/nsk.toml\n\n\
    Checks directory and permissions, free disk space, the database and its schema, the clock, the \
    limit of open files, and exams that wait for an operator. It changes nothing and may run beside \
    the server. Exit code 1 when a line says fail.")]
pub struct DoctorArgs {
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

/// Arguments of `completions`.
#[derive(Args, Debug)]
#[command(after_long_help = "EXAMPLES\n  \
    nsk completions bash > ~/.local/share/bash-completion/completions/nsk\n  \
    nsk completions fish > ~/.config/fish/completions/nsk.fish\n  \
    nsk completions zsh > ~/.zfunc/_nsk")]
pub struct CompletionsArgs {
    /// Which shell.
    pub shell: Shell,
}

/// Arguments of `export-types`.
#[derive(Args, Debug)]
pub struct ExportTypesArgs {
    /// Where to write; standard output when absent.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
