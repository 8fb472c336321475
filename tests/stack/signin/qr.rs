//! Pictures: one's own, made on the passport's page and read by somebody else's decoder.

use super::*;
use engine::identity::Level;
use gateway::passport::format::qr::SCANNED_BYTES_MAX;
use serde_json::json;
use tests::stack::OBSERVER;

const READING: &str = "/api/nsk/v1/passport/qr";

/// What an independent decoder reads in a PNG.
fn decoded(png: &[u8]) -> String {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().expect("a PNG");
    let mut bits = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut bits).expect("a frame");
    let (width, height) = (info.width as usize, info.height as usize);
    let light = |x: usize, y: usize| bits[y * info.line_size + x / 8] >> (7 - x % 8) & 1;
    let mut image =
        rqrr::PreparedImage::prepare_from_bitmap(width, height, |x, y| light(x, y) == 0);
    let grids = image.detect_grids();
    let [grid] = grids.as_slice() else { panic!("{} codes in the picture", grids.len()) };
    grid.decode().expect("a readable code").1
}

async fn picture(browser: &mut Browser, spn: &str) -> String {
    browser.open("/passport/qr").await;
    let reply = browser.submit("/passport/qr", &[("service", spn), ("as", "png")]).await;
    assert_eq!((reply.status, reply.headers["content-type"].as_str()), (200, "image/png"));
    assert_eq!(reply.headers["cache-control"], "no-store");
    decoded(&reply.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_names_its_owner_and_opens_nothing() {
    let clock = Arc::new(MovedClock::default());
    let stack = Setup { clock: clock.clone(), ..Setup::new() }.start().await;
    let own = stack.app.config.auth.audience.clone();
    let person = user(&stack, 1, UPN).await;
    let assignment = role(&stack, person.uid, Role::Expert).await.to_string();
    let mut browser = Browser::new(stack.addr);
    sign_in(&mut browser, UPN).await;
    browser.open("/passport").await;
    location(&browser.submit("/passport/role", &[("assignment", &assignment)]).await);
    browser.open("/passport/qr").await;
    let page = browser.submit("/passport/qr", &[("service", &own)]).await.text();
    assert!(page.contains("<svg") && page.contains("Иванов &lt;Иван&gt;"), "{page}");
    let unknown = browser.submit("/passport/qr", &[("service", "mak/none")]).await;
    assert_eq!(unknown.status, 422);

    let scanned = picture(&mut browser, &own).await;
    let mut reader = stack.http(OBSERVER, Role::Observer);
    let read = reader.post(READING, &json!({"scanned": scanned})).await.json_of(200);
    assert_eq!(read["verdict"], "valid", "{read}");
    let shown = &read["shown"];
    assert_eq!((&shown["name"], &shown["upn"]), (&json!(person.name), &json!(UPN)));
    assert_eq!((&shown["uid"], &shown["roles"]), (&json!(person.uid), &json!(["expert"])));

    // It is no token for anything.
    let mut thief = Http::bearer(stack.addr, &scanned);
    assert_eq!(thief.get("/api/nsk/v1/session").await.status, 401);
    assert_eq!(thief.get("/oauth/userinfo").await.status, 401);
    let mut candidate = stack.http(PersonId(9), Role::Candidate);
    assert_eq!(candidate.post(READING, &json!({"scanned": scanned})).await.status, 403);

    let mut changed = scanned.clone();
    changed = changed.replace("\"uid\":\"00000000", "\"uid\":\"10000000");
    assert_ne!(changed, scanned);
    let long = "x".repeat(SCANNED_BYTES_MAX + 1);
    for (text, reason) in [
        (changed.as_str(), "the signature does not fit"),
        ("not a code", "not a token"),
        ("", "not a token"),
        (long.as_str(), "too long"),
    ] {
        let read = reader.post(READING, &json!({"scanned": text})).await.json_of(200);
        assert_eq!((&read["verdict"], &read["reason"]), (&json!("invalid"), &json!(reason)));
        assert_eq!(read.get("shown"), None, "nothing of it is believed");
    }
    assert_eq!(reader.post(READING, &json!({"seen": "x"})).await.status, 422);

    clock.pass(Span::minutes(121));
    let read = tests::wait_until("revocations to be read again", || async {
        let mut reader = stack.http(OBSERVER, Role::Observer);
        let reply = reader.post(READING, &json!({"scanned": scanned})).await;
        (reply.status != 503).then_some(reply)
    });
    assert_eq!(read.await.json_of(200)["reason"], "expired");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_for_one_service_and_can_be_taken_back() {
    let stack = Stack::start().await;
    let person = user(&stack, 1, UPN).await;
    let other = entities::Service {
        spn: "video/srv1".to_owned(),
        name: "Видеосервер".to_owned(),
        requires: json!({}),
        aliases: Vec::new(),
        active: true,
        made_at: stack.app.clock.now(),
    };
    stack.app.store.put_service(&other).await.expect("a service");
    let mut browser = Browser::new(stack.addr);
    sign_in(&mut browser, UPN).await;
    let foreign = picture(&mut browser, "video/srv1").await;
    let own = picture(&mut browser, &stack.app.config.auth.audience).await;
    let mut reader = stack.http(OBSERVER, Role::Observer);
    let mut read =
        async |scanned: &str| reader.post(READING, &json!({"scanned": scanned})).await.json_of(200);
    assert_eq!(read(&foreign).await["reason"], "made for something else");
    assert_eq!(read(&own).await["verdict"], "valid");

    // Who lets people in reads on the page what a scanner types there; others do not.
    let assignment = role(&stack, person.uid, Role::Operator).await;
    browser.open("/passport/qr/read").await;
    let page = browser.submit("/passport/qr/read", &[("scanned", &format!("{own}\r\n"))]).await;
    assert!(page.text().contains("Код действителен"), "{}", page.text());
    let page = browser.submit("/passport/qr/read", &[("scanned", &foreign)]).await.text();
    assert!(page.contains("сделан не для этой службы"), "{page}");
    let now = stack.app.clock.now();
    assert_eq!(stack.app.store.withdraw_assignment(assignment, now).await, Ok(true));
    assert_eq!(browser.open("/passport/qr/read").await.status, 403);

    let bumped = stack.app.revocation.bump(Level::User, &person.uid.to_string(), "lost").await;
    bumped.expect("revoked");
    assert_eq!(read(&own).await["reason"], "revoked");
    stack.stop().await;
}
