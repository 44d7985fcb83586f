//! [`Log`] for [`PostgresStore`].

mod budgets;
pub(crate) mod commit;
pub(crate) mod delete;
pub(crate) mod driven;
pub(crate) mod group;
pub(crate) mod idempotency;
pub(crate) mod inbox;
mod journal;
pub(crate) mod leases;
pub(crate) mod long_records;
mod lost;
mod permits;
mod plan;
mod recover;
pub(crate) mod session_changes;
mod slots;
mod tips;

use std::sync::Arc;
use std::time::Duration;

use steadflow_core::budget::{Amount, Day, Draw, Drawn, Settlement};
use steadflow_core::ids::{AgentId, ExecutionId, TenantId};
use steadflow_core::protection::{PermitAsk, Permits};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    Commit, Committed, InboxId, InboxInput, InboxItem, Log, QueuedExecution, StoreFuture, Stored, TakenSlots,
    Waiting, Worker,
};

use crate::{PostgresStore, call, within};

pub(crate) use journal::each_in_tails;

impl Log for PostgresStore {
    fn register(&self, name: Arc<str>, now: Timestamp, ttl: Duration) -> StoreFuture<'_, Worker> {
        call("register", async move { self.register_worker(&name, now, ttl).await })
    }

    fn renew(&self, worker: Worker, now: Timestamp, ttl: Duration) -> StoreFuture<'_, ()> {
        self.call_of_worker("renew", worker, self.renew_lease(worker, now, ttl))
    }

    fn release(&self, worker: Worker) -> StoreFuture<'_, ()> {
        call("release", self.release_lease(worker))
    }

    fn commit(&self, worker: Worker, batch: Vec<Commit>) -> StoreFuture<'_, Vec<Committed>> {
        self.call_of_worker("commit", worker, self.commit_batch(worker, batch))
    }

    fn recover(&self, worker: Worker, now: Timestamp, limit: usize) -> StoreFuture<'_, Vec<Stored>> {
        self.call_of_worker("recover", worker, self.recover_orphans(worker, now, limit))
    }

    fn due(
        &self,
        after: Option<(Timestamp, ExecutionId)>,
        until: Timestamp,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>> {
        call("due", self.due_executions(after, until, limit))
    }

    fn queued(&self, after: Option<QueuedExecution>, limit: usize) -> StoreFuture<'_, Vec<QueuedExecution>> {
        call("queued", self.queued_executions(after, limit))
    }

    fn slots(&self, after: Option<TakenSlots>, limit: usize) -> StoreFuture<'_, Vec<TakenSlots>> {
        call("slots", self.taken_slots(after, limit))
    }

    fn waiting(&self, limit: usize) -> StoreFuture<'_, Waiting> {
        call("waiting", self.waiting_executions(limit))
    }

    fn take(&self, worker: Worker, id: ExecutionId) -> StoreFuture<'_, Option<Stored>> {
        self.call_of_worker("take", worker, within(self.take_parked(worker, id)))
    }

    fn send(&self, input: InboxInput) -> StoreFuture<'_, InboxId> {
        call("send", self.send_input(input))
    }

    fn inbox(&self, worker: Worker, after: Option<InboxId>, limit: usize) -> StoreFuture<'_, Vec<InboxItem>> {
        self.call_of_worker("inbox", worker, within(self.inputs(worker, after, limit)))
    }

    fn discard(&self, worker: Worker, items: Vec<InboxId>) -> StoreFuture<'_, ()> {
        self.call_of_worker("discard", worker, within(self.discard_inputs(worker, items)))
    }

    fn draw(&self, draw: Draw) -> StoreFuture<'_, Drawn> {
        call("draw", self.draw_budget(draw))
    }

    fn settle(&self, settlement: Settlement) -> StoreFuture<'_, ()> {
        call("settle", self.settle_budget(settlement))
    }

    fn permit(&self, worker: Worker, ask: PermitAsk, now: Timestamp) -> StoreFuture<'_, Permits> {
        let work = async move { self.permit_calls(worker, &ask, now).await };
        self.call_of_worker("permit", worker, within(work))
    }

    fn drawn(
        &self,
        tenant: TenantId,
        agents: Vec<AgentId>,
        day: Day,
    ) -> StoreFuture<'_, Vec<(AgentId, Amount)>> {
        call("drawn", self.drawn_budgets(tenant, agents, day))
    }
}
