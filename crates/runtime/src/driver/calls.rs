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
