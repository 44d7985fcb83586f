//! The log: who may write, what was decided, and what waits to be decided.

mod commit;
mod inbox;

use std::sync::Arc;
use std::time::Duration;

use steadflow_core::budget::{Amount, Day, Draw, Drawn, Settlement};
use steadflow_core::flow_control::QueuePlace;
use steadflow_core::ids::{AgentId, ExecutionId, FlowId, TenantId};
use steadflow_core::protection::{PermitAsk, Permits};
use steadflow_core::timestamp::Timestamp;

pub use commit::{
    Commit, Committed, Idempotency, IdempotencyHit, Projection, SessionChanges, SlotClaim, SlotsOf, Worker,
};
pub use inbox::{InboxId, InboxInput, InboxItem};

use crate::{StoreFuture, Stored};

/// Leases, commits, recovery, timers and the durable inbox.
pub trait Log: Send + Sync + 'static {
    // ---- leases ------------------------------------------------------------------------------------------------

    /// Registers a new incarnation of a worker at `now`, with a lease that ends `ttl` later, and fences every
    /// incarnation whose lease has ended. Its epoch is larger than any before.
    fn register(&self, name: Arc<str>, now: Timestamp, ttl: Duration) -> StoreFuture<'_, Worker>;

    /// Prolongs the lease of `worker`: it ends `ttl` after `now`, or later if it did already.
    ///
    /// # Errors
    /// [`StoreError::Fenced`](crate::StoreError::Fenced) if another incarnation has taken over; this one can no
    /// longer write.
    fn renew(&self, worker: Worker, now: Timestamp, ttl: Duration) -> StoreFuture<'_, ()>;

    /// Ends the lease of `worker` at once, so that the next worker does not have to wait for it to expire.
    fn release(&self, worker: Worker) -> StoreFuture<'_, ()>;

    // ---- the write path ----------------------------------------------------------------------------------------

    /// Commits a batch: all of it or, on an error, nothing. Returns the results in the order of the batch.
    ///
    /// Some commits are skipped alone, while the rest of the batch is written: one whose idempotency key is taken
    /// ([`Committed::Hit`]), one that takes an item of the inbox that no longer exists ([`Committed::Gone`]), and one that starts an
    /// execution for which no slot is free ([`Committed::NoSlot`]). What follows from a skipped commit is skipped with it
    /// ([`Committed::Skipped`]).
    ///
    /// # Errors
    /// [`Fenced`](crate::StoreError::Fenced) if `worker` lost its lease: discard what it drives.
    /// [`Full`](crate::StoreError::Full) if there is no room: nothing was written; try later.
    /// [`Refused`](crate::StoreError::Refused) if something in the batch will never be taken: nothing was written.
    /// [`Unknown`](crate::StoreError::Unknown) if the batch may or may not be on disk: stop, and read the stored state on
    /// the next start.
    fn commit(&self, worker: Worker, batch: Vec<Commit>) -> StoreFuture<'_, Vec<Committed>>;

    // ---- recovery and parking ----------------------------------------------------------------------------------

    /// Returns unfinished executions that are not parked and that no worker drives, oldest first and at most `limit`,
    /// and makes them this worker's.
    ///
    /// An execution is driven by no worker if the lease of its owner has ended at `now`, was released, or is unknown.
    /// Owners whose lease has ended are fenced in the same transaction. What is `worker`'s own is never returned, so
    /// each call returns further ones, and none when all are driven.
    ///
    /// # Errors
    /// [`Fenced`](crate::StoreError::Fenced) if `worker` lost its lease.
    fn recover(&self, worker: Worker, now: Timestamp, limit: usize) -> StoreFuture<'_, Vec<Stored>>;

    /// Returns up to `limit` parked executions that are due before `until`, earliest first, after `after`.
    fn due(
        &self,
        after: Option<(Timestamp, ExecutionId)>,
        until: Timestamp,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>>;

    /// Returns up to `limit` parked executions that wait for a slot of their flow, in the order in which they were
    /// accepted, after `after`.
    fn queued(&self, after: Option<QueuedExecution>, limit: usize) -> StoreFuture<'_, Vec<QueuedExecution>>;

    /// Returns for each flow how many executions hold a slot (started, not finished): parked ones, and those whose
    /// start only the tail knows, included. In the order of the flows' ids, after `after`, at most `limit`.
    fn slots(&self, after: Option<TakenSlots>, limit: usize) -> StoreFuture<'_, Vec<TakenSlots>>;

    /// Returns what waits for slots and who holds these, over all processes: executions that are parked, and the holders in flows of
    /// which an execution waits anywhere; at most `limit` of each, the oldest first. Rows of executions that other processes drive
    /// are behind by a moment. Only where other processes can drive executions; else nothing, as the worker knows it.
    fn waiting(&self, _limit: usize) -> StoreFuture<'_, Waiting> {
        Box::pin(std::future::ready(Ok(Waiting::default())))
    }

    /// Takes a parked execution for `worker` to drive; `None` if it is finished, unknown, or another worker's.
    ///
    /// # Errors
    /// [`Fenced`](crate::StoreError::Fenced) if `worker` lost its lease.
    fn take(&self, worker: Worker, id: ExecutionId) -> StoreFuture<'_, Option<Stored>>;

    // ---- the inbox ---------------------------------------------------------------------------------------------

    /// Stores an input for an execution, regardless of which worker drives it and of whether it exists yet. Any process
    /// can send, with or without a lease.
    fn send(&self, input: InboxInput) -> StoreFuture<'_, InboxId>;

    /// Returns up to `limit` items after `after`, oldest first, for executions that this worker owns or that no worker
    /// owns (they are parked, or do not exist yet). They stay until a commit takes them. Items for executions that have finished
    /// are deleted, and not returned.
    ///
    /// The reader must check that the item and the execution belong to the same tenant.
    ///
    /// # Errors
    /// [`Fenced`](crate::StoreError::Fenced) if `worker` lost its lease.
    fn inbox(&self, worker: Worker, after: Option<InboxId>, limit: usize) -> StoreFuture<'_, Vec<InboxItem>>;

    /// Deletes items that lead to no commit: the execution rejects the input, or there is no such execution. Items
    /// that no longer exist are ignored.
    ///
    /// # Errors
    /// [`Fenced`](crate::StoreError::Fenced) if `worker` lost its lease.
    fn discard(&self, worker: Worker, items: Vec<InboxId>) -> StoreFuture<'_, ()>;

    // ---- the protection of agents, and their budgets -----------------------------------------------------------

    /// Draws from the budget of an agent for a day, if it has what is needed: all draws of a day together never pass it. Any
    /// process can draw, with or without a lease: what is drawn and never used counts as used.
    fn draw(&self, draw: Draw) -> StoreFuture<'_, Drawn>;

    /// Puts back what was drawn and not used, and adds what was used and not drawn, also beyond the budget.
    fn settle(&self, settlement: Settlement) -> StoreFuture<'_, ()>;

    /// Answers what a worker asks of the protection of an agent at `now`: all that ask keep to it together. Only where other
    /// processes can drive executions; else everything is permitted, as the worker keeps to it by itself.
    ///
    /// # Errors
    /// [`Fenced`](crate::StoreError::Fenced) if `worker` lost its lease.
    fn permit(&self, _worker: Worker, ask: PermitAsk, _now: Timestamp) -> StoreFuture<'_, Permits> {
        Box::pin(std::future::ready(Ok(Permits::all(&ask))))
    }

    /// Returns what is drawn for `day` from the budgets of those of `agents` from which anything was. It is kept for
    /// [`BUDGET_DAYS_KEPT`] days.
    fn drawn(
        &self,
        tenant: TenantId,
        agents: Vec<AgentId>,
        day: Day,
    ) -> StoreFuture<'_, Vec<(AgentId, Amount)>>;
}

/// For how many days what is drawn from the budget of an agent is kept.
pub const BUDGET_DAYS_KEPT: i64 = 31;

/// A parked execution that waits for a slot of its flow. Sorts by its place in the queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueuedExecution {
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Its id.
    pub execution: ExecutionId,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its flow.
    pub flow: FlowId,
    /// Whether it uses the slot of an execution above it, and waits for none.
    pub shares_slot: bool,
    /// Where it stands among those of its flow, if more counts than the moment of its acceptance.
    pub queue: Option<Box<QueuePlace>>,
}

/// What waits for slots, and who holds these, over all processes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Executions that are parked and wait for a slot.
    pub queued: Vec<QueuedExecution>,
    /// Executions that hold a slot of a flow of which another one waits.
    pub holders: Vec<SlotHolder>,
}

/// An execution that holds a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotHolder {
    /// Its id.
    pub execution: ExecutionId,
    /// Its flow.
    pub flow: FlowId,
    /// The value of its flow's `concurrency_key`; `None` without one.
    pub key: Option<Arc<str>>,
}

/// How many executions of a flow that have the same key hold a slot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TakenSlots {
    /// The flow.
    pub flow: FlowId,
    /// The value of its `concurrency_key`; `None` for those without one.
    pub key: Option<Arc<str>>,
    /// How many.
    pub taken: u32,
}
