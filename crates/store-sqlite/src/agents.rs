//! Agents.

use rusqlite::{Connection, OptionalExtension, Row};
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_store::{AgentRecord, AgentUse, Page};

use crate::columns::{agent_id, blob, payload, tenant_id, timestamp};

/// See [`steadflow_store::Store::put_agent`].
pub(crate) fn put(db: &Connection, agent: &AgentRecord) -> rusqlite::Result<()> {
    let parameters = (
        blob(agent.id.uuid()),
        blob(agent.tenant.uuid()),
        agent.document.as_str(),
        agent.created_at.as_micros(),
        agent.updated_at.as_micros(),
    );
    db.prepare_cached(include_str!("queries/put_agent.sql"))?.execute(parameters).map(drop)
}

/// See [`steadflow_store::Store::agent`].
pub(crate) fn agent(db: &Connection, tenant: TenantId, id: AgentId) -> rusqlite::Result<Option<AgentRecord>> {
    let sql = "SELECT id, tenant, document, created_at, updated_at FROM agents WHERE id = ?1 AND tenant = ?2";
    db.prepare_cached(sql)?.query_row((blob(id.uuid()), blob(tenant.uuid())), read).optional()
}

/// See [`steadflow_store::Store::agents`].
pub(crate) fn agents(db: &Connection, tenant: TenantId, page: Page) -> rusqlite::Result<Vec<AgentRecord>> {
    let mut statement = db.prepare_cached(include_str!("queries/agents.sql"))?;
    let parameters = (blob(tenant.uuid()), page.before.map(blob), page.limit);
    statement.query_map(parameters, read)?.collect()
}

/// See [`steadflow_store::Store::agent_uses`].
pub(crate) fn uses(db: &Connection, tenant: TenantId, agents: &[AgentId]) -> rusqlite::Result<Vec<AgentUse>> {
    let sql = "SELECT calls, last_used_at FROM agent_uses WHERE tenant = ?1 AND agent = ?2";
    let mut statement = db.prepare_cached(sql)?;
    let use_of = |&agent: &AgentId| {
        let read =
            |row: &Row<'_>| Ok(AgentUse { agent, calls: row.get(0)?, last_used_at: timestamp(row, 1)? });
        statement.query_row((blob(tenant.uuid()), blob(agent.uuid())), read).optional().transpose()
    };
    agents.iter().filter_map(use_of).collect()
}

/// See [`steadflow_store::Store::delete_agent`].
pub(crate) fn delete(db: &Connection, tenant: TenantId, id: AgentId) -> rusqlite::Result<bool> {
    let both = (blob(id.uuid()), blob(tenant.uuid()));
    db.execute("DELETE FROM agent_uses WHERE agent = ?1 AND tenant = ?2", both)?;
    Ok(db.execute("DELETE FROM agents WHERE id = ?1 AND tenant = ?2", both)? > 0)
}

fn read(row: &Row<'_>) -> rusqlite::Result<AgentRecord> {
    Ok(AgentRecord {
        id: agent_id(row, 0)?,
        tenant: tenant_id(row, 1)?,
        document: payload(row, 2)?,
        created_at: timestamp(row, 3)?,
        updated_at: timestamp(row, 4)?,
    })
}
