//! One attempt that belongs to no execution: a try of a skill or of a node. Nothing is stored of it.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use steadflow_core::failure::Failure;
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::trial::{self, LoopTrial, Question, Then};
use steadflow_core::usage::UsageSum;
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

/// What came of a trial of several calls.
#[derive(Debug)]
pub(crate) struct Looped {
    /// The output, or why there is none; `None` where it stopped before, at calls that `begin` did not make or at a person.
    pub(crate) result: Option<Result<Payload, Failure>>,
    /// What all calls used.
    pub(crate) used: UsageSum,
}

/// Makes the calls of `trial`, until it is over or its time is. Those that `begin` makes nothing of are left out. Dropping the
/// future stops them.
pub(crate) async fn looped(
    app: &App,
    trial: &mut LoopTrial<'_>,
    mut begin: impl FnMut(&dyn Executor, Work) -> Option<Performing>,
) -> Result<Looped, Problem> {
    let executor = executor(app)?;
    let limit = time_left(Some(trial.stop_at()), app.now()).unwrap_or(trial::TIME_MAX);
    let mut used = UsageSum::default();
    let ran = tokio::time::timeout(limit, calls(app, trial, |work| begin(executor, work), &mut used)).await;
    let result = ran.unwrap_or_else(|_| Some(Err(trial::timed_out(limit))));
    Ok(Looped { result, used })
}

/// Does a call of a trial.
pub(crate) fn any_call(executor: &dyn Executor, work: Work) -> Option<Performing> {
    Some(executor.execute(work))
}

async fn calls(
    app: &App,
    trial: &mut LoopTrial<'_>,
    mut begin: impl FnMut(Work) -> Option<Performing>,
    used: &mut UsageSum,
) -> Option<Result<Payload, Failure>> {
    let mut running = FuturesUnordered::new();
    let mut next = trial.begin(app.now());
    loop {
        match next {
            Then::Calls(works) => {
                for work in works {
                    let key = work.step.clone();
                    running.extend(begin(work).map(|begun| async move { (key, begun.await) }));
                }
            }
            Then::Wait => {}
            Then::Person => return None,
            Then::Done(result) => return Some(result),
        }
        let (key, mut outcome) = running.next().await?;
        if let Some(rest) = rest_of(&mut outcome) {
            next = Then::Calls(vec![rest]);
            continue;
        }
        outcome.usage.iter().for_each(|usage| used.add(usage));
        next = trial.ended(key, &outcome, app.now());
    }
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
