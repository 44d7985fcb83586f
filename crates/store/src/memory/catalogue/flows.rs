//! Flows and their versions.

use steadflow_core::ids::{ExecutionId, FlowId, TenantId};

use super::super::{Database, MemoryStore};
use crate::{
    Changed, FlowChange, FlowFilter, FlowRecord, FlowStatus, FlowVersionRecord, Page, PageRoom, StoreError,
    VersionPage, is_reference,
};

impl MemoryStore {
    /// See [`crate::Catalogue::create_flow`].
    ///
    /// # Errors
    /// [`StoreError::Closed`], [`StoreError::WebhookTaken`].
    pub fn create_flow_now(&self, flow: FlowRecord) -> Result<(), StoreError> {
        let mut database = self.open()?;
        database.check_webhook(&flow)?;
        database.add_version(&flow, None);
        database.flows.insert(flow.id, flow);
        Ok(())
    }

    /// See [`crate::Catalogue::change_flow`].
    ///
    /// # Errors
    /// [`StoreError::Closed`], [`StoreError::WebhookTaken`].
    pub fn change_flow_now(
        &self,
        tenant: TenantId,
        id: FlowId,
        change: FlowChange,
    ) -> Result<Changed<FlowRecord>, StoreError> {
        let mut database = self.open()?;
        let Some(mut flow) = database.flows.get(&id).filter(|flow| flow.tenant == tenant).cloned() else {
            return Ok(Changed::Missing);
        };
        if change.if_revision.is_some_and(|revision| revision != flow.revision()) {
            return Ok(Changed::Conflict(flow));
        }
        let has_document = change.document.is_some();
        let (ends_draft, note) = (change.ends_draft, change.note.clone());
        change.apply_to(&mut flow);
        database.check_webhook(&flow)?;
        if has_document {
            database.add_version(&flow, note);
        }
        database.flow_drafts.retain(|of, draft| *of != id || Some(draft.revision) != ends_draft);
        database.flows.insert(id, flow.clone());
        Ok(Changed::Done(flow))
    }

    /// See [`crate::Catalogue::flow`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn flow_now(&self, tenant: TenantId, id: FlowId) -> Result<Option<FlowRecord>, StoreError> {
        Ok(self.open()?.flows.get(&id).filter(|flow| flow.tenant == tenant).cloned())
    }

    /// See [`crate::Catalogue::flow_at`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn flow_at_now(&self, webhook_path: &str) -> Result<Option<(TenantId, FlowId)>, StoreError> {
        let database = self.open()?;
        let at_path = |flow: &&FlowRecord| flow.webhook_path.as_deref() == Some(webhook_path);
        let at = |status| database.flows.values().rev().filter(at_path).find(|flow| flow.status == status);
        let found = at(FlowStatus::Active).or_else(|| at(FlowStatus::Paused));
        Ok(found.map(|flow| (flow.tenant, flow.id)))
    }

    /// See [`crate::Catalogue::flows`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn flows_now(&self, filter: &FlowFilter, page: Page) -> Result<Vec<FlowRecord>, StoreError> {
        let database = self.open()?;
        let is_before = |flow: &&FlowRecord| page.before.is_none_or(|before| flow.id.uuid() < before);
        let flows = database.flows.values().rev().filter(is_before).filter(|flow| filter.fits(flow));
        PageRoom::fill(flows.take(page.limit).cloned().map(Ok))
    }

    /// See [`crate::Catalogue::count_flows`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn count_flows_now(&self, filter: &FlowFilter) -> Result<u64, StoreError> {
        Ok(self.open()?.flows.values().filter(|flow| filter.fits(flow)).count() as u64)
    }

    /// See [`crate::Catalogue::flow_version`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn flow_version_now(
        &self,
        tenant: TenantId,
        id: FlowId,
        version: u32,
    ) -> Result<Option<FlowVersionRecord>, StoreError> {
        let database = self.open()?;
        let found = database.flow_versions.get(&(id, version));
        Ok(found.filter(|version| version.tenant == tenant).cloned())
    }

    /// See [`crate::Catalogue::flow_versions`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn flow_versions_now(
        &self,
        tenant: TenantId,
        id: FlowId,
        page: VersionPage,
    ) -> Result<Vec<FlowVersionRecord>, StoreError> {
        let database = self.open()?;
        let end = page.before.unwrap_or(u32::MAX);
        let versions = database.flow_versions.range((id, 0)..(id, end)).rev().map(|(_, version)| version);
        let versions = versions.filter(|version| version.tenant == tenant).take(page.limit);
        PageRoom::fill(versions.cloned().map(Ok))
    }

    /// See [`crate::Catalogue::delete_flow`].
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
        database.flow_drafts.remove(&id);
        database.presence.retain(|(flow, _), _| *flow != id);
        database.schedules.retain(|(flow, _), _| *flow != id);
        database.rollups.retain(|(owner, flow, _, _), _| (*owner, *flow) != (tenant, id));
        let of_flow = database.rows.values().filter(|row| row.tenant == tenant && row.flow == id);
        let executions: Vec<ExecutionId> = of_flow.map(|row| row.id).collect();
        for execution in executions {
            database.forget(execution);
        }
        Ok(true)
    }
}

impl Database {
    fn check_webhook(&self, flow: &FlowRecord) -> Result<(), StoreError> {
        let is_active = |flow: &FlowRecord| flow.status == FlowStatus::Active && flow.webhook_path.is_some();
        let has_same = |other: &FlowRecord| other.webhook_path == flow.webhook_path && other.id != flow.id;
        let is_taken =
            is_active(flow) && self.flows.values().any(|other| is_active(other) && has_same(other));
        if is_taken { Err(StoreError::WebhookTaken) } else { Ok(()) }
    }

    fn add_version(&mut self, flow: &FlowRecord, note: Option<String>) {
        let version = FlowVersionRecord {
            flow: flow.id,
            tenant: flow.tenant,
            version: flow.version,
            document: flow.document.clone(),
            created_at: flow.updated_at,
            note,
        };
        self.flow_versions.insert((flow.id, flow.version), version);
    }

    pub(crate) fn forget(&mut self, id: ExecutionId) {
        self.rows.remove(&id);
        self.journals.remove(&id);
        self.holders.remove(&id);
        self.tail.retain(|(execution, _), _| *execution != id);
        if self.long_of(id).any(|(_, record)| is_reference(record)) {
            self.deleted_blobs.insert(id);
        }
        self.long.retain(|(execution, _), _| *execution != id);
        self.inbox.retain(|_, input| input.execution != id);
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
            flow.starts_by_itself = document.starts_by_itself;
            flow.webhook_path = document.webhook_path;
        }
        if let Some(status) = self.status {
            flow.status = status;
        }
        if let Some(folder) = self.folder {
            flow.folder = folder;
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
            && self.starts_by_itself.is_none_or(|starts_by_itself| flow.starts_by_itself == starts_by_itself)
            && self.has_webhook.is_none_or(|has_webhook| flow.webhook_path.is_some() == has_webhook)
            && self.folders.as_ref().is_none_or(|folders| folders.include(flow.folder.as_ref()))
            && self.text.as_ref().is_none_or(holds)
    }
}
