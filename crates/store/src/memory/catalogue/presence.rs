//! Who has a flow open.

use super::super::MemoryStore;
use crate::{PRESENT_MAX, Presence, PresenceRecord, StoreError};

impl MemoryStore {
    /// See [`crate::Catalogue::see_presence`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn see_presence_now(&self, presence: PresenceRecord) -> Result<Option<Presence>, StoreError> {
        let mut database = self.open()?;
        let PresenceRecord { flow, tenant, tab, seen_at, .. } = presence;
        if database.flows.get(&flow).is_none_or(|flow| flow.tenant != tenant) {
            return Ok(None);
        }
        let since = PresenceRecord::heard_since(seen_at);
        database.presence.retain(|_, presence| presence.seen_at > since);
        let of_flow = database.presence.values().filter(|other| other.flow == flow && other.tab != tab);
        let others: Vec<PresenceRecord> = of_flow.cloned().collect();
        if others.len() < PRESENT_MAX {
            database.presence.insert((flow, tab), presence);
        }
        let draft = database.flow_drafts.get(&flow).map(|draft| draft.revision);
        Ok(Some(Presence { draft, others }))
    }

    /// See [`crate::Catalogue::end_presence`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn end_presence_now(&self, ended: &PresenceRecord) -> Result<(), StoreError> {
        let is_same = |one: &PresenceRecord| (one.tenant, &one.by) == (ended.tenant, &ended.by);
        self.open()?
            .presence
            .retain(|(flow, tab), one| (*flow, *tab) != (ended.flow, ended.tab) || !is_same(one));
        Ok(())
    }
}
