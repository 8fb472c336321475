//! The export of a chain, a JSON object a line, and its verification offline.

use super::checkpoints;
use crate::error::Trouble;
use engine::Hash;
use engine::chain::Head;
use engine::identity::audit::{
    AuditFault, Check, Checkpoint, Ending, FORMAT, Heading, Line, SignedCheckpoint, Verified,
    Verifier,
};
use entities::{Store, StoreError};
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Longest line of an export, bytes.
pub const LINE_BYTES_MAX: u64 = 64 * 1024;

/// Reads a chain page by page, as it stood when the export began.
pub struct Exporter {
    store: Store,
    stream: String,
    keys: BTreeMap<String, String>,
    /// The last event or checkpoint of the export.
    until: u64,
    head: Head,
    checkpoints: VecDeque<SignedCheckpoint>,
    checkpoints_read: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Begin,
    Events,
    Done,
}

impl Exporter {
    /// An export of a chain; `keys` are the public audit keys by id.
    ///
    /// # Errors
    /// As any read of the store.
    pub async fn new(
        store: Store,
        stream: String,
        keys: BTreeMap<String, String>,
    ) -> Result<Exporter, StoreError> {
        // The checkpoint first: the chain may grow between the two reads, and never shrinks.
        let seen = store.audit_last_checkpoint(&stream).await?;
        let until = store.audit_head(&stream).await?.seq.max(seen);
        Ok(Exporter {
            store,
            stream,
            keys,
            until,
            head: Head::default(),
            checkpoints: VecDeque::new(),
            checkpoints_read: 0,
            state: State::Begin,
        })
    }

    /// The next lines; `None` after the last.
    ///
    /// # Errors
    /// As any read of the store.
    pub async fn next(&mut self) -> Result<Option<Vec<Line>>, StoreError> {
        match self.state {
            State::Begin => {
                self.state = State::Events;
                let (stream, keys) = (self.stream.clone(), std::mem::take(&mut self.keys));
                Ok(Some(vec![Line::Heading(Heading { format: FORMAT.to_owned(), stream, keys })]))
            }
            State::Events => self.events().await.map(Some),
            State::Done => Ok(None),
        }
    }

    async fn events(&mut self) -> Result<Vec<Line>, StoreError> {
        let page = self.store.audit_read(&self.stream, self.head.seq).await?;
        let mut lines = Vec::new();
        let until = self.until;
        for sealed in page.into_iter().filter(|sealed| sealed.event.seq <= until) {
            self.head = sealed.head();
            lines.push(Line::Event(sealed));
            while let Some(signed) = self.checkpoint_up_to(self.head.seq).await? {
                lines.push(Line::Checkpoint(signed));
            }
        }
        if lines.is_empty() {
            // What checkpoints saw beyond the last event is said as well: it is missing.
            while let Some(signed) = self.checkpoint_up_to(self.until).await? {
                lines.push(Line::Checkpoint(signed));
            }
            lines.push(Line::Ending(Ending { end: self.head }));
            self.state = State::Done;
        }
        Ok(lines)
    }

    async fn checkpoint_up_to(&mut self, seq: u64) -> Result<Option<SignedCheckpoint>, StoreError> {
        if self.checkpoints.is_empty() && self.checkpoints_read < seq {
            let page = self.store.audit_checkpoints(&self.stream, self.checkpoints_read).await?;
            self.checkpoints_read = page.last().map_or(u64::MAX, |last| last.checkpoint.seq);
            self.checkpoints.extend(page);
        }
        let due = self.checkpoints.front().is_some_and(|first| first.checkpoint.seq <= seq);
        Ok(if due { self.checkpoints.pop_front() } else { None })
    }
}

/// Lines as they are written.
///
/// # Errors
/// When a line cannot be written as JSON, which the types rule out.
pub fn text(lines: &[Line]) -> serde_json::Result<String> {
    let mut out = String::new();
    for line in lines {
        out.push_str(&serde_json::to_string(line)?);
        out.push('\n');
    }
    Ok(out)
}

/// What verification comes to.
pub type Found = Result<Verified, AuditFault>;

/// Verifies a chain of a store.
///
/// # Errors
/// When the store cannot be read.
pub async fn verify_store(
    mut exporter: Exporter,
    outside: Vec<Checkpoint>,
) -> Result<Found, StoreError> {
    let mut verifier = match Verifier::new(outside, None) {
        Ok(verifier) => verifier,
        Err(fault) => return Ok(Err(fault)),
    };
    while let Some(lines) = exporter.next().await? {
        for line in lines {
            if let Err(fault) = verifier.take(&line) {
                return Ok(Err(fault));
            }
        }
    }
    Ok(verifier.finish())
}

/// Verifies an export in a file; `-` is standard input.
///
/// # Errors
/// When it cannot be read or a line is none of an export.
pub fn verify_file(path: &Path, outside: Vec<Checkpoint>) -> Result<Found, Trouble> {
    let shown = path.display();
    let unreadable = |e: std::io::Error| {
        Trouble::new(format!("{shown} cannot be read: {e}")).remedy("check the path")
    };
    let source: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).map_err(unreadable)?)
    };
    let mut lines = BufReader::new(source);
    let (mut line, mut number) = (Vec::new(), 0_u64);
    let mut next = || {
        line.clear();
        number += 1;
        let mut rest = Read::take(&mut lines, LINE_BYTES_MAX);
        if rest.read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
            return Ok(None);
        }
        serde_json::from_slice::<Line>(&line).map(Some).map_err(|_| {
            Trouble::new(format!("{shown}: line {number} is no line of an audit export"))
                .remedy("give a file that `nsk audit export` wrote")
        })
    };
    let first = next()?;
    let keys = match &first {
        Some(Line::Heading(heading)) => heading.keys.clone(),
        _ => BTreeMap::new(),
    };
    let by_keys =
        |kid: &str, message: &[u8], sig: &str| checkpoints::verifies(&keys, kid, message, sig);
    let check: Option<Check<'_>> = if keys.is_empty() { None } else { Some(&by_keys) };
    let mut verifier = match Verifier::new(outside, check) {
        Ok(verifier) => verifier,
        Err(fault) => return Ok(Err(fault)),
    };
    let mut line = first;
    while let Some(read) = line {
        if let Err(fault) = verifier.take(&read) {
            return Ok(Err(fault));
        }
        line = next()?;
    }
    Ok(verifier.finish())
}

/// The checkpoints of a file; of one event each once.
///
/// # Errors
/// When it cannot be read.
pub fn checkpoints_of(path: &Path) -> Result<Vec<Checkpoint>, Trouble> {
    let mut all = Vec::new();
    let mut seen: BTreeMap<(u64, Hash), ()> = BTreeMap::new();
    checkpoints::read(path, |signed| {
        let of = signed.checkpoint;
        if seen.insert((of.seq, of.hash), ()).is_none() {
            all.push(of);
        }
    })
    .map_err(|e| {
        Trouble::new(format!("{} cannot be read as checkpoints: {e}", path.display()))
            .remedy("give the file `audit-checkpoints.jsonl` of a data directory, or a copy of it")
    })?;
    Ok(all)
}
