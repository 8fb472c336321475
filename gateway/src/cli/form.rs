//! `nsk form rebuild`: draws a form again from what was published, and names what differs.

use super::arguments::RebuildArgs;
use super::terminal::{Done, Terminal};
use crate::error::Trouble;
use crate::{export, import};
use engine::exam::export::Export;
use engine::exam::{Event, Exam};
use engine::form::DIFFERENCES_MAX;
use engine::{Blueprint, Form, Hash, ImportLimits, QuestionId, Seed, Tool};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A form drawn again, for programs.
#[derive(Serialize)]
struct Rebuilt {
    tool_hash: Hash,
    blueprint_hash: Hash,
    seed: String,
    commitment: Hash,
    form_hash: Hash,
    /// Whether it equals what was recorded; absent without an export.
    #[serde(skip_serializing_if = "Option::is_none")]
    same: Option<bool>,
    /// What differs from the recorded exam, a line for each difference.
    differences: Vec<String>,
    blueprint: Blueprint,
    form: Form,
}

/// What a form is drawn from, and what the exam's records say about it.
struct Source {
    tool: Tool,
    blueprint: Blueprint,
    seed: Seed,
    recorded: Option<Recorded>,
}

/// What an export says beside its bank, blueprint and seed.
struct Recorded {
    form: Option<Form>,
    differences: Vec<String>,
    form_hash: Hash,
}

pub(super) fn rebuild(args: &RebuildArgs, terminal: &mut Terminal<'_>) -> Done {
    let source = match &args.export {
        Some(path) => from_export(path, args.tool.as_deref())?,
        None => from_parts(args)?,
    };
    let form = Form::assemble(&source.tool, &source.blueprint, &source.seed).map_err(|e| {
        Trouble::new(format!("the form cannot be drawn: {e}"))
            .remedy("bank and blueprint must be those of the exam: compare their hashes")
    })?;
    let rebuilt = compare(source, form);
    if args.json {
        terminal.json(&rebuilt)?;
    } else {
        print(&rebuilt, terminal);
    }
    Ok(u8::from(rebuilt.same == Some(false)))
}

fn from_parts(args: &RebuildArgs) -> Result<Source, Trouble> {
    let (Some(tool), Some(seed)) = (&args.tool, &args.seed) else {
        return Err(Trouble::new("a form needs a bank and a seed")
            .remedy("give --tool and --seed, or --export"));
    };
    let tool = import::bank(tool, &ImportLimits::default())?;
    let seed = Seed::parse(seed).ok_or_else(|| {
        Trouble::new("the seed is not 64 hexadecimal digits")
            .remedy("copy the seed that the exam's records reveal")
    })?;
    let blueprint = match &args.blueprint {
        Some(path) => export::json_file(path, "a blueprint")?,
        None => Blueprint::of(&tool),
    };
    Ok(Source { tool, blueprint, seed, recorded: None })
}

fn from_export(path: &Path, own_bank: Option<&Path>) -> Result<Source, Trouble> {
    let document = export::read(path)?;
    let exported = document.tool.clone();
    let mut differences = Vec::new();
    let tool = match own_bank {
        Some(path) => import::bank(path, &ImportLimits::default())?,
        None => exported.clone().ok_or_else(|| no_theory(path))?,
    };
    if let Some(exported) = &exported {
        banks(exported, &tool, &mut differences);
    }
    if let Err(fault) = engine::chain::verify(&document.records) {
        differences.push(format!("records: {fault}"));
    }
    let plan = document.records.first().map(Exam::plan_of).transpose().ok().flatten();
    let planned = plan.as_ref().and_then(|plan| plan.tool);
    differ("bank", planned, Some(tool.hash()), &mut differences);
    let committed = committed(&document, &mut differences).ok_or_else(|| no_theory(path))?;
    let mut blueprint = document.blueprint.clone().unwrap_or_else(|| Blueprint::of(&tool));
    differ("blueprint", Some(committed.blueprint), Some(blueprint.hash()), &mut differences);
    // Another bank was named above; the form is drawn from it all the same, to show what it
    // changes.
    blueprint.tool_hash = tool.hash();
    differ("seed", Some(committed.commitment), Some(committed.seed.commitment()), &mut differences);
    let recorded = Recorded { form: document.form, differences, form_hash: committed.form_hash };
    Ok(Source { tool, blueprint, seed: committed.seed, recorded: Some(recorded) })
}

/// Names the questions in which the export's bank and another differ.
fn banks(exported: &Tool, other: &Tool, out: &mut Vec<String>) {
    let questions = |tool: &Tool| -> BTreeMap<QuestionId, Hash> {
        let blocks = tool.topics.iter().flat_map(|t| &t.blocks);
        blocks.flat_map(|b| &b.questions).map(|q| (q.id, Hash::of_json(q))).collect()
    };
    let (ours, theirs) = (questions(exported), questions(other));
    let ids: BTreeSet<&QuestionId> = ours.keys().chain(theirs.keys()).collect();
    let changed = ids.into_iter().filter(|id| ours.get(*id) != theirs.get(*id));
    for id in changed.take(DIFFERENCES_MAX) {
        let what = match (ours.contains_key(id), theirs.contains_key(id)) {
            (true, false) => "is missing in this bank",
            (false, true) => "is missing in the export's bank",
            _ => "differs from the export's",
        };
        out.push(format!("bank: question {id} {what}"));
    }
}

/// What the exam's records say about its form.
struct Committed {
    commitment: Hash,
    form_hash: Hash,
    blueprint: Hash,
    seed: Seed,
}

/// The commitment is the record of the opening; the seed is the revealed one, if it was revealed.
fn committed(document: &Export, differences: &mut Vec<String>) -> Option<Committed> {
    let mut found: Option<Committed> = None;
    for record in &document.records {
        match Event::from_record(record) {
            Ok(Event::FormCommitted { commitment, form_hash, blueprint_hash, seed }) => {
                found = Some(Committed { commitment, form_hash, blueprint: blueprint_hash, seed });
            }
            Ok(Event::SeedRevealed { seed }) => {
                if let Some(found) = &mut found {
                    found.seed = seed;
                }
            }
            Ok(_) => {}
            Err(fault) => differences.push(format!("records: {fault}")),
        }
    }
    found
}

fn no_theory(path: &Path) -> Trouble {
    Trouble::new(format!("{}: the exam has no form: it had no theory test", path.display()))
        .remedy("only an exam that was opened and has a theory part has a form")
}

fn differ(what: &str, recorded: Option<Hash>, found: Option<Hash>, out: &mut Vec<String>) {
    let word = |hash: Option<Hash>| hash.map_or_else(|| "none".to_owned(), |h| h.to_string());
    if recorded != found {
        out.push(format!("{what}: the records have {}, this is {}", word(recorded), word(found)));
    }
}

fn compare(source: Source, form: Form) -> Rebuilt {
    let mut differences = Vec::new();
    let mut same = None;
    if let Some(recorded) = source.recorded {
        differences = recorded.differences;
        differ("form", Some(recorded.form_hash), Some(form.hash()), &mut differences);
        match recorded.form {
            Some(shown) => differences.extend(form.differences(&shown)),
            None => differences.push("form: the document has none".to_owned()),
        }
        same = Some(differences.is_empty());
    }
    Rebuilt {
        tool_hash: source.tool.hash(),
        blueprint_hash: source.blueprint.hash(),
        seed: source.seed.reveal(),
        commitment: source.seed.commitment(),
        form_hash: form.hash(),
        same,
        differences,
        blueprint: source.blueprint,
        form,
    }
}

fn print(rebuilt: &Rebuilt, terminal: &mut Terminal<'_>) {
    for (ru, en, value) in [
        ("банк заданий", "bank", rebuilt.tool_hash.to_string()),
        ("схема варианта", "blueprint", rebuilt.blueprint_hash.to_string()),
        ("зерно", "seed", rebuilt.seed.clone()),
        ("обязательство", "commitment", rebuilt.commitment.to_string()),
        ("вариант", "form", rebuilt.form_hash.to_string()),
    ] {
        terminal.say(format_args!("{:<15} {value}", terminal.lang.pick(ru, en)));
    }
    for (number, item) in (1..).zip(&rebuilt.form.items) {
        let (question, block) = (item.question_id, item.block_id);
        let line = terminal.lang.pick(
            format!("{number:>4}. вопрос {question}, блок {block}, {} балл.", item.points),
            format!("{number:>4}. question {question}, block {block}, {} points", item.points),
        );
        terminal.say(line);
    }
    for difference in &rebuilt.differences {
        terminal.say(format_args!("  ! {difference}"));
    }
    match rebuilt.same {
        Some(true) => terminal.say(
            terminal
                .lang
                .pick("вариант совпадает с записанным", "the form equals the recorded one"),
        ),
        Some(false) => {
            terminal.say(terminal.lang.pick(
                "вариант НЕ совпадает с записанным",
                "the form DIFFERS from the recorded one",
            ))
        }
        None => {}
    }
}
