//! Flows that tools of agents run: what an agent that is stored may name, and what flows that ask it cannot.

use std::collections::BTreeMap;

use steadflow_core::agent::{Agent, Tool, ToolAction};
use steadflow_core::document::Fault;
use steadflow_core::flow::{Flow, STARTS_OTHERS};
use steadflow_core::ids::{AgentId, FlowId, TenantId};
use steadflow_core::work::OfferedFlow;

use crate::engine::{AgentParts, Engine};
use crate::error::RuntimeError;

/// A tool that runs a flow.
pub(super) struct FlowTool<'a> {
    /// Where it is in the document of its agent.
    pointer: String,
    pub(super) skill: &'a str,
    pub(super) tool: &'a Tool,
    pub(super) flow: FlowId,
    has_schema: bool,
}

impl Engine {
    /// Finds tools that run a flow of which nothing says what it is given. A flow that is not there yet may be created before it
    /// is called.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn flow_tool_faults(
        &self,
        tenant: TenantId,
        agent: &Agent,
    ) -> Result<Vec<Fault>, RuntimeError> {
        let mut faults = Vec::new();
        for FlowTool { pointer, flow, .. } in flow_tools(agent).filter(|tool| !tool.has_schema) {
            let Some(current) = self.flow_if_there(tenant, flow).await? else { continue };
            if current.form.is_none() {
                let message = format!(
                    "the flow {flow} has no form that says what it is given, so the tool needs an `input_schema`"
                );
                faults.push(Fault { pointer: format!("{pointer}/input_schema"), message });
            }
        }
        Ok(faults)
    }

    /// Returns what a model learns about the flows that tools of a skill run, as they are now.
    ///
    /// # Errors
    /// What the store says.
    pub async fn offered_flows(
        &self,
        tenant: TenantId,
        agent: &Agent,
        skill: &str,
    ) -> Result<BTreeMap<FlowId, OfferedFlow>, RuntimeError> {
        let mut offered = BTreeMap::new();
        for FlowTool { flow, .. } in flow_tools(agent).filter(|tool| tool.skill == skill) {
            offered.extend(self.flow_if_there(tenant, flow).await?.map(|known| (flow, known)));
        }
        Ok(offered)
    }

    /// Refuses nodes of a flow with a budget whose agent runs flows as tools, as far as the agents are known.
    ///
    /// # Errors
    /// What the store says.
    pub async fn budget_faults(&self, tenant: TenantId, flow: &Flow) -> Result<Vec<Fault>, RuntimeError> {
        let mut faults = Vec::new();
        if flow.settings.budget.is_none() {
            return Ok(faults);
        }
        let mut parts = AgentParts { tenant, wanted: flow.graph.agents.clone() };
        while let Some(records) = parts.next(self).await? {
            let known =
                records.into_iter().flatten().filter_map(|record| Some((record.id, record.agent().ok()?)));
            let known: BTreeMap<AgentId, Agent> = known.collect();
            for (pointer, node) in flow.graph.all_nodes("/flow_definition") {
                let room = node.kind.room();
                let Some((agent, skill)) = room.skill() else { continue };
                let tools = known.get(&agent).into_iter().flat_map(flow_tools);
                if let Some(tool) = tools.into_iter().find(|tool| tool.skill == skill) {
                    let pointer = format!("{pointer}/{}", room.skill_key());
                    let message =
                        format!("{STARTS_OTHERS}. The tool `{}` of the agent runs a flow", tool.tool.name);
                    faults.push(Fault { pointer, message });
                }
            }
        }
        Ok(faults)
    }

    /// Returns a warning for each node of `flow` whose agent has a tool that runs a flow which is not there.
    pub(super) async fn missing_flows(
        &self,
        tenant: TenantId,
        flow: &Flow,
        known: &BTreeMap<AgentId, Agent>,
    ) -> Result<Vec<Fault>, RuntimeError> {
        let mut missing = Vec::new();
        for (pointer, node) in flow.graph.all_nodes("/flow_definition") {
            let Some((agent, skill)) = node.kind.room().skill() else { continue };
            let Some(agent) = known.get(&agent) else { continue };
            for FlowTool { tool, flow, .. } in flow_tools(agent).filter(|tool| tool.skill == skill) {
                if self.flow_if_there(tenant, flow).await?.is_none() {
                    let message = format!(
                        "the tool `{}` of the agent runs the flow {flow}, which does not exist, so its calls fail unless it is \
                         created before",
                        tool.name
                    );
                    missing.push(Fault { pointer: format!("{pointer}/agent_id"), message });
                }
            }
        }
        Ok(missing)
    }

    async fn flow_if_there(
        &self,
        tenant: TenantId,
        flow: FlowId,
    ) -> Result<Option<OfferedFlow>, RuntimeError> {
        match self.current_flow(tenant, flow).await {
            Ok(current) => Ok(Some(current.version.flow.offered())),
            Err(RuntimeError::NoFlow(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

pub(super) fn flow_tools(agent: &Agent) -> impl Iterator<Item = FlowTool<'_>> {
    agent.skills.iter().enumerate().flat_map(|(at, skill)| {
        skill.tools.iter().enumerate().filter_map(move |(number, tool)| match &tool.action {
            ToolAction::Flow { flow_id, input_schema } => Some(FlowTool {
                pointer: format!("/skills/{at}/tools/{number}"),
                skill: &skill.name,
                tool,
                flow: *flow_id,
                has_schema: input_schema.is_some(),
            }),
            ToolAction::HttpRequest { .. } | ToolAction::Skill { .. } => None,
        })
    })
}
