//! What a bad line, a buffering proxy or a careless client does to steps and digests before they
//! are folded: some are lost, some come twice, some come after the next.

use crate::Draws;
use gateway::wire::server::ServerFrame;

/// How bad it is, in percent of the steps.
#[derive(Clone, Debug)]
pub struct Mangle {
    draws: Draws,
    /// Lost for good.
    pub lost: u64,
    /// Delivered twice.
    pub doubled: u64,
    /// Held back until after the next.
    pub late: u64,
    held: Option<ServerFrame>,
    /// How many were lost, doubled and held back.
    pub done: [u64; 3],
}

impl Mangle {
    /// A line as bad as its seed says.
    pub fn new(draws: Draws) -> Mangle {
        Mangle { draws, lost: 5, doubled: 10, late: 10, held: None, done: [0; 3] }
    }

    /// From now on everything arrives.
    pub fn heal(&mut self) {
        (self.lost, self.doubled, self.late) = (0, 0, 0);
    }

    /// The connection has ended, and what was on its way with it.
    pub fn cut(&mut self) {
        self.held = None;
    }

    /// What arrives when this was sent.
    pub fn pass(&mut self, frame: ServerFrame) -> Vec<ServerFrame> {
        if !matches!(frame, ServerFrame::Ev(_) | ServerFrame::Dig(_)) {
            return vec![frame];
        }
        if self.draws.chance(self.lost) {
            self.done[0] += 1;
            return Vec::new();
        }
        if self.held.is_none() && self.draws.chance(self.late) {
            self.done[2] += 1;
            self.held = Some(frame);
            return Vec::new();
        }
        let mut out = vec![frame];
        if self.draws.chance(self.doubled) {
            self.done[1] += 1;
            out.push(out[0].clone());
        }
        out.extend(self.held.take());
        out
    }
}
