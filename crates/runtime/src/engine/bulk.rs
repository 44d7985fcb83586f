//! What is done with many executions at once: they are retried, cancelled, paused or resumed.

use std::collections::BTreeSet;

use steadflow_core::caller::Caller;
use steadflow_core::execution::{Decision, Input};
use steadflow_core::folder::Folders;
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_store::{ExecutionFilter, Lineage, Page};

use super::retry::id_of;
use super::{Engine, Retry};
use crate::error::RuntimeError;

/// How many rows are read at once.
const AT_ONCE: usize = 100;

/// What to do with many executions.
#[derive(Clone, Debug)]
pub struct Bulk {
    /// With which.
    pub which: BulkWhich,
    /// What.
    pub action: BulkAction,
    /// Only say what would come of it.
    pub dry_run: bool,
}

/// Which executions.
#[derive(Clone, Debug)]
pub enum BulkWhich {
    /// A page of those that fit, newest first. The tenant is set by the call, and what others have started is left out.
    Fitting(Box<ExecutionFilter>, Page),
    /// These, as far as their flows are in `within`; each once.
    Listed {
        /// Their ids.
        ids: Vec<ExecutionId>,
        /// All folders unless given.
        within: Option<Folders>,
    },
}

/// What is done with each.
#[derive(Clone, Debug)]
pub enum BulkAction {
    /// It is retried, unless it was before.
    Retry(Box<Retry>),
    /// It is cancelled.
    Cancel,
    /// It is paused.
    Pause,
    /// It is resumed.
    Resume,
}

/// What came of it.
#[derive(Debug)]
pub struct BulkResult {
    /// One for each execution that was looked at.
    pub items: Vec<BulkItem>,
    /// Why it ended before all were looked at. Those after the last of `items` remain as they are.
    pub stopped: Option<RuntimeError>,
}

/// What came of it for one execution.
#[derive(Debug)]
pub struct BulkItem {
    /// Which.
    pub execution: ExecutionId,
    /// Of a retry that is no dry run: the new one.
    pub new_execution: Option<ExecutionId>,
    /// Why nothing was done with it.
    pub skipped: Option<BulkSkip>,
}

/// Why nothing was done with an execution.
#[derive(Debug)]
pub enum BulkSkip {
    /// It was retried before, as this one.
    Retried(ExecutionId),
    /// It was refused.
    Refused(RuntimeError),
}

impl Engine {
    /// Does something with many executions, one after the other. A dry run only says with which, and why not with the others.
    ///
    /// # Errors
    /// What the store says, or that there is no room, if that stops it at the first one.
    pub async fn bulk(&self, caller: &Caller, bulk: Bulk) -> Result<BulkResult, RuntimeError> {
        let mut items = Vec::new();
        let Bulk { which, action, dry_run } = bulk;
        let one = One { caller, action, dry_run };
        let ended = match which {
            BulkWhich::Fitting(filter, page) => self.bulk_fitting(&mut items, &one, *filter, page).await,
            BulkWhich::Listed { ids, within } => self.bulk_listed(&mut items, &one, ids, within).await,
        };
        match ended {
            Err(error) if items.is_empty() => Err(error),
            ended => Ok(BulkResult { items, stopped: ended.err() }),
        }
    }

    async fn bulk_fitting(
        &self,
        items: &mut Vec<BulkItem>,
        one: &One<'_>,
        filter: ExecutionFilter,
        Page { mut before, limit }: Page,
    ) -> Result<(), RuntimeError> {
        let tenant = Some(one.caller.tenant);
        let filter = ExecutionFilter { tenant, lineage: Some(Lineage::Root), ..filter };
        loop {
            let page = Page { before, limit: AT_ONCE.min(limit - items.len()) };
            let rows = self.executions(filter.clone(), page).await?;
            for id in rows.iter().map(id_of) {
                items.push(self.bulk_one(one, id).await?);
            }
            before = rows.last().map(|row| id_of(row).uuid());
            if rows.len() < page.limit || items.len() >= limit {
                return Ok(());
            }
        }
    }

    async fn bulk_listed(
        &self,
        items: &mut Vec<BulkItem>,
        one: &One<'_>,
        ids: Vec<ExecutionId>,
        within: Option<Folders>,
    ) -> Result<(), RuntimeError> {
        // What was retried a moment ago is known by its row.
        self.show().await?;
        let mut seen = BTreeSet::new();
        for id in ids.into_iter().filter(|id| seen.insert(*id)) {
            let is_within = match &within {
                None => Ok(true),
                Some(within) => self.is_within(one.caller.tenant, id, within).await,
            };
            let item = match is_within {
                Ok(true) => self.bulk_one(one, id).await?,
                Ok(false) => one.item(id, Err(BulkSkip::Refused(RuntimeError::NoExecution(id)))),
                Err(error) if error.is_damage() => one.item(id, Err(BulkSkip::Refused(error))),
                Err(error) => return Err(error),
            };
            items.push(item);
        }
        Ok(())
    }

    /// Returns whether the flow of an execution is in one of these folders.
    async fn is_within(
        &self,
        tenant: TenantId,
        id: ExecutionId,
        within: &Folders,
    ) -> Result<bool, RuntimeError> {
        let flow = match self.row(tenant, id).await {
            Ok(row) => row.flow,
            // Its row may not be there yet.
            Err(RuntimeError::NoExecution(_)) => match self.unmasked_execution(tenant, id).await {
                Ok(found) => found.execution.accepted().flow,
                Err(RuntimeError::NoExecution(_)) => return Ok(false),
                Err(error) => return Err(error),
            },
            Err(error) => return Err(error),
        };
        match self.current_flow(tenant, flow).await {
            Ok(flow) => Ok(within.include(flow.record.folder.as_ref())),
            Err(RuntimeError::NoFlow(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn bulk_one(&self, one: &One<'_>, id: ExecutionId) -> Result<BulkItem, RuntimeError> {
        let done = match &one.action {
            BulkAction::Retry(retry) => self.retry_one_of_many(one, id, retry).await,
            BulkAction::Cancel | BulkAction::Pause | BulkAction::Resume if one.dry_run => {
                self.try_signal(one, id).await.map(|()| None)
            }
            BulkAction::Cancel => self.cancel(one.caller, id).await.map(|()| None),
            BulkAction::Pause => self.pause(one.caller, id).await.map(|()| None),
            BulkAction::Resume => self.resume(one.caller, id).await.map(|()| None),
        };
        match done {
            Ok(Some(Err(retried_as))) => Ok(one.item(id, Err(BulkSkip::Retried(retried_as)))),
            Ok(Some(Ok(new))) => Ok(one.item(id, Ok(Some(new)))),
            Ok(None) => Ok(one.item(id, Ok(None))),
            Err(
                error @ (RuntimeError::StorageFull
                | RuntimeError::TenantDisabled
                | RuntimeError::Quota(_)
                | RuntimeError::Overloaded
                | RuntimeError::Busy
                | RuntimeError::Blobs(_)
                | RuntimeError::Unavailable),
            ) => Err(error),
            // The next ones would fare no better.
            Err(error @ RuntimeError::Store(_)) if !error.is_damage() => Err(error),
            Err(error) => Ok(one.item(id, Err(BulkSkip::Refused(error)))),
        }
    }

    /// Retries an execution, unless it was before: then the error is the last of its retries. A dry run returns nothing.
    async fn retry_one_of_many(
        &self,
        one: &One<'_>,
        id: ExecutionId,
        retry: &Retry,
    ) -> Result<Option<Result<ExecutionId, ExecutionId>>, RuntimeError> {
        let tenant = one.caller.tenant;
        if let Some(newer) = self.store().retried_by(tenant, id, 1).await?.last() {
            return Ok(Some(Err(*newer)));
        }
        let retry = Retry { key: None, ..retry.clone() };
        if one.dry_run {
            return self.retry_plan(tenant, id, retry).await.map(|_| None);
        }
        Ok(Some(Ok(self.retry(one.caller, id, retry).await?.execution)))
    }

    /// Looks whether an execution would take a signal as it is now.
    async fn try_signal(&self, one: &One<'_>, id: ExecutionId) -> Result<(), RuntimeError> {
        let by = one.caller.actor.clone();
        let input = match one.action {
            BulkAction::Cancel => Input::Cancel { message: "".into(), by },
            BulkAction::Pause => Input::Pause { by },
            BulkAction::Resume | BulkAction::Retry(_) => Input::Resume { by },
        };
        if let (Input::Resume { .. }, Some(pause)) = (&input, self.pause_of(one.caller.tenant)) {
            return Err(RuntimeError::EverythingPaused(Box::new(pause)));
        }
        let mut copy = self.unmasked_execution(one.caller.tenant, id).await?.execution;
        Ok(copy.decide(input, self.now(), &mut Decision::default())?)
    }
}

/// What is done with each, by whom.
struct One<'c> {
    caller: &'c Caller,
    action: BulkAction,
    dry_run: bool,
}

impl One<'_> {
    fn item(&self, execution: ExecutionId, done: Result<Option<ExecutionId>, BulkSkip>) -> BulkItem {
        match done {
            Ok(new_execution) => BulkItem { execution, new_execution, skipped: None },
            Err(skip) => BulkItem { execution, new_execution: None, skipped: Some(skip) },
        }
    }
}
