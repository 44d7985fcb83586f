//! Which flows, agents and alerts use which secrets, as they are now.

use std::collections::BTreeSet;

use steadflow_core::flow::Flow;
use steadflow_core::ids::{AgentId, FlowId, TenantId};
use steadflow_core::template::Template;
use steadflow_store::{AgentFilter, FlowFilter, Listed, Page};
use uuid::Uuid;

use crate::engine::Engine;
use crate::error::RuntimeError;

/// Documents that are read at once. Between them, others have their turn.
const PART: usize = 50;

/// What uses secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretUser {
    /// A flow: what its nodes send, those of bodies included, and what calls of its webhook are verified with.
    Flow(FlowId),
    /// An agent: its connection, its fallbacks and its tools.
    Agent(AgentId),
    /// An alert.
    Alert(Uuid),
}

/// Something that uses secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretUses {
    /// What it is.
    pub by: SecretUser,
    /// What people call it.
    pub name: String,
    /// The names of the secrets; at least one.
    pub secrets: BTreeSet<String>,
}

impl SecretUses {
    fn new(by: SecretUser, name: &str, secrets: BTreeSet<String>) -> Option<Self> {
        (!secrets.is_empty()).then(|| Self { by, name: name.to_owned(), secrets })
    }
}

impl Engine {
    /// Returns all that uses secrets, as it is saved: flows, then agents, then alerts, the newest of each first. What cannot be read
    /// is not in it, because it does not run either.
    ///
    /// # Errors
    /// What the store says.
    pub async fn secret_uses(&self, tenant: TenantId) -> Result<Vec<SecretUses>, RuntimeError> {
        let mut uses = self.secret_uses_of_flows(tenant).await?;
        uses.extend(self.secret_uses_of_agents(tenant).await?);
        for stored in self.alerts(tenant).await?.into_iter().flatten() {
            let (by, secrets) = (SecretUser::Alert(stored.record.id), stored.alert.secret_names());
            uses.extend(SecretUses::new(by, &stored.alert.name, secrets));
        }
        Ok(uses)
    }

    async fn secret_uses_of_flows(&self, tenant: TenantId) -> Result<Vec<SecretUses>, RuntimeError> {
        let filter = FlowFilter { tenant: Some(tenant), ..FlowFilter::default() };
        let (mut uses, mut before) = (Vec::new(), None);
        loop {
            let rows = self.store().flows(filter.clone(), Page { before, limit: PART }).await?;
            before = last_id(&rows, |flow| flow.id.uuid());
            if before.is_none() {
                return Ok(uses);
            }
            for record in rows.into_iter().flatten() {
                let Ok(restored) = Flow::restore(&record.document, self.limits()) else { continue };
                let secrets = of_flow(&restored.flow);
                uses.extend(SecretUses::new(SecretUser::Flow(record.id), &record.name, secrets));
            }
        }
    }

    async fn secret_uses_of_agents(&self, tenant: TenantId) -> Result<Vec<SecretUses>, RuntimeError> {
        let filter = AgentFilter { tenant: Some(tenant), ..AgentFilter::default() };
        let (mut uses, mut before) = (Vec::new(), None);
        loop {
            let rows = self.store().agents(filter.clone(), Page { before, limit: PART }).await?;
            before = last_id(&rows, |agent| agent.id.uuid());
            if before.is_none() {
                return Ok(uses);
            }
            for record in rows.into_iter().flatten() {
                let Ok(agent) = record.agent() else { continue };
                uses.extend(SecretUses::new(SecretUser::Agent(record.id), &agent.name, agent.secret_names()));
            }
        }
    }
}

fn last_id<R>(rows: &[Listed<R>], id: impl Fn(&R) -> Uuid) -> Option<Uuid> {
    rows.last().map(|row| row.as_ref().map_or_else(|damaged| damaged.id, id))
}

/// Returns the secrets that a flow names itself; those of its agents are theirs.
fn of_flow(flow: &Flow) -> BTreeSet<String> {
    let nodes = flow.graph.all_nodes("");
    let inputs = nodes.iter().filter_map(|(_, node)| node.kind.room().input());
    let sent = inputs.flat_map(Template::secrets).map(|(_, name)| name);
    let verifies = flow.webhook().into_iter().flat_map(|(_, _, webhook)| &webhook.secrets);
    sent.chain(verifies).map(ToString::to_string).collect()
}
