//! How long calls of models took, by model and agent.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use steadflow_core::ids::{AgentId, FlowId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{RollupQuery, Times};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::costs::agent_names;
use crate::app::App;
use crate::authorized::{Authorized, ViewExecutions};
use crate::problem::Problem;
use crate::query::{FromParams, Params, Query};
use crate::reply;

/// How many models are listed at most, and how many agents.
const ROWS_MAX: usize = 1_000;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(model_times))
}

/// Which calls to look at.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TimesQuery {
    /// Of this flow.
    #[param(value_type = Option<Uuid>)]
    flow_id: Option<FlowId>,
    /// Hours that begin at or after.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Hours that begin before.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

impl FromParams for TimesQuery {
    fn from_params(params: &mut Params) -> Self {
        Self { flow_id: params.flow("flow_id"), from: params.time("from"), to: params.time("to") }
    }
}

/// How long calls took, in milliseconds, each known to 6 %.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallTimes)]
pub(crate) struct TimesView {
    /// How many were timed.
    calls: u64,
    /// Half of them took no longer.
    p50_ms: Option<u64>,
    /// 95 % of them took no longer.
    p95_ms: Option<u64>,
    /// 99 % of them took no longer.
    p99_ms: Option<u64>,
}

impl From<&Times> for TimesView {
    fn from(times: &Times) -> Self {
        let [p50_ms, p95_ms, p99_ms] = [50, 95, 99].map(|percent| times.percentile(percent));
        Self { calls: times.calls(), p50_ms, p95_ms, p99_ms }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelTimes {
    /// As its agents name it.
    #[schema(value_type = String)]
    model: Arc<str>,
    #[serde(flatten)]
    times: TimesView,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentTimes {
    /// Null for models that no stored agent asked.
    #[schema(value_type = Option<Uuid>)]
    agent_id: Option<AgentId>,
    /// Null if it was deleted.
    agent_name: Option<String>,
    #[serde(flatten)]
    times: TimesView,
}

/// How long calls of models took, those with the most calls first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimeAnalytics {
    /// Of all models and agents, those that are left out below included.
    totals: TimesView,
    #[schema(max_items = 1000)]
    models: Vec<ModelTimes>,
    /// How many are left out of `models`, where there are more than 1,000.
    models_left_out: u64,
    #[schema(max_items = 1000)]
    agents: Vec<AgentTimes>,
    /// How many are left out of `agents`, where there are more than 1,000.
    agents_left_out: u64,
}

/// Shows how long calls of models took in executions that have ended, by model and by agent: from the first request to the end of
/// the answer. Calls of versions before this was measured are not among them.
#[utoipa::path(get, path = "/api/v1/studio/analytics/times", tag = "agents", extensions(("x-turn" = json!("shown"))), params(TimesQuery),
    responses((status = 200, description = "The times", body = TimeAnalytics)))]
pub(crate) async fn model_times(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    Query(query): Query<TimesQuery>,
) -> Result<Response, Problem> {
    let TimesQuery { flow_id: flow, from, to } = query;
    let width = Duration::from_secs(3_600);
    let query = RollupQuery { tenant: caller.tenant, flow, from, to, width, buckets_max: 0, rows_max: 0 };
    let sums = app.engine().store().rollup_sums(query).await?;
    sums.damaged.iter().for_each(|damaged| app.metrics().row_damaged(damaged));
    let (mut models, mut agents) = (BTreeMap::<_, Times>::new(), BTreeMap::<_, Times>::new());
    let mut totals = Times::default();
    for (of, times) in &sums.times {
        totals.add(times);
        models.entry(Arc::clone(&of.model)).or_default().add(times);
        agents.entry(of.agent).or_default().add(times);
    }
    let (models, models_left_out) = most_called(models);
    let (agents, agents_left_out) = most_called(agents);
    let names = agent_names(&app, caller.tenant, agents.iter().filter_map(|(agent, _)| *agent)).await;
    let agent = |(agent_id, times): (Option<AgentId>, Times)| AgentTimes {
        agent_id,
        agent_name: agent_id.and_then(|id| names.get(&id).cloned()),
        times: (&times).into(),
    };
    Ok(reply::ok(&TimeAnalytics {
        totals: (&totals).into(),
        models: models
            .into_iter()
            .map(|(model, times)| ModelTimes { model, times: (&times).into() })
            .collect(),
        models_left_out,
        agents: agents.into_iter().map(agent).collect(),
        agents_left_out,
    }))
}

/// Returns those with the most calls, and how many others there are.
fn most_called<K: Ord>(all: BTreeMap<K, Times>) -> (Vec<(K, Times)>, u64) {
    let left_out = all.len().saturating_sub(ROWS_MAX) as u64;
    let mut all: Vec<_> = all.into_iter().collect();
    all.sort_by_key(|(_, times)| Reverse(times.calls()));
    all.truncate(ROWS_MAX);
    (all, left_out)
}
