//! Sessions of agents: conversations that executions share.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::{AgentId, ExecutionId};
use steadflow_core::session::SessionId;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, ControlExecutions, ViewExecutions};
use crate::idempotency::IdempotencyKey;
use crate::json::Json;
use crate::path::{PathId, PathSession};
use crate::problem::{Problem, ProblemBody};
use crate::query::{FromParams, Params, Query, SessionWindow};
use crate::reply;
use crate::views::session::{SessionEntry, SessionView};
use crate::views::wire::ExecutionStatusName;

/// How many turns an answer has.
const TURNS_DEFAULT: usize = 20;
const TURNS_MAX: usize = 100;
/// How many bytes of turns are read for an answer, which shows less of long ones.
const READ_BYTES: u64 = 8 * 1024 * 1024;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_sessions))
        .routes(routes!(show_session, delete_session))
        .routes(routes!(regenerate_session))
}

/// Lists the sessions of an agent, the last used first.
#[utoipa::path(get, path = "/api/v1/studio/agents/{id}/sessions", tag = "agents",
    params(("id" = Uuid, Path, description = "The agent"), SessionWindow),
    responses((status = 200, description = "The sessions", body = [SessionEntry],
               headers(("Link" = Option<String>, description = "Where the next page is, if there is one"),
                       ("X-Total-Count" = u64, description = "How many there are, on all pages together")))))]
pub(crate) async fn list_sessions(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    PathId(id): PathId<AgentId>,
    uri: Uri,
    Query(window): Query<SessionWindow>,
) -> Result<Response, Problem> {
    app.engine().agent(caller.tenant, id).await?;
    let store = app.engine().store();
    let sessions = store.sessions(caller.tenant, id, window.page()).await?;
    let total = store.count_sessions(caller.tenant, id).await?;
    Ok(window.reply(&uri, &sessions, total, |page| page.iter().map(SessionEntry::new).collect::<Vec<_>>()))
}

/// Which turns to show.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TurnsQuery {
    /// How many to show. There are fewer where they are long.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 20)]
    limit: usize,
    /// Only turns before the one with this number.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 4294967295_u32)]
    before: Option<u32>,
    /// Of the summaries, the newest one that reaches to no turn behind the one with this number: that a node was given. Without it,
    /// the newest one.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 4294967295_u32)]
    summary_up_to: Option<u32>,
}

impl FromParams for TurnsQuery {
    fn from_params(params: &mut Params) -> Self {
        let limit = params.whole("limit", 1, TURNS_MAX).unwrap_or(TURNS_DEFAULT);
        Self { limit, before: params.version("before"), summary_up_to: params.version("summary_up_to") }
    }
}

/// Shows a session with its last turns, oldest first.
#[utoipa::path(get, path = "/api/v1/studio/agents/{id}/sessions/{key}", tag = "agents", extensions(("x-turn" = json!("shown"))),
    params(("id" = Uuid, Path, description = "The agent"), ("key" = String, Path, description = "The key of the session"), TurnsQuery),
    responses((status = 200, description = "The session", body = SessionView)))]
pub(crate) async fn show_session(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    PathSession(agent, key): PathSession,
    Query(query): Query<TurnsQuery>,
) -> Result<Response, Problem> {
    let id = SessionId { tenant: caller.tenant, agent, key };
    let session = app.engine().session(&id).await?;
    let last = query.before.map_or(u32::MAX, |before| before - 1);
    let limit = u32::try_from(query.limit).unwrap_or(u32::MAX);
    let store = app.engine().store();
    let summary = store.session_summary(id.clone(), query.summary_up_to.unwrap_or(u32::MAX)).await?;
    let turns = store.session_turns(id, last, limit, READ_BYTES).await?;
    Ok(reply::ok(&SessionView::new(&session, &turns, summary.as_ref())))
}

/// Deletes a session with its turns and summaries. The next execution that gives its key begins a new one.
#[utoipa::path(delete, path = "/api/v1/studio/agents/{id}/sessions/{key}", tag = "agents",
    params(("id" = Uuid, Path, description = "The agent"), ("key" = String, Path, description = "The key of the session")),
    responses((status = 204, description = "It is gone"),
              (status = 409, description = "An execution has it", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn delete_session(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ControlExecutions>,
    PathSession(agent, key): PathSession,
) -> Result<StatusCode, Problem> {
    app.engine().delete_session(SessionId { tenant: caller.tenant, agent, key }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which turn to write again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct RegenerateTurn {
    /// The number of the last turn, as it was seen.
    #[schema(minimum = 1)]
    turn: u32,
}

/// The answer to a turn that is written again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Regenerated {
    #[schema(value_type = Uuid)]
    new_execution_id: ExecutionId,
    /// Always `pending`: what it has come to since, the execution itself says.
    status: ExecutionStatusName,
}

/// Writes the last turn of a session again.
///
/// This starts a new execution with what the execution of that turn was started with. It reuses the outputs of that one, but
/// for the node that wrote the turn and those behind it, and its turn replaces the last one.
#[utoipa::path(post, path = "/api/v1/studio/agents/{id}/sessions/{key}/regenerate", tag = "agents",
    params(("id" = Uuid, Path, description = "The agent"), ("key" = String, Path, description = "The key of the session"),
           ("Idempotency-Key" = Option<String>, Header, description = "The same key for the same turn makes one execution", min_length = 1, max_length = 255)),
    request_body = RegenerateTurn,
    responses((status = 200, description = "The new execution is accepted", body = Regenerated),
              (status = 409, description = "Another turn was added since", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "The key was used for another request", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn regenerate_session(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ControlExecutions>,
    PathSession(agent, key): PathSession,
    idempotency: IdempotencyKey,
    body: Json<RegenerateTurn>,
) -> Result<Response, Problem> {
    let RegenerateTurn { turn } = body.value;
    let idempotency = idempotency.with_body(turn.to_string().as_bytes());
    let id = SessionId { tenant: caller.tenant, agent, key };
    let started = app.engine().regenerate(&caller, &id, turn, idempotency).await?;
    if !started.is_replay {
        app.metrics().execution_accepted();
    }
    let status = ExecutionStatus::Pending.into();
    Ok(reply::ok(&Regenerated { new_execution_id: started.execution, status }))
}
