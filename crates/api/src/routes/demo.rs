//! What only a demo offers: to have the engine killed, and to watch it recover.

use std::thread;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::authorized::{Authorized, KillEngine};
use crate::problem::{Problem, ProblemBody, ProblemKind};

/// So that the answer is on its way before the process that sends it is gone.
const ANSWER_FIRST: Duration = Duration::from_millis(50);

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(kill))
}

/// Kills the engine as `kill -9` does, and starts it again. Executions go on behind the last thing that was stored.
#[utoipa::path(post, path = "/api/v1/studio/demo/kill", tag = "about",
    responses((status = 202, description = "The engine is killed within 100 ms"),
              (status = 404, description = "This server is no demo: it was started without `--demo`", body = ProblemBody, content_type = "application/problem+json")))]
async fn kill(State(app): State<App>, _: Authorized<KillEngine>) -> Result<StatusCode, Problem> {
    let kill = app.kill().ok_or_else(|| {
        Problem::new(
            ProblemKind::NoSuchRoute,
            "Only a demo can be killed by a request. Start one with `steadflow serve --demo`.",
        )
    })?;
    thread::spawn(move || {
        thread::sleep(ANSWER_FIRST);
        kill();
    });
    Ok(StatusCode::ACCEPTED)
}
