//! `agent`: runs one skill of a registered agent.

use std::sync::Arc;

use serde_json::{Value, json};

use super::keys::Input;
use super::{About, Context, NamedBy, Next, NodeKind, Traits};
use crate::document::{Keys, Plain, key, text, uuid};
use crate::ids::AgentId;
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

impl Agent {
    pub(super) const ABOUT: About = About {
        name: "agent",
        named_by: NamedBy::Type,
        aliases: &[],
        title: "Agent",
        description: "Runs one skill of a registered agent.",
        traits: Traits { takes_attempts: true, makes_calls: true, ..Traits::NONE },
        output: || json!({ "title": "Output", "description": "The response of the skill." }),
        example,
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let agent_id = keys.take(
            key("agent_id", "Agent", uuid::<AgentId>())
                .needed("an agent node")
                .prompt("Choose an agent")
                .doc("A registered agent."),
        );
        let skill = keys.take(
            key("skill", "Skill", text())
                .needed("an agent node")
                .prompt("Choose a skill")
                .doc("One of the agent's skills."),
        );
        let input = keys.take(
            key("input", "Input", Input)
                .default(Plain::Object)
                .doc("The input of the skill, as its input schema describes it. Strings can be templates."),
        );
        Some(Self { agent_id: agent_id?, skill: skill?.into(), input: input? })
    }
}

fn example() -> Value {
    json!({
        "id": "score", "name": "Score vendor", "type": "agent",
        "agent_id": "018f3a5e-0000-7000-8000-000000000001", "skill": "realtime_risk_analysis",
        "input": { "vendor_id": "${trigger_data.vendor_id}" },
    })
}

impl NodeKind for Agent {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn input(&self) -> Option<&Template> {
        Some(&self.input)
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        let version = context.agent_version(self.agent_id);
        let task = Task::Skill { agent_id: self.agent_id, version, skill: Arc::clone(&self.skill) };
        Next::call(task, &self.input, context)
    }

    fn skill(&self) -> Option<(AgentId, &str)> {
        Some((self.agent_id, &self.skill))
    }
}
