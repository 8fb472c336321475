//! One exam on a bench: people, tools, a clock that is an argument, and a journal in memory.

use engine::chain::{Cause, Content, Head};
use engine::exam::event::EVENT_VERSION;
use engine::exam::{
    Cameras, Candidate, Command, Context, Event, ExamClass, Issuer, Materials, PanelMember,
    PanelRole, Phase, Plan, Rejection, Role, Stamp,
};
use engine::practice::{self, TaskLock};
use engine::question::{Question, QuestionKind, Segment};
use engine::{
    Actor, Answer, CommandId, Exam, ImportLimits, Moment, PersonId, Points, PracticeTool, Record,
    Seed, StreamId, TaskId, Tool, WireId, tool,
};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use uuid::Uuid;

/// 2026-03-02T00:00:00Z; the exam is planned from 9 to 12.
pub const DAY: i64 = 1_772_409_600_000;
pub const CANDIDATE: PersonId = PersonId(100);
pub const CHAIR: PersonId = PersonId(1);
const THEORY: &[u8] = include_bytes!("../../../gateway/demo/os-edu-69.json");
const PRACTICE: &[u8] = include_bytes!("../../../gateway/demo/practice-57.json");

static TOOL: LazyLock<Arc<Tool>> = LazyLock::new(|| {
    Arc::new(tool::import(THEORY, &ImportLimits::default()).expect("the demo tool").value)
});
static PRACTICE_TOOL: LazyLock<Arc<PracticeTool>> = LazyLock::new(|| practice_tool(|_| {}));

/// The demo's theory tool.
pub fn theory_tool() -> Arc<Tool> {
    TOOL.clone()
}

/// The demo's practice tool, changed before it is imported.
pub fn practice_tool(change: impl FnOnce(&mut serde_json::Value)) -> Arc<PracticeTool> {
    let mut document = serde_json::from_slice(PRACTICE).expect("JSON");
    change(&mut document);
    let bytes = document.to_string();
    let imported = practice::import(bytes.as_bytes(), &ImportLimits::default());
    Arc::new(imported.expect("the demo practice tool").value)
}

/// The demo's theory tool, changed before it is imported.
pub fn changed_tool(change: impl FnOnce(&mut serde_json::Value)) -> Arc<Tool> {
    let mut document = serde_json::from_slice(THEORY).expect("JSON");
    change(&mut document);
    let bytes = document.to_string();
    Arc::new(tool::import(bytes.as_bytes(), &ImportLimits::default()).expect("a tool").value)
}

/// A moment of the exam's day.
pub fn at(hours: i64, minutes: i64, seconds: i64) -> Moment {
    Moment(DAY + ((hours * 60 + minutes) * 60 + seconds) * 1_000)
}

/// Everybody in the play: the panel, and those around it.
pub const PEOPLE: [&str; 12] = [
    "chair",
    "expert1",
    "expert2",
    "tech",
    "candidate",
    "operator",
    "observer",
    "council",
    "administrator",
    "stranger",
    "service",
    "system",
];

/// The panel in the order in which it is filled.
pub const PANEL: [(&str, PersonId, PanelRole); 4] = [
    ("chair", CHAIR, PanelRole::Chair),
    ("expert1", PersonId(2), PanelRole::Expert),
    ("expert2", PersonId(3), PanelRole::Expert),
    ("tech", PersonId(4), PanelRole::TechnicalExpert),
];

/// Somebody by their name in the play.
pub fn issuer(name: &str) -> Issuer {
    let number = |p: u64| PersonId(p);
    match name {
        "candidate" => Issuer::person(CANDIDATE, [Role::Candidate]),
        "operator" => Issuer::person(number(200), [Role::Operator]),
        "observer" => Issuer::person(number(300), [Role::Observer]),
        "council" => Issuer::person(number(400), [Role::Council]),
        "administrator" => Issuer::person(number(500), [Role::Administrator]),
        "stranger" => Issuer::person(number(600), [Role::Expert]),
        "service" => Issuer { person: None, roles: [Role::Service].into() },
        "system" => Issuer::system(),
        _ => Issuer::person(person(name), [Role::Expert]),
    }
}

/// A member of the panel by name.
pub fn person(name: &str) -> PersonId {
    let found = PANEL.iter().find(|(n, _, _)| *n == name);
    found.unwrap_or_else(|| panic!("nobody is called {name}")).1
}

/// The name of a member of the panel.
pub fn name(person: PersonId) -> &'static str {
    PANEL.iter().find(|(_, p, _)| *p == person).map_or("somebody", |(n, _, _)| n)
}

/// A schedule entry over these materials.
pub fn plan(class: ExamClass, panel: usize, quorum: u32, materials: &Materials) -> Plan {
    let seat = |(name, person, role): &(&str, PersonId, PanelRole)| PanelMember {
        person: *person,
        name: format!("Имя {name}"),
        role: *role,
    };
    Plan {
        wire_id: WireId(7_001),
        class,
        title: "Демо квалификация".into(),
        qualification: "12.00798.02".into(),
        skill_id: 57,
        centre: "ЦОК Демо".into(),
        room: "Аудитория 1".into(),
        tz: "Europe/Moscow".into(),
        begins_at: at(9, 0, 0),
        ends_at: at(12, 0, 0),
        candidate: Candidate { person: CANDIDATE, name: "Имя кандидата".into() },
        panel: PANEL[..panel].iter().map(seat).collect(),
        quorum,
        tool: materials.tool.as_ref().filter(|_| class.has_theory()).map(|t| t.hash()),
        practice: materials.practice.as_ref().filter(|_| class.has_practice()).map(|p| p.hash()),
        blueprint: None,
    }
}

/// The demo's materials for a class.
pub fn materials(class: ExamClass) -> Materials {
    Materials {
        tool: class.has_theory().then(theory_tool),
        practice: class.has_practice().then(|| PRACTICE_TOOL.clone()),
    }
}

/// An exam with its journal.
#[derive(Clone)]
pub struct Rig {
    pub exam: Exam,
    pub materials: Materials,
    pub records: Vec<Record>,
    pub events: Vec<Event>,
    pub head: Head,
    pub now: Moment,
    pub cameras: Cameras,
    commands: u64,
}

impl std::fmt::Debug for Rig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (class, panel) = (self.exam.plan.class.word(), self.exam.plan.panel.len());
        write!(f, "{class} of {panel}, {}", self.exam.phase.word())
    }
}

impl Rig {
    /// A planned exam of the demo's tools.
    pub fn new(class: ExamClass, panel: usize, quorum: u32) -> Rig {
        let materials = materials(class);
        let plan = plan(class, panel, quorum, &materials);
        Rig::with(plan, materials)
    }

    /// A planned exam of other tools.
    pub fn with(plan: Plan, materials: Materials) -> Rig {
        let issuer = issuer("operator");
        let events = Exam::decide_plan(&issuer, plan.clone()).expect("a sound plan");
        let stream = StreamId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
        let now = at(8, 0, 0);
        let stamp = Stamp { seq: 1, at: now, by: issuer.person };
        let exam = Exam::planned(stream, plan, materials.clone(), stamp);
        let mut rig = Rig {
            exam,
            materials,
            records: Vec::new(),
            events: Vec::new(),
            head: Head::default(),
            now,
            cameras: Cameras::NotRequired,
            commands: 0,
        };
        rig.journal(&issuer, &events);
        rig
    }

    fn context(&self) -> Context {
        Context { now: self.now, seed: self.seed(), cameras: self.cameras.clone() }
    }

    /// The seed that an opening would draw from.
    pub fn seed(&self) -> Seed {
        Seed([0x5e; 32])
    }

    /// What a command would lead to.
    pub fn decide(&self, who: &Issuer, command: &Command) -> Result<Vec<Event>, Rejection> {
        self.exam.decide(who, command, &self.context())
    }

    /// Decides, journals and applies a command; every event passes through its stored text.
    pub fn act(&mut self, who: &Issuer, command: &Command) -> Result<Vec<Event>, Rejection> {
        let events = self.decide(who, command)?;
        for record in self.journal(who, &events) {
            self.exam.fold_one(&record).expect("what was decided can be folded");
        }
        Ok(events)
    }

    /// As `act`, for a command that must be accepted.
    pub fn must(&mut self, who: &str, command: Command) -> Vec<Event> {
        let done = self.act(&issuer(who), &command);
        done.unwrap_or_else(|e| panic!("{who} {command:?} in {:?}: {e}", self.exam.phase))
    }

    fn journal(&mut self, who: &Issuer, events: &[Event]) -> Vec<Record> {
        self.commands += 1;
        let by = who.person.map_or(Actor::System, Actor::Person);
        let cmd = Some(CommandId(Uuid::from_u128(self.commands.into())));
        let cause = Cause { at: self.now, by, cmd };
        let salt = u8::try_from(self.commands % 251).expect("below 251");
        let contents = events.iter().map(|event| {
            let (kind, d) = event.to_parts();
            Content { kind, v: EVENT_VERSION, d, salt: [salt; 16] }
        });
        let records = self.head.extend(self.exam.stream(), cause, contents);
        let records: Vec<Record> = records
            .iter()
            .map(|r| {
                let text = serde_json::to_string(r).expect("records are JSON");
                serde_json::from_str(&text).expect("records are read back")
            })
            .collect();
        self.records.extend_from_slice(&records);
        self.events.extend_from_slice(events);
        records
    }

    /// The exam as it is rebuilt from its first `n` records.
    pub fn refolded(&self, n: usize) -> Exam {
        Exam::fold(&self.records[..n], self.materials.clone()).expect("the records fold")
    }
}

/// An answer that is right, or one that is not.
pub fn answer(question: &Question, right: bool) -> Answer {
    match &question.kind {
        QuestionKind::Choice { multiple, variants } => {
            let wanted = variants.iter().filter(|v| v.correct == right);
            let wanted = wanted.take(if *multiple { usize::MAX } else { 1 });
            Answer::Choice { chosen: wanted.map(|v| v.id).collect() }
        }
        QuestionKind::Matching { pairs, .. } => {
            let kept = if right { pairs.len() } else { pairs.len() - 1 };
            Answer::Matching { pairs: pairs.clone().into_iter().take(kept).collect() }
        }
        QuestionKind::Ordering { items } => {
            let mut order: Vec<_> = items.iter().map(|i| i.id).collect();
            if !right {
                order.reverse();
            }
            Answer::Ordering { order }
        }
        QuestionKind::Open { segments } => {
            let gaps = segments.iter().filter_map(|s| match s {
                Segment::Gap { accepted } if right => accepted.first().cloned(),
                Segment::Gap { .. } => Some("совсем не то".to_owned()),
                Segment::Text(_) => None,
            });
            Answer::Open { gaps: gaps.collect() }
        }
    }
}

impl Rig {
    /// The candidate answers the first `right` questions rightly and the others wrongly.
    pub fn answers(&mut self, right: usize) {
        let form = self.exam.theory.form.clone().expect("a form");
        let tool = self.materials.tool.clone().expect("a tool");
        for (n, item) in form.items.iter().enumerate() {
            let question = tool.question(item.question_id).expect("a question");
            let answer = answer(question, n < right);
            self.must("candidate", Command::SaveAnswer { question: item.question_id, answer });
        }
    }

    /// An expert gives these marks for the criteria of a task, in their order.
    pub fn marks(&mut self, who: &str, task: TaskId, marks: &[Points]) {
        let criteria = self.exam.practice_tool().and_then(|t| t.task(task)).expect("a task");
        let criteria: Vec<_> = criteria.criteria.iter().map(|c| c.id).collect();
        for (criterion, value) in criteria.into_iter().zip(marks) {
            let value = *value;
            self.must(who, Command::PlaceMark { task, criterion, value, refers_at: None });
        }
    }

    /// Full marks by everybody in the room, and their locks, until practice is scored.
    pub fn full_marks(&mut self) {
        while let Some(task) = self.exam.current_task().cloned() {
            let full: Vec<_> = task.criteria.iter().map(|c| c.max).collect();
            let here: Vec<_> = self.exam.present.keys().map(|p| name(*p)).collect();
            for who in &here {
                self.marks(who, task.id, &full);
            }
            let locking = if task.lock == TaskLock::Chair { vec!["chair"] } else { here };
            for who in locking {
                self.must(who, Command::LockTask { task: task.id });
            }
        }
    }

    /// A theory-and-practice exam with a panel of four, of whom the last is absent, brought to a
    /// phase by the shortest way.
    pub fn in_phase(phase: Phase) -> Rig {
        let mut rig = Rig::new(ExamClass::TheoryPractice, 4, 3);
        let why = || "причина".to_owned();
        let steps = path(phase);
        for step in &steps {
            rig.now = rig.now + engine::Span::minutes(1);
            match *step {
                Phase::Planned => {}
                Phase::Synced => drop(rig.must("operator", Command::MarkSynced {})),
                Phase::Gathering => drop(rig.must("operator", Command::Open {})),
                Phase::Ready => {
                    for who in ["chair", "expert1", "expert2"] {
                        rig.must(who, Command::Arrive {});
                    }
                    rig.must("expert1", Command::ConfirmIdentity {});
                }
                Phase::TheoryRunning => drop(rig.must("chair", Command::StartTheory {})),
                Phase::TheoryScored | Phase::FailedTheory => {
                    rig.answers(if *step == Phase::TheoryScored { usize::MAX } else { 0 });
                    rig.must("candidate", Command::SubmitTheory {});
                }
                Phase::PracticeAdmitted => drop(rig.must("chair", Command::ConfirmTheory {})),
                Phase::PracticeRunning => drop(rig.must("chair", Command::StartPractice {})),
                Phase::PracticeScored => rig.full_marks(),
                Phase::ProtocolDraft => {
                    for who in ["chair", "expert1", "expert2"] {
                        rig.must(who, Command::VoteVerdict { passed: true, reason: None });
                    }
                }
                Phase::Completed => {
                    for who in ["expert1", "expert2", "chair"] {
                        rig.must(who, Command::SignProtocol { dissent: None });
                    }
                }
                Phase::Suspended => drop(rig.must("chair", Command::Suspend { reason: why() })),
                Phase::Aborted => drop(rig.must("chair", Command::Abort { reason: why() })),
                Phase::Cancelled => drop(rig.must("operator", Command::Cancel { reason: why() })),
                Phase::NoShow => drop(rig.must("chair", Command::RecordNoShow { reason: why() })),
            }
            assert_eq!(rig.exam.phase, *step, "the way to {phase:?}");
        }
        rig
    }
}

fn path(phase: Phase) -> Vec<Phase> {
    let main = &Phase::ALL[..12];
    let straight = |to: Phase| -> Vec<Phase> {
        let end = main.iter().position(|p| *p == to).expect("on the main way");
        main[..=end].iter().copied().filter(|p| *p != Phase::FailedTheory).collect()
    };
    let side = |from: Phase, more: &[Phase]| [straight(from), more.to_vec()].concat();
    match phase {
        Phase::FailedTheory => side(Phase::TheoryRunning, &[Phase::FailedTheory]),
        Phase::Suspended => side(Phase::TheoryRunning, &[Phase::Suspended]),
        Phase::Aborted => side(Phase::TheoryRunning, &[Phase::Suspended, Phase::Aborted]),
        Phase::Cancelled => side(Phase::Synced, &[Phase::Cancelled]),
        Phase::NoShow => side(Phase::Gathering, &[Phase::NoShow]),
        on_the_way => straight(on_the_way),
    }
}

/// Marks as text, such as `2 3 1.5`.
pub fn points(text: &str) -> Vec<Points> {
    text.split_whitespace().map(|p| p.parse().unwrap_or_else(|e| panic!("{p}: {e}"))).collect()
}

/// How often each kind of event happened.
pub fn kinds(events: &[Event]) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for event in events {
        *counted.entry(event.to_parts().0).or_default() += 1;
    }
    counted
}
