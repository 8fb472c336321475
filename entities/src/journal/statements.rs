//! The statements of an append. Each exists in a few sizes (a power of two rows), so that any batch
//! is a handful of statements that the connection has already prepared.

use crate::record::{COLUMN_COUNT, COLUMNS};
use crate::streams;
use sea_orm::Value;
use std::sync::LazyLock;

/// Rows in the largest statement; its parameters stay below SQLite's 32,766.
const ROWS_MAX: usize = 64;
/// Powers of two up to [`ROWS_MAX`].
const SIZES: usize = 7;

/// A statement in all its sizes, the largest first.
pub(super) struct Shape {
    texts: LazyLock<[String; SIZES]>,
}

/// One parameter after the rows: the fence, or null for a journal without one.
const FENCE: &str = "EXISTS (SELECT 1 FROM station WHERE id = 1 AND boot = coalesce(?, boot))";

/// New streams, and streams whose summary changed.
pub(super) static SUMMARIES: Shape = Shape {
    texts: LazyLock::new(|| {
        sizes(streams::COLUMN_COUNT, |values| {
            format!(
                "INSERT INTO stream ({}) SELECT * FROM (VALUES {values}) WHERE {FENCE} \
                 ON CONFLICT (stream_id) DO UPDATE SET {}",
                streams::COLUMNS,
                streams::CHANGES
            )
        })
    }),
};

/// Streams of which only the last number changed.
pub(super) static TOUCHED: Shape = Shape {
    texts: LazyLock::new(|| {
        sizes(2, |values| {
            format!(
                "UPDATE stream SET last_seq = new.column2 FROM (VALUES {values}) AS new \
                 WHERE stream_id = new.column1 AND {FENCE}"
            )
        })
    }),
};

/// The events.
pub(super) static EVENTS: Shape = Shape {
    texts: LazyLock::new(|| {
        sizes(COLUMN_COUNT, |values| format!("INSERT INTO event ({COLUMNS}) VALUES {values}"))
    }),
};

impl Shape {
    /// Cuts rows into chunks that have a prepared size, each with its statement.
    pub(super) fn chunks<'a>(
        &'a self,
        mut rows: &'a [Vec<Value>],
    ) -> impl Iterator<Item = (&'a str, &'a [Vec<Value>])> {
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
            Some((self.texts[size].as_str(), chunk))
        })
    }
}

fn sizes(columns: usize, text: impl Fn(String) -> String) -> [String; SIZES] {
    let row = format!("({})", vec!["?"; columns].join(", "));
    std::array::from_fn(|size| text(vec![row.as_str(); ROWS_MAX >> size].join(", ")))
}
