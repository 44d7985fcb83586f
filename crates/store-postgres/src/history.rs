//! [`History`] for [`PostgresStore`].

mod costs;
mod count;
pub(crate) mod expiry;
mod failures;
mod list;
mod rollups;

use std::sync::Arc;

use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    CostQuery, CostSums, ExecutionCounts, ExecutionFilter, ExecutionRow, Expired, ExpiryStep, FailureGroup,
    FailureQuery, History, IdempotencyHit, Listed, Page, Retention, RollupQuery, RollupSums, StoreFuture,
    Stored,
};

use crate::columns::{execution_id, number};
use crate::log::idempotency;
use crate::session::{session, transaction};
use crate::value::params;
use crate::{PostgresStore, call, call_of};

impl History for PostgresStore {
    fn execution(&self, tenant: TenantId, id: ExecutionId) -> StoreFuture<'_, Option<Stored>> {
        call("execution", self.stored_execution(tenant, id))
    }

    fn journal_bytes(&self, id: ExecutionId) -> StoreFuture<'_, u64> {
        call("journal_bytes", self.stored_bytes(id))
    }

    fn row(&self, tenant: TenantId, id: ExecutionId) -> StoreFuture<'_, Option<ExecutionRow>> {
        let read = async move { list::row(&session(&self.pool).await?, tenant, id).await };
        call_of("row", format!("execution {id}"), read)
    }

    fn shown(&self, executions: Vec<ExecutionId>) -> StoreFuture<'_, Vec<(ExecutionId, u64)>> {
        call("shown", async move {
            let ids: Vec<_> = executions.iter().map(|id| id.uuid()).collect();
            let sql = "SELECT id, shown FROM executions WHERE id = ANY($1)";
            let rows = session(&self.pool).await?.query_typed(sql, params![ids]).await?;
            rows.iter().map(|row| Ok((execution_id(row, 0)?, number(row, 1)?))).collect()
        })
    }

    fn executions(&self, filter: ExecutionFilter, page: Page) -> StoreFuture<'_, Vec<Listed<ExecutionRow>>> {
        call("executions", async move { list::executions(&session(&self.pool).await?, &filter, page).await })
    }

    fn count_executions(&self, filter: ExecutionFilter) -> StoreFuture<'_, Option<u64>> {
        call("count_executions", async move {
            transaction!(&self.pool, snapshot, |db| count::executions(db, &filter).await)
        })
    }

    fn retried_by(
        &self,
        tenant: TenantId,
        id: ExecutionId,
        limit: usize,
    ) -> StoreFuture<'_, Vec<ExecutionId>> {
        call(
            "retried_by",
            async move { list::retried_by(&*session(&self.pool).await?, tenant, id, limit).await },
        )
    }

    fn idempotency(&self, tenant: TenantId, key: Arc<str>) -> StoreFuture<'_, Option<IdempotencyHit>> {
        call(
            "idempotency",
            async move { idempotency::find(&*session(&self.pool).await?, tenant, &key).await },
        )
    }

    fn failures(&self, query: FailureQuery) -> StoreFuture<'_, Vec<Listed<FailureGroup>>> {
        call("failures", async move {
            transaction!(&self.pool, snapshot, |db| failures::failures(db, &query).await)
        })
    }

    fn rollup_sums(&self, query: RollupQuery) -> StoreFuture<'_, RollupSums> {
        call("rollup_sums", async move {
            transaction!(&self.pool, snapshot, |db| rollups::sums(db, &query).await)
        })
    }

    fn cost_sums(&self, query: CostQuery) -> StoreFuture<'_, CostSums> {
        call(
            "cost_sums",
            async move { transaction!(&self.pool, snapshot, |db| costs::sums(db, &query).await) },
        )
    }

    fn expire(
        &self,
        retention: Arc<Retention>,
        now: Timestamp,
        step: ExpiryStep,
    ) -> StoreFuture<'_, Expired> {
        call("expire", async move {
            transaction!(&self.pool, |db| expiry::step(db, self.days.of_expired(), &retention, now, step)
                .await)
        })
    }

    fn execution_counts(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, ExecutionCounts> {
        call("execution_counts", async move { list::counts(&*session(&self.pool).await?, tenant, id).await })
    }
}
