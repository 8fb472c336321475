//! A whole station with the demo's people, tools and exams, and nobody at work on it.

use crate::auth::signin::Known;
use crate::config::Config;
use crate::demo::{self, Demo};
use crate::serve::{self, Machine, Running};
use engine::exam::{Command, Issuer, Plan, Role};
use engine::{PersonId, WireId};
use std::net::SocketAddr;

/// The demo's first exam.
pub const EXAM: WireId = WireId(101);

/// A running station; its directory goes with it.
pub struct Station {
    /// The running parts.
    pub running: Running,
    _demo: Demo,
    _dir: tempfile::TempDir,
}

/// Starts one, with its configuration changed.
pub async fn station(change: impl FnOnce(&mut Config)) -> Station {
    station_on(Machine::default(), change).await
}

/// As [`station`], on a machine of the test's own.
pub async fn station_on(machine: Machine, change: impl FnOnce(&mut Config)) -> Station {
    let dir = tempfile::tempdir().expect("a directory");
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut config = demo::config(&dir.path().join("data"), listen).expect("a configuration");
    config.server.workers = 1;
    change(&mut config);
    let running = serve::start_on(config, machine).await.expect("a station");
    let pace = "1".parse().expect("a pace");
    let demo = Demo::start(&running.app, pace, false).await.expect("a demo");
    Station { running, _demo: demo, _dir: dir }
}

impl Station {
    /// A token for anybody.
    pub fn token(&self, person: PersonId, role: Role) -> String {
        let known = Known {
            person,
            name: format!("человек {person}"),
            roles: [role].into(),
            uid: None,
            until: None,
        };
        let sid = hex::encode(self.running.app.ids.salt());
        self.running.app.auth.issue(&known, sid).expect("a token").token
    }

    /// A token of an operator who is nobody on any panel.
    pub fn operator(&self) -> String {
        self.token(PersonId(9_001), Role::Operator)
    }

    /// The plan of the first exam.
    pub async fn plan(&self) -> Plan {
        let plan = self.running.app.exams.inspect(EXAM, |exam, _| exam.plan.clone());
        plan.await.expect("the exam")
    }

    /// Opens the first exam, so that experts may arrive.
    pub async fn open(&self) {
        let app = &self.running.app;
        let submit = actors::exams::Submit {
            exam: EXAM,
            cmd: app.ids.command_id(),
            if_seq: None,
            issuer: Issuer::person(PersonId(9_001), [Role::Operator]),
            command: Command::Open {},
        };
        app.exams.submit(submit).await.expect("opened");
    }

    /// Stops it; everything must end in time.
    pub async fn stop(self) {
        assert!(self.running.stop().await, "a clean end");
    }
}

/// Runs a test inside an actix system.
pub fn run<T>(task: impl Future<Output = T>) -> T {
    actix_rt::System::new().block_on(task)
}
