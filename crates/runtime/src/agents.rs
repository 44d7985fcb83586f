//! Agents in memory. The turns of those whose skills have tools, or that have several models, are decided here, and what a
//! call may use where there is a budget, so each execution has those that it is pinned to.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use steadflow_core::agent::{Agent, Protection};
use steadflow_core::event::Accepted;
use steadflow_core::execution::{FlowVersion, PinnedAgents};
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
    agent: Arc<Agent>,
    /// Whether its turns are decided here.
    has_turns: bool,
}

/// Which agents of an execution are needed in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needed {
    /// Those whose skills have turns: the others are asked without being known here.
    WithTurns,
    /// All: what a call of them may use is reserved.
    All,
}

impl Needed {
    /// Returns which an execution of these flows needs.
    pub(crate) fn by<'f>(mut flows: impl Iterator<Item = &'f Arc<FlowVersion>>) -> Self {
        if flows.any(|version| version.flow.settings.budget.is_some()) { Self::All } else { Self::WithTurns }
    }
}

impl Known {
    fn of(&self, tenant: TenantId, needed: Needed) -> Option<Arc<Agent>> {
        let is_needed = self.tenant == tenant && (self.has_turns || needed == Needed::All);
        is_needed.then(|| Arc::clone(&self.agent))
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
        let known = self.0.lock().get(&key).map(|known| known.of(record.tenant, Needed::WithTurns));
        known.unwrap_or_else(|| {
            let known = self.learn(key, record.tenant, record.document.len(), record.agent())?;
            known.of(record.tenant, Needed::WithTurns)
        })
    }

    /// Returns those agents that `accepted` pins and that are `needed`; `None` if there are none. A version that is gone or
    /// damaged is left out: the node that asks it fails, and says why.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn pinned(
        &self,
        store: &dyn Store,
        accepted: &Accepted,
        needed: Needed,
    ) -> Result<Option<PinnedAgents>, StoreError> {
        let mut agents = BTreeMap::new();
        for (&id, &version) in &accepted.agents {
            let found = self.version(store, accepted.tenant, id, version).await?;
            let agent = found.and_then(|known| known.of(accepted.tenant, needed));
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
        let has_turns = agent.skills.iter().any(|skill| skill.rules.is_some());
        let known = Arc::new(Known { tenant, agent: Arc::new(agent), has_turns });
        let bytes = size_of::<Known>() + bytes.saturating_mul(BYTES_PER_BYTE);
        self.0.lock().insert(key, Arc::clone(&known), bytes);
        Some(known)
    }
}
