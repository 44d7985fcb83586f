//! The versions of a flow.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use steadflow_core::ids::FlowId;
use steadflow_runtime::{DocumentEdit, FlowEdit, RuntimeError};
use steadflow_store::{Damaged, FlowVersionRecord, Listed, VersionId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::flows;
use crate::app::App;
use crate::authorized::{Authorized, EditFlows, ViewCatalogue};
use crate::if_match::IfMatch;
use crate::path::PathId;
use crate::people::RequestPrincipal;
use crate::problem::{Problem, ProblemBody};
use crate::query::{Query, RestoreQuery, VersionWindow};
use crate::views::entry::entries;
use crate::views::flow::{FlowVersionEntry, FlowVersionView, FlowView};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_flow_versions)).routes(routes!(restore_flow_version))
}

/// Lists the versions of a flow, newest first.
#[utoipa::path(get, path = "/api/v1/studio/flows/{id}/versions", tag = "flows", extensions(("x-turn" = json!("shown"))),
    params(("id" = Uuid, Path, description = "The flow"), VersionWindow),
    responses((status = 200, description = "The versions", body = [FlowVersionEntry],
               headers(("Link" = Option<String>, description = "Where the next page is, if there is one"),
                       ("X-Total-Count" = u64, description = "How many there are, on all pages together")))))]
pub(crate) async fn list_flow_versions(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewCatalogue>,
    PathId(id): PathId<FlowId>,
    uri: Uri,
    Query(window): Query<VersionWindow>,
) -> Result<Response, Problem> {
    let store = app.engine().store();
    let versions = store.flow_versions(caller.tenant, id, window.page()).await?;
    let newest = if window.is_first() {
        None
    } else {
        store.flow_versions(caller.tenant, id, VersionWindow::CURRENT).await?.pop()
    };
    // The newest is the current one. They are numbered from 1, and none is deleted alone.
    let current = newest.as_ref().or(versions.first()).map(number_of).ok_or(RuntimeError::NoFlow(id))?;
    let cut = window.cut(&versions, number_of);
    let view = |version: &FlowVersionRecord| {
        let id = VersionId { of: id.uuid(), version: version.version };
        FlowVersionView::new(version, current).map_err(|error| Damaged::of(id, &error))
    };
    Ok(cut.reply(&uri, &entries(app.metrics(), cut.page, view), current))
}

fn number_of(version: &Listed<FlowVersionRecord, VersionId>) -> u32 {
    version.as_ref().map_or_else(|damaged| damaged.id.version, |version| version.version)
}

/// Makes a new version with the document of an older one. Where it is as the current one, nothing changes.
#[utoipa::path(post, path = "/api/v1/studio/flows/{id}/restore-version", tag = "flows", extensions(("x-turn" = json!("document"))),
    params(("id" = Uuid, Path, description = "The flow"), RestoreQuery, IfMatch),
    responses((status = 200, description = "The flow as it is then", body = FlowView,
               headers(("ETag" = String, description = "Its entity tag"))),
              (status = 403, description = "The old document starts flows that you may not run", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "Another active flow has the path of the webhook", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "The old document is no longer valid", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn restore_flow_version(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditFlows>,
    PathId(id): PathId<FlowId>,
    Query(query): Query<RestoreQuery>,
    IfMatch(allowed): IfMatch,
    asker: RequestPrincipal,
) -> Result<Response, Problem> {
    let document = DocumentEdit::Restore(query.version()?);
    let edit = FlowEdit { document, allowed, may_start: asker.may_start(), ..FlowEdit::default() };
    let flow = app.engine().edit_flow(&caller, id, edit).await?;
    flows::show(&app, &flow).await
}
