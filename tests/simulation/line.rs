//! A bad line between a connection's outbox and its client.

use actors::feed::Item;
use tests::Draws;

/// How bad, in percent of the frames.
#[derive(Clone, Copy, Debug)]
pub struct Odds {
    /// Lost.
    pub lost: u64,
    /// Delivered twice.
    pub doubled: u64,
    /// Held back behind the next one.
    pub late: u64,
}

impl Odds {
    /// A line as bad as they come.
    pub const BAD: Odds = Odds { lost: 8, doubled: 8, late: 8 };
    /// A line that delivers everything once and in order.
    pub const GOOD: Odds = Odds { lost: 0, doubled: 0, late: 0 };
}

/// The line: what goes in may come out never, later or twice.
pub struct Line {
    odds: Odds,
    held: Option<Item>,
    /// It lost the last frame that went in.
    pub lost_last: bool,
}

impl Line {
    /// A line of this quality.
    pub fn new(odds: Odds) -> Line {
        Line { odds, held: None, lost_last: false }
    }

    /// What comes out when this goes in.
    pub fn carry(&mut self, item: Item, draws: &mut Draws) -> Vec<Item> {
        self.lost_last = draws.chance(self.odds.lost);
        if self.lost_last {
            return Vec::new();
        }
        if self.held.is_none() && draws.chance(self.odds.late) {
            self.held = Some(item);
            return Vec::new();
        }
        let mut out = vec![item.clone()];
        if draws.chance(self.odds.doubled) {
            out.push(item);
        }
        out.extend(self.held.take());
        out
    }
}
