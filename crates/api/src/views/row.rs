//! An execution as lists show it.

use std::borrow::Cow;

use serde::Serialize;
use steadflow_core::execution::Wait;
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_store::ExecutionRow;
use utoipa::ToSchema;

use super::entry::Entry;
use super::node::WaitingFor;
use super::shown::shortened;
use super::wire::{ErrorClassName, ExecutionStatusName, Time, millis, seconds, span};

/// How much of an error message a list shows, in bytes.
const MESSAGE_BYTES: usize = 2_000;

/// An execution as lists and the event stream of all executions show it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExecutionSummary)]
pub(crate) struct RowView<'a> {
    #[schema(value_type = Uuid)]
    id: ExecutionId,
    #[schema(value_type = Uuid)]
    flow_id: FlowId,
    /// The flow's present name.
    flow_name: Option<&'a str>,
    /// The version of the flow that it is pinned to.
    flow_version: u32,
    status: ExecutionStatusName,
    /// Whether some node waits out a backoff.
    retrying: bool,
    /// When the next attempt is due, where nothing else goes on until then.
    next_retry_at: Option<Time>,
    /// What it waits for, where nothing goes on until that comes: a slot of its flow, a moment, or a person.
    waiting_for: Option<WaitingFor>,
    /// When that wait is over, where it is known.
    waiting_until: Option<Time>,
    /// Whether it completed only thanks to retries.
    recovered: bool,
    /// The node where it is, or the one whose failure ended it.
    current_node_id: Option<&'a str>,
    context_id: Option<&'a str>,
    context_type: Option<&'a str>,
    /// Shortened to 2,000 bytes; the execution has all of it.
    error_message: Option<Cow<'a, str>>,
    error_class: Option<ErrorClassName>,
    /// What failures like this one have in common; see `GET /studio/failures`.
    fingerprint: Option<&'a str>,
    /// The execution that it retries.
    #[schema(value_type = Option<Uuid>)]
    retry_of: Option<ExecutionId>,
    /// The execution that it is a fork of.
    #[schema(value_type = Option<Uuid>)]
    forked_from: Option<ExecutionId>,
    /// The execution whose node started it.
    #[schema(value_type = Option<Uuid>)]
    parent_id: Option<ExecutionId>,
    /// That node.
    parent_node_id: Option<&'a str>,
    /// The number of the item or the iteration that it runs for, from 0; null where no node started it.
    index: Option<u32>,
    /// What started it: `api`, `retry`, `parent`, …
    triggered_by: &'a str,
    /// The value of the flow's `concurrency_key` when it was accepted.
    concurrency_key: Option<&'a str>,
    /// When it may start, if no other start comes before that (`debounce_seconds`).
    starts_at: Option<Time>,
    created_at: Time,
    started_at: Option<Time>,
    completed_at: Option<Time>,
    /// From start to end, with three decimals; null until it has ended.
    duration_seconds: Option<f64>,
    /// From start to end; null until it has ended.
    duration_ms: Option<u64>,
    /// Attempts in all.
    attempts: u32,
    summary: RowSummary,
}

/// An execution in a list, as it is described.
pub(crate) type RowEntry = Entry<RowView<'static>>;

/// How many of its nodes have got how far.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NodeCounts)]
pub(crate) struct RowSummary {
    total_nodes: u32,
    completed_nodes: u32,
    failed_nodes: u32,
}

impl<'a> RowView<'a> {
    pub(crate) fn new(row: &'a ExecutionRow, flow_name: Option<&'a str>) -> Self {
        let (duration, queue) = (span(row.started_at, row.completed_at), row.queue.as_deref());
        Self {
            id: row.id,
            flow_id: row.flow,
            flow_name,
            flow_version: row.flow_version,
            status: row.status.into(),
            retrying: row.retrying,
            next_retry_at: next_retry_at(row.waiting_for),
            waiting_for: row.waiting_for.and_then(WaitingFor::of),
            waiting_until: waiting_until(row.waiting_for),
            recovered: row.recovered,
            current_node_id: row.current_node.as_ref().map(|node| node.as_str()),
            context_id: row.context_id.as_deref(),
            context_type: row.context_type.as_deref(),
            error_message: row.error_message.as_deref().map(|message| shortened(message, MESSAGE_BYTES)),
            error_class: row.error_class.map(Into::into),
            fingerprint: row.fingerprint.as_ref().map(|fingerprint| &*fingerprint.id),
            retry_of: row.retry_of,
            forked_from: row.forked_from,
            parent_id: row.parent,
            parent_node_id: row.parent_node.as_ref().map(|node| node.as_str()),
            index: row.parent.map(|_| row.index),
            triggered_by: &row.triggered_by,
            concurrency_key: queue.and_then(|place| place.key.as_deref()),
            starts_at: queue.and_then(|place| place.start_at).map(Into::into),
            created_at: row.created_at.into(),
            started_at: row.started_at.map(Into::into),
            completed_at: row.completed_at.map(Into::into),
            duration_seconds: duration.map(seconds),
            duration_ms: duration.map(millis),
            attempts: row.attempts,
            summary: RowSummary {
                total_nodes: row.total_nodes,
                completed_nodes: row.completed_nodes,
                failed_nodes: row.failed_nodes,
            },
        }
    }
}

fn next_retry_at(wait: Option<Wait>) -> Option<Time> {
    let Some(Wait::Retry { at }) = wait else { return None };
    Some(at.into())
}

fn waiting_until(wait: Option<Wait>) -> Option<Time> {
    let Some(Wait::Delay { until }) = wait else { return None };
    Some(until.into())
}
