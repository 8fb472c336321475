//! Arguments of `nsk identity …`.

use super::Place;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `nsk identity …`.
#[derive(Subcommand, Debug)]
pub enum IdentityCommand {
    /// Enter the first administrator.
    #[command(after_long_help = "EXAMPLES\n  \
        nsk identity init --upn admin@nark.example --name 'Петрова П. П.'\n  \
        printf '%s\\n' \"$PASSWORD\" | nsk identity init --upn admin@nark.example --name Admin\n\n\
        It refuses when somebody is an administrator already. The password is asked for, or read \
        from standard input. Stop the server first: it holds the directory.")]
    Init(NewArgs),
    /// People and their roles.
    #[command(subcommand)]
    User(PeopleCommand),
    /// Organisations.
    #[command(subcommand)]
    Org(OrgCommand),
    /// Groups.
    #[command(subcommand)]
    Group(GroupCommand),
    /// Programs that ask for tokens.
    #[command(subcommand)]
    Client(ClientCommand),
    /// Services that tokens are for.
    #[command(subcommand)]
    Service(ServiceCommand),
    /// Signing keys.
    #[command(subcommand)]
    Key(KeyCommand),
}

/// Somebody new.
#[derive(Args, Debug)]
pub struct NewArgs {
    /// What they sign in with, such as ivanova@nark.example.
    #[arg(long)]
    pub upn: String,
    /// Full name, as protocols print it.
    #[arg(long)]
    pub name: String,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

/// `nsk identity user …`.
#[derive(Subcommand, Debug)]
pub enum PeopleCommand {
    /// Enter somebody; the password is asked for, or read from standard input.
    #[command(after_long_help = "EXAMPLES\n  \
        nsk identity user add --upn ivanova@nark.example --name 'Иванова И. И.' --role expert\n\n\
        They get a place in the station's list of people too, so that exams can be planned with \
        them.")]
    Add {
        /// Who.
        #[command(flatten)]
        new: NewArgs,
        /// A role to grant at once; may be given several times.
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
    },
    /// List people.
    List(ListingArgs),
    /// Give somebody a password for one sign-in, shown this once; their sign-ins end.
    #[command(after_long_help = "EXAMPLES\n  \
        nsk identity user password ivanova@nark.example\n\n\
        At that sign-in they choose their own.")]
    Password(OneArgs),
    /// Let somebody sign in no longer; their tokens end.
    Disable(OneArgs),
    /// Let somebody sign in again.
    Enable(OneArgs),
    /// Show what somebody holds and held.
    Roles {
        /// Whose.
        upn: String,
        /// How to list.
        #[command(flatten)]
        listing: ListingArgs,
    },
    /// Grant a role.
    #[command(after_long_help = "EXAMPLES\n  \
        nsk identity user grant ivanova@nark.example expert\n  \
        nsk identity user grant ivanova@nark.example expert --org org/coc-12@nark.example --days 365")]
    Grant {
        /// To whom.
        upn: String,
        /// Which.
        role: String,
        /// In which organisation's name.
        #[arg(long, value_name = "OPN")]
        org: Option<String>,
        /// For how many days; for good when absent.
        #[arg(long)]
        days: Option<u32>,
        /// Where the installation is.
        #[command(flatten)]
        place: Place,
    },
    /// Take a role back, by the number that `roles` shows; their tokens end.
    Withdraw {
        /// The grant.
        id: uuid::Uuid,
        /// Where the installation is.
        #[command(flatten)]
        place: Place,
    },
}

/// How to list.
#[derive(Args, Debug)]
pub struct ListingArgs {
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

/// One of a kind.
#[derive(Args, Debug)]
pub struct OneArgs {
    /// Its name: a UPN, an OPN, a client's id.
    pub name: String,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

/// `nsk identity org …`.
#[derive(Subcommand, Debug)]
pub enum OrgCommand {
    /// Enter an organisation.
    #[command(after_long_help = "EXAMPLES\n  \
        nsk identity org add org/coc-12@nark.example --name 'ЦОК 12' --ogrn 1027700132195")]
    Add {
        /// Its OPN.
        opn: String,
        /// The name to show.
        #[arg(long)]
        name: String,
        /// Its state registration number.
        #[arg(long)]
        ogrn: Option<String>,
        /// Where the installation is.
        #[command(flatten)]
        place: Place,
    },
    /// List organisations.
    List(ListingArgs),
    /// Let roles in its name count no longer.
    Disable(OneArgs),
    /// Let them count again.
    Enable(OneArgs),
}

/// `nsk identity group …`.
#[derive(Subcommand, Debug)]
pub enum GroupCommand {
    /// Make a group.
    #[command(after_long_help = "EXAMPLES\n  \
        nsk identity group add coc-12/expert --title 'Эксперты ЦОК 12'")]
    Add {
        /// Its name, which stands in tokens.
        name: String,
        /// What to call it.
        #[arg(long)]
        title: String,
        /// Where the installation is.
        #[command(flatten)]
        place: Place,
    },
    /// List groups with their members, as a service without a network keeps them.
    List(ListingArgs),
    /// Write the groups as a signed document, for a service to keep for a week without a network.
    #[command(after_long_help = "EXAMPLES\n  \
        nsk identity group replica -o groups.paseto\n\n\
        A running server gives the same at /api/nsk/v1/passport/groups/replica.")]
    Replica {
        /// Where to write it.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Where the installation is.
        #[command(flatten)]
        place: Place,
    },
    /// Check such a document where it is kept, and show the groups.
    #[command(after_long_help = "EXAMPLES\n  \
        nsk identity group check groups.paseto --issuer https://id.example --trust KEY\n\n\
        At the passport `nsk station trust` prints the issuer and the keys.")]
    Check {
        /// The document.
        file: PathBuf,
        /// Whose groups they must be.
        #[arg(long, value_name = "URL")]
        issuer: String,
        /// A manifest key of that passport; may be given several times.
        #[arg(long, value_name = "KEY", required = true)]
        trust: Vec<String>,
        /// When the copy that is known was made, ms since 1970: an older one is refused.
        #[arg(long, value_name = "MS")]
        known: Option<i64>,
    },
    /// Put somebody into a group.
    Join(MemberArgs),
    /// Take somebody out; their tokens end.
    Leave(MemberArgs),
}

/// A group and somebody.
#[derive(Args, Debug)]
pub struct MemberArgs {
    /// The group.
    pub group: String,
    /// Who.
    pub upn: String,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

/// `nsk identity client …`.
#[derive(Subcommand, Debug)]
pub enum ClientCommand {
    /// Enter a client; its secret is shown this once.
    #[command(after_long_help = "EXAMPLES\n  \
        nsk identity client add tablet --name Tablet --kind public --redirect https://mak-07/back\n  \
        nsk identity client add portal --name Portal --kind confidential \\\n    \
        --redirect https://portal.example/back --scope openid --audience mak/mak-07")]
    Add(Box<ClientArgs>),
    /// List clients.
    List(ListingArgs),
    /// Give a client a new secret, shown this once; the old one ends.
    Secret(OneArgs),
    /// Let a client ask for tokens no longer; those it has end.
    Disable(OneArgs),
    /// Let it ask again.
    Enable(OneArgs),
}

/// Arguments of `identity client add`.
#[derive(Args, Debug)]
pub struct ClientArgs {
    /// What it calls itself.
    pub id: String,
    /// The name to show.
    #[arg(long)]
    pub name: String,
    /// What it can keep to itself.
    #[arg(long, value_parser = ["public", "confidential", "service"])]
    pub kind: String,
    /// Where answers may go; may be given several times.
    #[arg(long = "redirect", value_name = "URL")]
    pub redirects: Vec<String>,
    /// A scope it may ask for; may be given several times.
    #[arg(long = "scope", value_name = "SCOPE")]
    pub scopes: Vec<String>,
    /// A service it may have tokens for; may be given several times.
    #[arg(long = "audience", value_name = "SPN")]
    pub audiences: Vec<String>,
    /// The service that it is.
    #[arg(long)]
    pub spn: Option<String>,
    /// It belongs to the same owner: nobody is asked for consent.
    #[arg(long)]
    pub first_party: bool,
    /// It may have bearers of up to thirty days.
    #[arg(long)]
    pub legacy_lifetime: bool,
    /// It must prove a key with every request.
    #[arg(long)]
    pub dpop: bool,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

/// `nsk identity service …`.
#[derive(Subcommand, Debug)]
pub enum ServiceCommand {
    /// Enter a service, or state anew what it requires.
    #[command(after_long_help = "EXAMPLES\n  \
        nsk identity service add mak/mak-07 --name 'МАК 7'\n  \
        nsk identity service add mak/mak-07 --name 'МАК 7' --requires '{\"roles\": [\"expert\"]}'\n\n\
        A requirement names roles (one of them), groups (all), any_group (one), scope (all), acr \
        (one) and claims (each).")]
    Add {
        /// Its SPN.
        spn: String,
        /// The name to show.
        #[arg(long)]
        name: String,
        /// What it requires of a token, as JSON.
        #[arg(long, default_value = "{}", value_name = "JSON")]
        requires: String,
        /// Where the installation is.
        #[command(flatten)]
        place: Place,
    },
    /// List services.
    List(ListingArgs),
    /// List which service may act at which.
    Delegations(ListingArgs),
    /// Let one service act at another on people's behalf.
    Delegate {
        /// The one that acts.
        front: String,
        /// The one that it acts at.
        back: String,
        /// Forbid it again.
        #[arg(long)]
        forbid: bool,
        /// Where the installation is.
        #[command(flatten)]
        place: Place,
    },
}

/// `nsk identity key …`.
#[derive(Subcommand, Debug)]
pub enum KeyCommand {
    /// List the keys, what they sign and where in their lives they are.
    List(ListingArgs),
    /// Publish the next key of a purpose; it signs once it is activated.
    #[command(after_long_help = "EXAMPLES\n  \
        nsk identity key announce paseto\n  \
        nsk identity key activate paseto          a week later\n  \
        nsk identity key activate paseto --early  when the old key was lost\n\n\
        Purposes: paseto, jwt-es256, jwt-eddsa, jwt-rs256, qr, manifest, audit. A running server \
        does all of this by itself every thirty days.")]
    Announce(PurposeArgs),
    /// Let the announced key sign, and the one before verify only.
    Activate {
        /// Which.
        #[command(flatten)]
        key: PurposeArgs,
        /// Before everybody can have seen it.
        #[arg(long)]
        early: bool,
    },
    /// Let a key verify no more that signs no more.
    Retire(KidArgs),
    /// Stop a key from verifying, at once and for ever.
    Compromise(KidArgs),
}

/// What a key signs.
#[derive(Args, Debug)]
pub struct PurposeArgs {
    /// What it signs.
    #[arg(value_parser = ["paseto", "jwt-es256", "jwt-eddsa", "jwt-rs256", "qr", "manifest", "audit"])]
    pub purpose: String,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}

/// One key.
#[derive(Args, Debug)]
pub struct KidArgs {
    /// Its id, as `list` shows it.
    pub kid: String,
    /// Where the installation is.
    #[command(flatten)]
    pub place: Place,
}
