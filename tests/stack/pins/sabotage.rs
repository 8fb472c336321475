//! Somebody with hands on the station itself: its database, its clock, its key file.

use super::field::{Field, MINUTE, by_pin, unauthorized};
use engine::Span;
use gateway::passport::seal::device::DEVICE_FILE;
use tests::http::Http;
use tests::{meddle, process};

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_was_tampered_with_opens_nothing() {
    let other = Field::new().await;
    for (what, change) in [
        (
            "a record",
            "records = CAST(replace(CAST(records AS TEXT), '\"tid\":\"', '\"tid\":\"A') AS BLOB)",
        ),
        ("the records", "records = CAST('{}' AS BLOB)"),
    ] {
        let field = Field::new().await;
        meddle::execute(&field.place.database(), &format!("UPDATE manifest SET {change};")).await;
        let (stack, _) = field.start().await;
        let mut http = Http::new(stack.addr);
        let refused = by_pin(&mut http, "", field.pin("petrov")).await;
        assert_eq!(refused.json_of(401), unauthorized(), "{what}");
        stack.stop().await;
    }
    // A key file of another station opens nothing either.
    let field = Field::new().await;
    std::fs::copy(other.key(), field.key()).expect("copied");
    let (stack, _) = field.start().await;
    let refused = by_pin(&mut Http::new(stack.addr), "", field.pin("petrov")).await;
    assert_eq!(refused.json_of(401), unauthorized());
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_went_back_lets_nobody_in_until_it_is_confirmed() {
    let field = Field::new().await;
    let (stack, clock) = field.start().await;
    clock.pass(Span::secs(3_600));
    by_pin(&mut Http::new(stack.addr), "", field.pin("ivanova")).await.json_of(200);
    let place = stack.stop().await;
    // Whoever turns the clock back also removes what else remembers it.
    std::fs::remove_file(place.data().join("alive")).expect("the heartbeat");
    let (stack, clock) = field.start().await;
    let mut http = Http::new(stack.addr);
    for name in ["", "ivanova@nark.example", "nobody"] {
        let refused = by_pin(&mut http, name, field.pin("ivanova")).await;
        assert_eq!(refused.status, 503, "{}", refused.text());
        clock.pass(MINUTE);
    }
    assert_eq!(stack.app.store.exposed().await.expect("read"), 0, "nothing was tried");
    stack.stop().await;
    let data = place.data().to_string_lossy().into_owned();
    let said = process::call(&["station", "confirm-clock", "--data", &data]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let (stack, _) = field.start().await;
    by_pin(&mut Http::new(stack.addr), "", field.pin("ivanova")).await.json_of(200);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_others_can_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let field = Field::new().await;
    let key = field.place.data().join(DEVICE_FILE);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("set");
    let (stack, _) = field.start().await;
    let refused = by_pin(&mut Http::new(stack.addr), "", field.pin("ivanova")).await;
    assert_eq!(refused.json_of(401), unauthorized());
    stack.stop().await;
}
