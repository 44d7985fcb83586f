//! Retrying many failed executions at once.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{ExecutionId, FlowId, NodeId};
use steadflow_core::timestamp::Timestamp;
use steadflow_runtime::{BulkRetryItem, Retry, RetryMany};
use steadflow_store::{ExecutionFilter, Page};
use utoipa::ToSchema;

use super::{FlowVersionChoice, ModeName};
use crate::app::App;
use crate::authorized::{Authorized, OfFlows, RunFlows};
use crate::json::Json;
use crate::problem::Problem;
use crate::query::TEXT_CHARS_MAX;
use crate::reply;
use crate::views::wire::{ErrorClassName, Time};

const LIMIT_MAX: usize = 1_000;

/// What to retry, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RetryMany)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct RetryManyBody {
    /// Which failed executions. Those that were retried before are left out.
    filter: RetryFilter,
    /// `from_start` unless given.
    mode: Option<ModeName>,
    /// `same` from the failed node, `current` from the start, unless given.
    flow_version: Option<FlowVersionChoice>,
    /// Only say what would be retried.
    #[serde(default)]
    dry_run: bool,
    /// How many at most, newest first.
    #[serde(default = "limit_default")]
    #[schema(value_type = u32, minimum = 1, maximum = 1000, default = 100)]
    limit: usize,
    /// Only those accepted before this execution: the last of `items`, to go on where an answer ended.
    #[schema(value_type = Option<Uuid>)]
    before: Option<ExecutionId>,
}

const fn limit_default() -> usize {
    100
}

/// Which failed executions. Every key that is given must fit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct RetryFilter {
    #[schema(value_type = Option<Uuid>)]
    flow_id: Option<FlowId>,
    #[schema(value_type = Option<ErrorClassName>)]
    error_class: Option<ErrorClass>,
    /// Whose failure this node caused.
    #[schema(value_type = Option<String>, max_length = 200)]
    node: Option<Arc<str>>,
    #[schema(value_type = Option<String>, max_length = 200)]
    fingerprint: Option<Arc<str>>,
    /// With this text in the id (as a prefix), the context id or the error message.
    #[schema(value_type = Option<String>, max_length = 200)]
    q: Option<Arc<str>>,
    /// Accepted at or after.
    #[schema(value_type = Option<Time>)]
    start_date: Option<String>,
    /// Accepted before.
    #[schema(value_type = Option<Time>)]
    end_date: Option<String>,
}

impl RetryFilter {
    fn into_filter(self) -> Result<ExecutionFilter, Problem> {
        Ok(ExecutionFilter {
            flow: self.flow_id,
            error_class: self.error_class,
            failed_node: bounded("node", self.node)?.map(NodeId::new),
            fingerprint: bounded("fingerprint", self.fingerprint)?,
            text: bounded("q", self.q)?,
            from: self.start_date.map(|text| moment("start_date", &text)).transpose()?,
            to: self.end_date.map(|text| moment("end_date", &text)).transpose()?,
            ..ExecutionFilter::default()
        })
    }
}

/// Refuses a text that no list could be asked with either.
fn bounded(key: &str, text: Option<Arc<str>>) -> Result<Option<Arc<str>>, Problem> {
    if text.as_ref().is_none_or(|text| text.chars().count() <= TEXT_CHARS_MAX) {
        return Ok(text);
    }
    let detail = format!("`filter.{key}` must be a text of at most {TEXT_CHARS_MAX} characters.");
    Err(Problem::of_body(format!("/filter/{key}"), detail))
}

fn moment(key: &str, text: &str) -> Result<Timestamp, Problem> {
    Timestamp::parse(text).map_err(|_| {
        let detail = format!("`filter.{key}` must be a moment in RFC 3339, such as 2026-11-23T10:00:00Z.");
        Problem::of_body(format!("/filter/{key}"), detail)
    })
}

/// What came of retrying many.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetriedMany {
    dry_run: bool,
    /// How many executions fitted and were looked at, at most `limit`.
    matched: usize,
    /// How many are retried, or would be.
    retried: usize,
    /// How many are not; `items` says why.
    skipped: usize,
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

impl From<BulkRetryItem> for RetriedItem {
    fn from(item: BulkRetryItem) -> Self {
        Self { execution_id: item.execution, new_execution_id: item.new_execution, skipped: item.skipped }
    }
}

/// Retries the failed executions that fit, newest first. Those that were retried before are left out, so that asking
/// twice retries once.
#[utoipa::path(post, path = "/api/v1/studio/executions/retry", tag = "retries", request_body = RetryManyBody,
    responses((status = 200, description = "What came of each", body = RetriedMany)))]
pub(crate) async fn retry_executions(
    State(app): State<App>,
    Authorized(caller, reach): Authorized<RunFlows, OfFlows>,
    body: Json<RetryManyBody>,
) -> Result<Response, Problem> {
    let RetryManyBody { filter, mode, flow_version, dry_run, limit, before } = body.value;
    if !(1..=LIMIT_MAX).contains(&limit) {
        let detail = format!("`limit` must be a whole number from 1 to {LIMIT_MAX}.");
        return Err(Problem::of_body("/limit", detail));
    }
    let retry = Retry {
        mode: mode.map(Into::into).unwrap_or_default(),
        version: flow_version.map(Into::into),
        ..Retry::default()
    };
    let filter = ExecutionFilter { folders: reach.within, ..filter.into_filter()? };
    let page = Page { before: before.map(ExecutionId::uuid), limit };
    let result = app.engine().retry_many(&caller, RetryMany { filter, retry, page, dry_run }).await?;
    let items: Vec<RetriedItem> = result.items.into_iter().map(Into::into).collect();
    items
        .iter()
        .filter(|item| item.new_execution_id.is_some())
        .for_each(|_| app.metrics().execution_accepted());
    let skipped = items.iter().filter(|item| item.skipped.is_some()).count();
    Ok(reply::ok(&RetriedMany {
        dry_run,
        matched: items.len(),
        retried: items.len() - skipped,
        skipped,
        stopped: result.stopped.map(|error| Problem::from(error).into_detail()),
        items,
    }))
}
