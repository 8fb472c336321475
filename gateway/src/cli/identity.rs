//! `nsk identity …`: the passport's registries on a stopped station. Every change is recorded in
//! the audit, as the server would do it.

mod keys;
mod listing;
mod replica;

use super::arguments::{
    ClientArgs, ClientCommand, GroupCommand, IdentityCommand, MemberArgs, NewArgs, OrgCommand,
    PeopleCommand, Place, ServiceCommand,
};
use super::people::{ask, hashed};
use super::serve::{block_on, config_of};
use super::terminal::{Done, Terminal};
use crate::config::Config;
use crate::error::Trouble;
use crate::passport::admin::{AdminFault, Desk, Flaw, NewClient, NewGrant, NewPerson, Powers};
use crate::passport::audit::{Audit, AuditDeps};
use crate::serve::directory;
use actors::clock::{SystemClock, SystemIds};
use engine::Span;
use entities::ClientFlags;
use std::sync::Arc;

/// The role of those who run an installation.
const ADMINISTRATOR: &str = "administrator";

pub(super) fn run(command: IdentityCommand, terminal: &mut Terminal<'_>) -> Done {
    match command {
        IdentityCommand::Init(args) => init(args, terminal),
        IdentityCommand::User(command) => user(command, terminal),
        IdentityCommand::Org(command) => org(command, terminal),
        IdentityCommand::Group(command) => group(command, terminal),
        IdentityCommand::Client(command) => client(command, terminal),
        IdentityCommand::Service(command) => service(command, terminal),
        IdentityCommand::Key(command) => keys::run(command, terminal),
    }
}

fn init(args: NewArgs, terminal: &mut Terminal<'_>) -> Done {
    // Before anybody types a password in vain.
    at_desk(&args.place, async |desk| none_yet(desk).await)?;
    let hash = hashed(&ask(terminal)?)?;
    let user = at_desk(&args.place, async move |desk| {
        none_yet(desk).await?;
        let new = NewPerson {
            upn: args.upn,
            name: args.name,
            password_hash: Some(hash),
            personnel_no: None,
        };
        let user = desk.add_person(new).await?;
        let grant = NewGrant { role: ADMINISTRATOR.to_owned(), ..NewGrant::default() };
        desk.grant(user.uid, grant).await?;
        Ok(user)
    })?;
    let done = terminal.pick("администратор", "administrator");
    terminal.say(format_args!("{done}: {} ({})", user.upn, user.uid));
    terminal.note(terminal.pick(
        "дальше: `nsk serve`, войти под этим именем, завести людей и организации \
         (`nsk identity --help`)",
        "next: `nsk serve`, sign in by that name, enter people and organisations \
         (`nsk identity --help`)",
    ));
    Ok(0)
}

async fn none_yet(desk: &Desk) -> Result<(), AdminFault> {
    match desk.store.count_holders(ADMINISTRATOR, desk.clock.now()).await? {
        0 => Ok(()),
        _ => Err(Flaw::Second.into()),
    }
}

fn user(command: PeopleCommand, terminal: &mut Terminal<'_>) -> Done {
    match command {
        PeopleCommand::Add { new, roles } => {
            let hash = hashed(&ask(terminal)?)?;
            let user = at_desk(&new.place, async move |desk| {
                let new = NewPerson {
                    upn: new.upn,
                    name: new.name,
                    password_hash: Some(hash),
                    personnel_no: None,
                };
                let user = desk.add_person(new).await?;
                for role in roles {
                    desk.grant(user.uid, NewGrant { role, ..NewGrant::default() }).await?;
                }
                Ok(user)
            })?;
            said(terminal, format_args!("{} {}", user.upn, user.uid))
        }
        PeopleCommand::List(args) => listing::people(&args, terminal),
        PeopleCommand::Roles { upn, listing } => listing::roles(upn, &listing, terminal),
        PeopleCommand::Password(args) => {
            let password = at_desk(&args.place, async move |desk| {
                let user = desk.by_upn(&args.name).await?;
                desk.one_time_password(user.uid).await
            })?;
            show_secret(&password, terminal)
        }
        PeopleCommand::Disable(args) => active(&args.place, args.name, false, terminal),
        PeopleCommand::Enable(args) => active(&args.place, args.name, true, terminal),
        PeopleCommand::Grant { upn, role, org, days, place } => {
            let grant = at_desk(&place, async move |desk| {
                let user = desk.by_upn(&upn).await?;
                let until = days.map(|n| desk.clock.now() + Span::secs(i64::from(n) * 86_400));
                desk.grant(user.uid, NewGrant { role, organisation: org, until }).await
            })?;
            said(terminal, format_args!("{} {}", grant.role, grant.id))
        }
        PeopleCommand::Withdraw { id, place } => {
            at_desk(&place, async move |desk| desk.withdraw(id).await)?;
            said(terminal, id)
        }
    }
}

fn active(place: &Place, upn: String, active: bool, terminal: &mut Terminal<'_>) -> Done {
    let user = at_desk(place, async move |desk| {
        let user = desk.by_upn(&upn).await?;
        desk.set_active(user.uid, active).await.map(|()| user)
    })?;
    said(terminal, user.upn)
}

fn org(command: OrgCommand, terminal: &mut Terminal<'_>) -> Done {
    let (place, opn, active) = match command {
        OrgCommand::Add { opn, name, ogrn, place } => {
            let made = at_desk(&place, async move |d| d.add_organisation(&opn, &name, ogrn).await)?;
            return said(terminal, format_args!("{} {}", made.opn, made.oid));
        }
        OrgCommand::List(args) => return listing::organisations(&args, terminal),
        OrgCommand::Disable(args) => (args.place, args.name, false),
        OrgCommand::Enable(args) => (args.place, args.name, true),
    };
    let shown = opn.clone();
    at_desk(&place, async move |desk| {
        desk.set_organisation(desk.organisation(&opn).await?, active).await
    })?;
    said(terminal, shown)
}

fn group(command: GroupCommand, terminal: &mut Terminal<'_>) -> Done {
    match command {
        GroupCommand::Add { name, title, place } => {
            let shown = name.clone();
            at_desk(&place, async move |desk| desk.add_group(&name, &title).await)?;
            said(terminal, shown)
        }
        GroupCommand::List(args) => listing::groups(&args, terminal),
        GroupCommand::Replica { output, place } => replica::write(&output, &place, terminal),
        GroupCommand::Check { file, issuer, trust, known } => {
            replica::check(&file, (&issuer, &trust), known, terminal)
        }
        GroupCommand::Join(args) => member(args, true, terminal),
        GroupCommand::Leave(args) => member(args, false, terminal),
    }
}

fn member(args: MemberArgs, member: bool, terminal: &mut Terminal<'_>) -> Done {
    let shown = format!("{} {}", args.group, args.upn);
    at_desk(&args.place, async move |desk| {
        let user = desk.by_upn(&args.upn).await?;
        desk.set_member(&args.group, user.uid, member).await
    })?;
    said(terminal, shown)
}

fn client(command: ClientCommand, terminal: &mut Terminal<'_>) -> Done {
    let (place, id, active) = match command {
        ClientCommand::Add(args) => return add_client(*args, terminal),
        ClientCommand::List(args) => return listing::clients(&args, terminal),
        ClientCommand::Secret(args) => {
            let secret = at_desk(&args.place, async move |d| d.new_secret(&args.name).await)?;
            return show_secret(&secret, terminal);
        }
        ClientCommand::Disable(args) => (args.place, args.name, false),
        ClientCommand::Enable(args) => (args.place, args.name, true),
    };
    let shown = id.clone();
    at_desk(&place, async move |desk| desk.set_client(&id, active).await)?;
    said(terminal, shown)
}

fn add_client(args: ClientArgs, terminal: &mut Terminal<'_>) -> Done {
    let new = NewClient {
        id: args.id,
        name: args.name,
        kind: args.kind,
        redirect_uris: args.redirects,
        scopes: args.scopes.into_iter().collect(),
        audiences: args.audiences.into_iter().collect(),
        spn: args.spn,
        flags: ClientFlags {
            legacy_lifetime: args.legacy_lifetime,
            first_party: args.first_party,
            dpop_required: args.dpop,
            ..ClientFlags::default()
        },
        ..NewClient::default()
    };
    let (made, secret) = at_desk(&args.place, async move |desk| desk.add_client(new).await)?;
    said(terminal, format_args!("{} {}", made.id, made.uid))?;
    match secret {
        Some(secret) => show_secret(&secret, terminal),
        None => Ok(0),
    }
}

fn service(command: ServiceCommand, terminal: &mut Terminal<'_>) -> Done {
    match command {
        ServiceCommand::Add { spn, name, requires, place } => {
            let requires = serde_json::from_str(&requires)
                .map_err(|e| Trouble::new(format!("--requires is no JSON: {e}")))?;
            let made = at_desk(&place, async move |d| d.put_service(&spn, &name, requires).await)?;
            said(terminal, made.spn)
        }
        ServiceCommand::List(args) => listing::services(&args, terminal),
        ServiceCommand::Delegations(args) => listing::delegations(&args, terminal),
        ServiceCommand::Delegate { front, back, forbid, place } => {
            let shown = format!("{front} -> {back}");
            at_desk(&place, async move |d| d.set_delegation(&front, &back, !forbid).await)?;
            said(terminal, shown)
        }
    }
}

fn said(terminal: &mut Terminal<'_>, what: impl std::fmt::Display) -> Done {
    let done = terminal.pick("готово", "done");
    terminal.say(format_args!("{done}: {what}"));
    Ok(0)
}

fn show_secret(secret: &str, terminal: &mut Terminal<'_>) -> Done {
    terminal.note(terminal.pick(
        "секрет показан один раз, сохраните его:",
        "the secret is shown this once, keep it:",
    ));
    terminal.say(secret);
    Ok(0)
}

/// Does something at the desk of a place; the server must not run meanwhile.
fn at_desk<T>(
    place: &Place,
    work: impl AsyncFnOnce(&Desk) -> Result<T, AdminFault>,
) -> Result<T, Trouble> {
    with_desk(place, async |_, desk| {
        work(desk).await.map_err(|fault| Trouble::new(fault.to_string()))
    })
}

/// As [`at_desk`], for what needs the configuration too.
fn with_desk<T>(
    place: &Place,
    work: impl AsyncFnOnce(&Config, &Desk) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let config = config_of(place)?;
    let dir = config.store.data.clone();
    block_on(async move {
        let store = directory::open(&config.store).await?;
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
        let deps = AuditDeps {
            store: store.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            dir: dir.clone(),
            signer: None,
        };
        let (audit, task) = Audit::start(deps).await?;
        let desk = Desk {
            store: store.clone(),
            audit: audit.clone(),
            clock,
            ids,
            policy: config.passport.realm_policy(),
            actor: "cli".to_owned(),
            powers: Powers::Administrator,
        };
        let result = work(&config, &desk).await;
        audit.stop();
        task.ended().await;
        store.close().await.map_err(|e| directory::store_trouble(&dir, &e))?;
        result
    })
}
