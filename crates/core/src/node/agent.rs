//! `agent`: runs one skill of a registered agent.

use std::sync::Arc;

use super::{Context, Next, NodeKind, Traits, expressions_of};
use crate::expression::Expression;
use crate::ids::AgentId;
use crate::payload::Payload;
use crate::template::Template;
use crate::work::Task;

/// The keys of an agent node.
#[derive(Clone, Debug)]
pub struct Agent {
    /// The agent.
    pub agent_id: AgentId,
    /// One of its skills.
    pub skill: Arc<str>,
    /// What the skill is given.
    pub input: Template,
}

impl NodeKind for Agent {
    fn name(&self) -> &'static str {
        "agent"
    }

    fn traits(&self) -> Traits {
        Traits { takes_attempts: true, ..Traits::default() }
    }

    fn expressions(&self) -> Vec<(String, &Expression)> {
        expressions_of("input", &self.input)
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        let version = context.agent_version(self.agent_id);
        let task = Task::Skill { agent_id: self.agent_id, version, skill: Arc::clone(&self.skill) };
        Next::call(task, &self.input, context)
    }

    fn shown_input<'a>(&'a self, _: Option<&'a Payload>) -> Option<&'a Payload> {
        self.input.constant()
    }

    fn skill(&self) -> Option<(AgentId, &str)> {
        Some((self.agent_id, &self.skill))
    }
}
