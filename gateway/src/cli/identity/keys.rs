//! `nsk identity key …`.

use super::super::arguments::{KeyCommand, Place};
use super::super::station::keyring;
use super::super::terminal::{Done, Terminal};
use super::{listing, said, with_desk};
use crate::error::Trouble;
use crate::passport::admin::change_key;
use crate::passport::keys::word_to;
use crate::wire::passport::KeyRequest;
use engine::identity::KeyPurpose;

pub(super) fn run(command: KeyCommand, terminal: &mut Terminal<'_>) -> Done {
    let (asked, early, place) = match command {
        KeyCommand::List(args) => return listing::keys(&args, terminal),
        KeyCommand::Announce(args) => {
            (KeyRequest::Announce { purpose: purpose(&args.purpose)? }, false, args.place)
        }
        KeyCommand::Activate { key, early } => {
            (KeyRequest::Activate { purpose: purpose(&key.purpose)? }, early, key.place)
        }
        KeyCommand::Retire(args) => (KeyRequest::Retire { kid: args.kid }, false, args.place),
        KeyCommand::Compromise(args) => {
            (KeyRequest::Compromise { kid: args.kid }, false, args.place)
        }
    };
    change(&place, &asked, early)?;
    let shown = match &asked {
        KeyRequest::Announce { purpose } | KeyRequest::Activate { purpose } => {
            crate::passport::keys::word_of(purpose)
        }
        KeyRequest::Retire { kid } | KeyRequest::Compromise { kid } => kid.clone(),
    };
    said(terminal, shown)
}

fn purpose(word: &str) -> Result<KeyPurpose, Trouble> {
    word_to(word).ok_or_else(|| Trouble::new(format!("`{word}` is no purpose of keys")))
}

fn change(place: &Place, asked: &KeyRequest, early: bool) -> Result<(), Trouble> {
    with_desk(place, async |config, desk| {
        let (keys, _) = keyring(config, &desk.store).await?;
        change_key(&keys, &desk.audit, &desk.actor, (asked, early)).await.map_err(|fault| {
            Trouble::new(fault.to_string()).remedy("`nsk identity key list` shows their states")
        })
    })
}
