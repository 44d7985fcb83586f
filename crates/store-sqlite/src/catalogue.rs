//! [`Catalogue`] for [`SqliteStore`].

mod agents;
mod flows;

use steadflow_core::ids::{AgentId, FlowId, TenantId};
use steadflow_store::{
    AgentChange, AgentFilter, AgentRecord, AgentUse, AgentVersionRecord, Catalogue, Changed, FlowChange,
    FlowFilter, FlowRecord, FlowVersionRecord, Listed, Page, Revision, StoreError, StoreFuture, VersionPage,
};

use crate::SqliteStore;
use crate::error::store_error;
use crate::writer::Writer;

use self::flows::Deletion;

impl Catalogue for SqliteStore {
    fn create_flow(&self, flow: FlowRecord) -> StoreFuture<'_, ()> {
        Box::pin(self.change("create_flow", move |db| flows::create(db, &flow)))
    }

    fn change_flow(
        &self,
        tenant: TenantId,
        id: FlowId,
        change: FlowChange,
    ) -> StoreFuture<'_, Changed<FlowRecord>> {
        Box::pin(self.change("change_flow", move |db| flows::change(db, tenant, id, change)))
    }

    fn flow(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, Option<FlowRecord>> {
        Box::pin(self.read("flow", move |db| flows::flow(db, tenant, id)))
    }

    fn flows(&self, filter: FlowFilter, page: Page) -> StoreFuture<'_, Vec<Listed<FlowRecord>>> {
        Box::pin(self.read("flows", move |db| flows::flows(db, &filter, page)))
    }

    fn count_flows(&self, filter: FlowFilter) -> StoreFuture<'_, u64> {
        Box::pin(self.read("count_flows", move |db| flows::count(db, &filter)))
    }

    fn flow_version(
        &self,
        tenant: TenantId,
        id: FlowId,
        version: u32,
    ) -> StoreFuture<'_, Option<FlowVersionRecord>> {
        Box::pin(self.read("flow_version", move |db| flows::version(db, tenant, id, version)))
    }

    fn flow_versions(
        &self,
        tenant: TenantId,
        id: FlowId,
        page: VersionPage,
    ) -> StoreFuture<'_, Vec<FlowVersionRecord>> {
        Box::pin(self.read("flow_versions", move |db| flows::versions(db, tenant, id, page)))
    }

    fn delete_flow(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, bool> {
        Box::pin(self.delete_whole_flow(tenant, id))
    }

    fn put_agent(&self, change: AgentChange) -> StoreFuture<'_, Changed<AgentRecord>> {
        Box::pin(self.change("put_agent", move |db| agents::put(db, change)))
    }

    fn agent(&self, tenant: TenantId, id: AgentId) -> StoreFuture<'_, Option<AgentRecord>> {
        Box::pin(self.read("agent", move |db| agents::agent(db, tenant, id)))
    }

    fn agents_of(&self, tenant: TenantId, ids: Vec<AgentId>) -> StoreFuture<'_, Vec<AgentRecord>> {
        Box::pin(self.read("agents_of", move |db| agents::of(db, tenant, &ids)))
    }

    fn agents(&self, filter: AgentFilter, page: Page) -> StoreFuture<'_, Vec<Listed<AgentRecord>>> {
        Box::pin(self.read("agents", move |db| agents::agents(db, filter, page)))
    }

    fn count_agents(&self, filter: AgentFilter) -> StoreFuture<'_, u64> {
        Box::pin(self.read("count_agents", move |db| agents::count(db, filter)))
    }

    fn agent_version(
        &self,
        tenant: TenantId,
        id: AgentId,
        version: u32,
    ) -> StoreFuture<'_, Option<AgentVersionRecord>> {
        Box::pin(self.read("agent_version", move |db| agents::version(db, tenant, id, version)))
    }

    fn agent_versions(
        &self,
        tenant: TenantId,
        id: AgentId,
        page: VersionPage,
    ) -> StoreFuture<'_, Vec<AgentVersionRecord>> {
        Box::pin(self.read("agent_versions", move |db| agents::versions(db, tenant, id, page)))
    }

    fn agent_uses(&self, tenant: TenantId, ids: Vec<AgentId>) -> StoreFuture<'_, Vec<AgentUse>> {
        Box::pin(self.read("agent_uses", move |db| agents::uses(db, tenant, &ids)))
    }

    fn delete_agent(
        &self,
        tenant: TenantId,
        id: AgentId,
        if_revision: Option<Revision>,
    ) -> StoreFuture<'_, Changed<AgentRecord>> {
        Box::pin(self.change("delete_agent", move |db| agents::delete(db, tenant, id, if_revision)))
    }
}

impl SqliteStore {
    async fn delete_whole_flow(&self, tenant: TenantId, id: FlowId) -> Result<bool, StoreError> {
        const CALL: &str = "delete_flow";
        loop {
            let step = move |writer: &mut Writer| {
                flows::delete_step(writer, tenant, id).map_err(|error| store_error(CALL, error))
            };
            match self.write(CALL, 0, step).await? {
                Deletion::Nothing => return Ok(false),
                Deletion::Begun => {}
                Deletion::Done => return Ok(true),
            }
        }
    }
}
