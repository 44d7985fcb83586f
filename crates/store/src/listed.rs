//! Rows of lists. One that cannot be read does not hide the others.

use std::fmt;

use uuid::Uuid;

use crate::StoreError;

/// A row of a list, or what is known of one that cannot be read: which one it is, by its `Id`.
pub type Listed<T, Id = Uuid> = Result<T, Damaged<Id>>;

/// A stored row that cannot be read: the file is damaged, or another version wrote what this one does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what is stored of {id} cannot be read: {reason}")]
pub struct Damaged<Id: fmt::Display = Uuid> {
    /// Which row it is.
    pub id: Id,
    /// Why it cannot be read.
    pub reason: String,
}

impl<Id: fmt::Display> Damaged<Id> {
    /// Returns the damage of a row that was read, and of which `error` says what is wrong.
    pub fn of(id: Id, error: &StoreError) -> Self {
        Self { id, reason: error.to_string() }
    }
}

/// Which version of a flow or an agent a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionId {
    /// The flow or the agent.
    pub of: Uuid,
    /// The number of the version.
    pub version: u32,
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {} of {}", self.version, self.of)
    }
}
