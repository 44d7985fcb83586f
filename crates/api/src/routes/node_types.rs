//! What nodes there are.

use std::sync::LazyLock;

use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, OfParts, ViewCatalogue};
use crate::problem::Problem;
use crate::reply;
use crate::views::node_type::NodeTypesView;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_node_types))
}

/// Lists every kind of node with the JSON Schema of its keys, and the keys that all nodes share.
#[utoipa::path(get, path = "/api/v1/studio/node-types", tag = "flows",
    responses((status = 200, description = "What nodes there are", body = NodeTypesView)))]
pub(crate) async fn list_node_types(_: Authorized<ViewCatalogue, OfParts>) -> Result<Response, Problem> {
    /// Described once: it is the same for as long as the process lives.
    static NODE_TYPES: LazyLock<NodeTypesView> = LazyLock::new(|| steadflow_core::flow::node_types().into());
    Ok(reply::ok(&*NODE_TYPES))
}
