//! Arguments of `nsk audit …`.

use super::Place;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `nsk audit …`.
#[derive(Subcommand, Debug)]
pub enum AuditCommand {
    /// Check a chain of audit events, from an export or from a database.
    Verify(AuditVerifyArgs),
    /// Write the whole chain, a JSON object a line.
    Export(AuditExportArgs),
    /// Look through the events, the latest first.
    List(AuditListArgs),
}

/// Arguments of `audit verify`.
#[derive(Args, Debug)]
#[command(after_long_help = "EXAMPLES\n  \
    nsk audit verify audit.jsonl --checkpoints /mnt/safe/audit-checkpoints.jsonl\n  \
    nsk audit verify --data /var/lib/nsk\n\n\
    Recomputes every hash and names the first thing that does not hold, with exit code 1. A chain \
    alone does not show that its end was cut off or that all of it was written anew: give \
    checkpoints that were kept on another machine. With --data the file beside the database is \
    taken when no other is named.")]
pub struct AuditVerifyArgs {
    /// The export; `-` reads standard input. Without it the database is read.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Checkpoints that were kept elsewhere.
    #[arg(long, value_name = "FILE")]
    pub checkpoints: Option<PathBuf>,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

/// Arguments of `audit export`.
#[derive(Args, Debug)]
#[command(after_long_help = "EXAMPLES\n  \
    nsk audit export --data /var/lib/nsk -o audit.jsonl\n  \
    nsk audit export | nsk audit verify -\n\n\
    May run beside the server. ops/formats/audit.md says how another program verifies it.")]
pub struct AuditExportArgs {
    /// Where to write; standard output when absent.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

/// Arguments of `audit list`.
#[derive(Args, Debug)]
#[command(after_long_help = "EXAMPLES\n  \
    nsk audit list --kind login.fail --since 2026-03-01\n  \
    nsk audit list --kind 'key.*' --json")]
pub struct AuditListArgs {
    /// A kind such as `login.fail`, or a family such as `login.*`.
    #[arg(long)]
    pub kind: Option<String>,
    /// By whom.
    #[arg(long)]
    pub actor: Option<String>,
    /// To whom or what.
    #[arg(long)]
    pub subject: Option<String>,
    /// At this time or later, such as `2026-03-01` or `2026-03-01T09:30:00Z`.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Before this time.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// At most so many.
    #[arg(long, default_value = "100")]
    pub limit: u32,
    /// Print them as JSON.
    #[arg(long)]
    pub json: bool,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}
