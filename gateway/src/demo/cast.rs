//! The people of the demo. A password is its login: both are printed at start.

use engine::exam::Role;
use engine::{Lang, PersonId};

/// Somebody in the demo.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Member {
    /// Their number.
    pub id: PersonId,
    /// What they sign in with, and their password.
    pub login: &'static str,
    /// Full name.
    pub name: &'static str,
    /// What they may do.
    pub role: Role,
}

/// A login that a person at the keyboard may use.
pub type Login = Member;

const fn member(id: u64, login: &'static str, name: &'static str, role: Role) -> Member {
    Member { id: PersonId(id), login, name, role }
}

/// Opens rooms, marks exams as synchronised, gives time.
pub const OPERATOR: Member = member(1, "operator", "Орлова Мария Сергеевна", Role::Operator);
/// For a person: watches.
pub const OBSERVER: Member = member(2, "observer", "Смирнов Пётр Ильич", Role::Observer);
/// For a person: runs the installation.
pub const ADMIN: Member = member(3, "admin", "Админ Демо", Role::Administrator);
/// For a person: the candidate of the reserved exam. Nobody plays them.
pub const CANDIDATE: Member = member(10, "candidate", "Кандидатов Денис Олегович", Role::Candidate);
/// For a person: an expert of the reserved exam. Nobody plays them.
pub const EXPERT: Member = member(20, "expert", "Экспертова Анна Юрьевна", Role::Expert);

/// Experts who are played; the first three chair panels.
pub const EXPERTS: [Member; 9] = [
    member(21, "expert1", "Беляев Иван Николаевич", Role::Expert),
    member(22, "expert2", "Волкова Ольга Павловна", Role::Expert),
    member(23, "expert3", "Громов Сергей Андреевич", Role::Expert),
    member(24, "expert4", "Дмитриева Нина Викторовна", Role::Expert),
    member(25, "expert5", "Егоров Павел Романович", Role::Expert),
    member(26, "expert6", "Жукова Татьяна Львовна", Role::Expert),
    member(27, "expert7", "Зайцев Артём Кириллович", Role::Expert),
    member(28, "expert8", "Ильина Вера Максимовна", Role::Expert),
    member(29, "expert9", "Крылов Глеб Денисович", Role::Expert),
];

/// Candidates who are played.
pub const CANDIDATES: [Member; 12] = [
    member(31, "candidate1", "Лебедев Никита Игоревич", Role::Candidate),
    member(32, "candidate2", "Морозова Алина Руслановна", Role::Candidate),
    member(33, "candidate3", "Новиков Тимур Олегович", Role::Candidate),
    member(34, "candidate4", "Осипова Дарья Евгеньевна", Role::Candidate),
    member(35, "candidate5", "Павлов Роман Витальевич", Role::Candidate),
    member(36, "candidate6", "Романова Ксения Антоновна", Role::Candidate),
    member(37, "candidate7", "Соколов Матвей Ильич", Role::Candidate),
    member(38, "candidate8", "Тихонова Юлия Борисовна", Role::Candidate),
    member(39, "candidate9", "Уваров Марк Семёнович", Role::Candidate),
    member(40, "candidate10", "Фёдорова Ева Данииловна", Role::Candidate),
    member(41, "candidate11", "Харитонов Лев Аркадьевич", Role::Candidate),
    member(42, "candidate12", "Цветкова Полина Глебовна", Role::Candidate),
];

/// Everybody who may sign in.
pub fn everybody() -> impl Iterator<Item = Member> {
    [OPERATOR, OBSERVER, ADMIN, CANDIDATE, EXPERT].into_iter().chain(EXPERTS).chain(CANDIDATES)
}

/// Whether a person at the keyboard plays them.
pub fn is_human(person: PersonId) -> bool {
    [CANDIDATE, EXPERT].iter().any(|m| m.id == person)
}

/// What the demo prints about its logins.
pub fn logins(lang: Lang) -> Vec<String> {
    let line = |member: Member, ru: &str, en: &str| {
        let what = lang.pick(ru, en).to_owned();
        format!("  {:<10} {what}", member.login)
    };
    let mut lines = vec![
        lang.pick("вход: пароль совпадает с логином", "sign in: the password equals the login")
            .to_owned(),
    ];
    lines.extend([
        line(OBSERVER, "табло всех экзаменов", "the board of all exams"),
        line(OPERATOR, "оператор: открывает, отменяет", "the operator: opens, cancels"),
        line(ADMIN, "администратор", "the administrator"),
        line(CANDIDATE, "кандидат экзамена 101: место за вами", "candidate of exam 101: your seat"),
        line(
            EXPERT,
            "эксперт экзаменов 101 и 102: место за вами",
            "expert in exams 101 and 102: your seat",
        ),
    ]);
    lines.push(
        lang.pick(
            "  expert1…9, candidate1…12 — их играет программа",
            "  expert1…9, candidate1…12 are played by the program",
        )
        .to_owned(),
    );
    lines
}
