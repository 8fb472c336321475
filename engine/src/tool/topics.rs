//! Reading a tool's topics and blocks: ids, counts and quotas that must agree with one another.

use crate::import::json::Json;
use crate::import::{Complaints, Node};
use crate::points::Points;
use crate::question::Question;
use crate::tool::{Block, BlockId, Topic, TopicId, TopicKind, questions};
use std::collections::BTreeSet;

/// Questions that a block should have for one to be drawn.
const BLOCK_QUESTIONS_MIN: usize = 3;

/// What was seen so far of a document whose ids must differ and whose lists have limits.
#[derive(Default)]
pub(crate) struct Seen {
    topics: BTreeSet<(TopicKind, TopicId)>,
    blocks: BTreeSet<BlockId>,
    questions: BTreeSet<u64>,
    /// Common denominator of all points so far; 0 after the complaint that it is too large.
    denominator: u64,
}

/// Reads the topics at the top level and inside themes: knowledge first, then skills. The flag
/// says that none had to be left out, so that sums over them mean something.
pub(crate) fn read(root: &Node, out: &mut Complaints) -> (Vec<Topic>, bool) {
    let mut places = vec![(root.clone(), None)];
    let themes = root.field("themes");
    if themes.is_there() {
        for theme in themes.list(out.limits.topics_max, out) {
            if let Some(theme) = theme.object(out) {
                let id = theme.field("id").id(out);
                places.push((theme, id));
            }
        }
    }
    let mut seen = Seen { denominator: 1, ..Seen::default() };
    let mut topics = Vec::new();
    let mut found = 0;
    for (key, kind) in [("zn", TopicKind::Knowledge), ("um", TopicKind::Skill)] {
        for (place, theme_id) in &places {
            let list = place.field(key);
            if !list.is_there() {
                continue;
            }
            for node in list.list(out.limits.topics_max, out) {
                found += 1;
                let topic = read_topic(node, kind, &mut seen, out);
                topics.extend(topic.map(|topic| Topic { theme_id: *theme_id, ..topic }));
            }
        }
    }
    let complete = topics.len() == found;
    (topics, complete)
}

fn read_topic(node: Node, kind: TopicKind, seen: &mut Seen, out: &mut Complaints) -> Option<Topic> {
    let node = node.object(out)?;
    let id = node.field("id").id(out).map(TopicId);
    if let Some(id) = id.filter(|id| !seen.topics.insert((kind, *id))) {
        let expected = "an id that no other topic of its kind has";
        out.error(&node.field("id").path, expected, format!("{id} a second time"));
    }
    let name = node.field("name").name(out);
    let points_node = node.either("total_ball", "ball", out);
    let points = points_node.points(out);
    if points == Some(Points::zero()) {
        points_node.warn("more than 0 points", out);
    }
    let blocks_node = node.field("blocs");
    let block_nodes = blocks_node.list(out.limits.blocks_max, out);
    let found = block_nodes.len();
    check_block_count(&node, found, out);
    let mut blocks = Vec::new();
    for node in block_nodes {
        blocks.extend(read_block(node, seen, out));
    }
    let topic = Topic { id: id?, kind, theme_id: None, name, points: points?, blocks };
    if topic.blocks.len() == found {
        check_denominator(&topic, &points_node, seen, out);
    }
    Some(topic)
}

fn check_block_count(topic: &Node, found: usize, out: &mut Complaints) {
    let node = topic.either("bloc_count", "bloc", out);
    if found == 0 && matches!(topic.field("blocs").json, Some(Json::List(_))) {
        topic.field("blocs").error("at least one block", out);
    } else if !node.is_there() {
        out.warn(&node.path, "the number of blocks", format!("nothing, with {found} in blocs"));
    } else if let Some(count) = node.whole(0, crate::question::ID_MAX, out)
        && count != found as u64
    {
        out.error(&node.path, format!("{found}, the number of blocks in blocs"), node.found());
    }
}

fn read_block(node: Node, seen: &mut Seen, out: &mut Complaints) -> Option<Block> {
    let node = node.object(out)?;
    let id = node.field("id").id(out).map(BlockId);
    if let Some(id) = id.filter(|id| !seen.blocks.insert(*id)) {
        let expected = "an id that no other block has";
        out.error(&node.field("id").path, expected, format!("{id} a second time"));
    }
    if seen.blocks.len() > out.limits.blocks_max {
        let max = out.limits.blocks_max;
        out.error(&node.path, format!("at most {max} blocks in all"), "more blocks");
        return None;
    }
    let list = node.field("quests");
    let mut questions: Vec<Question> = Vec::new();
    let nodes = list.list(out.limits.questions_max, out);
    if nodes.is_empty() {
        if matches!(list.json, Some(Json::List(_))) {
            list.error("at least one question", out);
        }
    } else if nodes.len() < BLOCK_QUESTIONS_MIN {
        list.warn(format!("at least {BLOCK_QUESTIONS_MIN} questions in a block"), out);
    }
    for node in nodes {
        if seen.questions.len() >= out.limits.questions_max {
            let max = out.limits.questions_max;
            out.error(&node.path, format!("at most {max} questions in all"), "more questions");
            break;
        }
        let path = node.field("id").path;
        let Some(question) = questions::read(node, out) else { continue };
        if !seen.questions.insert(question.id.0) {
            let found = format!("{} a second time", question.id);
            out.error(&path, "an id that no other question has", found);
        }
        questions.push(question);
    }
    Some(Block { id: id?, questions })
}

/// Keeps sums exact: the points of all blocks must have a common denominator within the limit.
fn check_denominator(topic: &Topic, node: &Node, seen: &mut Seen, out: &mut Complaints) {
    if topic.blocks.is_empty() || seen.denominator == 0 {
        return;
    }
    let of_block = topic.block_points().denominator();
    let max = out.limits.denominator_max;
    let common = common_denominator(seen.denominator, of_block).filter(|d| *d <= max);
    if common.is_none() {
        let expected = format!("points whose sums have a denominator of at most {max}");
        out.error(&node.path, expected, format!("{} for a block", topic.block_points()));
    }
    seen.denominator = common.unwrap_or(0);
}

/// The least common multiple, or `None` where it is out of range.
pub(crate) fn common_denominator(a: u64, b: i128) -> Option<u64> {
    let b = u64::try_from(b).ok().filter(|b| *b > 0)?;
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a / x).checked_mul(b)
}
