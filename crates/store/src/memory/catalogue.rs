//! Flows and agents.

use steadflow_core::ids::{AgentId, ExecutionId, FlowId, TenantId};

use super::{Database, MemoryStore};
use crate::{AgentRecord, AgentUse, FlowChange, FlowFilter, FlowRecord, FlowVersionRecord, Page, StoreError};

impl MemoryStore {
    /// See [`crate::Store::create_flow`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn create_flow_now(&self, flow: FlowRecord) -> Result<(), StoreError> {
        let mut database = self.open()?;
        database.add_version(&flow);
        database.flows.insert(flow.id, flow);
        Ok(())
    }

    /// See [`crate::Store::change_flow`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn change_flow_now(
        &self,
        tenant: TenantId,
        id: FlowId,
        change: FlowChange,
    ) -> Result<Option<FlowRecord>, StoreError> {
        let mut database = self.open()?;
        let Some(flow) = database.flows.get_mut(&id).filter(|flow| flow.tenant == tenant) else {
            return Ok(None);
        };
        let has_document = change.document.is_some();
        change.apply_to(flow);
        let flow = flow.clone();
        if has_document {
            database.add_version(&flow);
        }
        Ok(Some(flow))
    }

    /// See [`crate::Store::flow`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn flow_now(&self, tenant: TenantId, id: FlowId) -> Result<Option<FlowRecord>, StoreError> {
        Ok(self.open()?.flows.get(&id).filter(|flow| flow.tenant == tenant).cloned())
    }

    /// See [`crate::Store::flows`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn flows_now(&self, filter: &FlowFilter, page: Page) -> Result<Vec<FlowRecord>, StoreError> {
        let database = self.open()?;
        let is_before = |flow: &&FlowRecord| page.before.is_none_or(|before| flow.id.uuid() < before);
        let flows = database.flows.values().rev().filter(is_before).filter(|flow| filter.fits(flow));
        Ok(flows.take(page.limit).cloned().collect())
    }

    /// See [`crate::Store::flow_version`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn flow_version_now(
        &self,
        id: FlowId,
        version: u32,
    ) -> Result<Option<FlowVersionRecord>, StoreError> {
        Ok(self.open()?.flow_versions.get(&(id, version)).cloned())
    }

    /// See [`crate::Store::flow_versions`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn flow_versions_now(
        &self,
        tenant: TenantId,
        id: FlowId,
    ) -> Result<Vec<FlowVersionRecord>, StoreError> {
        let database = self.open()?;
        let versions =
            database.flow_versions.range((id, 0)..=(id, u32::MAX)).rev().map(|(_, version)| version);
        Ok(versions.filter(|version| version.tenant == tenant).cloned().collect())
    }

    /// See [`crate::Store::delete_flow`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn delete_flow_now(&self, tenant: TenantId, id: FlowId) -> Result<bool, StoreError> {
        let mut database = self.open()?;
        if database.flows.get(&id).is_none_or(|flow| flow.tenant != tenant) {
            return Ok(false);
        }
        database.flows.remove(&id);
        database.flow_versions.retain(|(flow, _), _| *flow != id);
        database.rollups.retain(|(_, flow, _, _), _| *flow != id);
        let executions: Vec<ExecutionId> =
            database.rows.values().filter(|row| row.flow == id).map(|row| row.id).collect();
        for execution in executions {
            database.forget(execution);
        }
        Ok(true)
    }

    /// See [`crate::Store::put_agent`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn put_agent_now(&self, agent: AgentRecord) -> Result<(), StoreError> {
        self.open()?.agents.insert(agent.id, agent);
        Ok(())
    }

    /// See [`crate::Store::agent`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn agent_now(&self, tenant: TenantId, id: AgentId) -> Result<Option<AgentRecord>, StoreError> {
        Ok(self.open()?.agents.get(&id).filter(|agent| agent.tenant == tenant).cloned())
    }

    /// See [`crate::Store::agents`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn agents_now(&self, tenant: TenantId, page: Page) -> Result<Vec<AgentRecord>, StoreError> {
        let database = self.open()?;
        let is_before = |agent: &&AgentRecord| page.before.is_none_or(|before| agent.id.uuid() < before);
        let agents = database.agents.values().rev().filter(is_before).filter(|agent| agent.tenant == tenant);
        Ok(agents.take(page.limit).cloned().collect())
    }

    /// See [`crate::Store::agent_uses`].
    ///
    /// # Errors
    /// When the store is closed.
    pub fn agent_uses_now(&self, tenant: TenantId, agents: &[AgentId]) -> Result<Vec<AgentUse>, StoreError> {
        let database = self.open()?;
        Ok(agents.iter().filter_map(|agent| database.agent_uses.get(&(tenant, *agent)).copied()).collect())
    }

    /// See [`crate::Store::delete_agent`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn delete_agent_now(&self, tenant: TenantId, id: AgentId) -> Result<bool, StoreError> {
        let mut database = self.open()?;
        let is_there = database.agents.get(&id).is_some_and(|agent| agent.tenant == tenant);
        if is_there {
            database.agents.remove(&id);
            database.agent_uses.remove(&(tenant, id));
        }
        Ok(is_there)
    }
}

impl Database {
    fn add_version(&mut self, flow: &FlowRecord) {
        let version = FlowVersionRecord {
            flow: flow.id,
            tenant: flow.tenant,
            version: flow.version,
            document: flow.document.clone(),
            created_at: flow.updated_at,
        };
        self.flow_versions.insert((flow.id, flow.version), version);
    }

    fn forget(&mut self, id: ExecutionId) {
        self.rows.remove(&id);
        self.journals.remove(&id);
        self.holders.remove(&id);
        self.tail.retain(|(execution, _), _| *execution != id);
    }
}

impl FlowChange {
    fn apply_to(self, flow: &mut FlowRecord) {
        if let Some(document) = self.document {
            flow.version += 1;
            flow.document = document.document;
            flow.name = document.name;
            flow.category = document.category;
            flow.is_template = document.is_template;
        }
        if let Some(status) = self.status {
            flow.status = status;
        }
        flow.updated_at = self.at;
    }
}

impl FlowFilter {
    fn fits(&self, flow: &FlowRecord) -> bool {
        let holds = |text: &String| flow.name.to_lowercase().contains(&text.to_lowercase());
        self.tenant.is_none_or(|tenant| flow.tenant == tenant)
            && self.category.as_ref().is_none_or(|category| flow.category.as_ref() == Some(category))
            && self.status.is_none_or(|status| flow.status == status)
            && self.is_template.is_none_or(|is_template| flow.is_template == is_template)
            && self.text.as_ref().is_none_or(holds)
    }
}
