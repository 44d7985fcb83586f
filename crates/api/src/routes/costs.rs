//! What calls of models cost: sums by currency, flow, agent, model and day.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use steadflow_core::ids::{AgentId, FlowId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    CallCounts, CostQuery, CostRow, CostSums, DayCosts, DayModel, FlowVersionCosts, RollupQuery,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::executions::flow_names;
use crate::app::App;
use crate::authorized::{Authorized, ViewExecutions};
use crate::problem::{Problem, ProblemKind};
use crate::query::{FromParams, Params, Query};
use crate::reply;
use crate::views::wire::Time;

/// How many currencies, flows, agents and models are listed at most, each.
const ROWS_MAX: usize = 1_000;
/// How many models are named by day.
const MODELS_MAX: usize = 10;
/// How many rows there are by day at most: ten models in one currency, and the others, over more than two years.
const DAYS_MAX: usize = 10_000;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(cost_analytics))
}

/// What to sum.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CostsQuery {
    /// Of this flow.
    #[param(value_type = Option<Uuid>)]
    flow_id: Option<FlowId>,
    /// Of this agent.
    #[param(value_type = Option<Uuid>)]
    agent_id: Option<AgentId>,
    /// Hours that begin at or after.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Hours that begin before.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

impl FromParams for CostsQuery {
    fn from_params(params: &mut Params) -> Self {
        Self {
            flow_id: params.flow("flow_id"),
            agent_id: params.agent("agent_id"),
            from: params.time("from"),
            to: params.time("to"),
        }
    }
}

/// Calls that a model answered, and what they used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CostCounts)]
pub(crate) struct Counts {
    /// The currency of the costs, as in ISO 4217; null where the prices name none, or there are none.
    currency: Option<String>,
    calls: u64,
    /// Those for which no price was set.
    unpriced_calls: u64,
    input_tokens: u64,
    /// Those of `input_tokens` that came from the caches of providers.
    cached_input_tokens: u64,
    /// Those of `input_tokens` that were written to the caches of providers.
    cache_write_tokens: u64,
    output_tokens: u64,
    /// Tokens of attempts that failed, sent and answered.
    tokens_lost: u64,
    /// Null where no call had a price.
    cost: Option<f64>,
    /// The part of `cost` that was paid for attempts that failed.
    cost_lost: Option<f64>,
}

impl Counts {
    fn new<T>(row: &CostRow<T>) -> Self {
        let CallCounts { calls, unpriced_calls, tokens_lost, .. } = row.counts;
        let priced = |cost| (unpriced_calls < calls).then_some(cost);
        Self {
            currency: row.currency.map(String::from),
            calls,
            unpriced_calls,
            input_tokens: row.counts.input_tokens,
            cached_input_tokens: row.counts.cached_input_tokens,
            cache_write_tokens: row.counts.cache_write_tokens,
            output_tokens: row.counts.output_tokens,
            tokens_lost,
            cost: priced(row.counts.cost),
            cost_lost: priced(row.counts.cost_lost),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FlowCosts {
    #[schema(value_type = Uuid)]
    flow_id: FlowId,
    /// Null if it was deleted.
    flow_name: Option<String>,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FlowVersionCosts)]
pub(crate) struct VersionCosts {
    #[schema(value_type = Uuid)]
    flow_id: FlowId,
    /// Null if it was deleted.
    flow_name: Option<String>,
    /// The version that its executions ran.
    flow_version: u32,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentCosts {
    /// Null for calls that were made before it was stored with them.
    #[schema(value_type = Option<Uuid>)]
    agent_id: Option<AgentId>,
    /// Null if it was deleted.
    agent_name: Option<String>,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelCosts {
    /// As its agent names it. Null for calls that were made before it was stored with them.
    #[schema(value_type = Option<String>)]
    model: Option<Arc<str>>,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DayCosts)]
pub(crate) struct DayView {
    /// When the day begins, in UTC.
    start: Time,
    /// Null for all other models, and for calls that were made before it was stored with them.
    #[schema(value_type = Option<String>)]
    model: Option<Arc<str>>,
    #[serde(flatten)]
    counts: Counts,
}

/// What calls of models cost. Costs in different currencies are never added up: each row has one currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CostAnalytics {
    /// Of everything, by currency. As in the other lists, what costs most comes first, then what has most tokens;
    /// amounts in different currencies are in one order by their number.
    #[schema(max_items = 1000)]
    totals: Vec<Counts>,
    /// How many currencies are left out of `totals`, where there are more than 1,000.
    totals_left_out: u64,
    /// By flow and currency.
    #[schema(max_items = 1000)]
    flows: Vec<FlowCosts>,
    /// How many rows are left out of `flows`, where there are more than 1,000.
    flows_left_out: u64,
    /// By version of a flow and currency; empty where `agent_id` is given. Calls of executions that ended before this was counted are not
    /// among them.
    #[schema(max_items = 1000)]
    versions: Vec<VersionCosts>,
    /// How many rows are left out of `versions`, where there are more than 1,000.
    versions_left_out: u64,
    /// By agent and currency.
    #[schema(max_items = 1000)]
    agents: Vec<AgentCosts>,
    /// How many rows are left out of `agents`, where there are more than 1,000.
    agents_left_out: u64,
    /// By model and currency.
    #[schema(max_items = 1000)]
    models: Vec<ModelCosts>,
    /// How many rows are left out of `models`, where there are more than 1,000.
    models_left_out: u64,
    /// By day, model and currency, in the order of the days. The first ten rows of `models` are named; all others of a day
    /// are one row for each currency.
    #[schema(max_items = 10000)]
    days: Vec<DayView>,
}

/// Sums what the calls of models cost in executions that have ended, by currency, flow, version, agent, model and day.
#[utoipa::path(get, path = "/api/v1/studio/analytics/costs", tag = "agents", extensions(("x-turn" = json!("shown"))), params(CostsQuery),
    responses((status = 200, description = "The sums", body = CostAnalytics)))]
pub(crate) async fn cost_analytics(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    Query(query): Query<CostsQuery>,
) -> Result<Response, Problem> {
    let CostsQuery { flow_id: flow, agent_id: agent, from, to } = query;
    let query = CostQuery {
        tenant: caller.tenant,
        flow,
        agent,
        from,
        to,
        rows_max: ROWS_MAX,
        models_max: MODELS_MAX,
        days_max: DAYS_MAX,
    };
    let mut sums = app.engine().store().cost_sums(query).await?;
    sums.damaged.iter().for_each(|damaged| app.metrics().row_damaged(damaged));
    let days = sums.days.take().ok_or_else(too_many_days)?;
    let (versions, versions_left_out) = match agent {
        None => {
            by_version(&app, RollupQuery { tenant: caller.tenant, flow, from, to, ..ONLY_VERSIONS }).await?
        }
        Some(_) => Default::default(),
    };
    let of_rows = sums.flows.rows.iter().map(|row| row.of).chain(versions.iter().map(|(of, _)| of.flow));
    let flows = flow_names(&app, caller.tenant, of_rows).await;
    let agents = agent_names(&app, caller.tenant, sums.agents.rows.iter().filter_map(|row| row.of)).await;
    let version = |(of, counts): (FlowVersionCosts, CallCounts)| VersionCosts {
        flow_id: of.flow,
        flow_name: flows.get(&of.flow).cloned(),
        flow_version: of.version,
        counts: Counts::new(&CostRow { of: (), currency: of.currency, counts }),
    };
    let versions = versions.into_iter().map(version).collect();
    Ok(reply::ok(&CostAnalytics { versions, versions_left_out, ..view_of(sums, days, &flows, &agents) }))
}

/// Asks for the versions alone.
const ONLY_VERSIONS: RollupQuery = RollupQuery {
    tenant: TenantId::DEFAULT,
    flow: None,
    from: None,
    to: None,
    width: Duration::from_secs(3_600),
    buckets_max: 0,
    rows_max: 0,
};

/// Returns what versions of flows used, what costs most first, then what has most tokens, and how many rows are left out.
async fn by_version(
    app: &App,
    query: RollupQuery,
) -> Result<(Vec<(FlowVersionCosts, CallCounts)>, u64), Problem> {
    let sums = app.engine().store().rollup_sums(query).await?;
    sums.damaged.iter().for_each(|damaged| app.metrics().row_damaged(damaged));
    let left_out = sums.versions.len().saturating_sub(ROWS_MAX) as u64;
    let mut versions: Vec<_> = sums.versions.into_iter().collect();
    versions.sort_by(|(_, a), (_, b)| b.cost.total_cmp(&a.cost).then(b.tokens().cmp(&a.tokens())));
    versions.truncate(ROWS_MAX);
    Ok((versions, left_out))
}

fn too_many_days() -> Problem {
    let detail = format!(
        "The query is not valid: the answer has more than {DAYS_MAX} rows by day; ask for a shorter time with `from` and `to`."
    );
    Problem::new(ProblemKind::InvalidParameter, detail)
}

/// Reads one agent after the other, so that no more than one document is in memory.
pub(super) async fn agent_names(
    app: &App,
    tenant: TenantId,
    agents: impl Iterator<Item = AgentId>,
) -> BTreeMap<AgentId, String> {
    let mut names = BTreeMap::new();
    for agent in agents {
        if !names.contains_key(&agent)
            && let Ok(record) = app.engine().agent(tenant, agent).await
            && let Ok(read) = record.agent()
        {
            names.insert(agent, read.name);
        }
    }
    names
}

fn view_of(
    sums: CostSums,
    days: Vec<DayCosts>,
    flow_names: &BTreeMap<FlowId, String>,
    agent_names: &BTreeMap<AgentId, String>,
) -> CostAnalytics {
    let flow = |row: &CostRow<FlowId>| FlowCosts {
        flow_id: row.of,
        flow_name: flow_names.get(&row.of).cloned(),
        counts: Counts::new(row),
    };
    let agent = |row: &CostRow<Option<AgentId>>| AgentCosts {
        agent_id: row.of,
        agent_name: row.of.and_then(|id| agent_names.get(&id).cloned()),
        counts: Counts::new(row),
    };
    let model =
        |row: &CostRow<Option<Arc<str>>>| ModelCosts { model: row.of.clone(), counts: Counts::new(row) };
    CostAnalytics {
        totals: sums.totals.rows.iter().map(Counts::new).collect(),
        totals_left_out: sums.totals.left_out,
        flows: sums.flows.rows.iter().map(flow).collect(),
        flows_left_out: sums.flows.left_out,
        versions: Vec::new(),
        versions_left_out: 0,
        agents: sums.agents.rows.iter().map(agent).collect(),
        agents_left_out: sums.agents.left_out,
        models: sums.models.rows.iter().map(model).collect(),
        models_left_out: sums.models.left_out,
        days: days.into_iter().map(day_view).collect(),
    }
}

fn day_view(DayCosts { day, model, currency, counts }: DayCosts) -> DayView {
    let model = if let DayModel::Named(model) = model { model } else { None };
    DayView { start: day.into(), model, counts: Counts::new(&CostRow { of: (), currency, counts }) }
}
