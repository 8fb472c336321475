//! Sittings on paused time: they outlive connections, and end once.

use crate::error::{AppendError, LogError};
use crate::exams::{ConnId, SubmitError};
use crate::feed::Outbox;
use crate::ports::Revoked;
use crate::session::SignIn;
use crate::testing::{Fault, Station, in_paused_system, pass};
use engine::session::Sitting;
use engine::{PersonId, StreamId, chain};
use std::sync::Arc;

const EXPERT: PersonId = PersonId(77);

fn sign_in(device: &str, exclusive: bool) -> SignIn {
    SignIn {
        person: EXPERT,
        name: "Эксперт".into(),
        role: "expert".into(),
        device: device.into(),
        exclusive,
    }
}

async fn open(station: &Station, device: &str) -> StreamId {
    station.sessions().open(sign_in(device, true)).await.expect("a sitting")
}

async fn attach(station: &Station, sid: StreamId) -> (ConnId, Arc<Outbox>) {
    let (conn, outbox) = station.connect();
    let answer = station.sessions().attach(sid, conn, outbox.clone()).await;
    assert_eq!(answer, Ok(()));
    (conn, outbox)
}

fn kinds(station: &Station, sid: StreamId) -> Vec<String> {
    let records = station.ports.log.records(sid);
    chain::verify(&records).expect("a sound chain");
    records.into_iter().map(|r| r.kind).collect()
}

fn sitting(station: &Station, sid: StreamId) -> Sitting {
    Sitting::fold(&station.ports.log.records(sid)).expect("a sitting")
}

#[test]
fn a_link_is_lost_when_the_last_connection_stays_away() {
    in_paused_system(async {
        let station = Station::new(1).await;
        let sid = open(&station, "планшет").await;
        assert_eq!(kinds(&station, sid), ["signed_in"]);
        let (first, _) = attach(&station, sid).await;
        let (second, _) = attach(&station, sid).await;
        assert_eq!(kinds(&station, sid), ["signed_in", "link_restored"], "one link, two tabs");
        station.sessions().detach(sid, first);
        pass(10_000).await;
        assert!(sitting(&station, sid).linked, "one is left");
        // A reload is not an absence.
        station.sessions().detach(sid, second);
        pass(1_500).await;
        let (third, _) = attach(&station, sid).await;
        pass(1_000).await;
        station.sessions().detach(sid, third);
        pass(1_500).await;
        assert!(sitting(&station, sid).linked, "the grace begins anew each time");
        pass(1_000).await;
        assert!(!sitting(&station, sid).linked);
        let (_, outbox) = attach(&station, sid).await;
        let expected = ["signed_in", "link_restored", "link_lost", "link_restored"];
        assert_eq!(kinds(&station, sid), expected);
        assert_eq!(sitting(&station, sid).links_lost, 1);
        assert!(!outbox.is_closed());
    });
}

#[test]
fn another_device_closes_the_connections_of_the_first() {
    in_paused_system(async {
        let station = Station::new(1).await;
        let mut ended = station.sessions().ended();
        let old = open(&station, "планшет").await;
        let links = [attach(&station, old).await.1, attach(&station, old).await.1];
        let new = open(&station, "телефон").await;
        for outbox in &links {
            assert_eq!((outbox.is_closed(), outbox.close_code()), (true, Some(4501)));
        }
        assert_eq!(ended.try_recv(), Ok(Revoked::Session(old.to_string())));
        assert_eq!(kinds(&station, old).last().map(String::as_str), Some("replaced"));
        assert!(sitting(&station, old).ended_at.is_some());
        // Whoever comes with the old sitting is shown out at once, in this process and the next.
        let (_, late) = attach(&station, old).await;
        assert_eq!(late.close_code(), Some(4501));
        let (_, good) = attach(&station, new).await;
        assert!(!good.is_closed());
        assert!(ended.try_recv().is_err(), "only the old one ended");
    });
}

#[test]
fn a_second_sitting_beside_the_first_leaves_it_alone() {
    in_paused_system(async {
        let station = Station::new(1).await;
        let first = open(&station, "планшет").await;
        let (_, outbox) = attach(&station, first).await;
        station.sessions().open(sign_in("табло", false)).await.expect("a sitting");
        assert!(!outbox.is_closed());
        assert_eq!(sitting(&station, first).ended_at, None);
    });
}

#[test]
fn signing_out_ends_a_sitting_once() {
    in_paused_system(async {
        let mut station = Station::new(1).await;
        let sid = open(&station, "планшет").await;
        let (conn, outbox) = attach(&station, sid).await;
        station.sessions().close(sid).await;
        assert_eq!(outbox.close_code(), Some(4501));
        station.sessions().close(sid).await;
        station.sessions().detach(sid, conn);
        pass(5_000).await;
        assert_eq!(kinds(&station, sid), ["signed_in", "link_restored", "signed_out"]);
        station.kill();
        station.start().await;
        let (_, late) = attach(&station, sid).await;
        assert_eq!(late.close_code(), Some(4501));
    });
}

#[test]
fn a_sitting_outlives_the_process() {
    in_paused_system(async {
        let mut station = Station::new(1).await;
        let sid = open(&station, "планшет").await;
        attach(&station, sid).await;
        station.kill();
        pass(60_000).await;
        station.start().await;
        let (conn, outbox) = attach(&station, sid).await;
        assert!(!outbox.is_closed());
        station.sessions().detach(sid, conn);
        pass(3_000).await;
        assert_eq!(kinds(&station, sid), ["signed_in", "link_restored", "link_lost"]);
    });
}

#[test]
fn a_sitting_without_connections_costs_no_actor() {
    in_paused_system(async {
        let station = Station::new(1).await;
        let children = |station: &Station| station.system().picture().sessions.children;
        let mut sittings = Vec::new();
        for n in 0..20 {
            let sid = station.sessions().open(sign_in(&format!("{n}"), n > 15)).await;
            sittings.push(sid.expect("a sitting"));
        }
        assert_eq!(children(&station), 4, "those that were replaced, for a moment");
        let (conn, _) = attach(&station, sittings[19]).await;
        pass(10_000).await;
        assert_eq!(children(&station), 1);
        station.sessions().detach(sittings[19], conn);
        pass(10_000).await;
        assert_eq!(children(&station), 0);
        attach(&station, sittings[19]).await;
        let expected = ["signed_in", "link_restored", "link_lost", "link_restored"];
        assert_eq!(kinds(&station, sittings[19]), expected);
    });
}

#[test]
fn an_unknown_sitting_is_not_let_in() {
    in_paused_system(async {
        let station = Station::new(1).await;
        let (conn, outbox) = station.connect();
        let nobody = crate::ports::IdSource::stream_id(&*station.ports.ids);
        let answer = station.sessions().attach(nobody, conn, outbox).await;
        assert!(answer.is_err());
    });
}

#[test]
fn a_store_in_trouble_costs_a_note_and_not_the_sitting() {
    in_paused_system(async {
        let mut station = Station::new(1).await;
        station.ports.log.set_outage(Some(AppendError::Full));
        let refused = station.sessions().open(sign_in("планшет", true)).await;
        assert!(refused.is_err_and(|e| e.temporary()));
        station.ports.log.set_outage(None);
        let sid = open(&station, "планшет").await;
        // Written, but nobody heard of it: what follows continues the stream where it stands.
        station.ports.log.fail_next(Fault::LoseReply);
        let (conn, _) = attach(&station, sid).await;
        station.sessions().detach(sid, conn);
        pass(3_000).await;
        assert_eq!(kinds(&station, sid), ["signed_in", "link_restored", "link_lost"]);
        // A log that cannot be read is asked again.
        station.kill();
        station.ports.log.set_read_outage(Some(LogError::Unavailable("locked".into())));
        station.ports.log.set_read_outage(None);
        station.start().await;
        station.ports.log.set_read_outage(Some(LogError::Unavailable("locked".into())));
        let (conn, outbox) = station.connect();
        let answer = station.sessions().attach(sid, conn, outbox.clone()).await;
        assert!(answer.is_err_and(|e| e.temporary()));
        station.ports.log.set_read_outage(None);
        let mut answer = Err(SubmitError::Retry);
        for _ in 0..3 {
            answer = station.sessions().attach(sid, conn, outbox.clone()).await;
        }
        assert_eq!(answer, Ok(()));
    });
}
