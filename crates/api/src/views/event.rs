//! The journal of an execution as answers and streams show it: one shape for each event that the engine stores.
//!
//! Events carry no payloads: inputs, outputs and trigger data are in the execution and its nodes. The stored format can
//! change without these shapes, and the other way round; [`Journal`] is the only place that knows both.

mod journal;

use std::borrow::Cow;

use serde::Serialize;
use steadflow_core::caller::Actor;
use steadflow_core::ids::{ExecutionId, FlowId, NodeId};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::choice::Choice;
use super::node::{DecisionName, WaitingFor};
use super::usage::{ReservedView, UsageView};
use super::wire::{ActorTypeName, ErrorClassName, ExecutionStatusName, SubjectName, Time, VerdictName};

pub(crate) use journal::Journal;

/// One entry of the journal.
#[derive(Debug, Serialize)]
pub(crate) struct EventView<'a> {
    /// The number of its record: the events of one decision share it.
    seq: u64,
    /// When that was decided.
    at: Time,
    #[serde(flatten)]
    what: What<'a>,
}

impl EventView<'_> {
    fn choice() -> Choice {
        let shapes = Choice::new(What::schema(), "type", |kind| format!("{kind}Event"));
        shapes.with("seq", u64::schema()).with("at", Time::schema())
    }
}

impl PartialSchema for EventView<'_> {
    fn schema() -> RefOr<Schema> {
        Self::choice()
            .one_of("One entry of the journal. The events of one decision have the same `seq` and `at`.")
    }
}

impl ToSchema for EventView<'_> {
    fn name() -> Cow<'static, str> {
        "JournalEvent".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        What::schemas(schemas);
        schemas.extend(Self::choice().shapes());
    }
}

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
enum What<'a> {
    /// The execution was accepted. Always the first event.
    Accepted {
        #[schema(value_type = Uuid)]
        flow_id: FlowId,
        /// The version of the flow that it is pinned to.
        flow_version: u32,
        context_id: Option<&'a str>,
        context_type: Option<&'a str>,
        /// What started it: `api`, `retry`, …
        triggered_by: &'a str,
        by: ActorView<'a>,
        /// The execution that started it as a child.
        #[schema(value_type = Option<Uuid>)]
        parent_id: Option<ExecutionId>,
        /// The execution that it retries.
        #[schema(value_type = Option<Uuid>)]
        retry_of: Option<ExecutionId>,
        /// The execution that it is a fork of.
        #[schema(value_type = Option<Uuid>)]
        forked_from: Option<ExecutionId>,
        /// The node from which on it runs by itself; null unless it is a fork.
        #[schema(value_type = Option<String>)]
        fork_node_id: Option<NodeId>,
        /// The nodes whose outputs the one who forked it gave.
        #[schema(value_type = Vec<String>)]
        edited: Vec<NodeId>,
        /// The nodes whose outputs are reused from the execution that it retries or is a fork of, the edited ones included.
        #[schema(value_type = Vec<String>)]
        reused: Vec<NodeId>,
        /// The worker that accepted it.
        worker: &'a str,
    },
    /// It has a slot of its flow and begins; its timeout counts from here.
    Started,
    /// Another worker runs it from here on.
    Adopted {
        /// That worker.
        worker: &'a str,
    },
    /// An attempt of a node began. A node that takes no time has no such event, only `node_completed`.
    AttemptStarted {
        #[schema(value_type = String)]
        node_id: NodeId,
        /// From 1.
        #[schema(minimum = 1)]
        attempt: u32,
        /// What its only call may use of the budget of the execution, if there is one and it asks a model.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        reserved: Option<ReservedView>,
    },
    /// An attempt failed.
    AttemptFailed {
        #[schema(value_type = String)]
        node_id: NodeId,
        /// From 1.
        #[schema(minimum = 1)]
        attempt: u32,
        error_class: ErrorClassName,
        error_message: &'a str,
        /// The HTTP status, if there was one.
        http_status: Option<u16>,
        /// When the next attempt is due; null when there is none.
        next_retry_at: Option<Time>,
        /// How many attempts may follow.
        retries_left: u32,
        /// Why no attempt follows although the policy has some left.
        gave_up: Option<&'a str>,
        usage: UsageView,
    },
    /// A shutdown of the server stopped an attempt. It does not count against the policy.
    AttemptReleased {
        #[schema(value_type = String)]
        node_id: NodeId,
        /// From 1.
        #[schema(minimum = 1)]
        attempt: u32,
    },
    /// A call inside the attempt under way began. The only call of an attempt has no events of its own.
    StepStarted {
        #[schema(value_type = String)]
        node_id: NodeId,
        /// The name of the call, such as `turn:3`.
        step: &'a str,
        /// The name of the tool that it calls, if it calls one.
        tool: Option<&'a str>,
        /// When it is stopped, if it has a limit of its own.
        stop_at: Option<Time>,
        /// How many tokens are reserved for its answer, if there is a budget of them.
        reserved_tokens: Option<u64>,
        /// What it may use of the budget of the execution, if there is one and it asks a model.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        reserved: Option<ReservedView>,
    },
    /// A call inside the attempt under way completed. A later attempt continues after it.
    StepCompleted {
        #[schema(value_type = String)]
        node_id: NodeId,
        /// The name of the call.
        step: &'a str,
        usage: UsageView,
    },
    /// A call inside the attempt under way failed.
    StepFailed {
        #[schema(value_type = String)]
        node_id: NodeId,
        /// The name of the call.
        step: &'a str,
        error_class: ErrorClassName,
        error_message: &'a str,
        /// The HTTP status, if there was one.
        http_status: Option<u16>,
        usage: UsageView,
    },
    /// An MCP server does a call as a task, which is waited for: in later attempts, too.
    TaskStarted {
        #[schema(value_type = String)]
        node_id: NodeId,
        /// The name of the call; null for the only call of an attempt.
        step: Option<&'a str>,
        /// How long the server is left alone between two questions, in milliseconds.
        poll_interval_ms: u64,
    },
    /// The task of a call is waited for again: what its server asked for is answered.
    TaskResumed {
        #[schema(value_type = String)]
        node_id: NodeId,
        /// The name of the call; null for the only call of an attempt.
        step: Option<&'a str>,
    },
    /// The task of a call is not waited for any more: it has ended, or the server is asked to end it.
    TaskEnded {
        #[schema(value_type = String)]
        node_id: NodeId,
        /// The name of the call; null for the only call of an attempt.
        step: Option<&'a str>,
    },
    /// Something waits until a person has decided on it.
    ApprovalRequested {
        #[schema(value_type = String)]
        node_id: NodeId,
        /// The name that the call will have; of an approval node, the part of the approval's id behind the node's.
        step: &'a str,
        /// The name of the tool, of the guardrail that refuses the output, or of the approval node.
        tool: &'a str,
        /// The hash of its arguments.
        arguments_hash: &'a str,
        /// When it is refused if nobody has decided.
        expires_at: Option<Time>,
        subject: SubjectName,
    },
    /// It was decided whether a call is made. One that is not has failed with this.
    ApprovalDecided {
        #[schema(value_type = String)]
        node_id: NodeId,
        step: &'a str,
        decision: VerdictName,
        /// Whether the call has other arguments than those that the model wanted.
        is_edited: bool,
        comment: Option<&'a str>,
        by: ActorView<'a>,
    },
    /// The attempt under way started child executions.
    ChildrenStarted {
        #[schema(value_type = String)]
        node_id: NodeId,
        children: Vec<ChildView>,
    },
    /// A child execution ended.
    ChildEnded {
        #[schema(value_type = String)]
        node_id: NodeId,
        /// Its number among the children of the node, from 0.
        child: u32,
        #[schema(value_type = Uuid)]
        execution_id: ExecutionId,
        /// How it ended.
        status: ExecutionStatusName,
        error_class: Option<ErrorClassName>,
        error_message: Option<&'a str>,
    },
    /// A node completed.
    NodeCompleted {
        #[schema(value_type = String)]
        node_id: NodeId,
        /// Outgoing edges that are not taken.
        not_taken: Vec<EdgeView>,
        /// What its last attempt used.
        usage: UsageView,
        /// Whether its output was reused from the execution that this one retries.
        reused: bool,
    },
    /// A node failed for good.
    NodeFailed {
        #[schema(value_type = String)]
        node_id: NodeId,
        /// Outgoing edges that are not taken. The others handle the failure.
        not_taken: Vec<EdgeView>,
    },
    /// A node does not run: no edge that leads to it was taken.
    NodeSkipped {
        #[schema(value_type = String)]
        node_id: NodeId,
    },
    /// A node waits for something other than an attempt.
    NodeWaiting {
        #[schema(value_type = String)]
        node_id: NodeId,
        /// For what.
        waiting_for: Option<WaitingFor>,
        /// When that is over, where it is known.
        waiting_until: Option<Time>,
    },
    /// A node waits for an event from outside.
    EventAwaited {
        #[schema(value_type = String)]
        node_id: NodeId,
        /// The name of the event.
        event: &'a str,
        /// What it has to be about; null for anything.
        correlation: Option<&'a str>,
        /// When it may have come at the earliest.
        since: Time,
        /// When the node gives up; null for never.
        waiting_until: Option<Time>,
    },
    /// A node has its session, until it ends.
    SessionTaken {
        #[schema(value_type = String)]
        node_id: NodeId,
        /// The key of the session.
        session: &'a str,
        /// The number of the turn that the node adds.
        turn: u32,
        /// How many of the turns before it the model is given.
        earlier_turns: u32,
    },
    /// A backoff was ended early: the attempt is due now.
    BackoffEnded {
        #[schema(value_type = String)]
        node_id: NodeId,
        by: ActorView<'a>,
    },
    /// A decision was made for a node that waited for one. What follows from it has events of its own.
    Resolved {
        #[schema(value_type = String)]
        node_id: NodeId,
        decision: DecisionName,
        /// With `fail`: why.
        message: Option<&'a str>,
        by: ActorView<'a>,
    },
    /// The execution was paused: nothing new starts from here on.
    Paused {
        by: ActorView<'a>,
        /// Whether everything was paused; the execution goes on when that is resumed.
        with_all: bool,
    },
    /// The execution was resumed.
    Resumed { by: ActorView<'a> },
    /// What was in flight was stopped, and what nodes did is undone before the execution ends.
    CompensationStarted {
        /// `failed` or `cancelled`: how the execution ends afterwards.
        ending_as: ExecutionStatusName,
        error_class: Option<ErrorClassName>,
        error_message: Option<&'a str>,
        /// The node whose failure ends it.
        #[schema(value_type = Option<String>)]
        node_id: Option<NodeId>,
        /// Who cancelled it.
        by: Option<ActorView<'a>>,
        /// The nodes that are undone, in this order: the last that completed first.
        #[schema(value_type = Vec<String>)]
        order: Vec<NodeId>,
    },
    /// The execution ended. Always the last event.
    Finished {
        /// `completed`, `failed` or `cancelled`.
        status: ExecutionStatusName,
        error_class: Option<ErrorClassName>,
        error_message: Option<&'a str>,
        /// The node whose failure ended it.
        #[schema(value_type = Option<String>)]
        node_id: Option<NodeId>,
        /// Who cancelled it.
        by: Option<ActorView<'a>>,
    },
}

/// A child execution.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChildExecution)]
struct ChildView {
    /// Its number among the children of the node, from 0.
    child: u32,
    #[schema(value_type = Uuid)]
    execution_id: ExecutionId,
    /// The flow that it runs.
    #[schema(value_type = Uuid)]
    flow_id: FlowId,
    /// The number of the item or the iteration that it runs for, from 0.
    index: u32,
    /// The call that it does, of a tool of an agent that runs a flow; null for any other child.
    step: Option<String>,
}

/// An edge, by the nodes that it connects.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EdgeEnds)]
struct EdgeView {
    #[schema(value_type = String)]
    from: NodeId,
    #[schema(value_type = String)]
    to: NodeId,
}

/// Who or what did something.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Actor)]
pub(crate) struct ActorView<'a> {
    r#type: ActorTypeName,
    /// Which one; null where there is only one, or where it is not known.
    id: Option<Cow<'a, str>>,
}

impl ActorView<'static> {
    /// Returns it without what it was made of.
    pub(crate) fn owned(actor: &Actor) -> Self {
        Self { r#type: actor.kind.into(), id: actor.id.as_deref().map(|id| Cow::Owned(id.to_owned())) }
    }
}

impl<'a> From<&'a Actor> for ActorView<'a> {
    fn from(actor: &'a Actor) -> Self {
        Self { r#type: actor.kind.into(), id: actor.id.as_deref().map(Cow::Borrowed) }
    }
}
