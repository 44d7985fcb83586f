//! What a change names: the states that it may be made to.

use steadflow_store::Revision;

use crate::error::RuntimeError;

/// The revisions that a change may be made to.
#[derive(Clone, Debug, Default)]
pub enum Allowed {
    /// Whichever is current.
    #[default]
    Any,
    /// Only one of these.
    OneOf(Vec<Revision>),
}

impl Allowed {
    /// Refuses a change that may not be made to `current`.
    pub(crate) fn check(&self, current: Revision) -> Result<(), RuntimeError> {
        match self {
            Self::OneOf(revisions) if !revisions.contains(&current) => {
                Err(RuntimeError::VersionConflict(current))
            }
            Self::OneOf(_) | Self::Any => Ok(()),
        }
    }

    /// Returns what must still be current when the change that was checked against `current` is stored.
    pub(crate) fn pinned(&self, current: Revision) -> Option<Revision> {
        match self {
            Self::OneOf(_) => Some(current),
            Self::Any => None,
        }
    }
}
