//! Agents as answers show them: no secret leaves.

use serde::Serialize;
use serde_json::{Value, json};
use steadflow_core::ids::AgentId;
use steadflow_store::{AgentRecord, AgentUse, StoreError};
use utoipa::ToSchema;

use super::wire::Time;

/// An agent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Agent)]
pub(crate) struct AgentView {
    #[schema(value_type = Uuid)]
    id: AgentId,
    name: String,
    agent_type: &'static str,
    description: String,
    /// Always `internal`: the agents of this server.
    source: &'static str,
    /// The names of its skills.
    skills: Vec<String>,
    /// Its skills, whole.
    skill_definitions: Vec<Value>,
    category: Option<String>,
    tags: Vec<String>,
    /// How to reach it; secrets are masked.
    config: Value,
    is_available: bool,
    /// Attempts of executions that have ended which called it.
    usage_count: u64,
    /// When the last of them began.
    last_used_at: Option<Time>,
    created_at: Time,
    updated_at: Time,
}

impl AgentView {
    pub(crate) fn new(record: &AgentRecord, used: Option<AgentUse>) -> Result<Self, StoreError> {
        let document = record.document.to_value();
        let definitions = document["skills"].as_array().map(Vec::as_slice).unwrap_or_default();
        let agent = record.agent()?;
        Ok(Self {
            id: record.id,
            agent_type: agent.agent_type(),
            source: "internal",
            skills: agent.skills.iter().map(|skill| skill.name.clone()).collect(),
            skill_definitions: definitions.iter().map(definition_of).collect(),
            config: agent.public_config(),
            is_available: true,
            usage_count: used.map_or(0, |used| used.calls),
            last_used_at: used.map(|used| used.last_used_at.into()),
            created_at: record.created_at.into(),
            updated_at: record.updated_at.into(),
            name: agent.name,
            description: agent.description,
            category: agent.category,
            tags: agent.tags,
        })
    }
}

/// The skill as its document gives it; a plain name becomes an object.
fn definition_of(skill: &Value) -> Value {
    skill.as_str().map_or_else(|| skill.clone(), |name| json!({ "name": name }))
}
