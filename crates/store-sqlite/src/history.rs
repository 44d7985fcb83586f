//! [`History`] for [`SqliteStore`].

pub(crate) mod costs;
mod count;
pub(crate) mod expiry;
mod failures;
mod list;
pub(crate) mod rollups;
pub(crate) mod row;

use std::sync::Arc;

use rusqlite::Connection;
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    CostQuery, CostSums, ExecutionCounts, ExecutionFilter, ExecutionRow, Expired, ExpiryStep, FailureGroup,
    FailureQuery, History, IdempotencyHit, Listed, Page, Retention, RollupQuery, RollupSums, StoreError,
    StoreFuture, Stored,
};

use crate::SqliteStore;
use crate::error::store_error;
use crate::log::idempotency;
use crate::log::journal::{self, Known};
use crate::writer::Writer;
use steadflow_store::batch::Damage;

impl History for SqliteStore {
    fn execution(&self, tenant: TenantId, id: ExecutionId) -> StoreFuture<'_, Option<Stored>> {
        Box::pin(self.read_execution(tenant, id))
    }

    fn journal_bytes(&self, id: ExecutionId) -> StoreFuture<'_, u64> {
        Box::pin(self.read("journal_bytes", move |db| journal::bytes(db, id)))
    }

    fn row(&self, tenant: TenantId, id: ExecutionId) -> StoreFuture<'_, Option<ExecutionRow>> {
        Box::pin(self.read_one("row", format!("execution {id}"), move |db| list::row(db, tenant, id)))
    }

    fn executions(&self, filter: ExecutionFilter, page: Page) -> StoreFuture<'_, Vec<Listed<ExecutionRow>>> {
        Box::pin(self.read("executions", move |db| list::executions(db, &filter, page)))
    }

    fn count_executions(&self, filter: ExecutionFilter) -> StoreFuture<'_, Option<u64>> {
        Box::pin(self.read("count_executions", move |db| count::executions(db, &filter)))
    }

    fn retried_by(
        &self,
        tenant: TenantId,
        id: ExecutionId,
        limit: usize,
    ) -> StoreFuture<'_, Vec<ExecutionId>> {
        Box::pin(self.read("retried_by", move |db| list::retried_by(db, tenant, id, limit)))
    }

    fn idempotency(&self, tenant: TenantId, key: Arc<str>) -> StoreFuture<'_, Option<IdempotencyHit>> {
        Box::pin(self.read("idempotency", move |db| idempotency::read(db, tenant, &key)))
    }

    fn failures(&self, query: FailureQuery) -> StoreFuture<'_, Vec<Listed<FailureGroup>>> {
        Box::pin(self.read("failures", move |db| failures::failures(db, &query)))
    }

    fn rollup_sums(&self, query: RollupQuery) -> StoreFuture<'_, RollupSums> {
        Box::pin(self.read("rollup_sums", move |db| rollups::sums(db, &query)))
    }

    fn cost_sums(&self, query: CostQuery) -> StoreFuture<'_, CostSums> {
        Box::pin(self.read("cost_sums", move |db| costs::sums(db, &query)))
    }

    fn expire(
        &self,
        retention: Arc<Retention>,
        now: Timestamp,
        step: ExpiryStep,
    ) -> StoreFuture<'_, Expired> {
        let work = move |writer: &mut Writer| {
            expiry::step(writer, &retention, now, step).map_err(|error| store_error("expire", error))
        };
        Box::pin(self.write("expire", 0, work))
    }

    fn execution_counts(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, ExecutionCounts> {
        Box::pin(self.read("execution_counts", move |db| list::counts(db, tenant, id)))
    }
}

impl SqliteStore {
    /// Reads an execution. The writer is asked where its records begin in the tail, which has no index; what is stored
    /// is read after that, so that nothing can slip away in between.
    async fn read_execution(&self, tenant: TenantId, id: ExecutionId) -> Result<Option<Stored>, StoreError> {
        const CALL: &str = "execution";
        let read = move |db: &Connection| {
            let owner = journal::owner(db, id).map_err(|error| store_error(CALL, error))?;
            match owner.filter(|owner| owner.is_finished) {
                Some(owner) if owner.tenant == tenant => Known::of_finished(db, id).map(Some),
                Some(_) => Ok(Some(None)),
                None => Ok(None),
            }
        };
        if let Some(finished) = self.readers.read(CALL, read).await? {
            return Ok(finished);
        }
        let read = move |writer: &mut Writer| Ok((writer.tips.tip(id), writer.tips.is_damaged(id)));
        let (tip, is_damaged) = self.write(CALL, 0, read).await?;
        let is_live = tip.is_some();
        let first = tip.and_then(|tip| tip.first).unwrap_or(i64::MAX);
        let read = move |db: &Connection| {
            let owner = journal::owner(db, id).map_err(|error| store_error(CALL, error))?;
            if owner.is_none() && !is_live {
                return Ok(None);
            }
            let stored = journal::stored(db, CALL, [id], first)?.pop().transpose()?;
            let owner =
                owner.map(|owner| owner.tenant).or_else(|| stored.as_ref().and_then(journal::tenant_of));
            match stored.filter(|_| owner == Some(tenant)) {
                Some(stored) if is_damaged => {
                    Err(journal::damaged(&Damage::Record(id, stored.records.len() as u64 + 1)))
                }
                stored => Ok(stored),
            }
        };
        self.readers.read(CALL, read).await
    }
}
