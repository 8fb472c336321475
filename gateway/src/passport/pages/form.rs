//! Forms: fields with labels, hints and faults that assistive technology can follow.

use super::visit::Visit;
use maud::{Markup, html};

/// The hidden token that every form brings back.
pub fn token(visit: &Visit<'_>) -> Markup {
    html! { input type="hidden" name="form" value=(visit.form_token()); }
}

/// A hidden value.
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// What is wrong with a form: the field's name and what to do about it.
#[derive(Clone, Default, Debug)]
pub struct Faults(Vec<(&'static str, &'static str)>);

impl Faults {
    /// One fault.
    pub fn one(field: &'static str, text: &'static str) -> Faults {
        Faults(vec![(field, text)])
    }

    /// One more.
    pub fn add(&mut self, field: &'static str, text: &'static str) {
        self.0.push((field, text));
    }

    /// Those of another part of the form as well.
    pub fn join(&mut self, other: Faults) {
        self.0.extend(other.0);
    }

    /// Nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(&self, field: &str) -> Option<&'static str> {
        self.0.iter().find(|(name, _)| *name == field).map(|(_, text)| *text)
    }

    /// All of them, each with a link to its field; it takes the focus when the page is shown.
    pub fn summary(&self, visit: &Visit<'_>) -> Markup {
        html! {
            @if !self.is_empty() {
                div.faults #faults role="alert" tabindex="-1" autofocus {
                    h2 { (visit.t("Что-то не так", "There is a problem")) }
                    ul {
                        @for (field, text) in &self.0 {
                            li { a href={ "#" (field) } { (text) } }
                        }
                    }
                }
            }
        }
    }
}

/// One field of a form; its name is its id.
#[derive(Clone, Default)]
pub struct Field<'a> {
    /// Name and id.
    pub name: &'static str,
    /// What it is called.
    pub label: &'a str,
    /// `text`, `password`, …; text when empty.
    pub kind: &'static str,
    /// What it holds at first.
    pub value: &'a str,
    /// What is said below its label.
    pub hint: &'a str,
    /// What browsers may fill in (WCAG 1.3.5).
    pub autocomplete: &'static str,
    /// `numeric` where only digits come.
    pub inputmode: &'static str,
    /// It may stay empty.
    pub optional: bool,
}

impl Field<'_> {
    /// Label, hint, fault and input, joined to each other.
    pub fn show(&self, faults: &Faults) -> Markup {
        let fault = faults.of(self.name);
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let wrong = fault.map(|_| format!("{}-fault", self.name));
        let described: Vec<String> = [hint.clone(), wrong.clone()].into_iter().flatten().collect();
        let described = (!described.is_empty()).then(|| described.join(" "));
        let filled = |text: &'static str| (!text.is_empty()).then_some(text);
        html! {
            div.field.wrong[fault.is_some()] {
                label for=(self.name) { (self.label) }
                @if let Some(id) = hint { p.hint id=(id) { (self.hint) } }
                @if let (Some(text), Some(id)) = (fault, wrong) { p.fault id=(id) { (text) } }
                input id=(self.name) name=(self.name)
                    type=(filled(self.kind).unwrap_or("text"))
                    value=[(!self.value.is_empty()).then_some(self.value)]
                    autocomplete=(filled(self.autocomplete).unwrap_or("off"))
                    inputmode=[filled(self.inputmode)]
                    autocapitalize="none" spellcheck="false" maxlength="1000"
                    required[!self.optional]
                    aria-invalid=[fault.map(|_| "true")]
                    aria-describedby=[described];
            }
        }
    }
}

/// A form of one button.
pub fn button(visit: &Visit<'_>, action: &str, fields: &[(&str, &str)], label: &str) -> Markup {
    html! {
        form.inline method="post" action=(action) {
            (token(visit))
            @for (name, value) in fields { (hidden(name, value)) }
            button.quiet type="submit" { (label) }
        }
    }
}
