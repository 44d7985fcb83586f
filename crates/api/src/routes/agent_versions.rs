//! The versions of an agent.

use axum::extract::State;
use axum::response::Response;
use steadflow_core::ids::AgentId;
use steadflow_runtime::RuntimeError;
use steadflow_store::{AgentVersionRecord, Damaged, Listed, VersionId, VersionPage};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::caller::Identity;
use crate::path::PathId;
use crate::problem::Problem;
use crate::query;
use crate::reply;
use crate::views::agent::{AgentVersionEntry, AgentVersionView};
use crate::views::entry::entries;

/// How many versions are listed at most.
const VERSIONS_MAX: usize = 1_000;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_agent_versions))
}

/// Lists the versions of an agent, newest first, at most 1,000. Secrets in their `config` are masked.
#[utoipa::path(get, path = "/api/v1/studio/agents/{id}/versions", tag = "agents",
    params(("id" = Uuid, Path, description = "The agent")),
    responses((status = 200, description = "The versions", body = [AgentVersionEntry],
               headers(("X-Total-Count" = u64, description = "How many there are")))))]
pub(crate) async fn list_agent_versions(
    State(app): State<App>,
    Identity(caller): Identity,
    PathId(id): PathId<AgentId>,
) -> Result<Response, Problem> {
    let newest = VersionPage { before: None, limit: VERSIONS_MAX };
    let versions = app.engine().store().agent_versions(caller.tenant, id, newest).await?;
    // The newest is the current one. They are numbered from 1, and none is deleted alone.
    let current = versions.first().map(number_of).ok_or(RuntimeError::NoAgent(id))?;
    let views = entries(app.metrics(), &versions, |version| {
        let id = VersionId { of: id.uuid(), version: version.version };
        AgentVersionView::new(version, current).map_err(|error| Damaged::of(id, &error))
    });
    Ok(query::counted(reply::ok(&views), current.into()))
}

fn number_of(version: &Listed<AgentVersionRecord, VersionId>) -> u32 {
    version.as_ref().map_or_else(|damaged| damaged.id.version, |version| version.version)
}
