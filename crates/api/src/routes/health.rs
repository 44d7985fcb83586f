//! Whether the server lives, whether it takes work, and what it counts. Outside `/api`, for those who watch it.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, WatchServer};
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::reply;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(healthz)).routes(routes!(readyz)).routes(routes!(metrics))
}

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    status: &'static str,
    version: &'static str,
    /// What the data survives.
    durability: String,
    /// Executions in memory.
    live_executions: usize,
    /// How much room the database has: `enough`, `low`, or `reserved` for executions that run; then no new ones are
    /// accepted.
    room: &'static str,
    /// Whether this is a demo, whose engine `POST /api/v1/studio/demo/kill` kills.
    is_demo: bool,
    /// In a demo, the ID of the process that is its engine now.
    demo_engine: Option<u32>,
}

/// Answers as long as the process lives.
#[utoipa::path(get, path = "/healthz", tag = "about",
    responses((status = 200, description = "It lives", body = Health)))]
pub(crate) async fn healthz(State(app): State<App>) -> Response {
    let engine = app.engine();
    reply::ok(&Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        durability: engine.store().durability(),
        live_executions: engine.live_count(),
        room: engine.room().as_str(),
        is_demo: app.kill().is_some(),
        demo_engine: app.kill().map(|_| std::process::id()),
    })
}

/// Reports whether new work is taken. That the room of the database is reserved is a part of the answer, and no failure:
/// what runs goes on.
#[utoipa::path(get, path = "/readyz", tag = "about",
    responses((status = 200, description = "It takes work", body = Health),
              (status = 503, description = "It is stopping, or its database failed", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn readyz(State(app): State<App>) -> Result<Response, Problem> {
    if app.engine().is_ready() {
        return Ok(healthz(State(app)).await);
    }
    Err(Problem::new(
        ProblemKind::Unavailable,
        "The server takes no new work: it is stopping, or its database failed.",
    ))
}

/// Counts for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "about",
    responses((status = 200, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text")))]
pub(crate) async fn metrics(State(app): State<App>, _: Authorized<WatchServer>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics().text(app.engine()))
}
