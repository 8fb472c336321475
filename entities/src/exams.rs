//! Exams in the order of their numbers, as the wire lists them.

use crate::error::StoreError;
use crate::sql::{rows, signed, sql};
use crate::store::Store;
use crate::streams::{COLUMNS, STREAMS_PER_PAGE_MAX, StreamRow, decode};
use engine::{Moment, WireId};
use sea_orm::Value;

/// Which exams a list wants; the default wants all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExamFilter {
    /// Ending at or after.
    pub from: Option<Moment>,
    /// Beginning at or before.
    pub to: Option<Moment>,
    /// Only those that have not ended.
    pub live_only: bool,
    /// With greater numbers than this.
    pub after: Option<WireId>,
}

impl Store {
    /// Exams in the order of their numbers; `limit` is capped at [`STREAMS_PER_PAGE_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn list_exams(
        &self,
        filter: ExamFilter,
        limit: u32,
    ) -> Result<Vec<StreamRow>, StoreError> {
        let mut text =
            format!("SELECT {COLUMNS} FROM stream WHERE kind = 'exam' AND wire_id IS NOT NULL");
        let mut values: Vec<Value> = Vec::new();
        let mut put = |condition: &str, value: Value| {
            values.push(value);
            text.push_str(&format!(" AND {condition} ${}", values.len()));
        };
        if let Some(from) = filter.from {
            put("coalesce(ends_at, begins_at) >=", from.0.into());
        }
        if let Some(to) = filter.to {
            put("begins_at <=", to.0.into());
        }
        if filter.live_only {
            put("live =", true.into());
        }
        if let Some(after) = filter.after {
            put("wire_id >", signed(after.0).into());
        }
        values.push(i64::from(limit.clamp(1, STREAMS_PER_PAGE_MAX)).into());
        text.push_str(&format!(" ORDER BY wire_id LIMIT ${}", values.len()));
        rows(&self.readers, sql(text, values), decode).await
    }
}
