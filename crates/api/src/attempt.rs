//! One attempt that belongs to no execution: a try of a skill or of a node. Nothing is stored of it.

use steadflow_core::trial;
use steadflow_core::work::{Outcome, Work, time_left};

use crate::app::App;
use crate::problem::{Problem, ProblemKind};

/// Does `work` once, and stops it when its `stop_at` has come. Dropping the future stops it, too, so that the work ends
/// when the client goes away.
pub(crate) async fn once(app: &App, work: Work) -> Result<Outcome, Problem> {
    let Some(executor) = app.executor() else {
        return Err(Problem::new(ProblemKind::Unavailable, "This server runs no nodes and no agents."));
    };
    let limit = time_left(work.stop_at, app.now()).unwrap_or(trial::TIME_MAX);
    let outcome = tokio::time::timeout(limit, executor.execute(work)).await;
    Ok(outcome.unwrap_or_else(|_| Outcome::failed(trial::timed_out(limit))))
}
