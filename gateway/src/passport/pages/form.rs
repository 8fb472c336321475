//! Forms: fields with labels, hints and faults that assistive technology can follow.

use super::visit::Visit;
use maud::{Markup, html};
use std::borrow::Cow;

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
pub struct Faults(Vec<(&'static str, Cow<'static, str>)>);

impl Faults {
    /// One fault.
    pub fn one(field: &'static str, text: impl Into<Cow<'static, str>>) -> Faults {
        Faults(vec![(field, text.into())])
    }

    /// One more.
    pub fn add(&mut self, field: &'static str, text: &'static str) {
        self.0.push((field, text.into()));
    }

    /// Those of another part of the form as well.
    pub fn join(&mut self, other: Faults) {
        self.0.extend(other.0);
    }

    /// Nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == field).map(|(_, text)| text.as_ref())
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
    /// Lines of text, one entry each.
    pub lines: bool,
    /// The id of the list of what it may well hold.
    pub list: &'static str,
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
                @if self.lines {
                    textarea id=(self.name) name=(self.name) rows="3" maxlength="4000"
                        autocapitalize="none" spellcheck="false"
                        required[!self.optional]
                        aria-invalid=[fault.map(|_| "true")]
                        aria-describedby=[described] { (self.value) }
                } @else {
                    input id=(self.name) name=(self.name)
                        type=(filled(self.kind).unwrap_or("text"))
                        value=[(!self.value.is_empty()).then_some(self.value)]
                        autocomplete=(filled(self.autocomplete).unwrap_or("off"))
                        inputmode=[filled(self.inputmode)]
                        list=[filled(self.list)]
                        autocapitalize="none" spellcheck="false" maxlength="1000"
                        required[!self.optional]
                        aria-invalid=[fault.map(|_| "true")]
                        aria-describedby=[described];
                }
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

/// A choice of one among few; its name is its id.
pub fn choice(name: &'static str, label: &str, options: &[(&str, &str)], chosen: &str) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                @for (value, shown) in options {
                    option value=(value) selected[*value == chosen] { (shown) }
                }
            }
        }
    }
}

/// Yes or no; its name is its id.
pub fn check(name: &'static str, label: &str, on: bool) -> Markup {
    html! {
        p.check {
            input type="checkbox" id=(name) name=(name) value="yes" checked[on];
            label for=(name) { (label) }
        }
    }
}
