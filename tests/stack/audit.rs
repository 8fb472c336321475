//! The audit of identity, from a sign-in to a verification by a program that shares no code with
//! the one that wrote it; and what tampering looks like to both.

use engine::PersonId;
use engine::exam::Role;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tests::http::{Ask, Http};
use tests::meddle::{self, python};
use tests::process::call;
use tests::stack::{ADMIN, Place, Setup, Stack};

const ANNA: PersonId = PersonId(77);
const EXPORT: &str = "/api/nsk/v1/passport/audit/export";

/// Signs in once wrongly and once rightly, and out again; answers the export.
async fn a_day(stack: &Stack) -> String {
    stack.enter(ANNA, "anna", Role::Expert).await;
    let wrong = Ask::form("/token", "grant_type=password&username=anna&password=guess%0d%0aok");
    assert_eq!(Http::new(stack.addr).must(wrong).await.status, 401);
    let mut anna = stack.sign_in("anna").await;
    let out = Ask { method: "DELETE", path: "/api/nsk/v1/session", ..Ask::default() };
    assert_eq!(anna.must(out).await.status, 204);
    let reply = stack.http(ADMIN, Role::Administrator).get(EXPORT).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.text()
}

async fn listed(stack: &Stack, query: &str) -> Vec<String> {
    let mut http = stack.http(ADMIN, Role::Administrator);
    let page = http.get(&format!("/api/nsk/v1/passport/audit{query}")).await.json_of(200);
    let events = page["events"].as_array().expect("events").iter();
    events.map(|e| e["event"]["kind"].as_str().expect("a kind").to_owned()).collect()
}

fn checker() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops/formats/check_audit.py")
}

/// What the program and the outside checker say of an export: whether it holds, and their words.
async fn judged(text: &str, checkpoints: Option<&Path>) -> [(bool, String); 2] {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("audit.jsonl");
    std::fs::write(&file, text).expect("written");
    let file = file.to_string_lossy().into_owned();
    let kept = checkpoints.map(|path| path.to_string_lossy().into_owned());
    let mut arguments = vec!["audit", "verify", &file];
    if let Some(kept) = &kept {
        arguments.extend(["--checkpoints", kept]);
    }
    let own = call(&arguments).await;
    let run = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')";
    let checker = checker();
    let checker = checker.to_string_lossy();
    let mut arguments: Vec<&str> = vec![&checker, &file];
    arguments.extend(kept.as_deref());
    let other = python(run, &arguments).await;
    let said = String::from_utf8_lossy(&other.stdout).into_owned();
    [(own.code == Some(0), format!("{own:?}")), (other.status.success(), said)]
}

fn with_event(text: &str, at: usize, change: impl FnOnce(&mut Value)) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut line: Value = serde_json::from_str(&lines[at]).expect("JSON");
    change(&mut line);
    lines[at] = line.to_string();
    lines.join("\n") + "\n"
}

fn without(text: &str, at: usize) -> String {
    let lines = text.lines().enumerate().filter(|(i, _)| *i != at);
    lines.map(|(_, line)| format!("{line}\n")).collect()
}

/// The checkpoint of the stop is signed, and the export of a later start brings the key.
async fn signatures_count(place: &Place) {
    let stack = Setup::new().on(place).start().await;
    let text = stack.http(ADMIN, Role::Administrator).get(EXPORT).await.text();
    stack.stop().await;
    let at = text.lines().position(|line| line.contains("\"sig\"")).expect("a signed checkpoint");
    let [(holds, said), _] = judged(&text, None).await;
    assert!(holds, "{said}");
    let other = with_event(&text, at, |line| line["checkpoint"]["at"] = json!(1));
    let [(holds, said), _] = judged(&other, None).await;
    assert!(!holds && said.contains("signature"), "{said}");
}

/// Without its last event, and an end that fits.
fn cut_clean(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let events = &lines[..lines.len() - 2];
    let last: Value = serde_json::from_str(events[events.len() - 1]).expect("JSON");
    let end = json!({"end": {"seq": last["event"]["seq"], "hash": last["hash"]}});
    format!("{}\n{end}\n", events.join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_found_and_verified_by_others() {
    let stack = Stack::start().await;
    let text = a_day(&stack).await;
    assert_eq!(listed(&stack, "?kind=login.*").await, ["login.ok", "login.fail"]);
    assert_eq!(listed(&stack, "?limit=1").await, ["audit.export"]);
    assert_eq!(listed(&stack, "?subject=anna").await, ["login.fail"]);
    assert_eq!(listed(&stack, "?actor=77&kind=logout").await, ["logout"]);
    assert!(!text.contains("guess"), "no password is recorded");
    for (holds, said) in judged(&text, None).await {
        assert!(holds, "{said}");
    }
    let lines = text.lines().count();
    assert!(lines >= 6, "{text}");
    let changed = with_event(&text, 2, |l| l["event"]["subject"] = json!("boris"));
    let dated = with_event(&text, 1, |l| l["event"]["at"] = json!(1));
    let broken = text.lines().take(lines - 1).map(|l| format!("{l}\n")).collect::<String>();
    for (what, bad) in
        [("changed", changed), ("dated", dated), ("removed", without(&text, 2)), ("broken", broken)]
    {
        for (holds, said) in judged(&bad, None).await {
            assert!(!holds, "{what}: {said}");
            assert!(said.contains("does not hold"), "{what}: {said}");
        }
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_chain_and_a_meddled_database_are_named() {
    let stack = Stack::start().await;
    let cut = cut_clean(&a_day(&stack).await);
    let place = stack.stop().await;
    let kept = place.data().join("audit-checkpoints.jsonl");
    for (holds, said) in judged(&cut, None).await {
        assert!(holds, "the negative control, nothing shows it: {said}");
    }
    for (holds, said) in judged(&cut, Some(&kept)).await {
        assert!(!holds && said.contains("does not hold"), "{said}");
    }
    let data = place.data().to_string_lossy().into_owned();
    signatures_count(&place).await;
    let verify = ["audit", "verify", "--data", &data];
    let whole = call(&verify).await;
    assert_eq!(whole.code, Some(0), "{whole:?}");

    meddle::execute(&place.database(), "DELETE FROM audit_event WHERE seq = 4").await;
    let cut = call(&verify).await;
    assert_eq!(cut.code, Some(1), "{cut:?}");
    assert!(cut.out.contains('4'), "{cut:?}");
    meddle::execute(&place.database(), "UPDATE audit_event SET kind = 'x' WHERE seq = 2").await;
    let changed = call(&verify).await;
    assert!(changed.code == Some(1) && changed.out.contains("event 2"), "{changed:?}");
}
