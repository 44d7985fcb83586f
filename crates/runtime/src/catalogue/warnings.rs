//! What a flow names that is not there. It may be registered before the flow runs, so none of it is a fault.

use std::collections::BTreeMap;

use steadflow_core::agent::{Agent, missing_skills};
use steadflow_core::flow::{Fault, Flow};
use steadflow_core::ids::{AgentId, TenantId};

use crate::engine::Engine;
use crate::error::RuntimeError;

impl Engine {
    /// Returns what is probably not meant in a flow: what [`Flow::warnings`] says, and the agents and skills that it names
    /// and that this tenant does not have. Each has a JSON pointer into the document.
    ///
    /// # Errors
    /// What the store says.
    pub async fn flow_warnings(&self, tenant: TenantId, flow: &Flow) -> Result<Vec<Fault>, RuntimeError> {
        let mut warnings = flow.warnings();
        let wanted = flow.graph.agents.clone();
        if wanted.is_empty() {
            return Ok(warnings);
        }
        let records = self.store().agents_of(tenant, wanted).await?;
        let agents: BTreeMap<AgentId, Agent> = records
            .iter()
            .map(|record| record.agent().map(|agent| (record.id, agent)))
            .collect::<Result<_, _>>()?;
        warnings.extend(missing_agents(flow, &agents));
        warnings.extend(missing_skills(flow, |id| agents.get(&id)));
        Ok(warnings)
    }
}

fn missing_agents(flow: &Flow, known: &BTreeMap<AgentId, Agent>) -> Vec<Fault> {
    let nodes = flow.graph.nodes.iter().enumerate();
    let missing = nodes.filter_map(|(at, node)| {
        let (agent, _) = node.kind.room().skill()?;
        (!known.contains_key(&agent)).then(|| Fault {
            pointer: format!("/flow_definition/nodes/{at}/agent_id"),
            message: format!("there is no agent {agent}, so the node fails unless it is registered before"),
        })
    });
    missing.collect()
}
