//! Drafts of flows.

use steadflow_core::ids::{FlowId, TenantId};

use super::super::MemoryStore;
use crate::{Changed, FlowDraftChange, FlowDraftMark, FlowDraftRecord, StoreError};

impl MemoryStore {
    /// See [`crate::Catalogue::flow_draft`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn flow_draft_now(
        &self,
        tenant: TenantId,
        id: FlowId,
    ) -> Result<Option<FlowDraftRecord>, StoreError> {
        Ok(self.open()?.flow_drafts.get(&id).filter(|draft| draft.tenant == tenant).cloned())
    }

    /// See [`crate::Catalogue::flow_draft_marks`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn flow_draft_marks_now(
        &self,
        tenant: TenantId,
        flows: &[FlowId],
    ) -> Result<Vec<FlowDraftMark>, StoreError> {
        let database = self.open()?;
        let of = |draft: &&FlowDraftRecord| draft.tenant == tenant && flows.contains(&draft.flow);
        Ok(database.flow_drafts.values().filter(of).map(FlowDraftMark::from).collect())
    }

    /// See [`crate::Catalogue::put_flow_draft`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn put_flow_draft_now(
        &self,
        change: FlowDraftChange,
    ) -> Result<Changed<Option<FlowDraftRecord>>, StoreError> {
        let mut database = self.open()?;
        if database.flows.get(&change.flow).is_none_or(|flow| flow.tenant != change.tenant) {
            return Ok(Changed::Missing);
        }
        let before = database.flow_drafts.get(&change.flow);
        if before.map(|draft| draft.revision) != change.replaces {
            return Ok(Changed::Conflict(before.cloned()));
        }
        let draft = change.into_draft();
        database.flow_drafts.insert(draft.flow, draft.clone());
        Ok(Changed::Done(Some(draft)))
    }

    /// See [`crate::Catalogue::delete_flow_draft`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn delete_flow_draft_now(
        &self,
        tenant: TenantId,
        id: FlowId,
        revision: u64,
    ) -> Result<Changed<Option<FlowDraftRecord>>, StoreError> {
        let mut database = self.open()?;
        let draft = database.flow_drafts.get(&id).filter(|draft| draft.tenant == tenant);
        match draft.cloned() {
            None => Ok(Changed::Missing),
            Some(draft) if draft.revision != revision => Ok(Changed::Conflict(Some(draft))),
            Some(_) => Ok(Changed::Done(database.flow_drafts.remove(&id))),
        }
    }
}
