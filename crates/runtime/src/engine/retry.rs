//! Manual retries: a new execution from one that failed, or many.

use std::sync::Arc;

use steadflow_core::caller::Caller;
use steadflow_core::execution::{Execution, ExecutionStatus, FlowVersion, RetryMode, RetryPlan};
use steadflow_core::flow::Fault;
use steadflow_core::flow_control::SlotLimits;
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::sensitive::{MASK, restored};
use steadflow_store::{ExecutionFilter, ExecutionRow, FlowStatus, Lineage, Listed, Page};

use super::start::{RequestKey, Started, ToAccept, check_form, new_id};
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
    /// What makes the call happen once.
    pub key: Option<RequestKey>,
}

/// Which failed executions to retry, and how.
#[derive(Clone, Debug)]
pub struct RetryMany {
    /// Those that fit. Tenant and statuses are set by the call.
    pub filter: ExecutionFilter,
    /// How.
    pub retry: Retry,
    /// Which part of them.
    pub page: Page,
    /// Only say which.
    pub dry_run: bool,
}

/// What came of retrying many.
#[derive(Debug)]
pub struct BulkRetry {
    /// One for each execution that was looked at, newest first.
    pub items: Vec<BulkRetryItem>,
    /// Why it ended before all that fitted were looked at. The page before the last of `items` has the others.
    pub stopped: Option<RuntimeError>,
}

/// What came of retrying one of many.
#[derive(Clone, Debug)]
pub struct BulkRetryItem {
    /// The failed execution.
    pub execution: ExecutionId,
    /// The new one; `None` in a dry run, or where `skipped` says why.
    pub new_execution: Option<ExecutionId>,
    /// Why it was not retried.
    pub skipped: Option<String>,
}

impl Engine {
    /// Retries a failed or cancelled execution: a new one with the same context and trigger data, a fresh attempt
    /// budget and a fresh deadline. From the failed node and on the same version of the flow, it keeps the versions of
    /// agents and of children's flows that the old one was pinned to; else it is pinned as a new start is.
    ///
    /// # Errors
    /// [`RuntimeError::NotRetryable`] if it is neither failed nor cancelled, [`RuntimeError::RunsBody`] if it is a part of another.
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
        let accepted = old.execution.retried(plan, trigger_data, caller.actor.clone(), self.worker());
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

    /// Looks at one page of the failed executions that fit, newest first, and retries those that were not retried
    /// before. A dry run only says which.
    ///
    /// # Errors
    /// What the store says, or that there is no room, if not even the first could be retried.
    pub async fn retry_many(&self, caller: &Caller, many: RetryMany) -> Result<BulkRetry, RuntimeError> {
        let mut items = Vec::new();
        match self.retry_into(&mut items, caller, many).await {
            Err(error) if items.is_empty() => Err(error),
            ended => Ok(BulkRetry { items, stopped: ended.err() }),
        }
    }

    async fn retry_into(
        &self,
        items: &mut Vec<BulkRetryItem>,
        caller: &Caller,
        many: RetryMany,
    ) -> Result<(), RuntimeError> {
        let RetryMany { filter, retry, page: Page { mut before, limit }, dry_run } = many;
        let filter = ExecutionFilter {
            tenant: Some(caller.tenant),
            statuses: vec![ExecutionStatus::Failed],
            // What others have started is retried with those.
            lineage: Some(Lineage::Root),
            ..filter
        };
        loop {
            let page = Page { before, limit: 100.min(limit - items.len()) };
            let rows = self.executions(filter.clone(), page).await?;
            for id in rows.iter().map(id_of) {
                items.push(self.retry_one_of_many(caller, id, &retry, dry_run).await?);
            }
            before = rows.last().map(|row| id_of(row).uuid());
            if rows.len() < page.limit || items.len() >= limit {
                return Ok(());
            }
        }
    }

    async fn retry_one_of_many(
        &self,
        caller: &Caller,
        id: ExecutionId,
        retry: &Retry,
        dry_run: bool,
    ) -> Result<BulkRetryItem, RuntimeError> {
        let item = |new_execution, skipped| BulkRetryItem { execution: id, new_execution, skipped };
        if let Some(newer) = self.inner.store.retried_by(caller.tenant, id, 1).await?.last() {
            return Ok(item(None, Some(format!("Already retried, as {newer}."))));
        }
        let retry = Retry { key: None, ..retry.clone() };
        let new = if dry_run {
            self.retry_plan(caller.tenant, id, retry).await.map(|_| None)
        } else {
            self.retry(caller, id, retry).await.map(|started| Some(started.execution))
        };
        match new {
            Ok(new) => Ok(item(new, None)),
            Err(
                error @ (RuntimeError::StorageFull
                | RuntimeError::TenantDisabled
                | RuntimeError::Quota(_)
                | RuntimeError::Overloaded
                | RuntimeError::Busy
                | RuntimeError::Blobs(_)
                | RuntimeError::Unavailable),
            ) => Err(error),
            Err(error) => Ok(item(None, Some(format!("Not retried: {error}.")))),
        }
    }
}

/// Puts back what was masked in trigger data when its editor was shown it.
pub(super) fn unmasked(edited: &Payload, old: &Execution) -> Result<Payload, RuntimeError> {
    let of_old = &old.accepted().trigger_data;
    restored(edited, of_old).map_err(|pointer| RuntimeError::TriggerDataUnfit(vec![masked_fault(pointer)]))
}

pub(super) fn masked_fault(pointer: String) -> Fault {
    let message = format!(
        "`{MASK}` stands for a value that is not shown, and the old execution has none here; give one"
    );
    Fault { pointer, message }
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
