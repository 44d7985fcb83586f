//! [`Log`] for [`SqliteStore`].

mod budgets;
pub(crate) mod commit;
pub(crate) mod delete;
pub(crate) mod idempotency;
pub(crate) mod inbox;
pub(crate) mod journal;
mod leases;
pub(crate) mod long_records;
pub(crate) mod projections;
mod recover;
pub(crate) mod sessions;
pub(crate) mod tips;

use std::sync::Arc;
use std::time::Duration;

use steadflow_core::budget::{Amount, Day, Draw, Drawn, Settlement};
use steadflow_core::ids::{AgentId, ExecutionId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    Commit, Committed, InboxId, InboxInput, InboxItem, Log, QueuedExecution, StoreFuture, Stored, TakenSlots,
    Worker,
};

use crate::SqliteStore;
use crate::error::store_error;
use crate::writer::Writer;

impl Log for SqliteStore {
    fn register(&self, name: Arc<str>, now: Timestamp, ttl: Duration) -> StoreFuture<'_, Worker> {
        Box::pin(self.write("register", 0, move |writer| leases::register(writer, &name, now, ttl)))
    }

    fn renew(&self, worker: Worker, now: Timestamp, ttl: Duration) -> StoreFuture<'_, ()> {
        Box::pin(self.write("renew", 0, move |writer| leases::renew(writer, worker, now, ttl)))
    }

    fn release(&self, worker: Worker) -> StoreFuture<'_, ()> {
        Box::pin(self.write("release", 0, move |writer| leases::release(writer, worker)))
    }

    fn commit(&self, worker: Worker, batch: Vec<Commit>) -> StoreFuture<'_, Vec<Committed>> {
        let bytes = batch.iter().map(Commit::bytes).sum();
        Box::pin(self.write("commit", bytes, move |writer| commit::commit(writer, worker, batch)))
    }

    fn recover(&self, worker: Worker, now: Timestamp, limit: usize) -> StoreFuture<'_, Vec<Stored>> {
        Box::pin(self.write("recover", 0, move |writer| recover::recover(writer, worker, now, limit)))
    }

    fn due(
        &self,
        after: Option<(Timestamp, ExecutionId)>,
        until: Timestamp,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>> {
        Box::pin(self.read("due", move |db| recover::due(db, after, until, limit)))
    }

    fn queued(&self, after: Option<QueuedExecution>, limit: usize) -> StoreFuture<'_, Vec<QueuedExecution>> {
        Box::pin(self.read("queued", move |db| recover::queued(db, after, limit)))
    }

    fn slots(&self, after: Option<TakenSlots>, limit: usize) -> StoreFuture<'_, Vec<TakenSlots>> {
        let count = move |writer: &mut Writer| {
            recover::slots(writer, after.as_ref(), limit).map_err(|error| store_error("slots", error))
        };
        Box::pin(self.write("slots", 0, count))
    }

    fn take(&self, worker: Worker, id: ExecutionId) -> StoreFuture<'_, Option<Stored>> {
        Box::pin(self.write("take", 0, move |writer| recover::take(writer, worker, id)))
    }

    fn send(&self, input: InboxInput) -> StoreFuture<'_, InboxId> {
        Box::pin(self.change("send", move |db| inbox::send(db, &input)))
    }

    fn inbox(&self, worker: Worker, after: Option<InboxId>, limit: usize) -> StoreFuture<'_, Vec<InboxItem>> {
        Box::pin(self.write("inbox", 0, move |writer| inbox::inbox(writer, worker, after, limit)))
    }

    fn discard(&self, worker: Worker, items: Vec<InboxId>) -> StoreFuture<'_, ()> {
        Box::pin(self.write("discard", 0, move |writer| inbox::discard(writer, worker, &items)))
    }

    fn draw(&self, draw: Draw) -> StoreFuture<'_, Drawn> {
        Box::pin(self.change("draw", move |db| budgets::draw(db, &draw)))
    }

    fn settle(&self, settlement: Settlement) -> StoreFuture<'_, ()> {
        Box::pin(self.change("settle", move |db| budgets::settle(db, &settlement)))
    }

    fn drawn(
        &self,
        tenant: TenantId,
        agents: Vec<AgentId>,
        day: Day,
    ) -> StoreFuture<'_, Vec<(AgentId, Amount)>> {
        Box::pin(self.read("drawn", move |db| budgets::drawn(db, tenant, &agents, day)))
    }
}
