//! When an execution must be processed again, and why.

use super::{Execution, ExecutionStatus, NodeState, Wait};
use crate::timestamp::Timestamp;

/// Why an execution must be processed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerReason {
    /// The timeout of the execution expires.
    Deadline,
    /// The timeout of an attempt or of one of its calls expires.
    AttemptTimeout,
    /// A backoff is over.
    Backoff,
    /// A delay is over.
    Delay,
    /// Nobody has decided on a call in time.
    Approval,
    /// An event has not come in time.
    Event,
    /// The last decision had taken its share.
    Cut,
}

impl Execution {
    /// Returns when to send [`super::Input::Tick`] next, and why. Sending it earlier changes nothing.
    pub fn next_timer(&self) -> Option<(Timestamp, TimerReason)> {
        if self.status.is_finished() {
            return None;
        }
        let held = self.status == ExecutionStatus::Paused;
        let mut next = self.deadline.map(|at| (at, TimerReason::Deadline));
        let mut add =
            |timer: (Timestamp, TimerReason)| next = Some(next.map_or(timer, |next| next.min(timer)));
        for &index in &self.active {
            let node = self.node(index);
            match node.state {
                NodeState::Running { .. } => {
                    node.next_stop().into_iter().for_each(|at| add((at, TimerReason::AttemptTimeout)));
                }
                NodeState::Backoff { retry_at } if !held => add((retry_at, TimerReason::Backoff)),
                NodeState::Waiting(Wait::Delay { until }) if !held => add((until, TimerReason::Delay)),
                // The answer of the store is waited for, whatever the time.
                NodeState::Waiting(Wait::Event { until: Some(until) })
                    if !held && !self.slots_asked.contains(&index) =>
                {
                    add((until, TimerReason::Event))
                }
                NodeState::Pending
                | NodeState::Backoff { .. }
                | NodeState::Waiting(_)
                | NodeState::Completed
                | NodeState::Failed
                | NodeState::Cancelled
                | NodeState::Skipped => {}
            }
            if !held && !node.approvals.is_empty() {
                node.next_expiry().into_iter().for_each(|at| add((at, TimerReason::Approval)));
            }
        }
        if self.is_cut {
            add((self.created_at, TimerReason::Cut));
        }
        next
    }
}
