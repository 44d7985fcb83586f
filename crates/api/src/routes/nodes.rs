//! What a person can do to one node of an execution.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use steadflow_core::event::Resolution;
use steadflow_core::payload::Payload;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::cancel::{ExecutionState, state};
use crate::app::App;
use crate::authorized::{Authorized, ControlExecutions};
use crate::json::Json;
use crate::path::PathNode;
use crate::problem::{Problem, ProblemBody};
use crate::views::node::DecisionName;
use crate::views::wire::AnyJson;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(retry_node_now)).routes(routes!(decide_node))
}

/// Ends a node's backoff: its next attempt starts now.
#[utoipa::path(post, path = "/api/v1/studio/executions/{id}/nodes/{node_id}/retry-now", tag = "retries",
    params(("id" = Uuid, Path, description = "The execution"), ("node_id" = String, Path, description = "The node")),
    responses((status = 200, description = "The attempt is due", body = ExecutionState),
              (status = 409, description = "The node is in no backoff", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn retry_node_now(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ControlExecutions>,
    PathNode(id, node): PathNode,
) -> Result<Response, Problem> {
    app.engine().retry_now(&caller, id, node).await?;
    state(&app, caller.tenant, id, "Backoff ended").await
}

/// What a person says to a node that waits for a decision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct NodeResolution {
    decision: DecisionName,
    /// With `complete`: the node's output, any JSON; null unless given.
    #[schema(value_type = AnyJson, required = false)]
    output: Option<Payload>,
    /// With `fail`: why.
    #[schema(value_type = Option<String>, max_length = 2000)]
    message: Option<Arc<str>>,
}

impl NodeResolution {
    fn into_resolution(self, bytes_max: usize) -> Result<Resolution, Problem> {
        match (self.decision, self.output, self.message) {
            (DecisionName::Retry, None, None) => Ok(Resolution::Retry),
            (DecisionName::Complete, output, None) => {
                let output = output.unwrap_or_default();
                if output.len() > bytes_max {
                    return Err(Problem::of_body(
                        "/output",
                        format!("`output` is larger than the limit of {bytes_max} bytes."),
                    ));
                }
                Ok(Resolution::Complete { output })
            }
            (DecisionName::Fail, None, message) => {
                let message = message.unwrap_or_else(|| "Failed by decision".into());
                if message.chars().count() > MESSAGE_CHARS_MAX {
                    return Err(Problem::of_body(
                        "/message",
                        format!("`message` has more than {MESSAGE_CHARS_MAX} characters."),
                    ));
                }
                Ok(Resolution::Fail { message })
            }
            (DecisionName::Retry, _, _) => {
                Err(Problem::of_body("", "`retry` takes neither `output` nor `message`."))
            }
            (DecisionName::Complete, _, Some(_)) => {
                Err(Problem::of_body("/message", "`complete` takes no `message`."))
            }
            (DecisionName::Fail, Some(_), _) => Err(Problem::of_body("/output", "`fail` takes no `output`.")),
        }
    }
}

const MESSAGE_CHARS_MAX: usize = 2_000;

/// Settles a node that waits for a person's decision (`on_interrupt: ask`, `on_exhausted: ask`).
#[utoipa::path(post, path = "/api/v1/studio/executions/{id}/nodes/{node_id}/decide", tag = "retries",
    params(("id" = Uuid, Path, description = "The execution"), ("node_id" = String, Path, description = "The node")),
    request_body = NodeResolution,
    responses((status = 200, description = "It is settled", body = ExecutionState),
              (status = 409, description = "The node waits for no decision", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn decide_node(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ControlExecutions>,
    PathNode(id, node): PathNode,
    body: Json<NodeResolution>,
) -> Result<Response, Problem> {
    let resolution = body.value.into_resolution(app.engine().limits().output_bytes_max)?;
    app.engine().decide(&caller, id, node, resolution).await?;
    state(&app, caller.tenant, id, "Decision taken").await
}
