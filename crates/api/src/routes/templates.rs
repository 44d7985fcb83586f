//! Templates: flows to make flows from.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;
use steadflow_core::ids::FlowId;
use steadflow_runtime::RuntimeError;
use steadflow_store::FlowFilter;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::flows;
use crate::app::App;
use crate::authorized::{Authorized, EditFlows, OfFlows, OfParts, ViewCatalogue};
use crate::folders::folder_of_body;
use crate::json::OptionalJson;
use crate::path::PathId;
use crate::people::RequestPrincipal;
use crate::problem::{Problem, ProblemBody};
use crate::query::{Query, Window};
use crate::views::flow::{FlowEntry, FlowView};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_templates)).routes(routes!(instantiate_template))
}

/// Lists the templates, newest first.
#[utoipa::path(get, path = "/api/v1/studio/flows/templates", tag = "flows", extensions(("x-turn" = json!("shown"))), params(Window),
    responses((status = 200, description = "The templates", body = [FlowEntry],
               headers(("Link" = Option<String>, description = "Where the next page is, if there is one"),
                       ("X-Total-Count" = u64, description = "How many there are, on all pages together")))))]
pub(crate) async fn list_templates(
    State(app): State<App>,
    Authorized(caller, reach): Authorized<ViewCatalogue, OfFlows>,
    uri: Uri,
    Query(window): Query<Window>,
) -> Result<Response, Problem> {
    let filter = FlowFilter {
        tenant: Some(caller.tenant),
        is_template: Some(true),
        folders: reach.within,
        ..FlowFilter::default()
    };
    flows::list(&app, &uri, window, filter).await
}

/// What the new flow has of its own.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct Instantiate {
    /// Its name; the template's unless given.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The folder to put it in, such as `billing/refunds`; at the top unless given.
    #[schema(max_length = 304)]
    folder: Option<String>,
}

/// Makes a draft from a template.
#[utoipa::path(post, path = "/api/v1/studio/flows/templates/{id}/instantiate", tag = "flows", extensions(("x-turn" = json!("document"))),
    params(("id" = Uuid, Path, description = "The template")), request_body = Option<Instantiate>,
    responses((status = 201, description = "The new flow", body = FlowView,
               headers(("Location" = String, description = "The flow's address"))),
              (status = 403, description = "You may not edit flows in the folder, or not run what the flow starts", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "The document has faults", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn instantiate_template(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditFlows, OfParts>,
    PathId(id): PathId<FlowId>,
    asker: RequestPrincipal,
    body: OptionalJson<Instantiate>,
) -> Result<Response, Problem> {
    let Instantiate { name, folder } = body.value;
    let folder = folder.as_deref().map(folder_of_body).transpose()?;
    asker.may_edit(folder.as_ref())?;
    let template = app.engine().current_flow(caller.tenant, id).await?;
    if !asker.may_see(template.record.folder.as_ref()) {
        return Err(RuntimeError::NoFlow(id).into());
    }
    let flow = app.engine().instantiate_template(&caller, id, name, folder, asker.may_start()).await?;
    flows::created(&app, &flow).await
}
