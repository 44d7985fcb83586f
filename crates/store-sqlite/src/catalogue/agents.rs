//! Agents and their versions.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_store::{
    AgentChange, AgentFilter, AgentRecord, AgentUse, AgentVersionRecord, Changed, Listed, Page, PageRoom,
    Revision, VersionId, VersionPage,
};

use crate::columns::{agent_id, blob, listed, listed_version, payload, rows_max, tenant_id, timestamp};
use crate::log::sessions;
use crate::search::Conditions;

/// See [`steadflow_store::Catalogue::put_agent`].
pub(crate) fn put(db: &Connection, change: AgentChange) -> rusqlite::Result<Changed<AgentRecord>> {
    let AgentChange { id, tenant, document, at, if_revision } = change;
    let agent = match agent(db, tenant, id)? {
        Some(agent) if if_revision.is_some_and(|revision| revision != agent.revision()) => {
            return Ok(Changed::Conflict(agent));
        }
        Some(agent) if agent.document.as_str() == document.as_str() => return Ok(Changed::Done(agent)),
        Some(agent) => AgentRecord { version: agent.version + 1, document, updated_at: at, ..agent },
        None if if_revision.is_some() || exists(db, id)? => return Ok(Changed::Missing),
        None => AgentRecord { id, tenant, version: 1, document, created_at: at, updated_at: at },
    };
    write(db, &agent)?;
    Ok(Changed::Done(agent))
}

/// Whether there is such an agent, of whatever tenant.
fn exists(db: &Connection, id: AgentId) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM agents WHERE id = ?1")?.exists([blob(id.uuid())])
}

fn write(db: &Connection, agent: &AgentRecord) -> rusqlite::Result<()> {
    let (id, tenant) = (blob(agent.id.uuid()), blob(agent.tenant.uuid()));
    let (created_at, updated_at) = (agent.created_at.as_micros(), agent.updated_at.as_micros());
    let row = (id, tenant, agent.version, created_at, updated_at);
    db.prepare_cached(include_str!("../queries/put_agent.sql"))?.execute(row)?;
    let sql = "INSERT INTO agent_versions (agent, version, tenant, document, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    let version = (id, agent.version, tenant, agent.document.as_str(), updated_at);
    db.prepare_cached(sql)?.execute(version).map(drop)
}

/// See [`steadflow_store::Catalogue::agent`].
pub(crate) fn agent(db: &Connection, tenant: TenantId, id: AgentId) -> rusqlite::Result<Option<AgentRecord>> {
    let sql = concat!(include_str!("../queries/agents.sql"), " WHERE agents.id = ?1 AND agents.tenant = ?2");
    db.prepare_cached(sql)?.query_row((blob(id.uuid()), blob(tenant.uuid())), read).optional()
}

/// See [`steadflow_store::Catalogue::agents_of`].
pub(crate) fn of(
    db: &Connection,
    tenant: TenantId,
    ids: &[AgentId],
) -> rusqlite::Result<Vec<Listed<AgentRecord>>> {
    let mut conditions = Conditions::default();
    conditions.add("agents.tenant = ?", Some(blob(tenant.uuid()).to_vec()));
    conditions.add_any("agents.id", ids.iter().map(|id| Value::from(blob(id.uuid()).to_vec())).collect());
    select(db, &conditions, "ORDER BY agents.id")
}

/// See [`steadflow_store::Catalogue::agents`].
pub(crate) fn agents(
    db: &Connection,
    filter: AgentFilter,
    page: Page,
) -> rusqlite::Result<Vec<Listed<AgentRecord>>> {
    let mut conditions = conditions(filter);
    conditions.add("agents.id < ?", page.before.map(|id| blob(id).to_vec()));
    let order = format!("ORDER BY agents.id DESC LIMIT {}", rows_max(page.limit));
    select(db, &conditions, &order)
}

/// See [`steadflow_store::Catalogue::count_agents`].
pub(crate) fn count(db: &Connection, filter: AgentFilter) -> rusqlite::Result<u64> {
    let conditions = conditions(filter);
    let sql = format!("SELECT count(*) FROM ({} {conditions})", include_str!("../queries/agents.sql"));
    db.prepare_cached(&sql)?.query_row(params_from_iter(conditions.values()), |row| row.get(0))
}

fn conditions(filter: AgentFilter) -> Conditions {
    let mut conditions = Conditions::default();
    conditions.add("agents.tenant = ?", filter.tenant.map(|tenant| blob(tenant.uuid()).to_vec()));
    conditions.add("iif(json_valid(document), document ->> '$.agent_type', NULL) = ?", filter.agent_type);
    conditions.add(
        "(iif(json_valid(document), document ->> '$.agent_type', NULL) IS 'mcp') = ?",
        filter.is_external,
    );
    conditions.add("iif(json_valid(document), document ->> '$.category', NULL) = ?", filter.category);
    conditions.add(include_str!("../queries/has_skill.sql"), filter.skill);
    conditions
}

fn select(
    db: &Connection,
    conditions: &Conditions,
    order: &str,
) -> rusqlite::Result<Vec<Listed<AgentRecord>>> {
    let sql = format!("{} {conditions} {order}", include_str!("../queries/agents.sql"));
    let mut statement = db.prepare_cached(&sql)?;
    PageRoom::fill(statement.query_map(params_from_iter(conditions.values()), |row| listed(row, read))?)
}

/// See [`steadflow_store::Catalogue::agent_version`].
pub(crate) fn version(
    db: &Connection,
    tenant: TenantId,
    id: AgentId,
    version: u32,
) -> rusqlite::Result<Option<AgentVersionRecord>> {
    let sql = concat!(
        include_str!("../queries/agent_versions.sql"),
        " WHERE agent = ?1 AND version = ?2 AND tenant = ?3"
    );
    let parameters = (blob(id.uuid()), version, blob(tenant.uuid()));
    db.prepare_cached(sql)?.query_row(parameters, read_version).optional()
}

/// See [`steadflow_store::Catalogue::agent_versions`].
pub(crate) fn versions(
    db: &Connection,
    tenant: TenantId,
    id: AgentId,
    page: VersionPage,
) -> rusqlite::Result<Vec<Listed<AgentVersionRecord, VersionId>>> {
    let sql = concat!(
        include_str!("../queries/agent_versions.sql"),
        " WHERE agent = ?1 AND tenant = ?2 AND (?3 IS NULL OR version < ?3) ORDER BY version DESC LIMIT ?4"
    );
    let mut statement = db.prepare_cached(sql)?;
    let parameters = (blob(id.uuid()), blob(tenant.uuid()), page.before, rows_max(page.limit));
    PageRoom::fill(statement.query_map(parameters, |row| listed_version(row, read_version))?)
}

/// See [`steadflow_store::Catalogue::agent_uses`].
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

/// See [`steadflow_store::Catalogue::delete_agent`].
pub(crate) fn delete(
    db: &Connection,
    tenant: TenantId,
    id: AgentId,
    if_revision: Option<Revision>,
) -> rusqlite::Result<Changed<Revision>> {
    let both = (blob(id.uuid()), blob(tenant.uuid()));
    let sql = "SELECT version FROM agents WHERE id = ?1 AND tenant = ?2";
    let found = db.prepare_cached(sql)?.query_row(both, |row| row.get::<_, i64>(0)).optional()?;
    let Some(version) = found else { return Ok(Changed::Missing) };
    // A number that is no version is of no revision.
    let current = Revision { version: version.try_into().unwrap_or(0), status: None };
    if if_revision.is_some_and(|revision| revision != current) {
        return Ok(Changed::Conflict(current));
    }
    db.execute("DELETE FROM agent_budgets WHERE agent = ?1 AND tenant = ?2", both)?;
    sessions::delete_all(db, tenant, id)?;
    db.execute("DELETE FROM agent_uses WHERE agent = ?1 AND tenant = ?2", both)?;
    db.execute("DELETE FROM agent_versions WHERE agent = ?1 AND tenant = ?2", both)?;
    db.execute("DELETE FROM agents WHERE id = ?1 AND tenant = ?2", both)?;
    Ok(Changed::Done(current))
}

/// Reads the columns of `queries/agents.sql`.
pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<AgentRecord> {
    Ok(AgentRecord {
        id: agent_id(row, 0)?,
        tenant: tenant_id(row, 1)?,
        version: row.get(2)?,
        document: payload(row, 3)?,
        created_at: timestamp(row, 4)?,
        updated_at: timestamp(row, 5)?,
    })
}

/// Reads the columns of `queries/agent_versions.sql`.
pub(crate) fn read_version(row: &Row<'_>) -> rusqlite::Result<AgentVersionRecord> {
    Ok(AgentVersionRecord {
        agent: agent_id(row, 0)?,
        tenant: tenant_id(row, 1)?,
        version: row.get(2)?,
        document: payload(row, 3)?,
        created_at: timestamp(row, 4)?,
    })
}
