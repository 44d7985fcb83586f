//! One attempt that belongs to no execution: a try of a skill or of a node. Nothing is stored of it.

use steadflow_core::timestamp::Timestamp;
use steadflow_core::trial::{self, Question};
use steadflow_core::work::{Outcome, Work, time_left};

use steadflow_runtime::{Executor, Performing};

use crate::app::App;
use crate::problem::{Problem, ProblemKind};

/// Does `work` once, and stops it when its `stop_at` has come. Dropping the future stops it, too, so that the work ends
/// when the client goes away.
pub(crate) async fn once(app: &App, work: Work) -> Result<Outcome, Problem> {
    let stop_at = work.stop_at;
    let mut outcome = bounded(app, stop_at, executor(app)?.execute(work)).await?;
    while let Some(work) = rest_of(&mut outcome) {
        outcome = bounded(app, stop_at, executor(app)?.execute(work)).await?;
    }
    Ok(outcome)
}

/// Asks an agent that need not be stored, as [`once`] does work.
pub(crate) async fn ask(app: &App, question: Question) -> Result<Outcome, Problem> {
    let stop_at = question.work.stop_at;
    let mut outcome = bounded(app, stop_at, executor(app)?.ask(question.clone())).await?;
    while let Some(work) = rest_of(&mut outcome) {
        let question = Question { work, ..question.clone() };
        outcome = bounded(app, stop_at, executor(app)?.ask(question)).await?;
    }
    Ok(outcome)
}

/// Returns the work that is left, if a server does a call as a task.
fn rest_of(outcome: &mut Outcome) -> Option<Work> {
    outcome.goes_on.take_if(|_| outcome.result.is_ok()).map(|work| *work)
}

fn executor(app: &App) -> Result<&dyn Executor, Problem> {
    let none = || Problem::new(ProblemKind::Unavailable, "This server runs no nodes and no agents.");
    app.executor().map(|executor| &**executor).ok_or_else(none)
}

async fn bounded(app: &App, stop_at: Option<Timestamp>, begun: Performing) -> Result<Outcome, Problem> {
    let limit = time_left(stop_at, app.now()).unwrap_or(trial::TIME_MAX);
    let outcome = tokio::time::timeout(limit, begun).await;
    Ok(outcome.unwrap_or_else(|_| Outcome::failed(trial::timed_out(limit))))
}
