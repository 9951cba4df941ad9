//! What SQLite's failures mean.

use rusqlite::ffi;
use steward_core::{Error, ErrorKind};

/// The failure as one of ours; SQLite's text goes to the log only.
pub(crate) fn map(cause: rusqlite::Error) -> Error {
    let error = match &cause {
        // A page that fails its authentication in the middle of a statement is an error without a text of its own;
        // a statement that is wrong has one.
        rusqlite::Error::SqliteFailure(failure, text)
            if failure.extended_code == ffi::SQLITE_ERROR
                && text.as_deref().is_none_or(|text| text == "SQL logic error") =>
        {
            damaged()
        }
        rusqlite::Error::SqliteFailure(failure, _) => by_code(failure.extended_code),
        rusqlite::Error::QueryReturnedNoRows
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..) => damaged(),
        _ => Error::internal("The local copy refused a statement."),
    };
    error.with_source(cause)
}

fn by_code(extended: i32) -> Error {
    match (extended & 0xff, extended) {
        (ffi::SQLITE_NOTADB, _) => Error::new(
            ErrorKind::CacheKey,
            "The local copy does not open with this workspace's key, or is no file of Steward's.",
        ),
        // The memory of the write-ahead log's index is a file too; growing it fails without a code of its own.
        (ffi::SQLITE_FULL, _) | (_, ffi::SQLITE_IOERR_SHMSIZE) => {
            Error::new(ErrorKind::DiskFull, "The disk is full: the local copy cannot grow.")
        }
        (ffi::SQLITE_CORRUPT, _) | (_, ffi::SQLITE_IOERR_SHORT_READ) => damaged(),
        (ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED, _) => super::busy(),
        (ffi::SQLITE_IOERR | ffi::SQLITE_CANTOPEN | ffi::SQLITE_READONLY | ffi::SQLITE_PERM, _) => {
            Error::new(ErrorKind::File, "The file system refused access to the local copy.")
        }
        _ => Error::internal("The local copy refused a statement."),
    }
}

/// The file's contents cannot be what Steward wrote.
pub(crate) fn damaged() -> Error {
    Error::new(ErrorKind::CacheCorrupt, "The local copy is damaged.")
}

/// The file system refused something outside SQLite.
pub(crate) fn file(cause: std::io::Error, doing: &'static str) -> Error {
    let error = match cause.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            Error::new(ErrorKind::DiskFull, "The disk is full.")
        }
        _ => Error::new(ErrorKind::File, doing),
    };
    error.with_source(cause)
}
