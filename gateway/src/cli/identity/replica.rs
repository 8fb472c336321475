//! `nsk identity group replica` and `check`: the groups as a document, written and checked.

use super::super::arguments::Place;
use super::super::station::keyring;
use super::super::terminal::{Done, Terminal};
use super::{said, with_desk};
use crate::error::Trouble;
use crate::passport::keys::Ring;
use crate::passport::replica::REPLICA_BYTES_MAX;
use actors::clock::SystemClock;
use actors::ports::Clock as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use engine::Moment;
use engine::identity::{KeyPurpose, KeyState};
use std::io::Read as _;
use std::path::Path;

pub(super) fn write(output: &Path, place: &Place, terminal: &mut Terminal<'_>) -> Done {
    let signed = with_desk(place, async |config, desk| {
        let (keys, _) = keyring(config, &desk.store).await?;
        let failed = |e: &dyn std::fmt::Display| Trouble::new(format!("no groups: {e}"));
        let groups = desk.store.group_replica().await.map_err(|e| failed(&e))?;
        keys.replica(groups, desk.clock.now()).map_err(|e| failed(&e))
    })?;
    std::fs::write(output, signed)
        .map_err(|e| Trouble::new(format!("{} cannot be written: {e}", output.display())))?;
    said(terminal, output.display())
}

pub(super) fn check(
    file: &Path,
    (issuer, trust): (&str, &[String]),
    known: Option<i64>,
    terminal: &mut Terminal<'_>,
) -> Done {
    let mut ring = Ring::new(issuer, 0);
    for key in trust {
        let place = (KeyPurpose::Manifest, KeyState::Active);
        let taken = B64.decode(key).ok().and_then(|key| ring.add(place, &key, None).ok());
        taken.ok_or_else(|| {
            Trouble::new(format!("`{key}` is no key"))
                .remedy("`nsk station trust` at the passport prints its keys")
        })?;
    }
    let shown = file.display();
    let failed = |e: std::io::Error| Trouble::new(format!("{shown} cannot be read: {e}"));
    let mut text = String::new();
    let most = REPLICA_BYTES_MAX as u64 + 1;
    std::fs::File::open(file)
        .and_then(|file| file.take(most).read_to_string(&mut text))
        .map_err(failed)?;
    let replica = ring
        .accept_replica(text.trim_end(), known.map(Moment), SystemClock.now())
        .map_err(|fault| Trouble::new(format!("{shown}: {fault}")))?;
    terminal.json(&replica)
}
