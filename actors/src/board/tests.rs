//! The board on paused time: one update per tick, whatever happened in it.

use crate::board::Alert;
use crate::exams::ConnId;
use crate::feed::{Item, Outbox, Resume};
use crate::ports::Clock;
use crate::settings::Limits;
use crate::testing::plans::{AnExam, an_exam, comment};
use crate::testing::{Replica, Seen, Station, in_paused_system, pass};
use engine::WireId;
use engine::exam::Command;
use engine::exam::view::Audience;
use std::sync::Arc;

struct Watcher {
    replica: Replica,
    conn: ConnId,
    outbox: Arc<Outbox>,
}

impl Watcher {
    fn new(station: &Station) -> Watcher {
        let (conn, outbox) = station.connect();
        let watcher = Watcher { replica: Replica::default(), conn, outbox };
        watcher.subscribe(station, None);
        watcher
    }

    fn subscribe(&self, station: &Station, resume: Option<Resume>) {
        let link = (self.conn, self.outbox.clone());
        let mut subscribe = station.subscribe(link, Audience::Staff, &Replica::default());
        subscribe.resume = resume;
        station.board().subscribe(subscribe);
    }

    fn read(&mut self) -> (Vec<Item>, Vec<Seen>) {
        let items: Vec<Item> = std::iter::from_fn(|| self.outbox.try_next()).collect();
        let seen = items.iter().map(|item| self.replica.take(item)).collect();
        (items, seen)
    }

    fn agrees(&self, station: &Station) -> bool {
        self.replica.state == Some(station.board().snapshot().state)
    }
}

async fn exams(station: &Station, count: u64) -> Vec<AnExam> {
    let exams: Vec<AnExam> = (1..=count).map(an_exam).collect();
    for exam in &exams {
        station.ready(exam).await;
    }
    pass(500).await;
    exams
}

async fn comment_on(station: &Station, exam: &AnExam, text: &str) {
    let step = (exam.cast().chair(), comment(text));
    station.give(exam.cast().exam, step).await.expect("an acknowledgement");
}

#[test]
fn many_changes_in_a_tick_are_one_update() {
    in_paused_system(async {
        let station = Station::new(1).await;
        let exams = exams(&station, 12).await;
        let mut watcher = Watcher::new(&station);
        let (_, seen) = watcher.read();
        assert_eq!(seen, [Seen::Aside, Seen::Fresh, Seen::Agreed]);
        for round in 0..5 {
            for exam in &exams {
                comment_on(&station, exam, &format!("round {round}")).await;
            }
        }
        let tick = station.ports.limits.board_tick_ms;
        pass(tick + 1).await;
        let (items, seen) = watcher.read();
        assert_eq!(seen, [Seen::Applied], "60 events, one frame");
        let Item::Update(update) = &items[0] else { panic!("{items:?}") };
        let patch: serde_json::Value =
            serde_json::from_str(update.patch.as_deref().unwrap_or_default()).expect("JSON");
        assert_eq!(patch["rows"].as_object().map(serde_json::Map::len), Some(12));
        assert!(watcher.agrees(&station));
        // A quiet board says nothing but one digest.
        pass(station.ports.limits.digest_ms * 3).await;
        assert_eq!(watcher.read().1, [Seen::Agreed]);
    });
}

#[test]
fn a_row_follows_its_exam_within_a_tick() {
    in_paused_system(async {
        let station = Station::new(1).await;
        let exams = exams(&station, 1).await;
        let mut watcher = Watcher::new(&station);
        watcher.read();
        let cast = exams[0].cast();
        for (command, phase) in [
            (Command::StartTheory {}, "theory_running"),
            (Command::Suspend { reason: "тревога".into() }, "suspended"),
            (Command::Resume {}, "theory_running"),
        ] {
            station.give(cast.exam, (cast.chair(), command)).await.expect("an ack");
            pass(station.ports.limits.board_tick_ms + 1).await;
            watcher.read();
            let state = watcher.replica.state.clone().unwrap_or_default();
            assert_eq!(state["rows"]["1"]["phase"], phase);
            assert_eq!(state["rows"]["1"].get("suspended_from").is_some(), phase == "suspended");
        }
        let rows = station.board().rows();
        assert_eq!(
            serde_json::to_value(&rows[0]).expect("JSON"),
            watcher.replica.state.unwrap_or_default()["rows"]["1"]
        );
    });
}

#[test]
fn a_watcher_that_comes_back_gets_the_missed_ticks_or_a_snapshot() {
    in_paused_system(async {
        let mut station = Station::new(1).await;
        let exams = exams(&station, 2).await;
        let mut watcher = Watcher::new(&station);
        watcher.read();
        let place = watcher.replica.resume();
        for n in 0..3 {
            comment_on(&station, &exams[0], &format!("{n}")).await;
            comment_on(&station, &exams[1], &format!("{n}")).await;
            pass(300).await;
        }
        station.board().unsubscribe(watcher.conn);
        watcher.outbox = station.connect().1;
        watcher.subscribe(&station, place.clone());
        let (items, seen) = watcher.read();
        assert!(matches!(items[0], Item::Subscribed { recovered: true, .. }));
        let applied = seen.iter().filter(|s| **s == Seen::Applied).count();
        assert!((1..=3).contains(&applied), "{seen:?}");
        assert_eq!(seen.last(), Some(&Seen::Agreed));
        assert!(watcher.agrees(&station));
        // A board of the next process has another epoch: its numbers do not compare.
        station.kill();
        station.start().await;
        let mut watcher = Watcher { outbox: station.connect().1, ..watcher };
        watcher.subscribe(&station, watcher.replica.resume());
        let (items, seen) = watcher.read();
        assert!(matches!(items[0], Item::Subscribed { recovered: false, .. }));
        assert_eq!(seen[1], Seen::Fresh);
        pass(300).await;
        assert!(watcher.read().1.iter().all(|s| !s.asks_anew()));
        assert!(watcher.agrees(&station));
        let rows = station.board().rows();
        assert_eq!(rows.len(), 2, "every live exam is on the new board without being asked for");
    });
}

#[test]
fn ticks_that_are_no_longer_kept_are_answered_with_a_snapshot() {
    in_paused_system(async {
        let station = Station::new(1).await;
        let exams = exams(&station, 1).await;
        let mut watcher = Watcher::new(&station);
        watcher.read();
        let place = watcher.replica.resume().expect("a place");
        station.board().unsubscribe(watcher.conn);
        for n in 0..=super::RING_MAX {
            comment_on(&station, &exams[0], &format!("{n}")).await;
            station.board().tick();
        }
        let cases = [
            (place.clone(), false),
            (Resume { seq: place.seq + 1, hash: None, ..place.clone() }, true),
            (Resume { seq: place.seq + 1, ..place }, false),
        ];
        for (place, expected) in cases {
            watcher.outbox = station.connect().1;
            watcher.subscribe(&station, Some(place));
            let (items, _) = watcher.read();
            let Item::Subscribed { recovered, .. } = items[0] else { panic!("{items:?}") };
            assert_eq!(recovered, expected);
        }
    });
}

#[test]
fn alerts_travel_with_the_board_and_end_with_their_cause() {
    in_paused_system(async {
        let station = Station::new(1).await;
        let mut watcher = Watcher::new(&station);
        watcher.read();
        let alert = |key: &str, text: &str| Alert {
            key: key.into(),
            kind: "clock",
            text: text.into(),
            exam: Some(WireId(7)),
            at: station.ports.clock.now(),
        };
        station.board().alert(alert("a", "часы"));
        station.board().alert(alert("b", "часы"));
        station.board().alert(alert("a", "часы спешат"));
        pass(300).await;
        assert_eq!(watcher.read().1, [Seen::Applied]);
        let state = watcher.replica.state.clone().unwrap_or_default();
        assert_eq!(state["alerts"]["a"]["text"], "часы спешат");
        assert_eq!(state["alerts"]["a"]["exam"], 7);
        assert_eq!(state["alerts"].as_object().map(serde_json::Map::len), Some(2));
        station.board().clear_alert("a");
        station.board().clear_alert("nothing");
        pass(300).await;
        watcher.read();
        assert!(watcher.agrees(&station));
        let left: Vec<String> = station.board().alerts().into_iter().map(|a| a.key).collect();
        assert_eq!(left, ["b"]);
    });
}

#[test]
fn a_watcher_that_does_not_read_is_told_and_forgotten_when_closed() {
    in_paused_system(async {
        let limits = Limits { outbox_frames_max: 2, heartbeat_ms: 20_000, ..Limits::default() };
        let station = Station::with_limits(1, limits).await;
        let exams = exams(&station, 1).await;
        let mut slow = Watcher::new(&station);
        let mut quick = Watcher::new(&station);
        slow.read();
        quick.read();
        for n in 0..5 {
            comment_on(&station, &exams[0], &format!("{n}")).await;
            pass(300).await;
            assert!(quick.read().1.iter().all(|s| !s.asks_anew()));
        }
        let (items, seen) = slow.read();
        assert!(matches!(items[..], [Item::Lagged { missed: 5, .. }]), "{items:?}");
        assert_eq!(seen, [Seen::Lagged]);
        slow.subscribe(&station, None);
        slow.read();
        assert!(slow.agrees(&station) && quick.agrees(&station));
        slow.outbox.close();
        comment_on(&station, &exams[0], "to the other").await;
        pass(300).await;
        assert_eq!(quick.read().1, [Seen::Applied]);
        assert!(slow.read().0.is_empty());
        // A copy that went wrong is found out on request.
        quick.replica.state.as_mut().expect("a state")["rows"]["1"]["room"] = "13".into();
        station.board().ask_digest(quick.conn);
        assert_eq!(quick.read().1, [Seen::Mismatch]);
    });
}
