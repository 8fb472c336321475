//! The life of keys: made, announced, rotated, retired, found compromised.

use super::material::{Algorithm, Private, Public};
use super::{KeyFault, Keyring, TRIES_MAX, context, placed, word_of};
use engine::identity::{KeyPurpose, KeyState};
use engine::{Moment, Span};
use entities::KeyRow;
use serde::Serialize;

const DAY: Span = Span::secs(86_400);
/// How long a new key is published before it may sign, where all verifiers are online.
pub const ANNOUNCED_ONLINE: Span = DAY;
/// The same for keys that stations must have got, which see a network once a week.
const ANNOUNCED_STATIONS: Span = Span(7 * DAY.0);
/// How long a key signs.
const ACTIVE: Span = Span(30 * DAY.0);
/// The skew of clocks that verifiers allow.
const SKEW: Span = Span::secs(60);

/// A key as administrators see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct KeyInfo {
    /// Its id.
    pub kid: String,
    /// What it signs.
    pub purpose: KeyPurpose,
    /// Where in its life it is.
    pub state: KeyState,
    /// When it was made, ms since 1970.
    pub made_at: Moment,
    /// Since when it signs.
    pub active_at: Option<Moment>,
    /// Until when it verifies, once it signs no more.
    pub verifies_until: Option<Moment>,
    /// When it was retired or found compromised.
    pub ended_at: Option<Moment>,
}

impl KeyInfo {
    /// What is kept, without the key; nothing for a purpose that this program does not know.
    pub fn of(row: &KeyRow) -> Option<KeyInfo> {
        let (purpose, state) = placed(row).ok()?;
        Some(KeyInfo {
            kid: row.kid.clone(),
            purpose,
            state,
            made_at: row.made_at,
            active_at: row.active_at,
            verifies_until: row.verifies_until,
            ended_at: row.ended_at,
        })
    }
}

/// How long a key of this purpose verifies after it signs no more: the longest life of what it
/// signed, and the skew.
fn verifies_for(purpose: KeyPurpose) -> Span {
    let days = match purpose {
        // `mak` and `legacy` tokens and manifests live for thirty days.
        KeyPurpose::Paseto | KeyPurpose::Qr | KeyPurpose::Manifest => 30,
        KeyPurpose::JwtEs256 | KeyPurpose::JwtEddsa | KeyPurpose::JwtRs256 => 30,
        // Checkpoints are read as long as their audit.
        KeyPurpose::Audit => 3_650,
    };
    Span(days * DAY.0) + SKEW
}

/// How long a key of this purpose is announced before it may sign.
fn announced_for(purpose: KeyPurpose) -> Span {
    match purpose {
        KeyPurpose::Paseto | KeyPurpose::Qr | KeyPurpose::Manifest => ANNOUNCED_STATIONS,
        _ => ANNOUNCED_ONLINE,
    }
}

impl Keyring {
    /// Every key, oldest first.
    pub fn list(&self) -> Vec<KeyInfo> {
        self.loaded().rows.iter().filter_map(KeyInfo::of).collect()
    }

    /// Sees to it that a purpose has an active key: the first one of all is not announced, because
    /// nothing was signed before it.
    ///
    /// # Errors
    /// When it cannot be made or kept.
    pub async fn want(&self, purpose: KeyPurpose) -> Result<(), KeyFault> {
        if self.loaded().signing.contains_key(&purpose) {
            return Ok(());
        }
        self.change(|rows, now| match in_state(rows, purpose, KeyState::Active) {
            Some(_) => Ok(Vec::new()),
            None => Ok(vec![self.fresh(purpose, KeyState::Active, now)?]),
        })
        .await
    }

    /// Publishes the next key of a purpose. It signs once it is rotated in.
    ///
    /// # Errors
    /// [`KeyFault::State`] when one is announced already; otherwise as any change of keys.
    pub async fn announce(&self, purpose: KeyPurpose) -> Result<(), KeyFault> {
        self.change(|rows, now| match in_state(rows, purpose, KeyState::Announced) {
            Some(_) => Err(KeyFault::State("one is announced already")),
            None => Ok(vec![self.fresh(purpose, KeyState::Announced, now)?]),
        })
        .await
    }

    /// Lets the announced key of a purpose sign, and the one before verify only. `early` does it
    /// before everybody can have seen it: for a key that was lost.
    ///
    /// # Errors
    /// [`KeyFault::State`] when none was announced, or not long enough ago.
    pub async fn rotate(&self, purpose: KeyPurpose, early: bool) -> Result<(), KeyFault> {
        self.change(|rows, now| {
            let next = in_state(rows, purpose, KeyState::Announced);
            let next = next.ok_or(KeyFault::State("announce the next key first"))?;
            if !early && now < next.made_at + announced_for(purpose) {
                return Err(KeyFault::State("the next key was not announced long enough ago"));
            }
            Ok(rotated(rows, purpose, next, now))
        })
        .await
    }

    /// Lets a key verify no more that signs no more, or was announced for nothing.
    ///
    /// # Errors
    /// [`KeyFault::Unknown`]; [`KeyFault::State`] while it signs, and when it has ended.
    pub async fn retire(&self, kid: &str) -> Result<(), KeyFault> {
        self.change(|rows, now| {
            let row = rows.iter().find(|row| row.kid == kid);
            let row = row.ok_or_else(|| KeyFault::Unknown(kid.to_owned()))?;
            match placed(row)?.1 {
                KeyState::Announced | KeyState::VerifyOnly => {
                    Ok(vec![ended(row, KeyState::Retired, now)])
                }
                KeyState::Active => Err(KeyFault::State("it signs: activate the next key first")),
                _ => Err(KeyFault::State("it has ended already")),
            }
        })
        .await
    }

    /// Stops a key from verifying, at once and for ever. When it was the active one, a new key
    /// takes its place.
    ///
    /// # Errors
    /// [`KeyFault::Unknown`]; otherwise as any change of keys.
    pub async fn compromise(&self, kid: &str) -> Result<(), KeyFault> {
        self.change(|rows, now| {
            let row = rows.iter().find(|row| row.kid == kid);
            let row = row.ok_or_else(|| KeyFault::Unknown(kid.to_owned()))?;
            let (purpose, state) = placed(row)?;
            let mut changed = vec![ended(row, KeyState::Compromised, now)];
            if state == KeyState::Active {
                changed.push(match in_state(rows, purpose, KeyState::Announced) {
                    Some(next) => moved(next, KeyState::Active, now),
                    None => self.fresh(purpose, KeyState::Active, now)?,
                });
            }
            Ok(changed)
        })
        .await
    }

    /// What is due by the calendar: announces the next key in time, rotates it in when the old one
    /// has signed for thirty days, retires what verifies no more. To be called now and then.
    ///
    /// # Errors
    /// As any change of keys.
    pub async fn upkeep(&self) -> Result<(), KeyFault> {
        self.refresh().await?;
        let now = self.0.clock.now();
        if self.due(&self.loaded().rows, now)?.is_empty() {
            return Ok(());
        }
        self.change(|rows, now| self.due(rows, now)).await
    }

    fn due(&self, rows: &[KeyRow], now: Moment) -> Result<Vec<KeyRow>, KeyFault> {
        let mut changed = Vec::new();
        for row in rows {
            let (purpose, state) = placed(row)?;
            let over = row.verifies_until.is_some_and(|until| until <= now);
            if state == KeyState::VerifyOnly && over {
                changed.push(ended(row, KeyState::Retired, now));
            }
            if state != KeyState::Active {
                continue;
            }
            let ends = row.active_at.unwrap_or(row.made_at) + ACTIVE;
            match in_state(rows, purpose, KeyState::Announced) {
                Some(next) if now >= ends && now >= next.made_at + announced_for(purpose) => {
                    changed.extend(rotated(rows, purpose, next, now));
                }
                None if now + announced_for(purpose) >= ends => {
                    changed.push(self.fresh(purpose, KeyState::Announced, now)?);
                }
                _ => {}
            }
        }
        Ok(changed)
    }

    /// A new key, sealed.
    fn fresh(&self, purpose: KeyPurpose, state: KeyState, now: Moment) -> Result<KeyRow, KeyFault> {
        let algorithm = Algorithm::of(purpose);
        let secret = Private::generate(algorithm, self.0.ids.seed())?;
        let public = Private::read(algorithm, &secret)?.public();
        let kid = Public::read(algorithm, &public)?.kid(purpose)?;
        let mut row = KeyRow {
            kid,
            purpose: word_of(&purpose),
            state: word_of(&state),
            public,
            sealed: Vec::new(),
            made_at: now,
            active_at: (state == KeyState::Active).then_some(now),
            verifies_until: None,
            ended_at: None,
        };
        let mut nonce = [0; 24];
        nonce.copy_from_slice(&self.0.ids.seed()[..24]);
        let sealed = self.0.kek.seal(&secret, &context(&row), nonce);
        row.sealed = sealed.ok_or(KeyFault::Unusable)?;
        Ok(row)
    }

    /// Changes keys as `job` says, on the newest state of them.
    async fn change(
        &self,
        job: impl Fn(&[KeyRow], Moment) -> Result<Vec<KeyRow>, KeyFault>,
    ) -> Result<(), KeyFault> {
        for _ in 0..TRIES_MAX {
            self.refresh().await?;
            let loaded = self.loaded();
            let changed = job(&loaded.rows, self.0.clock.now())?;
            if changed.is_empty() {
                return Ok(());
            }
            let kept = self.0.store.put_keys(loaded.ring.version, &changed).await?;
            self.reload().await?;
            if kept.is_some() {
                return Ok(());
            }
        }
        Err(KeyFault::Store("others keep changing them".to_owned()))
    }
}

fn in_state(rows: &[KeyRow], purpose: KeyPurpose, state: KeyState) -> Option<&KeyRow> {
    rows.iter().find(|row| placed(row) == Ok((purpose, state)))
}

fn moved(row: &KeyRow, state: KeyState, now: Moment) -> KeyRow {
    KeyRow { state: word_of(&state), active_at: Some(now), ..row.clone() }
}

fn ended(row: &KeyRow, state: KeyState, now: Moment) -> KeyRow {
    KeyRow { state: word_of(&state), ended_at: Some(now), sealed: Vec::new(), ..row.clone() }
}

/// The old active key, if there is one, and after it the new: at no instant there are two.
fn rotated(rows: &[KeyRow], purpose: KeyPurpose, next: &KeyRow, now: Moment) -> Vec<KeyRow> {
    let old = in_state(rows, purpose, KeyState::Active).map(|old| KeyRow {
        state: word_of(&KeyState::VerifyOnly),
        verifies_until: Some(now + verifies_for(purpose)),
        // What signs no more needs no private half, and what is not there is not stolen.
        sealed: Vec::new(),
        ..old.clone()
    });
    old.into_iter().chain([moved(next, KeyState::Active, now)]).collect()
}
