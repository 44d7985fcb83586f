//! The journal: what happened to an execution, in order. A stored format: names and shapes here must always stay readable.
//!
//! A [`Record`] is one decision, written as one text: `[seq, at, [events…]]`. An execution's state is the fold of its
//! records and nothing else.

mod about;
mod accepted;
mod child;
mod encrypted;
mod end;
mod fork;
mod size;
mod text;
mod values;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use accepted::Accepted;
pub use child::{
    Around, ChildEnd, ChildInput, ChildStart, Ended, Parent, Reused, ReusedChild, ReusedChildren,
};
pub use end::PlannedEnd;
pub use fork::Fork;
pub use values::Slot;

use crate::approval::{AwaitedInput, Verdict};
use crate::budget::Amount;
use crate::caller::Actor;
use crate::external_event::EventWait;
use crate::failure::ErrorClass;
use crate::ids::{Attempt, EdgeIndex, NodeIndex, StepKey};
use crate::payload::{self, Payload};
use crate::remote_task::RemoteTask;
use crate::session::SessionPart;
use crate::status::{ExecutionStatus, Wait};
use crate::timestamp::Timestamp;
use crate::usage::Usage;

/// The number of the format of journals, which a process notes with the executions that it drives.
///
/// A release has the next number if it writes what the one before cannot read, or reads as something else: an event, a field, a name, a
/// kind of node. Where two versions run side by side, the older one leaves alone what has a larger number.
pub const FORMAT: u32 = 1;

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
        /// Its resolved input, where the flow version does not already give it and the attempt before had another.
        #[serde(default, deserialize_with = "payload::given", skip_serializing_if = "Option::is_none")]
        input: Option<Payload>,
        /// What its only call may use of the budget of the execution, if there is one and it asks a model.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reserved: Option<Box<Amount>>,
    },
    /// An attempt failed.
    AttemptFailed {
        /// Its node.
        node: NodeIndex,
        /// Its number.
        attempt: Attempt,
        /// What kind of failure.
        class: ErrorClass,
        /// The message.
        message: Arc<str>,
        /// The HTTP status, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// What the peer answered, decoded and bounded.
        #[serde(default, deserialize_with = "payload::given", skip_serializing_if = "Option::is_none")]
        body: Option<Payload>,
        /// When the next attempt is due; `None` when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<Timestamp>,
        /// How many attempts can follow.
        #[serde(default, skip_serializing_if = "is_zero")]
        retries_left: u32,
        /// Why no attempt follows although the policy allows more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gave_up: Option<Arc<str>>,
        /// What it used although it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Arc<Usage>>,
        /// Whether its only call is known to have used nothing of the budget of the execution.
        #[serde(default, skip_serializing_if = "is_false")]
        unspent: bool,
    },
    /// The shutdown of the process stopped an attempt. This does not count as a retry.
    AttemptReleased {
        /// Its node.
        node: NodeIndex,
        /// Its number.
        attempt: Attempt,
    },
    /// A call inside the attempt under way began. The only call of an attempt has no events of its own.
    StepStarted {
        /// Its node.
        node: NodeIndex,
        /// Its key.
        step: StepKey,
        /// Its input, where no event before says it.
        #[serde(default, deserialize_with = "payload::given", skip_serializing_if = "Option::is_none")]
        input: Option<Payload>,
        /// When it is stopped, if it has a limit of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stop_at: Option<Timestamp>,
        /// How many tokens are reserved for its answer, if there is a budget of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tokens: Option<u64>,
        /// The name of the tool that it calls, if it calls one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tool: Option<Arc<str>>,
        /// What it may use of the budget of the execution, if there is one and it asks a model.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reserved: Option<Box<Amount>>,
    },
    /// A call inside the attempt under way ended. A later attempt continues after it.
    StepEnded {
        /// Its node.
        node: NodeIndex,
        /// Its key.
        step: StepKey,
        /// Its result.
        result: StepResult,
        /// What it used, failed or not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Arc<Usage>>,
        /// Whether it is known to have used nothing of the budget of the execution.
        #[serde(default, skip_serializing_if = "is_false")]
        unspent: bool,
    },
    /// A server does a call as a task, which is waited for: in later attempts, too.
    TaskStarted {
        /// Its node.
        node: NodeIndex,
        /// The key of the call.
        #[serde(default, skip_serializing_if = "StepKey::is_only")]
        step: StepKey,
        /// The task.
        task: Arc<RemoteTask>,
    },
    /// The task of a call is waited for again: what its server asked for is answered.
    TaskResumed {
        /// Its node.
        node: NodeIndex,
        /// The key of the call.
        #[serde(default, skip_serializing_if = "StepKey::is_only")]
        step: StepKey,
    },
    /// The task of a call is not waited for any more: it has ended, or the server is asked to end it.
    TaskEnded {
        /// Its node.
        node: NodeIndex,
        /// The key of the call.
        #[serde(default, skip_serializing_if = "StepKey::is_only")]
        step: StepKey,
    },
    /// A call waits until a person has approved it. It has not begun.
    ApprovalRequested {
        /// Its node.
        node: NodeIndex,
        /// The key that the call will have.
        step: StepKey,
        /// The name of the tool.
        tool: Arc<str>,
        /// What it would be given.
        arguments: Payload,
        /// The hash of these arguments, which the decision names.
        hash: Arc<str>,
        /// When it is refused if nobody has decided.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
        /// Where it is no call but a request of a server, whose task waits: what it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        input: Option<Box<AwaitedInput>>,
    },
    /// It was decided whether a call that waited is made. One that is not made has ended with this.
    ApprovalDecided {
        /// Its node.
        node: NodeIndex,
        /// The key of the call.
        step: StepKey,
        /// What was decided.
        verdict: Verdict,
        /// What was said with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<Arc<str>>,
        /// By whom.
        by: Actor,
    },
    /// The attempt under way started child executions. They are accepted in the same transaction.
    ChildrenStarted {
        /// The node.
        node: NodeIndex,
        /// In order; the first has the number of the children that the node started before.
        children: Vec<ChildStart>,
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
    /// A node is done.
    NodeCompleted {
        /// Which one.
        node: NodeIndex,
        /// Its output.
        output: Payload,
        /// Outgoing edges that are not taken; all others are.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        not_taken: Vec<EdgeIndex>,
        /// What its last attempt used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Arc<Usage>>,
        /// Whether the output was reused from the execution that this one retries.
        #[serde(default, skip_serializing_if = "is_false")]
        reused: bool,
    },
    /// A node failed for good.
    NodeFailed {
        /// Which one.
        node: NodeIndex,
        /// Outgoing edges that are not taken; all others are, and handle the failure.
        not_taken: Vec<EdgeIndex>,
    },
    /// A node will not run: no edge that leads to it was taken.
    NodeSkipped {
        /// Which one.
        node: NodeIndex,
    },
    /// A node waits for something that is not an attempt.
    NodeWaiting {
        /// Which one.
        node: NodeIndex,
        /// For what.
        wait: Wait,
    },
    /// A node waits for an event from outside.
    EventAwaited {
        /// Which one.
        node: NodeIndex,
        /// What it waits for.
        wait: Box<EventWait>,
    },
    /// A node has its session, until it ends.
    SessionTaken {
        /// Which one.
        node: NodeIndex,
        /// What it reads.
        part: SessionPart,
    },
    /// A person ended a backoff: the attempt is due now.
    BackoffEnded {
        /// The node that waited.
        node: NodeIndex,
        /// By whom.
        #[serde(default = "Actor::system")]
        by: Actor,
    },
    /// A person settled a node that waited for a decision. What follows from it follows as events of its own.
    #[serde(alias = "decided")]
    Resolved {
        /// The node.
        node: NodeIndex,
        /// What was decided.
        #[serde(alias = "decision")]
        resolution: Resolution,
        /// By whom.
        #[serde(default = "Actor::system")]
        by: Actor,
    },
    /// Nothing new starts from here on.
    Paused {
        /// Who asked for it.
        by: Actor,
        /// Whether everything of its tenant is paused, and it goes on when that is resumed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        with_all: bool,
    },
    /// Things start again.
    Resumed {
        /// Who asked for it.
        by: Actor,
    },
    /// What was in flight is stopped, and what nodes did is undone before the execution ends.
    CompensationStarted {
        /// How it ends afterwards.
        end: Box<PlannedEnd>,
        /// The nodes that are undone, in this order.
        order: Vec<NodeIndex>,
    },
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
        /// Who cancelled it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Actor>,
    },
}

/// The result of a call within an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepResult {
    /// It returned this.
    Completed(Payload),
    /// It failed.
    Failed {
        /// What kind of failure.
        class: ErrorClass,
        /// The message.
        message: Arc<str>,
        /// The HTTP status, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
    },
}

/// What a person can answer a node that asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
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
