//! A data directory with many live exams: one is made through the product's own API, the others are
//! copies of its rows with numbers, ids and hash chains of their own.

use super::{Context, Outcome, progress};
use crate::baseline::writer::open;
use crate::http::Connection;
use crate::station::Station;
use engine::{Actor, CommandId, Hash, Moment, Record, StreamId};
use serde_json::Value;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Exams in the directory.
pub const EXAMS: u64 = 2_000;
/// Events of each.
pub const EVENTS: u64 = 200;
/// Exams written in one transaction.
const BATCH: usize = 50;
/// Columns of an event, in the order of [`insert_event`].
const COLUMNS: &str =
    "stream_id, seq, epoch, cmd_id, cmd_ix, kind, v, at, \"by\", salt, body, prev, hash";
/// How many there are.
const COLUMN_COUNT: usize = 13;

/// A directory with live exams and nobody running on it.
#[derive(Clone, Debug)]
pub struct Seeded {
    /// The data directory.
    pub data: PathBuf,
    /// Its exams, numbered from [`crate::day::FIRST_EXAM`].
    pub exams: u64,
}

/// One stored event with the columns that a record does not have.
struct Stored {
    record: Record,
    epoch: i64,
}

/// The seeded directory of this run; made on the first call.
///
/// # Errors
/// When the station refuses or its rows have another shape.
pub async fn directory(context: &Context) -> Outcome<Seeded> {
    let (exams, events) = if context.quick { (EXAMS / 10, EVENTS / 10) } else { (EXAMS, EVENTS) };
    let data = context.prepared.dir().join("seeded");
    if data.exists() {
        return Ok(Seeded { data, exams });
    }
    progress("seed", &format!("{exams} exams with {events} events each"));
    let (station, day) = context.station("seeded").await?;
    let first = day.start_exams(1).await?.remove(0);
    let mut connection = Connection::open(day.address).await?;
    for n in 1.. {
        let body: Value = serde_json::from_str(&first.answers.body(n))?;
        let ack = day.command(&mut connection, first.id, "candidate", &body).await?;
        if ack["seq"].as_u64().is_none_or(|seq| seq >= events) {
            break;
        }
    }
    station.stop().await?;
    multiply(&Station::database(&data)?, first.id, exams - 1).await?;
    Ok(Seeded { data, exams })
}

/// Copies an exam so many times, under the numbers after its own.
async fn multiply(path: &Path, exam: u64, copies: u64) -> Outcome<()> {
    let mut db = open(path).await?;
    // Nothing here needs to survive a power cut.
    sqlx::query("PRAGMA synchronous = OFF").execute(&mut db).await?;
    let wire_id = i64::try_from(exam)?;
    let row = sqlx::query("SELECT * FROM stream WHERE wire_id = ?")
        .bind(wire_id)
        .fetch_one(&mut db)
        .await?;
    let source: Vec<u8> = row.try_get("stream_id")?;
    let sql = format!("SELECT {COLUMNS} FROM event WHERE stream_id = ? ORDER BY seq");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(&source).fetch_all(&mut db).await?;
    let stored: Vec<Stored> = rows.iter().map(read).collect::<Outcome<_>>()?;
    let numbers: Vec<u64> = (exam + 1..=exam + copies).collect();
    for batch in numbers.chunks(BATCH) {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut db).await?;
        for number in batch {
            copy(&mut db, &source, &stored, *number).await?;
        }
        sqlx::query("COMMIT").execute(&mut db).await?;
    }
    db.close().await?;
    Ok(())
}

fn read(row: &SqliteRow) -> Outcome<Stored> {
    let id = |name| -> Outcome<Uuid> { Ok(Uuid::from_slice(row.try_get(name)?)?) };
    let hash = |name| -> Outcome<Hash> { Ok(Hash(row.try_get::<&[u8], _>(name)?.try_into()?)) };
    let cmd = row.try_get::<Option<&[u8]>, _>("cmd_id")?;
    let record = Record {
        stream: StreamId(id("stream_id")?),
        seq: u64::try_from(row.try_get::<i64, _>("seq")?)?,
        at: Moment(row.try_get("at")?),
        by: serde_json::from_str::<Actor>(row.try_get("by")?)?,
        cmd: cmd.map(|bytes| Uuid::from_slice(bytes).map(CommandId)).transpose()?,
        cmd_ix: u16::try_from(row.try_get::<i64, _>("cmd_ix")?)?,
        kind: row.try_get("kind")?,
        v: u16::try_from(row.try_get::<i64, _>("v")?)?,
        salt: row.try_get("salt")?,
        d: serde_json::from_str(row.try_get("body")?)?,
        prev: hash("prev")?,
        hash: hash("hash")?,
    };
    if record.computed_hash() != record.hash {
        return Err(format!("record {} does not match its hash", record.seq).into());
    }
    Ok(Stored { record, epoch: row.try_get("epoch")? })
}

async fn copy(
    db: &mut SqliteConnection,
    source: &[u8],
    stored: &[Stored],
    number: u64,
) -> Outcome<()> {
    let stream = StreamId(Uuid::now_v7());
    let columns = "kind, phase, begins_at, ends_at, candidate_id, title, body, last_seq, live";
    let sql = format!(
        "INSERT INTO stream (stream_id, wire_id, {columns}) \
         SELECT ?, ?, {columns} FROM stream WHERE stream_id = ?"
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(stream.0.as_bytes().as_slice())
        .bind(i64::try_from(number)?)
        .bind(source)
        .execute(&mut *db)
        .await?;
    let records = chained(stored, stream, number)?;
    let marks = format!("({})", vec!["?"; COLUMN_COUNT].join(","));
    let sql = format!(
        "INSERT INTO event ({COLUMNS}) VALUES {}",
        vec![marks.as_str(); records.len()].join(",")
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (record, stored) in records.iter().zip(stored) {
        query = query
            .bind(record.stream.0.as_bytes().to_vec())
            .bind(i64::try_from(record.seq)?)
            .bind(stored.epoch)
            .bind(record.cmd.map(|cmd| cmd.0.as_bytes().to_vec()))
            .bind(i64::from(record.cmd_ix))
            .bind(record.kind.clone())
            .bind(i64::from(record.v))
            .bind(record.at.0)
            .bind(serde_json::to_string(&record.by)?)
            .bind(record.salt.clone())
            .bind(record.d.to_string())
            .bind(record.prev.0.to_vec())
            .bind(record.hash.0.to_vec());
    }
    query.execute(db).await?;
    Ok(())
}

/// The records as those of another exam.
fn chained(stored: &[Stored], stream: StreamId, number: u64) -> Outcome<Vec<Record>> {
    let mut prev = Hash::default();
    let mut records = Vec::with_capacity(stored.len());
    for Stored { record, .. } in stored {
        let mut copy = Record { stream, prev, ..record.clone() };
        if record.seq == 1 {
            let id = copy.d.pointer_mut("/wire_id");
            *id.ok_or("the first event has no wire_id")? = number.into();
        }
        let copy = copy.sealed();
        prev = copy.hash;
        records.push(copy);
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::chain::{Cause, Content, Head, verify};
    use serde_json::json;

    fn source() -> Vec<Stored> {
        let stream = StreamId(Uuid::from_u128(1));
        let cause = Cause { at: Moment(5), by: Actor::System, cmd: None };
        let content = |kind: &str, d| Content { kind: kind.into(), v: 1, d, salt: [7; 16] };
        let contents =
            [content("planned", json!({"wire_id": 1, "title": "a"})), content("opened", json!({}))];
        let records = Head::default().extend(stream, cause, contents);
        records.into_iter().map(|record| Stored { record, epoch: 1 }).collect()
    }

    #[test]
    fn a_copy_is_a_valid_chain_of_its_own() {
        let stream = StreamId(Uuid::from_u128(2));
        let copy = chained(&source(), stream, 77).expect("a copy");
        assert_eq!(copy[0].d, json!({"wire_id": 77, "title": "a"}));
        assert!(copy.iter().all(|record| record.stream == stream));
        assert_ne!(verify(&copy).expect("a valid chain"), source()[1].record.hash);
        assert!(chained(&source()[1..], stream, 77).is_ok(), "only the first names the exam");
        let mut odd = source();
        odd[0].record.d = json!({});
        assert!(chained(&odd, stream, 77).is_err());
    }
}
