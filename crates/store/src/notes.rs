//! Small documents that people keep beside what the engine does: names for filters, and what they noted about failures.

use std::sync::Arc;

use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;

use crate::StoreFuture;

/// What people have noted.
pub trait Notes: Send + Sync + 'static {
    /// Returns the notes of a kind that an owner has in a tenant, by name.
    fn notes(
        &self,
        tenant: TenantId,
        kind: NoteKind,
        owner: Option<PrincipalId>,
    ) -> StoreFuture<'_, Vec<NoteRecord>>;

    /// Makes all of these changes. Returns how many notes were written or deleted, or `None` if an owner would have too many of a kind:
    /// then nothing is changed.
    fn change_notes(&self, changes: Vec<NoteChange>) -> StoreFuture<'_, Option<usize>>;
}

/// A change of notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoteChange {
    /// This one is written, new or changed.
    Put {
        /// The note.
        note: NoteRecord,
        /// How many of its kind its owner may have.
        max: usize,
    },
    /// This one is deleted.
    Delete {
        /// Which.
        key: NoteKey,
        /// Only if it was written then.
        written_at: Option<Timestamp>,
    },
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoteKind {
    /// A name for filters of the list of executions.
    View,
    /// Who cares for a failure group.
    FailureAssigned,
    /// That a failure group is not shown for a while.
    FailureMuted,
    /// That a failure group is done with.
    FailureResolved,
}

impl NoteKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::View, Self::FailureAssigned, Self::FailureMuted, Self::FailureResolved];

    /// Returns the name that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::FailureAssigned => "failure_assigned",
            Self::FailureMuted => "failure_muted",
            Self::FailureResolved => "failure_resolved",
        }
    }
}

/// What tells a note from all others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoteKey {
    /// Whose it is.
    pub tenant: TenantId,
    /// What it is about.
    pub kind: NoteKind,
    /// Whose it is alone; `None` for one of the whole tenant.
    pub owner: Option<PrincipalId>,
    /// Its name.
    pub name: Arc<str>,
}

/// A note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteRecord {
    /// What tells it from all others.
    pub key: NoteKey,
    /// What it says.
    pub value: Payload,
    /// When it was written.
    pub at: Timestamp,
}
