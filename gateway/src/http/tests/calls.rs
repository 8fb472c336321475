//! Calls against a whole station: what is refused, and what the legacy and the modern API answer.

use super::station::{EXAM, Station, run, station};
use crate::auth::Who;
use crate::http::{Parts, ROUTES, Route, Service, application, datetime};
use actix_web::dev::Service as _;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::test::{TestRequest, init_service, read_body};
use engine::PersonId;
use engine::exam::Role;
use serde_json::{Value, json};

/// What a test looks at of an answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) kind: String,
    pub(super) body: Value,
}

/// Calls the station as its own server would.
pub(super) async fn call(station: &Station, request: TestRequest) -> Answer {
    let parts = Parts::new(station.running.app.clone());
    let service = init_service(application(&parts)).await;
    let response = service.call(request.to_request()).await.expect("an answer");
    let status = response.status().as_u16();
    let kind = response.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let kind = kind.unwrap_or_default().to_owned();
    for header in ["content-security-policy", "x-content-type-options", "x-request-id"] {
        assert!(response.headers().contains_key(header), "{header}");
    }
    let body = read_body(response).await;
    Answer { status, kind, body: serde_json::from_slice(&body).unwrap_or_default() }
}

pub(super) fn request(method: &str, path: &str, token: Option<&str>) -> TestRequest {
    let method = method.parse().expect("a method");
    let request = TestRequest::with_uri(path).method(method);
    match token {
        Some(token) => request.insert_header((AUTHORIZATION, format!("Baerer {token}"))),
        None => request,
    }
}

pub(super) async fn get(station: &Station, path: &str, token: &str) -> Answer {
    call(station, request("GET", path, Some(token))).await
}

pub(super) async fn post(station: &Station, path: &str, token: &str, body: Value) -> Answer {
    call(station, request("POST", path, Some(token)).set_json(body)).await
}

fn real_path(route: &Route) -> String {
    let path = route.path.replace("{exam_id}", "101").replace("{skill_id}", "1");
    path.replace("{file:.*}", "index.html")
}

/// Open to anyone in the table, because they look at who asks by themselves.
const LOOK_THEMSELVES: [&str; 4] =
    ["/metrics", "/api/nsk/v1/streams", "/oauth/userinfo", "/v1/me/roles"];

#[test]
fn no_route_lets_in_who_has_no_right() {
    run(async {
        let station = station(|_| {}).await;
        for route in ROUTES {
            // A service has a right to what names it, and to little else. One of the routes signs it
            // out.
            let service = station.token(PersonId(9_500), Role::Service);
            let (who, path) = (route.who().expect(route.path), real_path(route));
            let nobody = call(&station, request(route.method, &path, None)).await;
            let other = call(&station, request(route.method, &path, Some(&service))).await;
            let name = format!("{} {path}", route.method);
            match who {
                // Forms of the passport's pages come with a token of their own.
                Who::Anyone if route.method == "POST" && path.starts_with("/passport") => {
                    assert_eq!(nobody.status, 403, "{name}");
                }
                Who::Anyone if !LOOK_THEMSELVES.contains(&route.path) => {
                    assert!(nobody.status != 401 && nobody.status != 403, "{name} {nobody:?}");
                }
                Who::Anyone => {}
                Who::SignedIn => assert_eq!(nobody.status, 401, "{name}"),
                Who::Roles(roles) => {
                    assert_eq!(nobody.status, 401, "{name}");
                    let refused = !roles.contains(&Role::Service);
                    assert_eq!(other.status == 403, refused, "{name} {other:?}");
                }
            }
            // OAuth has errors of its own.
            if nobody.status == 401 && route.service != Service::Passport {
                let legacy = route.service == Service::Mak;
                assert_eq!(nobody.body == json!({"detail": "UNAUTHORIZED"}), legacy, "{name}");
                assert_eq!(nobody.kind == "application/problem+json", !legacy, "{name}");
            }
        }
        station.stop().await;
    });
}

#[test]
fn who_takes_no_part_sees_no_exam() {
    run(async {
        let station = station(|_| {}).await;
        let stranger = station.token(PersonId(9_600), Role::Expert);
        for tail in ["", "/records", "/sheet"] {
            let path = format!("/api/nsk/v1/exams/101{tail}");
            assert_eq!(get(&station, &path, &stranger).await.status, 403, "{path}");
        }
        for path in ["/api/v1/exam/101", "/api/v1/exam/101/action"] {
            let answer = get(&station, path, &stranger).await;
            assert_eq!((answer.status, answer.body), (403, json!({"detail": "FORBIDDEN"})));
        }
        let list = get(&station, "/api/nsk/v1/exams", &stranger).await;
        assert_eq!(list.body["exams"], json!([]));
        let operator = station.operator();
        let list = get(&station, "/api/nsk/v1/exams?limit=3", &operator).await;
        assert_eq!(list.body["exams"].as_array().map(Vec::len), Some(3));
        assert_eq!(list.body["exams"][0]["exam"], 101);
        let next = list.body["next"].as_u64().expect("more");
        let path = format!("/api/nsk/v1/exams?cursor={next}");
        let list = get(&station, &path, &operator).await;
        assert_eq!(list.body["exams"].as_array().map(Vec::len), Some(5));
        assert_eq!(list.body.get("next"), None);
        station.stop().await;
    });
}

#[test]
fn the_legacy_answers_are_the_documented_ones() {
    run(async {
        let station = station(|_| {}).await;
        station.open().await;
        let form = [("username", "operator"), ("password", "operator"), ("grant_type", "password")];
        let token = call(&station, request("POST", "/token", None).set_form(form)).await;
        assert_eq!(token.body["token_type"], "baerer");
        let operator = token.body["access_token"].as_str().expect("a token").to_owned();
        let name = get(&station, "/api/v1/person/info", &operator).await.body;
        assert!(name["name"].is_string() && name.as_object().is_some_and(|o| o.len() == 1));
        let plan = station.plan().await;
        let (from, to) = (datetime::write(plan.begins_at, ""), datetime::write(plan.ends_at, "Z"));
        let path = format!("/api/v1/exam/events/?dtfrom={from}&dtto={to}");
        let now = get(&station, &path, &operator).await;
        let keys: Vec<&str> =
            now.body[0].as_object().expect("an exam now").keys().map(String::as_str).collect();
        let mut expected = ["id", "start", "end", "title", "content", "class"];
        expected.sort_unstable();
        let mut keys = keys;
        keys.sort_unstable();
        assert_eq!(keys, expected);
        assert_eq!(now.body[0]["start"].as_str().map(str::len), Some(19), "naive ISO");
        let past = "/api/v1/exam/events?dtfrom=2001-01-01&dtto=2001-01-02T00:00:00";
        assert_eq!(get(&station, past, &operator).await.body, json!([]));
        let one = get(&station, "/api/v1/exam/101", &operator).await.body;
        assert_eq!(one.as_array().map(Vec::len), Some(1));
        assert_eq!((&one[0]["id"], &one[0]["s_type"]), (&json!(101), &json!("professional")));
        assert_eq!(get(&station, "/api/v1/exam/999999", &operator).await.body, json!([]));
        let state = get(&station, "/api/v1/exam/101/practice/viewstate", &operator).await.body;
        let empty =
            json!({"state": "gathering", "task": null, "task_lock": [], "wait_experts": []});
        assert_eq!(state, empty);
        for path in ["/api/v1/admin/stat", "/api/v1/sync/exams", "/api/v1/admin/test/1"] {
            assert!(get(&station, path, &operator).await.body.is_string(), "{path}");
        }
        station.stop().await;
    });
}

#[test]
fn legacy_faults_have_their_documented_shape() {
    run(async {
        let station = station(|_| {}).await;
        let operator = station.operator();
        let action = "/api/v1/exam/101/practice/action";
        let refused = |loc: Value, msg: &str, kind: &str| json!({"detail": [{"loc": loc, "msg": msg, "type": kind}]});
        for (answer, expected) in [
            (
                get(&station, "/api/v1/exam/abc", &operator).await,
                refused(
                    json!(["path", "exam_id"]),
                    "value is not a valid integer",
                    "type_error.integer",
                ),
            ),
            (
                get(&station, "/api/v1/exam/events?dtfrom=soon", &operator).await,
                refused(
                    json!(["query", "dtfrom"]),
                    "invalid datetime format",
                    "value_error.datetime",
                ),
            ),
            (
                post(&station, action, &operator, json!({"data": {}})).await,
                refused(json!(["body", "a_type"]), "field required", "value_error.missing"),
            ),
            (
                call(&station, request("POST", "/token", None).set_json(json!({}))).await,
                refused(json!(["body", "password"]), "field required", "value_error.missing"),
            ),
            (
                post(&station, action, &operator, json!({"a_type": "arrive"})).await,
                refused(
                    json!(["body", "data"]),
                    "only an expert of this panel may do this",
                    "value_error.not_allowed",
                ),
            ),
        ] {
            assert_eq!((answer.status, &answer.body), (422, &expected));
        }
        let wrong = [("username", "operator"), ("password", "nothing")];
        let answer = call(&station, request("POST", "/token", None).set_form(wrong)).await;
        assert_eq!((answer.status, answer.body), (401, json!({"detail": "UNAUTHORIZED"})));
        station.stop().await;
    });
}

#[test]
fn an_expert_acts_over_the_legacy_rest() {
    run(async {
        let station = station(|_| {}).await;
        station.open().await;
        let me = station.plan().await.panel[0].person;
        let expert = station.token(me, Role::Expert);
        let path = "/api/v1/exam/101/practice/action";
        let cmd = "01930f2a-7c1e-7b3a-9d52-5f7f0c1e2a3b";
        let arrive = json!({"a_type": "arrive", "data": {"cmd": cmd}});
        let done = post(&station, path, &expert, arrive.clone()).await;
        assert_eq!((done.status, &done.body["a_type"]), (200, &json!("arrive")), "{done:?}");
        assert_eq!((&done.body["expart_id"], &done.body["expert_id"]), (&json!(me), &json!(me)));
        let again = post(&station, path, &expert, arrive).await;
        assert_eq!(again.body["id"], done.body["id"], "the same command is applied once");
        let query = format!("{path}?a_type=comment&data=%7B%22text%22%3A%22x%22%7D");
        let noted = call(&station, request("POST", &query, Some(&expert))).await;
        assert_eq!((noted.status, &noted.body["data"]), (200, &json!({"text": "x"})), "{noted:?}");
        let list = get(&station, "/api/v1/exam/101/action", &expert).await.body;
        assert_eq!(list.as_array().map(Vec::len), Some(2), "{list}");
        assert_eq!(list[0]["id"], done.body["id"]);
        assert_eq!(list[1]["created_utc"], noted.body["created_utc"]);
        let whole = get(&station, "/api/v1/exam/101", &expert).await.body;
        assert_eq!(whole[0]["actions"], list);
        station.stop().await;
    });
}

#[test]
fn commands_go_over_plain_http() {
    run(async {
        let station = station(|_| {}).await;
        let operator = station.operator();
        let path = "/api/nsk/v1/exams/101/commands";
        let open = json!({"cmd": "01930f2a-7c1e-7b3a-9d52-5f7f0c1e2a3b", "body": {"type": "open"}});
        let done = post(&station, path, &operator, open.clone()).await;
        assert_eq!((done.status, &done.body["dup"]), (200, &json!(false)), "{done:?}");
        let again = post(&station, path, &operator, open).await;
        assert_eq!((again.status, &again.body["dup"]), (200, &json!(true)));
        assert_eq!(again.body["seq"], done.body["seq"]);
        let other =
            json!({"cmd": "01930f2a-7c1e-7b3a-9d52-5f7f0c1e2a3c", "body": {"type": "open"}});
        let refused = post(&station, path, &operator, other).await;
        assert_eq!((refused.status, refused.kind.as_str()), (409, "application/problem+json"));
        assert_eq!(
            (&refused.body["code"], &refused.body["temporary"]),
            (&json!("wrong_phase"), &json!(false))
        );
        let stale = json!({
            "cmd": "01930f2a-7c1e-7b3a-9d52-5f7f0c1e2a3d", "if_seq": 1,
            "body": {"type": "suspend", "reason": "x"},
        });
        assert_eq!(post(&station, path, &operator, stale).await.status, 412);
        for (body, status) in [
            (json!({"cmd": "x", "body": {"type": "open"}}), 422),
            (json!({"cmd": "01930f2a-7c1e-7b3a-9d52-5f7f0c1e2a3b", "body": {"type": "fly"}}), 422),
            (json!([]), 422),
        ] {
            assert_eq!(post(&station, path, &operator, body).await.status, status);
        }
        let broken = request("POST", path, Some(&operator)).set_payload("{");
        assert_eq!(call(&station, broken).await.status, 400);
        let long = request("POST", path, Some(&operator)).set_payload(vec![b' '; 2_000_000]);
        assert_eq!(call(&station, long).await.status, 413);
        let unknown = "/api/nsk/v1/exams/999/commands";
        let body = json!({"cmd": "01930f2a-7c1e-7b3a-9d52-5f7f0c1e2a3e", "body": {"type": "open"}});
        assert_eq!(post(&station, unknown, &operator, body).await.status, 404);
        station.stop().await;
    });
}

#[test]
fn an_exam_is_read_as_the_caller_may_see_it() {
    run(async {
        let station = station(|_| {}).await;
        station.open().await;
        let plan = station.plan().await;
        let candidate = station.token(plan.candidate.person, Role::Candidate);
        let operator = station.operator();
        let path = format!("/api/nsk/v1/exams/{EXAM}");
        let staff = get(&station, &path, &operator).await.body;
        assert_eq!((&staff["state"]["phase"], &staff["v"]), (&json!("gathering"), &json!(1)));
        let own = get(&station, &path, &candidate).await.body;
        assert_eq!(own["seq"], staff["seq"]);
        assert_eq!(own["state"]["waits"], json!({}), "no waits for the candidate");
        let records = get(&station, &format!("{path}/records"), &candidate).await.body;
        let kinds: Vec<&Value> =
            records["records"].as_array().expect("records").iter().map(|r| &r["kind"]).collect();
        assert!(
            kinds.contains(&&json!("planned")) && kinds.contains(&&json!("opened")),
            "{kinds:?}"
        );
        assert_eq!(get(&station, &format!("{path}/sheet"), &operator).await.status, 409);
        assert_eq!(get(&station, &format!("{path}/sheet"), &candidate).await.status, 403);
        assert_eq!(get(&station, &format!("{path}/export"), &operator).await.status, 409);
        let released = post(&station, &format!("{path}/release"), &operator, json!(null)).await;
        assert_eq!(released.body, json!({"released": false}));
        let board = get(&station, "/api/nsk/v1/board", &operator).await.body;
        assert!(board["state"]["rows"].is_object());
        station.stop().await;
    });
}

#[test]
fn a_page_signs_in_by_cookie_and_out_again() {
    run(async {
        let station = station(|_| {}).await;
        let parts = Parts::new(station.running.app.clone());
        let service = init_service(application(&parts)).await;
        let login = json!({"login": "operator", "password": "operator"});
        let here = [("host", "nsk.local"), ("origin", "http://nsk.local")];
        let with = |method: &str, origin: bool| {
            let mut request = request(method, "/api/nsk/v1/session", None).insert_header(here[0]);
            if origin {
                request = request.insert_header(here[1]);
            }
            request
        };
        let away = with("POST", false).insert_header(("origin", "http://evil.example"));
        let refused = service.call(away.set_json(&login).to_request()).await.expect("an answer");
        assert_eq!(refused.status().as_u16(), 403);
        let opened = with("POST", true).set_json(&login).to_request();
        let opened = service.call(opened).await.expect("an answer");
        let cookie = opened.response().cookies().next().expect("a cookie").into_owned();
        assert!(cookie.http_only() == Some(true) && cookie.same_site().is_some());
        let shown = with("GET", false).cookie(cookie.clone()).to_request();
        assert_eq!(service.call(shown).await.expect("an answer").status().as_u16(), 200);
        let foreign = with("DELETE", false).cookie(cookie.clone()).to_request();
        assert_eq!(service.call(foreign).await.expect("an answer").status().as_u16(), 403);
        let closed = with("DELETE", true).cookie(cookie.clone()).to_request();
        assert_eq!(service.call(closed).await.expect("an answer").status().as_u16(), 204);
        let after = with("GET", false).cookie(cookie).to_request();
        assert_eq!(service.call(after).await.expect("an answer").status().as_u16(), 401);
        station.stop().await;
    });
}

#[test]
fn health_documents_and_pages_are_there() {
    run(async {
        let station = station(|_| {}).await;
        for (path, status) in [
            ("/livez", 200),
            ("/readyz", 200),
            ("/openapi.json", 200),
            ("/asyncapi.json", 200),
            ("/docs", 302),
            ("/docs/index.html", 200),
            ("/docs/none.html", 404),
            ("/", 200),
            ("/board", 200),
            ("/operator/", 200),
            ("/nothing", 404),
            ("/api/nsk/v1/nothing", 404),
        ] {
            assert_eq!(call(&station, request("GET", path, None)).await.status, status, "{path}");
        }
        let local = |request: TestRequest| request.peer_addr("127.0.0.1:9".parse().expect("addr"));
        let metrics = call(&station, local(request("GET", "/metrics", None))).await;
        assert_eq!(metrics.status, 200);
        let proxied =
            request("GET", "/metrics", None).insert_header(("x-forwarded-for", "1.2.3.4"));
        assert_eq!(call(&station, local(proxied)).await.status, 401);
        let scraper = station.token(PersonId(9_500), Role::Service);
        assert_eq!(get(&station, "/metrics", &scraper).await.status, 200);
        station.stop().await;
    });
}
