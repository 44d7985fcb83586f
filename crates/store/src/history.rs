//! History: the results of executions, for people to query.

mod buckets;
mod costs;
mod ended;
mod executions;
mod retention;
mod rollup;
mod summing;
mod sums;
mod times;
mod versions;

use std::sync::Arc;

use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::timestamp::Timestamp;

pub use buckets::Buckets;
pub use costs::{
    CallCounts, CostKey, CostQuery, CostRow, CostSums, DayCosts, DayModel, DaySumming, MostExpensive,
};
pub use ended::Ended;
pub use executions::{
    ExecutionCounts, ExecutionFilter, ExecutionRow, FailureGroup, FailureQuery, Fingerprint, Lineage, Page,
    Stored,
};
pub use retention::{Expired, ExpiryStep, Kept, Retention};
pub use rollup::{Rollup, RollupKey};
pub use summing::Summing;
pub use sums::{FlowSums, NodeSums, RetryCounts, RollupQuery, RollupSums};
pub use times::{TimedModel, Times, time_metric};
pub use versions::{FlowVersionCosts, version_metrics};

use crate::{IdempotencyHit, Listed, StoreFuture};

/// Rows, journals, failures and counters. Only [`Self::expire`] changes anything.
pub trait History: Send + Sync + 'static {
    /// Returns everything that is recorded of an execution, finished or not.
    fn execution(&self, tenant: TenantId, id: ExecutionId) -> StoreFuture<'_, Option<Stored>>;

    /// Returns how long the journal of an execution is with its long records, in bytes, without reading it; 0 where there is
    /// none.
    fn journal_bytes(&self, id: ExecutionId) -> StoreFuture<'_, u64>;

    /// Returns the row of an execution.
    ///
    /// # Errors
    /// [`Corrupt`](crate::StoreError::Corrupt) if it cannot be read.
    fn row(&self, tenant: TenantId, id: ExecutionId) -> StoreFuture<'_, Option<ExecutionRow>>;

    /// Returns the numbers of the last records that the rows of some executions show; of those that have none, nothing. Only
    /// where other processes can drive executions: the rows of these are behind by a moment.
    fn shown(&self, _executions: Vec<ExecutionId>) -> StoreFuture<'_, Vec<(ExecutionId, u64)>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Returns the executions that fit, newest first.
    fn executions(&self, filter: ExecutionFilter, page: Page) -> StoreFuture<'_, Vec<Listed<ExecutionRow>>>;

    /// Counts the executions that fit. It costs the same however many there are: `None` where more than 10,000 would have
    /// to be read to know.
    fn count_executions(&self, filter: ExecutionFilter) -> StoreFuture<'_, Option<u64>>;

    /// Returns the newest executions that retry `id`, at most `limit`, the oldest of them first.
    fn retried_by(
        &self,
        tenant: TenantId,
        id: ExecutionId,
        limit: usize,
    ) -> StoreFuture<'_, Vec<ExecutionId>>;

    /// Returns what the idempotency key was first used for.
    fn idempotency(&self, tenant: TenantId, key: Arc<str>) -> StoreFuture<'_, Option<IdempotencyHit>>;

    /// Returns failed executions grouped by fingerprint, largest group first. The buckets of all groups are the same
    /// spans. One whose newest execution cannot be read has the id of that execution.
    fn failures(&self, query: FailureQuery) -> StoreFuture<'_, Vec<Listed<FailureGroup>>>;

    /// Returns what the counters that fit add up to. What this takes in memory is bounded by the limits of `query`, however
    /// many counters there are. A counter that cannot be read is left out everywhere, and its flow is named.
    fn rollup_sums(&self, query: RollupQuery) -> StoreFuture<'_, RollupSums>;

    /// Returns what calls of models cost. What this takes in memory is bounded by the limits of `query`, however many were
    /// made. What cannot be read is left out of the sums where it cannot, and noted.
    fn cost_sums(&self, query: CostQuery) -> StoreFuture<'_, CostSums>;

    /// Looks at some executions, and deletes those that `retention` does not keep any longer, with their journals. The
    /// counters of lists lose them, and those of analytics keep them. A step is short, so that it does not delay commits:
    /// it may look at fewer than asked for.
    fn expire(&self, retention: Arc<Retention>, now: Timestamp, step: ExpiryStep)
    -> StoreFuture<'_, Expired>;

    /// Counts a flow's executions by status.
    fn execution_counts(&self, tenant: TenantId, flow: FlowId) -> StoreFuture<'_, ExecutionCounts>;
}
