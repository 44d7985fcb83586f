//! Retrying many executions at once.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use steadflow_core::execution::ExecutionStatus::{Cancelled, Failed};
use steadflow_core::ids::ExecutionId;
use steadflow_runtime::{Bulk, BulkAction, BulkItem, Retry};
use utoipa::ToSchema;

use super::{FlowVersionChoice, ModeName};
use crate::app::App;
use crate::authorized::{Authorized, OfFlows, RunFlows};
use crate::json::Json;
use crate::problem::Problem;
use crate::reply;
use crate::routes::bulk::{Asked, BulkFilter, SkippedFor, Skips, limit_default};

/// What to retry, and how. Either `filter` or `ids` is given.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RetryMany)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct RetryManyBody {
    /// Which failed executions, without those that others have started; with `status`, cancelled ones, too.
    filter: Option<BulkFilter>,
    /// These, at most 1,000.
    #[schema(value_type = Option<Vec<Uuid>>, max_items = 1000)]
    ids: Option<Vec<ExecutionId>>,
    /// `from_start` unless given.
    mode: Option<ModeName>,
    /// `same` from the failed node, `current` from the start, unless given.
    flow_version: Option<FlowVersionChoice>,
    /// Only say what would be retried.
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

/// What came of retrying many.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetriedMany {
    dry_run: bool,
    /// How many executions were looked at.
    matched: usize,
    /// How many are retried, or would be.
    retried: usize,
    /// How many are not; `reasons` says why, and `items` of which.
    skipped: usize,
    reasons: Vec<SkippedFor>,
    /// Why it ended before all that fitted were looked at, for example because the server has no room for more executions.
    /// The others remain as they are: ask again later, with the last of `items` as `before`.
    stopped: Option<String>,
    items: Vec<RetriedItem>,
}

/// What came of retrying one of many.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetriedItem {
    #[schema(value_type = Uuid)]
    execution_id: ExecutionId,
    /// Null in a dry run, and where `skipped` says why.
    #[schema(value_type = Option<Uuid>)]
    new_execution_id: Option<ExecutionId>,
    /// Why it is not retried.
    skipped: Option<String>,
}

/// Retries the failed executions that fit or are named, newest first. Those that were retried before are skipped, so that asking
/// twice retries once.
#[utoipa::path(post, path = "/api/v1/studio/executions/retry", tag = "retries", request_body = RetryManyBody,
    responses((status = 200, description = "What came of each", body = RetriedMany)))]
pub(crate) async fn retry_executions(
    State(app): State<App>,
    Authorized(caller, reach): Authorized<RunFlows, OfFlows>,
    body: Json<RetryManyBody>,
) -> Result<Response, Problem> {
    let RetryManyBody { filter, ids, mode, flow_version, dry_run, limit, before } = body.value;
    let asked = Asked { filter, ids, limit, before, within: reach.within };
    let which = asked.which(&[Failed], &[Failed, Cancelled])?;
    let retry = Retry {
        mode: mode.map(Into::into).unwrap_or_default(),
        version: flow_version.map(Into::into),
        ..Retry::default()
    };
    let action = BulkAction::Retry(Box::new(retry));
    let result = app.engine().bulk(&caller, Bulk { which, action, dry_run }).await?;
    let mut skips = Skips::of("retried");
    let item = |BulkItem { execution, new_execution, skipped }| RetriedItem {
        execution_id: execution,
        new_execution_id: new_execution,
        skipped: skipped.map(|skip| skips.add(skip)),
    };
    let items: Vec<RetriedItem> = result.items.into_iter().map(item).collect();
    items
        .iter()
        .filter(|item| item.new_execution_id.is_some())
        .for_each(|_| app.metrics().execution_accepted());
    Ok(reply::ok(&RetriedMany {
        dry_run,
        matched: items.len(),
        retried: items.len() - skips.count,
        skipped: skips.count,
        reasons: skips.reasons,
        stopped: result.stopped.map(|error| Problem::from(error).into_detail()),
        items,
    }))
}
