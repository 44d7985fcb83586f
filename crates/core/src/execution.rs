//! The execution state machine.
//!
//! [`Execution::decide`] takes an [`Input`] and appends to a [`Decision`] the events that follow from it and the
//! effects to perform once they are committed. Every event goes through [`Execution::apply`], the only place where
//! state changes, live and on replay. So the state of an execution *is* the fold of its journal.
//!
//! `decide` applies what it emits at once, because one input can carry an execution across many pure nodes whose
//! outputs feed each other. The value in memory may thus be ahead of the disk while its commit is under way; what
//! drives it shows it only once the commit has returned, and discards it and replays if the commit failed.

mod apply;
mod approvals;
mod begin;
mod budget;
mod children;
mod compensation;
mod decide;
mod decision;
mod events;
mod failed;
mod flow_calls;
mod fork_plan;
mod masking;
mod messages;
mod node;
mod pinned;
mod replay;
mod result;
mod retry_edits;
mod retry_plan;
mod same_nodes;
mod session;
mod signals;
mod start;
mod steps;
mod tasks;
mod timers;
mod version;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::agent::Agent;
use crate::approval::{Answer, Decided};
use crate::caller::Actor;
use crate::event::{Accepted, ChildEnd, Record, Resolution, ReusedChildren};
use crate::external_event::{EventAnswer, ExternalEvent};
use crate::failure::ErrorClass;
use crate::flow::Graph;
use crate::ids::{AgentId, ExecutionId, FlowId, NodeId, NodeIndex, StepKey};
use crate::payload::Payload;
use crate::protection::SlotAnswer;
use crate::sensitive::Cipher;
use crate::session::SessionAnswer;
use crate::timestamp::Timestamp;
use crate::trace::Span;
use crate::trace_parent::{TraceOf, TraceParent};
use crate::usage::UsageSum;
use crate::work::{CallKey, Outcome};

pub use crate::status::{ExecutionStatus, NodeStatus, Wait};
pub(crate) use begin::passed_through;
pub use decision::{Decision, Effect, NewExecution, Spent, Stopped};
pub use fork_plan::{Edits, ForkPlan};
pub use masking::mask;
pub(crate) use messages::attempt_timed_out;
pub use messages::last_error;
pub use node::{AttemptError, AttemptRecord, NodeExecution, NodeState};
pub use pinned::Pinned;
pub use replay::Corrupt;
pub use result::ResultParts;
pub use retry_plan::{RetryMode, RetryPlan};
pub(crate) use steps::recorded;
pub use timers::TimerReason;
pub use version::FlowVersion;

/// Agents by their ids, each in the version that an execution is pinned to.
pub type PinnedAgents = Arc<BTreeMap<AgentId, Arc<Agent>>>;

/// One run of one flow version.
#[derive(Clone, Debug)]
pub struct Execution {
    id: ExecutionId,
    flow: Arc<FlowVersion>,
    child_flows: Option<Arc<BTreeMap<FlowId, Arc<FlowVersion>>>>,
    agents: Option<PinnedAgents>,
    cipher: Option<Arc<dyn Cipher>>,
    accepted: Box<Accepted>,
    seq: u64,
    status: ExecutionStatus,
    /// Whether it was paused because everything of its tenant was.
    is_paused_with_all: bool,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    deadline: Option<Timestamp>,
    error: Option<ExecutionError>,
    worker: Arc<str>,
    nodes: Vec<NodeExecution>,
    edges: Vec<EdgeState>,
    /// The nodes that completed and have one that undoes them, in the order in which they completed.
    undoable: Vec<NodeIndex>,
    /// What is undone before it ends.
    compensation: Option<Box<compensation::Compensation>>,
    /// The nodes that hold the execution open: running, in a backoff, or waiting.
    active: Vec<NodeIndex>,
    /// Bytes of data that its records hold.
    bytes: usize,
    /// Whether its last decision ended before everything was decided that follows without a call.
    is_cut: bool,
    /// What it has of its budget; `None` without one.
    spending: Option<Box<budget::Spending>>,
    /// Nodes that have asked for a slot or their session. Not stored: they ask again when the journal is read.
    slots_asked: BTreeSet<NodeIndex>,
    /// Nodes whose waits for events are stored where these find them. Not stored itself, as above.
    waits_stored: BTreeSet<NodeIndex>,
}

/// Why an execution does not complete.
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
    /// A call of an attempt ended.
    StepEnded {
        /// Which one.
        call: CallKey,
        /// Its result.
        outcome: Outcome,
    },
    /// A child execution ended.
    ChildEnded {
        /// The node that started it.
        node: NodeIndex,
        /// Its number among the node's children.
        child: u32,
        /// How it ended.
        end: ChildEnd,
    },
    /// A call that waited for a slot of its agent has one, or will have none.
    SlotAnswered(SlotAnswer),
    /// A node that waited for its session has an answer.
    SessionAnswered {
        /// Which node.
        node: NodeIndex,
        /// What it got.
        answer: SessionAnswer,
    },
    /// The wait of a node is stored.
    EventAnswered(Box<EventAnswer>),
    /// An event came that a node waits for.
    EventArrived {
        /// The node.
        node: NodeId,
        /// The event.
        event: Box<ExternalEvent>,
    },
    /// Another execution takes the session of a node.
    Interrupt {
        /// Which node.
        node: NodeId,
        /// That execution.
        by: ExecutionId,
    },
    /// A timer may be due. Too early is harmless.
    Tick,
    /// This worker drives it from here on; calls that ran elsewhere or before a crash are lost.
    Adopt {
        /// This worker.
        worker: Arc<str>,
    },
    /// The shutdown of the process stops what runs; this does not count as a retry.
    Release,
    /// The store refuses what follows from here, and would refuse it again.
    Refused {
        /// Why, as a clause.
        reason: Arc<str>,
    },
    /// It is cancelled.
    Cancel {
        /// What to say of it.
        message: Arc<str>,
        /// Who.
        by: Actor,
    },
    /// It is not to undo the rest of what it did.
    StopCompensation {
        /// Who.
        by: Actor,
    },
    /// It is paused.
    Pause {
        /// Who.
        by: Actor,
    },
    /// It is resumed.
    Resume {
        /// Who.
        by: Actor,
    },
    /// Everything of its tenant is paused, and it is with that.
    PauseWithAll {
        /// Who.
        by: Actor,
    },
    /// It is resumed while everything of its tenant is paused: it goes on when that is resumed.
    ResumeLater {
        /// Who.
        by: Actor,
    },
    /// Everything of its tenant is resumed: it is, if it was paused with that.
    ResumeWithAll {
        /// Who.
        by: Actor,
    },
    /// A person ends a backoff.
    RetryNow {
        /// The node that waits.
        node: NodeId,
        /// Who.
        by: Actor,
    },
    /// A person decides on a node that waits for a decision.
    Resolve {
        /// The node.
        node: NodeId,
        /// What was decided.
        resolution: Resolution,
        /// Who decided.
        by: Actor,
    },
    /// A person decides on a call that waits for approval.
    Approve {
        /// The node.
        node: NodeId,
        /// What was decided.
        answer: Answer,
        /// Who decided.
        by: Actor,
    },
}

/// Why an input changes nothing. This is normal: results arrive late, and people click twice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The execution has ended.
    #[error("the execution is {0}")]
    Finished(ExecutionStatus),
    /// The call is not under way.
    #[error("the attempt is no longer running")]
    StaleAttempt,
    /// The child is not one that the node waits for.
    #[error("the node does not wait for this child")]
    StaleChild,
    /// The flow version has no node of this id.
    #[error("the flow has no node `{0}`")]
    NoSuchNode(NodeId),
    /// The input does not fit the status.
    #[error("the execution is {0}")]
    WrongStatus(ExecutionStatus),
    /// It undoes what it did, and ends so afterwards.
    #[error("the execution undoes what it did, and then is {0}")]
    Compensating(ExecutionStatus),
    /// It undoes nothing.
    #[error("the execution undoes nothing")]
    NotCompensating,
    /// The node is not waiting for this.
    #[error("the node is not waiting for this")]
    NotWaiting,
    /// The node has no such call that needed approval.
    #[error("the node has no call `{0}` that needs approval")]
    NoSuchApproval(StepKey),
    /// The call was approved or rejected before.
    #[error("the call was {} before", .0.verdict.as_str())]
    AlreadyDecided(Box<Decided>),
    /// The decision is about other arguments than those of the call.
    #[error("the call has other arguments than those that were decided on")]
    OtherArguments,
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

    /// Returns the versions that it is pinned to.
    pub fn pinned(&self) -> Pinned {
        let (flow, children) = (Arc::clone(&self.flow), self.child_flows.clone());
        Pinned { flow, children, agents: self.agents.clone(), cipher: self.cipher.clone() }
    }

    /// Returns what encrypts its records, if they are encrypted.
    pub fn cipher(&self) -> Option<&dyn Cipher> {
        self.accepted.data_key.and(self.cipher.as_deref())
    }

    /// Returns what encrypts the values that it sends to its parent, if that is encrypted: both have the same key.
    pub fn cipher_of_parent(&self) -> Option<&dyn Cipher> {
        self.accepted.parent.as_ref().filter(|parent| parent.is_encrypted).and(self.cipher.as_deref())
    }

    /// Returns what it started from.
    pub fn accepted(&self) -> &Accepted {
        &self.accepted
    }

    /// Returns the trace that its calls belong to.
    pub(crate) fn trace(&self) -> TraceOf {
        self.accepted.trace.as_ref().map_or(TraceOf::Execution, |caller| TraceOf::Caller(Arc::clone(caller)))
    }

    /// Returns what another execution continues that `span` of this one leads to: the trace of its caller, if it continues one.
    fn trace_below(&self, span: Span<'_>) -> Option<Arc<TraceParent>> {
        self.accepted.trace.as_ref().map(|caller| Arc::new(caller.below(self.id, span)))
    }

    /// Returns the number of its last record.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Returns its status.
    pub const fn status(&self) -> ExecutionStatus {
        self.status
    }

    /// Returns whether it is paused because everything of its tenant was.
    pub fn is_paused_with_all(&self) -> bool {
        self.status == ExecutionStatus::Paused && self.is_paused_with_all
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

    /// Returns when its timeout expires; never while what it did is undone.
    pub const fn deadline(&self) -> Option<Timestamp> {
        self.deadline
    }

    /// Returns why it did not complete, or will not.
    pub const fn error(&self) -> Option<&ExecutionError> {
        self.error.as_ref()
    }

    /// Returns how many bytes of data it holds: see [`execution_bytes_max`](crate::limits::Limits::execution_bytes_max).
    pub const fn data_bytes(&self) -> usize {
        self.bytes
    }

    /// Returns whether its last decision left something that follows without a call: the next [`Input::Tick`] goes on with it.
    pub const fn is_cut(&self) -> bool {
        self.is_cut
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

    /// Returns the input of a node as it is recorded or, where the journal need not say it, as it follows from the flow.
    pub fn input_of(&self, index: NodeIndex) -> Option<&Payload> {
        let node = self.node(index);
        if node.input.is_some() || node.attempts.is_empty() {
            return node.input.as_ref();
        }
        self.graph().node(index).kind.room().shown_input(node.output.as_ref())
    }

    /// Returns the flow's graph.
    pub fn graph(&self) -> &Graph {
        &self.flow.flow.graph
    }

    /// Returns the node to name when asked where it is: the first active one, or the one that ended it.
    pub fn current_node(&self) -> Option<NodeIndex> {
        self.active.first().copied().or_else(|| self.error.as_ref().and_then(|error| error.node))
    }

    /// Returns whether some call is under way.
    pub fn has_call_in_flight(&self) -> bool {
        self.active.iter().any(|&node| self.node(node).has_open_call())
    }

    /// Returns whether some node waits out a backoff.
    pub fn is_retrying(&self) -> bool {
        self.active.iter().any(|&node| matches!(self.node(node).state, NodeState::Backoff { .. }))
    }

    /// Returns whether it completed only thanks to retries. A failure that an error edge handled is none.
    pub fn is_recovered(&self) -> bool {
        self.status == ExecutionStatus::Completed && self.nodes.iter().any(NodeExecution::is_recovered)
    }

    /// Returns what all its attempts used.
    pub fn usage(&self) -> UsageSum {
        self.nodes.iter().flat_map(NodeExecution::usages).collect()
    }

    /// Returns its result: the output of the node that ended it or, if several did, an object of them by node id.
    /// `None` unless it completed.
    pub fn result(&self) -> Option<Payload> {
        self.result_parts().map(|parts| parts.whole())
    }

    /// Returns what its result is made of; `None` unless it completed.
    pub fn result_parts(&self) -> Option<ResultParts<'_>> {
        if self.status != ExecutionStatus::Completed {
            return None;
        }
        let graph = self.graph();
        let leads_on =
            |at: usize| graph.outgoing[at].iter().any(|edge| self.edges[edge.at()] == EdgeState::Taken);
        let outputs =
            self.nodes.iter().enumerate().filter_map(|(at, node)| Some((at, node.output.as_ref()?)));
        let last = outputs.filter(|(at, _)| !leads_on(*at));
        Some(ResultParts(last.map(|(at, output)| (graph.nodes[at].id.as_str(), output)).collect()))
    }

    /// Drops the values of `nodes` that have ended, and what it was started with: for a copy that only follows what
    /// comes. `shorten` may return something shorter for an input that is still shown.
    pub fn shed(
        &mut self,
        nodes: impl IntoIterator<Item = NodeIndex>,
        shorten: impl Fn(NodeIndex, &Payload) -> Option<Payload>,
    ) {
        self.accepted.trigger_data = Payload::null();
        self.accepted.around = None;
        self.accepted.reused.clear();
        self.accepted.reused_children.values_mut().for_each(ReusedChildren::shed);
        for index in nodes {
            let items = self.items_of(index);
            let node = &mut self.nodes[index.at()];
            if let Some(children) = &mut node.children {
                children.keep_count(items);
            }
            node.shed();
            let shorter = node.input.as_ref().and_then(|input| shorten(index, input));
            node.input = shorter.or_else(|| node.input.take());
        }
    }

    /// Takes the decision's events out as the record to commit.
    pub fn seal(&mut self, decision: &mut Decision, now: Timestamp) -> Record {
        self.seq += 1;
        Record(self.seq, now, std::mem::take(&mut decision.events))
    }
}
