//! Flows that start by themselves, and when.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use steadflow_core::ids::{ExecutionId, FlowId, NodeId};
use steadflow_core::schedule::Schedule;
use steadflow_core::timestamp::Timestamp;
use steadflow_runtime::ActiveSchedule;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, OfFlows, OfParts, ViewCatalogue};
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::query::{FromParams, Params, Query};
use crate::reply;
use crate::views::wire::Time;

/// Schedules in one answer.
const SCHEDULES_MAX: usize = 1_000;
/// How many moments are looked ahead at most.
const NEXT_MAX: usize = 100;
const NEXT_DEFAULT: usize = 10;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_schedules)).routes(routes!(show_next_starts))
}

/// Which schedules to list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SchedulesQuery {
    /// Of this flow.
    #[param(value_type = Option<Uuid>)]
    flow_id: Option<FlowId>,
}

impl FromParams for SchedulesQuery {
    fn from_params(params: &mut Params) -> Self {
        Self { flow_id: params.flow("flow_id") }
    }
}

/// A schedule of an active flow.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActiveSchedule)]
pub(crate) struct ScheduleView {
    #[schema(value_type = Uuid)]
    flow_id: FlowId,
    /// The flow's present name.
    flow_name: Option<String>,
    /// The trigger that has it.
    #[schema(value_type = String)]
    node_id: NodeId,
    cron: String,
    timezone: String,
    /// `once` or `skip`.
    missed: &'static str,
    /// `queue`, `skip` or `cancel_previous`.
    overlap: &'static str,
    /// The first moment for which nothing was started yet; null if there is no other. One that is past waits for the end of the
    /// execution before.
    next_at: Option<Time>,
    /// When it starts for that moment, which is later by the jitter.
    next_start_at: Option<Time>,
    /// The moment for which it started last.
    last_at: Option<Time>,
    /// The execution that was started last.
    #[schema(value_type = Option<Uuid>)]
    last_execution_id: Option<ExecutionId>,
    /// Why the last start failed, if it did.
    error: Option<String>,
}

impl ScheduleView {
    fn new(ActiveSchedule { schedule, record }: ActiveSchedule, flow_name: Option<String>) -> Self {
        let due = record.next_at.map(|next| schedule.due(next, record.flow, &record.node));
        Self {
            flow_id: record.flow,
            flow_name,
            node_id: record.node,
            cron: schedule.cron.to_string(),
            timezone: schedule.timezone.to_string(),
            missed: schedule.missed.as_str(),
            overlap: schedule.overlap.as_str(),
            next_at: record.next_at.map(Into::into),
            next_start_at: due.map(Into::into),
            last_at: record.last_at.map(Into::into),
            last_execution_id: record.execution.filter(|_| record.starting_at.is_none()),
            error: record.error.map(|error| error.to_string()),
        }
    }
}

/// Lists the schedules of active flows, by the next start. At most 1,000 are shown.
#[utoipa::path(get, path = "/api/v1/studio/schedules", tag = "schedules", params(SchedulesQuery),
    responses((status = 200, description = "The schedules", body = [ScheduleView])))]
pub(crate) async fn list_schedules(
    State(app): State<App>,
    Authorized(caller, reach): Authorized<ViewCatalogue, OfFlows>,
    Query(query): Query<SchedulesQuery>,
) -> Result<Response, Problem> {
    let mut all = app.engine().schedules(caller.tenant, query.flow_id, reach.within.as_ref()).await?;
    all.sort_by_key(|schedule| schedule.record.next_at.unwrap_or(Timestamp::MAX));
    let mut views = Vec::new();
    for schedule in all.into_iter().take(SCHEDULES_MAX) {
        let name = app.engine().flow_name(caller.tenant, schedule.record.flow).await;
        views.push(ScheduleView::new(schedule, name));
    }
    Ok(reply::ok(&views))
}

/// What to look ahead for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NextQuery {
    /// The cron expression.
    cron: String,
    /// The time zone; UTC unless given.
    timezone: Option<String>,
    /// How many starts to show; 10 unless given.
    #[param(minimum = 1, maximum = 100)]
    count: Option<usize>,
}

impl FromParams for NextQuery {
    fn from_params(params: &mut Params) -> Self {
        let expected = "a cron expression, such as `0 9 * * MON-FRI`";
        let cron = params.short_text("cron").unwrap_or_default();
        if cron.is_empty() {
            params.fault("cron", expected);
        }
        let timezone = params.short_text("timezone");
        Self { cron, timezone, count: params.whole("count", 1, NEXT_MAX) }
    }
}

/// When a schedule starts next.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NextStarts {
    /// In the time zone of the schedule, each with its offset there.
    #[schema(value_type = Vec<String>, format = DateTime)]
    next: Vec<String>,
}

/// Shows when a schedule would start next, without storing it.
#[utoipa::path(get, path = "/api/v1/studio/schedules/next", tag = "schedules", params(NextQuery),
    responses((status = 200, description = "The next moments", body = NextStarts),
              (status = 400, description = "The expression or the time zone has a fault", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_next_starts(
    State(app): State<App>,
    Authorized(_caller, _): Authorized<ViewCatalogue, OfParts>,
    Query(query): Query<NextQuery>,
) -> Result<Response, Problem> {
    let NextQuery { cron, timezone, count } = query;
    let schedule = Schedule::new(cron.trim(), timezone.as_deref().unwrap_or("UTC")).map_err(|why| {
        Problem::new(ProblemKind::InvalidParameter, format!("The query is not valid: {why}."))
    })?;
    let first = schedule.next_after(app.engine().wall());
    let all = std::iter::successors(first, |tick| schedule.next_after(*tick));
    let next = all.take(count.unwrap_or(NEXT_DEFAULT)).map(|tick| schedule.shown(tick)).collect();
    Ok(reply::ok(&NextStarts { next }))
}
