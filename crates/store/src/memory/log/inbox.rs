//! Inputs for executions that another worker may drive.

use super::super::{Database, Holder, MemoryStore};
use crate::{InboxId, InboxInput, InboxItem, StoreError, Worker};

impl MemoryStore {
    /// See [`crate::Log::send`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn send_now(&self, input: InboxInput) -> Result<InboxId, StoreError> {
        Ok(self.open()?.send(input))
    }

    /// See [`crate::Log::inbox`].
    ///
    /// # Errors
    /// [`StoreError::Fenced`] or [`StoreError::Closed`].
    pub fn inbox_now(
        &self,
        worker: Worker,
        after: Option<InboxId>,
        limit: usize,
    ) -> Result<Vec<InboxItem>, StoreError> {
        let mut database = self.open()?;
        database.check_lease(worker)?;
        let Database { inbox, holders, .. } = &mut *database;
        inbox.retain(|_, input| holders.get(&input.execution) != Some(&Holder::Finished));
        let is_ours = |input: &InboxInput| match holders.get(&input.execution) {
            Some(Holder::Worker(epoch)) => *epoch == worker.epoch,
            Some(Holder::Parked(_) | Holder::Finished) | None => true,
        };
        let next = after.map_or(InboxId(0), |after| InboxId(after.0 + 1));
        let items = inbox.range(next..).filter(|(_, input)| is_ours(input)).take(limit);
        Ok(items.map(|(id, sent)| InboxItem { id: *id, sent: sent.clone() }).collect())
    }

    /// See [`crate::Log::discard`].
    ///
    /// # Errors
    /// [`StoreError::Fenced`] or [`StoreError::Closed`].
    pub fn discard_now(&self, worker: Worker, items: &[InboxId]) -> Result<(), StoreError> {
        let mut database = self.open()?;
        database.check_lease(worker)?;
        database.inbox.retain(|id, _| !items.contains(id));
        Ok(())
    }
}

impl Database {
    pub(in crate::memory) fn send(&mut self, input: InboxInput) -> InboxId {
        self.last_sent += 1;
        let id = InboxId(self.last_sent);
        self.inbox.insert(id, input);
        id
    }
}
