//! How reliable flows are: what the counters that ended executions left add up to.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::FlowId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{FlowSums, NodeSums, RetryCounts, RollupQuery, RollupSums};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::executions::flow_names;
use crate::app::App;
use crate::authorized::{Authorized, ViewExecutions};
use crate::problem::{Problem, ProblemKind};
use crate::query::{FromParams, Params, Query};
use crate::reply;
use crate::views::wire::{ErrorClassName, Time};

const HOUR: Duration = Duration::from_secs(3_600);
/// How many flows are listed at most, and how many nodes.
const ROWS_MAX: usize = 1_000;
/// How many buckets there are at most: hours of more than a year, or days of 27 years.
const BUCKETS_MAX: usize = 10_000;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(retry_analytics))
}

/// How far apart the buckets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Bucket {
    Hour,
    Day,
}

impl std::str::FromStr for Bucket {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "hour" => Ok(Self::Hour),
            "day" => Ok(Self::Day),
            _ => Err(()),
        }
    }
}

impl Bucket {
    const fn width(self) -> Duration {
        match self {
            Self::Hour => HOUR,
            Self::Day => Duration::from_secs(24 * HOUR.as_secs()),
        }
    }

    /// Says that there are too many of them, and what to ask for.
    fn too_many(self) -> Problem {
        let (name, advice) = match self {
            Self::Hour => ("hour", "ask with `bucket=day`, or for a shorter time with `from` and `to`"),
            Self::Day => ("day", "ask for a shorter time with `from` and `to`"),
        };
        let detail = format!(
            "The query is not valid: with `bucket={name}`, the answer has more than {BUCKETS_MAX} buckets; {advice}."
        );
        Problem::new(ProblemKind::InvalidParameter, detail)
    }
}

/// What to sum.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AnalyticsQuery {
    /// Of this flow.
    #[param(value_type = Option<Uuid>)]
    flow_id: Option<FlowId>,
    /// Hours that begin at or after.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Hours that begin before.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// `hour` or `day`; by default hours, or days if there would be more than 10,000 hours.
    #[param(value_type = Option<Bucket>, inline)]
    bucket: Option<Bucket>,
}

impl FromParams for AnalyticsQuery {
    fn from_params(params: &mut Params) -> Self {
        Self {
            flow_id: params.flow("flow_id"),
            from: params.time("from"),
            to: params.time("to"),
            bucket: params.named("bucket", ["hour", "day"].into_iter()),
        }
    }
}

/// How executions, or one node's part of them, went.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RetryCounts)]
pub(crate) struct Counts {
    /// Ended ones.
    executions: u64,
    completed: u64,
    failed: u64,
    cancelled: u64,
    /// Completed without a failed attempt.
    first_try: u64,
    /// Completed thanks to retries.
    recovered: u64,
    /// Failed, but not because of the flow's timeout: nearly always because no attempt of a node was left.
    exhausted: u64,
    /// Failed because the flow's timeout struck.
    timed_out: u64,
    /// `completed / executions`; null where there are none.
    success_rate: Option<f64>,
    /// `first_try / executions`; null where there are none.
    first_try_rate: Option<f64>,
    attempts: u64,
    failed_attempts: u64,
    /// Time spent in failed attempts.
    failed_attempts_ms: u64,
    /// Time spent waiting for the next attempt.
    backoff_ms: u64,
    /// Tokens that failed attempts used.
    tokens_lost: u64,
    duration_ms: u64,
    manual_retries: u64,
    manual_retries_completed: u64,
    manual_retries_failed: u64,
    manual_retries_cancelled: u64,
}

impl From<RetryCounts> for Counts {
    fn from(counts: RetryCounts) -> Self {
        Self {
            executions: counts.executions,
            completed: counts.completed,
            failed: counts.failed,
            cancelled: counts.cancelled,
            first_try: counts.first_try,
            recovered: counts.recovered,
            exhausted: counts.exhausted,
            timed_out: counts.timed_out,
            success_rate: share(counts.completed, counts.executions),
            first_try_rate: share(counts.first_try, counts.executions),
            attempts: counts.attempts,
            failed_attempts: counts.failed_attempts,
            failed_attempts_ms: counts.failed_attempts_ms,
            backoff_ms: counts.backoff_ms,
            tokens_lost: counts.tokens_lost,
            duration_ms: counts.duration_ms,
            manual_retries: counts.manual_retries,
            manual_retries_completed: counts.manual_retries_completed,
            manual_retries_failed: counts.manual_retries_failed,
            manual_retries_cancelled: counts.manual_retries_cancelled,
        }
    }
}

fn share(part: u64, all: u64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let share = || part as f64 / all as f64;
    (all > 0).then(share)
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FlowCounts {
    #[schema(value_type = Uuid)]
    flow_id: FlowId,
    flow_name: Option<String>,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NodeRetryCounts)]
pub(crate) struct NodeCounts {
    #[schema(value_type = Uuid)]
    flow_id: FlowId,
    node_id: String,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BucketCounts {
    start: Time,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorClassCounts {
    error_class: ErrorClassName,
    /// Attempts that failed so.
    failed_attempts: u64,
    /// Executions that this ended.
    failed_executions: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttemptsBar {
    /// How many attempts.
    attempts: u32,
    /// How many node executions took so many.
    node_executions: u64,
}

/// How retries did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetryAnalytics {
    /// Of all flows, also of those that are left out below.
    totals: Counts,
    /// Those with the most failed attempts first, then those with the most failed executions, then those with the most
    /// executions.
    #[schema(max_items = 1000)]
    flows: Vec<FlowCounts>,
    /// How many flows with executions are left out of `flows`, where there are more than 1,000.
    flows_left_out: u64,
    /// In the same order.
    #[schema(max_items = 1000)]
    nodes: Vec<NodeCounts>,
    /// How many nodes with attempts are left out of `nodes`, where there are more than 1,000.
    nodes_left_out: u64,
    error_classes: Vec<ErrorClassCounts>,
    /// How long each bucket is.
    bucket: Bucket,
    /// Those in which something ended.
    #[schema(max_items = 10000)]
    buckets: Vec<BucketCounts>,
    attempts_histogram: Vec<AttemptsBar>,
}

/// Sums how executions that ended went: at first try, thanks to retries, or not, by flow, node, error class and time.
#[utoipa::path(get, path = "/api/v1/studio/analytics/retries", tag = "retries", extensions(("x-turn" = json!("shown"))), params(AnalyticsQuery),
    responses((status = 200, description = "The sums", body = RetryAnalytics)))]
pub(crate) async fn retry_analytics(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    Query(query): Query<AnalyticsQuery>,
) -> Result<Response, Problem> {
    let AnalyticsQuery { flow_id: flow, from, to, bucket } = query;
    let widths = bucket.map_or(vec![Bucket::Hour, Bucket::Day], |bucket| vec![bucket]);
    for &bucket in &widths {
        let query = RollupQuery {
            tenant: caller.tenant,
            flow,
            from,
            to,
            width: bucket.width(),
            buckets_max: BUCKETS_MAX,
            rows_max: ROWS_MAX,
        };
        let mut sums = app.engine().store().rollup_sums(query).await?;
        sums.damaged.iter().for_each(|damaged| app.metrics().row_damaged(damaged));
        if let Some(buckets) = sums.buckets.take() {
            let names = flow_names(&app, caller.tenant, sums.flows.iter().map(|sums| sums.flow)).await;
            return Ok(reply::ok(&view_of(sums, bucket, buckets, names)));
        }
    }
    Err(bucket.unwrap_or(Bucket::Day).too_many())
}

fn view_of(
    sums: RollupSums,
    bucket: Bucket,
    buckets: BTreeMap<Timestamp, RetryCounts>,
    mut names: BTreeMap<FlowId, String>,
) -> RetryAnalytics {
    let flow = |FlowSums { flow, counts }| FlowCounts {
        flow_id: flow,
        flow_name: names.remove(&flow),
        counts: counts.into(),
    };
    let node = |NodeSums { flow, node, counts }| NodeCounts {
        flow_id: flow,
        node_id: node.to_string(),
        counts: counts.into(),
    };
    let moment = |(start, counts): (Timestamp, RetryCounts)| BucketCounts {
        start: start.into(),
        counts: counts.into(),
    };
    let bar = |(attempts, node_executions)| AttemptsBar { attempts, node_executions };
    RetryAnalytics {
        totals: sums.totals.into(),
        error_classes: error_classes(&sums),
        flows: sums.flows.into_iter().map(flow).collect(),
        flows_left_out: sums.flows_left_out,
        nodes: sums.nodes.into_iter().map(node).collect(),
        nodes_left_out: sums.nodes_left_out,
        bucket,
        buckets: buckets.into_iter().map(moment).collect(),
        attempts_histogram: sums.attempts.into_iter().map(bar).collect(),
    }
}

fn error_classes(sums: &RollupSums) -> Vec<ErrorClassCounts> {
    let of = |counts: &BTreeMap<ErrorClass, u64>, class| counts.get(&class).copied().unwrap_or(0);
    let counts = |&class: &ErrorClass| ErrorClassCounts {
        error_class: class.into(),
        failed_attempts: of(&sums.failed_attempts, class),
        failed_executions: of(&sums.failed_executions, class),
    };
    let all = ErrorClass::ALL.iter().map(counts);
    all.filter(|counts| counts.failed_attempts + counts.failed_executions > 0).collect()
}
