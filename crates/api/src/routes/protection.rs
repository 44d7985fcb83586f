//! What the protection of an agent does.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use steadflow_core::ids::AgentId;
use steadflow_core::protection::{BreakerState, GateState};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, ViewCatalogue};
use crate::path::PathId;
use crate::problem::Problem;
use crate::reply;
use crate::views::wire::Time;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(show_protection))
}

/// What a circuit breaker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BreakerStatus)]
pub(crate) enum BreakerStatus {
    /// Calls pass.
    Closed,
    /// None does.
    Open,
    /// One call tries whether the agent responds.
    HalfOpen,
}

/// What the protection of an agent does at the moment. Without a protection, nothing waits and nothing is counted.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = ProtectionState)]
pub(crate) struct ProtectionStateView {
    /// Calls that wait for a slot.
    waiting: usize,
    /// Calls in progress.
    running: usize,
    /// What its circuit breaker does; `null` if it has none.
    breaker: Option<BreakerStatus>,
    /// Until when the breaker is open.
    open_until: Option<Time>,
    /// Until when no call begins because the agent asked for it (`Retry-After`).
    held_until: Option<Time>,
    /// When the next call begins; `null` if none waits, or if another one has to end first.
    next_at: Option<Time>,
}

impl From<GateState> for ProtectionStateView {
    fn from(state: GateState) -> Self {
        let GateState { waiting, running, breaker, held_until, next_at } = state;
        let (breaker, open_until) = match breaker {
            None => (None, None),
            Some(BreakerState::Closed) => (Some(BreakerStatus::Closed), None),
            Some(BreakerState::Open { until }) => (Some(BreakerStatus::Open), Some(until)),
            Some(BreakerState::HalfOpen) => (Some(BreakerStatus::HalfOpen), None),
        };
        let [open_until, held_until, next_at] =
            [open_until, held_until, next_at].map(|at| at.map(Time::from));
        Self { waiting, running, breaker, open_until, held_until, next_at }
    }
}

/// Shows what the protection of an agent does at the moment.
#[utoipa::path(get, path = "/api/v1/studio/agents/{id}/protection", tag = "agents", extensions(("x-turn" = json!("shown"))),
    params(("id" = Uuid, Path, description = "The agent")),
    responses((status = 200, description = "What it does", body = ProtectionStateView)))]
pub(crate) async fn show_protection(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewCatalogue>,
    PathId(id): PathId<AgentId>,
) -> Result<Response, Problem> {
    let engine = app.engine();
    engine.agent(caller.tenant, id).await?;
    let state = engine.protection_state(id).await?;
    Ok(reply::ok(&state.map(ProtectionStateView::from).unwrap_or_default()))
}
