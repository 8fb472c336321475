//! Reads what a database holds, beside a running station or after its end.

use crate::checker::Stream;
use engine::{Record, WireId};
use entities::{Store, StoreError};
use gateway::config::StoreConfig;
use gateway::serve::directory;
use std::collections::BTreeMap;

/// Records read at once.
const PAGE: u32 = 10_000;

/// The streams of these exams; an exam without one is left out.
///
/// # Panics
/// When the store cannot be read.
pub async fn streams(
    place: impl Into<StoreConfig>,
    exams: impl IntoIterator<Item = WireId>,
) -> BTreeMap<WireId, Stream> {
    let store = match directory::look(place).await {
        Ok(store) => store,
        Err(trouble) => panic!("the store cannot be read: {trouble}"),
    };
    let mut found = BTreeMap::new();
    for exam in exams {
        match stream(&store, exam).await {
            Ok(stream) => found.extend(stream.map(|stream| (exam, stream))),
            Err(e) => panic!("exam {exam} cannot be read: {e}"),
        }
    }
    let _ = store.close().await;
    found
}

async fn stream(store: &Store, exam: WireId) -> Result<Option<Stream>, StoreError> {
    let Some(stream) = store.stream_by_wire(exam).await? else { return Ok(None) };
    let mut records: Vec<Record> = Vec::new();
    loop {
        let after = records.last().map_or(0, |record| record.seq);
        let page = store.read_events(stream, after, PAGE).await?;
        let last = page.len() < PAGE as usize;
        records.extend(page);
        if last {
            break;
        }
    }
    let fences = store.fences(stream).await?;
    Ok(Some(Stream { records, fences }))
}
