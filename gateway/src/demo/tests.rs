use super::*;
use engine::exam::{Cameras, Context, Event, Exam, Materials, Outcome, Phase, Stamp};
use engine::{Moment, Seed, StreamId};

#[test]
fn the_demos_tools_are_sound() {
    let (theory, practice) = tools().expect("sound tools");
    assert_eq!(theory.qualification.id, practice.qualification_id);
    engine::Form::assemble(&theory, &engine::Blueprint::of(&theory), &engine::Seed([1; 32]))
        .expect("a form");
}

#[test]
fn everybody_has_a_number_and_a_login_of_their_own() {
    let all: Vec<_> = cast::everybody().collect();
    let ids: std::collections::BTreeSet<_> = all.iter().map(|m| m.id).collect();
    let logins: std::collections::BTreeSet<_> = all.iter().map(|m| m.login).collect();
    assert_eq!((ids.len(), logins.len()), (all.len(), all.len()));
    assert!(all.iter().all(|m| m.login.len() >= 5), "passwords equal logins");
}

#[test]
fn the_demo_stays_on_this_machine() {
    let dir = Path::new("var/demo");
    for (listen, good) in [
        ("127.0.0.1:8080", true),
        ("[::1]:0", true),
        ("0.0.0.0:8080", false),
        ("10.0.0.5:1", false),
    ] {
        assert_eq!(config(dir, listen.parse().expect(listen)).is_ok(), good, "{listen}");
    }
}

#[test]
fn the_demos_configuration_is_sound() {
    config(Path::new("var/demo"), SocketAddr::from(([127, 0, 0, 1], 0)))
        .expect("a configuration")
        .validate()
        .expect("sound");
}

/// Lets the exam of a place run in made-up time until nobody has anything left to do.
fn run(place: u64, candidate_here: bool) -> Exam {
    run_and_see(place, candidate_here).0
}

/// As [`run`], with everything that happened.
fn run_and_see(place: u64, candidate_here: bool) -> (Exam, Vec<Event>) {
    let (theory, practice) = tools().expect("sound tools");
    let pace: Pace = "1".parse().expect("a pace");
    let day = day::Day::new(Arc::new(theory), Arc::new(practice), pace);
    let mut now = Moment(1_800_000_000_000);
    let plan = day.plan_of(1, place, now);
    plan.check().expect("a sound plan");
    let materials = Materials {
        tool: plan.tool.is_some().then(|| day.theory.clone()),
        practice: plan.practice.is_some().then(|| day.practice.clone()),
    };
    let stamp = Stamp { seq: 1, at: now, by: None };
    let mut exam = Exam::planned(StreamId(uuid::Uuid::nil()), plan, materials, stamp);
    let mut seen = Vec::new();
    for _ in 0..500 {
        let facts = moves::Facts { day: &day, now, candidate_here };
        let Some(next) = moves::next(&exam, &facts) else {
            return (exam, seen);
        };
        now = now.max(next.at);
        let context = Context { now, seed: Seed([7; 32]), cameras: Cameras::NotRequired };
        let by = next.issuer.person;
        let events = exam
            .decide(&next.issuer, &next.command, &context)
            .unwrap_or_else(|e| panic!("place {place}: {:?} refused: {e}", next.command));
        assert!(!events.is_empty(), "place {place}: {:?} again and again", next.command);
        for event in &events {
            let stamp = Stamp { seq: exam.seq + 1, at: now, by };
            exam.apply(stamp, event);
        }
        seen.extend(events);
        if let Some(deadline) = exam.next_deadline() {
            assert!(now < deadline, "place {place}: nobody is so slow");
        }
    }
    panic!("place {place} never ends");
}

#[test]
fn each_story_comes_to_its_end() {
    for (place, outcome) in [
        (1, Outcome::Pass),
        (2, Outcome::Fail),
        (3, Outcome::Fail),
        (4, Outcome::Pass),
        (6, Outcome::Pass),
        (7, Outcome::Pass),
    ] {
        let exam = run(place, false);
        assert_eq!(exam.phase, Phase::Completed, "place {place}");
        assert_eq!(exam.outcome, Some(outcome), "place {place}");
    }
    assert_eq!(run(5, false).phase, Phase::Completed);
}

#[test]
fn the_stories_show_what_there_is_to_see() {
    let incident = run(1, false);
    assert_eq!(incident.incidents.len(), 1);
    assert_eq!(incident.ledger.entries().len(), 1);
    let failed = run(2, false);
    assert!(failed.practice.started_at.is_none(), "theory was not passed");
    let dissent = run(3, false).protocol.expect("a protocol");
    assert!(dissent.signatures.values().any(|(_, dissent)| dissent.is_some()));
    let accommodated = run(6, false);
    assert!(!accommodated.ledger.entries().is_empty());
    let (_, quarrel) = run_and_see(7, false);
    let recalled = quarrel.iter().any(|e| matches!(e, Event::SpreadExceeded { .. }));
    assert!(recalled, "experts were called back");
}

#[test]
fn the_humans_seats_are_left_to_them() {
    let empty = run(0, false);
    assert_eq!(empty.phase, Phase::NoShow, "nobody came until the end of the time");
    let seated = run(0, true);
    assert_eq!(seated.phase, Phase::TheoryRunning, "the answers are the human's");
    assert!(seated.theory.answers.is_empty());
    assert!(!seated.present.contains_key(&cast::EXPERT.id));
    let beside = run(1, false);
    assert!(!beside.present.contains_key(&cast::EXPERT.id), "and nobody waits for them");
}

#[test]
fn a_first_start_that_was_cut_off_is_made_good() {
    crate::http::tests::station::run(async {
        let dir = tempfile::tempdir().expect("a directory");
        let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let config = config(&dir.path().join("data"), listen).expect("a configuration");
        let running = crate::serve::start(config).await.expect("a station");
        let store = &running.app.store;
        let first = Person {
            id: cast::OPERATOR.id,
            login: cast::OPERATOR.login.to_owned(),
            name: cast::OPERATOR.name.to_owned(),
            password_hash: "of before".to_owned(),
            roles: vec!["operator".to_owned()],
            personnel_no: Some(format!("{MARK}1")),
            active: true,
            made_at: running.app.clock.now(),
        };
        store.put_person(&first).await.expect("kept");
        prepare(store, &running.app).await.expect("the others");
        let everybody = people(store).await.expect("people");
        assert_eq!(everybody.len(), cast::everybody().count());
        assert!(everybody.contains(&first), "who is there stays as they are");
        assert!(running.stop().await, "a clean end");
    });
}
