//! What callers are answered.

use steadflow_core::execution::Rejected;
use steadflow_core::ids::AgentId;
use steadflow_core::protection::{AccountState, GateState};
use steadflow_store::IdempotencyHit;

use super::Loaded;
use crate::error::RuntimeError;

/// An answer.
#[derive(Debug)]
pub enum Reply {
    /// The execution is accepted.
    Accepted,
    /// The idempotency key was used before.
    Hit(IdempotencyHit),
    /// It was decided and is committed.
    Done,
    /// It changes nothing.
    Rejected(Rejected),
    /// The execution as it is committed.
    Snapshot(Box<Loaded>),
    /// The shard does not have it; the store may.
    NotHere,
    /// What changed is shown.
    Shown,
    /// What the protection of an agent does; `None` if it has none.
    Protection(Option<GateState>),
    /// What is drawn from the budgets of agents and not used.
    Accounts(Vec<(AgentId, AccountState)>),
    /// The database had no room; nothing was changed.
    StorageFull,
    /// There is no memory for a further execution; nothing was changed.
    Overloaded,
    /// Nothing was changed; try again.
    Unavailable,
}

impl Reply {
    /// Returns the execution, if that is the answer.
    pub fn into_snapshot(self) -> Option<Box<Loaded>> {
        let Self::Snapshot(snapshot) = self else { return None };
        Some(snapshot)
    }

    /// Returns why what was asked for did not happen; only for an answer that says so.
    pub(crate) fn into_error(self) -> RuntimeError {
        match self {
            Self::Rejected(rejected) => rejected.into(),
            Self::StorageFull => RuntimeError::StorageFull,
            Self::Overloaded => RuntimeError::Overloaded,
            Self::Accepted
            | Self::Hit(_)
            | Self::Done
            | Self::Snapshot(_)
            | Self::NotHere
            | Self::Shown
            | Self::Protection(_)
            | Self::Accounts(_)
            | Self::Unavailable => RuntimeError::Unavailable,
        }
    }
}
