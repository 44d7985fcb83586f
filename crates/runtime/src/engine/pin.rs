//! What an execution is pinned to when it is accepted: the versions of its children's flows, and of all their agents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use steadflow_core::event::Accepted;
use steadflow_core::execution::{FlowVersion, Pinned, PinnedAgents};
use steadflow_core::ids::{AgentId, FlowId, TenantId};
use steadflow_store::{AgentRecord, Listed};

use super::Engine;
use crate::error::RuntimeError;

/// Flows that one execution may pin for its children.
const FLOWS_MAX: usize = 1_000;

/// Agents that one execution may pin. Further ones are used as they are when a node asks them.
const AGENTS_MAX: usize = 1_000;

impl Engine {
    /// Pins the flows that the execution's children run, their children's children included, and the agents that all of
    /// them ask, whose tools run flows, too. What `accepted` pins already is kept, the rest is pinned to its current version. What does not exist is
    /// not pinned; the node that asks for it fails and says so.
    pub(super) async fn pin(
        &self,
        accepted: &mut Accepted,
        flow: Arc<FlowVersion>,
    ) -> Result<Pinned, RuntimeError> {
        let graph = &flow.flow.graph;
        if graph.child_flows.is_empty() && graph.agents.is_empty() {
            return Ok(flow.into());
        }
        let mut agents: BTreeSet<AgentId> = graph.agents.iter().copied().collect();
        let mut wanted = graph.child_flows.clone();
        let (mut children, mut seen) = (BTreeMap::new(), BTreeSet::new());
        loop {
            while let Some(child) = wanted.pop().filter(|_| children.len() < FLOWS_MAX) {
                if !seen.insert(child) {
                    continue;
                }
                let version = if child == flow.flow_id {
                    Some(Arc::clone(&flow))
                } else {
                    self.child_version(accepted, child).await?
                };
                if let Some(version) = version {
                    wanted.extend(&version.flow.graph.child_flows);
                    agents.extend(&version.flow.graph.agents);
                    accepted.flows.insert(child, version.version);
                    children.insert(child, version);
                }
            }
            self.pin_agents(accepted, std::mem::take(&mut agents)).await?;
            let pinned = self.inner.versions.agents.pinned(&*self.inner.store, accepted).await?;
            wanted = flows_of_tools(pinned.as_ref()).filter(|flow| !seen.contains(flow)).collect();
            if wanted.is_empty() || children.len() >= FLOWS_MAX {
                let children = (!children.is_empty()).then(|| Arc::new(children));
                return Ok(Pinned { flow, children, agents: pinned, cipher: None });
            }
        }
    }

    /// Returns the version of `flow` that is pinned, or else its current one; `None` if there is none.
    async fn child_version(
        &self,
        accepted: &Accepted,
        flow: FlowId,
    ) -> Result<Option<Arc<FlowVersion>>, RuntimeError> {
        let found = match accepted.flows.get(&flow) {
            Some(&version) => self.flow_version(accepted.tenant, flow, version).await,
            None => self.current_flow(accepted.tenant, flow).await.map(|flow| Arc::clone(&flow.version)),
        };
        match found {
            Ok(version) => Ok(Some(version)),
            Err(RuntimeError::NoFlow(_) | RuntimeError::NoFlowVersion(..)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Pins agents, and those that their tools and judges ask.
    async fn pin_agents(
        &self,
        accepted: &mut Accepted,
        agents: BTreeSet<AgentId>,
    ) -> Result<(), RuntimeError> {
        let asked = self.pin_some_agents(accepted, agents).await?;
        // These are asked for skills of one call, so there is nothing below.
        self.pin_some_agents(accepted, asked).await.map(drop)
    }

    /// Pins agents, and returns those that their tools and judges ask.
    async fn pin_some_agents(
        &self,
        accepted: &mut Accepted,
        agents: BTreeSet<AgentId>,
    ) -> Result<BTreeSet<AgentId>, RuntimeError> {
        let mut asked = BTreeSet::new();
        let room = AGENTS_MAX.saturating_sub(accepted.agents.len());
        let is_new = |id: &AgentId| !accepted.agents.contains_key(id);
        let wanted: Vec<AgentId> = agents.into_iter().filter(is_new).take(room).collect();
        if !wanted.is_empty() {
            let mut parts = AgentParts { tenant: accepted.tenant, wanted };
            while let Some(found) = parts.next(self).await? {
                // One that cannot be read is not pinned: the node that asks it fails, and says why.
                for record in found.into_iter().flatten() {
                    accepted.agents.insert(record.id, record.version);
                    if self.is_shared() && !self.inner.versions.agents.is_known(&record) {
                        // Another process may have edited it a moment ago.
                        self.follow_agent(accepted.tenant, record.id).await?;
                    }
                    let agent = self.inner.versions.agents.of_record(&record);
                    let skills = agent.iter().flat_map(|agent| &agent.skills);
                    let rules = skills.filter_map(|skill| skill.rules.as_ref());
                    asked.extend(rules.flat_map(|rules| rules.asked_agents()));
                }
            }
        }
        Ok(asked)
    }
}

/// Returns the flows that tools of agents run.
fn flows_of_tools(agents: Option<&PinnedAgents>) -> impl Iterator<Item = FlowId> {
    let skills = agents.into_iter().flat_map(|agents| agents.values()).flat_map(|agent| &agent.skills);
    let rules = skills.filter_map(|skill| skill.rules.as_ref());
    rules.flat_map(|rules| rules.flows.values().copied())
}

/// Agents that are read part by part: all of them could take more memory than there is.
#[derive(Debug)]
pub(crate) struct AgentParts {
    pub(crate) tenant: TenantId,
    /// Those that are still to be read.
    pub(crate) wanted: Vec<AgentId>,
}

impl AgentParts {
    /// Returns the next of those that there are, in the order of their ids; `None` when there are no more.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn next(
        &mut self,
        engine: &Engine,
    ) -> Result<Option<Vec<Listed<AgentRecord>>>, RuntimeError> {
        if self.wanted.is_empty() {
            return Ok(None);
        }
        let found = engine.store().agents_of(self.tenant, self.wanted.clone()).await?;
        let last = found.last().map(|row| row.as_ref().map_or_else(|row| row.id, |agent| agent.id.uuid()));
        self.wanted.retain(|id| last.is_some_and(|last| id.uuid() > last));
        Ok((!found.is_empty()).then_some(found))
    }
}
