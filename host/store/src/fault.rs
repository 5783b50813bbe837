//! What the database's failures mean to a person: what happened, and what to do.
//!
//! Failures that only the caller understands (a duplicate key, a broken reference) are told
//! apart by [`is_duplicate`] and [`is_reference`]; the caller finds the words.

use rusqlite::{Error as Sql, ErrorCode, ffi};
use sluice_model::{Code, Error, Remedy};

/// The error of the host for an error of the database.
pub(crate) fn fault(error: Sql) -> Error {
    let detail = match &error {
        Sql::SqliteFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => busy(),
        Some(ErrorCode::DiskFull) => Error::host(
            "the disk that holds the organisation is full; what was being written is undone, what was committed before is kept. Make room on it and try again",
        ),
        Some(ErrorCode::SystemIoFailure) => Error::host(format!(
            "reading or writing the organisation's file failed ({detail}); what was being written is undone, what was committed before is kept. Look at the disk and its mount, then try again"
        )),
        Some(ErrorCode::DatabaseCorrupt) => Error::host(format!(
            "the organisation's file is damaged ({detail}). Stop using it, keep a copy, and restore the last backup"
        ))
        .with_remedy(Remedy::Restore),
        Some(ErrorCode::NotADatabase) => Error::host(
            "the file is not a database, so not an organisation of Sluice. Give the path of an organisation",
        ),
        Some(ErrorCode::ReadOnly) => Error::host(format!(
            "the organisation's file cannot be written ({detail}). Check the permissions of the file and of its folder, and whether the disk is mounted read-only"
        )),
        Some(ErrorCode::CannotOpen) => Error::host(format!(
            "the organisation's file cannot be opened ({detail}). Check that it is there and that this account may read and write it and its folder"
        )),
        Some(ErrorCode::OutOfMemory) => {
            Error::host("the host has no memory left for the database; what was being written is undone")
        }
        Some(ErrorCode::TooBig) => {
            Error::invalid("a value or a query is larger than the database takes; send less at once")
        }
        _ if is_limit(&detail) => Error::invalid(format!(
            "what was asked for is more than the database takes at once ({detail}); ask for less"
        )),
        // Whose time it was is known above.
        Some(ErrorCode::OperationInterrupted) => Error::new(
            Code::MESSAGE_TIMEOUT,
            "the database was asked for more than it could do in the time that was left",
        ),
        _ => Error::host(format!("the database refused: {detail}")),
    }
}

/// Whether the database refused a statement for its size.
fn is_limit(detail: &str) -> bool {
    [
        "too many ",
        "Expression tree is too large",
        "parser stack overflow",
        "at most ",
    ]
    .iter()
    .any(|words| detail.starts_with(words))
}

/// Another process held the write lock for too long.
pub(crate) fn busy() -> Error {
    Error::new(
        Code::BUSY,
        "the organisation is busy: another process has been writing to it for too long. Try again; if it stays so, find the process that keeps the file open",
    )
}

/// No row with that id may be made: there is one.
pub(crate) fn is_duplicate(error: &Sql) -> bool {
    extended(error) == Some(ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
}

/// Another row has the same values in the columns of a key.
pub(crate) fn is_taken(error: &Sql) -> bool {
    extended(error) == Some(ffi::SQLITE_CONSTRAINT_UNIQUE)
}

/// A reference would point to nothing.
pub(crate) fn is_reference(error: &Sql) -> bool {
    matches!(extended(error), Some(ffi::SQLITE_CONSTRAINT_FOREIGNKEY))
}

fn extended(error: &Sql) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}
