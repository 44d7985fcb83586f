//! Values of an execution with their sensitive data, which other answers mask. Each request is in the audit log.

use axum::extract::State;
use axum::response::Response;
use steadflow_core::ids::ExecutionId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::values::{input_of, output_of, result_of, whole};
use crate::app::App;
use crate::authorized::{Authorized, ViewSensitive};
use crate::path::{PathId, PathNode};
use crate::problem::{Problem, ProblemBody};
use crate::views::wire::AnyJson;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(reveal_trigger_data))
        .routes(routes!(reveal_result))
        .routes(routes!(reveal_node_input))
        .routes(routes!(reveal_node_output))
}

/// Shows the trigger data of an execution with its sensitive data.
#[utoipa::path(post, path = "/api/v1/studio/executions/{id}/trigger-data/reveal", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution")),
    responses((status = 200, description = "The trigger data", body = AnyJson)))]
pub(crate) async fn reveal_trigger_data(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewSensitive>,
    PathId(id): PathId<ExecutionId>,
) -> Result<Response, Problem> {
    let snapshot = app.engine().unmasked_execution(caller.tenant, id).await?;
    Ok(whole(snapshot.execution.accepted().trigger_data.clone()))
}

/// Shows the result of an execution that completed, with its sensitive data.
#[utoipa::path(post, path = "/api/v1/studio/executions/{id}/result/reveal", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution")),
    responses((status = 200, description = "The result", body = AnyJson),
              (status = 404, description = "There is none: it did not complete", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "It consists of the outputs of several nodes and is too large: read these one by one", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn reveal_result(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewSensitive>,
    PathId(id): PathId<ExecutionId>,
) -> Result<Response, Problem> {
    result_of(&app.engine().unmasked_execution(caller.tenant, id).await?.execution)
}

/// Shows the input of the last attempt of a node with its sensitive data.
#[utoipa::path(post, path = "/api/v1/studio/executions/{id}/nodes/{node_id}/input/reveal", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution"), ("node_id" = String, Path, description = "The node")),
    responses((status = 200, description = "The input", body = AnyJson),
              (status = 404, description = "There is none: the node has no attempt", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn reveal_node_input(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewSensitive>,
    PathNode(id, node): PathNode,
) -> Result<Response, Problem> {
    input_of(&app.engine().unmasked_execution(caller.tenant, id).await?.execution, &node)
}

/// Shows the output of a node with its sensitive data.
#[utoipa::path(post, path = "/api/v1/studio/executions/{id}/nodes/{node_id}/output/reveal", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution"), ("node_id" = String, Path, description = "The node")),
    responses((status = 200, description = "The output", body = AnyJson),
              (status = 404, description = "There is none: the node has not completed", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn reveal_node_output(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewSensitive>,
    PathNode(id, node): PathNode,
) -> Result<Response, Problem> {
    output_of(&app.engine().unmasked_execution(caller.tenant, id).await?.execution, &node)
}
