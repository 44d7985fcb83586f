//! Manual retries: a new execution from one that failed.

use std::collections::BTreeMap;
use std::sync::Arc;

use steadflow_core::caller::Caller;
use steadflow_core::execution::{Edits, Execution, ExecutionStatus, FlowVersion, RetryMode, RetryPlan};
use steadflow_core::flow_control::SlotLimits;
use steadflow_core::ids::{ExecutionId, NodeId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_store::{ExecutionRow, FlowStatus, Listed};

use super::start::{RequestKey, Started, ToAccept, check_form, new_id};
use super::unmask::{unmasked, unmasked_outputs};
use super::{Engine, ExecutionSnapshot};
use crate::error::RuntimeError;

/// Which version of the flow a retry or a fork runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionChoice {
    /// The one that the old execution ran on.
    Same,
    /// The flow's current one.
    Current,
}

/// How to retry.
#[derive(Clone, Debug, Default)]
pub struct Retry {
    /// From the start, or from where it failed.
    pub mode: RetryMode,
    /// On which version; by default the current one from the start, and the same one from the failed node.
    pub version: Option<VersionChoice>,
    /// Replaces the old trigger data.
    pub trigger_data: Option<Payload>,
    /// Replace the outputs of nodes that are reused.
    pub outputs: BTreeMap<NodeId, Payload>,
    /// What makes the call happen once.
    pub key: Option<RequestKey>,
}

impl Engine {
    /// Retries a failed or cancelled execution: a new one with the same context and trigger data, a fresh attempt
    /// budget and a fresh deadline. From the failed node and on the same version of the flow, it keeps the versions of
    /// agents and of children's flows that the old one was pinned to; else it is pinned as a new start is.
    ///
    /// # Errors
    /// [`RuntimeError::NotRetryable`] if it is neither failed nor cancelled, [`RuntimeError::RunsBody`] if it is a part of another,
    /// [`RuntimeError::RetryEdits`] with what is edited and cannot be.
    pub async fn retry(
        &self,
        caller: &Caller,
        id: ExecutionId,
        retry: Retry,
    ) -> Result<Started, RuntimeError> {
        let old = self.retryable(caller.tenant, id).await?;
        let (flow, limits) = self.version_to_retry(caller.tenant, &old.execution, &retry).await?;
        let plan = self.plan_of(&old.execution, retry.mode, &flow).await?;
        let trigger_data = retry.trigger_data.map(|edited| unmasked(&edited, &old.execution)).transpose()?;
        let edits = Edits {
            trigger_data,
            outputs: unmasked_outputs(retry.outputs, &old.execution).map_err(RuntimeError::RetryEdits)?,
        };
        let plan = old.execution.edit_retry(plan, &edits, &flow).map_err(RuntimeError::RetryEdits)?;
        let accepted = old.execution.retried(plan, edits.trigger_data, caller.actor.clone(), self.worker());
        drop(old);
        check_form(&flow, &accepted.trigger_data)?;
        self.accept(ToAccept { id: new_id(), flow, accepted, limits, key: retry.key, wait: None }).await
    }

    /// Says what a retry would run again, and what it would take over.
    ///
    /// # Errors
    /// As [`Self::retry`].
    pub async fn retry_plan(
        &self,
        tenant: TenantId,
        id: ExecutionId,
        retry: Retry,
    ) -> Result<RetryPlan, RuntimeError> {
        let old = self.retryable(tenant, id).await?;
        let (flow, _) = self.version_to_retry(tenant, &old.execution, &retry).await?;
        self.plan_of(&old.execution, retry.mode, &flow).await
    }

    async fn plan_of(
        &self,
        old: &Execution,
        mode: RetryMode,
        flow: &FlowVersion,
    ) -> Result<RetryPlan, RuntimeError> {
        let mut plan = old.retry_plan(mode, flow);
        self.read_children(old.accepted().tenant, &mut plan).await?;
        Ok(plan)
    }

    /// Adds to a plan what the children had done that did not complete.
    pub(super) async fn read_children(
        &self,
        tenant: TenantId,
        plan: &mut RetryPlan,
    ) -> Result<(), RuntimeError> {
        while let Some(id) = plan.wanted() {
            match self.unmasked_execution(tenant, id).await {
                Ok(child) => plan.add(Some(&child.execution)),
                Err(RuntimeError::NoExecution(_)) => plan.add(None),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn retryable(&self, tenant: TenantId, id: ExecutionId) -> Result<ExecutionSnapshot, RuntimeError> {
        let old = self.unmasked_execution(tenant, id).await?;
        is_whole(&old.execution)?;
        match old.execution.status() {
            ExecutionStatus::Failed | ExecutionStatus::Cancelled => Ok(old),
            status @ (ExecutionStatus::Pending
            | ExecutionStatus::Running
            | ExecutionStatus::Paused
            | ExecutionStatus::Completed) => Err(RuntimeError::NotRetryable(status)),
        }
    }

    async fn version_to_retry(
        &self,
        tenant: TenantId,
        old: &Execution,
        retry: &Retry,
    ) -> Result<(Arc<FlowVersion>, SlotLimits), RuntimeError> {
        let choice = retry.version.unwrap_or(match retry.mode {
            RetryMode::FromStart => VersionChoice::Current,
            RetryMode::FromFailed => VersionChoice::Same,
        });
        self.version_to_run(tenant, old, choice).await
    }

    /// Returns which version a new execution runs that is made of `old`, and how many of its flow may run at once.
    pub(super) async fn version_to_run(
        &self,
        tenant: TenantId,
        old: &Execution,
        choice: VersionChoice,
    ) -> Result<(Arc<FlowVersion>, SlotLimits), RuntimeError> {
        let current = self.current_flow(tenant, old.accepted().flow).await?;
        if current.record.status == FlowStatus::Archived {
            return Err(RuntimeError::FlowNotStartable(FlowStatus::Archived));
        }
        let limits = current.version.flow.settings.slot_limits();
        let version = match choice {
            VersionChoice::Current => Arc::clone(&current.version),
            VersionChoice::Same => Arc::clone(old.flow()),
        };
        Ok((version, limits))
    }
}

/// Refuses an execution of a body: what it reads, and where its result goes, is that of the one that started it.
pub(super) fn is_whole(execution: &Execution) -> Result<(), RuntimeError> {
    let of_body = execution.accepted().parent.as_ref().filter(|parent| parent.body.is_some());
    of_body.map_or(Ok(()), |parent| Err(RuntimeError::RunsBody(parent.execution)))
}

/// Returns the id of a listed execution, damaged or not.
pub(super) fn id_of(row: &Listed<ExecutionRow>) -> ExecutionId {
    row.as_ref().map_or_else(|damaged| ExecutionId::new(damaged.id), |row| row.id)
}
