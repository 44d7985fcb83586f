//! Flows in use: their current version in memory, changed together with the database.

use std::collections::BTreeSet;
use std::sync::Arc;

use steadflow_core::caller::Caller;
use steadflow_core::execution::FlowVersion;
use steadflow_core::flow::{Fault, Flow};
use steadflow_core::ids::{FlowId, TenantId};
use steadflow_store::{
    Changed, ExecutionFilter, FlowChange, FlowRecord, FlowStatus, Page, Revision, StoreError,
};
use tokio::time::sleep;

use super::Engine;
use super::retry::id_of;
use super::webhooks;
use crate::allowed::Allowed;
use crate::driver::Call;
use crate::error::RuntimeError;
use crate::shard::Message;

/// A flow with its current version, ready to run.
#[derive(Debug)]
pub struct CurrentFlow {
    /// As it is stored.
    pub record: FlowRecord,
    /// Its current version.
    pub version: Arc<FlowVersion>,
}

impl Engine {
    pub(crate) fn has_secret(&self, tenant: TenantId, name: &str) -> bool {
        (self.inner.has_secret.0)(tenant, name)
    }

    /// Returns what is wrong with the code of a flow that is to be stored, with JSON pointers.
    ///
    /// # Errors
    /// [`RuntimeError::NotChecked`], which says nothing about the flow.
    pub async fn code_faults(&self, flow: &Flow) -> Result<Vec<Fault>, RuntimeError> {
        let faults = self.inner.executor.code_faults(flow).await;
        faults.map_err(|failure| RuntimeError::NotChecked(failure.message.to_string()))
    }

    /// Returns whether mail can be sent.
    pub fn sends_mail(&self) -> bool {
        self.inner.executor.sends_mail()
    }

    /// Returns a flow with its current version.
    ///
    /// # Errors
    /// [`RuntimeError::NoFlow`] if this tenant has none of that id.
    pub async fn current_flow(&self, tenant: TenantId, id: FlowId) -> Result<Arc<CurrentFlow>, RuntimeError> {
        let known = self.inner.current.lock().get(&id).cloned();
        let flow = match known {
            Some(flow) => flow,
            None => {
                let _gate = self.inner.flow_gate.lock().await;
                let record = self.inner.store.flow(tenant, id).await?.ok_or(RuntimeError::NoFlow(id))?;
                self.remember(record).await?
            }
        };
        if flow.record.tenant == tenant { Ok(flow) } else { Err(RuntimeError::NoFlow(id)) }
    }

    /// Returns the present name of a flow; `None` once it is gone.
    pub async fn flow_name(&self, tenant: TenantId, id: FlowId) -> Option<String> {
        let current = self.current_flow(tenant, id).await.ok()?;
        Some(current.record.name.clone())
    }

    async fn remember(&self, record: FlowRecord) -> Result<Arc<CurrentFlow>, RuntimeError> {
        let version = self.flow_version(record.tenant, record.id, record.version).await?;
        let flow = Arc::new(CurrentFlow { record, version });
        let bytes = flow.record.document.len() + flow.version.flow.bytes();
        self.inner.current.lock().insert(flow.record.id, Arc::clone(&flow), bytes);
        Ok(flow)
    }

    /// Returns a flow as the database has it, whatever is in memory.
    ///
    /// # Errors
    /// [`RuntimeError::NoFlow`] if this tenant has none of that id.
    pub async fn stored_flow(&self, tenant: TenantId, id: FlowId) -> Result<Arc<CurrentFlow>, RuntimeError> {
        let _gate = self.inner.flow_gate.lock().await;
        let record = self.inner.store.flow(tenant, id).await?.ok_or(RuntimeError::NoFlow(id))?;
        self.remember(record).await
    }

    /// Stores a new flow.
    ///
    /// # Errors
    /// [`RuntimeError::WebhookTaken`] if another active flow has the path of its webhook; what the store says.
    pub(crate) async fn insert_flow(&self, record: FlowRecord) -> Result<Arc<CurrentFlow>, RuntimeError> {
        let _gate = self.inner.flow_gate.lock().await;
        match self.inner.store.create_flow(record.clone()).await {
            Err(StoreError::WebhookTaken) => return Err(webhooks::taken(&record.document)),
            created => created?,
        }
        self.inner.wakes.flow_changed();
        self.remember(record).await
    }

    /// Changes a flow. What runs is untouched; what waits for a slot follows a new limit at once.
    ///
    /// # Errors
    /// [`RuntimeError::NoFlow`] if this tenant has none of that id; [`RuntimeError::VersionConflict`] if the change is
    /// for another revision than the current one; [`RuntimeError::WebhookTaken`] if another active flow has the path of its
    /// webhook.
    pub(crate) async fn change_flow(
        &self,
        tenant: TenantId,
        id: FlowId,
        change: FlowChange,
    ) -> Result<Arc<CurrentFlow>, RuntimeError> {
        let _gate = self.inner.flow_gate.lock().await;
        let document = change.document.as_ref().map(|document| document.document.clone());
        let changed = match self.inner.store.change_flow(tenant, id, change).await {
            Err(StoreError::WebhookTaken) => {
                let stored = self.inner.store.flow(tenant, id).await?.ok_or(RuntimeError::NoFlow(id))?;
                return Err(webhooks::taken(&document.unwrap_or(stored.document)));
            }
            changed => changed?,
        };
        let flow = match changed {
            Changed::Done(record) => {
                self.inner.wakes.flow_changed();
                self.remember(record).await?
            }
            Changed::Conflict(current) => return Err(RuntimeError::VersionConflict(current.revision())),
            Changed::Missing => return Err(RuntimeError::NoFlow(id)),
        };
        let limits = flow.version.flow.settings.slot_limits();
        let message = Box::new(Message::FlowLimits { flow: id, limits });
        self.send(Call::Message(message, Vec::new())).await?;
        Ok(flow)
    }

    /// Deletes a flow with its executions, if `allowed` has its current revision; unfinished ones are cancelled first.
    ///
    /// # Errors
    /// [`RuntimeError::NoFlow`] if this tenant has none of that id; [`RuntimeError::VersionConflict`] if another
    /// revision is current; [`RuntimeError::Undoing`] if an execution undoes what it did.
    pub async fn delete_flow(
        &self,
        caller: &Caller,
        id: FlowId,
        allowed: &Allowed,
    ) -> Result<(), RuntimeError> {
        let tenant = caller.tenant;
        let _gate = self.inner.flow_gate.lock().await;
        let current = self.inner.store.flow(tenant, id).await;
        self.inner.current.lock().remove(&id);
        match current {
            Ok(current) => {
                let current = current.ok_or(RuntimeError::NoFlow(id))?.revision();
                self.archive((tenant, id), current, allowed).await?;
            }
            // What cannot be read cannot be started, either.
            Err(StoreError::Corrupt { .. }) if matches!(allowed, Allowed::Any) => {}
            Err(error) => return Err(error.into()),
        }
        self.cancel_all(caller, id).await?;
        let is_deleted = self.inner.store.delete_flow(tenant, id).await?;
        self.inner.wakes.flow_changed();
        self.inner.current.lock().remove(&id);
        if is_deleted { Ok(()) } else { Err(RuntimeError::NoFlow(id)) }
    }

    /// Archives a flow, if `allowed` has its current revision, so that no further execution of it starts.
    async fn archive(
        &self,
        (tenant, id): (TenantId, FlowId),
        current: Revision,
        allowed: &Allowed,
    ) -> Result<(), RuntimeError> {
        allowed.check(current)?;
        let archived = FlowChange {
            document: None,
            folder: None,
            status: Some(FlowStatus::Archived),
            at: self.now(),
            if_revision: allowed.pinned(current),
            ends_draft: None,
            note: None,
        };
        match self.inner.store.change_flow(tenant, id, archived).await? {
            Changed::Done(_) => Ok(()),
            Changed::Conflict(current) => Err(RuntimeError::VersionConflict(current.revision())),
            Changed::Missing => Err(RuntimeError::NoFlow(id)),
        }
    }

    async fn cancel_all(&self, caller: &Caller, flow: FlowId) -> Result<(), RuntimeError> {
        use steadflow_core::execution::ExecutionStatus::{Paused, Pending, Running};
        let filter = ExecutionFilter {
            tenant: Some(caller.tenant),
            flow: Some(flow),
            statuses: vec![Pending, Running, Paused],
            ..ExecutionFilter::default()
        };
        let (mut asked, mut unreadable) = (BTreeSet::new(), BTreeSet::new());
        loop {
            let page = Page { before: None, limit: 100 + unreadable.len() };
            let mut unfinished: Vec<_> =
                self.executions(filter.clone(), page).await?.iter().map(id_of).collect();
            unfinished.retain(|id| !unreadable.contains(id));
            if unfinished.is_empty() {
                return Ok(());
            }
            for id in &unfinished {
                // That is not cut short, and takes its time.
                let found = self.unmasked_execution(caller.tenant, *id).await;
                if found.is_ok_and(|found| found.execution.ending_as().is_some()) {
                    return Err(RuntimeError::Undoing(*id));
                }
            }
            let new: Vec<_> = unfinished.into_iter().filter(|id| asked.insert(*id)).collect();
            if new.is_empty() {
                // Other processes drive them, and end them in their time.
                sleep(super::LOOK_AGAIN_AFTER).await;
            }
            for id in new {
                match self.cancel(caller, id).await {
                    // It may end by itself while we ask.
                    Ok(()) | Err(RuntimeError::Rejected(_) | RuntimeError::NoExecution(_)) => {}
                    // Nothing drives it.
                    Err(error) if error.is_damage() => drop(unreadable.insert(id)),
                    Err(error) => return Err(error),
                }
            }
        }
    }
}
