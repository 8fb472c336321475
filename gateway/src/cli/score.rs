//! `nsk score`: scores answers to a form and explains every point.

use super::arguments::ScoreArgs;
use super::terminal::{Done, Terminal};
use crate::{export, import};
use engine::{Answer, Form, ImportLimits, QuestionId, ScoreSheet, ScoringPolicy, score};
use std::collections::BTreeMap;

pub(super) fn run(args: &ScoreArgs, terminal: &mut Terminal<'_>) -> Done {
    let tool = import::bank(&args.tool, &ImportLimits::default())?;
    let form: Form = export::json_file_or_part(&args.form, "form", "a form")?;
    let answers: BTreeMap<QuestionId, Answer> = export::json_file(
        &args.answers,
        "answers by question id, such as {\"1333\": {\"type\": \"choice\", \"chosen\": [4839]}}",
    )?;
    if form.tool_hash != tool.hash() {
        terminal.note(format_args!(
            "{}: {} / {}",
            terminal.lang.pick(
                "внимание: вариант составлен из другого банка",
                "warning: the form was drawn from another bank"
            ),
            form.tool_hash,
            tool.hash()
        ));
    }
    for unknown in answers.keys().filter(|q| !form.items.iter().any(|i| i.question_id == **q)) {
        terminal.note(format_args!(
            "{} {unknown}",
            terminal
                .lang
                .pick("внимание: в варианте нет вопроса", "warning: the form has no question")
        ));
    }
    let sheet = score(&tool, &form, &answers, ScoringPolicy::AllOrNothing);
    if args.json {
        return terminal.json(&sheet);
    }
    print(&sheet, terminal);
    Ok(0)
}

fn print(sheet: &ScoreSheet, terminal: &mut Terminal<'_>) {
    let lang = terminal.lang;
    for (number, item) in (1..).zip(&sheet.items) {
        let id = item.question_id;
        terminal.say(format_args!(
            "{number:>3}. {} {id}: {} / {}",
            lang.pick("вопрос", "question"),
            item.awarded,
            item.of
        ));
        for line in item.explanation.text(lang).lines() {
            terminal.say(format_args!("     {line}"));
        }
    }
    let (total, max, pass) = (sheet.total, sheet.max, sheet.pass);
    let verdict =
        if sheet.passed { ("сдано", "passed") } else { ("не сдано", "not passed") };
    terminal.say(lang.pick(
        format!("итого: {total} из {max} ({}), порог {pass}: {}", total.hundredths(), verdict.0),
        format!(
            "total: {total} of {max} ({}), threshold {pass}: {}",
            total.hundredths(),
            verdict.1
        ),
    ));
}
