//! One attempt that belongs to no execution: a try of a skill or of a node. Nothing is stored of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::payload::Payload;
use steadflow_core::trial::{self, LoopTrial, Question, Then};
use steadflow_core::usage::UsageSum;
use steadflow_core::work::{Outcome, Work, time_left};
use steadflow_runtime::{Executor, Performing};
use tokio::runtime::Handle;

use crate::app::App;
use crate::problem::{Problem, ProblemKind};

/// Does `work` once, and stops it when its `stop_at` has come. Dropping the future stops it, too, so that the work ends
/// when the client goes away.
pub(crate) async fn once(app: &App, work: Work) -> Result<Outcome, Problem> {
    whole(app, work, |executor, work| executor.execute(work)).await
}

/// Asks an agent that need not be stored, as [`once`] does work.
pub(crate) async fn ask(app: &App, question: Question) -> Result<Outcome, Problem> {
    let work = question.work.clone();
    whole(app, work, move |executor, work| executor.ask(Question { work, ..question.clone() })).await
}

/// Does `work` as `begin` does it, until nothing is left of it.
async fn whole(
    app: &App,
    work: Work,
    begin: impl Fn(&dyn Executor, Work) -> Performing + Clone + Send + 'static,
) -> Result<Outcome, Problem> {
    let executor = executor(app)?;
    let mut outcome = bounded(app, work.clone(), |work| begin(&**executor, work)).await;
    while let Some(work) = rest_of(&mut outcome) {
        let task = AwaitedTask::new(executor, &work, begin.clone());
        outcome = bounded(app, work, |work| begin(&**executor, work)).await;
        task.has_outcome(&outcome);
    }
    Ok(outcome)
}

/// Returns the work that is left, if a server does a call as a task.
fn rest_of(outcome: &mut Outcome) -> Option<Work> {
    if outcome.result.is_ok() && outcome.goes_on.as_ref().is_some_and(|work| work.dialog.is_some()) {
        let message = "The server asks for input in the middle of its work: run the flow, in which a person can answer.";
        outcome.result = Err(Failure::new(ErrorClass::Configuration, message));
    }
    outcome.goes_on.take_if(|_| outcome.result.is_ok()).map(|work| *work)
}

/// A task that a trial waits for. If this is dropped before the task has ended, the server is asked to cancel it.
struct AwaitedTask {
    cancel: Option<Box<dyn FnOnce() -> Performing + Send>>,
}

impl AwaitedTask {
    fn new(
        executor: &Arc<dyn Executor>,
        work: &Work,
        begin: impl FnOnce(&dyn Executor, Work) -> Performing + Send + 'static,
    ) -> Self {
        let (executor, cancelling) = (Arc::clone(executor), work.cancelling());
        let cancel = cancelling.map(|work| Box::new(move || begin(&*executor, work)) as Box<_>);
        Self { cancel }
    }

    fn has_outcome(mut self, outcome: &Outcome) {
        if outcome.goes_on.is_none() {
            self.cancel = None;
        }
    }
}

impl Drop for AwaitedTask {
    fn drop(&mut self) {
        if let (Some(cancel), Ok(runtime)) = (self.cancel.take(), Handle::try_current()) {
            runtime.spawn(cancel().into_future());
        }
    }
}

/// What came of a trial of several calls.
#[derive(Debug)]
pub(crate) struct LoopOutcome {
    /// The output, or why there is none; `None` where it stopped before, at calls that `begin` did not make or at a person.
    pub(crate) result: Option<Result<Payload, Failure>>,
    /// What all calls used.
    pub(crate) used: UsageSum,
}

/// Makes the calls of `trial`, until it is over or its time is. Those that `begin` makes nothing of are left out. Dropping the
/// future stops them.
pub(crate) async fn run_loop(
    app: &App,
    trial: &mut LoopTrial<'_>,
    mut begin: impl FnMut(&dyn Executor, Work) -> Option<Performing>,
) -> Result<LoopOutcome, Problem> {
    let executor = executor(app)?;
    let limit = time_left(Some(trial.stop_at()), app.now()).unwrap_or(trial::TIME_MAX);
    let mut used = UsageSum::default();
    let ran = tokio::time::timeout(limit, calls(app, trial, (executor, &mut begin), &mut used)).await;
    let result = ran.unwrap_or_else(|_| Some(Err(trial::timed_out(limit))));
    Ok(LoopOutcome { result, used })
}

/// Does a call of a trial.
pub(crate) fn any_call(executor: &dyn Executor, work: Work) -> Option<Performing> {
    Some(executor.execute(work))
}

async fn calls(
    app: &App,
    trial: &mut LoopTrial<'_>,
    (executor, begin): (&Arc<dyn Executor>, &mut impl FnMut(&dyn Executor, Work) -> Option<Performing>),
    used: &mut UsageSum,
) -> Option<Result<Payload, Failure>> {
    let mut running = FuturesUnordered::new();
    let mut tasks = BTreeMap::new();
    let mut next = trial.begin(app.now());
    loop {
        match next {
            Then::Calls(works) => {
                for work in works {
                    let key = work.step.clone();
                    running.extend(begin(&**executor, work).map(|begun| async move { (key, begun.await) }));
                }
            }
            // What is under way is waited for: judges, beside a person that nobody asks here.
            Then::Wait | Then::Person => {}
            Then::Done(result) => return Some(result),
        }
        let (key, mut outcome) = running.next().await?;
        if let Some(rest) = rest_of(&mut outcome) {
            tasks.insert(key, AwaitedTask::new(executor, &rest, |executor, work| executor.execute(work)));
            next = Then::Calls(vec![rest]);
            continue;
        }
        if let Some(task) = tasks.remove(&key) {
            task.has_outcome(&outcome);
        }
        outcome.usage.iter().for_each(|usage| used.add(usage));
        next = trial.ended(key, &outcome, app.now());
    }
}

fn executor(app: &App) -> Result<&Arc<dyn Executor>, Problem> {
    let none = || Problem::new(ProblemKind::Unavailable, "This server runs no nodes and no agents.");
    app.executor().ok_or_else(none)
}

/// Waits for the outcome of `work`. If that does not come in time, nothing is known of a task that it waits for.
async fn bounded(app: &App, work: Work, begin: impl FnOnce(Work) -> Performing) -> Outcome {
    let limit = time_left(work.stop_at, app.now()).unwrap_or(trial::TIME_MAX);
    let outcome = tokio::time::timeout(limit, begin(work.clone())).await;
    outcome.unwrap_or_else(|_| work.failed(trial::timed_out(limit)))
}
