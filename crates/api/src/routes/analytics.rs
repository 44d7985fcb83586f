//! How reliable flows are: the counters that ended executions left, summed as asked.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{FlowId, NodeId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Listed, RollupQuery, RollupRow};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::executions::flow_names;
use crate::app::App;
use crate::caller::Identity;
use crate::problem::Problem;
use crate::query::{FromParams, Params, Query};
use crate::reply;
use crate::views::wire::{ErrorClassName, Time};

const HOUR_MICROS: i64 = 3_600_000_000;
/// How many counters are summed at most, the newest ones.
const COUNTERS_MAX: usize = 2_000_000;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(retry_analytics))
}

/// How far apart the buckets are.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
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
    fn begin(self, hour: Timestamp) -> Timestamp {
        let width = match self {
            Self::Hour => HOUR_MICROS,
            Self::Day => 24 * HOUR_MICROS,
        };
        Timestamp::from_micros(hour.as_micros() - hour.as_micros().rem_euclid(width))
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
    /// `hour` (the default) or `day`.
    #[param(value_type = Option<Bucket>, inline)]
    bucket: Bucket,
}

impl FromParams for AnalyticsQuery {
    fn from_params(params: &mut Params) -> Self {
        Self {
            flow_id: params.flow("flow_id"),
            from: params.time("from"),
            to: params.time("to"),
            bucket: params.named("bucket", ["hour", "day"].into_iter()).unwrap_or(Bucket::Hour),
        }
    }
}

/// Counters by name, being summed.
#[derive(Debug, Default)]
struct Sums(BTreeMap<String, u64>);

/// What `at_once` counts, of flows and nodes.
const COMPLETED_AT_ONCE: [&str; 3] = ["executions", "completed", "first_try"];
/// What it counts, of a node's attempts.
const ATTEMPTED_ONCE: [&str; 2] = ["attempts", "attempts:1"];

impl Sums {
    fn add(&mut self, metric: &str, value: u64) {
        *self.0.entry(metric.to_owned()).or_default() += value;
    }

    /// Adds a node's counter to the sums of this node.
    fn add_to_node(&mut self, row: &RollupRow) {
        if row.key.metric == "at_once" {
            self.add_each(&COMPLETED_AT_ONCE, row.value);
            self.add_each(&ATTEMPTED_ONCE, row.value);
        } else {
            self.add(&row.key.metric, row.value);
        }
    }

    /// Adds a counter to the sums of its flow: its own ones, and what its nodes' say of attempts.
    fn add_to_flow(&mut self, row: &RollupRow) {
        let metric = &*row.key.metric;
        match (&row.key.node, metric) {
            (None, "at_once") => self.add_each(&COMPLETED_AT_ONCE, row.value),
            (None, _) => self.add(metric, row.value),
            (Some(_), "at_once") => self.add_each(&ATTEMPTED_ONCE, row.value),
            (Some(_), _) if is_of_attempts(metric) => self.add(metric, row.value),
            (Some(_), _) => {}
        }
    }

    fn add_each(&mut self, metrics: &[&str], value: u64) {
        metrics.iter().for_each(|metric| self.add(metric, value));
    }

    fn of(&self, metric: &str) -> u64 {
        self.0.get(metric).copied().unwrap_or(0)
    }

    fn share(&self, metric: &str) -> Option<f64> {
        let all = self.of("executions");
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let share = |part: u64| part as f64 / all as f64;
        (all > 0).then(|| share(self.of(metric)))
    }
}

/// Whether a flow's sum of this counter is that of its nodes.
fn is_of_attempts(metric: &str) -> bool {
    matches!(metric, "attempts" | "failed_attempts" | "failed_attempts_ms" | "backoff_ms" | "tokens_lost")
        || metric.starts_with("attempts:")
        || metric.starts_with("error:")
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

impl From<&Sums> for Counts {
    fn from(sums: &Sums) -> Self {
        Self {
            executions: sums.of("executions"),
            completed: sums.of("completed"),
            failed: sums.of("failed"),
            cancelled: sums.of("cancelled"),
            first_try: sums.of("first_try"),
            recovered: sums.of("recovered"),
            exhausted: sums.of("exhausted"),
            timed_out: sums.of("timed_out"),
            success_rate: sums.share("completed"),
            first_try_rate: sums.share("first_try"),
            attempts: sums.of("attempts"),
            failed_attempts: sums.of("failed_attempts"),
            failed_attempts_ms: sums.of("failed_attempts_ms"),
            backoff_ms: sums.of("backoff_ms"),
            tokens_lost: sums.of("tokens_lost"),
            duration_ms: sums.of("duration_ms"),
            manual_retries: sums.of("manual_retries"),
            manual_retries_completed: sums.of("manual_retries_completed"),
            manual_retries_failed: sums.of("manual_retries_failed"),
            manual_retries_cancelled: sums.of("manual_retries_cancelled"),
        }
    }
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
    totals: Counts,
    flows: Vec<FlowCounts>,
    nodes: Vec<NodeCounts>,
    error_classes: Vec<ErrorClassCounts>,
    buckets: Vec<BucketCounts>,
    attempts_histogram: Vec<AttemptsBar>,
}

/// Sums how executions that ended went: at first try, thanks to retries, or not, by flow, node, error class and time.
#[utoipa::path(get, path = "/api/v1/studio/analytics/retries", tag = "retries", extensions(("x-turn" = json!("shown"))), params(AnalyticsQuery),
    responses((status = 200, description = "The sums", body = RetryAnalytics)))]
pub(crate) async fn retry_analytics(
    State(app): State<App>,
    Identity(caller): Identity,
    Query(query): Query<AnalyticsQuery>,
) -> Result<Response, Problem> {
    let AnalyticsQuery { flow_id: flow, from, to, bucket } = query;
    let rows = app
        .engine()
        .store()
        .rollups(RollupQuery { tenant: caller.tenant, flow, from, to, limit: COUNTERS_MAX })
        .await?;
    let is_sound =
        |row: Listed<RollupRow>| row.inspect_err(|damaged| app.metrics().row_damaged(damaged)).ok();
    let rows: Vec<RollupRow> = rows.into_iter().filter_map(is_sound).collect();
    let names = flow_names(&app, caller.tenant, rows.iter().map(|row| row.flow)).await;
    Ok(reply::ok(&analytics(&rows, bucket, names)))
}

fn analytics(rows: &[RollupRow], bucket: Bucket, mut names: BTreeMap<FlowId, String>) -> RetryAnalytics {
    let totals = summed(rows, |_| Some(()), Sums::add_to_flow).remove(&()).unwrap_or_default();
    let flow = |(flow_id, sums): (FlowId, Sums)| FlowCounts {
        flow_id,
        flow_name: names.remove(&flow_id),
        counts: (&sums).into(),
    };
    let node = |((flow_id, node_id), sums): ((FlowId, NodeId), Sums)| NodeCounts {
        flow_id,
        node_id: node_id.to_string(),
        counts: (&sums).into(),
    };
    let moment =
        |(start, sums): (Timestamp, Sums)| BucketCounts { start: start.into(), counts: (&sums).into() };
    RetryAnalytics {
        error_classes: error_classes(&totals),
        attempts_histogram: histogram(&totals),
        flows: summed(rows, |row| Some(row.flow), Sums::add_to_flow).into_iter().map(flow).collect(),
        nodes: summed(rows, |row| Some((row.flow, row.key.node.clone()?)), Sums::add_to_node)
            .into_iter()
            .map(node)
            .collect(),
        buckets: summed(rows, |row| Some(bucket.begin(row.hour)), Sums::add_to_flow)
            .into_iter()
            .map(moment)
            .collect(),
        totals: (&totals).into(),
    }
}

fn summed<K: Ord>(
    rows: &[RollupRow],
    key: impl Fn(&RollupRow) -> Option<K>,
    add: fn(&mut Sums, &RollupRow),
) -> BTreeMap<K, Sums> {
    let mut sums: BTreeMap<K, Sums> = BTreeMap::new();
    for row in rows {
        if let Some(key) = key(row) {
            add(sums.entry(key).or_default(), row);
        }
    }
    sums
}

fn error_classes(totals: &Sums) -> Vec<ErrorClassCounts> {
    let counts = |&class: &ErrorClass| ErrorClassCounts {
        error_class: class.into(),
        failed_attempts: totals.of(&format!("error:{class}")),
        failed_executions: totals.of(&format!("failed_by:{class}")),
    };
    let all = ErrorClass::ALL.iter().map(counts);
    all.filter(|counts| counts.failed_attempts + counts.failed_executions > 0).collect()
}

fn histogram(totals: &Sums) -> Vec<AttemptsBar> {
    let bar = |(metric, &node_executions): (&String, &u64)| {
        let attempts = metric.strip_prefix("attempts:")?.parse().ok()?;
        Some(AttemptsBar { attempts, node_executions })
    };
    let mut bars: Vec<AttemptsBar> = totals.0.iter().filter_map(bar).collect();
    bars.sort_by_key(|bar| bar.attempts);
    bars
}
