//! Arguments of `nsk tls …`.

use super::Place;
use clap::Subcommand;

/// `nsk tls …`.
#[derive(Subcommand, Debug)]
pub enum TlsCommand {
    /// Make the station's certificate authority and its first server certificate.
    #[command(after_long_help = "EXAMPLES\n  nsk tls init --config /etc/nsk.toml\n\n\
        `nsk serve` does it by itself at the first start with tls.mode = \"station\". With --force \
        the authority is made anew: every tablet must then trust it anew.")]
    Init {
        /// In place of the authority that is there.
        #[arg(long)]
        force: bool,
        /// Where the installation is.
        #[command(flatten)]
        place: Place,
    },
    /// Show the certificates, how long they last, and their fingerprints.
    #[command(after_long_help = "EXAMPLES\n  nsk tls show --data /var/lib/nsk")]
    Show {
        /// Where the installation is.
        #[command(flatten)]
        place: Place,
    },
    /// Sign a new server certificate now; a running server takes it within a minute.
    #[command(after_long_help = "EXAMPLES\n  nsk tls renew --config /etc/nsk.toml")]
    Renew {
        /// Where the installation is.
        #[command(flatten)]
        place: Place,
    },
}
