//! Reading the constructor's document as a whole: its header, and the sums that must come out.

use crate::import::{Complaints, ImportLimits, Imported, MINUTES_MAX, Node, Problem, json};
use crate::points::Points;
use crate::tool::{Qualification, Standard, Tool, Topic, topics};

/// Levels of qualification that exist (1 to 9), with room for the unknown.
const LEVEL_MAX: u64 = 99;

/// The header's numbers, each `None` after a complaint.
struct Header {
    os_id: Option<u64>,
    minutes: Option<u32>,
    total: Option<Points>,
    pass: Option<Points>,
}

pub(super) fn read(bytes: &[u8], limits: &ImportLimits) -> Result<Imported<Tool>, Vec<Problem>> {
    let document = json::parse(bytes, limits).map_err(|problem| vec![problem])?;
    let mut out = Complaints::new(limits);
    json::refuse_duplicate_keys(&document, "", &mut out);
    let root = Node::root(&document);
    let tool = root.object(&mut out).map(|root| {
        let header = header(&root, &mut out);
        let qualification = qualification(&root, &mut out);
        let standard = standard(&root, &mut out);
        let (topics, complete) = topics::read(&root, &mut out);
        if complete {
            check_sums(&root, &header, &topics, &mut out);
        }
        Tool {
            os_id: header.os_id.unwrap_or_default(),
            qualification,
            standard,
            minutes: header.minutes.unwrap_or_default(),
            total: header.total.unwrap_or_default(),
            pass: header.pass.unwrap_or_default(),
            topics,
        }
    });
    match tool {
        Some(tool) => out.finish(tool),
        None => out.finish(()).and(Err(Vec::new())),
    }
}

fn header(root: &Node, out: &mut Complaints) -> Header {
    let Some(os) = root.field("os").object(out) else {
        return Header { os_id: None, minutes: None, total: None, pass: None };
    };
    let minutes = os.field("time").whole(1, MINUTES_MAX, out);
    Header {
        os_id: os.field("id").id(out),
        minutes: minutes.and_then(|m| u32::try_from(m).ok()),
        total: os.either("total_ball", "ball", out).points(out),
        pass: os.field("min_ball").points(out),
    }
}

fn qualification(root: &Node, out: &mut Complaints) -> Qualification {
    let node = root.field("skill");
    let id = node.clone().object(out).and_then(|skill| skill.field("id").id(out));
    let level = node.field("level");
    if !level.is_there() {
        level.warn("a level", out);
    }
    let level = if level.is_there() { level.whole(0, LEVEL_MAX, out) } else { None };
    Qualification {
        id: id.unwrap_or_default(),
        name: node.field("name").name(out),
        level: level.and_then(|l| u32::try_from(l).ok()).unwrap_or_default(),
        num: node.field("num").name(out),
    }
}

fn standard(root: &Node, out: &mut Complaints) -> Standard {
    let node = root.field("standart");
    if !node.is_there() {
        node.warn("the professional standard", out);
        return Standard { id: 0, name: String::new(), num: String::new() };
    }
    let id = node.clone().object(out).and_then(|standard| standard.field("id").id(out));
    Standard {
        id: id.unwrap_or_default(),
        name: node.field("name").name(out),
        num: node.field("num").name(out),
    }
}

/// A pass mark means something only when the topics add up to the total.
fn check_sums(root: &Node, header: &Header, topics: &[Topic], out: &mut Complaints) {
    if topics.is_empty() {
        out.error("", "topics in zn or um, at the top or inside themes", "no usable topic");
        return;
    }
    let os = root.field("os");
    let blocks: usize = topics.iter().map(|t| t.blocks.len()).sum();
    let count = os.field("quest_count");
    if !count.is_there() {
        count.warn(format!("{blocks}, the number of blocks"), out);
    } else if let Some(n) = count.whole(0, crate::question::ID_MAX, out)
        && n != blocks as u64
    {
        count.warn(format!("{blocks}, the number of blocks"), out);
    }
    let sum = topics.iter().try_fold(Points::zero(), |sum, t| sum.checked_add(&t.points));
    let (Some(total), Some(sum)) = (header.total, sum) else { return };
    if sum != total {
        let node = os.either("total_ball", "ball", &mut Complaints::new(out.limits));
        node.error(format!("{sum}, the sum over topics"), out);
    }
    let pass = os.field("min_ball");
    match header.pass {
        Some(p) if p > total => pass.error(format!("at most total_ball ({total})"), out),
        Some(p) if p == Points::zero() => pass.warn("more than 0 points", out),
        _ => {}
    }
}
