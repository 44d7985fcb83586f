//! Who is told that an execution changed.

use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use tokio::sync::broadcast;

/// A committed change of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub tenant: TenantId,
    /// Its flow.
    pub flow: FlowId,
    /// Which.
    pub execution: ExecutionId,
    /// Its last committed record.
    pub seq: u64,
    /// Where it stands with it.
    pub status: ExecutionStatus,
}

/// A listener's end. One that does not keep up is told how many changes it missed, and reads the state anew.
pub type Changes = broadcast::Receiver<Change>;

/// Tells listeners of changes; costs nothing while there are none.
#[derive(Clone, Debug)]
pub(crate) struct Hub(broadcast::Sender<Change>);

impl Hub {
    /// Changes that a slow listener may lag behind.
    const BACKLOG: usize = 4_096;

    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(Self::BACKLOG))
    }

    pub(crate) fn publish(&self, change: Change) {
        if self.0.receiver_count() > 0 {
            // An error means that the last listener has just left.
            let _ = self.0.send(change);
        }
    }

    pub(crate) fn subscribe(&self) -> Changes {
        self.0.subscribe()
    }
}
