//! What only a demo offers: to have the engine killed, and to watch it recover.

use std::process;
use std::thread;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, KillEngine};
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::query::{FromParams, Params, Query};

/// So that the answer is on its way before the process that sends it is gone.
const ANSWER_FIRST: Duration = Duration::from_millis(50);

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(kill))
}

/// Which engine to kill.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct KillQuery {
    /// This one, by `demo_engine` of `/healthz`; if it is gone, nothing happens. A browser sends a request again whose connection broke
    /// before the answer came, and the next engine would be killed as well.
    engine: Option<u32>,
}

impl FromParams for KillQuery {
    fn from_params(params: &mut Params) -> Self {
        Self { engine: params.read("engine", "the ID of a process", |text| text.parse().ok()) }
    }
}

/// Kills the engine as `kill -9` does, and starts it again. Executions go on behind the last thing that was stored.
#[utoipa::path(post, path = "/api/v1/studio/demo/kill", tag = "about", params(KillQuery),
    responses((status = 202, description = "The engine is killed within 100 ms"),
              (status = 404, description = "This server is no demo: it was started without `--demo`", body = ProblemBody, content_type = "application/problem+json")))]
async fn kill(
    State(app): State<App>,
    _: Authorized<KillEngine>,
    Query(query): Query<KillQuery>,
) -> Result<StatusCode, Problem> {
    let kill = app.kill().ok_or_else(|| {
        Problem::new(
            ProblemKind::NoSuchRoute,
            "Only a demo can be killed by a request. Start one with `steadflow serve --demo`.",
        )
    })?;
    if query.engine.is_some_and(|engine| engine != process::id()) {
        return Ok(StatusCode::ACCEPTED);
    }
    thread::spawn(move || {
        thread::sleep(ANSWER_FIRST);
        kill();
    });
    Ok(StatusCode::ACCEPTED)
}
