//! `nsk import`: checks every file first, and brings them in only when all are sound.

use super::arguments::ImportArgs;
use super::serve::{block_on, config_of};
use super::terminal::{Done, Terminal};
use crate::adapters::{keep_practice, keep_theory};
use crate::config::StoreConfig;
use crate::error::Trouble;
use crate::import::{self, Material};
use crate::serve::directory;
use actors::clock::SystemClock;
use actors::ports::Clock;
use engine::{Hash, ImportLimits};
use std::path::Path;

pub(super) fn run(args: ImportArgs, terminal: &mut Terminal<'_>) -> Done {
    let limits = ImportLimits::default();
    let mut sound = Vec::new();
    for path in &args.files {
        if let Some(material) = check(path, &limits, terminal)? {
            sound.push(material);
        }
    }
    if sound.len() < args.files.len() {
        terminal.note(terminal.pick("ничего не загружено", "nothing was imported"));
        return Ok(1);
    }
    if args.check {
        return Ok(0);
    }
    let place = config_of(&args.place)?.store;
    let kept = block_on(async move { keep(&place, sound).await })?;
    for (hash, new) in kept {
        let word = match new {
            true => terminal.pick("загружено", "imported"),
            false => terminal.pick("уже было", "already there"),
        };
        terminal.say(format_args!("{word} {hash}"));
    }
    Ok(0)
}

/// Prints what is wrong or odd with one file; `None` when it cannot be used.
fn check(
    path: &Path,
    limits: &ImportLimits,
    terminal: &mut Terminal<'_>,
) -> Result<Option<Material>, Trouble> {
    let shown = path.display();
    let bytes = import::file(path, limits.bytes_max)?;
    match import::read(&bytes, limits) {
        Ok(imported) => {
            for warning in &imported.warnings {
                let word = terminal.pick("предупреждение", "warning");
                terminal.note(format_args!("{shown}: {word}: {warning}"));
            }
            terminal.say(format_args!("{shown}: {}", describe(&imported.value, terminal)));
            Ok(Some(imported.value))
        }
        Err(problems) => {
            for problem in &problems {
                terminal.note(format_args!("{shown}: {problem}"));
            }
            let (n, word) = (problems.len(), terminal.pick("ошибок", "problems"));
            terminal.note(format_args!("{shown}: {word}: {n}"));
            Ok(None)
        }
    }
}

fn describe(material: &Material, terminal: &Terminal<'_>) -> String {
    match material {
        Material::Theory(tool) => {
            let blocks = tool.topics.iter().flat_map(|t| &t.blocks);
            let questions: usize = blocks.map(|b| b.questions.len()).sum();
            let (id, name, hash) = (tool.os_id, &tool.qualification.name, tool.hash());
            terminal.pick(
                format!("ОС {id} «{name}», вопросов {questions}, {hash}"),
                format!("theory tool {id} \"{name}\", {questions} questions, {hash}"),
            )
        }
        Material::Practice(tool) => {
            let criteria: usize = tool.tasks.iter().map(|t| t.criteria.len()).sum();
            let (id, title, hash) = (tool.id, &tool.title, tool.hash());
            terminal.pick(
                format!("практика {id} «{title}», критериев {criteria}, {hash}"),
                format!("practice tool {id} \"{title}\", {criteria} criteria, {hash}"),
            )
        }
    }
}

async fn keep(place: &StoreConfig, sound: Vec<Material>) -> Result<Vec<(Hash, bool)>, Trouble> {
    let (store, dir) = (directory::open(place).await?, &place.data);
    let now = SystemClock.now();
    let mut kept = Vec::new();
    for material in sound {
        let (hash, new) = match &material {
            Material::Theory(tool) => (tool.hash(), keep_theory(&store, tool, now).await),
            Material::Practice(tool) => (tool.hash(), keep_practice(&store, tool, now).await),
        };
        kept.push((hash, new.map_err(|e| directory::store_trouble(dir, &e))?));
    }
    store.close().await.map_err(|e| directory::store_trouble(dir, &e))?;
    Ok(kept)
}
