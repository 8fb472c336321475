//! `nsk exam export` and `nsk exam verify`.

use super::arguments::{ExportArgs, VerifyArgs};
use super::terminal::{Done, Terminal};
use crate::error::Trouble;
use crate::export;
use engine::WireId;
use engine::exam::export::Export;

pub(super) fn export(args: ExportArgs, terminal: &mut Terminal<'_>) -> Done {
    let config = super::serve::config_of(&args.place)?;
    let id = WireId(args.id);
    let document = super::serve::block_on(async move { export::exam(&config, id).await })?;
    let text = serde_json::to_string_pretty(&document)
        .map_err(|e| Trouble::new(format!("the export cannot be written as JSON: {e}")))?;
    let Some(path) = &args.output else {
        terminal.bytes(text.as_bytes());
        terminal.say("");
        return Ok(0);
    };
    std::fs::write(path, text + "\n").map_err(|e| {
        Trouble::new(format!("{} cannot be written: {e}", path.display()))
            .remedy("give a path in a directory that exists and is writable")
    })?;
    terminal.note(format_args!(
        "{} {}: {} {}, head {}",
        terminal.lang.pick("экзамен", "exam"),
        args.id,
        document.records.len(),
        terminal.lang.pick("записей", "records"),
        document.head
    ));
    Ok(0)
}

pub(super) fn verify(args: &VerifyArgs, terminal: &mut Terminal<'_>) -> Done {
    let document = export::read(&args.file)?;
    match document.verify() {
        Ok(exam) => {
            print(&document, terminal);
            if let Some(sheet) = exam.theory_sheet() {
                let (total, max) = (sheet.total, sheet.max);
                terminal.say(terminal.lang.pick(
                    format!("теория       {total} из {max}, порог {}", sheet.pass),
                    format!("theory       {total} of {max}, threshold {}", sheet.pass),
                ));
            }
            terminal.say(terminal.lang.pick(
                "всё сходится: цепочка, состояние, вариант",
                "everything holds: chain, state, form",
            ));
            Ok(0)
        }
        Err(fault) => {
            let word = terminal.lang.pick("не сходится", "does not hold");
            terminal.say(format_args!("{word}: {fault}"));
            Ok(1)
        }
    }
}

fn print(document: &Export, terminal: &mut Terminal<'_>) {
    let outcome = document
        .outcome
        .and_then(|o| serde_json::to_value(o).ok()?.as_str().map(str::to_owned))
        .unwrap_or_else(|| "-".to_owned());
    for (ru, en, value) in [
        ("экзамен", "exam", document.wire_id.to_string()),
        ("состояние", "phase", document.phase.word().to_owned()),
        ("исход", "outcome", outcome),
        ("записей", "records", document.records.len().to_string()),
        ("голова", "head", document.head.to_string()),
    ] {
        terminal.say(format_args!("{:<12} {value}", terminal.lang.pick(ru, en)));
    }
}
