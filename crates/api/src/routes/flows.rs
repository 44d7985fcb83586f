//! Flows: what there are, and what they say.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Map, Value};
use steadflow_core::execution::FlowVersion;
use steadflow_core::flow::{Fault, Faults, Flow};
use steadflow_core::folder::{Folder, Folders};
use steadflow_core::ids::{FlowId, TenantId};
use steadflow_core::template::pointer_token;
use steadflow_runtime::{CurrentFlow, DocumentEdit, FlowEdit, NewFlow};
use steadflow_store::{Damaged, ExecutionCounts, FlowFilter, FlowRecord, FlowStatus, Listed};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, EditFlows, OfFlows, OfParts, ViewCatalogue};
use crate::documents::{FlowDraft, FlowInput, FlowPatch};
use crate::folders::{narrowed, take_folder};
use crate::if_match::IfMatch;
use crate::json::Json;
use crate::path::PathId;
use crate::people::RequestPrincipal;
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::query::{FromParams, Params, Query, Window};
use crate::reply;
use crate::views::entry::{entries, id_of};
use crate::views::fault::DocumentFault;
use crate::views::flow::{FlowEntry, FlowView};
use crate::views::wire::FlowStatusName;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_flows, create_flow))
        .routes(routes!(validate_flow))
        .routes(routes!(show_flow, change_flow, delete_flow))
        .routes(routes!(activate_flow))
}

/// Which flows to list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FlowsQuery {
    /// In this category.
    #[param(max_length = 200)]
    category: Option<String>,
    /// In this status.
    #[param(value_type = Option<FlowStatusName>)]
    status: Option<FlowStatus>,
    /// Templates only, or none.
    is_template: Option<bool>,
    /// In this folder, such as `billing/refunds`, and below it.
    #[param(value_type = Option<String>, max_length = 304)]
    folder: Option<Folder>,
    /// With this text in the name.
    #[param(max_length = 200)]
    q: Option<String>,
    #[param(ignore)]
    window: Window,
}

impl FromParams for FlowsQuery {
    fn from_params(params: &mut Params) -> Self {
        Self {
            category: params.short_text("category"),
            status: params.named("status", FlowStatus::ALL.iter().map(|status| status.as_str())),
            is_template: params.flag("is_template"),
            folder: params.folder(),
            q: params.short_text("q"),
            window: Window::from_params(params),
        }
    }
}

impl FlowsQuery {
    fn into_filter(self, tenant: TenantId, within: Option<Folders>) -> FlowFilter {
        FlowFilter {
            tenant: Some(tenant),
            category: self.category,
            status: self.status,
            is_template: self.is_template,
            starts_by_itself: None,
            has_webhook: None,
            folders: narrowed(self.folder, within),
            text: self.q,
        }
    }
}

/// Lists flows, newest first.
#[utoipa::path(get, path = "/api/v1/studio/flows", tag = "flows", extensions(("x-turn" = json!("shown"))), params(FlowsQuery, Window),
    responses((status = 200, description = "The flows, without counts", body = [FlowEntry],
               headers(("Link" = Option<String>, description = "Where the next page is, if there is one"),
                       ("X-Total-Count" = u64, description = "How many there are, on all pages together")))))]
pub(crate) async fn list_flows(
    State(app): State<App>,
    Authorized(caller, reach): Authorized<ViewCatalogue, OfFlows>,
    uri: Uri,
    Query(query): Query<FlowsQuery>,
) -> Result<Response, Problem> {
    list(&app, &uri, query.window, query.into_filter(caller.tenant, reach.within)).await
}

/// Answers with the flows that fit.
pub(super) async fn list(
    app: &App,
    uri: &Uri,
    window: Window,
    filter: FlowFilter,
) -> Result<Response, Problem> {
    let store = app.engine().store();
    let tenant = filter.tenant;
    let flows = store.flows(filter.clone(), window.page()).await?;
    let flows = window.cut_documents(flows, |flow| id_of(flow, |flow| flow.id.uuid()));
    let total = match flows.total() {
        Some(total) => total,
        None => store.count_flows(filter).await?,
    };
    let marks = match tenant {
        Some(tenant) => store.flow_draft_marks(tenant, sound_ids(&flows.rows)).await?,
        None => Vec::new(),
    };
    let view = |flow: &FlowRecord| {
        let view = FlowView::new(flow).map_err(|error| Damaged::of(flow.id.uuid(), &error));
        Ok(view?.marked(&marks))
    };
    Ok(flows.reply(uri, &entries(app.metrics(), &flows.rows, view), Some(total)))
}

fn sound_ids(flows: &[Listed<FlowRecord>]) -> Vec<FlowId> {
    flows.iter().flatten().map(|flow| flow.id).collect()
}

/// Creates a flow, as a draft unless its `status` says otherwise.
#[utoipa::path(post, path = "/api/v1/studio/flows", tag = "flows", extensions(("x-turn" = json!("document"))), request_body = FlowInput,
    responses((status = 201, description = "The flow", body = FlowView,
               headers(("Location" = String, description = "The flow's address"),
                       ("ETag" = String, description = "Its entity tag"))),
              (status = 403, description = "The document starts flows that you may not run, or you may not edit flows in the folder", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "Another active flow has the path of the webhook", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "The document has faults", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn create_flow(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditFlows, OfParts>,
    asker: RequestPrincipal,
    body: Json<FlowInput>,
) -> Result<Response, Problem> {
    let mut document = body.value.0;
    refuse_unknown_keys(&document)?;
    let status = take_status(&mut document)?.unwrap_or(FlowStatus::Draft);
    let folder = take_folder(&mut document)?.flatten();
    asker.may_edit(folder.as_ref())?;
    let may_start = asker.may_start();
    let flow = app
        .engine()
        .create_flow(&caller, NewFlow { folder, may_start, ..NewFlow::new(document, status) })
        .await?;
    created(&app, &flow).await
}

/// Answers with a flow that was just created.
pub(super) async fn created(app: &App, flow: &CurrentFlow) -> Result<Response, Problem> {
    let warnings = warnings(app, flow, &flow.version).await?;
    let view = FlowView::alone(flow, ExecutionCounts::default(), warnings)?;
    let path = format!("/api/v1/studio/flows/{}", flow.record.id);
    let response = reply::located(reply::json(StatusCode::CREATED, &view), &path);
    Ok(reply::tagged(response, flow.record.revision()))
}

/// Says what is wrong with a flow document, without storing it.
#[utoipa::path(post, path = "/api/v1/studio/flows/validate", tag = "flows", extensions(("x-turn" = json!("document"))), request_body = FlowDraft,
    responses((status = 200, description = "Whether it is valid, and every fault", body = Validation)))]
pub(crate) async fn validate_flow(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditFlows, OfParts>,
    body: Json<FlowDraft>,
) -> Result<Response, Problem> {
    let mut document = Value::Object(body.value.0);
    let problems = [take_status(&mut document).err(), take_folder(&mut document).err()];
    let (mut faults, warnings) = match Flow::parse(&document, app.engine().limits()) {
        Ok(flow) => {
            let warnings = app.engine().flow_warnings(caller.tenant, &flow).await?;
            let mut faults = app.engine().code_faults(&flow).await?;
            faults.extend(app.engine().budget_faults(caller.tenant, &flow).await?);
            (faults, warnings)
        }
        Err(faults) => (faults, Vec::new()),
    };
    faults.extend(problems.iter().flatten().flat_map(|problem| problem.errors()).cloned());
    let errors: Vec<DocumentFault> = faults.into_iter().map(Into::into).collect();
    let warnings = warnings.into_iter().map(Into::into).collect();
    Ok(reply::ok(&Validation { valid: errors.is_empty(), errors, warnings }))
}

/// Whether a document is valid.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Validation {
    valid: bool,
    errors: Vec<DocumentFault>,
    /// What is probably not meant in a valid document. It does not keep the flow from being saved and run.
    warnings: Vec<DocumentFault>,
}

/// Which version to show.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VersionQuery {
    /// This version; the current one unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 4294967295_u32)]
    version: Option<u32>,
}

impl FromParams for VersionQuery {
    fn from_params(params: &mut Params) -> Self {
        Self { version: params.version("version") }
    }
}

/// Shows a flow with its current settings and counts.
#[utoipa::path(get, path = "/api/v1/studio/flows/{id}", tag = "flows", extensions(("x-turn" = json!("shown"))),
    params(("id" = Uuid, Path, description = "The flow"), VersionQuery),
    responses((status = 200, description = "The flow", body = FlowView,
               headers(("ETag" = Option<String>, description = "Its entity tag; an older version has none")))))]
pub(crate) async fn show_flow(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewCatalogue>,
    PathId(id): PathId<FlowId>,
    Query(query): Query<VersionQuery>,
) -> Result<Response, Problem> {
    // As the database has it: another process may have changed it, and its tag must be the current one.
    let current = app.engine().stored_flow(caller.tenant, id).await?;
    let Some(version) = query.version.filter(|version| *version != current.record.version) else {
        return show(&app, &current).await;
    };
    let older = app.engine().flow_version(caller.tenant, id, version).await?;
    let warnings = warnings(&app, &current, &older).await?;
    Ok(reply::ok(&view(&app, &current).await?.at_version(&older, warnings)))
}

/// Answers with a flow at its current version.
pub(super) async fn show(app: &App, flow: &CurrentFlow) -> Result<Response, Problem> {
    Ok(reply::tagged(reply::ok(&view(app, flow).await?), flow.record.revision()))
}

async fn view(app: &App, flow: &CurrentFlow) -> Result<FlowView, Problem> {
    app.engine().show().await?;
    let counts = app.engine().store().execution_counts(flow.record.tenant, flow.record.id).await?;
    let marks = app.engine().store().flow_draft_marks(flow.record.tenant, vec![flow.record.id]).await?;
    Ok(FlowView::alone(flow, counts, warnings(app, flow, &flow.version).await?)?.marked(&marks))
}

/// Returns what is probably not meant in a version of a flow.
async fn warnings(app: &App, flow: &CurrentFlow, version: &FlowVersion) -> Result<Vec<Fault>, Problem> {
    Ok(app.engine().flow_warnings(flow.record.tenant, &version.flow).await?)
}

/// What a change saves.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SavedQuery {
    /// The revision of the draft that is saved: it is discarded with the change, unless somebody has changed it meanwhile.
    #[param(value_type = Option<u64>, minimum = 1)]
    ends_draft: Option<u64>,
    /// What is written about the version that the change makes: up to 200 characters. If it makes none, it is ignored.
    #[param(value_type = Option<String>, max_length = 200)]
    note: Option<String>,
}

impl FromParams for SavedQuery {
    fn from_params(params: &mut Params) -> Self {
        Self {
            ends_draft: params.revision("ends_draft"),
            note: params.visible_text("note").filter(|note| !note.is_empty()),
        }
    }
}

/// Changes a flow. A changed document makes a new version; what runs is untouched.
#[utoipa::path(patch, path = "/api/v1/studio/flows/{id}", tag = "flows", extensions(("x-turn" = json!("document"))),
    params(("id" = Uuid, Path, description = "The flow"), SavedQuery, IfMatch), request_body = FlowPatch,
    responses((status = 200, description = "The flow as it is then", body = FlowView,
               headers(("ETag" = String, description = "Its entity tag"))),
              (status = 403, description = "The document starts flows that you may not run, or you may not edit flows in the folder", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "Another active flow has the path of the webhook", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "The changed document has faults", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn change_flow(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditFlows>,
    PathId(id): PathId<FlowId>,
    Query(SavedQuery { ends_draft, note }): Query<SavedQuery>,
    IfMatch(allowed): IfMatch,
    asker: RequestPrincipal,
    body: Json<FlowPatch>,
) -> Result<Response, Problem> {
    let mut patch = Value::Object(body.value.0);
    refuse_unknown_keys(&patch)?;
    let status = take_status(&mut patch)?;
    let folder = take_folder(&mut patch)?;
    if let Some(folder) = &folder {
        asker.may_edit(folder.as_ref())?;
    }
    let document = DocumentEdit::Patch(patch.as_object().cloned().unwrap_or_default());
    let flow = app
        .engine()
        .edit_flow(
            &caller,
            id,
            FlowEdit { document, status, folder, allowed, may_start: asker.may_start(), ends_draft, note },
        )
        .await?;
    show(&app, &flow).await
}

/// Deletes a flow with its executions; unfinished ones are cancelled first. While one of them undoes what it did, the flow is
/// archived and not deleted.
#[utoipa::path(delete, path = "/api/v1/studio/flows/{id}", tag = "flows",
    params(("id" = Uuid, Path, description = "The flow"), IfMatch),
    responses((status = 204, description = "It is gone"),
              (status = 409, description = "An execution undoes what it did", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn delete_flow(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditFlows>,
    PathId(id): PathId<FlowId>,
    IfMatch(allowed): IfMatch,
) -> Result<StatusCode, Problem> {
    app.engine().delete_flow(&caller, id, &allowed).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets a flow active.
#[utoipa::path(patch, path = "/api/v1/studio/flows/{id}/activate", tag = "flows", extensions(("x-turn" = json!("document"))),
    params(("id" = Uuid, Path, description = "The flow"), IfMatch),
    responses((status = 200, description = "It is active", body = Activated,
               headers(("ETag" = String, description = "The flow's entity tag"))),
              (status = 409, description = "Another active flow has the path of the webhook", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn activate_flow(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditFlows>,
    PathId(id): PathId<FlowId>,
    IfMatch(allowed): IfMatch,
) -> Result<Response, Problem> {
    let edit = FlowEdit { status: Some(FlowStatus::Active), allowed, ..FlowEdit::default() };
    let flow = app.engine().edit_flow(&caller, id, edit).await?;
    let activated = Activated { status: flow.record.status.into(), message: "Flow activated" };
    Ok(reply::tagged(reply::ok(&activated), flow.record.revision()))
}

/// The answer to an activation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Activated {
    status: FlowStatusName,
    message: &'static str,
}

const STATUS_EXPECTED: &str = "`status` must be one of draft, active, paused, archived";

/// Refuses keys that only the server sets, and those that do not exist, before anything is read of the rest.
fn refuse_unknown_keys(document: &Value) -> Result<(), Problem> {
    let keys = document.as_object().into_iter().flat_map(Map::keys);
    let known = Flow::keys();
    let is_unknown =
        |key: &&String| !["status", "folder"].contains(&key.as_str()) && !known.contains(&key.as_str());
    let mut faults = Faults::default();
    faults.extend(keys.filter(is_unknown).map(|key| unknown_key(key)));
    let faults = faults.into_all();
    let Some(first) = faults.first() else { return Ok(()) };
    let detail = format!("{}. There are {}, status, folder.", first.message, known.join(", "));
    Err(Problem::new(ProblemKind::InvalidBody, detail).with_errors(faults))
}

fn unknown_key(key: &str) -> Fault {
    let message = format!("`{key}` is no key of a flow that can be set");
    Fault { pointer: format!("/{}", pointer_token(key)), message }
}

/// Takes `status` out of what was sent: it is the flow's, not the document's.
fn take_status(document: &mut Value) -> Result<Option<FlowStatus>, Problem> {
    let Some(status) = document.as_object_mut().and_then(|keys| keys.remove("status")) else {
        return Ok(None);
    };
    let known = status.as_str().and_then(|status| status.parse().ok());
    known.map(Some).ok_or_else(|| Problem::of_body("/status", format!("{STATUS_EXPECTED}.")))
}
