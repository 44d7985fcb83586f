//! Who is told that an execution changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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

/// Tells listeners of changes, and counts the ends.
#[derive(Clone, Debug)]
pub(crate) struct Hub {
    listeners: broadcast::Sender<Change>,
    /// How many executions ended how, in the order of [`ExecutionStatus::ALL`].
    ended: Arc<[AtomicU64; 6]>,
}

impl Hub {
    /// Changes that a slow listener may lag behind.
    const BACKLOG: usize = 4_096;

    pub(crate) fn new() -> Self {
        Self { listeners: broadcast::Sender::new(Self::BACKLOG), ended: Arc::default() }
    }

    pub(crate) fn publish(&self, change: Change) {
        if change.status.is_finished() {
            self.ended[change.status as usize].fetch_add(1, Ordering::Relaxed);
        }
        if self.listeners.receiver_count() > 0 {
            // An error means that the last listener has just left.
            let _ = self.listeners.send(change);
        }
    }

    pub(crate) fn ended(&self, status: ExecutionStatus) -> u64 {
        self.ended[status as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn subscribe(&self) -> Changes {
        self.listeners.subscribe()
    }
}
