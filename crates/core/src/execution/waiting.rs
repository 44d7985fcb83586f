//! Why nothing of an execution moves right now.

use super::node::{NodeExecution, NodeState};
use super::{Execution, ExecutionStatus};
use crate::ids::NodeIndex;
use crate::status::Wait;

impl Execution {
    /// Returns what it waits for; `None` while it works, is paused, or has ended. Of several waits it is a decision or an
    /// approval if there is one, since only a person ends that, and else the one that is over first.
    pub fn waiting_for(&self) -> Option<Wait> {
        match self.status {
            ExecutionStatus::Pending => return Some(Wait::Slot),
            ExecutionStatus::Running => {}
            ExecutionStatus::Paused
            | ExecutionStatus::Completed
            | ExecutionStatus::Failed
            | ExecutionStatus::Cancelled => return None,
        }
        let waits = || self.active.iter().filter_map(|&node| self.node(node).waiting_for());
        if waits().any(|wait| wait == Wait::Decision) {
            return Some(Wait::Decision);
        }
        if self.active.iter().any(|&node| self.node(node).has_open_approval()) {
            return Some(Wait::Approval);
        }
        if self.has_call_in_flight() {
            return None;
        }
        waits().min_by_key(|wait| (wait.until().is_none(), wait.until()))
    }

    /// Returns whether a node of it waits for a slot of an agent, its session, or, also during a pause, that its wait for
    /// an event is stored.
    pub fn waits_for_agent(&self) -> bool {
        let is_running = self.status == ExecutionStatus::Running;
        let waits = |&node: &NodeIndex| {
            (is_running && self.node(node).waits_for_its_turn()) || self.is_to_store_wait(node)
        };
        self.active.iter().any(waits)
    }
}

impl NodeExecution {
    /// Returns what the node waits for; `None` while it works or has ended.
    pub fn waiting_for(&self) -> Option<Wait> {
        match self.state {
            NodeState::Backoff { retry_at } => Some(Wait::Retry { at: retry_at }),
            NodeState::Waiting(wait) => Some(wait),
            NodeState::Running { .. } if self.has_open_approval() => Some(Wait::Approval),
            NodeState::Running { .. } if self.is_held() => Some(Wait::Slot),
            NodeState::Running { .. } if self.has_open_child() => Some(Wait::Child),
            NodeState::Pending
            | NodeState::Running { .. }
            | NodeState::Completed
            | NodeState::Failed
            | NodeState::Cancelled
            | NodeState::Skipped => None,
        }
    }
}
