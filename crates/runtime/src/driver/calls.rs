//! Calls under way: a task each.

use std::collections::HashMap;

use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::work::{CallKey, Outcome, Stop};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use crate::executor::OutcomeFuture;

/// Calls under way. A task that has ended keeps its outcome until it is taken, so there is no queue between.
#[derive(Debug, Default)]
pub(super) struct Calls {
    tasks: JoinSet<Outcome>,
    keys: HashMap<Id, CallKey>,
    running: HashMap<CallKey, Running>,
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

    /// Adds a call of which nobody wants to know what came of it.
    pub(super) fn start_unheard(&mut self, work: OutcomeFuture) {
        self.tasks.spawn(work);
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
        let stopped = std::mem::take(self);
        let running: Vec<_> = stopped.running.into_values().collect();
        stop_together(&running, AbortHandle::abort);
    }

    /// Waits for an outcome; `None` if no work is under way.
    pub(super) async fn next(&mut self) -> Option<(CallKey, Outcome)> {
        loop {
            let ended = self.tasks.join_next_with_id().await?;
            if let Some(outcome) = self.ended(ended) {
                return Some(outcome);
            }
        }
    }

    /// Returns an outcome that is there already.
    pub(super) fn next_ready(&mut self) -> Option<(CallKey, Outcome)> {
        loop {
            let ended = self.tasks.try_join_next_with_id()?;
            if let Some(outcome) = self.ended(ended) {
                return Some(outcome);
            }
        }
    }

    /// Returns what a task came to, unless it was stopped.
    fn ended(&mut self, ended: Result<(Id, Outcome), JoinError>) -> Option<(CallKey, Outcome)> {
        let (id, outcome) = match ended {
            Ok(ended) => ended,
            Err(error) => (error.id(), Outcome::failed(panicked())),
        };
        let key = self.keys.remove(&id)?;
        self.running.remove(&key);
        Some((key, outcome))
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
        assert_eq!(calls.next().await.map(|(key, _)| key), Some(key(1)));
        assert!(calls.next().await.is_none());
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
