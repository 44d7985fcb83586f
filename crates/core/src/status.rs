//! The statuses of executions and nodes, with the names that responses, the journal and the database share.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// Where an execution is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionStatus {
    /// Accepted; waits for a free slot of its flow.
    Pending,
    /// Under way.
    Running,
    /// Under way, but nothing new starts.
    Paused,
    /// Ended; every node that was to run did.
    Completed,
    /// Ended by a failure or its timeout.
    Failed,
    /// Ended by a person.
    Cancelled,
}

impl ExecutionStatus {
    /// All statuses, in the order in which people are shown them.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Running, Self::Paused, Self::Completed, Self::Failed, Self::Cancelled];

    /// Returns the name that answers and the journal use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Returns whether nothing can follow.
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for ExecutionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A node's status as answers show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeStatus {
    /// Has not begun, or waits out a backoff.
    Pending,
    /// An attempt is under way, or it waits for something.
    Running,
    /// Ready, but the execution is paused.
    Paused,
    /// Done.
    Completed,
    /// Failed for good.
    Failed,
    /// The execution ended before it did.
    Cancelled,
    /// No edge led to it.
    Skipped,
}

impl NodeStatus {
    /// Returns the name that answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }
}

/// Why an execution or a node does not go on by itself right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// A moment.
    Delay {
        /// That moment.
        until: Timestamp,
    },
    /// A person's decision (`on_interrupt`, `on_exhausted`).
    Decision,
    /// A person's approval of a call.
    Approval,
    /// A free slot of the execution's flow, or of the agent that a node asks.
    Slot,
    /// The next attempt of a node that failed.
    Retry {
        /// When that is due.
        at: Timestamp,
    },
    /// The end of child executions.
    Child,
    /// The end of another execution's turn in the session of a node.
    Session,
    /// An event from outside.
    Event {
        /// When the node gives up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
}

impl Wait {
    /// The names of what executions are found by: all waits but that for a retry, which has a filter of its own.
    pub const NAMES: [&'static str; 7] =
        ["delay", "decision", "approval", "slot", "child", "session", "event"];

    /// Returns the name that answers and the database use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delay { .. } => "delay",
            Self::Decision => "decision",
            Self::Approval => "approval",
            Self::Slot => "slot",
            Self::Retry { .. } => "retry",
            Self::Child => "child",
            Self::Session => "session",
            Self::Event { .. } => "event",
        }
    }

    /// Returns when it is over by itself, where that is known.
    pub const fn until(self) -> Option<Timestamp> {
        match self {
            Self::Decision | Self::Approval | Self::Slot | Self::Child | Self::Session => None,
            Self::Delay { until: moment } | Self::Retry { at: moment } => Some(moment),
            Self::Event { until } => until,
        }
    }

    /// Returns the wait of this name and end; `None` where they do not go together.
    pub fn named(name: &str, until: Option<Timestamp>) -> Option<Self> {
        match (name, until) {
            ("delay", Some(until)) => Some(Self::Delay { until }),
            ("decision", None) => Some(Self::Decision),
            ("approval", None) => Some(Self::Approval),
            ("slot", None) => Some(Self::Slot),
            ("retry", Some(at)) => Some(Self::Retry { at }),
            ("child", None) => Some(Self::Child),
            ("session", None) => Some(Self::Session),
            ("event", until) => Some(Self::Event { until }),
            _ => None,
        }
    }
}
