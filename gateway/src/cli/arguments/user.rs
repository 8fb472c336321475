//! Arguments of `nsk user …`.

use super::Place;
use clap::{Args, Subcommand};

/// `nsk user …`.
#[derive(Subcommand, Debug)]
pub enum UserCommand {
    /// Add a person; the password is asked for, or read from standard input.
    #[command(after_long_help = "EXAMPLES\n  \
        nsk user add --login ivanova --name 'Иванова И. И.' --role expert\n  \
        printf '%s\\n' \"$PASSWORD\" | nsk user add --login op --name 'Operator' --role operator\n\n\
        Stop the server first: it holds the directory. A password is never an argument, for others \
        on the machine could read it there.")]
    Add(AddArgs),
    /// List the people.
    List(ListArgs),
    /// Set a person's password; it is asked for, or read from standard input.
    Passwd(PasswdArgs),
}

/// Arguments of `user add`.
#[derive(Args, Debug)]
pub struct AddArgs {
    /// What they sign in with.
    #[arg(long)]
    pub login: String,
    /// Full name, as protocols print it.
    #[arg(long)]
    pub name: String,
    /// What they may do; may be given several times.
    #[arg(long = "role", required = true, value_name = "ROLE",
        value_parser = ["candidate", "expert", "operator", "observer", "council", "administrator", "service"])]
    pub roles: Vec<String>,
    /// Their number; the next free one when absent.
    #[arg(long)]
    pub id: Option<u64>,
    /// Personnel number, which is no secret.
    #[arg(long, default_value = "")]
    pub personnel_no: String,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

/// Arguments of `user list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Print them as JSON.
    #[arg(long)]
    pub json: bool,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

/// Arguments of `user passwd`.
#[derive(Args, Debug)]
pub struct PasswdArgs {
    /// Whose password.
    pub login: String,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}
