//! What PostgreSQL says, by what the caller does next.

use std::time::Duration;

use steadflow_store::{BoxError, StoreError};
use tokio_postgres::error::{Severity, SqlState};

/// Why a database could not be opened. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is not one.
    #[error(
        "`{url}` is not the URL of a PostgreSQL database: {reason}. Use `postgres://USER:PASSWORD@HOST/DATABASE`."
    )]
    Url {
        /// The URL, without its password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The certificates of the system cannot be used.
    #[error("no certificate of this system can be used to check the database's: {reason}")]
    Certificates {
        /// Why not.
        reason: String,
    },
    /// The database does not answer, or refuses us.
    #[error(
        "cannot connect to PostgreSQL at {at}: {reason}; check that it runs, and the user, the password and the database in the URL"
    )]
    Connect {
        /// Where.
        at: String,
        /// What it said.
        reason: String,
    },
    /// The database failed.
    #[error("cannot prepare the database {at}: {reason}")]
    Database {
        /// Where.
        at: String,
        /// What it said.
        reason: String,
    },
    /// The database lacks something that the store needs.
    #[error("the database {at} cannot be used: {reason}")]
    Unsuitable {
        /// Where.
        at: String,
        /// What it lacks, and what to do.
        reason: String,
    },
    /// A later version of steadflow has changed the schema.
    #[error(
        "the database {at} has schema {found}, and this version of steadflow works with schemas up to {known}; run the \
         newer version again, or restore a backup from before the upgrade"
    )]
    Newer {
        /// Where.
        at: String,
        /// The number of its last migration.
        found: i64,
        /// The number of the last migration known here.
        known: i64,
    },
    /// A migration was made by another text than the one known here.
    #[error(
        "migration {migration} of the database {at} differs from the one that this version of steadflow knows; the schema was made \
         by a build that was never released, or was changed by hand"
    )]
    Differs {
        /// Where.
        at: String,
        /// The number of the migration.
        migration: i64,
    },
    /// An earlier version has made the schema, and what is to be done does not change it.
    #[error(
        "the database {at} has schema {found}, and this version of steadflow has schema {known}; run `steadflow doctor` on it with \
         this version, which brings it up to date"
    )]
    Older {
        /// Where.
        at: String,
        /// The number of its last migration.
        found: i64,
        /// The number of the last migration known here.
        known: i64,
    },
    /// A move to it has begun, and not finished.
    #[error(
        "the database {at} has only a part of what it should have, because a move to it has not finished; drop it, make it \
         again, and run `steadflow move` again"
    )]
    Unfinished {
        /// Where.
        at: String,
    },
    /// It was moved.
    #[error(
        "the database {at} was moved to {to}, where its executions go on; use that one. If that one is lost, \
         `steadflow move --reopen` lets this one be used again as it was when it was moved"
    )]
    Moved {
        /// Where.
        at: String,
        /// Where to.
        to: String,
    },
    /// Nothing keeps it from being used.
    #[error("the database {at} was not moved, so it can be used as it is")]
    NotMoved {
        /// Where.
        at: String,
    },
    /// It has something, and must not.
    #[error("the database {at} is not empty: it has rows in {tables}; name an empty database")]
    NotEmpty {
        /// Where.
        at: String,
        /// In which tables.
        tables: String,
    },
    /// A process uses it.
    #[error("the database {at} is in use by {by}; stop all processes that use it, and try again")]
    InUse {
        /// Where.
        at: String,
        /// By whom.
        by: String,
    },
    /// It has tables of something else.
    #[error("the database {at} has tables that are not steadflow's; name an empty database")]
    Foreign {
        /// Where.
        at: String,
    },
}

/// Why something inside this crate failed.
#[derive(Debug)]
pub(crate) enum Error {
    /// PostgreSQL failed, or the connection to it.
    Postgres(tokio_postgres::Error),
    /// A stored value is not what its column should have, which says nothing about other rows.
    Unreadable(String),
    /// There is no connection.
    Pool(BoxError),
    /// No answer has come for so long.
    Silence(Duration),
    /// What the caller is to be told.
    Store(StoreError),
}

/// What everything inside this crate returns.
pub(crate) type Result<T> = std::result::Result<T, Error>;

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A statement fails so on purpose where the worker whose row it locks is fenced.
pub(crate) const FENCED: SqlState = SqlState::DIVISION_BY_ZERO;

impl Error {
    /// Whether the whole transaction may be tried again: it met another one. What was on its way to the rest while its day was made
    /// does not fit there any more.
    pub(crate) fn is_conflict(&self) -> bool {
        self.code().is_some_and(|code| {
            let known = [
                &SqlState::T_R_SERIALIZATION_FAILURE,
                &SqlState::T_R_DEADLOCK_DETECTED,
                &SqlState::LOCK_NOT_AVAILABLE,
                &SqlState::CHECK_VIOLATION,
            ];
            known.contains(&code)
        })
    }

    /// Whether PostgreSQL has said that the transaction failed. What is no answer of the database may have been written.
    pub(crate) fn is_certain(&self) -> bool {
        match self {
            // The end of a connection can be told as an error, also by a pooler whose own connection has ended.
            Self::Postgres(error) => error.as_db_error().is_some_and(|error| {
                let is_end = matches!(error.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
                !is_end && !["08", "57P"].iter().any(|class| error.code().code().starts_with(class))
            }),
            Self::Unreadable(_) | Self::Store(_) => true,
            Self::Pool(_) | Self::Silence(_) => false,
        }
    }

    /// Whether it can come of a statement having been prepared: it is unknown, or another one's, or the schema is not what it was.
    pub(crate) fn is_of_preparing(&self) -> bool {
        self.code().is_some_and(|code| {
            let known = [
                &SqlState::INVALID_SQL_STATEMENT_NAME,
                &SqlState::DUPLICATE_PSTATEMENT,
                &SqlState::FEATURE_NOT_SUPPORTED,
                &SqlState::PROTOCOL_VIOLATION,
            ];
            known.contains(&code)
        })
    }

    /// Whether the database has none of what a statement asks for: it is another one than PostgreSQL.
    pub(crate) fn is_of_syntax(&self) -> bool {
        self.code().is_some_and(|code| ["0A", "42"].iter().any(|class| code.code().starts_with(class)))
    }

    pub(crate) fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Postgres(error) => error.code(),
            Self::Unreadable(_) | Self::Store(_) | Self::Pool(_) | Self::Silence(_) => None,
        }
    }

    /// Returns it as the error of `call`.
    pub(crate) fn of(self, call: &'static str) -> StoreError {
        let code = self.code().map(|code| code.code().to_owned());
        match self {
            Self::Store(error) => error,
            Self::Unreadable(reason) => StoreError::Corrupt { what: format!("row of `{call}`"), reason },
            Self::Pool(source) => StoreError::Database { call, source },
            Self::Silence(time) => {
                let seconds = time.as_secs();
                let source = format!(
                    "the database has not answered for {seconds} s; look whether it is overloaded, or out of reach"
                );
                let source = source.into();
                StoreError::Database { call, source }
            }
            Self::Postgres(error) => match code.as_deref() {
                Some(code) if code == FENCED.code() => StoreError::Fenced,
                Some(code) => sorted(call, code, error),
                None => StoreError::Database { call, source: error.into() },
            },
        }
    }
}

/// Sorts an answer of the database by the class of its code.
fn sorted(call: &'static str, code: &str, error: tokio_postgres::Error) -> StoreError {
    match code {
        // disk_full; out_of_memory and the others of its class pass.
        "53100" => StoreError::Full { source: error.into() },
        // data_corrupted, index_corrupted.
        "XX001" | "XX002" => StoreError::Corrupt { what: "database".into(), reason: message(&error) },
        // A value that is too long or of a wrong form, a rule of the schema, a limit of the program.
        code if ["22", "23", "54"].iter().any(|class| code.starts_with(class)) => {
            StoreError::Refused { call, source: error.into() }
        }
        _ => StoreError::Database { call, source: error.into() },
    }
}

/// Returns what an error says, with its causes.
pub(crate) fn message(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}
