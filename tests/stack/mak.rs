//! The legacy REST of the МАК from end to end, as its clients use it: all eleven routes, the exact
//! sets of keys, the exact shapes of errors.

use engine::exam::{Command, ExamClass, Role};
use engine::{PersonId, WireId};
use gateway::http::datetime;
use serde_json::{Value, json};
use tests::http::{Ask, Http};
use tests::stack::{ADMIN, OBSERVER, OPERATOR, Setup, Stack};
use tests::{AnExam, an_exam};

const EXAM: u64 = 42;

fn exam() -> AnExam {
    an_exam(EXAM).of_class(ExamClass::Practice)
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> =
        value.as_object().map(|o| o.keys().map(String::as_str).collect()).unwrap_or_default();
    keys.sort_unstable();
    keys
}

/// A practice exam in a room that is ready, and the people of it.
async fn practice_day() -> Stack {
    let stack = Setup::new().start().await;
    stack.keep_small_tools().await;
    let cast = exam().cast();
    let people = [
        (OPERATOR, "operator", Role::Operator),
        (OBSERVER, "observer", Role::Observer),
        (ADMIN, "admin", Role::Administrator),
        (cast.candidate, "candidate", Role::Candidate),
    ];
    for (id, login, role) in people {
        stack.enter(id, login, role).await;
    }
    for (n, expert) in cast.panel.iter().enumerate() {
        stack.enter(*expert, &format!("expert{n}"), Role::Expert).await;
    }
    stack.enter(PersonId(9_999), "stranger", Role::Expert).await;
    stack.plan(&exam()).await;
    stack.give(cast.exam, (actors::testing::plans::operator(), Command::Open {})).await;
    stack
}

fn path(rest: &str) -> String {
    format!("/api/v1/exam/{EXAM}{rest}")
}

async fn act(http: &mut Http, a_type: &str, data: Value) -> Value {
    let body = json!({"a_type": a_type, "data": data});
    http.post(&path("/practice/action"), &body).await.json_of(200)
}

async fn viewstate(http: &mut Http) -> Value {
    let view = http.get(&path("/practice/viewstate")).await.json_of(200);
    assert_eq!(keys(&view), ["state", "task", "task_lock", "wait_experts"]);
    view
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_given_for_a_form_or_json_and_refused_in_the_documented_shape() {
    let stack = Stack::start().await;
    stack.enter(PersonId(7), "ivanova", Role::Expert).await;
    let mut http = Http::new(stack.addr);
    let form =
        "grant_type=password&username=ivanova&password=ivanova&scope=&client_id=x&client_secret=y";
    let given = json!({"username": "Ivanova ", "password": "ivanova"});
    for ask in [Ask::form("/token", form), Ask::json("POST", "/token", &given)] {
        let reply = http.must(ask).await.json_of(200);
        assert_eq!(keys(&reply), ["access_token", "token_type"]);
        assert_eq!(reply["token_type"], "baerer");
        let token = reply["access_token"].as_str().expect("a token");
        for scheme in ["Bearer", "baerer", "BEARER"] {
            let ask = Ask { method: "GET", path: "/api/v1/person/info", ..Ask::default() };
            let ask = ask.with("authorization", format!("{scheme} {token}"));
            assert_eq!(http.must(ask).await.json_of(200), json!({"name": "Person ivanova"}));
        }
    }
    let unauthorized = json!({"detail": "UNAUTHORIZED"});
    for (login, password) in [("ivanova", "wrong"), ("nobody", "ivanova"), ("", "")] {
        let body = json!({"username": login, "password": password});
        let reply = http.post("/token", &body).await;
        assert_eq!(reply.json_of(401), unauthorized, "{login}");
    }
    for route in
        ["/api/v1/person/info", "/api/v1/exam/events", "/api/v1/exam/1", "/api/v1/admin/stat"]
    {
        assert_eq!(http.get(route).await.json_of(401), unauthorized, "{route}");
    }
    let missing = http.must(Ask::form("/token", "username=ivanova")).await.json_of(422);
    let fault = json!({"loc": ["body", "password"], "msg": "field required", "type": "value_error.missing"});
    assert_eq!(missing, json!({"detail": [fault]}));
    let other = http.must(Ask::form("/token", "grant_type=code&password=x")).await.json_of(422);
    assert_eq!(other["detail"][0]["loc"], json!(["body", "grant_type"]));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exams_are_listed_and_shown_with_exactly_the_documented_keys() {
    let stack = practice_day().await;
    let mut expert = stack.sign_in("expert0").await;
    let listed = expert.get("/api/v1/exam/events").await.json_of(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert_eq!(keys(&listed[0]), ["class", "content", "end", "id", "start", "title"]);
    assert_eq!((&listed[0]["id"], &listed[0]["class"]), (&json!(EXAM), &json!("practice")));
    let start = listed[0]["start"].as_str().expect("a date");
    assert_eq!(datetime::read(start).map(|at| datetime::write(at, "")), Some(start.to_owned()));

    let tomorrow = "dtfrom=2099-01-01%2000:00:00&dtto=2099-01-02%2000:00:00";
    let none = expert.get(&format!("/api/v1/exam/events?{tomorrow}")).await.json_of(200);
    assert_eq!(none, json!([]));
    let wrong = expert.get("/api/v1/exam/events?dtfrom=gestern").await.json_of(422);
    assert_eq!(wrong["detail"][0]["loc"], json!(["query", "dtfrom"]));
    assert_eq!(keys(&wrong["detail"][0]), ["loc", "msg", "type"]);

    let shown = expert.get(&path("")).await.json_of(200);
    assert_eq!(shown.as_array().map(Vec::len), Some(1));
    let one = &shown[0];
    assert_eq!(
        keys(one),
        ["actions", "begin_utc", "end_utc", "exam", "experts", "id", "s_type", "student"]
    );
    assert_eq!(
        (&one["s_type"], one["experts"].as_array().map(Vec::len)),
        (&json!("professional"), Some(3))
    );
    assert_eq!(
        (keys(&one["student"]), keys(&one["experts"][0])),
        (vec!["id", "name"], vec!["id", "name"])
    );
    assert_eq!(one["begin_utc"], listed[0]["start"]);

    assert_eq!(expert.get("/api/v1/exam/4242").await.json_of(200), json!([]));
    let wrong = expert.get("/api/v1/exam/no-number").await.json_of(422);
    assert_eq!(wrong["detail"][0]["type"], "type_error.integer");
    let mut stranger = stack.sign_in("stranger").await;
    assert_eq!(stranger.get(&path("")).await.json_of(403), json!({"detail": "FORBIDDEN"}));
    assert_eq!(stranger.get("/api/v1/exam/events").await.json_of(200), json!([]));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_practice_exam_is_run_by_expert_actions_alone() {
    let stack = practice_day().await;
    let mut experts = Vec::new();
    for n in 0..3 {
        experts.push(stack.sign_in(&format!("expert{n}")).await);
    }
    let panel = exam().cast().panel;
    assert_eq!(viewstate(&mut experts[0]).await["state"], "gathering");
    for expert in &mut experts {
        let action = act(expert, "arrive", json!({})).await;
        assert_eq!(
            keys(&action),
            ["a_type", "created_utc", "data", "expart_id", "expert_id", "id"]
        );
    }
    act(&mut experts[1], "identity", json!({})).await;
    assert_eq!(
        viewstate(&mut experts[0]).await,
        json!({"state": "ready", "task": null, "task_lock": [], "wait_experts": []})
    );
    let chair = exam().cast().chair();
    stack.give(WireId(EXAM), (chair, Command::StartPractice {})).await;

    // A mark as JSON, as a form and in the query; the number with which it is kept is told.
    let marked =
        act(&mut experts[0], "mark", json!({"task": 1, "criterion": 10, "value": 3})).await;
    assert_eq!((&marked["expart_id"], &marked["expert_id"]), (&json!(panel[0]), &json!(panel[0])));
    let data = "%7B%22task%22%3A%221%22%2C%22criterion%22%3A10%2C%22value%22%3A%222%22%7D";
    let form = format!("a_type=mark&data={data}");
    let by_form = experts[1].must(Ask::form(&path("/practice/action"), &form)).await.json_of(200);
    assert!(by_form["id"].as_u64() > marked["id"].as_u64());
    let query = path(&format!("/practice/action?{form}"));
    let ask = Ask { method: "POST", path: &query, ..Ask::default() };
    experts[2].must(ask).await.json_of(200);

    act(&mut experts[0], "lock", json!({"task": 1})).await;
    let waits = viewstate(&mut experts[1]).await;
    assert_eq!(
        waits,
        json!({"state": "practice_running", "task": 1, "task_lock": [1],
        "wait_experts": [panel[1], panel[2]]})
    );
    let hidden = viewstate(&mut stack.sign_in("candidate").await).await;
    assert_eq!((&hidden["task_lock"], &hidden["wait_experts"]), (&json!([]), &json!([])));
    for expert in &mut experts[1..] {
        act(expert, "lock", json!({"task": 1})).await;
    }
    assert_eq!(viewstate(&mut experts[0]).await["task"], 2);
    act(&mut experts[0], "comment", json!({"text": "works calmly"})).await;
    act(&mut experts[0], "incident", json!({"text": "a fuse blew", "category": "technical"})).await;
    act(&mut experts[0], "looked_at_the_clock", json!({"anything": [1, {"deep": null}]})).await;
    for expert in &mut experts {
        act(expert, "mark", json!({"task": 2, "criterion": 20, "value": "2"})).await;
        act(expert, "lock", json!({"task": 2})).await;
    }
    assert_eq!(viewstate(&mut experts[0]).await["state"], "practice_scored");
    for expert in &mut experts {
        act(expert, "vote", json!({"passed": true})).await;
    }
    // The chair signs last.
    for n in [1, 2, 0] {
        act(&mut experts[n], "sign", json!({})).await;
    }
    assert_eq!(viewstate(&mut experts[0]).await["state"], "completed");
    told_again(&stack, &mut experts).await;
    stack.stop().await;
}

/// What was done is listed, for the panel with everything and for the candidate without marks.
async fn told_again(stack: &Stack, experts: &mut [Http]) {
    let listed = experts[2].get(&path("/action")).await.json_of(200);
    let types = |listed: &Value| -> Vec<String> {
        let listed = listed.as_array().into_iter().flatten();
        listed.filter_map(|a| a["a_type"].as_str().map(ToOwned::to_owned)).collect()
    };
    let mut found = types(&listed);
    found.sort();
    found.dedup();
    assert_eq!(
        found,
        [
            "arrive",
            "comment",
            "identity",
            "incident",
            "lock",
            "looked_at_the_clock",
            "mark",
            "sign",
            "vote"
        ]
    );
    for action in listed.as_array().expect("a list") {
        assert_eq!(keys(action), ["a_type", "created_utc", "data", "expart_id", "expert_id", "id"]);
        assert_eq!(action["expart_id"], action["expert_id"]);
    }
    let shown = experts[2].get(&path("")).await.json_of(200);
    assert_eq!(shown[0]["actions"], listed);
    let candidate = stack.sign_in("candidate").await.get(&path("/action")).await.json_of(200);
    assert!(!types(&candidate).contains(&"mark".to_owned()), "{candidate}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_actions_are_422_with_every_fault_and_its_place() {
    let stack = practice_day().await;
    let mut expert = stack.sign_in("expert0").await;
    let action = path("/practice/action");
    let cases = [
        (json!({}), json!(["body", "a_type"]), "value_error.missing"),
        (json!({"a_type": 7}), json!(["body", "a_type"]), "type_error.str"),
        (json!({"a_type": "mark", "data": [1]}), json!(["body", "data"]), "type_error.dict"),
        (
            json!({"a_type": "mark", "data": {"criterion": 1, "value": 1}}),
            json!(["body", "data", "task"]),
            "value_error.missing",
        ),
        (
            json!({"a_type": "mark", "data": {"task": "x", "criterion": 1, "value": 1}}),
            json!(["body", "data", "task"]),
            "type_error.integer",
        ),
        (
            json!({"a_type": "lock", "data": {"task": 1}}),
            json!(["body", "data"]),
            "value_error.not_allowed",
        ),
        (
            json!({"a_type": "arrive", "data": {"cmd": "no-uuid"}}),
            json!(["body", "data", "cmd"]),
            "type_error.uuid",
        ),
    ];
    for (body, loc, kind) in cases {
        let reply = expert.post(&action, &body).await.json_of(422);
        assert_eq!(keys(&reply), ["detail"]);
        assert_eq!(
            (&reply["detail"][0]["loc"], &reply["detail"][0]["type"]),
            (&loc, &json!(kind)),
            "{body}"
        );
    }
    let many = expert.post(&action, &json!({"a_type": "mark", "data": {}})).await.json_of(422);
    assert_eq!(many["detail"].as_array().map(Vec::len), Some(3), "all faults at once: {many}");
    let broken = Ask { body: Some(b"{".to_vec()), ..Ask::json("POST", &action, &json!({})) };
    assert_eq!(expert.must(broken).await.json_of(422)["detail"][0]["loc"], json!(["body"]));
    // The same command id is applied once.
    let body = json!({"a_type": "arrive", "data": {"cmd": tests::setting::fresh()}});
    let first = expert.post(&action, &body).await.json_of(200);
    assert_eq!(expert.post(&action, &body).await.json_of(200), first);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn administration_answers_with_one_string_and_looks_at_who_asks() {
    let stack = practice_day().await;
    let forbidden = json!({"detail": "FORBIDDEN"});
    let mut expert = stack.sign_in("expert0").await;
    let mut observer = stack.sign_in("observer").await;
    let mut operator = stack.sign_in("operator").await;
    let mut admin = stack.sign_in("admin").await;
    for route in ["/api/v1/admin/stat", "/api/v1/admin/test/70", "/api/v1/sync/exams"] {
        assert_eq!(expert.get(route).await.json_of(403), forbidden, "{route}");
        let told = operator.get(route).await.json_of(200);
        assert!(told.is_string(), "{route}: {told}");
    }
    let stat = observer.get("/api/v1/admin/stat").await.json_of(200);
    assert!(stat.as_str().expect("text").contains("gathering 1"), "{stat}");
    assert_eq!(observer.get("/api/v1/admin/test/70").await.json_of(403), forbidden);
    let test = operator.get("/api/v1/admin/test/70").await.json_of(200);
    let test = test.as_str().expect("text");
    assert!(test.contains("40.00200.01") && test.contains("a form of 4 questions"), "{test}");
    assert_eq!(observer.get("/api/v1/sync/exams").await.json_of(200), "not connected");
    for http in [&mut expert, &mut observer, &mut operator] {
        assert_eq!(http.post("/api/v1/admin/poweroff", &json!({})).await.json_of(403), forbidden);
    }
    assert!(admin.post("/api/v1/admin/poweroff", &json!({})).await.json_of(200).is_string());
    stack.stop().await;
}
