//! Drafts of flows: what the editor keeps before somebody saves it as a version.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use steadflow_core::ids::FlowId;
use steadflow_core::payload::Payload;
use steadflow_runtime::DraftEdit;
use steadflow_store::FlowDraftRecord;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, EditFlows};
use crate::documents::DefinitionDraft;
use crate::json::Json;
use crate::path::PathId;
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::query::{FromParams, Params, Query};
use crate::reply;
use crate::views::wire::Time;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(show_flow_draft, put_flow_draft, delete_flow_draft))
}

/// A changed draft.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct DraftInput {
    /// The graph, with any faults.
    #[schema(value_type = DefinitionDraft)]
    flow_definition: Payload,
    /// The version of the flow that the draft was begun from.
    #[schema(minimum = 1)]
    base_version: u32,
    /// The revision of the draft that this one replaces; left out if there must be none.
    #[serde(default)]
    #[schema(minimum = 1)]
    replaces: Option<u64>,
}

/// The draft of a flow.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DraftView {
    /// What the draft is known by: each change has a larger one.
    #[schema(minimum = 1)]
    revision: u64,
    /// The version of the flow that it was begun from.
    #[schema(minimum = 1)]
    base_version: u32,
    /// The graph, with any faults.
    #[schema(value_type = DefinitionDraft)]
    flow_definition: Payload,
    /// When it was last changed.
    updated_at: Time,
    /// Who changed it last.
    updated_by: String,
}

impl From<FlowDraftRecord> for DraftView {
    fn from(draft: FlowDraftRecord) -> Self {
        Self {
            revision: draft.revision,
            base_version: draft.base_version,
            flow_definition: draft.definition,
            updated_at: draft.updated_at.into(),
            updated_by: draft.updated_by.to_string(),
        }
    }
}

/// Which revision of a draft.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RevisionQuery {
    /// Discard it only if this is its revision.
    #[param(value_type = u64, minimum = 1)]
    revision: Option<u64>,
}

impl FromParams for RevisionQuery {
    fn from_params(params: &mut Params) -> Self {
        Self { revision: params.revision("revision") }
    }
}

/// Shows the draft of a flow: what somebody has changed in the editor and not saved as a version.
#[utoipa::path(get, path = "/api/v1/studio/flows/{id}/draft", tag = "flows", extensions(("x-turn" = json!("shown"))),
    params(("id" = Uuid, Path, description = "The flow")),
    responses((status = 200, description = "The draft", body = DraftView),
              (status = 204, description = "There is none")))]
pub(crate) async fn show_flow_draft(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditFlows>,
    PathId(id): PathId<FlowId>,
) -> Result<Response, Problem> {
    let draft = app.engine().flow_draft(caller.tenant, id).await?.map(DraftView::from);
    Ok(draft.map_or_else(|| StatusCode::NO_CONTENT.into_response(), |draft| reply::ok(&draft)))
}

/// Keeps a draft of a flow, with any faults. It changes nothing that runs: saving it with `PATCH` makes a version.
#[utoipa::path(put, path = "/api/v1/studio/flows/{id}/draft", tag = "flows", extensions(("x-turn" = json!("document"))),
    params(("id" = Uuid, Path, description = "The flow")), request_body = DraftInput,
    responses((status = 200, description = "The draft as it is then", body = DraftView),
              (status = 409, description = "Another draft is current than the one that it replaces", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn put_flow_draft(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditFlows>,
    PathId(id): PathId<FlowId>,
    body: Json<DraftInput>,
) -> Result<Response, Problem> {
    let DraftInput { flow_definition, base_version, replaces } = body.value;
    if !flow_definition.as_str().trim_start().starts_with('{') {
        return Err(Problem::of_body("/flow_definition", "`flow_definition` must be an object."));
    }
    let edit = DraftEdit { replaces, base_version, definition: flow_definition };
    let draft = app.engine().put_flow_draft(&caller, id, edit).await?;
    Ok(reply::ok(&DraftView::from(draft)))
}

/// Discards the draft of a flow.
#[utoipa::path(delete, path = "/api/v1/studio/flows/{id}/draft", tag = "flows",
    params(("id" = Uuid, Path, description = "The flow"), RevisionQuery),
    responses((status = 204, description = "It is gone"),
              (status = 409, description = "It has another revision", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn delete_flow_draft(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditFlows>,
    PathId(id): PathId<FlowId>,
    Query(query): Query<RevisionQuery>,
) -> Result<StatusCode, Problem> {
    let revision = query.revision.ok_or_else(|| {
        let detail = "Say which revision of the draft to discard, with `?revision=`: it is not discarded if somebody has changed \
                      it meanwhile.";
        Problem::new(ProblemKind::InvalidParameter, detail)
    })?;
    app.engine().delete_flow_draft(caller.tenant, id, revision).await?;
    Ok(StatusCode::NO_CONTENT)
}
