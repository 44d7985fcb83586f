//! The values of an execution, each whole and as exactly the text that is stored.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use steadflow_core::execution::{Execution, Rejected};
use steadflow_core::ids::{ExecutionId, NodeId, NodeIndex};
use steadflow_core::payload::Payload;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, ViewExecutions};
use crate::path::{PathId, PathNode};
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::views::execution::{item_of, last_of};
use crate::views::wire::AnyJson;

/// The longest result that is put together from the outputs of several nodes, in bytes.
const RESULT_BYTES_MAX: usize = 16 * 1024 * 1024;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(show_trigger_data))
        .routes(routes!(show_item))
        .routes(routes!(show_last))
        .routes(routes!(show_result))
        .routes(routes!(show_node_input))
        .routes(routes!(show_node_output))
}

/// Shows the whole trigger data of an execution.
#[utoipa::path(get, path = "/api/v1/studio/executions/{id}/trigger-data", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution")),
    responses((status = 200, description = "The trigger data", body = AnyJson)))]
pub(crate) async fn show_trigger_data(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    PathId(id): PathId<ExecutionId>,
) -> Result<Response, Problem> {
    let snapshot = app.engine().execution(caller.tenant, id).await?;
    Ok(whole(snapshot.execution.accepted().trigger_data.clone()))
}

/// Shows the whole item that an execution of a body runs for.
#[utoipa::path(get, path = "/api/v1/studio/executions/{id}/item", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution")),
    responses((status = 200, description = "The item", body = AnyJson),
              (status = 404, description = "There is none: it runs for no item", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_item(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    PathId(id): PathId<ExecutionId>,
) -> Result<Response, Problem> {
    let snapshot = app.engine().execution(caller.tenant, id).await?;
    let item = item_of(snapshot.execution.accepted());
    let item = item.ok_or_else(|| none("The execution runs for no item of a list."))?;
    Ok(whole(item.clone()))
}

/// Shows the whole result of the iteration before the one that an execution runs; null in the first one.
#[utoipa::path(get, path = "/api/v1/studio/executions/{id}/last", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution")),
    responses((status = 200, description = "The result", body = AnyJson),
              (status = 404, description = "There is none: it is no iteration", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_last(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    PathId(id): PathId<ExecutionId>,
) -> Result<Response, Problem> {
    let snapshot = app.engine().execution(caller.tenant, id).await?;
    let last = last_of(snapshot.execution.accepted());
    let last = last.ok_or_else(|| none("The execution is no iteration of a loop."))?;
    Ok(whole(last.clone()))
}

/// Shows the whole result of an execution that completed.
#[utoipa::path(get, path = "/api/v1/studio/executions/{id}/result", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution")),
    responses((status = 200, description = "The result", body = AnyJson),
              (status = 404, description = "There is none: it did not complete", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "It consists of the outputs of several nodes and is too large: read these one by one", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_result(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    PathId(id): PathId<ExecutionId>,
) -> Result<Response, Problem> {
    result_of(&app.engine().execution(caller.tenant, id).await?.execution)
}

pub(super) fn result_of(execution: &Execution) -> Result<Response, Problem> {
    let parts = execution.result_parts();
    let parts = parts.ok_or_else(|| none("The execution has no result: it did not complete."))?;
    if parts.only().is_none() {
        check_length(parts.len_bytes())?;
    }
    Ok(whole(parts.whole()))
}

fn check_length(bytes: usize) -> Result<(), Problem> {
    if bytes <= RESULT_BYTES_MAX {
        return Ok(());
    }
    let detail = format!(
        "The result consists of the outputs of several nodes and has {bytes} bytes; up to {RESULT_BYTES_MAX} are shown. \
         Read the outputs one by one, at `…/nodes/{{node_id}}/output`."
    );
    Err(Problem::new(ProblemKind::ValueTooLarge, detail))
}

/// Shows the whole input of the last attempt of a node.
#[utoipa::path(get, path = "/api/v1/studio/executions/{id}/nodes/{node_id}/input", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution"), ("node_id" = String, Path, description = "The node")),
    responses((status = 200, description = "The input", body = AnyJson),
              (status = 404, description = "There is none: the node has no attempt", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_node_input(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    PathNode(id, node): PathNode,
) -> Result<Response, Problem> {
    input_of(&app.engine().execution(caller.tenant, id).await?.execution, &node)
}

pub(super) fn input_of(execution: &Execution, node: &NodeId) -> Result<Response, Problem> {
    let index = index_of(execution, node)?;
    let input = execution.input_of(index);
    let input = input.ok_or_else(|| none("The node has no input: no attempt of it has begun."))?;
    Ok(whole(input.clone()))
}

/// Shows the whole output of a node.
#[utoipa::path(get, path = "/api/v1/studio/executions/{id}/nodes/{node_id}/output", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution"), ("node_id" = String, Path, description = "The node")),
    responses((status = 200, description = "The output", body = AnyJson),
              (status = 404, description = "There is none: the node has not completed", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_node_output(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    PathNode(id, node): PathNode,
) -> Result<Response, Problem> {
    output_of(&app.engine().execution(caller.tenant, id).await?.execution, &node)
}

pub(super) fn output_of(execution: &Execution, node: &NodeId) -> Result<Response, Problem> {
    let index = index_of(execution, node)?;
    let output = execution.node(index).output.as_ref();
    let output = output.ok_or_else(|| none("The node has no output: it has not completed."))?;
    Ok(whole(output.clone()))
}

pub(super) fn index_of(execution: &Execution, node: &NodeId) -> Result<NodeIndex, Problem> {
    execution.graph().find(node.as_str()).ok_or_else(|| Rejected::NoSuchNode(node.clone()).into())
}

pub(super) fn none(detail: &'static str) -> Problem {
    Problem::new(ProblemKind::NoSuchValue, detail)
}

/// Answers with the text of `value`, without a copy of it.
pub(super) fn whole(value: Payload) -> Response {
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (json, Body::from(Bytes::from_owner(ValueText(value)))).into_response()
}

struct ValueText(Payload);

impl AsRef<[u8]> for ValueText {
    fn as_ref(&self) -> &[u8] {
        self.0.as_str().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn a_result_of_several_outputs_has_a_length() {
        let status = |bytes| check_length(bytes).map_err(|problem| problem.into_response().status());

        assert_eq!(status(RESULT_BYTES_MAX), Ok(()));
        assert_eq!(status(RESULT_BYTES_MAX + 1), Err(StatusCode::UNPROCESSABLE_ENTITY));
    }
}
