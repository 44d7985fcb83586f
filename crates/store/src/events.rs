//! Events from outside, and the nodes that wait for them.

use std::sync::Arc;

use steadflow_core::external_event::{ExternalEvent, NodeWait};
use steadflow_core::ids::{ExecutionId, NodeIndex, TenantId};
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use crate::StoreFuture;

/// The events of the last days, and who waits for which.
pub trait Events: Send + Sync + 'static {
    /// Stores an event, unless one of its tenant has its key and came after `known_since`: then the id of that one is returned.
    fn put_event(&self, event: ExternalEvent, known_since: Timestamp) -> StoreFuture<'_, Option<Uuid>>;

    /// Returns the tenants that have events whose effects are not all stored. It costs as much as there are such tenants.
    fn undelivered_tenants(&self) -> StoreFuture<'_, Vec<TenantId>>;

    /// Returns events of a tenant whose effects are not all stored, the oldest first, behind the one that is given.
    fn undelivered_events(
        &self,
        tenant: TenantId,
        after: Option<Uuid>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<ExternalEvent>>;

    /// Says that all effects of an event are stored.
    fn event_delivered(&self, id: Uuid) -> StoreFuture<'_, ()>;

    /// Stores what a node waits for, in place of what it waited for before. Returns the first event that ends the wait.
    fn await_event(&self, wait: NodeWait) -> StoreFuture<'_, Option<ExternalEvent>>;

    /// Returns waits for this event, by execution and node, behind the one that is given.
    fn event_waits(
        &self,
        event: ExternalEvent,
        after: Option<(ExecutionId, NodeIndex)>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<NodeWait>>;

    /// Deletes the wait of a node, if it still waits for the same.
    fn delete_event_wait(&self, wait: NodeWait) -> StoreFuture<'_, ()>;

    /// Deletes delivered events that came before this moment, and waits of executions that have ended or are gone. Returns
    /// how many were deleted, `limit` of each at most.
    fn expire_events(&self, before: Timestamp, limit: usize) -> StoreFuture<'_, usize>;

    /// Returns the events of a tenant without their data, the newest first.
    fn events(
        &self,
        tenant: TenantId,
        before: Option<Uuid>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<EventEntry>>;
}

/// An event without its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventEntry {
    /// Its id.
    pub id: Uuid,
    /// What happened.
    pub name: Arc<str>,
    /// What it is about.
    pub correlation: Option<Arc<str>>,
    /// What its sender calls it.
    pub key: Option<Arc<str>>,
    /// How many bytes its data has, as JSON text.
    pub data_bytes: usize,
    /// When it came.
    pub at: Timestamp,
}

impl From<&ExternalEvent> for EventEntry {
    fn from(event: &ExternalEvent) -> Self {
        let ExternalEvent { id, tenant: _, name, correlation, key, data, at } = event;
        let (name, correlation, key) = (Arc::clone(name), correlation.clone(), key.clone());
        Self { id: *id, name, correlation, key, data_bytes: data.len(), at: *at }
    }
}
