//! [`Catalogue`] for [`PostgresStore`].

mod agents;
mod drafts;
mod edits;
mod flows;
mod presence;

use std::pin::Pin;

use futures_util::TryStreamExt;
use steadflow_core::ids::{AgentId, FlowId, TenantId};
use steadflow_store::{
    AgentChange, AgentFilter, AgentRecord, AgentUse, AgentVersionRecord, Catalogue, Changed, Edits,
    FlowChange, FlowDraftChange, FlowDraftMark, FlowDraftRecord, FlowFilter, FlowRecord, FlowVersionRecord,
    Listed, Page, PageRoom, Presence, PresenceRecord, Revision, StoreFuture, VersionId, VersionPage,
    WithDocument,
};
use tokio_postgres::{Client, Row, RowStream};
use uuid::Uuid;

use self::flows::Deletion;
use crate::columns::listed_version;
use crate::error::Result;
use crate::session::{rows, session, transaction};
use crate::value::{params, rows_max};
use crate::{PostgresStore, call, call_of, long_call};

impl Catalogue for PostgresStore {
    fn create_flow(&self, flow: FlowRecord) -> StoreFuture<'_, ()> {
        call("create_flow", async move { transaction!(&self.pool, |db| flows::create(db, &flow).await) })
    }

    fn change_flow(
        &self,
        tenant: TenantId,
        id: FlowId,
        change: FlowChange,
    ) -> StoreFuture<'_, Changed<FlowRecord>> {
        call("change_flow", async move {
            transaction!(&self.pool, |db| flows::change(db, tenant, id, &change).await)
        })
    }

    fn flow(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, Option<FlowRecord>> {
        let read = async move { flows::flow(&*session(&self.pool).await?, tenant, id).await };
        call_of("flow", format!("flow {id}"), read)
    }

    fn flow_at(&self, webhook_path: String) -> StoreFuture<'_, Option<(TenantId, FlowId)>> {
        call("flow_at", async move { flows::at(&*session(&self.pool).await?, &webhook_path).await })
    }

    fn flows(&self, filter: FlowFilter, page: Page) -> StoreFuture<'_, Vec<Listed<FlowRecord>>> {
        call("flows", async move { flows::flows(&*session(&self.pool).await?, &filter, page).await })
    }

    fn count_flows(&self, filter: FlowFilter) -> StoreFuture<'_, u64> {
        call("count_flows", async move { flows::count(&*session(&self.pool).await?, &filter).await })
    }

    fn flow_version(
        &self,
        tenant: TenantId,
        id: FlowId,
        version: u32,
    ) -> StoreFuture<'_, Option<FlowVersionRecord>> {
        let read = async move { flows::version(&*session(&self.pool).await?, tenant, id, version).await };
        call_of("flow_version", format!("version {version} of flow {id}"), read)
    }

    fn flow_versions(
        &self,
        tenant: TenantId,
        id: FlowId,
        page: VersionPage,
    ) -> StoreFuture<'_, Vec<Listed<FlowVersionRecord, VersionId>>> {
        call(
            "flow_versions",
            async move { flows::versions(&*session(&self.pool).await?, tenant, id, page).await },
        )
    }

    fn delete_flow(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, bool> {
        long_call("delete_flow", async move {
            loop {
                match transaction!(&self.pool, |db| flows::delete_step(db, tenant, id).await)? {
                    Deletion::Nothing => return Ok(false),
                    Deletion::Begun => {}
                    Deletion::Done => return Ok(true),
                }
            }
        })
    }

    fn flow_draft(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, Option<FlowDraftRecord>> {
        let read = async move { drafts::draft(&*session(&self.pool).await?, tenant, id).await };
        call_of("flow_draft", format!("the draft of flow {id}"), read)
    }

    fn flow_draft_marks(&self, tenant: TenantId, flows: Vec<FlowId>) -> StoreFuture<'_, Vec<FlowDraftMark>> {
        let read = async move { drafts::marks(&*session(&self.pool).await?, tenant, &flows).await };
        call("flow_draft_marks", read)
    }

    fn put_flow_draft(&self, change: FlowDraftChange) -> StoreFuture<'_, Changed<Option<FlowDraftRecord>>> {
        call("put_flow_draft", async move { transaction!(&self.pool, |db| drafts::put(db, &change).await) })
    }

    fn delete_flow_draft(
        &self,
        tenant: TenantId,
        id: FlowId,
        revision: u64,
    ) -> StoreFuture<'_, Changed<Option<FlowDraftRecord>>> {
        call("delete_flow_draft", async move {
            transaction!(&self.pool, |db| drafts::delete(db, tenant, id, revision).await)
        })
    }

    fn see_presence(&self, presence: PresenceRecord) -> StoreFuture<'_, Option<Presence>> {
        call("see_presence", async move { transaction!(&self.pool, |db| presence::see(db, &presence).await) })
    }

    fn end_presence(&self, presence: PresenceRecord) -> StoreFuture<'_, ()> {
        call("end_presence", async move { presence::end(&*session(&self.pool).await?, &presence).await })
    }

    fn put_agent(&self, change: AgentChange) -> StoreFuture<'_, Changed<AgentRecord>> {
        call("put_agent", async move { transaction!(&self.pool, |db| agents::put(db, &change).await) })
    }

    fn agent(&self, tenant: TenantId, id: AgentId) -> StoreFuture<'_, Option<AgentRecord>> {
        let read = async move { agents::agent(&*session(&self.pool).await?, tenant, id).await };
        call_of("agent", format!("agent {id}"), read)
    }

    fn agents_of(&self, tenant: TenantId, ids: Vec<AgentId>) -> StoreFuture<'_, Vec<Listed<AgentRecord>>> {
        call("agents_of", async move { agents::of(&*session(&self.pool).await?, tenant, &ids).await })
    }

    fn agents(&self, filter: AgentFilter, page: Page) -> StoreFuture<'_, Vec<Listed<AgentRecord>>> {
        call("agents", async move { agents::agents(&*session(&self.pool).await?, &filter, page).await })
    }

    fn count_agents(&self, filter: AgentFilter) -> StoreFuture<'_, u64> {
        call("count_agents", async move { agents::count(&*session(&self.pool).await?, &filter).await })
    }

    fn agent_version(
        &self,
        tenant: TenantId,
        id: AgentId,
        version: u32,
    ) -> StoreFuture<'_, Option<AgentVersionRecord>> {
        let read = async move { agents::version(&*session(&self.pool).await?, tenant, id, version).await };
        call_of("agent_version", format!("version {version} of agent {id}"), read)
    }

    fn agent_versions(
        &self,
        tenant: TenantId,
        id: AgentId,
        page: VersionPage,
    ) -> StoreFuture<'_, Vec<Listed<AgentVersionRecord, VersionId>>> {
        call("agent_versions", async move {
            agents::versions(&*session(&self.pool).await?, tenant, id, page).await
        })
    }

    fn agent_uses(&self, tenant: TenantId, ids: Vec<AgentId>) -> StoreFuture<'_, Vec<AgentUse>> {
        call("agent_uses", async move { agents::uses(&*session(&self.pool).await?, tenant, &ids).await })
    }

    fn delete_agent(
        &self,
        tenant: TenantId,
        id: AgentId,
        if_revision: Option<Revision>,
    ) -> StoreFuture<'_, Changed<Revision>> {
        call("delete_agent", async move {
            transaction!(&self.pool, |db| agents::delete(db, tenant, id, if_revision).await)
        })
    }

    fn edits(&self, after: Option<u64>) -> StoreFuture<'_, Edits> {
        call("edits", async move { edits::after(&*session(&self.pool).await?, after).await })
    }
}

/// Reads rows with documents until a page has no room for more, or has `limit` rows; see [`PageRoom`].
async fn page<T: WithDocument>(
    mut rows: Pin<Box<RowStream>>,
    limit: usize,
    read: impl Fn(&Row) -> Result<Option<T>>,
) -> Result<Vec<T>> {
    let (mut room, mut page) = (PageRoom::default(), Vec::new());
    while page.len() < limit
        && let Some(row) = rows.try_next().await?
    {
        let Some(row) = read(&row)? else { continue };
        let is_last = !room.takes(&row);
        page.push(row);
        if is_last {
            break;
        }
    }
    Ok(page)
}

/// Reads versions of one flow or agent by a statement whose parameters are its id, its tenant, the version to begin below, and how many.
async fn page_of_versions<T: WithDocument>(
    db: &Client,
    sql: &str,
    (of, tenant): (Uuid, TenantId),
    wanted: VersionPage,
    read: impl Fn(&Row) -> Result<T>,
) -> Result<Vec<Listed<T, VersionId>>> {
    let (before, limit) = (wanted.before.map(i64::from), rows_max(wanted.limit));
    let found = rows(db, sql, params![of, tenant.uuid(), before, limit]).await?;
    page(found, wanted.limit, |row| listed_version(row, &read).map(Some)).await
}
