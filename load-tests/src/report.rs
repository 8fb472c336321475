//! Figures beside their baselines of the same run: the table for people and the JSON for programs.

use serde::Serialize;
use std::fmt::Write as _;

/// What a figure must satisfy.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[serde(tag = "kind", content = "bound", rename_all = "snake_case")]
pub enum Target {
    /// `ours / baseline` is at least this.
    RatioMin(f64),
    /// `ours / baseline` is at most this.
    RatioMax(f64),
    /// `ours` is at most this, whatever the baseline.
    ValueMax(f64),
    /// Shown, not judged.
    Shown,
}

/// How a figure compares with its target.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It satisfies it.
    Met,
    /// It does not.
    NotMet,
    /// There is no target.
    Shown,
    /// It could not be measured.
    NotRun,
}

/// One line of the report.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// The component that measured it.
    pub component: &'static str,
    /// What was measured.
    pub what: String,
    /// Unit of `ours` and `baseline`.
    pub unit: &'static str,
    /// The product's value; absent when it was not measured.
    pub ours: Option<f64>,
    /// The baseline's value in the same run.
    pub baseline: Option<f64>,
    /// What it must satisfy.
    pub target: Target,
    /// Why it was not measured, or what to know when reading it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Figure {
    /// A measured value without a baseline or target.
    pub fn new(
        component: &'static str,
        what: impl Into<String>,
        ours: f64,
        unit: &'static str,
    ) -> Figure {
        Figure {
            component,
            what: what.into(),
            unit,
            ours: Some(ours),
            baseline: None,
            target: Target::Shown,
            note: None,
        }
    }

    /// Something that could not be measured.
    pub fn not_run(component: &'static str, why: impl Into<String>) -> Figure {
        Figure {
            component,
            what: "not run".to_owned(),
            unit: "",
            ours: None,
            baseline: None,
            target: Target::Shown,
            note: Some(why.into()),
        }
    }

    /// With the baseline of the same run.
    #[must_use]
    pub fn beside(mut self, baseline: f64) -> Figure {
        self.baseline = Some(baseline);
        self
    }

    /// With a target.
    #[must_use]
    pub fn target(mut self, target: Target) -> Figure {
        self.target = target;
        self
    }

    /// With a remark.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Figure {
        self.note = Some(note.into());
        self
    }

    /// `ours / baseline`.
    pub fn ratio(&self) -> Option<f64> {
        let (ours, baseline) = (self.ours?, self.baseline?);
        (baseline > 0.0).then(|| ours / baseline)
    }

    /// How it compares with its target.
    pub fn verdict(&self) -> Verdict {
        let judged = match self.target {
            Target::Shown => {
                return if self.ours.is_some() { Verdict::Shown } else { Verdict::NotRun };
            }
            Target::RatioMin(least) => self.ratio().map(|r| r >= least),
            Target::RatioMax(most) => self.ratio().map(|r| r <= most),
            Target::ValueMax(most) => self.ours.map(|v| v <= most),
        };
        match judged {
            Some(true) => Verdict::Met,
            Some(false) => Verdict::NotMet,
            None => Verdict::NotRun,
        }
    }
}

/// All figures of a run.
#[derive(Clone, Debug, Default)]
pub struct Report(Vec<Figure>);

impl Report {
    /// Adds figures.
    pub fn add(&mut self, figures: impl IntoIterator<Item = Figure>) {
        self.0.extend(figures);
    }

    /// Whether everything that has a target met it.
    pub fn all_met(&self) -> bool {
        self.0.iter().all(|f| matches!(f.verdict(), Verdict::Met | Verdict::Shown))
    }

    /// The report as one JSON document.
    pub fn json(&self) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            #[serde(flatten)]
            figure: &'a Figure,
            ratio: Option<f64>,
            verdict: Verdict,
        }
        let figures: Vec<_> = self
            .0
            .iter()
            .map(|figure| Line { figure, ratio: figure.ratio(), verdict: figure.verdict() })
            .collect();
        serde_json::json!({ "version": 1, "figures": figures }).to_string()
    }

    /// The report as a table.
    pub fn table(&self) -> String {
        let head = ["component", "figure", "nsk", "baseline", "ratio", "target", ""];
        let mut rows = vec![head.map(str::to_owned)];
        rows.extend(self.0.iter().map(cells));
        let width = |column: usize| {
            rows.iter().map(|r| r[column].chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        let mut out = String::new();
        for row in &rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let pad = " ".repeat(width - cell.chars().count());
                let numeric = (2..=4).contains(&column);
                let (before, after) = if numeric { (&*pad, "") } else { ("", &*pad) };
                let _ = write!(line, "{before}{cell}{after}  ");
            }
            let _ = writeln!(out, "{}", line.trim_end());
        }
        for note in self.0.iter().filter_map(remark) {
            let _ = writeln!(out, "  {note}");
        }
        out
    }
}

fn remark(figure: &Figure) -> Option<String> {
    Some(format!("{}, {}: {}", figure.component, figure.what, figure.note.as_ref()?))
}

fn cells(figure: &Figure) -> [String; 7] {
    let value = |v: Option<f64>| match v {
        Some(v) => format!("{} {}", number(v), figure.unit).trim_end().to_owned(),
        None => "–".to_owned(),
    };
    let target = match figure.target {
        Target::RatioMin(least) => format!("≥ {} ×", number(least)),
        Target::RatioMax(most) => format!("≤ {} ×", number(most)),
        Target::ValueMax(most) => format!("≤ {} {}", number(most), figure.unit),
        Target::Shown => String::new(),
    };
    let verdict = match figure.verdict() {
        Verdict::Met => "met",
        Verdict::NotMet => "NOT MET",
        Verdict::Shown => "",
        Verdict::NotRun => "not run",
    };
    [
        figure.component.to_owned(),
        figure.what.clone(),
        value(figure.ours),
        value(figure.baseline),
        figure.ratio().map(number).unwrap_or_default(),
        target,
        verdict.to_owned(),
    ]
}

/// Three significant digits, or all of a whole number's.
fn number(value: f64) -> String {
    let digits = if value.abs() >= 100.0 {
        0
    } else if value.abs() >= 10.0 {
        1
    } else {
        2
    };
    let text = format!("{value:.digits$}");
    let whole = text.strip_suffix(".00").or_else(|| text.strip_suffix(".0"));
    whole.unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_judged_by_its_target() {
        let figure = |ours, target| Figure::new("a", "b", ours, "ms").beside(100.0).target(target);
        for (ours, target, verdict) in [
            (50.0, Target::RatioMin(0.5), Verdict::Met),
            (49.9, Target::RatioMin(0.5), Verdict::NotMet),
            (115.0, Target::RatioMax(1.15), Verdict::Met),
            (115.1, Target::RatioMax(1.15), Verdict::NotMet),
            (300.0, Target::ValueMax(300.0), Verdict::Met),
            (301.0, Target::ValueMax(300.0), Verdict::NotMet),
            (301.0, Target::Shown, Verdict::Shown),
        ] {
            assert_eq!(figure(ours, target).verdict(), verdict, "{ours} {target:?}");
        }
        let alone = Figure::new("a", "b", 1.0, "ms").target(Target::RatioMin(0.5));
        assert_eq!(alone.verdict(), Verdict::NotRun, "a ratio needs a baseline");
        let zero = Figure::new("a", "b", 1.0, "ms").beside(0.0).target(Target::RatioMin(0.5));
        assert_eq!(zero.verdict(), Verdict::NotRun, "nothing was measured there");
    }

    #[test]
    fn one_missed_target_spoils_the_run() {
        let mut report = Report::default();
        report.add([Figure::new("a", "b", 1.0, "ms")]);
        assert!(report.all_met());
        report.add([Figure::new("a", "c", 1.0, "ms").beside(1.0).target(Target::RatioMin(0.5))]);
        assert!(report.all_met());
        report.add([Figure::not_run("panic", "not built")]);
        assert!(!report.all_met(), "what was not run was not met");
    }

    #[test]
    fn the_table_shows_each_figure_beside_its_baseline() {
        let mut report = Report::default();
        report.add([
            Figure::new("durable", "commands, HTTP", 12_345.0, "/s")
                .beside(20_000.0)
                .target(Target::RatioMin(0.5)),
            Figure::new("board", "oldest", 301.5, "ms")
                .target(Target::ValueMax(300.0))
                .note("of 4 frames"),
        ]);
        let table = report.table();
        let lines: Vec<Vec<&str>> =
            table.lines().map(|l| l.split("  ").map(str::trim).collect()).collect();
        let words = |line: usize| -> Vec<&str> {
            lines[line].iter().copied().filter(|w| !w.is_empty()).collect()
        };
        let expected = ["durable", "commands, HTTP", "12345 /s", "20000 /s", "0.62", "≥ 0.50 ×"];
        assert_eq!(words(1)[..6], expected);
        assert_eq!(words(1)[6], "met");
        assert_eq!(words(2), ["board", "oldest", "302 ms", "–", "≤ 300 ms", "NOT MET"]);
        assert_eq!(words(3), ["board, oldest: of 4 frames"]);
    }

    #[test]
    fn the_document_carries_ratio_and_verdict() {
        let mut report = Report::default();
        report.add([Figure::new("a", "b", 1.0, "s").beside(4.0).target(Target::RatioMax(0.5))]);
        let json: serde_json::Value = serde_json::from_str(&report.json()).expect("JSON");
        let figure = &json["figures"][0];
        assert_eq!(figure["ratio"], 0.25);
        assert_eq!(figure["verdict"], "met");
        assert_eq!(figure["target"], serde_json::json!({"kind": "ratio_max", "bound": 0.5}));
    }
}
