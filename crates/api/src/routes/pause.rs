//! The switch that pauses everything of a tenant.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use steadflow_core::visible;
use steadflow_store::TenantPause;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, ControlExecutions, OfFlows, ViewCatalogue};
use crate::json::OptionalJson;
use crate::problem::{Problem, ProblemBody};
use crate::query::TEXT_CHARS_MAX;
use crate::reply;
use crate::views::event::ActorView;
use crate::views::wire::Time;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(show_pause, pause_everything)).routes(routes!(resume_everything))
}

/// Whether everything is paused.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Pause)]
pub(crate) struct PauseView {
    /// Whether nothing starts.
    paused: bool,
    /// Since when; null where it is not paused.
    since: Option<Time>,
    /// Who has paused everything.
    by: Option<ActorView<'static>>,
    /// Why, as they said.
    reason: Option<String>,
}

impl From<&TenantPause> for PauseView {
    fn from(pause: &TenantPause) -> Self {
        Self {
            paused: true,
            since: Some(pause.at.into()),
            by: Some(ActorView::owned(&pause.by)),
            reason: pause.reason.as_deref().map(Into::into),
        }
    }
}

/// Why everything is paused.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct NewPause {
    /// Shown to everybody while it lasts.
    #[schema(value_type = Option<String>, max_length = 200)]
    reason: Option<Arc<str>>,
}

/// Shows whether everything is paused, since when and by whom.
#[utoipa::path(get, path = "/api/v1/studio/pause", tag = "executions",
    responses((status = 200, description = "Whether it is", body = PauseView)))]
pub(crate) async fn show_pause(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewCatalogue, OfFlows>,
) -> Result<Response, Problem> {
    // What another process has changed is known here a moment later, and is to be shown now.
    let pauses = app.engine().store().pauses().await?;
    let pause = pauses.iter().find(|pause| pause.tenant == caller.tenant && pause.resumed.is_none());
    Ok(reply::ok(&pause.map(PauseView::from).unwrap_or_default()))
}

/// Pauses everything: no execution starts, and those that run start nothing new. What is in flight ends and is recorded, and timeouts go
/// on. Calls, schedules, webhooks and events are still accepted, and what they start waits.
#[utoipa::path(post, path = "/api/v1/studio/pause", tag = "executions", request_body = Option<NewPause>,
    responses((status = 200, description = "It is paused", body = PauseView),
              (status = 409, description = "It is paused already", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn pause_everything(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ControlExecutions>,
    body: OptionalJson<NewPause>,
) -> Result<Response, Problem> {
    let reason = body.value.reason.filter(|reason| !reason.trim().is_empty());
    let is_shown =
        |text: &str| text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(visible::is_hidden);
    if reason.as_ref().is_some_and(|reason| !is_shown(reason)) {
        let detail = format!(
            "`reason` must be a text of at most {TEXT_CHARS_MAX} characters on one line, without hidden ones."
        );
        return Err(Problem::of_body("/reason", detail));
    }
    let pause = app.engine().pause_everything(&caller, reason).await?;
    Ok(reply::ok(&PauseView::from(&pause)))
}

/// Resumes everything: what was paused with it goes on. An execution that somebody paused by itself stays paused.
#[utoipa::path(post, path = "/api/v1/studio/resume", tag = "executions",
    responses((status = 200, description = "It is resumed", body = PauseView),
              (status = 409, description = "It is not paused", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn resume_everything(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ControlExecutions>,
) -> Result<Response, Problem> {
    app.engine().resume_everything(&caller).await?;
    Ok(reply::ok(&PauseView::default()))
}
