//! Executions as they are stored and listed.

use std::sync::Arc;

use steadflow_core::execution::{ExecutionStatus, Wait};
use steadflow_core::failure::ErrorClass;
use steadflow_core::flow_control::QueuePlace;
use steadflow_core::folder::Folders;
use steadflow_core::ids::{ExecutionId, FlowId, NodeId, TenantId};
use steadflow_core::timestamp::Timestamp;

use super::buckets::Buckets;

/// Everything that is recorded of one execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The execution.
    pub id: ExecutionId,
    /// Its records as JSON texts of [`steadflow_core::event::Record`], from 1, without gaps.
    pub records: Vec<Arc<str>>,
    /// Whether the journal covers all of them: no tail row is needed for it.
    pub is_snapshot: bool,
}

/// One execution as lists show it.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecutionRow {
    /// Its id; sorts by the time of acceptance.
    pub id: ExecutionId,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its flow.
    pub flow: FlowId,
    /// The version of the flow that it is pinned to.
    pub flow_version: u32,
    /// Its status.
    pub status: ExecutionStatus,
    /// Whether some node waits out a backoff.
    pub retrying: bool,
    /// Whether it completed only thanks to retries.
    pub recovered: bool,
    /// The node where it is or where it ended.
    pub current_node: Option<NodeId>,
    /// What it is about.
    pub context_id: Option<Arc<str>>,
    /// What kind of thing that is.
    pub context_type: Option<Arc<str>>,
    /// What started it.
    pub triggered_by: Arc<str>,
    /// The execution that it retries.
    pub retry_of: Option<ExecutionId>,
    /// The execution that it is a fork of.
    pub forked_from: Option<ExecutionId>,
    /// The execution whose node started it.
    pub parent: Option<ExecutionId>,
    /// That node.
    pub parent_node: Option<NodeId>,
    /// The number of the item or the iteration that it runs for, from 0.
    pub index: u32,
    /// Whether it uses the slot of an execution above it.
    pub shares_slot: bool,
    /// Where it stands among those of its flow that wait to start, if more counts than the moment of its acceptance.
    pub queue: Option<Box<QueuePlace>>,
    /// Why it did not complete.
    pub error_message: Option<Arc<str>>,
    /// The class of that failure.
    pub error_class: Option<ErrorClass>,
    /// What failures like this one have in common; of failed executions only.
    pub fingerprint: Option<Fingerprint>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it got its slot.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// Nodes in all.
    pub total_nodes: u32,
    /// Nodes that completed.
    pub completed_nodes: u32,
    /// Nodes that failed for good.
    pub failed_nodes: u32,
    /// Attempts in all.
    pub attempts: u32,
    /// What it waits for, while it does.
    pub waiting_for: Option<Wait>,
}

/// What failures that are alike have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint {
    /// A short hash of the flow and the fields below, as hexadecimal text.
    pub id: Arc<str>,
    /// The node that failed; `None` for a timeout.
    pub node: Option<NodeId>,
    /// The class; `None` where there is none.
    pub class: Option<ErrorClass>,
    /// The message with numbers and ids taken out.
    pub message: Arc<str>,
}

/// Whether an execution was started by a node of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lineage {
    /// It was not.
    Root,
    /// It was, by a node of this one.
    ChildOf(ExecutionId),
}

impl Lineage {
    /// Returns that of an execution with this parent.
    #[must_use]
    pub fn of(parent: Option<ExecutionId>) -> Self {
        parent.map_or(Self::Root, Self::ChildOf)
    }
}

/// Which executions to list. Every field that is set must fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExecutionFilter {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// Of this flow.
    pub flow: Option<FlowId>,
    /// Of flows in one of these folders.
    pub folders: Option<Folders>,
    /// Without a parent, or with this one.
    pub lineage: Option<Lineage>,
    /// Started by this node. These are listed in the order of their items or iterations, and of those for the same one, the
    /// oldest first.
    pub parent_node: Option<NodeId>,
    /// Forks of this execution.
    pub forked_from: Option<ExecutionId>,
    /// With exactly this context id.
    pub context_id: Option<Arc<str>>,
    /// In one of these statuses; empty: any.
    pub statuses: Vec<ExecutionStatus>,
    /// Waiting out a backoff, or not.
    pub retrying: Option<bool>,
    /// Waiting for this, by the name of the [`Wait`].
    pub waiting_for: Option<&'static str>,
    /// With this error class.
    pub error_class: Option<ErrorClass>,
    /// Whose failure this node caused.
    pub failed_node: Option<NodeId>,
    /// With this fingerprint.
    pub fingerprint: Option<Arc<str>>,
    /// Of a version after this one.
    pub after_version: Option<u32>,
    /// Ended after.
    pub ended_after: Option<Timestamp>,
    /// Accepted at or after.
    pub from: Option<Timestamp>,
    /// Accepted before.
    pub to: Option<Timestamp>,
    /// With this text in the id (as a prefix), the context id or the error message, whatever the case of its letters.
    pub text: Option<Arc<str>>,
}

/// Which part of a list. Lists are newest first, unless the filter says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Only what follows on this id in the list: what is older, where that is newest first.
    pub before: Option<uuid::Uuid>,
    /// At most so many.
    pub limit: usize,
}

/// A flow's executions by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExecutionCounts {
    /// In all.
    pub total: u64,
    /// Completed ones.
    pub completed: u64,
    /// Failed ones.
    pub failed: u64,
    /// Cancelled ones.
    pub cancelled: u64,
}

/// Which failures to group.
#[derive(Clone, Debug, PartialEq)]
pub struct FailureQuery {
    /// Of this tenant.
    pub tenant: TenantId,
    /// Of this flow.
    pub flow: Option<FlowId>,
    /// Of flows in one of these folders.
    pub folders: Option<Folders>,
    /// Ended at or after.
    pub from: Option<Timestamp>,
    /// Ended before.
    pub to: Option<Timestamp>,
    /// Where counts over time end, unless `to` says.
    pub now: Timestamp,
    /// At most so many groups.
    pub limit: usize,
}

impl FailureQuery {
    /// Returns the spans over which `groups` are counted: from `from`, or from the first failure on, to `to` or `now`.
    /// `None` where there are no groups.
    #[must_use]
    pub fn buckets<'g>(&self, groups: impl Iterator<Item = &'g FailureGroup> + Clone) -> Option<Buckets> {
        let first = groups.clone().map(|group| group.first_seen).min()?;
        let last = groups.map(|group| group.last_seen).max()?;
        let end = self.to.map_or(self.now, |to| Timestamp::from_micros(to.as_micros().saturating_sub(1)));
        Some(Buckets::over(self.from.unwrap_or(first), end.max(last)))
    }
}

/// Failed executions that are alike.
#[derive(Clone, Debug, PartialEq)]
pub struct FailureGroup {
    /// Their flow.
    pub flow: FlowId,
    /// What they have in common.
    pub fingerprint: Fingerprint,
    /// The error message of the newest of them.
    pub message: Option<Arc<str>>,
    /// How many.
    pub count: u64,
    /// How many of them were retried by hand.
    pub retried: u64,
    /// How many of them were retried by hand, and one of their retries completed.
    pub recovered: u64,
    /// When the first ended.
    pub first_seen: Timestamp,
    /// When the last ended.
    pub last_seen: Timestamp,
    /// How many ended when.
    pub buckets: Buckets,
    /// Some of them, newest first, at most 10.
    pub executions: Vec<ExecutionId>,
}
