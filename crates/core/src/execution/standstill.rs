//! Why nothing of an execution moves right now.

use super::node::NodeState;
use super::{Execution, ExecutionStatus};
use crate::event::Wait;
use crate::timestamp::Timestamp;

/// What an execution waits for, as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standstill {
    /// A free slot of its flow.
    Slot,
    /// A person, who decides how it goes on. Told even if other nodes go on meanwhile, since it ends by nobody else.
    Decision,
    /// The next attempt of a node that failed.
    Retry {
        /// When that is due.
        at: Timestamp,
    },
    /// A moment.
    Delay {
        /// Which.
        until: Timestamp,
    },
}

impl Standstill {
    /// Returns its name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Slot => "slot",
            Self::Decision => "decision",
            Self::Retry { .. } => "retry",
            Self::Delay { .. } => "delay",
        }
    }

    /// Returns when it is over by itself, where that is known.
    pub const fn until(self) -> Option<Timestamp> {
        match self {
            Self::Slot | Self::Decision => None,
            Self::Retry { at: moment } | Self::Delay { until: moment } => Some(moment),
        }
    }

    /// Returns the one of this name and end; `None` where they do not go together.
    pub fn named(name: &str, until: Option<Timestamp>) -> Option<Self> {
        match (name, until) {
            ("slot", None) => Some(Self::Slot),
            ("decision", None) => Some(Self::Decision),
            ("retry", Some(at)) => Some(Self::Retry { at }),
            ("delay", Some(until)) => Some(Self::Delay { until }),
            _ => None,
        }
    }
}

impl Execution {
    /// Returns what it waits for; `None` while it works, is paused, or has ended. Of several waits it is the one that is
    /// over first.
    pub fn standstill(&self) -> Option<Standstill> {
        match self.status {
            ExecutionStatus::Pending => return Some(Standstill::Slot),
            ExecutionStatus::Running => {}
            ExecutionStatus::Paused
            | ExecutionStatus::Completed
            | ExecutionStatus::Failed
            | ExecutionStatus::Cancelled => return None,
        }
        let waits = || self.active.iter().filter_map(|&node| standstill_of(&self.node(node).state));
        if waits().any(|wait| wait == Standstill::Decision) {
            return Some(Standstill::Decision);
        }
        if self.has_attempt_in_flight() {
            return None;
        }
        waits().min_by_key(|wait| wait.until())
    }
}

const fn standstill_of(state: &NodeState) -> Option<Standstill> {
    match state {
        NodeState::Backoff { retry_at } => Some(Standstill::Retry { at: *retry_at }),
        NodeState::Waiting(Wait::Delay { until }) => Some(Standstill::Delay { until: *until }),
        NodeState::Waiting(Wait::Decision) => Some(Standstill::Decision),
        NodeState::Pending
        | NodeState::Running { .. }
        | NodeState::Completed
        | NodeState::Failed
        | NodeState::Cancelled
        | NodeState::Skipped => None,
    }
}
