//! What somebody with a login of their own might try against the others.

use super::calls::{Answer, call, get, post, request};
use super::station::{EXAM, Station, run, station};
use crate::demo::{self, Demo};
use crate::http::Parts;
use crate::serve;
use actix_web::http::header::{CONTENT_TYPE, COOKIE, HOST, ORIGIN};
use actix_web::test::TestRequest;
use actors::exams::Submit;
use engine::exam::{Command, Issuer, PanelRole, Phase, Plan, Role};
use engine::question::Answer as Given;
use engine::{PersonId, WireId};
use serde_json::{Value, json};

/// Signs somebody of the demo in.
async fn sign_in(station: &Station, login: &str) -> String {
    let body = json!({"username": login, "password": login});
    let answer = call(station, TestRequest::post().uri("/token").set_json(body)).await;
    answer.body["access_token"].as_str().expect("a token").to_owned()
}

async fn submit(station: &Station, exam: WireId, who: PersonId, roles: &[Role], command: Command) {
    let app = &station.running.app;
    let issuer = Issuer::person(who, roles.iter().copied());
    let cmd = app.ids.command_id();
    let named = format!("{command:?}");
    let submit = Submit { exam, cmd, if_seq: None, issuer, command };
    app.exams.submit(submit).await.expect(&named);
}

/// A practice exam in which the panel votes; its plan.
async fn voting(station: &Station) -> Plan {
    // The seventh of the demo's exams has a practice part alone.
    let exam = WireId(107);
    let plan = station.running.app.exams.inspect(exam, |exam, _| exam.plan.clone());
    let plan = plan.await.expect("the exam");
    let operator = PersonId(9_001);
    for command in [Command::MarkSynced {}, Command::Open {}] {
        submit(station, exam, operator, &[Role::Operator], command).await;
    }
    for member in &plan.panel {
        submit(station, exam, member.person, &[Role::Expert], Command::Arrive {}).await;
    }
    let chair = plan.panel.iter().find(|m| m.role == PanelRole::Chair).expect("a chair").person;
    let reason = || "проба".to_owned();
    for command in [
        Command::ConfirmIdentity {},
        Command::StartPractice {},
        Command::ClosePractice { reason: reason() },
        Command::VoteVerdict { passed: false, reason: None },
    ] {
        submit(station, exam, chair, &[Role::Expert], command).await;
    }
    plan
}

async fn votes(station: &Station, exam: WireId, token: &str) -> usize {
    let answer = get(station, &format!("/api/v1/exam/{exam}/action"), token).await;
    let actions = answer.body.as_array().expect("actions").clone();
    actions.iter().filter(|action| action["a_type"] == "vote").count()
}

#[test]
fn a_vote_leads_nobody_while_the_panel_votes() {
    run(async {
        let station = station(|_| {}).await;
        let plan = voting(&station).await;
        let exam = plan.wire_id;
        let expert = |n: usize| station.token(plan.panel[n].person, Role::Expert);
        let (own, other, staff) = (expert(0), expert(1), station.operator());
        assert_eq!(plan.panel[0].role, PanelRole::Chair);
        assert_eq!(votes(&station, exam, &own).await, 1, "one's own");
        assert_eq!(votes(&station, exam, &other).await, 0);
        assert_eq!(votes(&station, exam, &staff).await, 0);
        let vote = || Command::VoteVerdict { passed: false, reason: None };
        for member in &plan.panel[1..] {
            submit(&station, exam, member.person, &[Role::Expert], vote()).await;
        }
        assert_eq!(votes(&station, exam, &other).await, plan.panel.len(), "now it is decided");
        station.stop().await;
    });
}

/// A theory exam that has been handed in, of a person who is an operator as well.
async fn scored(station: &Station) -> PersonId {
    let plan = station.plan().await;
    let chair = plan.panel.iter().find(|m| m.role == PanelRole::Chair).expect("a chair").person;
    submit(station, EXAM, PersonId(9_001), &[Role::Operator], Command::MarkSynced {}).await;
    station.open().await;
    for member in &plan.panel {
        submit(station, EXAM, member.person, &[Role::Expert], Command::Arrive {}).await;
    }
    for command in [Command::ConfirmIdentity {}, Command::StartTheory {}] {
        submit(station, EXAM, chair, &[Role::Expert], command).await;
    }
    let candidate = plan.candidate.person;
    submit(station, EXAM, candidate, &[Role::Candidate], Command::SubmitTheory {}).await;
    let phase = station.running.app.exams.inspect(EXAM, |exam, _| exam.phase).await;
    assert_ne!(phase.expect("the exam"), Phase::TheoryRunning);
    candidate
}

#[test]
fn correct_answers_are_for_those_who_have_a_right_to_them() {
    run(async {
        let station = station(|_| {}).await;
        let candidate = scored(&station).await;
        let sheet = "/api/nsk/v1/exams/101/sheet";
        let expert = station.plan().await.panel[1].person;
        for (token, status) in [
            (station.token(expert, Role::Expert), 200),
            (station.token(PersonId(9_002), Role::Council), 200),
            (station.operator(), 200),
            (station.token(PersonId(9_003), Role::Observer), 403),
            (station.token(PersonId(9_004), Role::Expert), 403),
            (station.token(candidate, Role::Candidate), 403),
            // Whatever else they are.
            (station.token(candidate, Role::Administrator), 403),
        ] {
            assert_eq!(get(&station, sheet, &token).await.status, status, "{token}");
        }
        let own = station.token(candidate, Role::Operator);
        assert_eq!(get(&station, "/api/nsk/v1/exams/101/export", &own).await.status, 403);
        station.stop().await;
    });
}

#[test]
fn a_sitting_ends_with_the_next_sign_in_even_across_a_restart() {
    run(async {
        let dir = tempfile::tempdir().expect("a directory");
        let data = dir.path().join("data");
        let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let mut config = demo::config(&data, listen).expect("a configuration");
        config.server.workers = 1;
        let mut tokens: Vec<String> = Vec::new();
        for _ in 0..3 {
            let running = serve::start(config.clone()).await.expect("a station");
            let pace = "1".parse().expect("a pace");
            let demo = Demo::start(&running.app, pace, false).await.expect("a demo");
            for _ in 0..2 {
                let parts = Parts::new(running.app.clone());
                let service = actix_web::test::init_service(super::super::application(&parts));
                let body = json!({"username": "candidate", "password": "candidate"});
                let request = TestRequest::post().uri("/token").set_json(body).to_request();
                let answer: Value =
                    actix_web::test::call_and_read_body_json(&service.await, request).await;
                tokens.push(answer["access_token"].as_str().expect("a token").to_owned());
                let (last, before) = tokens.split_last().expect("one");
                assert!(running.app.auth.verify(last).is_ok());
                for token in before {
                    assert!(running.app.auth.verify(token).is_err(), "of {}", tokens.len());
                }
            }
            drop(demo);
            assert!(running.stop().await, "a clean end");
        }
    });
}

#[test]
fn a_password_in_the_address_is_not_taken() {
    run(async {
        let station = station(|_| {}).await;
        let path = "/token?username=observer&password=observer";
        let answer = call(&station, TestRequest::post().uri(path)).await;
        assert_eq!(answer.status, 422, "{answer:?}");
        assert_eq!(answer.body["detail"][0]["type"], "value_error.missing");
        station.stop().await;
    });
}

#[test]
fn legacy_actions_count_against_their_person() {
    run(async {
        let station = station(|config| config.live.frames_per_second_max = 3).await;
        let parts = Parts::new(station.running.app.clone());
        let service = actix_web::test::init_service(super::super::application(&parts)).await;
        let token = station.token(PersonId(20), Role::Expert);
        let mut statuses = Vec::new();
        for _ in 0..8 {
            let path = "/api/v1/exam/101/practice/action?a_type=arrive";
            let request = request("POST", path, Some(&token)).to_request();
            let answer = actix_web::test::call_service(&service, request).await;
            statuses.push(answer.status().as_u16());
        }
        assert!(statuses.contains(&429), "{statuses:?}");
        station.stop().await;
    });
}

#[test]
fn every_refusal_has_the_face_that_its_clients_know() {
    run(async {
        let station = station(|_| {}).await;
        let token = station.operator();
        for (method, path, status) in [
            ("PUT", "/api/nsk/v1/board", 405),
            ("GET", "/live", 400),
            ("GET", "/api/nsk/v1/exams?limit=many", 400),
            ("GET", "/api/nsk/v1/streams", 400),
        ] {
            let answer = call(&station, request(method, path, Some(&token))).await;
            assert_eq!(answer.status, status, "{path} {answer:?}");
            assert_eq!(answer.kind, "application/problem+json", "{path}");
            assert_eq!(answer.body["status"], status, "{path}");
        }
        for (method, path, status) in
            [("DELETE", "/token", 405), ("GET", "/api/v1/exam/events?dtfrom=1&dtfrom=2", 422)]
        {
            let answer = call(&station, request(method, path, Some(&token))).await;
            assert_eq!(answer.status, status, "{path} {answer:?}");
            assert!(!answer.body["detail"].is_null(), "{path}");
        }
        let long = json!({"cmd": "x", "body": {"type": "z".repeat(100_000)}});
        let answer = post(&station, "/api/nsk/v1/exams/101/commands", &token, long).await;
        assert!(answer.body["detail"].as_str().expect("a text").len() < 1_000);
        station.stop().await;
    });
}

async fn with_cookie(station: &Station, token: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = TestRequest::post().uri("/api/nsk/v1/tickets");
    request = request.insert_header((HOST, "exam.example"));
    request = request.insert_header((COOKIE, format!("nsk_session={token}")));
    for (name, value) in headers {
        request = request.insert_header((*name, *value));
    }
    call(station, request.insert_header((CONTENT_TYPE, "application/json"))).await
}

#[test]
fn a_cookie_is_of_no_use_to_another_site() {
    run(async {
        for (secure, origin, status) in [
            (false, None, 403),
            (false, Some("null"), 403),
            (false, Some("http://evil.example"), 403),
            (false, Some("http://exam.example.evil.example"), 403),
            (false, Some("http://evil@exam.example"), 403),
            (false, Some("http://exam.example:81"), 403),
            (false, Some("http://exam.example"), 200),
            (true, Some("http://exam.example"), 403),
            (true, Some("https://exam.example"), 200),
        ] {
            let station = station(|config| config.server.secure_cookies = secure).await;
            let token = station.operator();
            let headers: Vec<_> = origin.into_iter().map(|o| (ORIGIN.as_str(), o)).collect();
            let answer = with_cookie(&station, &token, &headers).await;
            assert_eq!(answer.status, status, "{origin:?}, secure: {secure}");
            station.stop().await;
        }
    });
}

#[test]
fn a_ticket_ends_with_the_sign_in_that_asked_for_it() {
    run(async {
        let station = station(|_| {}).await;
        let parts = Parts::new(station.running.app.clone());
        let service = actix_web::test::init_service(super::super::application(&parts)).await;
        let token = sign_in(&station, "observer").await;
        let mut statuses = Vec::new();
        for sign_out in [false, true] {
            let asked = request("POST", "/api/nsk/v1/tickets", Some(&token)).to_request();
            let ticket: Value = actix_web::test::call_and_read_body_json(&service, asked).await;
            let ticket = ticket["ticket"].as_str().expect("a ticket").to_owned();
            if sign_out {
                let principal = station.running.app.auth.verify(&token).expect("signed in");
                station.running.app.auth.logout(&principal).await.expect("signed out");
            }
            let path = format!("/api/nsk/v1/streams?s=board&ticket={ticket}");
            let stream = TestRequest::get().uri(&path).to_request();
            statuses.push(actix_web::test::call_service(&service, stream).await.status().as_u16());
        }
        assert_eq!(statuses, [200, 401]);
        station.stop().await;
    });
}

#[test]
fn an_answer_of_another_candidate_is_out_of_reach() {
    run(async {
        let station = station(|_| {}).await;
        let stranger = station.token(PersonId(31), Role::Candidate);
        let own = station.plan().await.candidate.person;
        assert_ne!(own, PersonId(31));
        for path in [
            "/api/nsk/v1/exams/101",
            "/api/nsk/v1/exams/101/records",
            "/api/nsk/v1/streams?s=exam:101",
            "/api/nsk/v1/streams?s=board",
            "/api/v1/exam/101",
            "/api/v1/exam/101/action",
            "/api/v1/exam/101/practice/viewstate",
        ] {
            assert_eq!(get(&station, path, &stranger).await.status, 403, "{path}");
        }
        let answer = Given::Choice { chosen: [].into() };
        let command = json!({
            "cmd": station.running.app.ids.command_id(),
            "body": {"type": "save_answer", "question": 1, "answer": answer},
        });
        let path = "/api/nsk/v1/exams/101/commands";
        assert_eq!(post(&station, path, &stranger, command).await.status, 403);
        let listed = get(&station, "/api/nsk/v1/exams", &stranger).await;
        let listed = listed.body["exams"].as_array().expect("a list").clone();
        assert!(listed.iter().all(|exam| exam["candidate_id"] == 31), "{listed:?}");
        station.stop().await;
    });
}
