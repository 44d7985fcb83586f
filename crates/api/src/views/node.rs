//! One node's part of an execution, as answers and events show it.

mod text;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use steadflow_core::event::ReusedChildren;
use steadflow_core::execution::{AttemptRecord, Execution, ExecutionStatus, Wait};
use steadflow_core::ids::{AgentId, ExecutionId, NodeIndex};
use steadflow_core::step::ChildState;
use steadflow_core::usage::UsageSum;
use utoipa::ToSchema;
use uuid::Uuid;

use super::shown::{Place, Room, Shown};
use super::usage::UsageView;
use super::wire::{ErrorClassName, NodeStatusName, Time, millis, span};

/// One node inside one execution, with all its attempts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NodeExecution)]
pub(crate) struct NodeView<'a> {
    /// Of this node execution; made from the execution's id and the node's place, so it never changes.
    id: Uuid,
    node_id: &'a str,
    /// What people read; the id where the flow gives none.
    node_name: &'a str,
    node_type: &'static str,
    status: NodeStatusName,
    /// 0 for the first attempt, and for none.
    retry_attempt: u32,
    /// How many attempts the policy allows, the first included.
    max_attempts: u32,
    skill_used: Option<&'a str>,
    #[schema(value_type = Option<Uuid>)]
    agent_id: Option<AgentId>,
    /// The version of the agent that the execution is pinned to; null where it had none when the execution was accepted.
    agent_version: Option<u32>,
    /// The resolved input of the last attempt; null before the first.
    #[schema(value_type = Shown)]
    input_data: Option<Shown<'a>>,
    #[schema(value_type = Shown)]
    output_data: Option<Shown<'a>>,
    /// The last error and how many tries are left or, at the end, every attempt's error; null after a success.
    error_message: Option<Cow<'a, str>>,
    error_class: Option<ErrorClassName>,
    started_at: Option<Time>,
    completed_at: Option<Time>,
    duration_ms: Option<u64>,
    /// When the next attempt is due, in a backoff.
    next_retry_at: Option<Time>,
    /// What it waits for when it is not an attempt that runs.
    waiting_for: Option<WaitingFor>,
    /// When that wait is over, where it is known.
    waiting_until: Option<Time>,
    /// Whether its output was reused from the execution that this one retries or is a fork of.
    reused: bool,
    /// Whether the one who forked the execution gave its output.
    edited: bool,
    /// The node that it undoes (`compensate_with`); null for a node of the flow itself.
    compensates: Option<&'a str>,
    usage: UsageView,
    /// The executions that it started, in all its attempts; null where it started none.
    children: Option<ChildCounts>,
    /// In order. Where the answer has no room for all, there is only the last one.
    attempts: Vec<AttemptView<'a>>,
}

/// How many of the executions that a node started have got how far.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ChildCounts {
    /// How many items a `map` runs its body for; null for other nodes.
    items: Option<usize>,
    /// Items or iterations that were not run again: their results are those of the execution that this one retries.
    reused: usize,
    /// How many it started.
    total: usize,
    /// Those that it waits for.
    running: usize,
    completed: usize,
    failed: usize,
    /// Cancelled by themselves, or because the attempt that started them was over before they ended.
    cancelled: usize,
}

impl ChildCounts {
    fn of(execution: &Execution, index: NodeIndex) -> Option<Self> {
        let children = execution.node(index).children();
        let reused = execution.accepted().reused_children.get(&execution.graph().node(index).id);
        let reused = reused.map_or(0, ReusedChildren::completed);
        if children.is_empty() && reused == 0 {
            return None;
        }
        let items = execution.items_of(index);
        let mut counts = Self { items, reused, total: children.len(), ..Self::default() };
        for child in children.iter() {
            let count = match &child.state {
                ChildState::Running => &mut counts.running,
                ChildState::Ended(end) if end.status == ExecutionStatus::Completed => &mut counts.completed,
                ChildState::Ended(end) if end.status == ExecutionStatus::Failed => &mut counts.failed,
                ChildState::Ended(_) | ChildState::Abandoned => &mut counts.cancelled,
            };
            *count += 1;
        }
        Some(counts)
    }
}

/// What something waits for: a moment, a person's decision or approval, a free slot of the flow, the end of child executions,
/// its turn in a session, or an event from outside.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WaitingFor {
    Delay,
    Decision,
    Approval,
    Slot,
    Child,
    Session,
    Event,
}

impl WaitingFor {
    /// Returns what an execution waits for as a whole; for a retry, `next_retry_at` says it.
    pub(crate) const fn of(wait: Wait) -> Option<Self> {
        match wait {
            Wait::Slot => Some(Self::Slot),
            Wait::Decision => Some(Self::Decision),
            Wait::Approval => Some(Self::Approval),
            Wait::Delay { .. } => Some(Self::Delay),
            Wait::Child => Some(Self::Child),
            Wait::Session => Some(Self::Session),
            Wait::Event { .. } => Some(Self::Event),
            Wait::Retry { .. } => None,
        }
    }
}

/// What a person decides for a node that waits for a decision.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DecisionName {
    /// Try again, with a full set of attempts.
    Retry,
    /// Take `output` as the node's output.
    Complete,
    /// Fail the node with `message`.
    Fail,
}

/// One try of a node's work.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(crate) struct AttemptView<'a> {
    /// From 1.
    #[schema(minimum = 1)]
    number: u32,
    started_at: Time,
    ended_at: Option<Time>,
    duration_ms: Option<u64>,
    error_class: Option<ErrorClassName>,
    error_message: Option<Cow<'a, str>>,
    /// How long the wait after it was meant to be.
    backoff_ms: Option<u64>,
    /// When the next attempt was due.
    next_retry_at: Option<Time>,
    /// Who ran it.
    worker: &'a str,
    /// Whether a shutdown stopped it; then it does not count against the policy.
    released: bool,
    usage: UsageView,
}

impl<'a> NodeView<'a> {
    pub(crate) fn new(execution: &'a Execution, index: NodeIndex, room: &mut Room) -> Self {
        let node = execution.graph().node(index);
        let state = execution.node(index);
        let id = node.id.as_str();
        let wait = state.waiting_for().filter(|wait| !matches!(wait, Wait::Retry { .. }));
        let undone = execution.graph().handlers.undone_by(index);
        let (agent_id, skill_used) = node.kind.room().skill().unzip();
        Self {
            id: node_execution_id(execution.id(), index),
            node_id: id,
            node_name: &node.name,
            node_type: node.kind.room().about().type_name(),
            status: state.status().into(),
            retry_attempt: state.retry_attempt(),
            max_attempts: node.retry.count + 1,
            skill_used,
            agent_id,
            agent_version: agent_id.and_then(|id| execution.accepted().agents.get(&id).copied()),
            input_data: execution.input_of(index).map(|input| room.value(input, Place::Input(id))),
            output_data: state.output.as_ref().map(|output| room.value(output, Place::Output(id))),
            error_message: state.error_message.as_deref().map(|message| room.message(message)),
            error_class: state.error_class.map(Into::into),
            started_at: state.started_at.map(Into::into),
            completed_at: state.completed_at.map(Into::into),
            duration_ms: span(state.started_at, state.completed_at).map(millis),
            next_retry_at: state.next_retry_at().map(Into::into),
            waiting_for: wait.and_then(WaitingFor::of),
            waiting_until: wait.and_then(Wait::until).map(Into::into),
            reused: state.reused,
            edited: execution.accepted().is_edited(&node.id),
            compensates: undone.map(|undone| execution.graph().node(undone).id.as_str()),
            usage: state.usages().collect::<UsageSum>().into(),
            children: ChildCounts::of(execution, index),
            attempts: attempts(&state.attempts, room),
        }
    }
}

fn attempts<'a>(attempts: &'a [AttemptRecord], room: &mut Room) -> Vec<AttemptView<'a>> {
    room.attempts(attempts).iter().map(|attempt| AttemptView::new(attempt, room)).collect()
}

impl<'a> AttemptView<'a> {
    fn new(attempt: &'a AttemptRecord, room: &mut Room) -> Self {
        let error = attempt.error.as_ref();
        Self {
            number: attempt.attempt.number(),
            started_at: attempt.started_at.into(),
            ended_at: attempt.ended_at.map(Into::into),
            duration_ms: span(Some(attempt.started_at), attempt.ended_at).map(millis),
            error_class: error.map(|error| error.class.into()),
            error_message: error.map(|error| room.message(&error.message)),
            backoff_ms: span(attempt.ended_at, attempt.retry_at).map(millis),
            next_retry_at: attempt.retry_at.map(Into::into),
            worker: &attempt.worker,
            released: attempt.released,
            usage: attempt.usages.iter().collect::<UsageSum>().into(),
        }
    }
}

/// The execution's UUIDv7 with the node's place in its last, random bits: unique, and the same each time it is asked.
fn node_execution_id(execution: ExecutionId, index: NodeIndex) -> Uuid {
    Uuid::from_u128(execution.uuid().as_u128() ^ (u128::from(index.0) + 1))
}
