//! [`Store`] for [`MemoryStore`]: every future is ready.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use steadflow_core::ids::{AgentId, ExecutionId, FlowId, TenantId};
use steadflow_core::timestamp::Timestamp;

use super::{MemoryStore, Store};
use crate::{
    AgentRecord, AgentUse, Commit, Committed, ExecutionCounts, ExecutionFilter, ExecutionRow, FailureGroup,
    FailureQuery, FlowChange, FlowFilter, FlowRecord, FlowVersionRecord, IdempotencyHit, Page, RollupQuery,
    RollupRow, StoreError, StoreFuture, Stored, Worker,
};

fn at_once<'a, T: Send + 'a>(answer: Result<T, StoreError>) -> StoreFuture<'a, T> {
    Box::pin(ready(answer))
}

impl Store for MemoryStore {
    fn register(&self, _name: Arc<str>, now: Timestamp, ttl_micros: i64) -> StoreFuture<'_, Worker> {
        at_once(self.register_now(now, ttl_micros))
    }

    fn renew(&self, worker: Worker, now: Timestamp, ttl_micros: i64) -> StoreFuture<'_, ()> {
        at_once(self.renew_now(worker, now, ttl_micros))
    }

    fn release(&self, worker: Worker) -> StoreFuture<'_, ()> {
        at_once(self.release_now(worker))
    }

    fn commit(&self, worker: Worker, batch: Vec<Commit>) -> StoreFuture<'_, Vec<Committed>> {
        at_once(self.commit_now(worker, batch))
    }

    fn recover(&self, worker: Worker) -> StoreFuture<'_, Vec<Stored>> {
        at_once(self.recover_now(worker))
    }

    fn due(&self, until: Timestamp, limit: usize) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>> {
        at_once(self.due_now(until, limit))
    }

    fn queued(&self) -> StoreFuture<'_, Vec<(FlowId, ExecutionId)>> {
        at_once(self.queued_now())
    }

    fn slots(&self) -> StoreFuture<'_, Vec<(FlowId, u32)>> {
        at_once(self.slots_now())
    }

    fn take(&self, worker: Worker, id: ExecutionId) -> StoreFuture<'_, Option<Stored>> {
        at_once(self.take_now(worker, id))
    }

    fn execution(&self, tenant: TenantId, id: ExecutionId) -> StoreFuture<'_, Option<Stored>> {
        at_once(self.execution_now(tenant, id))
    }

    fn executions(&self, filter: ExecutionFilter, page: Page) -> StoreFuture<'_, Vec<ExecutionRow>> {
        at_once(self.executions_now(&filter, page))
    }

    fn retried_by(&self, tenant: TenantId, id: ExecutionId) -> StoreFuture<'_, Vec<ExecutionId>> {
        at_once(self.retried_by_now(tenant, id))
    }

    fn idempotency(&self, tenant: TenantId, key: Arc<str>) -> StoreFuture<'_, Option<IdempotencyHit>> {
        at_once(self.idempotency_now(tenant, key))
    }

    fn failures(&self, query: FailureQuery) -> StoreFuture<'_, Vec<FailureGroup>> {
        at_once(self.failures_now(&query))
    }

    fn rollups(&self, query: RollupQuery) -> StoreFuture<'_, Vec<RollupRow>> {
        at_once(self.rollups_now(&query))
    }

    fn create_flow(&self, flow: FlowRecord) -> StoreFuture<'_, ()> {
        at_once(self.create_flow_now(flow))
    }

    fn change_flow(
        &self,
        tenant: TenantId,
        id: FlowId,
        change: FlowChange,
    ) -> StoreFuture<'_, Option<FlowRecord>> {
        at_once(self.change_flow_now(tenant, id, change))
    }

    fn flow(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, Option<FlowRecord>> {
        at_once(self.flow_now(tenant, id))
    }

    fn flows(&self, filter: FlowFilter, page: Page) -> StoreFuture<'_, Vec<FlowRecord>> {
        at_once(self.flows_now(&filter, page))
    }

    fn flow_version(&self, id: FlowId, version: u32) -> StoreFuture<'_, Option<FlowVersionRecord>> {
        at_once(self.flow_version_now(id, version))
    }

    fn flow_versions(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, Vec<FlowVersionRecord>> {
        at_once(self.flow_versions_now(tenant, id))
    }

    fn execution_counts(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, ExecutionCounts> {
        at_once(self.execution_counts_now(tenant, id))
    }

    fn delete_flow(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, bool> {
        at_once(self.delete_flow_now(tenant, id))
    }

    fn put_agent(&self, agent: AgentRecord) -> StoreFuture<'_, ()> {
        at_once(self.put_agent_now(agent))
    }

    fn agent(&self, tenant: TenantId, id: AgentId) -> StoreFuture<'_, Option<AgentRecord>> {
        at_once(self.agent_now(tenant, id))
    }

    fn agents(&self, tenant: TenantId, page: Page) -> StoreFuture<'_, Vec<AgentRecord>> {
        at_once(self.agents_now(tenant, page))
    }

    fn agent_uses(&self, tenant: TenantId, agents: Vec<AgentId>) -> StoreFuture<'_, Vec<AgentUse>> {
        at_once(self.agent_uses_now(tenant, &agents))
    }

    fn delete_agent(&self, tenant: TenantId, id: AgentId) -> StoreFuture<'_, bool> {
        at_once(self.delete_agent_now(tenant, id))
    }

    fn doctor(&self) -> StoreFuture<'_, Vec<String>> {
        at_once(self.doctor_now())
    }

    fn durability(&self) -> String {
        "in memory: nothing outlives the process".into()
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        self.closed.store(true, Ordering::Release);
        at_once(Ok(()))
    }
}
