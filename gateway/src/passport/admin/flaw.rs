//! What is wrong with what an administrator gave, in both languages.

use super::AdminFault;
use crate::passport::keys::KeyFault;
use crate::passport::names::NameFault;

/// What is wrong with something that is no name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Flaw {
    /// A name to show.
    #[error("the name is empty or too long")]
    Shown,
    /// A word that is no role.
    #[error("`{0}` is no role")]
    Role(String),
    /// A role that would hold for no moment.
    #[error("the role would end before it begins")]
    Ends,
    /// A moment that cannot be read.
    #[error("`{0}` is no date")]
    Date(String),
    /// A kind of client that is none.
    #[error("a client is public, confidential or service")]
    Kind,
    /// A secret for whom can keep none.
    #[error("a public client keeps no secret")]
    Secret,
    /// A list that is too long.
    #[error("more than {0} entries in one list")]
    List(usize),
    /// An address that answers must not go to.
    #[error("`{0}` cannot be an address for answers")]
    Address(String),
    /// A requirement that cannot be read.
    #[error("the requirement cannot be read: {0}")]
    Requires(String),
    /// A second first administrator.
    #[error("there is an administrator already: `nsk identity user list` shows everybody")]
    Second,
    /// A password that was not hashed.
    #[error("no hash could be made")]
    Hash,
}

impl AdminFault {
    /// The same for people who read Russian.
    pub fn in_russian(&self) -> String {
        match self {
            AdminFault::Name(fault) => name(fault),
            AdminFault::Wrong(flaw) => wrong(flaw),
            AdminFault::Unknown(_) => "Такого здесь нет.".to_owned(),
            AdminFault::Taken(_) => {
                "Это имя уже занято, или есть другое, очень похожее.".to_owned()
            }
            AdminFault::NotYours(_) => {
                "Совет назначает только экспертов и права центров.".to_owned()
            }
            AdminFault::Key(KeyFault::State(_)) => {
                "С ключом в этом состоянии так поступить нельзя.".to_owned()
            }
            AdminFault::Key(KeyFault::Unknown(_)) => "Такого ключа нет.".to_owned(),
            AdminFault::Key(_) | AdminFault::Audit(_) | AdminFault::Store(_) => {
                "Сейчас не получается. Ничего не изменено.".to_owned()
            }
        }
    }
}

fn name(fault: &NameFault) -> String {
    match fault {
        NameFault::TooLong => "Имя слишком длинное.".to_owned(),
        NameFault::Form(form) => format!("Такое имя пишется в виде {form}."),
        NameFault::Sign(part) => format!("В части «{part}» есть недопустимый знак."),
        NameFault::Script(part) => {
            format!("В части «{part}» буквы, которых здесь не допускают, или смесь алфавитов.")
        }
        NameFault::Ogrn(number) => format!("ОГРН {number}: неверная контрольная цифра."),
    }
}

fn wrong(flaw: &Flaw) -> String {
    match flaw {
        Flaw::Shown => "Название пустое или слишком длинное.".to_owned(),
        Flaw::Role(word) => format!("Роли «{word}» нет."),
        Flaw::Ends => "Роль закончилась бы раньше, чем началась.".to_owned(),
        Flaw::Date(text) => format!("«{text}» не дата."),
        Flaw::Kind => "Клиент бывает public, confidential или service.".to_owned(),
        Flaw::Secret => "Публичный клиент не хранит секретов.".to_owned(),
        Flaw::List(most) => format!("В одном списке больше {most} строк."),
        Flaw::Address(uri) => format!("Адрес «{uri}» не годится для ответов."),
        Flaw::Requires(text) => format!("Требование не читается: {text}"),
        Flaw::Second => "Администратор уже есть.".to_owned(),
        Flaw::Hash => "Пароль не удалось сохранить.".to_owned(),
    }
}
