//! Explanations as sentences: what a protocol prints and an appeal reads.

use crate::lang::Lang;
use crate::points::Points;
use crate::question::AnswerFault;
use crate::scoring::explanation::{Comparison, Explanation, GapRow, MatchingRow, Named, Outcome};

pub(super) fn explanation(e: &Explanation, lang: Lang) -> String {
    let head = match lang {
        Lang::Ru => format!("Вопрос {} «{}».", e.question_id, e.question),
        Lang::En => format!("Question {} “{}”.", e.question_id, e.question),
    };
    let mut sentences = vec![head];
    if e.outcome != Outcome::Unanswered {
        let word = lang.pick("Ответ", "Answer");
        sentences.push(format!("{word}: {}.", given(&e.comparison, lang)));
    }
    sentences.push(reason(e, lang));
    if e.outcome != Outcome::Correct {
        let word = lang.pick("Верный ответ", "Correct answer");
        sentences.push(format!("{word}: {}.", expected(&e.comparison, lang)));
    }
    sentences.push(match lang {
        Lang::Ru => format!("Начислено {} из {}.", points(e.awarded), points(e.of)),
        Lang::En => format!("Awarded {} of {}.", points(e.awarded), points(e.of)),
    });
    sentences.join(" ")
}

/// Exact, with hundredths for the eye where the value is not whole.
pub(crate) fn points(points: Points) -> String {
    if points.denominator() == 1 {
        points.to_string()
    } else {
        format!("{points} ({})", points.hundredths())
    }
}

fn reason(e: &Explanation, lang: Lang) -> String {
    match &e.outcome {
        Outcome::Correct => {
            lang.pick("Ответ верен полностью.", "The answer is fully correct.").to_owned()
        }
        Outcome::Unanswered => lang.pick("Ответ не дан.", "No answer was given.").to_owned(),
        Outcome::Invalid { fault } => match lang {
            Lang::Ru => format!("Ответ не подходит к вопросу: {}.", fault_ru(fault)),
            Lang::En => format!("The answer does not fit the question: {fault}."),
        },
        Outcome::Wrong => wrong(&e.comparison, lang),
    }
}

/// The fault in Russian; its `Display` is the English.
fn fault_ru(fault: &AnswerFault) -> String {
    match fault {
        AnswerFault::WrongType { expected, found } => {
            format!("нужен ответ типа {expected}, а не {found}")
        }
        AnswerFault::UnknownVariant { id } => format!("варианта {id} там нет"),
        AnswerFault::Duplicate { id } => format!("вариант {id} назван дважды"),
        AnswerFault::TooMany { found } => format!("нужно выбрать один вариант, а не {found}"),
        AnswerFault::GapCount { expected, found } => format!("полей {expected}, а не {found}"),
        AnswerFault::GapTooLong { index, max } => {
            format!("текст в поле {index} длиннее {max} знаков")
        }
    }
}

/// What exactly is wrong.
fn wrong(comparison: &Comparison, lang: Lang) -> String {
    match comparison {
        Comparison::Choice { given, expected } => {
            let missing = expected.iter().filter(|v| !given.contains(v)).collect::<Vec<_>>();
            let extra = given.iter().filter(|v| !expected.contains(v)).collect::<Vec<_>>();
            let mut parts = Vec::new();
            for (list, word) in [
                (extra, lang.pick("выбрано лишнее", "wrongly chosen")),
                (missing, lang.pick("не выбрано", "not chosen")),
            ] {
                if !list.is_empty() {
                    parts.push(format!("{word}: {}", names(list.into_iter(), lang)));
                }
            }
            format!("{}: {}.", lang.pick("Ответ неверен", "The answer is wrong"), parts.join("; "))
        }
        Comparison::Matching { rows } => {
            let right = rows.iter().filter(|r| r.correct).count();
            counted(right, rows.len(), lang.pick("верных пар", "correct pairs"), lang)
        }
        Comparison::Ordering { given, expected } => {
            let right = given.iter().zip(expected).filter(|(a, b)| a.id == b.id).count();
            counted(right, expected.len(), lang.pick("на своих местах", "in their places"), lang)
        }
        Comparison::Open { gaps } => {
            let right = gaps.iter().filter(|g| g.correct).count();
            counted(right, gaps.len(), lang.pick("верных полей", "correct gaps"), lang)
        }
    }
}

fn counted(right: usize, of: usize, what: &str, lang: Lang) -> String {
    match lang {
        Lang::Ru => format!("Ответ неверен: {what} {right} из {of}."),
        Lang::En => format!("The answer is wrong: {what} {right} of {of}."),
    }
}

fn given(comparison: &Comparison, lang: Lang) -> String {
    match comparison {
        Comparison::Choice { given, .. } => names(given.iter(), lang),
        Comparison::Ordering { given, .. } => arrows(given),
        Comparison::Matching { rows } => {
            let row = |r: &MatchingRow| {
                let right = r.given.as_ref().map_or_else(|| nothing(lang), name);
                format!("{} — {right}", name(&r.left))
            };
            rows.iter().map(row).collect::<Vec<_>>().join("; ")
        }
        Comparison::Open { gaps } => {
            let gap = |g: &GapRow| {
                if g.given.trim().is_empty() {
                    nothing(lang)
                } else {
                    format!("«{}»", g.given.trim())
                }
            };
            gaps.iter().map(gap).collect::<Vec<_>>().join("; ")
        }
    }
}

fn expected(comparison: &Comparison, lang: Lang) -> String {
    match comparison {
        Comparison::Choice { expected, .. } => names(expected.iter(), lang),
        Comparison::Ordering { expected, .. } => arrows(expected),
        Comparison::Matching { rows } => {
            let row = |r: &MatchingRow| format!("{} — {}", name(&r.left), name(&r.expected));
            rows.iter().map(row).collect::<Vec<_>>().join("; ")
        }
        Comparison::Open { gaps } => {
            let or = lang.pick(" или ", " or ");
            let gap = |g: &GapRow| {
                g.accepted.iter().map(|a| format!("«{a}»")).collect::<Vec<_>>().join(or)
            };
            gaps.iter().map(gap).collect::<Vec<_>>().join("; ")
        }
    }
}

fn nothing(lang: Lang) -> String {
    lang.pick("(пусто)", "(blank)").to_owned()
}

fn names<'a>(list: impl Iterator<Item = &'a Named>, lang: Lang) -> String {
    let list: Vec<String> = list.map(name).collect();
    if list.is_empty() { nothing(lang) } else { list.join(", ") }
}

fn arrows(list: &[Named]) -> String {
    list.iter().map(name).collect::<Vec<_>>().join(" → ")
}

/// The text in quotes, or the id of a variant that is only an image.
fn name(named: &Named) -> String {
    if named.text.is_empty() { format!("№ {}", named.id) } else { format!("«{}»", named.text) }
}
