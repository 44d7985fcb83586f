//! How long executions that have ended are kept.

use std::collections::BTreeMap;
use std::time::Duration;

use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_core::timestamp::Timestamp;

/// How long executions are kept after their end, by status; `None` keeps them for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Completed ones.
    pub completed: Option<Duration>,
    /// Failed ones.
    pub failed: Option<Duration>,
    /// Cancelled ones.
    pub cancelled: Option<Duration>,
}

/// How long executions that have ended are kept. What has not ended is always kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Those of flows that are not named.
    pub all: Kept,
    /// Those of these flows.
    pub flows: BTreeMap<FlowId, Kept>,
}

/// A step of a deletion: which executions to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiryStep {
    /// Those after this one, in the order of their ids; from the first one where there is none.
    pub after: Option<ExecutionId>,
    /// At most so many.
    pub limit: usize,
}

/// What a step of a deletion has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired {
    /// How many executions were deleted.
    pub deleted: usize,
    /// Where the next step begins; `None` when there is nothing left to look at.
    pub next: Option<ExecutionId>,
}

impl Kept {
    fn after(self, status: ExecutionStatus) -> Option<Duration> {
        match status {
            ExecutionStatus::Completed => self.completed,
            ExecutionStatus::Failed => self.failed,
            ExecutionStatus::Cancelled => self.cancelled,
            ExecutionStatus::Pending | ExecutionStatus::Running | ExecutionStatus::Paused => None,
        }
    }

    fn shortest(self) -> Option<Duration> {
        [self.completed, self.failed, self.cancelled].into_iter().flatten().min()
    }
}

impl Retention {
    /// Returns whether an execution is to be deleted at `now`; `ended` is when it ended, if it has.
    #[must_use]
    pub fn has_expired(
        &self,
        flow: FlowId,
        status: ExecutionStatus,
        ended: Option<Timestamp>,
        now: Timestamp,
    ) -> bool {
        let kept = self.flows.get(&flow).unwrap_or(&self.all).after(status);
        kept.zip(ended).is_some_and(|(kept, ended)| ended.plus(kept) <= now)
    }

    /// Returns the shortest time that anything is kept; `None` where everything is kept for ever.
    #[must_use]
    pub fn shortest(&self) -> Option<Duration> {
        self.flows.values().chain([&self.all]).filter_map(|kept| kept.shortest()).min()
    }
}
