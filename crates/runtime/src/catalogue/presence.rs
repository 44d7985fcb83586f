//! Who has a flow open in the editor, for those who edit it too.

use steadflow_core::access::made_by;
use steadflow_core::caller::Caller;
use steadflow_core::ids::FlowId;
use steadflow_store::{Presence, PresenceRecord};
use uuid::Uuid;

use crate::engine::Engine;
use crate::error::RuntimeError;

impl Engine {
    /// Records that the caller has a flow open in a tab, and returns who else has.
    ///
    /// # Errors
    /// [`RuntimeError::NoFlow`] if this tenant has none of that id.
    pub async fn see_presence(
        &self,
        caller: &Caller,
        id: FlowId,
        tab: Uuid,
    ) -> Result<Presence, RuntimeError> {
        let seen = self.store().see_presence(self.presence(caller, id, tab)).await?;
        seen.ok_or(RuntimeError::NoFlow(id))
    }

    /// Forgets that the caller has a flow open in a tab.
    ///
    /// # Errors
    /// [`RuntimeError::NoFlow`] if this tenant has none of that id.
    pub async fn end_presence(&self, caller: &Caller, id: FlowId, tab: Uuid) -> Result<(), RuntimeError> {
        self.current_flow(caller.tenant, id).await?;
        Ok(self.store().end_presence(self.presence(caller, id, tab)).await?)
    }

    fn presence(&self, caller: &Caller, flow: FlowId, tab: Uuid) -> PresenceRecord {
        PresenceRecord { flow, tenant: caller.tenant, tab, by: made_by(caller), seen_at: self.now() }
    }
}
