//! Calls under way: a task each.

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
    handles: HashMap<CallKey, AbortHandle>,
}

impl Calls {
    pub(super) fn start(&mut self, key: CallKey, work: OutcomeFuture) {
        let handle = self.tasks.spawn(work);
        self.keys.insert(handle.id(), key.clone());
        self.handles.insert(key, handle);
    }

    /// Stops a call; its outcome will not come.
    pub(super) fn stop(&mut self, key: &CallKey) {
        if let Some(handle) = self.handles.remove(key) {
            self.keys.remove(&handle.id());
            handle.abort();
        }
    }

    pub(super) fn stop_all(&mut self) {
        *self = Self::default();
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
        self.handles.remove(&key);
        Some((key, outcome))
    }
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

    #[tokio::test(start_paused = true)]
    async fn calls_that_are_stopped_together_are_dropped() {
        let execution = ExecutionId::new(Uuid::from_u128(1));
        let key = CallKey { execution, node: NodeIndex(0), attempt: Attempt::FIRST, step: StepKey::ONLY };
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
