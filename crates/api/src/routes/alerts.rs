//! Alerts: what people want to be told of, and how.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use steadflow_core::alert::RateRule;
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_runtime::StoredAlert;
use steadflow_store::{AlertMessage, Listed};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::authorized::{Authorized, EditAlerts, ViewCatalogue};
use crate::json::Json;
use crate::path::PathId;
use crate::problem::{Problem, ProblemBody};
use crate::reply;
use crate::views::entry::{Entry, entries};
use crate::views::execution_error::ErrorView;
use crate::views::wire::{AnyJson, Time};

/// Messages that are shown of an alert.
const MESSAGES_MAX: usize = 20;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_alerts, create_alert))
        .routes(routes!(show_alert, change_alert, delete_alert))
        .routes(routes!(test_alert))
}

/// An alert.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[expect(dead_code, reason = "it describes what the engine reads by itself, with the place of each fault")]
pub(crate) struct AlertInput {
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Any of `execution_failed`, `waiting_for_person`, `recovered` (completed only thanks to retries) and `success_rate`.
    events: Option<Vec<String>>,
    /// Of the event `success_rate`: `{"below": 0.95, "window_minutes": 60, "min_executions": 10}`.
    success_rate: Option<RateView>,
    /// Of the event `waiting_for_person`: after how many minutes, and then each time again, a reminder is sent.
    #[schema(minimum = 1, maximum = 5760)]
    remind_after_minutes: Option<u32>,
    /// Of the event `waiting_for_person`: whether each message has a link to decide with, so that anyone who reads it can decide.
    decision_link: Option<bool>,
    /// Of this flow; of all, unless given.
    flow_id: Option<Uuid>,
    /// `{"type": "email", "to": […]}`, `{"type": "slack", "url": "${secrets.NAME}"}` or
    /// `{"type": "webhook", "url": …, "secret": "${secrets.NAME}"}`.
    #[schema(value_type = Option<AnyJson>)]
    channel: Option<Value>,
    /// Whether anybody is told; true unless given.
    enabled: Option<bool>,
}

/// The success rate of a flow below which a message is sent.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = AlertSuccessRate)]
pub(crate) struct RateView {
    /// More than 0, and at most 1.
    #[schema(minimum = 0, maximum = 1)]
    below: f64,
    /// Of how many minutes; 60 unless given.
    #[serde(default)]
    #[schema(minimum = 5, maximum = 1440)]
    window_minutes: Option<u32>,
    /// How many executions have to have ended in this time; 10 unless given.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000)]
    min_executions: Option<u32>,
}

impl From<RateRule> for RateView {
    fn from(RateRule { below, window_minutes, min_executions }: RateRule) -> Self {
        Self { below, window_minutes: Some(window_minutes), min_executions: Some(min_executions) }
    }
}

/// An alert, as it is stored.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
pub(crate) struct AlertView {
    id: Uuid,
    name: String,
    events: Vec<&'static str>,
    success_rate: Option<RateView>,
    remind_after_minutes: Option<u64>,
    /// Whether messages about what waits for a person have a link to decide with.
    decision_link: bool,
    flow_id: Option<Uuid>,
    /// The flow's present name.
    flow_name: Option<String>,
    /// Secrets are in it by their names.
    channel: AnyJson,
    enabled: bool,
    created_at: Time,
    updated_at: Time,
    /// Its last messages, the newest first: one in a list of alerts, else up to 20.
    messages: Vec<AlertMessageEntry>,
}

/// An alert in a list.
type AlertEntry = Entry<AlertView>;
/// A message in the list of an alert.
type AlertMessageEntry = Entry<AlertMessageView>;

/// A message of an alert.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertMessage)]
pub(crate) struct AlertMessageView {
    id: Uuid,
    /// `pending`, `sent`, `given_up`, or `cancelled`: the alert was switched off before.
    state: &'static str,
    /// What it says: the event, the flow, the execution and the error.
    about: AnyJson,
    /// How many times that happened.
    stands_for: u32,
    attempts: u32,
    created_at: Time,
    /// When it is sent next, if it is.
    next_attempt_at: Option<Time>,
    /// When it was sent, given up, or cancelled.
    ended_at: Option<Time>,
    /// Why it could not be sent the last time.
    error: Option<String>,
}

impl From<&AlertMessage> for AlertMessageView {
    fn from(message: &AlertMessage) -> Self {
        Self {
            id: message.id,
            state: message.state.as_str(),
            about: AnyJson(message.sample.clone()),
            stands_for: message.stands_for,
            attempts: message.attempts,
            created_at: message.created_at.into(),
            next_attempt_at: message.is_pending().then(|| message.next_at.into()),
            ended_at: message.ended_at.map(Timestamp::into),
            error: message.error.as_ref().map(ToString::to_string),
        }
    }
}

async fn view(app: &App, stored: StoredAlert, messages: usize) -> Result<AlertView, Problem> {
    let StoredAlert { record, alert } = stored;
    let engine = app.engine();
    let messages = engine.store().alert_messages(record.tenant, record.id, messages).await;
    let messages = messages.map_err(steadflow_runtime::RuntimeError::from)?;
    let flow_name = match alert.flow {
        Some(flow) => engine.flow_name(record.tenant, flow).await,
        None => None,
    };
    Ok(AlertView {
        id: record.id,
        events: alert.events.iter().map(|event| event.as_str()).collect(),
        success_rate: alert.success_rate.map(Into::into),
        remind_after_minutes: alert.remind_after.map(|after| after.as_secs() / 60),
        decision_link: alert.decision_link,
        flow_id: alert.flow.map(|flow| flow.uuid()),
        flow_name,
        channel: AnyJson(Payload::from_value(&alert.document()["channel"])),
        enabled: alert.is_enabled,
        name: alert.name,
        created_at: record.created_at.into(),
        updated_at: record.updated_at.into(),
        messages: entries(app.metrics(), &messages, |message| Ok(message.into())),
    })
}

/// Lists the alerts, newest first.
#[utoipa::path(get, path = "/api/v1/studio/alerts", tag = "alerts",
    responses((status = 200, description = "The alerts", body = [AlertEntry])))]
pub(crate) async fn list_alerts(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewCatalogue>,
) -> Result<Response, Problem> {
    let mut views: Vec<Listed<AlertView>> = Vec::new();
    for stored in app.engine().alerts(caller.tenant).await? {
        views.push(match stored {
            Ok(stored) => Ok(view(&app, stored, 1).await?),
            Err(damaged) => Err(damaged),
        });
    }
    let views: Vec<Entry<&AlertView>> = entries(app.metrics(), &views, Ok);
    Ok(reply::ok(&views))
}

/// Creates an alert. What happened before is not reported.
#[utoipa::path(post, path = "/api/v1/studio/alerts", tag = "alerts", request_body = AlertInput,
    responses((status = 201, description = "The alert", body = AlertView),
              (status = 409, description = "There are too many alerts", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "The alert has faults", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn create_alert(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditAlerts>,
    body: Json<Map<String, Value>>,
) -> Result<Response, Problem> {
    let stored = app.engine().create_alert(&caller, &Value::Object(body.value)).await?;
    let path = format!("/api/v1/studio/alerts/{}", stored.record.id);
    Ok(reply::located(reply::json(StatusCode::CREATED, &view(&app, stored, 1).await?), &path))
}

/// Shows an alert with its last messages.
#[utoipa::path(get, path = "/api/v1/studio/alerts/{id}", tag = "alerts", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The alert", body = AlertView),
              (status = 404, description = "There is no such alert", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_alert(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewCatalogue>,
    PathId(id): PathId<Uuid>,
) -> Result<Response, Problem> {
    let stored = app.engine().alert(caller.tenant, id).await?;
    Ok(reply::ok(&view(&app, stored, MESSAGES_MAX).await?))
}

/// Changes the keys of an alert that are given.
#[utoipa::path(patch, path = "/api/v1/studio/alerts/{id}", tag = "alerts", params(("id" = Uuid, Path)), request_body = AlertInput,
    responses((status = 200, description = "The alert", body = AlertView),
              (status = 404, description = "There is no such alert", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "The alert has faults", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn change_alert(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditAlerts>,
    PathId(id): PathId<Uuid>,
    body: Json<Map<String, Value>>,
) -> Result<Response, Problem> {
    let stored = app.engine().edit_alert(&caller, id, body.value).await?;
    Ok(reply::ok(&view(&app, stored, MESSAGES_MAX).await?))
}

/// Deletes an alert. Messages that were not sent yet are not sent any more.
#[utoipa::path(delete, path = "/api/v1/studio/alerts/{id}", tag = "alerts", params(("id" = Uuid, Path)),
    responses((status = 204, description = "It is deleted"),
              (status = 404, description = "There is no such alert", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn delete_alert(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditAlerts>,
    PathId(id): PathId<Uuid>,
) -> Result<StatusCode, Problem> {
    app.engine().delete_alert(caller.tenant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What became of a test message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertTest {
    /// Whether it was sent.
    sent: bool,
    /// Why not.
    error: Option<ErrorView>,
}

/// Sends a test message by the channel of an alert, once and at once.
#[utoipa::path(post, path = "/api/v1/studio/alerts/{id}/test", tag = "alerts", params(("id" = Uuid, Path)),
    responses((status = 200, description = "Whether it was sent, or why not", body = AlertTest),
              (status = 404, description = "There is no such alert", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn test_alert(
    State(app): State<App>,
    Authorized(caller, _): Authorized<EditAlerts>,
    PathId(id): PathId<Uuid>,
) -> Result<Response, Problem> {
    let error = app.engine().test_alert(caller.tenant, id).await?.err();
    Ok(reply::ok(&AlertTest { sent: error.is_none(), error: error.map(Into::into) }))
}
