//! Calls under way: a task each.

use std::cmp::Reverse;
use std::collections::HashMap;

use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::work::{CallKey, Outcome};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use crate::executor::OutcomeFuture;

/// Calls under way. A task that has ended keeps its outcome until it is taken, so there is no queue between.
#[derive(Debug, Default)]
pub(super) struct Calls {
    tasks: JoinSet<Outcome>,
    keys: HashMap<Id, CallKey>,
    running: HashMap<CallKey, Running>,
    /// How many calls were started.
    started: u64,
}

#[derive(Debug)]
struct Running {
    /// Its place in the order in which calls were started.
    place: u64,
    task: AbortHandle,
}

impl Calls {
    pub(super) fn start(&mut self, key: CallKey, work: OutcomeFuture) {
        let task = self.tasks.spawn(work);
        self.keys.insert(task.id(), key.clone());
        self.started += 1;
        self.running.insert(key, Running { place: self.started, task });
    }

    /// Stops calls; their outcomes will not come. The newest is stopped first, because it may wait for what an older one
    /// holds, and must not start when that is released.
    pub(super) fn stop(&mut self, keys: &[CallKey]) {
        let stopped = keys.iter().filter_map(|key| self.running.remove(key)).collect();
        for task in newest_first(stopped) {
            self.keys.remove(&task.id());
            task.abort();
        }
    }

    pub(super) fn stop_all(&mut self) {
        let stopped = std::mem::take(self);
        newest_first(stopped.running.into_values().collect()).for_each(|task| task.abort());
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

fn newest_first(mut calls: Vec<Running>) -> impl Iterator<Item = AbortHandle> {
    calls.sort_unstable_by_key(|call| Reverse(call.place));
    calls.into_iter().map(|call| call.task)
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
    use tokio::sync::{mpsc, oneshot};
    use tokio::time::timeout;
    use uuid::Uuid;

    use super::*;

    /// Sends a number when it is dropped.
    struct Noted(u16, mpsc::UnboundedSender<u16>);

    impl Drop for Noted {
        fn drop(&mut self) {
            let _ = self.1.send(self.0);
        }
    }

    fn key(node: u16) -> CallKey {
        let execution = ExecutionId::new(Uuid::from_u128(1));
        CallKey { execution, node: NodeIndex(node), attempt: Attempt::FIRST, step: StepKey::ONLY }
    }

    #[tokio::test(start_paused = true)]
    async fn the_newest_call_is_stopped_first() {
        let some = |calls: &mut Calls| calls.stop(&[key(0), key(1), key(2)]);
        for stop in [some, Calls::stop_all] {
            let (dropped, mut drops) = mpsc::unbounded_channel();
            let mut calls = Calls::default();
            for node in [1, 0, 2] {
                let noted = Noted(node, dropped.clone());
                let work = async move {
                    let _noted = noted;
                    std::future::pending().await
                };
                calls.start(key(node), Box::pin(work));
            }
            tokio::task::yield_now().await;

            stop(&mut calls);

            assert!(calls.next().await.is_none());
            assert_eq!([drops.recv().await, drops.recv().await, drops.recv().await], [2, 0, 1].map(Some));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_are_stopped_together_are_dropped() {
        let key = key(0);
        let (held, dropped) = oneshot::channel::<()>();
        let mut calls = Calls::default();
        let work = async move {
            let _held = held;
            std::future::pending().await
        };
        calls.start(key, Box::pin(work));

        calls.stop_all();

        let dropped = timeout(Duration::from_secs(1), dropped).await;
        assert!(matches!(dropped, Ok(Err(_))), "the call goes on: {dropped:?}");
        assert!(calls.next().await.is_none());
    }
}
