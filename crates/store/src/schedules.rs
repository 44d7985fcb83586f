//! Schedules of flows: for which moment each starts next, and what it started last.

use std::sync::Arc;

use steadflow_core::ids::{ExecutionId, FlowId, NodeId, TenantId};
use steadflow_core::timestamp::Timestamp;

use crate::StoreFuture;

/// Where the schedules of flows have come to. What they are is in the flows.
pub trait Schedules: Send + Sync + 'static {
    /// Returns all of them, by flow and node.
    fn schedules(&self) -> StoreFuture<'_, Vec<ScheduleRecord>>;

    /// Stores where a schedule has come to, new or changed.
    fn put_schedule(&self, schedule: ScheduleRecord) -> StoreFuture<'_, ()>;

    /// Deletes one that its flow does not have any more.
    fn delete_schedule(&self, flow: FlowId, node: NodeId) -> StoreFuture<'_, ()>;
}

/// Where a schedule has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleRecord {
    /// Whose it is.
    pub tenant: TenantId,
    /// The flow.
    pub flow: FlowId,
    /// Its trigger.
    pub node: NodeId,
    /// What the moments follow from: with another rule they begin again.
    pub rule: Arc<str>,
    /// The first moment for which nothing was done yet; `None` if there is no other.
    pub next_at: Option<Timestamp>,
    /// The moment for which `execution` is being started. A crash may have come before or after that.
    pub starting_at: Option<Timestamp>,
    /// The execution that was started last.
    pub execution: Option<ExecutionId>,
    /// The moment for which it was started.
    pub last_at: Option<Timestamp>,
    /// Why the last start failed, if it did.
    pub error: Option<Arc<str>>,
}
