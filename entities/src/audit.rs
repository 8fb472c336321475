//! The audit's events and checkpoints. What is here is never changed and never deleted.

use crate::error::StoreError;
use crate::sql::{rows, scalar, signed, sql, unsigned};
use crate::store::{Store, begin};
use engine::chain::Head;
use engine::identity::audit::{Checkpoint, Event, Sealed, SignedCheckpoint};
use engine::{Hash, Moment};
use sea_orm::{ConnectionTrait, QueryResult, Value};

/// Events that one read returns at most.
pub const AUDIT_PER_READ_MAX: u32 = 1_000;

const COLUMNS: &str = "stream, seq, at, kind, actor, subject, detail, hash";

/// Which events are looked for; an absent field leaves all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this chain.
    pub stream: Option<String>,
    /// A kind such as `login.fail`, or a family of them such as `login.*`.
    pub kind: Option<String>,
    /// By this one.
    pub actor: Option<String>,
    /// To this one.
    pub subject: Option<String>,
    /// At this moment or later.
    pub since: Option<Moment>,
    /// Before this moment.
    pub until: Option<Moment>,
    /// With smaller numbers: the last number of the page before.
    pub before: Option<u64>,
}

impl Store {
    /// Appends events that continue their chain, durably and all or none.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when another writer was first: read the head and chain them anew.
    /// Otherwise as any write.
    pub async fn audit_append(&self, events: &[Sealed]) -> Result<(), StoreError> {
        let text = format!(
            "INSERT INTO audit_event ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (stream, seq) DO NOTHING"
        );
        let transaction = begin(&self.writer).await?;
        let mut written = 0;
        for Sealed { event, hash } in events {
            let values = [
                event.stream.as_str().into(),
                signed(event.seq).into(),
                event.at.0.into(),
                event.kind.as_str().into(),
                Value::String(event.actor.clone()),
                Value::String(event.subject.clone()),
                event.detail.to_string().into(),
                hash.0.to_vec().into(),
            ];
            written += transaction.execute_raw(sql(text.as_str(), values)).await?.rows_affected();
        }
        if written == events.len() as u64 {
            return Ok(transaction.commit().await?);
        }
        transaction.rollback().await?;
        Err(StoreError::Taken("the audit's next number"))
    }

    /// The head of a chain; zeros when it has no event.
    ///
    /// # Errors
    /// As any read.
    pub async fn audit_head(&self, stream: &str) -> Result<Head, StoreError> {
        let text = "SELECT seq, hash FROM audit_event WHERE stream = $1 ORDER BY seq DESC LIMIT 1";
        let found = rows(&self.writer, sql(text, [stream.into()]), |row| {
            Ok(Head { seq: number(row, 0)?, hash: hash(row, 1)? })
        });
        Ok(found.await?.pop().unwrap_or_default())
    }

    /// Events of a chain with numbers above `after`, in order, at most [`AUDIT_PER_READ_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn audit_read(&self, stream: &str, after: u64) -> Result<Vec<Sealed>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM audit_event WHERE stream = $1 AND seq > $2 \
             ORDER BY seq LIMIT $3"
        );
        let values = [stream.into(), signed(after).into(), i64::from(AUDIT_PER_READ_MAX).into()];
        rows(&self.readers, sql(text, values), event).await
    }

    /// Events that fit a filter, the latest first, at most `max` and [`AUDIT_PER_READ_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn audit_search(
        &self,
        filter: &AuditFilter,
        max: u32,
    ) -> Result<Vec<Sealed>, StoreError> {
        let (family, kind) = match filter.kind.as_deref().map(|k| (k.strip_suffix('*'), k)) {
            Some((Some(family), _)) => (Some(format!("{}%", plain(family))), None),
            Some((None, kind)) => (None, Some(kind.to_owned())),
            None => (None, None),
        };
        let all = [
            ("stream =", filter.stream.clone().map(Value::from)),
            ("kind =", kind.map(Value::from)),
            ("kind LIKE", family.map(Value::from)),
            ("actor =", filter.actor.clone().map(Value::from)),
            ("subject =", filter.subject.clone().map(Value::from)),
            ("at >=", filter.since.map(|at| at.0.into())),
            ("at <", filter.until.map(|at| at.0.into())),
            ("seq <", filter.before.map(|seq| signed(seq).into())),
        ];
        let (mut wheres, mut values) = (String::from("1 = 1"), Vec::new());
        for (condition, value) in all {
            if let Some(value) = value {
                values.push(value);
                wheres.push_str(&format!(" AND {condition} ${}", values.len()));
            }
        }
        values.push(i64::from(max.min(AUDIT_PER_READ_MAX)).into());
        let text = format!(
            "SELECT {COLUMNS} FROM audit_event WHERE {wheres} ORDER BY seq DESC, stream \
             LIMIT ${}",
            values.len()
        );
        rows(&self.readers, sql(text, values), event).await
    }

    /// The chains that have events, at most [`AUDIT_PER_READ_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn audit_streams(&self) -> Result<Vec<String>, StoreError> {
        let text = "SELECT DISTINCT stream FROM audit_event ORDER BY stream LIMIT $1";
        let values = [i64::from(AUDIT_PER_READ_MAX).into()];
        rows(&self.readers, sql(text, values), |row| Ok(row.try_get_by_index(0)?)).await
    }

    /// Keeps a checkpoint; one at the same event that is there already stays.
    ///
    /// # Errors
    /// As any write.
    pub async fn audit_put_checkpoint(&self, signed: &SignedCheckpoint) -> Result<(), StoreError> {
        let text = "INSERT INTO audit_checkpoint (stream, seq, at, hash, kid, sig) \
                    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (stream, seq) DO NOTHING";
        let of = &signed.checkpoint;
        let values = [
            of.stream.as_str().into(),
            crate::sql::signed(of.seq).into(),
            of.at.0.into(),
            of.hash.0.to_vec().into(),
            Value::String(signed.kid.clone()),
            Value::String(signed.sig.clone()),
        ];
        self.writer.execute_raw(sql(text, values)).await?;
        Ok(())
    }

    /// Checkpoints of a chain at events above `after`, in order, at most [`AUDIT_PER_READ_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn audit_checkpoints(
        &self,
        stream: &str,
        after: u64,
    ) -> Result<Vec<SignedCheckpoint>, StoreError> {
        let text = "SELECT stream, seq, at, hash, kid, sig FROM audit_checkpoint \
                    WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3";
        let values = [stream.into(), signed(after).into(), i64::from(AUDIT_PER_READ_MAX).into()];
        rows(&self.readers, sql(text, values), |row| {
            Ok(SignedCheckpoint {
                checkpoint: Checkpoint {
                    stream: row.try_get_by_index(0)?,
                    seq: number(row, 1)?,
                    at: Moment(row.try_get_by_index(2)?),
                    hash: hash(row, 3)?,
                },
                kid: row.try_get_by_index(4)?,
                sig: row.try_get_by_index(5)?,
            })
        })
        .await
    }

    /// The number of the last checkpoint of a chain; 0 when it has none.
    ///
    /// # Errors
    /// As any read.
    pub async fn audit_last_checkpoint(&self, stream: &str) -> Result<u64, StoreError> {
        let text = "SELECT coalesce(max(seq), 0) FROM audit_checkpoint WHERE stream = $1";
        let last = scalar::<i64>(&self.writer, sql(text, [stream.into()])).await?;
        unsigned(last.unwrap_or(0), "an event's number")
    }
}

/// A pattern holds nothing but what kinds hold.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).collect()
}

fn number(row: &QueryResult, at: usize) -> Result<u64, StoreError> {
    unsigned(row.try_get_by_index(at)?, "an event's number")
}

fn hash(row: &QueryResult, at: usize) -> Result<Hash, StoreError> {
    let bytes: Vec<u8> = row.try_get_by_index(at)?;
    let bytes = bytes.try_into().map_err(|_| StoreError::Corrupt("a hash is too short".into()))?;
    Ok(Hash(bytes))
}

fn event(row: &QueryResult) -> Result<Sealed, StoreError> {
    let detail: String = row.try_get_by_index(6)?;
    let detail = serde_json::from_str(&detail)
        .map_err(|e| StoreError::Corrupt(format!("an event's detail: {e}")))?;
    let event = Event {
        stream: row.try_get_by_index(0)?,
        seq: number(row, 1)?,
        at: Moment(row.try_get_by_index(2)?),
        kind: row.try_get_by_index(3)?,
        actor: row.try_get_by_index(4)?,
        subject: row.try_get_by_index(5)?,
        detail,
    };
    Ok(Sealed { event, hash: hash(row, 7)? })
}
