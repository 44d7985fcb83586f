//! Calls under way: a task each.

use std::collections::HashMap;
use std::time::Duration;

use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::work::{CallKey, Outcome, Stop};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::timeout;

use crate::executor::OutcomeFuture;

/// How long calls whose outcomes nobody wants have to end before the process does.
const DETACHED_MAX: Duration = Duration::from_secs(5);

/// Calls under way. A task that has ended keeps its outcome until it is taken, so there is no queue between.
#[derive(Debug, Default)]
pub(super) struct Calls {
    tasks: JoinSet<Outcome>,
    keys: HashMap<Id, CallKey>,
    running: HashMap<CallKey, Running>,
    /// Calls whose outcomes nobody wants.
    detached: JoinSet<Outcome>,
}

/// A call that has ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// One that was wanted.
    Call(CallKey, Outcome),
    /// One that had ended when it was stopped.
    Stopped(Outcome),
}

#[derive(Debug)]
struct Running {
    stop: Stop,
    task: AbortHandle,
}

impl Calls {
    /// Adds a call that looks at `stop`.
    pub(super) fn start(&mut self, key: CallKey, stop: Stop, work: OutcomeFuture) {
        let task = self.tasks.spawn(work);
        self.keys.insert(task.id(), key.clone());
        self.running.insert(key, Running { stop, task });
    }

    /// Adds a call whose outcome nobody wants.
    pub(super) fn start_detached(&mut self, work: OutcomeFuture) {
        while self.detached.try_join_next().is_some() {}
        self.detached.spawn(work);
    }

    /// Waits for the calls whose outcomes nobody wants, for as long as they may take.
    pub(super) async fn finish_detached(&mut self) {
        let all = async { while self.detached.join_next().await.is_some() {} };
        if timeout(DETACHED_MAX, all).await.is_err() {
            let calls = self.detached.len();
            tracing::warn!(
                calls,
                "the process ends before servers have answered that they cancel their tasks"
            );
        }
    }

    /// Stops calls; their outcomes will not come.
    pub(super) fn stop(&mut self, keys: &[CallKey]) {
        let stopped: Vec<_> = keys.iter().filter_map(|key| self.running.remove(key)).collect();
        stop_together(&stopped, |task| {
            self.keys.remove(&task.id());
            task.abort();
        });
    }

    pub(super) fn stop_all(&mut self) {
        let stopped = Self { detached: std::mem::take(&mut self.detached), ..Self::default() };
        let stopped = std::mem::replace(self, stopped);
        let running: Vec<_> = stopped.running.into_values().collect();
        stop_together(&running, AbortHandle::abort);
    }

    /// Waits for an outcome; `None` if no work is under way.
    pub(super) async fn next(&mut self) -> Option<Ended> {
        loop {
            let ended = self.tasks.join_next_with_id().await?;
            if let Some(ended) = self.ended(ended) {
                return Some(ended);
            }
        }
    }

    /// Returns an outcome that is there already.
    pub(super) fn next_ready(&mut self) -> Option<Ended> {
        loop {
            let ended = self.tasks.try_join_next_with_id()?;
            if let Some(ended) = self.ended(ended) {
                return Some(ended);
            }
        }
    }

    /// Returns what a task came to, unless it was stopped before.
    fn ended(&mut self, ended: Result<(Id, Outcome), JoinError>) -> Option<Ended> {
        let (id, outcome) = match ended {
            Ok(ended) => ended,
            Err(error) if error.is_cancelled() => return None,
            Err(error) => (error.id(), Outcome::failed(panicked())),
        };
        let Some(key) = self.keys.remove(&id) else { return Some(Ended::Stopped(outcome)) };
        self.running.remove(&key);
        Some(Ended::Call(key, outcome))
    }
}

/// Stops all of `calls` before it ends one of them: another may wait for what that one holds.
fn stop_together(calls: &[Running], end: impl FnMut(&AbortHandle)) {
    calls.iter().for_each(|call| call.stop.set());
    calls.iter().map(|call| &call.task).for_each(end);
}

fn panicked() -> Failure {
    Failure::new(
        ErrorClass::Internal,
        "The node's code panicked; this is a fault of Steadflow, please report it",
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use steadflow_core::ids::{Attempt, ExecutionId, NodeIndex, StepKey};
    use tokio::sync::oneshot;
    use tokio::time::timeout;
    use uuid::Uuid;

    use super::*;

    fn key(node: u16) -> CallKey {
        let execution = ExecutionId::new(Uuid::from_u128(1));
        CallKey { execution, node: NodeIndex(node), attempt: Attempt::FIRST, step: StepKey::ONLY }
    }

    #[tokio::test(start_paused = true)]
    async fn all_calls_are_stopped_before_the_first_of_them_ends() {
        let mut calls = Calls::default();
        let stops = [0, 1, 2].map(|node| {
            let stop = Stop::default();
            calls.start(key(node), stop.clone(), Box::pin(std::future::pending()));
            stop
        });
        let running: Vec<_> = std::mem::take(&mut calls.running).into_values().collect();
        let mut ended = 0;

        stop_together(&running, |_| {
            assert!(stops.iter().all(Stop::is_set));
            ended += 1;
        });

        assert_eq!(ended, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_are_not_stopped_go_on() {
        let mut calls = Calls::default();
        let [stopped, other] = [Stop::default(), Stop::default()];
        calls.start(key(0), stopped.clone(), Box::pin(std::future::pending()));
        calls.start(key(1), other.clone(), Box::pin(async { Outcome::failed(panicked()) }));

        calls.stop(&[key(0)]);

        assert!(stopped.is_set() && !other.is_set());
        assert!(matches!(calls.next().await, Some(Ended::Call(ended, _)) if ended == key(1)));
        assert!(calls.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_had_ended_when_it_was_stopped_is_not_lost() {
        let mut calls = Calls::default();
        calls.start(key(0), Stop::default(), Box::pin(async { Outcome::failed(panicked()) }));
        tokio::task::yield_now().await;

        calls.stop(&[key(0)]);

        assert!(matches!(calls.next().await, Some(Ended::Stopped(_))));
        assert!(calls.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn detached_calls_are_waited_for_and_not_for_ever() {
        for (takes, has_ended) in [(4, true), (6, false)] {
            let (mut calls, (end, mut ended)) = (Calls::default(), oneshot::channel());
            calls.start_detached(Box::pin(async move {
                tokio::time::sleep(Duration::from_secs(takes)).await;
                let _ = end.send(());
                Outcome::failed(panicked())
            }));

            calls.stop_all();
            calls.finish_detached().await;

            assert_eq!(ended.try_recv().is_ok(), has_ended, "{takes}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_are_stopped_together_are_dropped() {
        let (held, dropped) = oneshot::channel::<()>();
        let mut calls = Calls::default();
        let work = async move {
            let _held = held;
            std::future::pending().await
        };
        let stop = Stop::default();
        calls.start(key(0), stop.clone(), Box::pin(work));

        calls.stop_all();
        assert!(stop.is_set());

        let dropped = timeout(Duration::from_secs(1), dropped).await;
        assert!(matches!(dropped, Ok(Err(_))), "the call goes on: {dropped:?}");
        assert!(calls.next().await.is_none());
    }
}
