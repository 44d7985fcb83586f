//! The execution state machine.
//!
//! [`Execution::decide`] takes an [`Input`] and appends to a [`Decision`] the events that follow from it and the
//! effects to perform once they are committed. Every event goes through [`Execution::apply`], the only place where
//! state changes, live and on replay. So the state of an execution *is* the fold of its journal.
//!
//! `decide` applies what it emits at once, because one input can carry an execution across many pure nodes whose
//! outputs feed each other. The value in memory may thus be ahead of the disk while its commit is under way; whoever
//! drives it shows it to nobody until the commit has returned, and throws it away and replays if the commit failed.

mod apply;
mod begin;
mod decide;
mod failed;
mod messages;
mod node;
mod retry_plan;
mod standstill;
mod start;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::event::{Accepted, DecisionKind, Event, Record, Wait};
use crate::failure::ErrorClass;
use crate::flow::{Flow, Graph};
use crate::ids::{Attempt, ExecutionId, FlowId, NodeIndex, TenantId};
use crate::limits::Limits;
use crate::payload::Payload;
use crate::timestamp::Timestamp;
use crate::work::{Outcome, Usage, Work};

pub use apply::Corrupt;
pub(crate) use begin::passed_through;
pub(crate) use messages::attempt_timed_out;
pub use node::{AttemptError, AttemptRecord, NodeExecution, NodeState, NodeStatus};
pub use retry_plan::{RetryMode, RetryPlan};
pub use standstill::Standstill;

/// Where an execution stands.
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

    /// Tells whether nothing can follow.
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for ExecutionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An immutable version of a flow: what an execution is pinned to.
#[derive(Debug)]
pub struct FlowVersion {
    /// Whose it is.
    pub tenant: TenantId,
    /// The flow.
    pub flow_id: FlowId,
    /// From 1.
    pub version: u32,
    /// What it says.
    pub flow: Flow,
    /// The bounds that its executions keep.
    pub limits: Limits,
}

/// One flow version carried out once.
#[derive(Clone, Debug)]
pub struct Execution {
    id: ExecutionId,
    flow: Arc<FlowVersion>,
    accepted: Box<Accepted>,
    seq: u64,
    status: ExecutionStatus,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    deadline: Option<Timestamp>,
    error: Option<ExecutionError>,
    worker: Arc<str>,
    nodes: Vec<NodeExecution>,
    edges: Vec<EdgeState>,
    /// The nodes that hold the execution open: running, in a backoff, or waiting.
    active: Vec<NodeIndex>,
}

/// Why an execution did not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionError {
    /// For a person.
    pub message: Arc<str>,
    /// The class of the failure; `None` for a cancel.
    pub class: Option<ErrorClass>,
    /// The node whose failure ended it; `None` for a timeout or a cancel.
    pub node: Option<NodeIndex>,
}

/// What became of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeState {
    /// Its node has not ended.
    Undecided,
    /// It leads on.
    Taken,
    /// It does not.
    NotTaken,
}

/// Something that happened and that an execution has to decide on.
#[derive(Clone, Debug)]
pub enum Input {
    /// It has a slot of its flow.
    Start,
    /// An attempt ended.
    AttemptEnded {
        /// Its node.
        node: NodeIndex,
        /// Its number.
        attempt: Attempt,
        /// What came of it.
        outcome: Outcome,
    },
    /// A timer may be due. Too early is harmless.
    Tick,
    /// This worker drives it from here on; attempts that ran elsewhere or before a crash are lost.
    Adopt {
        /// This worker.
        worker: Arc<str>,
    },
    /// Our shutdown stops what runs, without holding it against anybody.
    Release,
    /// A person ends it.
    Cancel {
        /// What to say of it.
        message: Arc<str>,
    },
    /// A person holds it.
    Pause,
    /// A person lets it go on.
    Resume,
    /// A person ends a backoff.
    RetryNow {
        /// The node that waits.
        node: NodeIndex,
    },
    /// A person settles a node that asks.
    Decide {
        /// The node.
        node: NodeIndex,
        /// What is said.
        decision: DecisionKind,
    },
}

/// What follows from one or more inputs: to be committed as one record, then acted on.
#[derive(Debug, Default)]
pub struct Decision {
    /// What happened, applied already.
    pub events: Vec<Event>,
    /// What to do once it is committed.
    pub effects: Vec<Effect>,
}

impl Decision {
    /// Tells whether there is nothing to commit. Effects never come without events.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

/// Something to do because of a committed decision.
#[derive(Debug)]
pub enum Effect {
    /// Begin an attempt.
    StartAttempt(Box<Work>),
    /// Stop an attempt's work; its result is of no interest any more.
    StopAttempt {
        /// Its node.
        node: NodeIndex,
        /// Its number.
        attempt: Attempt,
    },
}

/// Why an input changes nothing. Normal: results come late, and people press twice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The execution has ended.
    #[error("the execution is {0}")]
    Finished(ExecutionStatus),
    /// The attempt is not the one that runs.
    #[error("the attempt is no longer running")]
    StaleAttempt,
    /// The input does not fit the status.
    #[error("the execution is {0}")]
    WrongStatus(ExecutionStatus),
    /// The node is not waiting for this.
    #[error("the node is not waiting for this")]
    NotWaiting,
}

/// Why an execution will have to be looked at again, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerReason {
    /// The execution's timeout strikes.
    Deadline,
    /// An attempt's timeout strikes.
    AttemptTimeout,
    /// A backoff is over.
    Backoff,
    /// A delay is over.
    Delay,
}

impl Execution {
    /// Returns its id.
    pub const fn id(&self) -> ExecutionId {
        self.id
    }

    /// Returns the flow version that it is pinned to.
    pub const fn flow(&self) -> &Arc<FlowVersion> {
        &self.flow
    }

    /// Returns what it started from.
    pub fn accepted(&self) -> &Accepted {
        &self.accepted
    }

    /// Returns the number of its last record.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Returns where it stands.
    pub const fn status(&self) -> ExecutionStatus {
        self.status
    }

    /// Returns when it was accepted.
    pub const fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// Returns when it got its slot.
    pub const fn started_at(&self) -> Option<Timestamp> {
        self.started_at
    }

    /// Returns when it ended.
    pub const fn completed_at(&self) -> Option<Timestamp> {
        self.completed_at
    }

    /// Returns when its timeout strikes.
    pub const fn deadline(&self) -> Option<Timestamp> {
        self.deadline
    }

    /// Returns why it did not complete.
    pub const fn error(&self) -> Option<&ExecutionError> {
        self.error.as_ref()
    }

    /// Returns its node executions, in the order of the flow's nodes.
    pub fn nodes(&self) -> &[NodeExecution] {
        &self.nodes
    }

    /// Returns what became of its edges, in the order of the flow's edges.
    pub fn edges(&self) -> &[EdgeState] {
        &self.edges
    }

    /// Returns one node execution.
    pub fn node(&self, index: NodeIndex) -> &NodeExecution {
        &self.nodes[index.at()]
    }

    /// Returns the flow's graph.
    pub fn graph(&self) -> &Graph {
        &self.flow.flow.graph
    }

    /// Returns the node to name when asked where it is: the first active one, or the one that ended it.
    pub fn current_node(&self) -> Option<NodeIndex> {
        self.active.first().copied().or_else(|| self.error.as_ref().and_then(|error| error.node))
    }

    /// Tells whether some attempt's work is under way.
    pub fn has_attempt_in_flight(&self) -> bool {
        self.active.iter().any(|&node| matches!(self.node(node).state, NodeState::Running { .. }))
    }

    /// Tells whether some node waits out a backoff.
    pub fn is_retrying(&self) -> bool {
        self.active.iter().any(|&node| matches!(self.node(node).state, NodeState::Backoff { .. }))
    }

    /// Tells whether it completed only thanks to retries.
    pub fn is_recovered(&self) -> bool {
        self.status == ExecutionStatus::Completed
            && self.nodes.iter().any(|node| node.attempts.iter().any(|attempt| attempt.error.is_some()))
    }

    /// Returns what all its attempts used.
    pub fn usage(&self) -> Usage {
        Usage::sum(self.nodes.iter().flat_map(|node| node.attempts.iter().map(|attempt| attempt.usage)))
    }

    /// Returns its result: the output of the node that ended it or, if several did, an object of them by node id.
    /// `None` unless it completed.
    pub fn result(&self) -> Option<Payload> {
        if self.status != ExecutionStatus::Completed {
            return None;
        }
        let graph = self.graph();
        let ends = |at: &usize| {
            let leads_on = graph.outgoing[*at].iter().any(|edge| self.edges[edge.at()] == EdgeState::Taken);
            self.nodes[*at].output.is_some() && !leads_on
        };
        let last: Vec<usize> = (0..self.nodes.len()).filter(ends).collect();
        match last.as_slice() {
            [] => Some(Payload::null()),
            [only] => self.nodes[*only].output.clone(),
            several => Some(node::object_of(
                several
                    .iter()
                    .filter_map(|&at| Some((graph.nodes[at].id.as_str(), self.nodes[at].output.as_ref()?))),
            )),
        }
    }

    /// Tells when to send [`Input::Tick`] next, and why. Calling early is a no-op.
    pub fn next_timer(&self) -> Option<(Timestamp, TimerReason)> {
        if self.status.is_finished() {
            return None;
        }
        let held = self.status == ExecutionStatus::Paused;
        let of_node = |node: &NodeIndex| match self.node(*node).state {
            NodeState::Running { stop_at } => stop_at.map(|at| (at, TimerReason::AttemptTimeout)),
            NodeState::Backoff { retry_at } if !held => Some((retry_at, TimerReason::Backoff)),
            NodeState::Waiting(Wait::Delay { until }) if !held => Some((until, TimerReason::Delay)),
            NodeState::Pending
            | NodeState::Backoff { .. }
            | NodeState::Waiting(_)
            | NodeState::Completed
            | NodeState::Failed
            | NodeState::Cancelled
            | NodeState::Skipped => None,
        };
        let deadline = self.deadline.map(|at| (at, TimerReason::Deadline));
        self.active.iter().filter_map(of_node).chain(deadline).min()
    }

    /// Takes the decision's events out as the record to commit.
    pub fn seal(&mut self, decision: &mut Decision, now: Timestamp) -> Record {
        self.seq += 1;
        Record(self.seq, now, std::mem::take(&mut decision.events))
    }
}
