//! Why a store call failed, by what the caller does next.

/// The cause below a [`StoreError`].
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a store call failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another incarnation took over. Do not retry: discard what this worker drives.
    #[error("the worker's lease was lost")]
    Fenced,
    /// There is no room. Nothing was written; refuse new work, and try again later.
    #[error("the database has no room left")]
    Full {
        /// What the database said.
        source: BoxError,
    },
    /// It is unknown whether the write is on disk. Stop, and read the stored state on the next start.
    #[error("the outcome of database call `{call}` is unknown")]
    Unknown {
        /// Which call.
        call: &'static str,
        /// What the database said.
        source: BoxError,
    },
    /// There is so much to read that this did not get its turn in time. Nothing was done; try again later.
    #[error("database call `{call}` did not get its turn in time")]
    Busy {
        /// Which call.
        call: &'static str,
    },
    /// The database failed, and nothing was written.
    #[error("database call `{call}` failed")]
    Database {
        /// Which call.
        call: &'static str,
        /// What the database said.
        source: BoxError,
    },
    /// The blob storage does not do what it should, and nothing was written. Try again later.
    #[error("the blob storage failed: {reason}")]
    Blobs {
        /// Which one, what it said, and what to do.
        reason: String,
    },
    /// The database will never take this write: it is too large, or breaks a rule. Nothing was written. Do not repeat it.
    #[error("the database refuses what call `{call}` writes")]
    Refused {
        /// Which call.
        call: &'static str,
        /// What the database said.
        source: BoxError,
    },
    /// Another active flow has the path of the webhook. Nothing was written; another path can be chosen.
    #[error("another active flow has the path of the webhook")]
    WebhookTaken,
    /// What is stored cannot be read: it was not written by this version, or was damaged.
    #[error("stored {what} is not readable: {reason}")]
    Corrupt {
        /// What it is, with its id.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The store was closed.
    #[error("the database is closed")]
    Closed,
}

impl StoreError {
    /// Returns the same error, for another caller whose work was in the same transaction.
    #[must_use]
    pub fn repeated(&self) -> Self {
        let said = |source: &BoxError| source.to_string().into();
        match self {
            Self::Fenced => Self::Fenced,
            Self::Full { source } => Self::Full { source: said(source) },
            Self::Unknown { call, source } => Self::Unknown { call, source: said(source) },
            Self::Busy { call } => Self::Busy { call },
            Self::Database { call, source } => Self::Database { call, source: said(source) },
            Self::Blobs { reason } => Self::Blobs { reason: reason.clone() },
            Self::Refused { call, source } => Self::Refused { call, source: said(source) },
            Self::WebhookTaken => Self::WebhookTaken,
            Self::Corrupt { what, reason } => Self::Corrupt { what: what.clone(), reason: reason.clone() },
            Self::Closed => Self::Closed,
        }
    }
}
