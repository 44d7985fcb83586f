//! Cancelling, pausing and resuming an execution, and ending its compensation.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use steadflow_core::ids::{ExecutionId, TenantId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, ControlExecutions};
use crate::path::PathId;
use crate::problem::{Problem, ProblemBody};
use crate::reply;
use crate::views::wire::ExecutionStatusName;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(cancel_execution))
        .routes(routes!(stop_compensation))
        .routes(routes!(pause_execution))
        .routes(routes!(resume_execution))
}

/// The state of an execution after a call.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExecutionState {
    #[schema(value_type = Uuid)]
    execution_id: ExecutionId,
    status: ExecutionStatusName,
    /// `failed` or `cancelled` while what its nodes did is undone, and it ends so afterwards; else null.
    ending_as: Option<ExecutionStatusName>,
    message: &'static str,
}

/// Answers with the state of the execution `id`.
pub(super) async fn state(
    app: &App,
    tenant: TenantId,
    id: ExecutionId,
    message: &'static str,
) -> Result<Response, Problem> {
    let execution = app.engine().execution(tenant, id).await?.execution;
    let ending_as = execution.ending_as().map(Into::into);
    let status = execution.status().into();
    Ok(reply::ok(&ExecutionState { execution_id: id, status, ending_as, message }))
}

/// Cancels an execution that has not ended, whatever it is doing. When this answers, it has ended, or begins to undo what it
/// did (`ending_as`).
#[utoipa::path(post, path = "/api/v1/studio/executions/{id}/cancel", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution")),
    responses((status = 200, description = "It is cancelled", body = ExecutionState),
              (status = 409, description = "It has ended before, or is undoing what it did", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn cancel_execution(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ControlExecutions>,
    PathId(id): PathId<ExecutionId>,
) -> Result<Response, Problem> {
    app.engine().cancel(&caller, id).await?;
    state(&app, caller.tenant, id, "Execution cancelled").await
}

/// Ends an execution that is undoing what it did (`ending_as`), without the rest. The error names what was not undone.
#[utoipa::path(post, path = "/api/v1/studio/executions/{id}/stop-compensation", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution")),
    responses((status = 200, description = "It has ended", body = ExecutionState),
              (status = 409, description = "It has ended before, or undoes nothing", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn stop_compensation(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ControlExecutions>,
    PathId(id): PathId<ExecutionId>,
) -> Result<Response, Problem> {
    app.engine().stop_compensation(&caller, id).await?;
    state(&app, caller.tenant, id, "Compensation stopped").await
}

/// Holds an execution: nothing new starts; what is in flight ends and is recorded; the deadline goes on.
#[utoipa::path(post, path = "/api/v1/studio/executions/{id}/pause", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution")),
    responses((status = 200, description = "It is held", body = ExecutionState),
              (status = 409, description = "It is held already, or has ended", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn pause_execution(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ControlExecutions>,
    PathId(id): PathId<ExecutionId>,
) -> Result<Response, Problem> {
    app.engine().pause(&caller, id).await?;
    state(&app, caller.tenant, id, "Execution paused").await
}

/// Lets a held execution go on.
#[utoipa::path(post, path = "/api/v1/studio/executions/{id}/resume", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution")),
    responses((status = 200, description = "It goes on", body = ExecutionState),
              (status = 409, description = "It is not held", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn resume_execution(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ControlExecutions>,
    PathId(id): PathId<ExecutionId>,
) -> Result<Response, Problem> {
    app.engine().resume(&caller, id).await?;
    state(&app, caller.tenant, id, "Execution resumed").await
}
