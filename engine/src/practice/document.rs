//! Reading a practice tool: its rule must be reachable and its criteria markable.

use crate::import::json::{self, Json};
use crate::import::{Complaints, ImportLimits, Imported, MINUTES_MAX, Node, Problem};
use crate::points::Points;
use crate::practice::{
    Criterion, CriterionId, CriterionKind, JUDGEMENT_MAX, MARK_DENOMINATOR, PassRule, PracticeTool,
    Task, TaskId, TaskLock,
};
use std::collections::BTreeSet;

/// Experts that a quorum may ask for.
const QUORUM_MAX: u64 = 20;

pub(super) fn read(
    bytes: &[u8],
    limits: &ImportLimits,
) -> Result<Imported<PracticeTool>, Vec<Problem>> {
    let document = json::parse(bytes, limits).map_err(|problem| vec![problem])?;
    let mut out = Complaints::new(limits);
    json::refuse_duplicate_keys(&document, "", &mut out);
    let tool = Node::root(&document).object(&mut out).and_then(|root| tool(&root, &mut out));
    match tool {
        Some(tool) => out.finish(tool),
        None => out.finish(()).and(Err(Vec::new())),
    }
}

fn tool(root: &Node, out: &mut Complaints) -> Option<PracticeTool> {
    let head = root.field("practice").object(out);
    let tasks = tasks(&root.field("tasks"), out);
    let pass = rule(&root.field("pass"), &tasks, out);
    let head = head?;
    let id = head.field("id").id(out);
    let qualification_id = head.field("skill_id").id(out);
    let minutes = minutes(&head, out);
    let quorum = small(&head.field("quorum"), 1, QUORUM_MAX, out);
    let title = head.field("title").name(out);
    let version = head.field("version");
    let version = if version.is_there() {
        small(&version, 0, u64::from(u32::MAX), out)
    } else {
        version.warn("a version (taken as 1)", out);
        Some(1)
    };
    let planned: u64 = tasks.iter().map(|task| u64::from(task.minutes)).sum();
    if let Some(minutes) = minutes.filter(|m| planned > u64::from(*m)) {
        let found = format!("{planned} over all tasks");
        out.warn("tasks", format!("at most {minutes} minutes planned"), found);
    }
    Some(PracticeTool {
        id: id?,
        qualification_id: qualification_id?,
        title,
        minutes: minutes?,
        quorum: quorum?,
        version: version?,
        pass: pass?,
        tasks,
    })
}

fn small(node: &Node, min: u64, max: u64, out: &mut Complaints) -> Option<u32> {
    node.whole(min, max, out).and_then(|n| u32::try_from(n).ok())
}

fn minutes(node: &Node, out: &mut Complaints) -> Option<u32> {
    small(&node.field("minutes"), 1, MINUTES_MAX, out)
}

fn rule(node: &Node, tasks: &[Task], out: &mut Complaints) -> Option<PassRule> {
    let node = node.clone().object(out)?;
    let name = node.field("rule");
    let (sum, each) = match name.json {
        Some(Json::Text(text)) if text == "sum" => (true, false),
        Some(Json::Text(text)) if text == "each" => (false, true),
        Some(Json::Text(text)) if text == "sum_and_each" => (true, true),
        _ => {
            name.error("sum, each or sum_and_each", out);
            return None;
        }
    };
    let max = tasks.iter().try_fold(Points::zero(), |sum, t| sum.checked_add(&t.max_points()));
    let min_points = node.field("min_points");
    let of_sum = if sum { reachable(&min_points, max, "of all tasks", out) } else { None };
    let each_min = node.field("each_task_min_points");
    let least = tasks.iter().map(Task::max_points).min();
    let of_each = if each { reachable(&each_min, least, "of each task", out) } else { None };
    for (unused, node) in [(!sum, &min_points), (!each, &each_min)] {
        if unused && node.is_there() {
            node.warn("nothing under this rule (left out)", out);
        }
    }
    match (sum, each) {
        (true, false) => Some(PassRule::Sum { min_points: of_sum? }),
        (false, _) => Some(PassRule::Each { each_task_min_points: of_each? }),
        (true, true) => {
            Some(PassRule::SumAndEach { min_points: of_sum?, each_task_min_points: of_each? })
        }
    }
}

/// Points that can be reached; `max` is unknown after complaints about the tasks.
fn reachable(node: &Node, max: Option<Points>, of: &str, out: &mut Complaints) -> Option<Points> {
    let points = node.points(out)?;
    if points.denominator() > i128::from(out.limits.denominator_max) {
        let expected = format!("a denominator of at most {}", out.limits.denominator_max);
        node.error(expected, out);
    }
    match max {
        Some(max) if points > max => {
            node.error(format!("at most {max}, the largest number of points {of}"), out);
        }
        _ if points == Points::zero() => node.warn("more than 0 points", out),
        _ => {}
    }
    Some(points)
}

/// Ids that must differ over the whole document.
#[derive(Default)]
struct Seen {
    tasks: BTreeSet<TaskId>,
    criteria: BTreeSet<CriterionId>,
}

fn tasks(node: &Node, out: &mut Complaints) -> Vec<Task> {
    let nodes = node.list(out.limits.topics_max, out);
    if nodes.is_empty() && matches!(node.json, Some(Json::List(_))) {
        node.error("at least one task", out);
    }
    let mut seen = Seen::default();
    let mut tasks = Vec::new();
    for node in nodes {
        tasks.extend(task(node, &mut seen, out));
    }
    tasks
}

fn task(node: Node, seen: &mut Seen, out: &mut Complaints) -> Option<Task> {
    let node = node.object(out)?;
    let id_node = node.field("id");
    let id = id_node.id(out).map(TaskId);
    if id.is_some_and(|id| !seen.tasks.insert(id)) {
        id_node.error("an id that no other task has", out);
    }
    let title = node.field("title").name(out);
    let text = node.field("text").text(out);
    let minutes = minutes(&node, out);
    let lock_node = node.field("lock");
    let lock = match lock_node.json {
        Some(Json::Text(text)) if text == "all_experts" => Some(TaskLock::AllExperts),
        Some(Json::Text(text)) if text == "chair" => Some(TaskLock::Chair),
        _ => {
            lock_node.error("all_experts or chair", out);
            None
        }
    };
    let list = node.field("criteria");
    let nodes = list.list(out.limits.questions_max, out);
    if nodes.is_empty() && matches!(list.json, Some(Json::List(_))) {
        list.error("at least one criterion", out);
    }
    let mut criteria = Vec::new();
    for node in nodes {
        criteria.extend(criterion(node, seen, out));
    }
    Some(Task { id: id?, title, text, minutes: minutes?, lock: lock?, criteria })
}

fn criterion(node: Node, seen: &mut Seen, out: &mut Complaints) -> Option<Criterion> {
    let node = node.object(out)?;
    let id_node = node.field("id");
    let id = id_node.id(out).map(CriterionId);
    if id.is_some_and(|id| !seen.criteria.insert(id)) {
        id_node.error("an id that no other criterion has", out);
    }
    if seen.criteria.len() > out.limits.questions_max {
        let max = out.limits.questions_max;
        out.error(&node.path, format!("at most {max} criteria in all"), "more criteria");
        return None;
    }
    let name = node.field("name").name(out);
    let kind_node = node.field("kind");
    let kind = match kind_node.json {
        Some(Json::Text(text)) if text == "measurement" => CriterionKind::Measurement,
        Some(Json::Text(text)) if text == "judgement" => CriterionKind::Judgement,
        _ => {
            kind_node.error("measurement or judgement", out);
            return None;
        }
    };
    let max = highest_mark(&node.field("max"), kind, out);
    let spread_node = node.field("spread");
    let spread = spread_node.points(out);
    if let (Some(max), Some(spread)) = (max, spread)
        && (spread > max || !is_mark_fine(&spread))
    {
        spread_node.error(format!("from 0 to {max}, in whole numbers or thousandths"), out);
    }
    Some(Criterion { id: id?, name, kind, max: max?, spread: spread? })
}

fn highest_mark(node: &Node, kind: CriterionKind, out: &mut Complaints) -> Option<Points> {
    let max = node.points(out)?;
    let zero = Points::zero();
    let (fits, expected) = match kind {
        CriterionKind::Judgement => (
            max > zero && max <= Points::whole(JUDGEMENT_MAX) && max.denominator() == 1,
            format!("a whole number from 1 to {JUDGEMENT_MAX} for a judgement"),
        ),
        CriterionKind::Measurement => (
            max > zero && is_mark_fine(&max),
            "more than 0, in whole numbers or thousandths".to_owned(),
        ),
    };
    if !fits {
        node.error(expected, out);
    }
    Some(max)
}

fn is_mark_fine(points: &Points) -> bool {
    MARK_DENOMINATOR % points.denominator() == 0
}
