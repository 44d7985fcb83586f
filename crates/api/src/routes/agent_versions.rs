//! The versions of an agent.

use axum::extract::State;
use axum::response::Response;
use steadflow_core::ids::AgentId;
use steadflow_store::VersionPage;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::caller::Identity;
use crate::path::PathId;
use crate::problem::Problem;
use crate::query;
use crate::reply;
use crate::views::agent::AgentVersionView;

/// How many versions are listed at most.
const VERSIONS_MAX: usize = 1_000;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_agent_versions))
}

/// Lists the versions of an agent, newest first, at most 1,000. Secrets in their `config` are masked.
#[utoipa::path(get, path = "/api/v1/studio/agents/{id}/versions", tag = "agents",
    params(("id" = Uuid, Path, description = "The agent")),
    responses((status = 200, description = "The versions", body = [AgentVersionView],
               headers(("X-Total-Count" = u64, description = "How many there are")))))]
pub(crate) async fn list_agent_versions(
    State(app): State<App>,
    Identity(caller): Identity,
    PathId(id): PathId<AgentId>,
) -> Result<Response, Problem> {
    let current = app.engine().agent(caller.tenant, id).await?.version;
    let newest = VersionPage { before: None, limit: VERSIONS_MAX };
    let versions = app.engine().store().agent_versions(caller.tenant, id, newest).await?;
    let views = versions.iter().map(|version| AgentVersionView::new(version, current));
    // Versions are numbered from 1, and none is deleted alone.
    Ok(query::counted(reply::ok(&views.collect::<Result<Vec<_>, _>>()?), current.into()))
}
