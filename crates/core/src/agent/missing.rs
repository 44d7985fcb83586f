//! Skills that a flow asks for and its agents do not have.

use super::Agent;
use crate::flow::{Fault, Flow, Node};
use crate::ids::AgentId;

/// Returns a fault for each node of `flow` that asks an agent for a skill that it does not have. `agent_of` gives the
/// agents that are known; another one may be registered where the flow will run.
pub fn missing_skills<'a>(flow: &Flow, agent_of: impl Fn(AgentId) -> Option<&'a Agent>) -> Vec<Fault> {
    let fault = |(at, node): (usize, &Node)| {
        let kind = node.kind.room();
        let (agent, skill) = kind.skill()?;
        let missing = agent_of(agent)?.offered(skill).err()?;
        let pointer = format!("/flow_definition/nodes/{at}/{}", kind.skill_key());
        Some(Fault { pointer, message: missing.to_string() })
    };
    flow.graph.nodes.iter().enumerate().filter_map(fault).collect()
}
