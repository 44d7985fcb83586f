//! What the nodes of a flow ask of agents that do not have it: skills and sessions.

use super::{Agent, Backend};
use crate::flow::{Fault, Flow, Node};
use crate::ids::AgentId;

/// Returns a fault for each node of `flow` that asks an agent for a skill that it does not have. `agent_of` gives the
/// agents that are known; another one may be registered where the flow will run.
pub fn missing_skills<'a>(flow: &Flow, agent_of: impl Fn(AgentId) -> Option<&'a Agent>) -> Vec<Fault> {
    let fault = |(pointer, node): (String, &Node)| {
        let kind = node.kind.room();
        let (agent, skill) = kind.skill()?;
        let missing = agent_of(agent)?.offered(skill).err()?;
        let pointer = format!("{pointer}/{}", kind.skill_key());
        Some(Fault { pointer, message: missing.to_string() })
    };
    flow.graph.all_nodes("/flow_definition").into_iter().filter_map(fault).collect()
}

/// Returns a fault for each node of `flow` with a session whose agent can have none. `agent_of` gives the agents that are known.
pub fn impossible_sessions<'a>(flow: &Flow, agent_of: impl Fn(AgentId) -> Option<&'a Agent>) -> Vec<Fault> {
    let fault = |(pointer, node): (String, &Node)| {
        let (agent, _) = node.kind.room().skill().filter(|_| node.kind.room().names_session())?;
        let agent = agent_of(agent).filter(|agent| !matches!(agent.backend, Backend::Llm(_)))?;
        let (name, agent_type) = (&agent.name, agent.agent_type());
        let message = format!(
            "only language models have sessions, and {name} is of type `{agent_type}`, so the node fails"
        );
        Some(Fault { pointer: format!("{pointer}/session"), message })
    };
    flow.graph.all_nodes("/flow_definition").into_iter().filter_map(fault).collect()
}
