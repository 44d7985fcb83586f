//! Drafts of flows: kept with each change, whatever faults they have. Only saving one as a version checks it.

use steadflow_core::access::made_by;
use steadflow_core::caller::Caller;
use steadflow_core::ids::{FlowId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_store::{Changed, FlowDraftChange, FlowDraftRecord};

use crate::engine::Engine;
use crate::error::RuntimeError;

/// What somebody has changed of a draft.
#[derive(Clone, Debug)]
pub struct DraftEdit {
    /// The revision that it replaces; `None` if there must be no draft.
    pub replaces: Option<u64>,
    /// The version of the flow that the draft was begun from.
    pub base_version: u32,
    /// The graph, a JSON object.
    pub definition: Payload,
}

impl Engine {
    /// Returns the draft of a flow, if it has one.
    ///
    /// # Errors
    /// [`RuntimeError::NoFlow`] if this tenant has none of that id.
    pub async fn flow_draft(
        &self,
        tenant: TenantId,
        id: FlowId,
    ) -> Result<Option<FlowDraftRecord>, RuntimeError> {
        match self.store().flow_draft(tenant, id).await? {
            None => self.current_flow(tenant, id).await.map(|_| None),
            draft => Ok(draft),
        }
    }

    /// Stores a draft.
    ///
    /// # Errors
    /// [`RuntimeError::NoFlow`] if this tenant has none of that id; [`RuntimeError::DraftConflict`] if another draft is current than
    /// the one that it replaces.
    pub async fn put_flow_draft(
        &self,
        caller: &Caller,
        id: FlowId,
        DraftEdit { replaces, base_version, definition }: DraftEdit,
    ) -> Result<FlowDraftRecord, RuntimeError> {
        let (at, by) = (self.now(), made_by(caller));
        let change =
            FlowDraftChange { flow: id, tenant: caller.tenant, replaces, base_version, definition, at, by };
        match self.store().put_flow_draft(change).await? {
            Changed::Done(Some(draft)) => Ok(draft),
            Changed::Conflict(current) => Err(RuntimeError::DraftConflict(current.map(Box::new))),
            Changed::Done(None) | Changed::Missing => Err(RuntimeError::NoFlow(id)),
        }
    }

    /// Discards a draft.
    ///
    /// # Errors
    /// [`RuntimeError::NoDraft`] if there is none, or no such flow; [`RuntimeError::DraftConflict`] if it has another revision.
    pub async fn delete_flow_draft(
        &self,
        tenant: TenantId,
        id: FlowId,
        revision: u64,
    ) -> Result<(), RuntimeError> {
        match self.store().delete_flow_draft(tenant, id, revision).await? {
            Changed::Done(_) => Ok(()),
            Changed::Conflict(current) => Err(RuntimeError::DraftConflict(current.map(Box::new))),
            Changed::Missing => Err(RuntimeError::NoDraft(id)),
        }
    }
}
