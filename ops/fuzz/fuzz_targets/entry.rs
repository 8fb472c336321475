//! One entry of `gateway::passport::format::fuzz`: the one that this program is named after.

#![no_main]

use gateway::passport::format::fuzz::{Bench, ENTRIES, bench_in};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a directory").keep();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(bench_in(&dir)).expect("tokens")
});

fuzz_target!(|recipe: &[u8]| {
    let entry = ENTRIES.iter().find(|(name, _)| *name == env!("CARGO_BIN_NAME"));
    let (_, entry) = entry.expect("an entry of this name");
    if let Err(broken) = entry(&BENCH, recipe) {
        panic!("{broken:?}");
    }
});
