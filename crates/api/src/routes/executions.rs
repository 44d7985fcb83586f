//! Executions: how they are started, listed and looked at.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use steadflow_core::caller::Caller;
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::flow_control::PRIORITY_MAX;
use steadflow_core::folder::Folders;
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_core::payload::Payload;
use steadflow_runtime::Start;
use steadflow_store::{ExecutionFilter, ExecutionRow};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, OfFlows, RunFlows, ViewExecutions};
use crate::heavy::NODES_AT_ONCE;
use crate::idempotency::IdempotencyKey;
use crate::json::OptionalJson;
use crate::path::PathId;
use crate::problem::{Problem, ProblemBody};
use crate::query::{self, FromParams, Params, Query, Window};
use crate::reply;
use crate::trace_parent;
use crate::views::entry::{entries, id_of};
use crate::views::execution::ExecutionView;
use crate::views::row::{RowEntry, RowView};
use crate::views::wire::{AnyJson, ExecutionStatusName};

mod filter;

pub(super) use filter::{ExecutionsQuery, flow_names};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(execute_flow))
        .routes(routes!(list_flow_executions))
        .routes(routes!(list_executions))
        .routes(routes!(show_execution))
}

/// The longest `context_id` and `context_type`, in characters.
const CONTEXT_CHARS_MAX: usize = 1_000;

/// What to start with.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct Execute {
    /// What the execution is about; the flow's `context_id_template` says where this does not, or is empty.
    #[schema(value_type = Option<String>, max_length = 1000)]
    context_id: Option<Arc<str>>,
    /// What kind of thing that is; the flow's `context_type_default` says where this does not, or is empty.
    #[schema(value_type = Option<String>, max_length = 1000)]
    context_type: Option<Arc<str>>,
    /// Any JSON; `{}` unless given.
    #[schema(value_type = AnyJson, required = false)]
    trigger_data: Option<Payload>,
    /// Its priority among the executions of the flow that wait to start; the flow's `priority` says where this does not.
    #[schema(value_type = Option<i8>, minimum = -10, maximum = 10)]
    priority: Option<i8>,
}

/// Returns a name that was given; an empty one is none.
pub(super) fn given(name: Option<Arc<str>>) -> Option<Arc<str>> {
    name.filter(|name| !name.is_empty())
}

/// Refuses names of what a run is about that are too long to be shown.
pub(super) fn check_context(id: Option<&str>, kind: Option<&str>) -> Result<(), Problem> {
    for (key, text) in [("context_id", id), ("context_type", kind)] {
        if text.is_some_and(|text| text.chars().count() > CONTEXT_CHARS_MAX) {
            let detail = format!("`{key}` has more than {CONTEXT_CHARS_MAX} characters.");
            return Err(Problem::of_body(format!("/{key}"), detail));
        }
    }
    Ok(())
}

fn check_priority(priority: Option<i8>) -> Result<(), Problem> {
    if priority.is_none_or(|priority| (-PRIORITY_MAX..=PRIORITY_MAX).contains(&priority)) {
        return Ok(());
    }
    let detail = format!("`priority` must be a whole number from -{PRIORITY_MAX} to {PRIORITY_MAX}.");
    Err(Problem::of_body("/priority".to_owned(), detail))
}

/// How to answer.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WaitQuery {
    /// Wait so many seconds at most for the execution to finish.
    #[param(value_type = Option<f64>, minimum = 0, maximum = 60)]
    pub(super) wait: Option<Duration>,
}

impl FromParams for WaitQuery {
    fn from_params(params: &mut Params) -> Self {
        let within = |text: &str| text.parse().ok().filter(|seconds| (0.0..=60.0).contains(seconds));
        let wait = params.read("wait", "a number of seconds from 0 to 60", within);
        Self { wait: wait.map(Duration::from_secs_f64) }
    }
}

/// The answer to a start.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StartedExecution {
    #[schema(value_type = Uuid)]
    execution_id: ExecutionId,
    /// Always `pending`: what it has come to since, the execution itself says.
    status: ExecutionStatusName,
    #[schema(value_type = Uuid)]
    flow_id: FlowId,
    message: &'static str,
}

/// Starts an execution. When this answers, the execution is on disk and will not be lost.
///
/// With `?wait=SECONDS`: 200 and the whole execution as soon as it has finished, else the 201.
#[utoipa::path(post, path = "/api/v1/studio/flows/{id}/execute", tag = "executions",
    params(("id" = Uuid, Path, description = "The flow"), WaitQuery,
           ("Idempotency-Key" = Option<String>, Header, description = "The same key with the same body starts one execution", min_length = 1, max_length = 255),
           ("traceparent" = Option<String>, Header, description = "The execution is a part of this trace (W3C Trace Context). One that is not valid is as if there were none")),
    request_body = Option<Execute>,
    responses((status = 200, description = "The finished execution", body = ExecutionView),
              (status = 201, description = "It is accepted", body = StartedExecution,
               headers(("Location" = String, description = "The execution's address"))),
              (status = 409, description = "The flow is paused or archived", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "The key was used for another request, the trigger data does not fit the form of the flow, or its settings have no value for it", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn execute_flow(
    State(app): State<App>,
    Authorized(caller, _): Authorized<RunFlows>,
    PathId(flow): PathId<FlowId>,
    Query(query): Query<WaitQuery>,
    key: IdempotencyKey,
    trace_parent::Caller(trace): trace_parent::Caller,
    body: OptionalJson<Execute>,
) -> Result<Response, Problem> {
    let (value, key) = body.keyed(key);
    check_context(value.context_id.as_deref(), value.context_type.as_deref())?;
    check_priority(value.priority)?;
    let started = app
        .engine()
        .start_execution(Start { key, trace, wait: query.wait, ..start(caller.clone(), flow, value) })
        .await?;
    if !started.is_replay {
        app.metrics().execution_accepted();
    }
    if let Some(ended) = started.ended {
        let later = app.later(caller.tenant, &ended.execution).await?;
        return Ok(reply::ok_text(ExecutionView::new(&ended.execution, &later).to_json()));
    }
    Ok(accepted(started.execution, flow))
}

/// Returns the answer to a start.
pub(super) fn accepted(execution: ExecutionId, flow: FlowId) -> Response {
    let view = StartedExecution {
        execution_id: execution,
        status: ExecutionStatus::Pending.into(),
        flow_id: flow,
        message: "Flow execution started",
    };
    let path = format!("/api/v1/studio/executions/{execution}");
    reply::located(reply::json(StatusCode::CREATED, &view), &path)
}

fn start(caller: Caller, flow: FlowId, body: Execute) -> Start {
    Start {
        caller,
        flow,
        context_id: given(body.context_id),
        context_type: given(body.context_type),
        trigger_data: body.trigger_data.unwrap_or_else(|| Payload::from_value(&serde_json::json!({}))),
        triggered_by: "api".into(),
        priority: body.priority,
        trace: None,
        key: None,
        wait: None,
    }
}

/// Lists the executions of a flow, newest first.
#[utoipa::path(get, path = "/api/v1/studio/flows/{id}/executions", tag = "executions",
    params(("id" = Uuid, Path, description = "The flow"), ExecutionsQuery, Window),
    responses((status = 200, description = "The executions", body = [RowEntry],
               headers(("Link" = Option<String>, description = "Where the next page is, if there is one"),
                       ("X-Total-Count" = u64, description = "How many there are, on all pages together. Left out where more than 10,000 executions would have to be read to know")))))]
pub(crate) async fn list_flow_executions(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    PathId(flow): PathId<FlowId>,
    uri: Uri,
    Query(query): Query<ExecutionsQuery>,
) -> Result<Response, Problem> {
    app.engine().current_flow(caller.tenant, flow).await?;
    list(&app, &caller, &uri, query.of_flow(Some(flow)), None).await
}

/// Which executions of which flow.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AllExecutionsQuery {
    /// Of this flow.
    #[param(value_type = Option<Uuid>)]
    flow_id: Option<FlowId>,
    #[param(ignore)]
    rest: ExecutionsQuery,
}

impl FromParams for AllExecutionsQuery {
    fn from_params(params: &mut Params) -> Self {
        Self { flow_id: params.flow("flow_id"), rest: ExecutionsQuery::from_params(params) }
    }
}

/// Lists executions of all flows, newest first.
#[utoipa::path(get, path = "/api/v1/studio/executions", tag = "executions",
    params(AllExecutionsQuery, ExecutionsQuery, Window),
    responses((status = 200, description = "The executions", body = [RowEntry],
               headers(("Link" = Option<String>, description = "Where the next page is, if there is one"),
                       ("X-Total-Count" = u64, description = "How many there are, on all pages together. Left out where more than 10,000 executions would have to be read to know")))))]
pub(crate) async fn list_executions(
    State(app): State<App>,
    Authorized(caller, reach): Authorized<ViewExecutions, OfFlows>,
    uri: Uri,
    Query(query): Query<AllExecutionsQuery>,
) -> Result<Response, Problem> {
    list(&app, &caller, &uri, query.rest.of_flow(query.flow_id), reach.within).await
}

async fn list(
    app: &App,
    caller: &Caller,
    uri: &Uri,
    query: ExecutionsQuery,
    within: Option<Folders>,
) -> Result<Response, Problem> {
    let window = query.window;
    let _turn = if window.is_long() { Some(app.heavy_turns().shown().await?) } else { None };
    let filter = ExecutionFilter { folders: within, ..query.into_filter(caller.tenant) };
    let rows = app.engine().executions(filter.clone(), window.page()).await?;
    let page = window.cut(rows, |row| id_of(row, |row| row.id.uuid()));
    let total = match page.total() {
        Some(total) => Some(total),
        None => app.engine().count_executions(filter).await?,
    };
    let names = flow_names(app, caller.tenant, page.rows.iter().flatten().map(|row| row.flow)).await;
    let name = |row: &ExecutionRow| names.get(&row.flow).map(String::as_str);
    let show = || {
        page.reply(uri, &entries(app.metrics(), &page.rows, |row| Ok(RowView::new(row, name(row)))), total)
    };
    Ok(app.heavy_turns().view(window.is_long(), show).await?)
}

/// Which of the nodes.
#[derive(Clone, Copy, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NodesQuery {
    /// How many nodes to show; all unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// Where the page before ended, as its `Link` header says.
    #[param(value_type = Option<String>, pattern = "^node-[0-9]{1,5}$")]
    cursor: usize,
}

const NODE_CURSOR_PREFIX: &str = "node-";

impl FromParams for NodesQuery {
    fn from_params(params: &mut Params) -> Self {
        let read = |text: &str| text.strip_prefix(NODE_CURSOR_PREFIX)?.parse::<u16>().ok();
        let cursor = params.read("cursor", "the cursor of a `Link` header", read);
        Self { limit: params.whole("limit", 1, 1_000), cursor: cursor.unwrap_or(0).into() }
    }
}

impl NodesQuery {
    /// Returns the places of the nodes to show, of `count`.
    fn places(self, count: usize) -> Range<usize> {
        let from = self.cursor.min(count);
        from..self.limit.map_or(count, |limit| count.min(from + limit))
    }
}

/// Shows an execution with its nodes and their attempts.
///
/// Values whose JSON text is longer than 64 KiB are previews, which say where the whole value is. An answer shows 1 MiB of
/// values and messages; where there are more, it has shorter previews and messages, and of each node only the last attempt.
/// With `limit`, it has so many nodes, and each page has that room for itself.
#[utoipa::path(get, path = "/api/v1/studio/executions/{id}", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution"), NodesQuery),
    responses((status = 200, description = "The execution", body = ExecutionView,
               headers(("Link" = Option<String>, description = "Where the next page of nodes is, if there is one")))))]
pub(crate) async fn show_execution(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    PathId(id): PathId<ExecutionId>,
    uri: Uri,
    Query(query): Query<NodesQuery>,
) -> Result<Response, Problem> {
    let snapshot = app.engine().execution(caller.tenant, id).await?;
    let execution = &snapshot.execution;
    let later = app.later(caller.tenant, execution).await?;
    let places = query.places(execution.nodes().len());
    let next = (places.end < execution.nodes().len()).then(|| format!("{NODE_CURSOR_PREFIX}{}", places.end));
    let is_long = places.len() > NODES_AT_ONCE;
    let view = || ExecutionView::with_nodes(execution, &later, places).to_json();
    let view = app.heavy_turns().view(is_long, view).await?;
    let next = next.map(|cursor| query::next_address(&uri, "cursor", &cursor));
    Ok(query::linked(reply::ok_text(view), next))
}
