//! Which flows a document starts: the one place that knows, for those who may start some flows only.
//!
//! Who may run a flow may run what it starts, because whoever has saved it may. So it is decided when a document is saved, by what it
//! says: what flows it names, in its nodes and their bodies and in the tools of the agents that they ask. What those flows start in
//! turn, others have saved.

use std::collections::BTreeMap;

use steadflow_core::access::FlowScope;
use steadflow_core::agent::Agent;
use steadflow_core::flow::{Fault, Flow};
use steadflow_core::ids::{AgentId, TenantId};

use super::flow_tools::{FlowTool, flow_tools};
use crate::engine::{AgentParts, Engine};
use crate::error::RuntimeError;

impl Engine {
    /// Finds what a document starts that `scope` does not include, with JSON pointers.
    ///
    /// # Errors
    /// What the store says.
    pub(super) async fn starts_beyond(
        &self,
        tenant: TenantId,
        flow: &Flow,
        scope: &FlowScope,
    ) -> Result<Vec<Fault>, RuntimeError> {
        if *scope == FlowScope::All {
            return Ok(Vec::new());
        }
        let mut beyond = subflows_beyond(flow, scope);
        let mut parts = AgentParts { tenant, wanted: flow.graph.agents.clone() };
        while let Some(records) = parts.next(self).await? {
            // One that cannot be read calls no tool.
            let known =
                records.into_iter().flatten().filter_map(|record| Some((record.id, record.agent().ok()?)));
            beyond.extend(tools_beyond(flow, &known.collect(), scope));
        }
        Ok(beyond)
    }
}

fn subflows_beyond(flow: &Flow, scope: &FlowScope) -> Vec<Fault> {
    let nodes = flow.graph.all_nodes("/flow_definition").into_iter();
    let started = nodes.filter_map(|(pointer, node)| Some((pointer, node.kind.room().child_flow()?)));
    let beyond = started.filter(|(_, started)| !scope.includes(*started)).map(|(pointer, started)| Fault {
        pointer: format!("{pointer}/flow_id"),
        message: format!("your key is not for the flow {started}, which this node starts"),
    });
    beyond.collect()
}

fn tools_beyond(flow: &Flow, known: &BTreeMap<AgentId, Agent>, scope: &FlowScope) -> Vec<Fault> {
    let mut beyond = Vec::new();
    for (pointer, node) in flow.graph.all_nodes("/flow_definition") {
        let Some((agent, skill)) = node.kind.room().skill() else { continue };
        let tools = known.get(&agent).into_iter().flat_map(flow_tools).filter(|tool| tool.skill == skill);
        beyond.extend(tools.filter(|tool| !scope.includes(tool.flow)).map(
            |FlowTool { tool, flow, .. }| Fault {
                pointer: format!("{pointer}/agent_id"),
                message: format!(
                    "your key is not for the flow {flow}, which the tool `{}` of the agent starts",
                    tool.name
                ),
            },
        ));
    }
    beyond
}
