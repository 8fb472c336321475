//! Whether the person at the keyboard sits in the candidate's seat: the demo follows those exams
//! like any observer does, and reads who is there.

use super::cast;
use crate::app::App;
use actors::exams::{ConnId, Subscribe};
use actors::feed::{Item, Outbox, Viewer};
use engine::WireId;
use engine::exam::view::Audience;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What may wait between two looks.
const FRAMES_MAX: usize = 1_024;
const BYTES_MAX: usize = 1024 * 1024;

/// The candidate's seats of the exams that are left to a person.
#[derive(Default)]
pub(super) struct Seats(BTreeMap<WireId, Seat>);

struct Seat {
    outbox: Arc<Outbox>,
    taken: bool,
}

impl Seats {
    /// Whether somebody sits in the candidate's seat of an exam that is left to a person; `false`
    /// for all others.
    pub async fn taken(&mut self, app: &App, exam: WireId) -> bool {
        if exam.0 % 100 != 1 {
            return false;
        }
        let mut seat = match self.0.remove(&exam) {
            Some(seat) => seat,
            None => match Seat::watch(app, exam).await {
                Some(seat) => seat,
                None => return false,
            },
        };
        let followed = seat.look();
        let taken = seat.taken;
        if followed {
            self.0.insert(exam, seat);
        } else {
            // The exam was started anew, or much happened: follow it again at the next look.
            seat.outbox.close();
        }
        taken
    }

    /// Forgets exams that are over.
    pub fn keep(&mut self, exams: &[WireId]) {
        self.0.retain(|exam, seat| {
            let kept = exams.contains(exam);
            if !kept {
                seat.outbox.close();
            }
            kept
        });
    }
}

impl Seat {
    async fn watch(app: &App, exam: WireId) -> Option<Seat> {
        let outbox = Arc::new(Outbox::new(FRAMES_MAX, BYTES_MAX, 1));
        let subscribe = Subscribe {
            // Connections count from 1 upwards.
            conn: ConnId(u64::MAX - exam.0),
            outbox: outbox.clone(),
            audience: Audience::Staff,
            viewer: Viewer {
                person: cast::OBSERVER.id,
                name: cast::OBSERVER.name.to_owned(),
                role: "observer",
                since: app.clock.now(),
            },
            resume: None,
            id: None,
        };
        app.exams.subscribe(exam, subscribe).await.ok()?;
        Some(Seat { outbox, taken: false })
    }

    /// Reads what happened; `false` when the exam is no longer followed.
    fn look(&mut self) -> bool {
        while let Some(item) = self.outbox.try_next() {
            match item {
                Item::Presence { members, .. } => {
                    self.taken = members.iter().any(|m| m.person == cast::CANDIDATE.id);
                }
                Item::Lagged { .. } => return false,
                _ => {}
            }
        }
        !self.outbox.is_closed()
    }
}
