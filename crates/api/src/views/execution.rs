//! An execution with everything that is known of it.

mod text;

use std::borrow::Cow;
use std::ops::Range;

use serde::{Serialize, Serializer};
use steadflow_core::event::Accepted;
use steadflow_core::execution::{Execution, NodeStatus};
use steadflow_core::flow::LAST;
use steadflow_core::ids::{ExecutionId, FlowId, NodeId, NodeIndex};
use steadflow_core::payload::Payload;
use utoipa::ToSchema;

use super::node::{NodeView, WaitingFor};
use super::shown::{Place, Room, Shown};
use super::text::{Text, Write};
use super::usage::UsageView;
use super::wire::{ErrorClassName, ExecutionStatusName, Time, millis, seconds, span};

/// An execution with its nodes and their attempts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Execution)]
pub(crate) struct ExecutionView<'a> {
    #[schema(value_type = Uuid)]
    id: ExecutionId,
    #[schema(value_type = Uuid)]
    flow_id: FlowId,
    /// The flow's name in the version that it is pinned to.
    flow_name: &'a str,
    /// The version of the flow that it is pinned to.
    flow_version: u32,
    status: ExecutionStatusName,
    /// `slot` while it waits for a free slot of its flow.
    waiting_for: Option<WaitingFor>,
    /// Whether some node waits out a backoff.
    retrying: bool,
    /// Whether it completed only thanks to retries.
    recovered: bool,
    /// `failed` or `cancelled` while what its nodes did is undone, and it ends so afterwards; else null.
    ending_as: Option<ExecutionStatusName>,
    /// The nodes whose work was undone, in that order.
    compensated: Vec<&'a str>,
    /// The node where it is, or the one whose failure ended it.
    current_node_id: Option<&'a str>,
    context_id: Option<&'a str>,
    context_type: Option<&'a str>,
    error_message: Option<Cow<'a, str>>,
    error_class: Option<ErrorClassName>,
    /// The execution that it retries.
    #[schema(value_type = Option<Uuid>)]
    retry_of: Option<ExecutionId>,
    /// The executions that retry it, oldest first.
    #[schema(value_type = Vec<Uuid>)]
    retried_by: &'a [ExecutionId],
    /// The execution that it is a fork of.
    #[schema(value_type = Option<Uuid>)]
    forked_from: Option<ExecutionId>,
    /// The node from which on it runs by itself; null unless it is a fork.
    fork_node_id: Option<&'a str>,
    /// Its newest forks, at most 100, oldest first.
    #[schema(value_type = Vec<Uuid>)]
    forks: &'a [ExecutionId],
    /// The execution whose node started it.
    #[schema(value_type = Option<Uuid>)]
    parent_id: Option<ExecutionId>,
    /// That node.
    parent_node_id: Option<&'a str>,
    /// Whether it runs the body of that node, and not a whole flow.
    runs_body: bool,
    /// The number of the item or the iteration that it runs for, from 0; null where no node started it.
    index: Option<u32>,
    /// The item that the body runs for, or one around it.
    #[schema(value_type = Shown)]
    item: Option<Shown<'a>>,
    /// The result of the iteration before.
    #[schema(value_type = Shown)]
    last: Option<Shown<'a>>,
    /// What started it: `api`, `retry`, `parent`, …
    triggered_by: &'a str,
    /// The value of the flow's `concurrency_key` when it was accepted.
    concurrency_key: Option<&'a str>,
    /// Its priority among the executions of the flow that wait to start.
    priority: i8,
    /// When it may start, if no other start comes before that (`debounce_seconds`).
    starts_at: Option<Time>,
    #[schema(value_type = Shown)]
    trigger_data: Shown<'a>,
    created_at: Time,
    started_at: Option<Time>,
    completed_at: Option<Time>,
    /// When the flow's timeout strikes; null where it has none, or before the start.
    deadline: Option<Time>,
    /// From start to end, with three decimals; null until it has ended.
    duration_seconds: Option<f64>,
    /// From start to end; null until it has ended.
    duration_ms: Option<u64>,
    /// The number of its last committed record; event ids are these.
    seq: u64,
    /// The output of the last node, or an object of them by node id when several end the flow; null unless it completed.
    #[schema(value_type = Shown)]
    result: Option<Shown<'a>>,
    /// The outputs of these nodes by node id.
    #[schema(value_type = std::collections::HashMap<String, Shown>)]
    execution_data: Outputs<'a>,
    usage: UsageView,
    summary: Summary,
    /// All nodes, or those that `limit` and `cursor` ask for.
    node_executions: Vec<NodeView<'a>>,
}

/// What was made of an execution since.
#[derive(Debug, Default)]
pub(crate) struct Later {
    /// The executions that retry it.
    pub(crate) retries: Vec<ExecutionId>,
    /// Its forks.
    pub(crate) forks: Vec<ExecutionId>,
}

/// How many of its nodes are in which status.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = NodeSummary)]
pub(crate) struct Summary {
    total_nodes: usize,
    completed_nodes: usize,
    failed_nodes: usize,
    pending_nodes: usize,
    running_nodes: usize,
    skipped_nodes: usize,
    cancelled_nodes: usize,
}

/// What nodes gave, by their ids.
#[derive(Debug)]
pub(crate) struct Outputs<'a>(Vec<(&'a str, Shown<'a>)>);

impl<'a> Outputs<'a> {
    fn of(execution: &'a Execution, nodes: Range<usize>, room: &mut Room) -> Self {
        let ids = execution.graph().nodes[nodes.clone()].iter().map(|node| node.id.as_str());
        let outputs = ids.zip(&execution.nodes()[nodes]);
        let given = outputs.filter_map(|(id, node)| Some((id, node.output.as_ref()?)));
        Self(given.map(|(id, output)| (id, room.value(output, Place::Output(id)))).collect())
    }
}

impl Serialize for Outputs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(id, output)| (id, output)))
    }
}

impl<'a> ExecutionView<'a> {
    /// Shows all of an execution.
    pub(crate) fn new(execution: &'a Execution, later: &'a Later) -> Self {
        Self::with_nodes(execution, later, 0..execution.nodes().len())
    }

    /// Shows an execution with those of its nodes that have these places in the flow.
    pub(crate) fn with_nodes(execution: &'a Execution, later: &'a Later, nodes: Range<usize>) -> Self {
        let mut room = Room::new(execution.id());
        let accepted = execution.accepted();
        let (parent, queue) = (accepted.parent.as_ref(), accepted.queue.as_deref());
        let fork = accepted.forked_from.as_deref();
        let error = execution.error();
        let duration = span(execution.started_at(), execution.completed_at());
        Self {
            id: execution.id(),
            flow_id: accepted.flow,
            flow_name: &execution.flow().flow.settings.name,
            flow_version: accepted.version,
            status: execution.status().into(),
            waiting_for: execution.waiting_for().and_then(WaitingFor::of),
            retrying: execution.is_retrying(),
            recovered: execution.is_recovered(),
            ending_as: execution.ending_as().map(Into::into),
            compensated: execution
                .compensated()
                .map(|node| execution.graph().node(node).id.as_str())
                .collect(),
            current_node_id: execution.current_node().map(|node| execution.graph().node(node).id.as_str()),
            context_id: accepted.context_id.as_deref(),
            context_type: accepted.context_type.as_deref(),
            error_message: error.map(|error| room.message(&error.message)),
            error_class: error.and_then(|error| error.class).map(Into::into),
            retry_of: accepted.retry_of,
            retried_by: &later.retries,
            forked_from: fork.map(|fork| fork.of),
            fork_node_id: fork.map(|fork| fork.node.as_str()),
            forks: &later.forks,
            parent_id: parent.map(|parent| parent.execution),
            parent_node_id: parent.and_then(|parent| Some(parent.node_id()?.as_str())),
            runs_body: accepted.body().is_some(),
            index: parent.map(|parent| parent.index),
            item: item_of(accepted).map(|item| room.value(item, Place::Item)),
            last: last_of(accepted).map(|last| room.value(last, Place::Last)),
            triggered_by: &accepted.triggered_by,
            concurrency_key: queue.and_then(|place| place.key.as_deref()),
            priority: queue.and_then(|place| place.priority).unwrap_or(0),
            starts_at: queue.and_then(|place| place.start_at).map(Into::into),
            trigger_data: room.value(&accepted.trigger_data, Place::TriggerData),
            created_at: execution.created_at().into(),
            started_at: execution.started_at().map(Into::into),
            completed_at: execution.completed_at().map(Into::into),
            deadline: execution.deadline().map(Into::into),
            duration_seconds: duration.map(seconds),
            duration_ms: duration.map(millis),
            seq: execution.seq(),
            result: execution.result_parts().map(|parts| room.result(&parts)),
            execution_data: Outputs::of(execution, nodes.clone(), &mut room),
            usage: execution.usage().into(),
            summary: summary(execution),
            node_executions: numbered(nodes).map(|node| NodeView::new(execution, node, &mut room)).collect(),
        }
    }

    /// Returns it as JSON, as serde would write it, but faster.
    pub(crate) fn to_json(&self) -> String {
        let mut text = Text::with_capacity((1 + self.node_executions.len()) * NODE_BYTES);
        self.write(&mut text);
        text.into_string()
    }
}

/// Returns the item that the body it runs is for.
pub(crate) fn item_of(accepted: &Accepted) -> Option<&Payload> {
    accepted.around.as_ref()?.item.as_ref()
}

/// Returns the result of the iteration before the one that it runs.
pub(crate) fn last_of(accepted: &Accepted) -> Option<&Payload> {
    accepted.around.as_ref()?.nodes.get(&NodeId::new(LAST))?.output.as_ref()
}

/// About as much as a node with one attempt takes, or an execution without its nodes; inputs and outputs excluded.
const NODE_BYTES: usize = 1_024;

fn numbered(nodes: Range<usize>) -> impl Iterator<Item = NodeIndex> {
    nodes.map(|at| NodeIndex(u16::try_from(at).expect("a flow's nodes are numbered in 16 bits")))
}

fn summary(execution: &Execution) -> Summary {
    let mut summary = Summary { total_nodes: execution.nodes().len(), ..Summary::default() };
    for node in execution.nodes() {
        match node.status() {
            NodeStatus::Pending | NodeStatus::Paused => summary.pending_nodes += 1,
            NodeStatus::Running => summary.running_nodes += 1,
            NodeStatus::Completed => summary.completed_nodes += 1,
            NodeStatus::Failed => summary.failed_nodes += 1,
            NodeStatus::Cancelled => summary.cancelled_nodes += 1,
            NodeStatus::Skipped => summary.skipped_nodes += 1,
        }
    }
    summary
}
