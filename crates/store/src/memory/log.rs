//! [`Log`] for [`MemoryStore`].

mod budgets;
mod commit;
mod inbox;
mod leases;

use std::sync::Arc;
use std::time::Duration;

use steadflow_core::budget::{Amount, Day, Draw, Drawn, Settlement};
use steadflow_core::ids::{AgentId, ExecutionId, TenantId};
use steadflow_core::timestamp::Timestamp;

use super::{MemoryStore, at_once};
use crate::{
    Commit, Committed, InboxId, InboxInput, InboxItem, Log, QueuedExecution, StoreFuture, Stored, TakenSlots,
    Worker,
};

impl Log for MemoryStore {
    fn register(&self, _name: Arc<str>, now: Timestamp, ttl: Duration) -> StoreFuture<'_, Worker> {
        at_once(self.register_now(now, ttl))
    }

    fn renew(&self, worker: Worker, now: Timestamp, ttl: Duration) -> StoreFuture<'_, ()> {
        at_once(self.renew_now(worker, now, ttl))
    }

    fn release(&self, worker: Worker) -> StoreFuture<'_, ()> {
        at_once(self.release_now(worker))
    }

    fn commit(&self, worker: Worker, batch: Vec<Commit>) -> StoreFuture<'_, Vec<Committed>> {
        at_once(self.commit_now(worker, batch))
    }

    fn recover(&self, worker: Worker, now: Timestamp, limit: usize) -> StoreFuture<'_, Vec<Stored>> {
        at_once(self.recover_now(worker, now, limit))
    }

    fn due(
        &self,
        after: Option<(Timestamp, ExecutionId)>,
        until: Timestamp,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>> {
        at_once(self.due_now(after, until, limit))
    }

    fn queued(&self, after: Option<QueuedExecution>, limit: usize) -> StoreFuture<'_, Vec<QueuedExecution>> {
        at_once(self.queued_now(after, limit))
    }

    fn slots(&self, after: Option<TakenSlots>, limit: usize) -> StoreFuture<'_, Vec<TakenSlots>> {
        at_once(self.slots_now(after, limit))
    }

    fn take(&self, worker: Worker, id: ExecutionId) -> StoreFuture<'_, Option<Stored>> {
        at_once(self.take_now(worker, id))
    }

    fn send(&self, input: InboxInput) -> StoreFuture<'_, InboxId> {
        at_once(self.send_now(input))
    }

    fn inbox(&self, worker: Worker, after: Option<InboxId>, limit: usize) -> StoreFuture<'_, Vec<InboxItem>> {
        at_once(self.inbox_now(worker, after, limit))
    }

    fn discard(&self, worker: Worker, items: Vec<InboxId>) -> StoreFuture<'_, ()> {
        at_once(self.discard_now(worker, &items))
    }

    fn draw(&self, draw: Draw) -> StoreFuture<'_, Drawn> {
        at_once(self.draw_now(&draw))
    }

    fn settle(&self, settlement: Settlement) -> StoreFuture<'_, ()> {
        at_once(self.settle_now(&settlement))
    }

    fn drawn(
        &self,
        tenant: TenantId,
        agents: Vec<AgentId>,
        day: Day,
    ) -> StoreFuture<'_, Vec<(AgentId, Amount)>> {
        at_once(self.drawn_now(tenant, &agents, day))
    }
}
