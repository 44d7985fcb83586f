//! Cancelling the executions of a tenant, and deleting all that is stored of it, in steps that share the writer with commits.
//!
//! What is to be done is stored with the tenant, so it goes on after a crash, and any process can do it.

use std::sync::Arc;
use std::time::Duration;

use steadflow_core::audit::{AuditEntry, AuditOutcome};
use steadflow_core::caller::{Actor, Caller, Role};
use steadflow_core::execution::{ExecutionStatus, Rejected};
use steadflow_core::ids::{AgentId, ExecutionId, FlowId, TenantId};
use steadflow_core::inbox::Signal;
use steadflow_store::{
    AgentFilter, ExecutionFilter, ExpiryStep, FlowFilter, Lineage, Page, Store, StoreError, TenantChange,
    TenantRecord,
};
use tokio::time::sleep;

use super::super::upkeep::pause;
use super::{Engine, with_work};
use crate::error::RuntimeError;

/// How often it is looked whether there is something to do.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// By then, every process knows that a tenant is disabled, and what it has accepted before has a row.
const KNOWN_AFTER: Duration = Duration::from_secs(5);
/// How many executions a step looks at.
const EXECUTIONS: usize = 500;
/// How many other rows a step deletes.
const ROWS: usize = 500;
/// How many flows and agents are read at once.
const PAGE: usize = 100;

const UNFINISHED: [ExecutionStatus; 3] =
    [ExecutionStatus::Pending, ExecutionStatus::Running, ExecutionStatus::Paused];

/// What came of asking an execution to end.
enum Cancelled {
    /// It ends, or has ended.
    Asked,
    /// It undoes what it did, and ends then.
    Undoing,
    /// It cannot be read, so nobody drives it.
    Unreadable,
}

/// Returns the filter for the executions of a tenant that have not ended.
fn unfinished(tenant: TenantId, lineage: Option<Lineage>) -> ExecutionFilter {
    let statuses = UNFINISHED.to_vec();
    ExecutionFilter { tenant: Some(tenant), statuses, lineage, ..ExecutionFilter::default() }
}

/// Deletes all that is stored of a tenant that is being deleted, step by step, and the tenant itself with the last. Nothing of it may
/// run. Returns how many executions it deleted.
///
/// # Errors
/// What the store says; what is left is deleted when this is called again.
pub async fn delete_tenant(store: &Arc<dyn Store>, tenant: TenantId) -> Result<usize, StoreError> {
    let mut deleted = 0;
    loop {
        let more = delete_executions(store, tenant).await?;
        deleted += more;
        if more == 0 {
            break;
        }
    }
    // One after the other, so that other processes notice by what they know of edits.
    while delete_flows(store, tenant).await? {}
    while delete_agents(store, tenant).await? {}
    while store.shrink().await? {
        pause().await;
    }
    while store.delete_rest_of(tenant, ROWS).await? > 0 {
        pause().await;
    }
    Ok(deleted)
}

async fn delete_executions(store: &Arc<dyn Store>, tenant: TenantId) -> Result<usize, StoreError> {
    let (mut after, mut deleted) = (None, 0);
    loop {
        let step = ExpiryStep { after, limit: EXECUTIONS };
        let expired = store.delete_executions_of(tenant, step).await?;
        deleted += expired.deleted;
        after = expired.next;
        if after.is_none() {
            return Ok(deleted);
        }
        pause().await;
    }
}

async fn delete_flows(store: &Arc<dyn Store>, tenant: TenantId) -> Result<bool, StoreError> {
    let filter = FlowFilter { tenant: Some(tenant), ..FlowFilter::default() };
    let flows = store.flows(filter, Page { before: None, limit: PAGE }).await?;
    for flow in &flows {
        let id = flow.as_ref().map_or_else(|damaged| FlowId::new(damaged.id), |flow| flow.id);
        store.delete_flow(tenant, id).await?;
        pause().await;
    }
    Ok(!flows.is_empty())
}

async fn delete_agents(store: &Arc<dyn Store>, tenant: TenantId) -> Result<bool, StoreError> {
    let filter = AgentFilter { tenant: Some(tenant), ..AgentFilter::default() };
    let agents = store.agents(filter, Page { before: None, limit: PAGE }).await?;
    for agent in &agents {
        let id = agent.as_ref().map_or_else(|damaged| AgentId::new(damaged.id), |agent| agent.id);
        store.delete_agent(tenant, id, None).await?;
        pause().await;
    }
    Ok(!agents.is_empty())
}

impl Engine {
    /// Returns whether a tenant has executions that have not ended.
    ///
    /// # Errors
    /// What the store says.
    pub async fn has_unfinished(&self, tenant: TenantId) -> Result<bool, RuntimeError> {
        let filter = unfinished(tenant, None);
        Ok(!self.executions(filter, Page { before: None, limit: 1 }).await?.is_empty())
    }

    pub(super) async fn work_off_tenants(&self) {
        loop {
            if let Err(error) = self.work_off_once().await {
                tracing::warn!(error = %error, "tenants could not be cancelled or deleted; it is tried again");
            }
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                () = self.inner.tenants.work.notified() => {}
            }
        }
    }

    async fn work_off_once(&self) -> Result<(), RuntimeError> {
        for tenant in with_work(self.store().tenants().await?) {
            let is_empty = self.cancel_unfinished(tenant.id).await?;
            if tenant.deleting_since.is_some() {
                if is_empty && self.is_known_everywhere(&tenant) {
                    self.delete_now(&tenant).await?;
                }
            } else if is_empty {
                let change =
                    TenantChange { is_cancelling: Some(false), at: self.wall(), ..TenantChange::default() };
                self.store().change_tenant(tenant.id, change).await?;
            }
        }
        Ok(())
    }

    fn is_known_everywhere(&self, tenant: &TenantRecord) -> bool {
        !self.is_shared() || tenant.disabled_at.is_some_and(|at| at.plus(KNOWN_AFTER) <= self.wall())
    }

    /// Cancels what has not ended, and returns whether there was nothing.
    async fn cancel_unfinished(&self, tenant: TenantId) -> Result<bool, RuntimeError> {
        // Children are cancelled with those who have started them; one without is cancelled by itself.
        for lineage in [Some(Lineage::Root), None] {
            let (mut asked, mut undoing) = (0, Vec::new());
            let cancel = |id| self.cancel_one(tenant, id);
            self.for_each(unfinished(tenant, lineage), cancel, |id, cancelled| match cancelled {
                Cancelled::Asked => asked += 1,
                Cancelled::Undoing => undoing.push(id),
                Cancelled::Unreadable => {}
            })
            .await?;
            if asked > 0 {
                return Ok(false);
            }
            if !undoing.is_empty() {
                self.go_on_undoing(tenant, undoing).await?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn cancel_one(&self, tenant: TenantId, id: ExecutionId) -> Result<Cancelled, RuntimeError> {
        let by = Caller { tenant, actor: Actor::SYSTEM, role: Role::Admin };
        let message = "Cancelled because its tenant is disabled".into();
        let signal = Signal::Cancel { message, by: by.actor.clone() };
        match self.input(&by, id, signal).await {
            Ok(()) | Err(RuntimeError::NoExecution(_)) => Ok(Cancelled::Asked),
            Err(RuntimeError::Rejected(Rejected::Compensating(_))) => Ok(Cancelled::Undoing),
            // It has ended.
            Err(RuntimeError::Rejected(_)) => Ok(Cancelled::Asked),
            Err(error) if error.is_damage() => Ok(Cancelled::Unreadable),
            Err(error) => Err(error),
        }
    }

    /// Sees to it that executions which undo what they did get to their end, when nothing else is left of a tenant: nobody can resume
    /// them while it is disabled.
    async fn go_on_undoing(&self, tenant: TenantId, ids: Vec<ExecutionId>) -> Result<(), RuntimeError> {
        let by = Caller { tenant, actor: Actor::SYSTEM, role: Role::Admin };
        if self.pause_of(tenant).is_some() {
            return match self.resume_everything(&by).await {
                Ok(()) | Err(RuntimeError::NothingPaused) => Ok(()),
                Err(error) => Err(error),
            };
        }
        for id in ids {
            match self.input(&by, id, Signal::Resume { by: Actor::SYSTEM }).await {
                // It is not paused, or has ended.
                Ok(()) | Err(RuntimeError::Rejected(_) | RuntimeError::NoExecution(_)) => {}
                Err(error) if error.is_damage() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn delete_now(&self, tenant: &TenantRecord) -> Result<(), RuntimeError> {
        let executions = delete_tenant(self.store(), tenant.id).await?;
        self.inner.current.lock().clear();
        self.inner.wakes.flow_changed();
        self.inner.tenants.deleted.send_modify(|count| *count += 1);
        tracing::info!(tenant = %tenant.name, executions, "a tenant was deleted with all that it had");
        let entry = AuditEntry {
            at: self.wall(),
            actor: Actor::SYSTEM,
            address: None,
            action: "tenant_deleted".into(),
            target: format!("tenant {} ({})", tenant.name, tenant.id).into(),
            outcome: None,
            refused: None,
        };
        let of = self.store().append_audit(TenantId::DEFAULT, entry.clone()).await?.number;
        let outcome = Some(AuditOutcome { of, status: 204, made: None });
        self.store().append_audit(TenantId::DEFAULT, AuditEntry { outcome, ..entry }).await?;
        self.read_tenants().await
    }
}
