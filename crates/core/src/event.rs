//! The journal: what happened to an execution, in order. A stored format: names and shapes here stay readable for ever.
//!
//! A [`Record`] is one decision, written as one row: `[seq, at, [events…]]`. An execution's state is the fold of its
//! records and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::execution::ExecutionStatus;
use crate::failure::ErrorClass;
use crate::ids::{Attempt, EdgeIndex, ExecutionId, FlowId, NodeId, NodeIndex, TenantId};
use crate::payload::Payload;
use crate::timestamp::Timestamp;
use crate::work::Usage;

/// One decision: the events that it took, at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record(
    /// From 1, without gaps.
    pub u64,
    /// When it was decided.
    pub Timestamp,
    /// In the order in which they apply.
    pub Vec<Event>,
);

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The execution exists. Always the first event, and only that.
    Accepted(Box<Accepted>),
    /// It has a slot of its flow and begins; its deadline counts from here.
    Started,
    /// Another worker drives it from here on.
    Adopted {
        /// That worker.
        worker: Arc<str>,
    },
    /// An attempt began.
    AttemptStarted {
        /// Its node.
        node: NodeIndex,
        /// Its number.
        attempt: Attempt,
        /// Its resolved input, where the flow version does not already say it and the attempt before had another.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        input: Option<Payload>,
    },
    /// An attempt failed.
    AttemptFailed {
        /// Its node.
        node: NodeIndex,
        /// Its number.
        attempt: Attempt,
        /// What kind of failure.
        class: ErrorClass,
        /// What it said.
        message: Arc<str>,
        /// The HTTP status, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// When the next attempt is due; `None` when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<Timestamp>,
        /// How many attempts may follow.
        #[serde(default, skip_serializing_if = "is_zero")]
        retries_left: u32,
        /// Why no attempt follows although the policy has some left.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gave_up: Option<Arc<str>>,
        /// What it used all the same.
        #[serde(default, skip_serializing_if = "Usage::is_nothing")]
        usage: Usage,
    },
    /// Our shutdown stopped an attempt. It does not count against the policy.
    AttemptReleased {
        /// Its node.
        node: NodeIndex,
        /// Its number.
        attempt: Attempt,
    },
    /// A node is done.
    NodeCompleted {
        /// Which.
        node: NodeIndex,
        /// What came out.
        output: Payload,
        /// Outgoing edges that are not taken; all others are.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        not_taken: Vec<EdgeIndex>,
        /// What its last attempt used.
        #[serde(default, skip_serializing_if = "Usage::is_nothing")]
        usage: Usage,
        /// Whether the output was taken over from the execution that this one retries.
        #[serde(default, skip_serializing_if = "is_false")]
        reused: bool,
    },
    /// A node failed for good.
    NodeFailed {
        /// Which.
        node: NodeIndex,
        /// Outgoing edges that are not taken; all others are, and handle the failure.
        not_taken: Vec<EdgeIndex>,
    },
    /// A node will not run: no edge that leads to it was taken.
    NodeSkipped {
        /// Which.
        node: NodeIndex,
    },
    /// A node waits for something that is not an attempt.
    NodeWaiting {
        /// Which.
        node: NodeIndex,
        /// For what.
        wait: Wait,
    },
    /// A backoff was ended by hand: the attempt is due now.
    BackoffEnded {
        /// The node that waited.
        node: NodeIndex,
    },
    /// A person settled a node that waited for a decision. What follows from it follows as events of its own.
    Decided {
        /// The node.
        node: NodeIndex,
        /// What was said.
        decision: DecisionKind,
    },
    /// Nothing new starts from here on.
    Paused,
    /// Things start again.
    Resumed,
    /// The end. Nothing follows.
    Finished {
        /// Completed, failed or cancelled.
        status: ExecutionStatus,
        /// Why, unless it completed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Arc<str>>,
        /// The class of the failure.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<ErrorClass>,
        /// The node whose failure ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeIndex>,
    },
}

/// What an execution starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    /// Whose it is.
    pub tenant: TenantId,
    /// The flow.
    pub flow: FlowId,
    /// The version of the flow that it is pinned to.
    pub version: u32,
    /// What it is about, in the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_id: Option<Arc<str>>,
    /// What kind of thing `context_id` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_type: Option<Arc<str>>,
    /// What it was started with.
    pub trigger_data: Payload,
    /// What started it: `api`, `cli`, `retry`, …
    pub triggered_by: Arc<str>,
    /// The execution that it retries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<ExecutionId>,
    /// Outputs taken over from it, by node.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reused: BTreeMap<NodeId, Payload>,
    /// The worker that accepted it.
    pub worker: Arc<str>,
}

/// What a node waits for when it is not an attempt that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// A moment.
    Delay {
        /// That moment.
        until: Timestamp,
    },
    /// A person: the node asks (`on_interrupt`, `on_exhausted`).
    Decision,
}

/// What a person can say to a node that asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// Try again, with a fresh budget of attempts.
    Retry,
    /// Take this as the node's output.
    Complete {
        /// The output.
        output: Payload,
    },
    /// Fail the node.
    Fail {
        /// Why.
        message: Arc<str>,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}
