//! What other processes on the same database edit: what is kept in memory of it here is read again.

use std::collections::BTreeSet;
use std::time::Duration;

use steadflow_core::ids::{AgentId, FlowId, TenantId};
use steadflow_store::{Edited, Edits};
use tokio::time::sleep;

use super::Engine;
use crate::agents::{all_limits, limits_of};
use crate::driver::Call;
use crate::error::RuntimeError;
use crate::shard::Message;

/// How often it is looked for edits.
const LOOK_EVERY: Duration = Duration::from_millis(500);

impl Engine {
    /// Follows the edits of all processes. It ends at once where no other process can edit anything, and else never.
    pub async fn follow_edits(&self) {
        let mut last = None;
        while self.is_shared() {
            match self.store().edits(last).await {
                Ok(edits) => {
                    let next = edits.last;
                    match self.read_again(last.is_none(), edits).await {
                        Ok(()) => last = Some(next),
                        Err(error) => {
                            tracing::warn!(error = %error, "edits of other processes could not be read")
                        }
                    }
                }
                Err(error) => tracing::warn!(error = %error, "edits of other processes could not be read"),
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Reads again what was edited; all of it the first time, as there may have been edits since the engine has read it.
    async fn read_again(&self, is_first: bool, edits: Edits) -> Result<(), RuntimeError> {
        if is_first || edits.is_cut {
            self.inner.current.lock().clear();
            for (agent, limits) in all_limits(&**self.store()).await? {
                self.limit_agent(agent, Some(limits)).await?;
            }
            self.inner.wakes.flow_changed();
            return Ok(());
        }
        let (mut flows, mut agents) = (BTreeSet::new(), BTreeSet::new());
        for edited in edits.edited {
            match edited {
                Edited::Flow(tenant, flow) => drop(flows.insert((tenant, flow))),
                Edited::Agent(tenant, agent) => drop(agents.insert((tenant, agent))),
            }
        }
        if !flows.is_empty() {
            self.inner.wakes.flow_changed();
        }
        for (tenant, flow) in flows {
            self.follow_flow(tenant, flow).await?;
        }
        for (tenant, agent) in agents {
            self.follow_agent(tenant, agent).await?;
        }
        Ok(())
    }

    /// What waits for a slot of the flow follows its new limits, as where the flow was edited.
    async fn follow_flow(&self, tenant: TenantId, flow: FlowId) -> Result<(), RuntimeError> {
        self.inner.current.lock().remove(&flow);
        match self.current_flow(tenant, flow).await {
            Ok(current) => {
                let limits = current.version.flow.settings.slot_limits();
                self.send(Call::Message(Box::new(Message::FlowLimits { flow, limits }), Vec::new())).await
            }
            Err(RuntimeError::NoFlow(_)) => Ok(()),
            // What cannot be read cannot be started, either, and the list of flows says so.
            Err(error) if error.is_damage() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Calls of an agent keep to what limits it now.
    pub(super) async fn follow_agent(&self, tenant: TenantId, agent: AgentId) -> Result<(), RuntimeError> {
        let _gate = self.agent_gate().await;
        let record = self.store().agent(tenant, agent).await?;
        self.limit_agent(agent, record.as_ref().and_then(limits_of)).await
    }
}
