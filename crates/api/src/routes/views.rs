//! Saved views: names that a person gives to filters of the list of executions.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use steadflow_core::caller::Caller;
use steadflow_core::payload::Payload;
use steadflow_store::{NoteChange, NoteKey, NoteKind, NoteRecord};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, UseOwnAccount};
use crate::json::Json;
use crate::path::PathView;
use crate::people::RequestPrincipal;
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::reply;
use crate::views::wire::Time;

/// How many views a person has at most.
const VIEWS_MAX: usize = 50;
const QUERY_CHARS_MAX: usize = 2_000;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_views)).routes(routes!(put_view, delete_view))
}

/// A name for filters of the list of executions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SavedView)]
pub(crate) struct SavedView {
    name: String,
    /// The query of the page of executions, such as `status=failed&period=24h`.
    query: String,
    updated_at: Time,
}

/// What a view shows.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct ViewBody {
    /// The query of the page of executions, such as `status=failed&period=24h`.
    #[schema(max_length = 2000)]
    query: String,
}

fn key(caller: &Caller, RequestPrincipal(principal): &RequestPrincipal, name: &str) -> NoteKey {
    let owner = principal.as_ref().map(|principal| principal.id);
    NoteKey { tenant: caller.tenant, kind: NoteKind::View, owner, name: name.into() }
}

/// Lists the views of who asks, by name. Where nobody signs in, all have the same.
#[utoipa::path(get, path = "/api/v1/studio/views", tag = "account",
    responses((status = 200, description = "The views", body = [SavedView])))]
pub(crate) async fn list_views(
    State(app): State<App>,
    Authorized(caller, _): Authorized<UseOwnAccount>,
    principal: RequestPrincipal,
) -> Result<Response, Problem> {
    let owner = key(&caller, &principal, "").owner;
    let notes = app.engine().store().notes(caller.tenant, NoteKind::View, owner).await?;
    let view = |NoteRecord { key, value, at }: NoteRecord| {
        let ViewBody { query } = serde_json::from_str(value.as_str()).ok()?;
        Some(SavedView { name: key.name.to_string(), query, updated_at: at.into() })
    };
    Ok(reply::ok(&notes.into_iter().filter_map(view).collect::<Vec<_>>()))
}

/// Saves a view, new or changed.
#[utoipa::path(put, path = "/api/v1/studio/views/{name}", tag = "account",
    params(("name" = String, Path, description = "Its name, 1 to 60 characters", min_length = 1, max_length = 60)),
    request_body = ViewBody,
    responses((status = 204, description = "It is saved"),
              (status = 409, description = "There are too many", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn put_view(
    State(app): State<App>,
    Authorized(caller, _): Authorized<UseOwnAccount>,
    principal: RequestPrincipal,
    PathView(name): PathView,
    body: Json<ViewBody>,
) -> Result<StatusCode, Problem> {
    let ViewBody { query } = body.value;
    if query.chars().count() > QUERY_CHARS_MAX {
        let detail = format!("`query` must be a text of at most {QUERY_CHARS_MAX} characters.");
        return Err(Problem::of_body("/query", detail));
    }
    let value = Payload::from_value(&json!({ "query": query }));
    let note = NoteRecord { key: key(&caller, &principal, &name), value, at: app.engine().wall() };
    let put = NoteChange::Put { note, max: VIEWS_MAX };
    if app.engine().store().change_notes(vec![put]).await?.is_some() {
        return Ok(StatusCode::NO_CONTENT);
    }
    let detail = format!("You have {VIEWS_MAX} views, which is as many as you may have. Delete one first.");
    Err(Problem::new(ProblemKind::TooManyNotes, detail))
}

/// Deletes a view.
#[utoipa::path(delete, path = "/api/v1/studio/views/{name}", tag = "account",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete_view(
    State(app): State<App>,
    Authorized(caller, _): Authorized<UseOwnAccount>,
    principal: RequestPrincipal,
    PathView(name): PathView,
) -> Result<StatusCode, Problem> {
    let delete = NoteChange::Delete { key: key(&caller, &principal, &name), written_at: None };
    if app.engine().store().change_notes(vec![delete]).await? == Some(1) {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::new(ProblemKind::NoSuchView, "You have no view of this name."))
}
