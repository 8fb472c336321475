//! What the passport's registries hold, for people and as JSON. The server may run meanwhile.

use super::super::arguments::ListingArgs;
use super::super::serve::{block_on, config_of};
use super::super::terminal::{Done, Terminal};
use crate::error::Trouble;
use crate::passport::keys::{KeyInfo, word_of};
use crate::passport::names::Upn;
use crate::serve::directory;
use crate::wire::passport::{
    ClientInfo, Delegation, OrganisationInfo, PassportPerson, RoleGrant, ServiceInfo, SigningKey,
};
use engine::identity::KeyState;
use entities::{Store, StoreError, USERS_PER_PAGE_MAX};
use serde_json::{Value, json};

pub(super) fn people(args: &ListingArgs, terminal: &mut Terminal<'_>) -> Done {
    let people = read(args, async |store| {
        let mut all = Vec::new();
        loop {
            let after = all.last().map(|user: &entities::User| user.upn.clone());
            let page = store.users("", after.as_deref(), USERS_PER_PAGE_MAX).await?;
            let last = page.len() < USERS_PER_PAGE_MAX as usize;
            all.extend(page);
            if last {
                return Ok(all);
            }
        }
    })?;
    let rows = people.into_iter().map(|user| {
        let line = format!("{:<32} {}  {}", user.upn, user.uid, user.name);
        (line, user.active, json!(PassportPerson::from(user)))
    });
    show(rows, args.json, terminal)
}

pub(super) fn roles(upn: String, args: &ListingArgs, terminal: &mut Terminal<'_>) -> Done {
    let policy = config_of(&args.place)?.passport.realm_policy();
    let upn = Upn::parse(&upn, policy).map_err(|e| Trouble::new(e.to_string()))?.to_string();
    let grants = read(args, async move |store| match store.user_by_upn(&upn).await? {
        Some(user) => store.assignments_of(user.uid).await.map(Some),
        None => Ok(None),
    })?;
    let grants = grants.ok_or_else(|| {
        Trouble::new("there is nobody with this UPN")
            .remedy("`nsk identity user list` shows everybody")
    })?;
    let rows = grants.into_iter().map(|grant| {
        let line = format!("{} {:<14} {}", grant.id, grant.role, grant.granted_by);
        (line, grant.withdrawn_at.is_none(), json!(RoleGrant::from(grant)))
    });
    show(rows, args.json, terminal)
}

pub(super) fn organisations(args: &ListingArgs, terminal: &mut Terminal<'_>) -> Done {
    let rows = read(args, async |store| store.organisations().await)?.into_iter().map(|one| {
        let line = format!("{:<40} {}  {}", one.opn, one.oid, one.name);
        (line, one.active, json!(OrganisationInfo::from(one)))
    });
    show(rows, args.json, terminal)
}

pub(super) fn groups(args: &ListingArgs, terminal: &mut Terminal<'_>) -> Done {
    let replica = read(args, async |store| store.group_replica().await)?;
    if args.json {
        return terminal.json(&replica);
    }
    let rows = replica
        .groups
        .into_iter()
        .map(|(group, members)| (format!("{group:<32} {}", members.join(", ")), true, Value::Null));
    show(rows, false, terminal)
}

pub(super) fn clients(args: &ListingArgs, terminal: &mut Terminal<'_>) -> Done {
    let rows = read(args, async |store| store.clients().await)?.into_iter().map(|one| {
        let line = format!("{:<24} {:<12} {}", one.id, one.kind.word(), one.name);
        (line, one.active, json!(ClientInfo::from(one)))
    });
    show(rows, args.json, terminal)
}

pub(super) fn services(args: &ListingArgs, terminal: &mut Terminal<'_>) -> Done {
    let rows = read(args, async |store| store.services().await)?.into_iter().map(|one| {
        let line = format!("{:<32} {}", one.spn, one.name);
        (line, one.active, json!(ServiceInfo::from(one)))
    });
    show(rows, args.json, terminal)
}

pub(super) fn delegations(args: &ListingArgs, terminal: &mut Terminal<'_>) -> Done {
    let pairs = read(args, async |store| store.delegations().await)?;
    let rows = pairs.into_iter().map(|(front, back)| {
        (format!("{front} -> {back}"), true, json!(Delegation { front, back }))
    });
    show(rows, args.json, terminal)
}

pub(super) fn keys(args: &ListingArgs, terminal: &mut Terminal<'_>) -> Done {
    let (_, kept) = read(args, async |store| store.keys().await)?;
    let rows = kept.iter().filter_map(KeyInfo::of).map(|key| {
        let ended = matches!(key.state, KeyState::Retired | KeyState::Compromised);
        let line = format!("{:<12} {:<12} {}", word_of(&key.purpose), word_of(&key.state), key.kid);
        (line, !ended, json!(SigningKey::from(key)))
    });
    show(rows, args.json, terminal)
}

fn show(
    rows: impl Iterator<Item = (String, bool, Value)>,
    as_json: bool,
    terminal: &mut Terminal<'_>,
) -> Done {
    if as_json {
        return terminal.json(&rows.map(|(_, _, shown)| shown).collect::<Vec<_>>());
    }
    for (line, active, _) in rows {
        let off = if active { "" } else { terminal.pick(" (закрыт)", " (closed)") };
        terminal.say(format_args!("{line}{off}"));
    }
    Ok(0)
}

fn read<T>(
    args: &ListingArgs,
    work: impl AsyncFnOnce(&Store) -> Result<T, StoreError>,
) -> Result<T, Trouble> {
    let place = config_of(&args.place)?.store;
    block_on(async move {
        let store = directory::look(&place).await?;
        work(&store).await.map_err(|e| directory::store_trouble(&place.data, &e))
    })
}
