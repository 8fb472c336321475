//! Small tools and the plans of exams, for tests: `an_exam(42).with_panel(3)`.

use engine::exam::{Candidate, Command, ExamClass, Issuer, PanelMember, PanelRole, Plan, Role};
use engine::practice::{Criterion, CriterionKind, PassRule, Task, TaskLock};
use engine::question::{ChoiceVariant, QuestionKind};
use engine::tool::{Block, Qualification, Standard, Topic, TopicKind};
use engine::{
    Answer, BlockId, CriterionId, Moment, PersonId, Points, PracticeTool, Question, QuestionId,
    Span, TaskId, Tool, TopicId, VariantId, WireId,
};
use std::collections::BTreeSet;

/// Questions of [`small_tool`], numbered from 1; each has the variants 1 (right) and 2.
pub const QUESTIONS: u64 = 4;
/// Minutes of the theory part of [`small_tool`].
pub const THEORY_MINUTES: u32 = 10;
/// Minutes of the practice part of [`small_practice`].
pub const PRACTICE_MINUTES: u32 = 40;

/// A bank with one choice question in each of its blocks; half of the points pass.
pub fn small_tool() -> Tool {
    let questions = i64::try_from(QUESTIONS).unwrap_or_default();
    Tool {
        os_id: 7,
        qualification: Qualification {
            id: 70,
            name: "Сварщик".into(),
            level: 3,
            num: "40.00200.01".into(),
        },
        standard: Standard { id: 71, name: "Сварщик".into(), num: "14".into() },
        minutes: THEORY_MINUTES,
        total: Points::whole(questions),
        pass: Points::whole(questions / 2),
        topics: vec![Topic {
            id: TopicId(1),
            kind: TopicKind::Knowledge,
            theme_id: None,
            name: "Правила".into(),
            points: Points::whole(questions),
            blocks: (1..=QUESTIONS).map(block).collect(),
        }],
    }
}

fn block(n: u64) -> Block {
    let variant = |id, correct| ChoiceVariant {
        id: VariantId(id),
        text: format!("вариант {id}"),
        img: None,
        correct,
    };
    let question = Question {
        id: QuestionId(n),
        text: format!("Вопрос {n}"),
        img: None,
        kind: QuestionKind::Choice {
            multiple: false,
            variants: vec![variant(1, true), variant(2, false)],
        },
        note: None,
    };
    Block { id: BlockId(n), questions: vec![question] }
}

/// Two tasks with one judgement each, locked by all experts; the marks may lie 1 apart.
pub fn small_practice() -> PracticeTool {
    let task = |n: u64| Task {
        id: TaskId(n),
        title: format!("Задание {n}"),
        text: "Сделайте шов".into(),
        minutes: PRACTICE_MINUTES / 2,
        lock: TaskLock::AllExperts,
        criteria: vec![Criterion {
            id: CriterionId(n * 10),
            name: "Качество".into(),
            kind: CriterionKind::Judgement,
            max: Points::whole(3),
            spread: Points::whole(1),
        }],
    };
    PracticeTool {
        id: 8,
        qualification_id: 70,
        title: "Практика".into(),
        minutes: PRACTICE_MINUTES,
        quorum: 3,
        version: 1,
        pass: PassRule::Sum { min_points: Points::whole(3) },
        tasks: vec![task(1), task(2)],
    }
}

/// A plan in the making.
#[derive(Clone, Debug)]
pub struct AnExam {
    wire_id: u64,
    panel: u64,
    class: ExamClass,
    begins_at: Moment,
}

/// An exam with theory and practice, a panel of three, beginning at 2026-03-02T07:00Z.
pub fn an_exam(wire_id: u64) -> AnExam {
    AnExam {
        wire_id,
        panel: 3,
        class: ExamClass::TheoryPractice,
        begins_at: Moment(1_772_434_800_000),
    }
}

impl AnExam {
    /// So many experts, the first of them the chair.
    pub fn with_panel(self, panel: u64) -> AnExam {
        AnExam { panel, ..self }
    }

    /// These parts.
    pub fn of_class(self, class: ExamClass) -> AnExam {
        AnExam { class, ..self }
    }

    /// The people in it.
    pub fn cast(&self) -> Cast {
        let base = self.wire_id * 100;
        Cast {
            exam: WireId(self.wire_id),
            candidate: PersonId(base),
            panel: (1..=self.panel).map(|n| PersonId(base + n)).collect(),
        }
    }

    /// The plan.
    pub fn plan(&self) -> Plan {
        let cast = self.cast();
        let seat = |(n, person): (usize, &PersonId)| PanelMember {
            person: *person,
            name: format!("Эксперт {n}"),
            role: if n == 0 { PanelRole::Chair } else { PanelRole::Expert },
        };
        Plan {
            wire_id: cast.exam,
            class: self.class,
            title: "Сварщик".into(),
            qualification: "40.00200.01".into(),
            skill_id: 70,
            centre: "ЦОК 1".into(),
            room: "12".into(),
            tz: "Europe/Moscow".into(),
            begins_at: self.begins_at,
            ends_at: self.begins_at + Span::minutes(240),
            candidate: Candidate { person: cast.candidate, name: "Кандидат".into() },
            panel: cast.panel.iter().enumerate().map(seat).collect(),
            quorum: 3,
            tool: self.class.has_theory().then(|| small_tool().hash()),
            practice: self.class.has_practice().then(|| small_practice().hash()),
            blueprint: None,
        }
    }
}

/// The people of one exam.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cast {
    /// Which exam.
    pub exam: WireId,
    /// The candidate.
    pub candidate: PersonId,
    /// The panel, the chair first.
    pub panel: Vec<PersonId>,
}

/// The operator of every test.
pub const OPERATOR: PersonId = PersonId(1);

/// The operator of every test, as one who commands.
pub fn operator() -> Issuer {
    Issuer::person(OPERATOR, [Role::Operator])
}

impl Cast {
    /// The candidate, as one who commands.
    pub fn candidate(&self) -> Issuer {
        Issuer::person(self.candidate, [Role::Candidate])
    }

    /// An expert by their place on the panel.
    pub fn expert(&self, n: usize) -> Issuer {
        Issuer::person(self.panel[n], [Role::Expert])
    }

    /// The chair.
    pub fn chair(&self) -> Issuer {
        self.expert(0)
    }

    /// What leads from a planned exam to the point where its first part can be started.
    pub fn until_ready(&self) -> Vec<(Issuer, Command)> {
        let mut script = vec![(operator(), Command::Open {})];
        script.extend((0..self.panel.len()).map(|n| (self.expert(n), Command::Arrive {})));
        script.push((self.chair(), Command::ConfirmIdentity {}));
        script
    }
}

/// The candidate chooses a variant.
pub fn answer(question: u64, variant: u64) -> Command {
    let chosen = BTreeSet::from([VariantId(variant)]);
    Command::SaveAnswer { question: QuestionId(question), answer: Answer::Choice { chosen } }
}

/// An expert marks the one criterion of a task.
pub fn mark(task: u64, value: i64) -> Command {
    Command::PlaceMark {
        task: TaskId(task),
        criterion: CriterionId(task * 10),
        value: Points::whole(value),
        refers_at: None,
    }
}

/// A comment with a text of its own.
pub fn comment(text: &str) -> Command {
    Command::AddComment { category: engine::exam::Category::Other, text: text.to_owned() }
}
