//! One attempt's work, as the engine hands it out and takes it back.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::flow::{Action, NodeKind};
use crate::ids::{AgentId, Attempt, ExecutionId, FlowId, NodeId, NodeIndex, TenantId};
use crate::payload::Payload;
use crate::template::{SecretSlot, Template};
use crate::timestamp::Timestamp;

/// What one attempt has to do. Its start is committed before anybody sees this.
#[derive(Clone, Debug)]
pub struct Work {
    /// Whose it is.
    pub tenant: TenantId,
    /// The flow.
    pub flow: FlowId,
    /// The execution.
    pub execution: ExecutionId,
    /// The node's place in the flow version.
    pub node: NodeIndex,
    /// The node's id, for keys and messages.
    pub node_id: NodeId,
    /// Which attempt this is.
    pub attempt: Attempt,
    /// What to do.
    pub task: Task,
    /// The resolved input. Secrets are not in it: `secrets` says where they go.
    pub input: Payload,
    /// Where the input holds `${secrets.NAME}` to be replaced.
    pub secrets: Arc<[SecretSlot]>,
    /// When the attempt is stopped: the earlier of its own timeout and the execution's deadline.
    pub stop_at: Option<Timestamp>,
    /// What was wrong with the attempt before, for work that can learn from it.
    pub previous_error: Option<Arc<str>>,
}

impl Work {
    /// Returns the key that all attempts of this node share: `<execution>:<node>`.
    pub fn idempotency_key(&self) -> String {
        format!("{}:{}", self.execution, self.node_id)
    }
}

/// The kinds of work that leave the state machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// A skill of an agent.
    Agent {
        /// The agent.
        agent_id: AgentId,
        /// Its skill.
        skill: Arc<str>,
    },
    /// A built-in action.
    Action(Action),
}

impl Task {
    /// Returns what a kind of node hands out and what that is given, or `None` if it does its work within the decision.
    pub(crate) fn of(kind: &NodeKind) -> Option<(Self, &Template)> {
        match kind {
            NodeKind::Agent { agent_id, skill, input } => {
                Some((Self::Agent { agent_id: *agent_id, skill: Arc::clone(skill) }, input))
            }
            NodeKind::Action { action: Action::Transform, .. }
            | NodeKind::Condition(_)
            | NodeKind::Delay(_)
            | NodeKind::Trigger
            | NodeKind::Parallel
            | NodeKind::Merge => None,
            NodeKind::Action { action, input } => Some((Self::Action(*action), input)),
        }
    }
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The output, or why there is none.
    pub result: Result<Payload, Failure>,
    /// What it used, failed or not.
    pub usage: Usage,
}

impl Outcome {
    /// Returns the outcome of an attempt that completed and used nothing that is counted.
    pub fn completed(output: Payload) -> Self {
        Self { result: Ok(output), usage: Usage::default() }
    }

    /// Returns the outcome of an attempt that failed and used nothing that is counted.
    pub fn failed(failure: Failure) -> Self {
        Self { result: Err(failure), usage: Usage::default() }
    }
}

/// Tokens and cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens sent to models.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub input_tokens: u64,
    /// Tokens that models answered.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub output_tokens: u64,
    /// In the currency of the agent's prices; `None` where no price is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Usage {
    /// Tells whether nothing was used.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what another attempt used.
    pub fn add(&mut self, other: Self) {
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        if let Some(cost) = other.cost {
            *self.cost.get_or_insert(0.0) += cost;
        }
    }

    /// Returns the time-independent sum of several usages.
    pub fn sum(all: impl IntoIterator<Item = Self>) -> Self {
        let mut total = Self::default();
        for usage in all {
            total.add(usage);
        }
        total
    }
}

/// How long `stop_at` is from `now`; `None` where there is no limit.
pub fn time_left(stop_at: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    stop_at.map(|moment| moment.since(now))
}
