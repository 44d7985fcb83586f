//! [`Catalogue`] for [`SqliteStore`].

pub(crate) mod agents;
mod drafts;
pub(crate) mod flows;
mod presence;

use rusqlite::Connection;
use steadflow_core::ids::{AgentId, FlowId, TenantId};
use steadflow_store::{
    AgentChange, AgentFilter, AgentRecord, AgentUse, AgentVersionRecord, Catalogue, Changed, FlowChange,
    FlowDraftChange, FlowDraftMark, FlowDraftRecord, FlowFilter, FlowRecord, FlowVersionRecord, Listed, Page,
    Presence, PresenceRecord, Revision, StoreError, StoreFuture, VersionId, VersionPage,
};

use crate::SqliteStore;
use crate::error::{DATABASE, store_error};
use crate::writer::Writer;

use self::flows::Deletion;

impl Catalogue for SqliteStore {
    fn create_flow(&self, flow: FlowRecord) -> StoreFuture<'_, ()> {
        Box::pin(self.write("create_flow", 0, move |writer| flows::create(&writer.db, &flow)))
    }

    fn change_flow(
        &self,
        tenant: TenantId,
        id: FlowId,
        change: FlowChange,
    ) -> StoreFuture<'_, Changed<FlowRecord>> {
        let change = move |writer: &mut Writer| flows::change(&writer.db, tenant, id, change);
        Box::pin(self.write("change_flow", 0, change))
    }

    fn flow(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, Option<FlowRecord>> {
        let read = move |db: &Connection| flows::flow(db, tenant, id);
        Box::pin(self.read_one("flow", format!("flow {id}"), read))
    }

    fn flow_at(&self, webhook_path: String) -> StoreFuture<'_, Option<(TenantId, FlowId)>> {
        Box::pin(self.read("flow_at", move |db| flows::at(db, &webhook_path)))
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
        let read = move |db: &Connection| flows::version(db, tenant, id, version);
        Box::pin(self.read_one("flow_version", format!("version {version} of flow {id}"), read))
    }

    fn flow_versions(
        &self,
        tenant: TenantId,
        id: FlowId,
        page: VersionPage,
    ) -> StoreFuture<'_, Vec<Listed<FlowVersionRecord, VersionId>>> {
        Box::pin(self.read("flow_versions", move |db| flows::versions(db, tenant, id, page)))
    }

    fn delete_flow(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, bool> {
        Box::pin(self.delete_whole_flow(tenant, id))
    }

    fn flow_draft(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, Option<FlowDraftRecord>> {
        let read = move |db: &Connection| drafts::draft(db, tenant, id);
        Box::pin(self.read_one("flow_draft", format!("the draft of flow {id}"), read))
    }

    fn flow_draft_marks(&self, tenant: TenantId, flows: Vec<FlowId>) -> StoreFuture<'_, Vec<FlowDraftMark>> {
        Box::pin(self.read("flow_draft_marks", move |db| drafts::marks(db, tenant, &flows)))
    }

    fn put_flow_draft(&self, change: FlowDraftChange) -> StoreFuture<'_, Changed<Option<FlowDraftRecord>>> {
        Box::pin(self.change("put_flow_draft", move |db| drafts::put(db, change)))
    }

    fn delete_flow_draft(
        &self,
        tenant: TenantId,
        id: FlowId,
        revision: u64,
    ) -> StoreFuture<'_, Changed<Option<FlowDraftRecord>>> {
        Box::pin(self.change("delete_flow_draft", move |db| drafts::delete(db, tenant, id, revision)))
    }

    fn see_presence(&self, presence: PresenceRecord) -> StoreFuture<'_, Option<Presence>> {
        Box::pin(self.change("see_presence", move |db| presence::see(db, &presence)))
    }

    fn end_presence(&self, presence: PresenceRecord) -> StoreFuture<'_, ()> {
        Box::pin(self.change("end_presence", move |db| presence::end(db, &presence)))
    }

    fn put_agent(&self, change: AgentChange) -> StoreFuture<'_, Changed<AgentRecord>> {
        Box::pin(self.change("put_agent", move |db| agents::put(db, change)))
    }

    fn agent(&self, tenant: TenantId, id: AgentId) -> StoreFuture<'_, Option<AgentRecord>> {
        let read = move |db: &Connection| agents::agent(db, tenant, id);
        Box::pin(self.read_one("agent", format!("agent {id}"), read))
    }

    fn agents_of(&self, tenant: TenantId, ids: Vec<AgentId>) -> StoreFuture<'_, Vec<Listed<AgentRecord>>> {
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
        let read = move |db: &Connection| agents::version(db, tenant, id, version);
        Box::pin(self.read_one("agent_version", format!("version {version} of agent {id}"), read))
    }

    fn agent_versions(
        &self,
        tenant: TenantId,
        id: AgentId,
        page: VersionPage,
    ) -> StoreFuture<'_, Vec<Listed<AgentVersionRecord, VersionId>>> {
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
    ) -> StoreFuture<'_, Changed<Revision>> {
        Box::pin(self.change("delete_agent", move |db| agents::delete(db, tenant, id, if_revision)))
    }
}

impl SqliteStore {
    /// Reads one thing. If it is damaged, the error names it as `what`.
    pub(crate) async fn read_one<T: Send + 'static>(
        &self,
        call: &'static str,
        what: String,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.read(call, read).await.map_err(|error| {
            if let StoreError::Corrupt { what: found, reason } = &error
                && found != DATABASE
            {
                return StoreError::Corrupt { what, reason: reason.clone() };
            }
            error
        })
    }

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
