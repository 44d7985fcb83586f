//! Agents whose skills have tools, or that have several models, in memory: their turns are decided here, so each execution
//! has those that it is pinned to.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use steadflow_core::agent::{Agent, Protection};
use steadflow_core::event::Accepted;
use steadflow_core::execution::PinnedAgents;
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_store::{AgentFilter, AgentRecord, Page, Store, StoreError};

use crate::kept::Kept;

/// About so many bytes takes what is made of a document, for each of its bytes.
const BYTES_PER_BYTE: usize = 4;

/// How many agents are read at once.
const PART_MAX: usize = 1_000;

/// Returns the protection of each agent that has one, of its current version. One that cannot be read has none.
///
/// # Errors
/// What the store says.
pub(crate) async fn all_protections(store: &dyn Store) -> Result<Vec<(AgentId, Protection)>, StoreError> {
    let (mut all, mut page) = (Vec::new(), Page { before: None, limit: PART_MAX });
    loop {
        let agents = store.agents(AgentFilter::default(), page).await?;
        let Some(last) = agents.last() else { return Ok(all) };
        page.before = Some(last.as_ref().map_or_else(|damaged| damaged.id, |agent| agent.id.uuid()));
        for record in agents.iter().flatten() {
            all.extend(protection_of(record).map(|protection| (record.id, protection)));
        }
    }
}

/// Returns the protection that the current version of an agent gives.
pub(crate) fn protection_of(record: &AgentRecord) -> Option<Protection> {
    // Most have none, and need not be read to know that.
    let may_have = record.document.as_str().contains("\"protection\"");
    may_have.then(|| record.agent().ok()).flatten()?.protection
}

/// Versions of agents by id and number. They never change, so nothing here grows stale.
#[derive(Debug)]
pub(crate) struct AgentVersions(Mutex<Kept<(AgentId, u32), Known>>);

/// What is known of a version.
#[derive(Debug)]
struct Known {
    tenant: TenantId,
    /// Only one whose skills have tools: the others are asked without being known here.
    with_turns: Option<Arc<Agent>>,
}

impl Known {
    fn of(&self, tenant: TenantId) -> Option<Arc<Agent>> {
        self.with_turns.clone().filter(|_| self.tenant == tenant)
    }
}

impl AgentVersions {
    /// Bytes of the versions that are kept in memory. Others are read again when they are needed.
    const BYTES_MAX: usize = 64 * 1024 * 1024;

    pub(crate) fn new() -> Self {
        Self(Mutex::new(Kept::new(Self::BYTES_MAX)))
    }

    /// Returns the agent of a record if its skills have turns.
    pub(crate) fn of_record(&self, record: &AgentRecord) -> Option<Arc<Agent>> {
        let key = (record.id, record.version);
        let known = self.0.lock().get(&key).map(|known| known.of(record.tenant));
        known.unwrap_or_else(|| self.learn(key, record.tenant, record.document.len(), record.agent()))
    }

    /// Returns those agents whose skills have turns that `accepted` pins; `None` if there are none. A version that is gone
    /// or damaged is left out: the node that asks it fails, and says why.
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
            agents.extend(found.map(|agent| (id, agent)));
        }
        Ok((!agents.is_empty()).then(|| Arc::new(agents)))
    }

    async fn version(
        &self,
        store: &dyn Store,
        tenant: TenantId,
        id: AgentId,
        version: u32,
    ) -> Result<Option<Arc<Agent>>, StoreError> {
        if let Some(known) = self.0.lock().get(&(id, version)) {
            return Ok(known.of(tenant));
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
    ) -> Option<Arc<Agent>> {
        let agent = read
            .inspect_err(|error| tracing::warn!(agent.id = %key.0, %error, "an agent cannot be read"))
            .ok()?;
        let has_turns = agent.skills.iter().any(|skill| skill.rules.is_some());
        let with_turns = has_turns.then(|| Arc::new(agent));
        let bytes = size_of::<Known>() + if has_turns { bytes.saturating_mul(BYTES_PER_BYTE) } else { 0 };
        self.0.lock().insert(key, Arc::new(Known { tenant, with_turns: with_turns.clone() }), bytes);
        with_turns
    }
}
