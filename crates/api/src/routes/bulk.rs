//! Cancelling, pausing and resuming many executions at once, and what these have in common with retrying many.

mod filter;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use steadflow_core::execution::ExecutionStatus::{self, Paused, Pending, Running};
use steadflow_core::folder::Folders;
use steadflow_core::ids::ExecutionId;
use steadflow_runtime::{Bulk, BulkAction, BulkItem, BulkResult, BulkSkip, BulkWhich};
use steadflow_store::{ExecutionFilter, Page};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, ControlExecutions, OfFlows, Reach};
use crate::json::Json;
use crate::problem::Problem;
use crate::reply;

pub(super) use self::filter::BulkFilter;

/// How many executions one call is about at most.
pub(super) const BULK_MAX: usize = 1_000;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(cancel_executions))
        .routes(routes!(pause_executions))
        .routes(routes!(resume_executions))
}

pub(super) const fn limit_default() -> usize {
    100
}

/// Which executions to change. Either `filter` or `ids` is given.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChangeMany)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct BulkBody {
    /// Those that fit, without those that others have started.
    filter: Option<BulkFilter>,
    /// These, at most 1,000.
    #[schema(value_type = Option<Vec<Uuid>>, max_items = 1000)]
    ids: Option<Vec<ExecutionId>>,
    /// Only say what would come of it.
    #[serde(default)]
    dry_run: bool,
    /// With `filter`: how many at most, newest first.
    #[serde(default = "limit_default")]
    #[schema(value_type = u32, minimum = 1, maximum = 1000, default = 100)]
    limit: usize,
    /// With `filter`: only those accepted before this execution: the last of `items`, to go on where an answer ended.
    #[schema(value_type = Option<Uuid>)]
    before: Option<ExecutionId>,
}

/// Which executions a body names, before it is read.
pub(super) struct Asked {
    pub(super) filter: Option<BulkFilter>,
    pub(super) ids: Option<Vec<ExecutionId>>,
    pub(super) limit: usize,
    pub(super) before: Option<ExecutionId>,
    pub(super) within: Option<Folders>,
}

impl Asked {
    /// Returns which executions these are. A filter without statuses has the first of `statuses`, and one with others than all of these is
    /// refused.
    pub(super) fn which(
        self,
        default: &[ExecutionStatus],
        statuses: &[ExecutionStatus],
    ) -> Result<BulkWhich, Problem> {
        let Self { filter, ids, limit, before, within } = self;
        if !(1..=BULK_MAX).contains(&limit) {
            let detail = format!("`limit` must be a whole number from 1 to {BULK_MAX}.");
            return Err(Problem::of_body("/limit", detail));
        }
        match (filter, ids) {
            (Some(filter), None) => {
                let filter = filter.into_filter(default, statuses)?;
                let filter = ExecutionFilter { folders: within, ..filter };
                let page = Page { before: before.map(ExecutionId::uuid), limit };
                Ok(BulkWhich::Fitting(Box::new(filter), page))
            }
            (None, Some(ids)) if (1..=BULK_MAX).contains(&ids.len()) => Ok(BulkWhich::Listed { ids, within }),
            (None, Some(ids)) => {
                let detail = format!("`ids` must have 1 to {BULK_MAX} IDs, and has {}.", ids.len());
                Err(Problem::of_body("/ids", detail))
            }
            (Some(_), Some(_)) | (None, None) => {
                let detail = "Give either `filter`, for those that fit, or `ids`, for some that you know.";
                Err(Problem::of_body("", detail))
            }
        }
    }
}

/// How many were skipped for the same reason.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SkippedFor {
    /// `already-retried`, or the kind of the problem: the last part of its `type`.
    reason: &'static str,
    count: usize,
    /// What is said of the first of them.
    detail: String,
}

/// What came of it for one of many.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangedItem {
    #[schema(value_type = Uuid)]
    execution_id: ExecutionId,
    /// Why nothing was done with it; null where it was, or would be.
    skipped: Option<String>,
}

/// What came of changing many.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangedMany {
    dry_run: bool,
    /// How many executions were looked at.
    matched: usize,
    /// How many were changed, or would be.
    changed: usize,
    /// How many were not; `reasons` says why, and `items` of which.
    skipped: usize,
    reasons: Vec<SkippedFor>,
    /// Why it ended before all were looked at, for example because the server is stopping. The others remain as they are: ask again
    /// later.
    stopped: Option<String>,
    items: Vec<ChangedItem>,
}

/// Counts those that were skipped.
#[derive(Debug)]
pub(super) struct Skips {
    /// What was not done with them, such as `cancelled`.
    what: &'static str,
    pub(super) count: usize,
    pub(super) reasons: Vec<SkippedFor>,
}

impl Skips {
    pub(super) const fn of(what: &'static str) -> Self {
        Self { what, count: 0, reasons: Vec::new() }
    }

    /// Adds one more, and says why it was skipped.
    pub(super) fn add(&mut self, skip: BulkSkip) -> String {
        let (reason, detail) = match skip {
            BulkSkip::Retried(newer) => ("already-retried", format!("Already retried, as {newer}.")),
            BulkSkip::Refused(error) => {
                let detail = format!("Not {}: {error}.", self.what);
                (Problem::from(error).kind().slug(), detail)
            }
        };
        self.count += 1;
        match self.reasons.iter_mut().find(|known| known.reason == reason) {
            Some(known) => known.count += 1,
            None => self.reasons.push(SkippedFor { reason, count: 1, detail: detail.clone() }),
        }
        detail
    }
}

/// Cancels many executions, newest first. Those that have ended are skipped, so asking twice cancels once.
#[utoipa::path(post, path = "/api/v1/studio/executions/cancel", tag = "executions", request_body = BulkBody,
    responses((status = 200, description = "What came of each", body = ChangedMany)))]
pub(crate) async fn cancel_executions(
    State(app): State<App>,
    Authorized(caller, reach): Authorized<ControlExecutions, OfFlows>,
    body: Json<BulkBody>,
) -> Result<Response, Problem> {
    let statuses = &[Pending, Running, Paused];
    let (bulk, dry_run) = read(body.value, reach, BulkAction::Cancel, statuses)?;
    answer(app.engine().bulk(&caller, bulk).await?, dry_run, "cancelled")
}

/// Pauses many executions, newest first: they start nothing new. Those that are paused or have ended are skipped.
#[utoipa::path(post, path = "/api/v1/studio/executions/pause", tag = "executions", request_body = BulkBody,
    responses((status = 200, description = "What came of each", body = ChangedMany)))]
pub(crate) async fn pause_executions(
    State(app): State<App>,
    Authorized(caller, reach): Authorized<ControlExecutions, OfFlows>,
    body: Json<BulkBody>,
) -> Result<Response, Problem> {
    let (bulk, dry_run) = read(body.value, reach, BulkAction::Pause, &[Pending, Running])?;
    answer(app.engine().bulk(&caller, bulk).await?, dry_run, "paused")
}

/// Resumes many paused executions, newest first. Those that are not paused are skipped.
#[utoipa::path(post, path = "/api/v1/studio/executions/resume", tag = "executions", request_body = BulkBody,
    responses((status = 200, description = "What came of each", body = ChangedMany)))]
pub(crate) async fn resume_executions(
    State(app): State<App>,
    Authorized(caller, reach): Authorized<ControlExecutions, OfFlows>,
    body: Json<BulkBody>,
) -> Result<Response, Problem> {
    let (bulk, dry_run) = read(body.value, reach, BulkAction::Resume, &[Paused])?;
    answer(app.engine().bulk(&caller, bulk).await?, dry_run, "resumed")
}

fn read<P>(
    body: BulkBody,
    reach: Reach<P, OfFlows>,
    action: BulkAction,
    statuses: &[ExecutionStatus],
) -> Result<(Bulk, bool), Problem> {
    let BulkBody { filter, ids, dry_run, limit, before } = body;
    let which = Asked { filter, ids, limit, before, within: reach.within }.which(statuses, statuses)?;
    Ok((Bulk { which, action, dry_run }, dry_run))
}

fn answer(result: BulkResult, dry_run: bool, what: &'static str) -> Result<Response, Problem> {
    let mut skips = Skips::of(what);
    let item = |BulkItem { execution, skipped, .. }| ChangedItem {
        execution_id: execution,
        skipped: skipped.map(|skip| skips.add(skip)),
    };
    let items: Vec<ChangedItem> = result.items.into_iter().map(item).collect();
    Ok(reply::ok(&ChangedMany {
        dry_run,
        matched: items.len(),
        changed: items.len() - skips.count,
        skipped: skips.count,
        reasons: skips.reasons,
        stopped: result.stopped.map(|error| Problem::from(error).into_detail()),
        items,
    }))
}
