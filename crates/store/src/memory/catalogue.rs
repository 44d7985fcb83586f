//! [`Catalogue`] for [`MemoryStore`].

mod agents;
mod drafts;
mod flows;
mod presence;

use steadflow_core::ids::{AgentId, FlowId, TenantId};

use super::{MemoryStore, a_moment_later, all_sound, at_once};
use crate::{
    AgentChange, AgentFilter, AgentRecord, AgentUse, AgentVersionRecord, Catalogue, Changed, FlowChange,
    FlowDraftChange, FlowDraftMark, FlowDraftRecord, FlowFilter, FlowRecord, FlowVersionRecord, Listed, Page,
    Presence, PresenceRecord, Revision, StoreFuture, VersionId, VersionPage,
};

impl Catalogue for MemoryStore {
    fn create_flow(&self, flow: FlowRecord) -> StoreFuture<'_, ()> {
        at_once(self.create_flow_now(flow))
    }

    fn change_flow(
        &self,
        tenant: TenantId,
        id: FlowId,
        change: FlowChange,
    ) -> StoreFuture<'_, Changed<FlowRecord>> {
        at_once(self.change_flow_now(tenant, id, change))
    }

    fn flow(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, Option<FlowRecord>> {
        a_moment_later(self.flow_now(tenant, id))
    }

    fn flow_at(&self, webhook_path: String) -> StoreFuture<'_, Option<(TenantId, FlowId)>> {
        a_moment_later(self.flow_at_now(&webhook_path))
    }

    fn flows(&self, filter: FlowFilter, page: Page) -> StoreFuture<'_, Vec<Listed<FlowRecord>>> {
        at_once(self.flows_now(&filter, page).map(all_sound))
    }

    fn count_flows(&self, filter: FlowFilter) -> StoreFuture<'_, u64> {
        at_once(self.count_flows_now(&filter))
    }

    fn flow_version(
        &self,
        tenant: TenantId,
        id: FlowId,
        version: u32,
    ) -> StoreFuture<'_, Option<FlowVersionRecord>> {
        at_once(self.flow_version_now(tenant, id, version))
    }

    fn flow_versions(
        &self,
        tenant: TenantId,
        id: FlowId,
        page: VersionPage,
    ) -> StoreFuture<'_, Vec<Listed<FlowVersionRecord, VersionId>>> {
        at_once(self.flow_versions_now(tenant, id, page).map(all_sound))
    }

    fn delete_flow(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, bool> {
        at_once(self.delete_flow_now(tenant, id))
    }

    fn flow_draft(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, Option<FlowDraftRecord>> {
        a_moment_later(self.flow_draft_now(tenant, id))
    }

    fn flow_draft_marks(&self, tenant: TenantId, flows: Vec<FlowId>) -> StoreFuture<'_, Vec<FlowDraftMark>> {
        at_once(self.flow_draft_marks_now(tenant, &flows))
    }

    fn put_flow_draft(&self, change: FlowDraftChange) -> StoreFuture<'_, Changed<Option<FlowDraftRecord>>> {
        at_once(self.put_flow_draft_now(change))
    }

    fn delete_flow_draft(
        &self,
        tenant: TenantId,
        id: FlowId,
        revision: u64,
    ) -> StoreFuture<'_, Changed<Option<FlowDraftRecord>>> {
        at_once(self.delete_flow_draft_now(tenant, id, revision))
    }

    fn see_presence(&self, presence: PresenceRecord) -> StoreFuture<'_, Option<Presence>> {
        at_once(self.see_presence_now(presence))
    }

    fn end_presence(&self, presence: PresenceRecord) -> StoreFuture<'_, ()> {
        at_once(self.end_presence_now(&presence))
    }

    fn put_agent(&self, change: AgentChange) -> StoreFuture<'_, Changed<AgentRecord>> {
        at_once(self.put_agent_now(change))
    }

    fn agent(&self, tenant: TenantId, id: AgentId) -> StoreFuture<'_, Option<AgentRecord>> {
        a_moment_later(self.agent_now(tenant, id))
    }

    fn agents_of(&self, tenant: TenantId, agents: Vec<AgentId>) -> StoreFuture<'_, Vec<Listed<AgentRecord>>> {
        at_once(self.agents_of_now(tenant, &agents).map(all_sound))
    }

    fn agents(&self, filter: AgentFilter, page: Page) -> StoreFuture<'_, Vec<Listed<AgentRecord>>> {
        at_once(self.agents_now(&filter, page).map(all_sound))
    }

    fn count_agents(&self, filter: AgentFilter) -> StoreFuture<'_, u64> {
        at_once(self.count_agents_now(&filter))
    }

    fn agent_version(
        &self,
        tenant: TenantId,
        id: AgentId,
        version: u32,
    ) -> StoreFuture<'_, Option<AgentVersionRecord>> {
        at_once(self.agent_version_now(tenant, id, version))
    }

    fn agent_versions(
        &self,
        tenant: TenantId,
        id: AgentId,
        page: VersionPage,
    ) -> StoreFuture<'_, Vec<Listed<AgentVersionRecord, VersionId>>> {
        at_once(self.agent_versions_now(tenant, id, page).map(all_sound))
    }

    fn agent_uses(&self, tenant: TenantId, agents: Vec<AgentId>) -> StoreFuture<'_, Vec<AgentUse>> {
        at_once(self.agent_uses_now(tenant, &agents))
    }

    fn delete_agent(
        &self,
        tenant: TenantId,
        id: AgentId,
        if_revision: Option<Revision>,
    ) -> StoreFuture<'_, Changed<Revision>> {
        at_once(self.delete_agent_now(tenant, id, if_revision))
    }
}
