//! What an agent is asked beside any execution: one skill, tried by itself, and the tools that it has.

use std::sync::Arc;

use uuid::Uuid;

use super::{Pinned, TIME_MAX, asking};
use crate::flow::PlacedNode;
use crate::ids::{AgentId, Attempt, ExecutionId, FlowId, NodeId, NodeIndex, StepKey, TenantId};
use crate::payload::Payload;
use crate::timestamp::Timestamp;
use crate::trace_parent::TraceOf;
use crate::transcript::Rules;
use crate::work::{Task, Work};

/// A skill to try, and what it is given.
#[derive(Clone, Debug)]
pub struct SkillTrial {
    /// Who tries it.
    pub tenant: TenantId,
    /// The agent.
    pub agent_id: AgentId,
    /// Its version.
    pub version: u32,
    /// One of its skills.
    pub skill: Arc<str>,
    /// Its rules, if it takes several calls and can be tried: [`Self::loop_node`] is to be used then.
    pub rules: Option<Arc<Rules>>,
    /// What the skill is given.
    pub input: Payload,
    /// What the idempotency key begins with, so each trial needs a new one; nothing is stored under it.
    pub execution: ExecutionId,
}

impl SkillTrial {
    /// Returns the call to make, once, beginning at `now`.
    pub fn work(self, now: Timestamp) -> Work {
        let Self { tenant, agent_id, version, skill, input, execution, .. } = self;
        let task = Task::Skill { agent_id, version: Some(version), skill };
        work_of(tenant, execution, task, input, now)
    }
}

impl SkillTrial {
    /// Returns the node and the values with which the calls of a loop are made.
    pub fn loop_node(&self) -> (PlacedNode, Pinned) {
        let Self { tenant, execution, .. } = *self;
        (asking(self.agent_id, &self.skill), Pinned::given(tenant, execution, self.input.clone()))
    }
}

/// A question for the tools of an agent that is an MCP server.
#[derive(Clone, Debug)]
pub struct ToolsTrial {
    /// Who asks.
    pub tenant: TenantId,
    /// The agent.
    pub agent_id: AgentId,
    /// Its version.
    pub version: u32,
    /// As that of a [`SkillTrial`].
    pub execution: ExecutionId,
}

impl ToolsTrial {
    /// Returns the call to make, once, beginning at `now`.
    pub fn work(self, now: Timestamp) -> Work {
        let Self { tenant, agent_id, version, execution } = self;
        let task = Task::ListTools { agent_id, version: Some(version) };
        work_of(tenant, execution, task, Payload::null(), now)
    }
}

pub(super) fn work_of(
    tenant: TenantId,
    execution: ExecutionId,
    task: Task,
    input: Payload,
    now: Timestamp,
) -> Work {
    Work {
        tenant,
        flow: FlowId::new(Uuid::nil()),
        execution,
        node: NodeIndex(0),
        node_id: NodeId::new("try"),
        attempt: Attempt::FIRST,
        step: StepKey::ONLY,
        task,
        input,
        secrets: Arc::from([]),
        stop_at: Some(now.plus(TIME_MAX)),
        has_own_timeout: false,
        previous_error: None,
        session: None,
        remote_task: None,
        dialog: None,
        trace: TraceOf::Nothing,
    }
}
