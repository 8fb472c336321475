//! What the databases say when they refuse, in one language.

use crate::error::{AppendError, StoreError};
use sea_orm::{DbErr, RuntimeErr};

/// What the database said, without the driver's types.
#[derive(Debug)]
pub(crate) struct Failure {
    /// `None` when the database was not even asked, did not answer, or said something else.
    pub code: Option<Code>,
    pub message: String,
}

/// Refusals that are told apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Code {
    /// Another connection has a lock, or was first; the transaction is rolled back.
    Busy,
    /// The connection, the file or the server only reads.
    ReadOnly,
    /// The stored data is not what it was.
    Damaged,
    /// No room.
    Full,
    /// A key, a reference or a check is violated.
    Constraint,
    /// A value that the database does not take, such as text with a zero byte.
    BadValue,
}

impl Code {
    /// By SQLite's primary result code.
    fn of_sqlite(code: u32) -> Option<Code> {
        // The low byte of an extended code is the primary one.
        match code & 0xff {
            5 | 6 => Some(Code::Busy),
            8 => Some(Code::ReadOnly),
            11 | 26 => Some(Code::Damaged),
            13 => Some(Code::Full),
            19 => Some(Code::Constraint),
            _ => None,
        }
    }

    /// By an SQLSTATE: two characters of its class, three of detail.
    fn of_postgres(state: &str) -> Option<Code> {
        match (state.get(..2)?, state) {
            (_, "25006") => Some(Code::ReadOnly),
            (_, "53100") => Some(Code::Full),
            ("23", _) => Some(Code::Constraint),
            ("22", _) => Some(Code::BadValue),
            ("40", _) | (_, "55P03") => Some(Code::Busy),
            ("XX", "XX001" | "XX002") => Some(Code::Damaged),
            _ => None,
        }
    }
}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Failure {
        if let DbErr::Conn(RuntimeErr::SqlxError(e))
        | DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e)) = &error
            && let Some(e) = e.as_database_error()
        {
            // An SQLSTATE has five characters; SQLite's numbers have at most four.
            let code = e.code().and_then(|code| match code.len() {
                5 => Code::of_postgres(&code),
                _ => Code::of_sqlite(code.parse().ok()?),
            });
            return Failure { code, message: e.message().to_owned() };
        }
        Failure { code: None, message: error.to_string() }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> StoreError {
        if let DbErr::Type(reason) | DbErr::Json(reason) = error {
            return StoreError::Corrupt(reason);
        }
        let failure = Failure::from(error);
        match failure.code {
            Some(Code::Full) => StoreError::Full,
            Some(Code::ReadOnly) => StoreError::ReadOnly,
            Some(Code::Damaged) => StoreError::Corrupt(failure.message),
            _ => StoreError::Unavailable(failure.message),
        }
    }
}

impl From<StoreError> for AppendError {
    /// For reads that an append makes on its way, before anything is written.
    fn from(error: StoreError) -> AppendError {
        match error {
            StoreError::Full => AppendError::Full,
            StoreError::ReadOnly => AppendError::ReadOnly,
            other => AppendError::Unavailable(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_speak_one_language() {
        for (state, code) in [
            ("23505", Some(Code::Constraint)),
            ("23503", Some(Code::Constraint)),
            ("25006", Some(Code::ReadOnly)),
            ("53100", Some(Code::Full)),
            ("53300", None),
            ("40001", Some(Code::Busy)),
            ("22021", Some(Code::BadValue)),
            ("XX001", Some(Code::Damaged)),
            ("57P01", None),
            ("", None),
        ] {
            assert_eq!(Code::of_postgres(state), code, "{state}");
        }
        for (number, code) in [
            (2067, Some(Code::Constraint)),
            (13, Some(Code::Full)),
            (517, Some(Code::Busy)),
            (1032, Some(Code::ReadOnly)),
            (267, Some(Code::Damaged)),
            (1, None),
        ] {
            assert_eq!(Code::of_sqlite(number), code, "{number}");
        }
    }
}
