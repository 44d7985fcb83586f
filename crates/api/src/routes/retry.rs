//! Manual retries: of one execution, of many, and what one would do.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use steadflow_core::event::{Reused, ReusedChildren};
use steadflow_core::execution::{ExecutionStatus, RetryMode};
use steadflow_core::ids::{ExecutionId, NodeId};
use steadflow_core::payload::Payload;
use steadflow_runtime::{Retry, VersionChoice};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, RunFlows, ViewExecutions};
use crate::idempotency::IdempotencyKey;
use crate::json::OptionalJson;
use crate::path::PathId;
use crate::problem::{Problem, ProblemBody};
use crate::query::{FromParams, Params, Query};
use crate::reply;
use crate::views::wire::{AnyJson, ExecutionStatusName};

mod many;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(many::retry_executions))
        .routes(routes!(retry_execution))
        .routes(routes!(show_retry_plan))
}

/// Where a retry begins.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RetryMode)]
pub(crate) enum ModeName {
    /// Every node runs again.
    FromStart,
    /// Completed nodes' outputs are taken over; what failed, was cancelled or never ran runs.
    FromFailed,
}

impl From<ModeName> for RetryMode {
    fn from(mode: ModeName) -> Self {
        match mode {
            ModeName::FromStart => Self::FromStart,
            ModeName::FromFailed => Self::FromFailed,
        }
    }
}

/// Which version of the flow a retry or a fork runs on.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FlowVersionChoice {
    /// The one that the old execution ran on.
    Same,
    /// The flow's current one.
    Current,
}

impl From<FlowVersionChoice> for VersionChoice {
    fn from(version: FlowVersionChoice) -> Self {
        match version {
            FlowVersionChoice::Same => Self::Same,
            FlowVersionChoice::Current => Self::Current,
        }
    }
}

impl FlowVersionChoice {
    pub(super) fn from_params(params: &mut Params) -> Option<Self> {
        params.read("flow_version", "one of same, current", |text| match text {
            "same" => Some(Self::Same),
            "current" => Some(Self::Current),
            _ => None,
        })
    }
}

/// How to retry.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct RetryBody {
    /// `from_start` unless given.
    mode: Option<ModeName>,
    /// `same` from the failed node, `current` from the start, unless given.
    flow_version: Option<FlowVersionChoice>,
    /// Replaces the old trigger data.
    #[schema(value_type = AnyJson, required = false)]
    trigger_data: Option<Payload>,
    /// With `from_failed`: outputs of nodes that are reused, by node, which replace the old ones.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, AnyJson>, required = false)]
    outputs: BTreeMap<NodeId, Payload>,
}

/// The answer to a retry.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Retried {
    message: &'static str,
    #[schema(value_type = Uuid)]
    new_execution_id: ExecutionId,
    /// Always `pending`: what it has come to since, the execution itself says.
    status: ExecutionStatusName,
    #[schema(value_type = Uuid)]
    retry_of: ExecutionId,
}

/// Retries a failed or cancelled execution: a new one with the same context and trigger data, and a fresh budget of
/// attempts and time.
#[utoipa::path(post, path = "/api/v1/studio/executions/{id}/retry", tag = "retries",
    params(("id" = Uuid, Path, description = "The failed execution"),
           ("Idempotency-Key" = Option<String>, Header, description = "The same key with the same body makes one execution", min_length = 1, max_length = 255)),
    request_body = Option<RetryBody>,
    responses((status = 200, description = "The new execution is accepted", body = Retried),
              (status = 409, description = "The flow is archived", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "An output cannot be edited, or the key was used for another request", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn retry_execution(
    State(app): State<App>,
    Authorized(caller, _): Authorized<RunFlows>,
    PathId(id): PathId<ExecutionId>,
    key: IdempotencyKey,
    body: OptionalJson<RetryBody>,
) -> Result<Response, Problem> {
    let (RetryBody { mode, flow_version, trigger_data, outputs }, key) = body.keyed(key);
    let retry = Retry {
        mode: mode.map(Into::into).unwrap_or_default(),
        version: flow_version.map(Into::into),
        trigger_data,
        outputs,
        key,
    };
    let started = app.engine().retry(&caller, id, retry).await?;
    if !started.is_replay {
        app.metrics().execution_accepted();
    }
    Ok(reply::ok(&Retried {
        message: "Execution retry started",
        new_execution_id: started.execution,
        status: ExecutionStatus::Pending.into(),
        retry_of: id,
    }))
}

/// Which retry to plan.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlanQuery {
    /// `from_start` unless given.
    mode: Option<ModeName>,
    /// `same` from the failed node, `current` from the start, unless given.
    flow_version: Option<FlowVersionChoice>,
}

impl FromParams for PlanQuery {
    fn from_params(params: &mut Params) -> Self {
        let mode = params.read("mode", "one of from_start, from_failed", |text| match text {
            "from_start" => Some(ModeName::FromStart),
            "from_failed" => Some(ModeName::FromFailed),
            _ => None,
        });
        Self { mode, flow_version: FlowVersionChoice::from_params(params) }
    }
}

/// What a retry would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetryPlanView {
    mode: ModeName,
    /// The version of the flow that it would run.
    flow_version: u32,
    /// The nodes that would run, if the edges lead to them.
    #[schema(value_type = Vec<String>)]
    run: Vec<NodeId>,
    /// The nodes whose output would be taken over.
    #[schema(value_type = Vec<String>)]
    reuse: Vec<NodeId>,
    /// Of the nodes that would run: those that go on with what their child executions had done.
    children: Vec<ReusedChildrenView>,
}

/// What a node would take over of its child executions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReusedChildrenView {
    /// The node.
    #[schema(value_type = String)]
    node_id: NodeId,
    /// How many of them had completed: their results would be taken over.
    completed: usize,
    /// How many would go on from where they failed or were cancelled.
    unfinished: usize,
}

impl ReusedChildrenView {
    fn new((node_id, children): (NodeId, ReusedChildren)) -> Self {
        let completed = children.completed();
        Self { node_id, completed, unfinished: children.by_index.len() - completed }
    }
}

/// Shows what a retry would run again and what it would take over.
#[utoipa::path(get, path = "/api/v1/studio/executions/{id}/retry-plan", tag = "retries",
    params(("id" = Uuid, Path, description = "The failed execution"), PlanQuery),
    responses((status = 200, description = "The plan", body = RetryPlanView),
              (status = 409, description = "The flow is archived", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_retry_plan(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    PathId(id): PathId<ExecutionId>,
    Query(query): Query<PlanQuery>,
) -> Result<Response, Problem> {
    let mode = query.mode.unwrap_or(ModeName::FromStart);
    let retry = Retry { mode: mode.into(), version: query.flow_version.map(Into::into), ..Retry::default() };
    let plan = app.engine().retry_plan(caller.tenant, id, retry).await?;
    let Reused { outputs, children, .. } = plan.reused;
    Ok(reply::ok(&RetryPlanView {
        mode,
        flow_version: plan.version,
        run: plan.run,
        reuse: outputs.into_keys().collect(),
        children: children.into_iter().map(ReusedChildrenView::new).collect(),
    }))
}
