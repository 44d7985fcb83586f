//! Forks: a new execution from a node of another one on, and what one would do.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::{ExecutionId, FlowId, NodeId};
use steadflow_core::payload::{self, Payload};
use steadflow_runtime::{Fork, VersionChoice};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::retry::FlowVersionChoice;
use crate::app::App;
use crate::authorized::{Authorized, RunFlows, ViewExecutions};
use crate::idempotency::IdempotencyKey;
use crate::json::KeyedJson;
use crate::path::PathId;
use crate::problem::{Problem, ProblemBody};
use crate::query::{FromParams, Params, Query};
use crate::reply;
use crate::views::wire::{AnyJson, ExecutionStatusName};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(fork_execution)).routes(routes!(show_fork_plan))
}

/// From where on to fork, and what is to differ.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct ForkBody {
    /// A node that completed. It and what it leads to runs; of all others, the outputs are reused.
    #[schema(value_type = String)]
    node_id: NodeId,
    /// Replaces the old trigger data.
    #[serde(default, deserialize_with = "payload::given")]
    #[schema(value_type = AnyJson, required = false)]
    trigger_data: Option<Payload>,
    /// Outputs of nodes that are reused, by node, which replace the old ones. With that of `node_id`, it does not run, and what
    /// it leads to does.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, AnyJson>, required = false)]
    outputs: BTreeMap<NodeId, Payload>,
    /// `same` unless given.
    flow_version: Option<FlowVersionChoice>,
}

/// The answer to a fork.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ForkedExecution {
    #[schema(value_type = Uuid)]
    execution_id: ExecutionId,
    /// Always `pending`: what it has come to since, the execution itself says.
    status: ExecutionStatusName,
    #[schema(value_type = Uuid)]
    flow_id: FlowId,
    message: &'static str,
    #[schema(value_type = Uuid)]
    forked_from: ExecutionId,
}

/// Forks an execution, whatever its status: starts a new one from a completed node on. The old one does not change.
///
/// It has the same context, and the same trigger data unless that is given. What completed in the old one and does not follow
/// on the node is reused, with the outputs that are given here in place of its own; everything else runs.
#[utoipa::path(post, path = "/api/v1/studio/executions/{id}/fork", tag = "retries",
    params(("id" = Uuid, Path, description = "The old execution"),
           ("Idempotency-Key" = Option<String>, Header, description = "The same key with the same body makes one execution", min_length = 1, max_length = 255)),
    request_body = ForkBody,
    responses((status = 201, description = "The new execution is accepted", body = ForkedExecution,
               headers(("Location" = String, description = "The execution's address"))),
              (status = 409, description = "The flow is archived", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "The execution cannot be forked like this, or the key was used for another request", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn fork_execution(
    State(app): State<App>,
    Authorized(caller, _): Authorized<RunFlows>,
    PathId(id): PathId<ExecutionId>,
    key: IdempotencyKey,
    body: KeyedJson<ForkBody>,
) -> Result<Response, Problem> {
    let (ForkBody { node_id: node, trigger_data, outputs, flow_version }, key) = body.keyed(key);
    let fork = Fork { node, version: version(flow_version), trigger_data, outputs, key };
    let forked = app.engine().fork(&caller, id, fork).await?;
    if !forked.started.is_replay {
        app.metrics().execution_accepted();
    }
    let execution = forked.started.execution;
    let view = ForkedExecution {
        execution_id: execution,
        status: ExecutionStatus::Pending.into(),
        flow_id: forked.flow,
        message: "Execution fork started",
        forked_from: id,
    };
    let path = format!("/api/v1/studio/executions/{execution}");
    Ok(reply::located(reply::json(StatusCode::CREATED, &view), &path))
}

fn version(choice: Option<FlowVersionChoice>) -> VersionChoice {
    choice.map_or(VersionChoice::Same, Into::into)
}

/// Which fork to plan.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ForkPlanQuery {
    /// A node that completed.
    #[param(value_type = String)]
    node_id: NodeId,
    /// `same` unless given.
    flow_version: Option<FlowVersionChoice>,
}

impl FromParams for ForkPlanQuery {
    fn from_params(params: &mut Params) -> Self {
        let node_id = params.text("node_id");
        if node_id.is_none() {
            params.fault("node_id", "the ID of a node");
        }
        Self {
            node_id: NodeId::new(node_id.unwrap_or_default()),
            flow_version: FlowVersionChoice::from_params(params),
        }
    }
}

/// What a fork would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ForkPlanView {
    #[schema(value_type = String)]
    node_id: NodeId,
    /// The version of the flow that it would run.
    flow_version: u32,
    /// The nodes that would run, if the edges lead to them.
    #[schema(value_type = Vec<String>)]
    run: Vec<NodeId>,
    /// The nodes whose output would be reused.
    #[schema(value_type = Vec<String>)]
    reuse: Vec<NodeId>,
    /// The nodes that completed and are not the same in the version that it would run. It is refused unless `outputs` has
    /// theirs.
    #[schema(value_type = Vec<String>)]
    differing: Vec<NodeId>,
}

/// Shows what a fork would run and what it would reuse.
#[utoipa::path(get, path = "/api/v1/studio/executions/{id}/fork-plan", tag = "retries",
    params(("id" = Uuid, Path, description = "The old execution"), ForkPlanQuery),
    responses((status = 200, description = "The plan", body = ForkPlanView),
              (status = 409, description = "The flow is archived", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "The execution cannot be forked from this node on", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_fork_plan(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    PathId(id): PathId<ExecutionId>,
    Query(query): Query<ForkPlanQuery>,
) -> Result<Response, Problem> {
    let version = version(query.flow_version);
    let plan = app.engine().fork_plan(caller.tenant, id, &query.node_id, version).await?;
    Ok(reply::ok(&ForkPlanView {
        node_id: plan.node,
        flow_version: plan.version,
        run: plan.run,
        reuse: plan.reused.into_keys().collect(),
        differing: plan.differing.into_iter().collect(),
    }))
}
