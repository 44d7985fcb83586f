//! What executions are pinned to: versions of flows and agents.

use std::sync::Arc;

use steadflow_core::event::Accepted;
use steadflow_core::execution::{FlowVersion, Pinned};
use steadflow_core::ids::FlowId;

use super::World;
use crate::agents::{PLAIN, SERVER, WITH_OTHERS, WITH_TOOLS};
use crate::ids::TOOL_FLOW;
use crate::mutation::Mutation;

impl World {
    /// Pins the flows of an execution's children, and the agents of all of them, to their current versions, as the engine
    /// does at acceptance. What is pinned already is kept.
    pub(crate) fn pinned_to_current(
        &self,
        mut accepted: Accepted,
        flow: Arc<FlowVersion>,
    ) -> (Accepted, Pinned) {
        let mut agents = flow.flow.graph.agents.clone();
        let mut wanted = flow.flow.graph.child_flows.clone();
        if agents.contains(&WITH_OTHERS) {
            wanted.push(TOOL_FLOW);
        }
        while let Some(id) = wanted.pop() {
            let Some(case) = self.cases.iter().find(|case| case.id == id) else { continue };
            let version = *accepted.flows.entry(id).or_insert(case.current().version);
            let Some(version) = case.version(version) else { continue };
            wanted.extend(&version.flow.graph.child_flows);
            agents.extend(&version.flow.graph.agents);
            if version.flow.graph.agents.contains(&WITH_OTHERS) && !accepted.flows.contains_key(&TOOL_FLOW) {
                wanted.push(TOOL_FLOW);
            }
        }
        // Their judge is pinned with them, and the server that a tool asks.
        let has_others = agents.contains(&WITH_OTHERS);
        let judge = (has_others || agents.contains(&WITH_TOOLS)).then_some(PLAIN);
        let server = has_others.then_some(SERVER);
        for agent in agents.into_iter().chain(judge).chain(server) {
            accepted.agents.entry(agent).or_insert(self.agent_version);
        }
        let pinned = self.pinned(&accepted, flow);
        (accepted, pinned)
    }

    /// Returns the versions that an execution is pinned to.
    pub(crate) fn pinned(&self, accepted: &Accepted, flow: Arc<FlowVersion>) -> Pinned {
        let version = |(id, version): (&FlowId, &u32)| {
            let case = self.cases.iter().find(|case| case.id == *id)?;
            let newest = self.breaks(Mutation::ChildrenNotPinned).then(|| case.current());
            Some((*id, self.flow_as_driven(newest.or_else(|| case.version(*version))?)))
        };
        let children = accepted.flows.iter().filter_map(version).collect();
        let skipped = self.breaks(Mutation::JudgeSkipped).then(crate::agents::unjudged);
        let agents = skipped.unwrap_or_else(|| Arc::clone(&self.agents));
        Pinned { flow, children: Some(Arc::new(children)), agents: Some(agents), cipher: None }
    }

    /// Returns the version as the engine under test is given it.
    pub(crate) fn flow_as_driven(&self, version: &Arc<FlowVersion>) -> Arc<FlowVersion> {
        if !self.breaks(Mutation::DeadlineIgnored) {
            return Arc::clone(version);
        }
        let mut flow = version.flow.clone();
        flow.settings.timeout_seconds = None;
        Arc::new(FlowVersion::new(version.tenant, version.flow_id, version.version, flow, version.limits))
    }
}
