//! Agents in memory. The turns of those whose skills have tools, or that have several models, are decided here, and what calls
//! may use of a budget, so each execution has those that it is pinned to.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use steadflow_core::agent::Agent;
use steadflow_core::event::Accepted;
use steadflow_core::execution::PinnedAgents;
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::protection::AgentLimits;
use steadflow_store::{AgentFilter, AgentRecord, Page, Store, StoreError};

use crate::kept::Kept;

/// About so many bytes takes what is made of a document, for each of its bytes.
const BYTES_PER_BYTE: usize = 4;

/// How many agents are read at once.
const PART_MAX: usize = 1_000;

/// Returns what limits each agent that is limited, by its current version. One that cannot be read is not.
///
/// # Errors
/// What the store says.
pub(crate) async fn all_limits(store: &dyn Store) -> Result<Vec<(AgentId, AgentLimits)>, StoreError> {
    let (mut all, mut page) = (Vec::new(), Page { before: None, limit: PART_MAX });
    loop {
        let agents = store.agents(AgentFilter::default(), page).await?;
        let Some(last) = agents.last() else { return Ok(all) };
        page.before = Some(last.as_ref().map_or_else(|damaged| damaged.id, |agent| agent.id.uuid()));
        for record in agents.iter().flatten() {
            all.extend(limits_of(record).map(|limits| (record.id, limits)));
        }
    }
}

/// Returns what limits an agent by its current version.
pub(crate) fn limits_of(record: &AgentRecord) -> Option<AgentLimits> {
    // Most have none, and need not be read to know that.
    let document = record.document.as_str();
    let may_have = document.contains("\"protection\"") || document.contains("\"budget\"");
    let Agent { protection, budget, .. } = may_have.then(|| record.agent().ok()).flatten()?;
    let limits = AgentLimits { tenant: record.tenant, protection, budget };
    (protection.is_some() || budget.is_some()).then_some(limits)
}

/// Versions of agents by id and number. They never change, so nothing here grows stale.
#[derive(Debug)]
pub(crate) struct AgentVersions(Mutex<Kept<(AgentId, u32), Known>>);

/// What is known of a version.
#[derive(Debug)]
struct Known {
    tenant: TenantId,
    agent: Arc<Agent>,
}

impl Known {
    fn of(&self, tenant: TenantId) -> Option<Arc<Agent>> {
        (self.tenant == tenant).then(|| Arc::clone(&self.agent))
    }
}

impl AgentVersions {
    /// Bytes of the versions that are kept in memory. Others are read again when they are needed.
    const BYTES_MAX: usize = 64 * 1024 * 1024;

    pub(crate) fn new() -> Self {
        Self(Mutex::new(Kept::new(Self::BYTES_MAX)))
    }

    /// Returns whether the version of a record was read before.
    pub(crate) fn is_known(&self, record: &AgentRecord) -> bool {
        self.0.lock().get(&(record.id, record.version)).is_some()
    }

    /// Returns the agent of a record, if it can be read.
    pub(crate) fn of_record(&self, record: &AgentRecord) -> Option<Arc<Agent>> {
        let key = (record.id, record.version);
        let known = self.0.lock().get(&key).map(|known| known.of(record.tenant));
        known.unwrap_or_else(|| {
            self.learn(key, record.tenant, record.document.len(), record.agent())?.of(record.tenant)
        })
    }

    /// Returns those agents that `accepted` pins; `None` if there are none. A version that is gone or damaged is left out: the
    /// node that asks it fails, and says why.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn pinned(
        &self,
        store: &dyn Store,
        accepted: &Accepted,
    ) -> Result<Option<PinnedAgents>, StoreError> {
        let mut agents = BTreeMap::new();
        for (&id, &version) in &accepted.agents {
            let found = self.version(store, accepted.tenant, id, version).await?;
            let agent = found.and_then(|known| known.of(accepted.tenant));
            agents.extend(agent.map(|agent| (id, agent)));
        }
        Ok((!agents.is_empty()).then(|| Arc::new(agents)))
    }

    async fn version(
        &self,
        store: &dyn Store,
        tenant: TenantId,
        id: AgentId,
        version: u32,
    ) -> Result<Option<Arc<Known>>, StoreError> {
        if let Some(known) = self.0.lock().get(&(id, version)) {
            return Ok(Some(Arc::clone(known)));
        }
        let record = match store.agent_version(tenant, id, version).await {
            Ok(record) => record,
            Err(StoreError::Corrupt { what, reason }) => {
                tracing::warn!(what, reason, "an agent that an execution is pinned to cannot be read");
                None
            }
            Err(error) => return Err(error),
        };
        let Some(record) = record else { return Ok(None) };
        Ok(self.learn((id, version), tenant, record.document.len(), record.agent()))
    }

    /// Keeps what was read. What cannot be read is not kept.
    fn learn(
        &self,
        key: (AgentId, u32),
        tenant: TenantId,
        bytes: usize,
        read: Result<Agent, StoreError>,
    ) -> Option<Arc<Known>> {
        let agent = read
            .inspect_err(|error| tracing::warn!(agent.id = %key.0, %error, "an agent cannot be read"))
            .ok()?;
        let known = Arc::new(Known { tenant, agent: Arc::new(agent) });
        let bytes = size_of::<Known>() + bytes.saturating_mul(BYTES_PER_BYTE);
        self.0.lock().insert(key, Arc::clone(&known), bytes);
        Some(known)
    }
}
