//! The statements of an append. Each exists in a few sizes (a power of two rows), so that any batch
//! is a handful of statements that the connection has already prepared.

use crate::record::{COLUMN_COUNT, COLUMNS};
use crate::sql::{Backend, marks};
use crate::streams;
use sea_orm::Value;
use std::sync::LazyLock;

/// Rows in the largest statement; its parameters stay below SQLite's 32,766.
const ROWS_MAX: usize = 64;
/// Powers of two up to [`ROWS_MAX`].
const SIZES: usize = 7;

/// A statement in all its sizes, the largest first. SQLite finds a parameter without a name
/// fastest; PostgreSQL knows only numbered ones.
pub(super) struct Shape {
    sqlite: LazyLock<[String; SIZES]>,
    postgres: LazyLock<[String; SIZES]>,
}

/// `mark` is one parameter after the rows: the fence, or null for a journal without one.
fn fence(mark: &str) -> String {
    format!("EXISTS (SELECT 1 FROM station WHERE id = 1 AND boot = coalesce({mark}, boot))")
}

/// New streams, and streams whose summary changed.
pub(super) static SUMMARIES: Shape = Shape {
    sqlite: LazyLock::new(|| sizes(Backend::Sqlite, streams::COLUMN_COUNT, summaries)),
    postgres: LazyLock::new(|| sizes(Backend::Postgres, streams::COLUMN_COUNT, summaries)),
};

/// Streams of which only the last number changed.
pub(super) static TOUCHED: Shape = Shape {
    sqlite: LazyLock::new(|| sizes(Backend::Sqlite, 2, touched)),
    postgres: LazyLock::new(|| sizes(Backend::Postgres, 2, touched)),
};

/// The events.
pub(super) static EVENTS: Shape = Shape {
    sqlite: LazyLock::new(|| sizes(Backend::Sqlite, COLUMN_COUNT, events)),
    postgres: LazyLock::new(|| sizes(Backend::Postgres, COLUMN_COUNT, events)),
};

fn summaries(values: &str, mark: &str) -> String {
    format!(
        "INSERT INTO stream ({}) SELECT * FROM (VALUES {values}) AS new WHERE {} \
         ON CONFLICT (stream_id) DO UPDATE SET {}",
        streams::COLUMNS,
        fence(mark),
        streams::CHANGES
    )
}

fn touched(values: &str, mark: &str) -> String {
    format!(
        "UPDATE stream SET last_seq = new.column2 FROM (VALUES {values}) AS new \
         WHERE stream_id = new.column1 AND {}",
        fence(mark)
    )
}

fn events(values: &str, _mark: &str) -> String {
    format!("INSERT INTO event ({COLUMNS}) VALUES {values}")
}

impl Shape {
    /// Cuts rows into chunks that have a prepared size, each with its statement.
    pub(super) fn chunks<'a>(
        &'a self,
        backend: Backend,
        mut rows: &'a [Vec<Value>],
    ) -> impl Iterator<Item = (&'a str, &'a [Vec<Value>])> {
        let texts = backend.pick(&self.sqlite, &self.postgres);
        let mut size = 0;
        std::iter::from_fn(move || {
            if rows.is_empty() {
                return None;
            }
            while rows.len() < ROWS_MAX >> size {
                size += 1;
            }
            let (chunk, rest) = rows.split_at(ROWS_MAX >> size);
            rows = rest;
            Some((texts[size].as_str(), chunk))
        })
    }
}

fn sizes(backend: Backend, columns: usize, text: impl Fn(&str, &str) -> String) -> [String; SIZES] {
    std::array::from_fn(|size| {
        let rows = ROWS_MAX >> size;
        let row = |n: usize| match backend {
            Backend::Sqlite => format!("({})", vec!["?"; columns].join(", ")),
            Backend::Postgres => format!("({})", marks(n * columns + 1, columns)),
        };
        let mark = backend.pick(String::from("?"), format!("${}", rows * columns + 1));
        text(&(0..rows).map(row).collect::<Vec<_>>().join(", "), &mark)
    })
}
