//! What SQLite says, by what the caller does next.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::ErrorCode;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{BoxError, StoreError};

/// Why a database could not be opened. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error(
        "the database {} is in use by another steadflow process, which holds the lock on {}; stop that process, or name \
         another database", .database.display(), .lock.display()
    )]
    Locked {
        /// The database.
        database: PathBuf,
        /// The file whose lock is taken.
        lock: PathBuf,
    },
    /// A file could not be made or opened.
    #[error("cannot open {}: {source}; check that the directory exists and may be written to", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The lock file is a symbolic link.
    #[error(
        "{} is a symbolic link, and a lock file must not be one; remove it, and start again", .path.display()
    )]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// SQLite could not read or write the file.
    #[error("cannot open the database {}: {source}", .path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: BoxError,
    },
    /// A later version of steadflow has changed the schema.
    #[error(
        "the database {} has schema {found}, and this version of steadflow knows schemas up to {known}; run the newer \
         version again, or restore a backup from before the upgrade", .path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The number of its last migration.
        found: u32,
        /// The number of the last migration known here.
        known: u32,
    },
    /// A migration was made by another text than the one known here.
    #[error(
        "migration {migration} of the database {} differs from the one that this version of steadflow knows; the file \
         was made by a build that was never released, or was changed by hand", .path.display()
    )]
    Differs {
        /// The file.
        path: PathBuf,
        /// The number of the migration.
        migration: u32,
    },
    /// It is a database of something else.
    #[error("{} is a database, but not one of steadflow; name another file", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// An earlier version has made the schema, and what is to be done does not change it.
    #[error(
        "the database {} has schema {found}, and this version of steadflow has schema {known}; run `steadflow doctor` on it \
         with this version, which brings it up to date", .path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// The number of its last migration.
        found: u32,
        /// The number of the last migration known here.
        known: u32,
    },
    /// A move to it has begun, and not finished.
    #[error(
        "the database {} has only a part of what it should have, because a move to it has not finished; delete {}*, and run \
         `steadflow move` again", .path.display(), .path.display()
    )]
    Unfinished {
        /// The file.
        path: PathBuf,
    },
    /// It was moved.
    #[error(
        "the database {} was moved to {to}, where its executions go on; use that one. If that one is lost, \
         `steadflow move --reopen` lets this one be used again as it was when it was moved", .path.display()
    )]
    Moved {
        /// The file.
        path: PathBuf,
        /// Where to.
        to: String,
    },
    /// It is a backup.
    #[error(
        "{} is a backup that was made at {taken_at}, and stays as it is; make a database of it with `steadflow restore {}`, and \
         use that one", .path.display(), .path.display()
    )]
    Backup {
        /// The file.
        path: PathBuf,
        /// When it was made.
        taken_at: Timestamp,
    },
    /// It is a database that is in use, and no copy of one.
    #[error(
        "{} is a database, and not a backup that `steadflow backup` has made; it can be used as it is", .path.display()
    )]
    NotABackup {
        /// The file.
        path: PathBuf,
    },
    /// There is something already where a file is to be made.
    #[error("{} is there already, and is not overwritten; name another file, or move that one away", .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Another process is making it.
    #[error("{} is being written by another process; wait until it has ended, or name another file", .path.display())]
    InProgress {
        /// The file.
        path: PathBuf,
    },
    /// Nothing keeps it from being opened.
    #[error("the database {} was not moved, so it can be used as it is", .path.display())]
    NotMoved {
        /// The file.
        path: PathBuf,
    },
    /// It has something, and must not.
    #[error(
        "the database {} is not empty: it has rows in {tables}; name a file that is not there yet", .path.display()
    )]
    NotEmpty {
        /// The file.
        path: PathBuf,
        /// In which tables.
        tables: String,
    },
    /// The machine gave no thread to write with.
    #[error("cannot start the thread that writes: {0}")]
    Thread(std::io::Error),
}

/// What [`StoreError::Corrupt`] calls the file as a whole.
pub(crate) const DATABASE: &str = "database";

/// Sorts an error of SQLite's by what the caller does next.
pub(crate) fn store_error(call: &'static str, error: rusqlite::Error) -> StoreError {
    let corrupt = |reason: String| StoreError::Corrupt { what: format!("row of `{call}`"), reason };
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full { source: error.into() },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt { what: DATABASE.into(), reason: error.to_string() }
        }
        Some(ErrorCode::TooBig | ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch) => {
            StoreError::Refused { call, source: error.into() }
        }
        None if is_unwritable(&error) => StoreError::Refused { call, source: error.into() },
        None if is_unreadable(&error) => corrupt(error.to_string()),
        _ => StoreError::Database { call, source: error.into() },
    }
}

/// Whether a value has no form in SQLite, which no repetition changes.
fn is_unwritable(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::ToSqlConversionFailure(..))
}

/// Whether a value is not what its column should have, which says nothing about other rows.
pub(crate) fn is_unreadable(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::Utf8Error(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
    )
}

/// Why a transaction that several callers shared was not committed: each of them is notified.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    kind: FailureKind,
    reason: Arc<str>,
}

#[derive(Clone, Copy, Debug)]
enum FailureKind {
    Full,
    Unknown,
    NotWritten,
}

impl Failure {
    /// A failure after which nothing of the transaction is on disk.
    pub(crate) fn not_written(error: &StoreError) -> Self {
        let kind = if matches!(error, StoreError::Full { .. }) {
            FailureKind::Full
        } else {
            FailureKind::NotWritten
        };
        Self { kind, reason: with_cause(error) }
    }

    /// A failure after which it is unknown what is on disk.
    pub(crate) fn unknown(reason: &str) -> Self {
        Self { kind: FailureKind::Unknown, reason: reason.into() }
    }

    /// Returns the failure as the error of `call`.
    pub(crate) fn of(&self, call: &'static str) -> StoreError {
        let source = BoxError::from(self.reason.to_string());
        match self.kind {
            FailureKind::Full => StoreError::Full { source },
            FailureKind::Unknown => StoreError::Unknown { call, source },
            FailureKind::NotWritten => StoreError::Database { call, source },
        }
    }
}

fn with_cause(error: &StoreError) -> Arc<str> {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}").into(),
        None => error.to_string().into(),
    }
}
