//! The contract between the engine and its database.
//!
//! The log comes first: a decision is one appended row of the *tail*, and that row alone makes it durable. What people
//! query — [`ExecutionRow`]s, journals, rollups — is written beside the decision that ends an execution, parks it, or
//! is old enough to be shown. State is the fold of journal and tail; projections decide nothing.
//!
//! Every implementation passes [`conformance_tests!`].

mod agents;
mod buckets;
mod commit;
#[doc(hidden)]
pub mod conformance;
mod error;
mod executions;
mod flows;
mod memory;
mod rollup;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use steadflow_core::ids::{AgentId, ExecutionId, FlowId, TenantId};
use steadflow_core::timestamp::Timestamp;

pub use agents::{AgentRecord, AgentUse};
pub use buckets::Buckets;
pub use commit::{Commit, Committed, Idempotency, IdempotencyHit, Keep, Worker};
pub use error::{BoxError, StoreError};
pub use executions::{
    ExecutionCounts, ExecutionFilter, ExecutionRow, FailureGroup, FailureQuery, Fingerprint, Page, Stored,
};
pub use flows::{FlowChange, FlowDocument, FlowFilter, FlowRecord, FlowStatus, FlowVersionRecord};
pub use memory::MemoryStore;
pub use rollup::{Rollup, RollupKey, RollupQuery, RollupRow};

/// What every call of a store gives: a future that borrows nothing but the store.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// What a database holds for the engine. Each method is one transaction.
///
/// Reads see everything that was committed before they were called. All methods may be called from many tasks at
/// once. A future that is dropped does not take its write back.
pub trait Store: Send + Sync + std::fmt::Debug + 'static {
    // ---- leases ------------------------------------------------------------------------------------------------

    /// Registers a new incarnation of a worker at `now`, with a lease that ends `ttl_micros` later, and fences every
    /// incarnation whose lease has ended. Its epoch is larger than any given before.
    fn register(&self, name: Arc<str>, now: Timestamp, ttl_micros: i64) -> StoreFuture<'_, Worker>;

    /// Prolongs the lease of `worker`.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if another incarnation has taken over; nothing that this one does counts any more.
    fn renew(&self, worker: Worker, now: Timestamp, ttl_micros: i64) -> StoreFuture<'_, ()>;

    /// Gives the lease of `worker` back, so that the next one need not wait for its end.
    fn release(&self, worker: Worker) -> StoreFuture<'_, ()>;

    // ---- the write path ----------------------------------------------------------------------------------------

    /// Commits a batch: all of it or, on an error, nothing. Answers in the batch's order.
    ///
    /// A commit whose idempotency key is taken is left out alone, and answered [`Committed::Hit`].
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if `worker` lost its lease: drop what it drives. [`StoreError::Full`] if there is no
    /// room: nothing was written; try later. [`StoreError::Unknown`] if it cannot be told whether the batch is on
    /// disk: stop, and read the truth on the next start.
    fn commit(&self, worker: Worker, batch: Vec<Commit>) -> StoreFuture<'_, Vec<Committed>>;

    // ---- recovery and parking ----------------------------------------------------------------------------------

    /// Returns the unfinished executions that are not parked and whose worker is gone or is `worker` itself, and makes
    /// them this worker's.
    fn recover(&self, worker: Worker) -> StoreFuture<'_, Vec<Stored>>;

    /// Returns up to `limit` parked executions that are due before `until`, earliest first.
    fn due(&self, until: Timestamp, limit: usize) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>>;

    /// Returns the parked executions that wait for a slot of their flow, in the order in which they were accepted.
    fn queued(&self) -> StoreFuture<'_, Vec<(FlowId, ExecutionId)>>;

    /// Returns for each flow how many executions hold a slot (started, not finished): parked ones, and those whose
    /// start only the tail knows, included.
    fn slots(&self) -> StoreFuture<'_, Vec<(FlowId, u32)>>;

    /// Takes a parked execution for `worker` to drive; `None` if it is finished, unknown, or another worker's.
    fn take(&self, worker: Worker, id: ExecutionId) -> StoreFuture<'_, Option<Stored>>;

    // ---- reading executions ------------------------------------------------------------------------------------

    /// Returns everything that is recorded of an execution, finished or not.
    fn execution(&self, tenant: TenantId, id: ExecutionId) -> StoreFuture<'_, Option<Stored>>;

    /// Returns the executions that fit, newest first.
    fn executions(&self, filter: ExecutionFilter, page: Page) -> StoreFuture<'_, Vec<ExecutionRow>>;

    /// Returns the executions that retry `id`, oldest first.
    fn retried_by(&self, tenant: TenantId, id: ExecutionId) -> StoreFuture<'_, Vec<ExecutionId>>;

    /// Returns what the idempotency key was first used for.
    fn idempotency(&self, tenant: TenantId, key: Arc<str>) -> StoreFuture<'_, Option<IdempotencyHit>>;

    /// Returns failed executions grouped by fingerprint, largest group first. The buckets of all groups are the same spans.
    fn failures(&self, query: FailureQuery) -> StoreFuture<'_, Vec<FailureGroup>>;

    /// Returns the rollup counters that fit.
    fn rollups(&self, query: RollupQuery) -> StoreFuture<'_, Vec<RollupRow>>;

    // ---- flows -------------------------------------------------------------------------------------------------

    /// Stores a new flow as version 1.
    fn create_flow(&self, flow: FlowRecord) -> StoreFuture<'_, ()>;

    /// Changes a flow: a new document makes a new version, a new status does not. `None` if there is no such flow.
    fn change_flow(
        &self,
        tenant: TenantId,
        id: FlowId,
        change: FlowChange,
    ) -> StoreFuture<'_, Option<FlowRecord>>;

    /// Returns a flow with its current version.
    fn flow(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, Option<FlowRecord>>;

    /// Returns the flows that fit, newest first.
    fn flows(&self, filter: FlowFilter, page: Page) -> StoreFuture<'_, Vec<FlowRecord>>;

    /// Returns one version of a flow, of any tenant: executions are pinned to versions by id.
    fn flow_version(&self, id: FlowId, version: u32) -> StoreFuture<'_, Option<FlowVersionRecord>>;

    /// Returns all versions of a flow, newest first.
    fn flow_versions(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, Vec<FlowVersionRecord>>;

    /// Counts a flow's executions by status.
    fn execution_counts(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, ExecutionCounts>;

    /// Deletes a flow with its versions, executions, journals and rollups. Its unfinished executions must have been
    /// ended before. False if there is no such flow.
    fn delete_flow(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, bool>;

    // ---- agents ------------------------------------------------------------------------------------------------

    /// Stores an agent, new or changed.
    fn put_agent(&self, agent: AgentRecord) -> StoreFuture<'_, ()>;

    /// Returns an agent.
    fn agent(&self, tenant: TenantId, id: AgentId) -> StoreFuture<'_, Option<AgentRecord>>;

    /// Returns the agents, newest first.
    fn agents(&self, tenant: TenantId, page: Page) -> StoreFuture<'_, Vec<AgentRecord>>;

    /// Returns how much each of these agents was called; those that never were are left out.
    fn agent_uses(&self, tenant: TenantId, agents: Vec<AgentId>) -> StoreFuture<'_, Vec<AgentUse>>;

    /// Deletes an agent; false if there is none.
    fn delete_agent(&self, tenant: TenantId, id: AgentId) -> StoreFuture<'_, bool>;

    // ---- health ------------------------------------------------------------------------------------------------

    /// Checks the whole database against the rules that hold in every state; each finding is a sentence.
    fn doctor(&self) -> StoreFuture<'_, Vec<String>>;

    /// Says in a few words what the data survives, e.g. `sqlite, WAL, synchronous=FULL: power loss`.
    fn durability(&self) -> String;

    /// Finishes what is under way and closes the database. Calls after it fail.
    fn close(&self) -> StoreFuture<'_, ()>;
}
