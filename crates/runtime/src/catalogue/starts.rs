//! Which flows a document starts: the one place that knows, for those who may start some flows only.
//!
//! Who may run a flow may run what it starts, because whoever has saved it may. So it is decided when a document is saved, by what it
//! says: what flows it names, in its nodes and their bodies and in the tools of the agents that they ask. What those flows start in
//! turn, others have saved.

use std::collections::BTreeMap;

use steadflow_core::access::MayStart;
use steadflow_core::agent::Agent;
use steadflow_core::flow::{Fault, Flow};
use steadflow_core::ids::{AgentId, FlowId, TenantId};

use super::flow_tools::{FlowTool, flow_tools};
use crate::engine::{AgentParts, Engine};
use crate::error::RuntimeError;

/// A flow that a document starts.
struct Started {
    flow: FlowId,
    /// What starts it, as a JSON pointer and in a sentence.
    pointer: String,
    by: String,
}

impl Engine {
    /// Finds what a document starts that somebody may not, with JSON pointers.
    ///
    /// # Errors
    /// What the store says.
    pub(super) async fn starts_beyond(
        &self,
        tenant: TenantId,
        flow: &Flow,
        may_start: &MayStart,
    ) -> Result<Vec<Fault>, RuntimeError> {
        if may_start.is_all() {
            return Ok(Vec::new());
        }
        let mut all = subflows(flow);
        let mut parts = AgentParts { tenant, wanted: flow.graph.agents.clone() };
        while let Some(records) = parts.next(self).await? {
            // One that cannot be read calls no tool.
            let known =
                records.into_iter().flatten().filter_map(|record| Some((record.id, record.agent().ok()?)));
            all.extend(tools(flow, &known.collect()));
        }
        let mut beyond = Vec::new();
        for Started { flow, pointer, by } in all {
            if !may_start.includes(flow) {
                let message = format!("your key is not for the flow {flow}, which {by}");
                beyond.push(Fault { pointer, message });
            } else if !may_start.is_everywhere() && !self.is_where(tenant, flow, may_start).await? {
                let message = format!("you may not run the flow {flow}, which {by}");
                beyond.push(Fault { pointer, message });
            }
        }
        Ok(beyond)
    }

    /// Returns whether a flow is there, and where somebody may run it.
    async fn is_where(
        &self,
        tenant: TenantId,
        flow: FlowId,
        may_start: &MayStart,
    ) -> Result<bool, RuntimeError> {
        match self.current_flow(tenant, flow).await {
            Ok(current) => Ok(may_start.is_in(current.record.folder.as_ref())),
            Err(RuntimeError::NoFlow(_)) => Ok(false),
            Err(error) if error.is_damage() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn subflows(flow: &Flow) -> Vec<Started> {
    let nodes = flow.graph.all_nodes("/flow_definition").into_iter();
    let started = nodes.filter_map(|(pointer, node)| Some((pointer, node.kind.room().child_flow()?)));
    let started = started.map(|(pointer, flow)| Started {
        flow,
        pointer: format!("{pointer}/flow_id"),
        by: "this node starts".to_owned(),
    });
    started.collect()
}

fn tools(flow: &Flow, known: &BTreeMap<AgentId, Agent>) -> Vec<Started> {
    let mut started = Vec::new();
    for (pointer, node) in flow.graph.all_nodes("/flow_definition") {
        let Some((agent, skill)) = node.kind.room().skill() else { continue };
        let tools = known.get(&agent).into_iter().flat_map(flow_tools).filter(|tool| tool.skill == skill);
        started.extend(tools.map(|FlowTool { tool, flow, .. }| Started {
            flow,
            pointer: format!("{pointer}/agent_id"),
            by: format!("the tool `{}` of the agent starts", tool.name),
        }));
    }
    started
}
