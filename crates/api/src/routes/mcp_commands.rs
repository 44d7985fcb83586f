//! The local commands that agents may name.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, ViewCatalogue};
use crate::problem::Problem;
use crate::reply;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_mcp_commands))
}

/// An MCP server that is a local command. What it runs is known to the operator alone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = McpCommand)]
pub(crate) struct McpCommandView<'a> {
    /// What an agent names it by, as `config.command`.
    name: &'a str,
}

/// Lists the local commands that agents may name, as the settings of the server have them.
#[utoipa::path(get, path = "/api/v1/studio/mcp-commands", tag = "agents",
    responses((status = 200, description = "The commands", body = [McpCommandView])))]
pub(crate) async fn list_mcp_commands(
    State(app): State<App>,
    _: Authorized<ViewCatalogue>,
) -> Result<Response, Problem> {
    let names = app.engine().commands().iter();
    Ok(reply::ok(&names.map(|name| McpCommandView { name }).collect::<Vec<_>>()))
}
