//! [`Events`] for [`MemoryStore`].

use std::collections::BTreeSet;

use steadflow_core::external_event::{ExternalEvent, NodeWait};
use steadflow_core::ids::{ExecutionId, NodeIndex, TenantId};
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use super::{MemoryStore, at_once};
use crate::{EventEntry, Events, StoreError, StoreFuture};

/// An event, and whether all its effects are stored.
#[derive(Clone, Debug)]
pub(super) struct StoredEvent {
    pub(super) event: ExternalEvent,
    is_delivered: bool,
}

impl MemoryStore {
    /// See [`Events`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn put_event_now(
        &self,
        event: ExternalEvent,
        known_since: Timestamp,
    ) -> Result<Option<Uuid>, StoreError> {
        let mut state = self.open()?;
        let is_same = |known: &ExternalEvent| {
            known.tenant == event.tenant && known.key == event.key && known.at > known_since
        };
        let known = state.events.values().map(|stored| &stored.event);
        let known = known.filter(|_| event.key.is_some()).find(|known| is_same(known)).map(|known| known.id);
        if known.is_none() {
            state.events.insert(event.id, StoredEvent { event, is_delivered: false });
        }
        Ok(known)
    }

    /// See [`Events`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn undelivered_events_now(
        &self,
        tenant: TenantId,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<ExternalEvent>, StoreError> {
        let state = self.open()?;
        let is_meant = |stored: &&StoredEvent| {
            let is_behind = after.is_none_or(|after| stored.event.id > after);
            !stored.is_delivered && stored.event.tenant == tenant && is_behind
        };
        let undelivered = state.events.values().filter(is_meant);
        Ok(undelivered.take(limit).map(|stored| stored.event.clone()).collect())
    }

    /// See [`Events`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn event_delivered_now(&self, id: Uuid) -> Result<(), StoreError> {
        if let Some(stored) = self.open()?.events.get_mut(&id) {
            stored.is_delivered = true;
        }
        Ok(())
    }

    /// See [`Events`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn await_event_now(&self, wait: NodeWait) -> Result<Option<ExternalEvent>, StoreError> {
        let mut state = self.open()?;
        let ends = |event: &&ExternalEvent| event.tenant == wait.tenant && wait.wait.fits(event);
        let found = state.events.values().map(|stored| &stored.event).find(ends).cloned();
        state.event_waits.insert((wait.execution, wait.node), wait);
        Ok(found)
    }

    /// See [`Events`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn event_waits_now(
        &self,
        event: &ExternalEvent,
        after: Option<(ExecutionId, NodeIndex)>,
        limit: usize,
    ) -> Result<Vec<NodeWait>, StoreError> {
        let state = self.open()?;
        let waits = state.event_waits.iter().filter(|(place, _)| after.is_none_or(|after| **place > after));
        let ended = waits
            .filter(|(_, wait)| wait.tenant == event.tenant && wait.wait.fits(event))
            .map(|(_, wait)| wait);
        Ok(ended.take(limit).cloned().collect())
    }

    /// See [`Events`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn delete_event_wait_now(&self, wait: &NodeWait) -> Result<(), StoreError> {
        let mut state = self.open()?;
        let place = (wait.execution, wait.node);
        if state.event_waits.get(&place) == Some(wait) {
            state.event_waits.remove(&place);
        }
        Ok(())
    }

    fn expire_events_now(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut state = self.open()?;
        let is_old = |stored: &StoredEvent| stored.is_delivered && stored.event.at < before;
        let old = state.events.iter().filter(|(_, stored)| is_old(stored)).map(|(id, _)| *id);
        let old: Vec<Uuid> = old.take(limit).collect();
        old.iter().for_each(|id| drop(state.events.remove(id)));
        let is_over = |wait: &NodeWait| state.has_ended(wait.execution);
        let over = state.event_waits.iter().filter(|(_, wait)| is_over(wait)).map(|(place, _)| *place);
        let over: Vec<(ExecutionId, NodeIndex)> = over.take(limit).collect();
        over.iter().for_each(|place| drop(state.event_waits.remove(place)));
        Ok(old.len() + over.len())
    }

    fn events_now(
        &self,
        tenant: TenantId,
        before: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<EventEntry>, StoreError> {
        let state = self.open()?;
        let all = state.events.values().rev().map(|stored| &stored.event);
        let shown =
            all.filter(|event| event.tenant == tenant && before.is_none_or(|before| event.id < before));
        Ok(shown.take(limit).map(Into::into).collect())
    }
}

impl Events for MemoryStore {
    fn put_event(&self, event: ExternalEvent, known_since: Timestamp) -> StoreFuture<'_, Option<Uuid>> {
        at_once(self.put_event_now(event, known_since))
    }

    fn undelivered_tenants(&self) -> StoreFuture<'_, Vec<TenantId>> {
        at_once(self.open().map(|state| {
            let undelivered = state.events.values().filter(|stored| !stored.is_delivered);
            undelivered.map(|stored| stored.event.tenant).collect::<BTreeSet<_>>().into_iter().collect()
        }))
    }

    fn undelivered_events(
        &self,
        tenant: TenantId,
        after: Option<Uuid>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<ExternalEvent>> {
        at_once(self.undelivered_events_now(tenant, after, limit))
    }

    fn event_delivered(&self, id: Uuid) -> StoreFuture<'_, ()> {
        at_once(self.event_delivered_now(id))
    }

    fn await_event(&self, wait: NodeWait) -> StoreFuture<'_, Option<ExternalEvent>> {
        at_once(self.await_event_now(wait))
    }

    fn event_waits(
        &self,
        event: ExternalEvent,
        after: Option<(ExecutionId, NodeIndex)>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<NodeWait>> {
        at_once(self.event_waits_now(&event, after, limit))
    }

    fn delete_event_wait(&self, wait: NodeWait) -> StoreFuture<'_, ()> {
        at_once(self.delete_event_wait_now(&wait))
    }

    fn expire_events(&self, before: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        at_once(self.expire_events_now(before, limit))
    }

    fn events(
        &self,
        tenant: TenantId,
        before: Option<Uuid>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<EventEntry>> {
        at_once(self.events_now(tenant, before, limit))
    }
}
