//! The versions of an agent.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use steadflow_core::ids::AgentId;
use steadflow_runtime::{AgentEdit, DocumentEdit, RuntimeError};
use steadflow_store::{AgentVersionRecord, Damaged, Listed, VersionId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::agents;
use crate::app::App;
use crate::authorized::{Authorized, EditAgents, OfParts, ViewCatalogue};
use crate::if_match::IfMatch;
use crate::path::PathId;
use crate::problem::{Problem, ProblemBody};
use crate::query::{Query, RestoreQuery, VersionWindow};
use crate::views::agent::{AgentVersionEntry, AgentVersionView, AgentView};
use crate::views::entry::entries;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_agent_versions)).routes(routes!(restore_agent_version))
}

/// Lists the versions of an agent, newest first. Secrets in their `config` are masked.
#[utoipa::path(get, path = "/api/v1/studio/agents/{id}/versions", tag = "agents", extensions(("x-turn" = json!("shown"))),
    params(("id" = Uuid, Path, description = "The agent"), VersionWindow),
    responses((status = 200, description = "The versions", body = [AgentVersionEntry],
               headers(("Link" = Option<String>, description = "Where the next page is, if there is one"),
                       ("X-Total-Count" = u64, description = "How many there are, on all pages together")))))]
pub(crate) async fn list_agent_versions(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewCatalogue, OfParts>,
    PathId(id): PathId<AgentId>,
    uri: Uri,
    Query(window): Query<VersionWindow>,
) -> Result<Response, Problem> {
    let store = app.engine().store();
    let versions = store.agent_versions(caller.tenant, id, window.page()).await?;
    let newest = if window.is_first() {
        None
    } else {
        store.agent_versions(caller.tenant, id, VersionWindow::CURRENT).await?.pop()
    };
    // The newest is the current one. They are numbered from 1, and none is deleted alone.
    let current = newest.as_ref().or(versions.first()).map(number_of).ok_or(RuntimeError::NoAgent(id))?;
    let cut = window.cut(&versions, number_of);
    let view = |version: &AgentVersionRecord| {
        let id = VersionId { of: id.uuid(), version: version.version };
        AgentVersionView::new(version, current).map_err(|error| Damaged::of(id, &error))
    };
    Ok(cut.reply(&uri, &entries(app.metrics(), cut.page, view), current))
}

fn number_of(version: &Listed<AgentVersionRecord, VersionId>) -> u32 {
    version.as_ref().map_or_else(|damaged| damaged.id.version, |version| version.version)
}

/// Makes a new version with the document of an older one, with the secrets that it had. Where it is as the current one,
/// nothing changes.
#[utoipa::path(post, path = "/api/v1/studio/agents/{id}/restore-version", tag = "agents", extensions(("x-turn" = json!("document"))),
    params(("id" = Uuid, Path, description = "The agent"), RestoreQuery, IfMatch),
    responses((status = 200, description = "The agent as it is then", body = AgentView,
               headers(("ETag" = String, description = "Its entity tag"))),
              (status = 422, description = "The old document is no longer valid", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn restore_agent_version(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditAgents>,
    PathId(id): PathId<AgentId>,
    Query(query): Query<RestoreQuery>,
    IfMatch(allowed): IfMatch,
) -> Result<Response, Problem> {
    let edit = AgentEdit { document: DocumentEdit::Restore(query.version()?), allowed };
    agents::show(&app, &app.engine().edit_agent(&caller, id, edit).await?).await
}
