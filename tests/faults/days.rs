//! A demo day that is stopped in the middle and started again goes on where it stood: the same
//! records, the same states, and then further.

use engine::exam::view::{Audience, to_json};
use engine::{Exam, Record, WireId};
use gateway::adapters::StoreCatalog;
use gateway::serve::directory;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use tests::checker::Stream;
use tests::http::{Ask, Http};
use tests::journal::streams;
use tests::process::{Nsk, call};
use tests::stack::Place;
use tests::wait_until;

/// Exams of the demo's first round.
fn round() -> impl Iterator<Item = WireId> {
    (101..=108).map(WireId)
}

async fn demo(data: &Path, more: &[&str]) -> Nsk {
    let data = data.to_string_lossy();
    let mut arguments = vec!["demo", "--data", &data, "--listen", "127.0.0.1:0"];
    arguments.extend(more);
    match Nsk::start(&arguments).await {
        Ok(nsk) => nsk,
        Err(said) => panic!("the demo does not start: {said:?}"),
    }
}

async fn observer(nsk: &Nsk) -> Http {
    let form = "username=observer&password=observer";
    let reply = Http::new(nsk.addr).must(Ask::form("/token", form)).await.json_of(200);
    Http::bearer(nsk.addr, reply["access_token"].as_str().expect("a token"))
}

/// Records of all exams.
fn count(log: &BTreeMap<WireId, Stream>) -> usize {
    log.values().map(|stream| stream.records.len()).sum()
}

async fn is_at_work(nsk: &Nsk, phases: &[&str]) {
    let mut http = observer(nsk).await;
    loop {
        let listed = http.get("/api/nsk/v1/exams").await.json_of(200);
        let exams = listed["exams"].as_array().cloned().unwrap_or_default();
        let there = |word: &&str| exams.iter().any(|exam| exam["phase"] == **word);
        if phases.iter().all(there) {
            return;
        }
        tests::wait::pause(std::time::Duration::from_millis(50)).await;
    }
}

/// The staff's view of an exam as its records give it.
async fn folded(data: &Path, records: &[Record]) -> Value {
    let store = directory::look(data).await.expect("the store");
    let catalog = StoreCatalog::new(store.clone());
    let plan = Exam::plan_of(&records[0]).expect("a plan");
    let mut materials = engine::exam::Materials::default();
    use actors::catalog::Catalog;
    if let Some(hash) = plan.tool {
        materials.tool = catalog.tool(hash).await.expect("a tool");
    }
    if let Some(hash) = plan.practice {
        materials.practice = catalog.practice(hash).await.expect("a tool");
    }
    let exam = Exam::fold(records, materials).expect("records that fold");
    let _ = store.close().await;
    to_json(&exam.view(Audience::Staff))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_was_stopped_goes_on_where_it_stood() {
    let place = Place::new();
    let first = demo(place.data(), &["--pace", "40"]).await;
    let middle =
        tests::wait::patiently("a day in full swing", is_at_work(&first, &["theory_running"]));
    middle.await;
    assert!(first.stop().await.success());
    let before = streams(place.data(), round()).await;
    assert_eq!(before.len(), 8);

    // Nobody acts: what is there is what was there, and time lost by the stop is on record.
    let still = demo(place.data(), &["--no-bots"]).await;
    let mut http = observer(&still).await;
    let mut shown = BTreeMap::new();
    for exam in round() {
        let path = format!("/api/nsk/v1/exams/{exam}");
        shown.insert(exam, http.get(&path).await.json_of(200));
    }
    assert!(still.stop().await.success());
    let after = streams(place.data(), round()).await;
    for exam in round() {
        let (old, new) = (&before[&exam].records, &after[&exam].records);
        assert_eq!(&new[..old.len()], &old[..], "exam {exam}: nothing is rewritten");
        let added: Vec<&str> = new[old.len()..].iter().map(|r| r.kind.as_str()).collect();
        assert!(
            added.len() <= 1 && added.iter().all(|kind| kind.contains("time")),
            "{exam}: {added:?}"
        );
        let view = &shown[&exam];
        let at = usize::try_from(view["seq"].as_u64().expect("a number")).expect("small");
        let state = folded(place.data(), &new[..at]).await;
        assert_eq!(view["state"], state, "exam {exam}");
    }

    // And it goes on, to the end of at least one exam, whose export holds.
    let again = demo(place.data(), &["--pace", "100"]).await;
    let ended = wait_for_an_end(&again).await;
    assert!(again.stop().await.success());
    let later = streams(place.data(), round()).await;
    assert!(count(&later) > count(&after));
    for exam in round() {
        let (old, new) = (&after[&exam].records, &later[&exam].records);
        assert_eq!(&new[..old.len()], &old[..], "exam {exam}");
        assert!(engine::chain::verify(new).is_ok());
    }
    let data = place.data().to_string_lossy().into_owned();
    let file = place.data().join("export.json").to_string_lossy().into_owned();
    let said = call(&["exam", "export", &ended, "--data", &data, "-o", &file]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = call(&["exam", "verify", &file]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
}

async fn wait_for_an_end(nsk: &Nsk) -> String {
    let addr = nsk.addr;
    let form = "username=observer&password=observer";
    let reply = Http::new(addr).must(Ask::form("/token", form)).await.json_of(200);
    let token = reply["access_token"].as_str().expect("a token").to_owned();
    wait_until("an exam to end", || async {
        let listed = Http::bearer(addr, &token).get("/api/nsk/v1/exams").await.json_of(200);
        let exams = listed["exams"].as_array().cloned().unwrap_or_default();
        let ended = exams.iter().find(|exam| exam["live"] == json!(false));
        ended.map(|exam| exam["exam"].to_string())
    })
    .await
}
