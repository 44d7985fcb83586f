//! Agents and their versions.

use steadflow_core::ids::{AgentId, TenantId};

use super::super::{Database, MemoryStore};
use crate::{
    AgentChange, AgentFilter, AgentRecord, AgentUse, AgentVersionRecord, Changed, Page, PageRoom, Revision,
    StoreError, VersionPage,
};

impl MemoryStore {
    /// See [`crate::Catalogue::put_agent`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn put_agent_now(&self, change: AgentChange) -> Result<Changed<AgentRecord>, StoreError> {
        let mut database = self.open()?;
        let current = database.agents.get(&change.id);
        match current.filter(|agent| agent.tenant == change.tenant).cloned() {
            Some(agent) => Ok(database.change_agent(agent, change)),
            None if current.is_some() || change.if_revision.is_some() => Ok(Changed::Missing),
            None => Ok(Changed::Done(database.add_agent(change))),
        }
    }

    /// See [`crate::Catalogue::agent`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn agent_now(&self, tenant: TenantId, id: AgentId) -> Result<Option<AgentRecord>, StoreError> {
        Ok(self.open()?.agents.get(&id).filter(|agent| agent.tenant == tenant).cloned())
    }

    /// See [`crate::Catalogue::agents_of`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn agents_of_now(
        &self,
        tenant: TenantId,
        agents: &[AgentId],
    ) -> Result<Vec<AgentRecord>, StoreError> {
        let database = self.open()?;
        let is_asked = |agent: &&AgentRecord| agent.tenant == tenant && agents.contains(&agent.id);
        PageRoom::fill(database.agents.values().filter(is_asked).cloned().map(Ok))
    }

    /// See [`crate::Catalogue::count_agents`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn count_agents_now(&self, filter: &AgentFilter) -> Result<u64, StoreError> {
        Ok(self.open()?.agents.values().filter(|agent| filter.fits(agent)).count() as u64)
    }

    /// See [`crate::Catalogue::agents`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn agents_now(&self, filter: &AgentFilter, page: Page) -> Result<Vec<AgentRecord>, StoreError> {
        let database = self.open()?;
        let is_before = |agent: &&AgentRecord| page.before.is_none_or(|before| agent.id.uuid() < before);
        let agents = database.agents.values().rev().filter(is_before).filter(|agent| filter.fits(agent));
        PageRoom::fill(agents.take(page.limit).cloned().map(Ok))
    }

    /// See [`crate::Catalogue::agent_version`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn agent_version_now(
        &self,
        tenant: TenantId,
        id: AgentId,
        version: u32,
    ) -> Result<Option<AgentVersionRecord>, StoreError> {
        let database = self.open()?;
        let found = database.agent_versions.get(&(id, version));
        Ok(found.filter(|version| version.tenant == tenant).cloned())
    }

    /// See [`crate::Catalogue::agent_versions`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn agent_versions_now(
        &self,
        tenant: TenantId,
        id: AgentId,
        page: VersionPage,
    ) -> Result<Vec<AgentVersionRecord>, StoreError> {
        let database = self.open()?;
        let end = page.before.unwrap_or(u32::MAX);
        let versions = database.agent_versions.range((id, 0)..(id, end)).rev().map(|(_, version)| version);
        let versions = versions.filter(|version| version.tenant == tenant).take(page.limit);
        PageRoom::fill(versions.cloned().map(Ok))
    }

    /// See [`crate::Catalogue::agent_uses`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn agent_uses_now(&self, tenant: TenantId, agents: &[AgentId]) -> Result<Vec<AgentUse>, StoreError> {
        let database = self.open()?;
        Ok(agents.iter().filter_map(|agent| database.agent_uses.get(&(tenant, *agent)).copied()).collect())
    }

    /// See [`crate::Catalogue::delete_agent`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn delete_agent_now(
        &self,
        tenant: TenantId,
        id: AgentId,
        if_revision: Option<Revision>,
    ) -> Result<Changed<Revision>, StoreError> {
        let mut database = self.open()?;
        let Some(agent) = database.agents.get(&id).filter(|agent| agent.tenant == tenant) else {
            return Ok(Changed::Missing);
        };
        let current = agent.revision();
        if if_revision.is_some_and(|revision| revision != current) {
            return Ok(Changed::Conflict(current));
        }
        database.agents.remove(&id);
        database.agent_versions.retain(|(agent, _), _| *agent != id);
        database.agent_uses.remove(&(tenant, id));
        database.drawn.retain(|(_, owner, agent), _| (*owner, *agent) != (tenant, id));
        database.sessions.retain(|session, _| (session.tenant, session.agent) != (tenant, id));
        Ok(Changed::Done(current))
    }
}

impl Database {
    fn add_agent(&mut self, change: AgentChange) -> AgentRecord {
        let AgentChange { id, tenant, document, at, .. } = change;
        self.store_agent(AgentRecord { id, tenant, version: 1, document, created_at: at, updated_at: at })
    }

    fn change_agent(&mut self, agent: AgentRecord, change: AgentChange) -> Changed<AgentRecord> {
        if change.if_revision.is_some_and(|revision| revision != agent.revision()) {
            return Changed::Conflict(agent);
        }
        if agent.document.as_str() == change.document.as_str() {
            return Changed::Done(agent);
        }
        let version = agent.version + 1;
        let changed = AgentRecord { version, document: change.document, updated_at: change.at, ..agent };
        Changed::Done(self.store_agent(changed))
    }

    /// Stores an agent's current version.
    fn store_agent(&mut self, agent: AgentRecord) -> AgentRecord {
        let version = AgentVersionRecord {
            agent: agent.id,
            tenant: agent.tenant,
            version: agent.version,
            document: agent.document.clone(),
            created_at: agent.updated_at,
        };
        self.agent_versions.insert((agent.id, agent.version), version);
        self.agents.insert(agent.id, agent.clone());
        agent
    }
}

impl AgentFilter {
    fn fits(&self, agent: &AgentRecord) -> bool {
        // One that cannot be read has no key that would fit.
        let document = agent.document.to_value().unwrap_or_default();
        let skills = document["skills"].as_array().into_iter().flatten();
        let mut names = skills.map(|skill| skill.as_str().or_else(|| skill["name"].as_str()));
        let is = |key: &str, wanted: &Option<String>| {
            wanted.as_deref().is_none_or(|wanted| document[key].as_str() == Some(wanted))
        };
        self.tenant.is_none_or(|tenant| agent.tenant == tenant)
            && is("agent_type", &self.agent_type)
            && self.is_external.is_none_or(|is_external| (document["agent_type"] == "mcp") == is_external)
            && is("category", &self.category)
            && self.skill.as_deref().is_none_or(|skill| names.any(|name| name == Some(skill)))
    }
}
