//! What nodes there are.

use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::caller::Identity;
use crate::problem::Problem;
use crate::reply;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_node_types))
}

/// Lists every node type and action with the JSON Schema of its keys, and the keys that all nodes share.
#[utoipa::path(get, path = "/api/v1/studio/node-types", tag = "flows",
    responses((status = 200, description = "`common` keys, and `types`", body = serde_json::Value)))]
pub(crate) async fn list_node_types(_: Identity) -> Result<Response, Problem> {
    Ok(reply::ok(&steadflow_core::flow::node_types()))
}
