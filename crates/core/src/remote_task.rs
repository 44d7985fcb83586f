//! Tasks of MCP servers: calls that a server has accepted, and whose results have to be asked for.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{AgentId, StepKey};

/// A task that a server has begun for a call. It is stored before it is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteTask {
    /// What the server calls it. Who knows it may be able to read the result, so it is not shown.
    pub id: Arc<str>,
    /// The agent that the server is.
    pub agent: AgentId,
    /// How long the server wants to be left alone between two questions, in milliseconds.
    pub poll_ms: u64,
}

/// A call of a node whose task has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwaitedTask {
    /// The key of the call.
    pub step: StepKey,
    /// The task.
    pub task: Arc<RemoteTask>,
}
