//! Tasks of MCP servers: calls that a server has accepted, and whose results have to be asked for.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{AgentId, StepKey};

/// A task that a server has begun for a call. It is stored before it is waited for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteTask {
    /// What the server calls it. Who knows it may be able to read the result, so it is not shown.
    pub id: Arc<str>,
    /// The agent that the server is.
    pub agent: AgentId,
    /// How long the server wants to be left alone between two questions, in milliseconds.
    pub poll_ms: u64,
}

impl fmt::Debug for RemoteTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteTask").field("poll_ms", &self.poll_ms).finish_non_exhaustive()
    }
}

/// A call of a node whose task has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwaitedTask {
    /// The key of the call.
    pub step: StepKey,
    /// The task.
    pub task: Arc<RemoteTask>,
    /// Whether its server has asked for input, so that it is not waited for.
    pub is_suspended: bool,
}

/// The calls of a node whose tasks have not ended. Few nodes have any, and executions are many.
#[derive(Clone, Debug, Default)]
#[expect(clippy::box_collection, reason = "it is in every node, and nearly always empty")]
pub struct AwaitedTasks(Option<Box<Vec<AwaitedTask>>>);

impl AwaitedTasks {
    /// Returns them in the order in which they began.
    pub fn all(&self) -> &[AwaitedTask] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn push(&mut self, task: AwaitedTask) {
        self.0.get_or_insert_default().push(task);
    }

    pub(crate) fn set_suspended(&mut self, step: &StepKey, is_suspended: bool) {
        let mut tasks = self.0.iter_mut().flat_map(|tasks| tasks.iter_mut());
        if let Some(awaited) = tasks.find(|awaited| awaited.step == *step) {
            awaited.is_suspended = is_suspended;
        }
    }

    pub(crate) fn remove(&mut self, step: &StepKey) {
        if let Some(tasks) = &mut self.0 {
            tasks.retain(|awaited| awaited.step != *step);
        }
        self.0.take_if(|tasks| tasks.is_empty());
    }
}
