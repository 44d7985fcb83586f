//! Events from outside.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use steadflow_core::external_event::{BESIDE_DATA_BYTES_MAX, KEY_CHARS_MAX, NAME_CHARS_MAX};
use steadflow_core::payload::Payload;
use steadflow_runtime::NewEvent;
use steadflow_store::EventEntry;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::authorized::{Authorized, RunFlows, ViewExecutions};
use crate::json::Json;
use crate::problem::{Problem, ProblemBody};
use crate::query::{Query, Window};
use crate::views::wire::{AnyJson, Time};

/// Events in one answer.
const EVENTS_MAX: usize = 100;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(send_event)).routes(routes!(list_received_events))
}

/// Something that happened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct SentEvent {
    /// What: flows and nodes name it.
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    name: Arc<str>,
    /// What it is about, such as the number of an order. A node that names another correlation goes on waiting.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    correlation: Option<Arc<str>>,
    /// What flows are given.
    #[schema(value_type = Option<AnyJson>)]
    data: Option<Payload>,
    /// What the sender calls it: an event with an id that was sent within 24 hours changes nothing.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    id: Option<Arc<str>>,
}

/// An event that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TakenEvent {
    /// Its id in flows and in lists.
    id: Uuid,
    /// Whether an event with this `id` was sent before, so that nothing follows from this one.
    is_known: bool,
}

/// Sends an event: it ends the waits of nodes that it fits, and starts active flows that name it. When this answers, the event
/// is on disk.
#[utoipa::path(post, path = "/api/v1/studio/events", tag = "events", extensions(("x-turn" = json!("document"))),
    request_body = SentEvent,
    responses((status = 202, description = "It is stored, and what follows from it comes soon", body = TakenEvent),
              (status = 507, description = "The database has no room left", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn send_event(
    State(app): State<App>,
    Authorized(caller, _): Authorized<RunFlows>,
    body: Json<SentEvent>,
) -> Result<Response, Problem> {
    let SentEvent { name, correlation, data, id: key } = body.value;
    check("name", Some(&name), NAME_CHARS_MAX)?;
    check("correlation", correlation.as_deref(), NAME_CHARS_MAX)?;
    check("id", key.as_deref(), KEY_CHARS_MAX)?;
    let data = data.unwrap_or_else(Payload::null);
    // A node returns it, with what stands beside it.
    let limits = app.engine().limits();
    let limit = limits.input_bytes_max.min(limits.output_bytes_max.saturating_sub(BESIDE_DATA_BYTES_MAX));
    if data.len() > limit {
        let detail = format!("`data` is larger than the limit of {limit} bytes.");
        return Err(Problem::of_body("/data", detail));
    }
    let event = NewEvent { name, correlation, key, data };
    let sent = app.engine().send_event(caller.tenant, event).await?;
    let taken = TakenEvent { id: sent.id, is_known: sent.is_known };
    Ok((StatusCode::ACCEPTED, axum::Json(taken)).into_response())
}

/// Refuses a text that no flow could name.
fn check(key: &str, text: Option<&str>, chars_max: usize) -> Result<(), Problem> {
    let Some(text) = text else { return Ok(()) };
    let fault = if text.is_empty() {
        "is empty".to_owned()
    } else if text.chars().count() > chars_max {
        format!("has more than {chars_max} characters")
    } else if text.chars().any(char::is_control) {
        "has characters that are not visible".to_owned()
    } else {
        return Ok(());
    };
    Err(Problem::of_body(format!("/{key}"), format!("`{key}` {fault}.")))
}

/// An event, as it was taken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReceivedEvent)]
pub(crate) struct ReceivedEventView {
    id: Uuid,
    #[schema(value_type = String)]
    name: Arc<str>,
    #[schema(value_type = Option<String>)]
    correlation: Option<Arc<str>>,
    /// What its sender calls it.
    #[schema(value_type = Option<String>)]
    sender_id: Option<Arc<str>>,
    /// How many bytes its data has, as JSON text.
    data_bytes: usize,
    at: Time,
}

impl From<&EventEntry> for ReceivedEventView {
    fn from(event: &EventEntry) -> Self {
        Self {
            id: event.id,
            name: Arc::clone(&event.name),
            correlation: event.correlation.clone(),
            sender_id: event.key.clone(),
            data_bytes: event.data_bytes,
            at: event.at.into(),
        }
    }
}

/// Lists the events of the last seven days, newest first, without their data.
#[utoipa::path(get, path = "/api/v1/studio/events/received", tag = "events", extensions(("x-turn" = json!("shown"))), params(Window),
    responses((status = 200, description = "The events", body = [ReceivedEventView],
               headers(("Link" = Option<String>, description = "Where the next page is, if there is one")))))]
pub(crate) async fn list_received_events(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    uri: Uri,
    Query(window): Query<Window>,
) -> Result<Response, Problem> {
    let window = window.at_most(EVENTS_MAX);
    let page = window.page();
    let rows = app.engine().store().events(caller.tenant, page.before, page.limit).await?;
    let page = window.cut(rows, |event| event.id);
    let views: Vec<ReceivedEventView> = page.rows.iter().map(Into::into).collect();
    Ok(page.reply(&uri, &views, None))
}
