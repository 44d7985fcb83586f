//! Rows of lists. One that cannot be read does not hide the others.

use uuid::Uuid;

/// A row of a list, or what is known of one that cannot be read.
pub type Listed<T> = Result<T, Damaged>;

/// A stored row that cannot be read: the file is damaged, or another version wrote what this one does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what is stored of {id} cannot be read: {reason}")]
pub struct Damaged {
    /// Its id.
    pub id: Uuid,
    /// Why it cannot be read.
    pub reason: String,
}
