//! [`Store`] for [`SqliteStore`]: what goes to the writer and what to the readers.

use std::sync::Arc;

use steadflow_core::ids::{AgentId, ExecutionId, FlowId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    AgentRecord, AgentUse, Commit, Committed, ExecutionCounts, ExecutionFilter, ExecutionRow, FailureGroup,
    FailureQuery, FlowChange, FlowFilter, FlowRecord, FlowVersionRecord, IdempotencyHit, Page, RollupQuery,
    RollupRow, Store, StoreError, StoreFuture, Stored, Worker,
};

use crate::error::store_error;
use crate::flows::Deletion;
use crate::journal::Known;
use crate::{
    SqliteStore, agents, commit, doctor, failures, flows, idempotency, journal, leases, list, recover,
    rollups,
};

impl Store for SqliteStore {
    fn register(&self, name: Arc<str>, now: Timestamp, ttl_micros: i64) -> StoreFuture<'_, Worker> {
        Box::pin(self.write("register", 0, move |writer| leases::register(writer, &name, now, ttl_micros)))
    }

    fn renew(&self, worker: Worker, now: Timestamp, ttl_micros: i64) -> StoreFuture<'_, ()> {
        Box::pin(self.write("renew", 0, move |writer| leases::renew(writer, worker, now, ttl_micros)))
    }

    fn release(&self, worker: Worker) -> StoreFuture<'_, ()> {
        Box::pin(self.write("release", 0, move |writer| leases::release(writer, worker)))
    }

    fn commit(&self, worker: Worker, batch: Vec<Commit>) -> StoreFuture<'_, Vec<Committed>> {
        let bytes = batch.iter().map(commit::bytes_of).sum();
        Box::pin(self.write("commit", bytes, move |writer| commit::commit(writer, worker, batch)))
    }

    fn recover(&self, worker: Worker) -> StoreFuture<'_, Vec<Stored>> {
        Box::pin(self.write("recover", 0, move |writer| recover::recover(writer, worker)))
    }

    fn due(&self, until: Timestamp, limit: usize) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>> {
        Box::pin(self.read("due", move |db| recover::due(db, until, limit)))
    }

    fn queued(&self) -> StoreFuture<'_, Vec<(FlowId, ExecutionId)>> {
        Box::pin(self.read("queued", recover::queued))
    }

    fn slots(&self) -> StoreFuture<'_, Vec<(FlowId, u32)>> {
        let count =
            |writer: &mut crate::Writer| recover::slots(writer).map_err(|error| store_error("slots", error));
        Box::pin(self.write("slots", 0, count))
    }

    fn take(&self, worker: Worker, id: ExecutionId) -> StoreFuture<'_, Option<Stored>> {
        Box::pin(self.write("take", 0, move |writer| recover::take(writer, worker, id)))
    }

    fn execution(&self, tenant: TenantId, id: ExecutionId) -> StoreFuture<'_, Option<Stored>> {
        Box::pin(self.read_execution(tenant, id))
    }

    fn executions(&self, filter: ExecutionFilter, page: Page) -> StoreFuture<'_, Vec<ExecutionRow>> {
        Box::pin(self.read("executions", move |db| list::executions(db, &filter, page)))
    }

    fn retried_by(&self, tenant: TenantId, id: ExecutionId) -> StoreFuture<'_, Vec<ExecutionId>> {
        Box::pin(self.read("retried_by", move |db| list::retried_by(db, tenant, id)))
    }

    fn idempotency(&self, tenant: TenantId, key: Arc<str>) -> StoreFuture<'_, Option<IdempotencyHit>> {
        Box::pin(self.read("idempotency", move |db| idempotency::read(db, tenant, &key)))
    }

    fn failures(&self, query: FailureQuery) -> StoreFuture<'_, Vec<FailureGroup>> {
        Box::pin(self.read("failures", move |db| failures::failures(db, &query)))
    }

    fn rollups(&self, query: RollupQuery) -> StoreFuture<'_, Vec<RollupRow>> {
        Box::pin(self.read("rollups", move |db| rollups::read(db, &query)))
    }

    fn create_flow(&self, flow: FlowRecord) -> StoreFuture<'_, ()> {
        Box::pin(self.change("create_flow", move |db| flows::create(db, &flow)))
    }

    fn change_flow(
        &self,
        tenant: TenantId,
        id: FlowId,
        change: FlowChange,
    ) -> StoreFuture<'_, Option<FlowRecord>> {
        Box::pin(self.change("change_flow", move |db| flows::change(db, tenant, id, change)))
    }

    fn flow(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, Option<FlowRecord>> {
        Box::pin(self.read("flow", move |db| flows::flow(db, tenant, id)))
    }

    fn flows(&self, filter: FlowFilter, page: Page) -> StoreFuture<'_, Vec<FlowRecord>> {
        Box::pin(self.read("flows", move |db| flows::flows(db, &filter, page)))
    }

    fn flow_version(&self, id: FlowId, version: u32) -> StoreFuture<'_, Option<FlowVersionRecord>> {
        Box::pin(self.read("flow_version", move |db| flows::version(db, id, version)))
    }

    fn flow_versions(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, Vec<FlowVersionRecord>> {
        Box::pin(self.read("flow_versions", move |db| flows::versions(db, tenant, id)))
    }

    fn execution_counts(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, ExecutionCounts> {
        Box::pin(self.read("execution_counts", move |db| list::counts(db, tenant, id)))
    }

    fn delete_flow(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, bool> {
        Box::pin(self.delete_whole_flow(tenant, id))
    }

    fn put_agent(&self, agent: AgentRecord) -> StoreFuture<'_, ()> {
        Box::pin(self.change("put_agent", move |db| agents::put(db, &agent)))
    }

    fn agent(&self, tenant: TenantId, id: AgentId) -> StoreFuture<'_, Option<AgentRecord>> {
        Box::pin(self.read("agent", move |db| agents::agent(db, tenant, id)))
    }

    fn agents(&self, tenant: TenantId, page: Page) -> StoreFuture<'_, Vec<AgentRecord>> {
        Box::pin(self.read("agents", move |db| agents::agents(db, tenant, page)))
    }

    fn agent_uses(&self, tenant: TenantId, ids: Vec<AgentId>) -> StoreFuture<'_, Vec<AgentUse>> {
        Box::pin(self.read("agent_uses", move |db| agents::uses(db, tenant, &ids)))
    }

    fn delete_agent(&self, tenant: TenantId, id: AgentId) -> StoreFuture<'_, bool> {
        Box::pin(self.change("delete_agent", move |db| agents::delete(db, tenant, id)))
    }

    fn doctor(&self) -> StoreFuture<'_, Vec<String>> {
        Box::pin(self.read("doctor", doctor::examine))
    }

    fn durability(&self) -> String {
        "sqlite, WAL, synchronous=FULL: power loss".into()
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.close_all())
    }
}

impl SqliteStore {
    /// Reads an execution. The writer is asked where its records begin in the tail, which has no index; what is stored
    /// is read after that, so that nothing can slip away in between.
    async fn read_execution(&self, tenant: TenantId, id: ExecutionId) -> Result<Option<Stored>, StoreError> {
        const CALL: &str = "execution";
        let known = self.read(CALL, move |db| Known::read(db, id)).await?;
        if let Some(known) = known.filter(|known| known.is_finished) {
            return if known.tenant == tenant { known.into_stored(id).map(Some) } else { Ok(None) };
        }
        let tip = self.write(CALL, 0, move |writer| Ok(writer.live.tip(id))).await?;
        let is_live = tip.is_some();
        let first = tip.and_then(|tip| tip.first).unwrap_or(i64::MAX);
        let read = move |db: &rusqlite::Connection| {
            let known = Known::read(db, id).map_err(|error| store_error(CALL, error))?;
            if known.is_none() && !is_live {
                return Ok(None);
            }
            let stored = journal::stored(db, CALL, [id], first)?.pop();
            let owner =
                known.map(|known| known.tenant).or_else(|| stored.as_ref().and_then(journal::tenant_of));
            Ok(stored.filter(|_| owner == Some(tenant)))
        };
        self.readers.read(CALL, read).await
    }

    async fn delete_whole_flow(&self, tenant: TenantId, id: FlowId) -> Result<bool, StoreError> {
        const CALL: &str = "delete_flow";
        loop {
            let step = move |writer: &mut crate::Writer| {
                flows::delete_step(writer, tenant, id).map_err(|error| store_error(CALL, error))
            };
            match self.write(CALL, 0, step).await? {
                Deletion::Nothing => return Ok(false),
                Deletion::Begun => {}
                Deletion::Done => return Ok(true),
            }
        }
    }

    async fn close_all(&self) -> Result<(), StoreError> {
        self.readers.close().await;
        let Some(writer) = self.end() else { return Ok(()) };
        let joined = tokio::task::spawn_blocking(move || writer.join()).await;
        match joined {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_panic)) => {
                Err(StoreError::Database { call: "close", source: "the writer panicked".into() })
            }
            Err(error) => Err(StoreError::Database { call: "close", source: error.into() }),
        }
    }
}
