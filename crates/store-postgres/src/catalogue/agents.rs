//! Agents and their versions.
//!
//! Documents are searched here, not by the database, whose functions for JSON refuse a text with the escape of a character NUL.

use futures_util::TryStreamExt;
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_store::{
    AgentChange, AgentFilter, AgentRecord, AgentUse, AgentVersionRecord, Changed, Edited, Listed, Page,
    Revision, VersionId, VersionPage,
};
use tokio_postgres::{Client, Row};

use super::{edits, page, page_of_versions};
use crate::columns::{agent_id, listed, number, payload, readable, tenant_id, timestamp};
use crate::error::Result;
use crate::fold;
use crate::log::session_changes;
use crate::search::Conditions;
use crate::session::rows;
use crate::value::{params, rows_max};

/// See [`steadflow_store::Catalogue::put_agent`]; in one transaction.
pub(crate) async fn put(db: &Client, change: &AgentChange) -> Result<Changed<AgentRecord>> {
    let AgentChange { id, tenant, document, at, if_revision } = change;
    let (id, tenant, at) = (*id, *tenant, *at);
    let first =
        AgentRecord { id, tenant, version: 1, document: document.clone(), created_at: at, updated_at: at };
    if if_revision.is_none() && create(db, &first).await? {
        add_version(db, &first).await?;
        return Ok(Changed::Done(first));
    }
    let agent = match lock(db, tenant, id).await? {
        Some(_) => agent(db, tenant, id).await?,
        None => None,
    };
    let agent = match agent {
        None => return Ok(Changed::Missing),
        Some(agent) if if_revision.is_some_and(|revision| revision != agent.revision()) => {
            return Ok(Changed::Conflict(agent));
        }
        Some(agent) if agent.document.as_str() == document.as_str() => return Ok(Changed::Done(agent)),
        Some(agent) => {
            AgentRecord { version: agent.version + 1, document: document.clone(), updated_at: at, ..agent }
        }
    };
    let sql = "UPDATE agents SET version = $2, updated_at = $3 WHERE id = $1";
    db.execute_typed(sql, params![id.uuid(), i64::from(agent.version), at.as_micros()]).await?;
    add_version(db, &agent).await?;
    Ok(Changed::Done(agent))
}

/// Stores a new agent, unless there is one of its id, of whatever tenant.
async fn create(db: &Client, agent: &AgentRecord) -> Result<bool> {
    let sql = "INSERT INTO agents (id, tenant, version, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
        ON CONFLICT (id) DO NOTHING";
    let (version, at) = (i64::from(agent.version), agent.created_at.as_micros());
    let created = db.execute_typed(sql, params![agent.id.uuid(), agent.tenant.uuid(), version, at]).await?;
    Ok(created > 0)
}

async fn add_version(db: &Client, agent: &AgentRecord) -> Result<()> {
    let sql = "INSERT INTO agent_versions (agent, version, tenant, document, created_at) VALUES ($1, $2, $3, $4, $5)";
    db.execute_typed(
        sql,
        params![
            agent.id.uuid(),
            i64::from(agent.version),
            agent.tenant.uuid(),
            agent.document.as_str(),
            agent.updated_at.as_micros(),
        ],
    )
    .await?;
    edits::note(db, Edited::Agent(agent.tenant, agent.id)).await
}

/// Locks the row of an agent, and returns the number of its version. What is read after that is not changed by others.
async fn lock(db: &Client, tenant: TenantId, id: AgentId) -> Result<Option<Row>> {
    let sql = "SELECT version FROM agents WHERE id = $1 AND tenant = $2 FOR UPDATE";
    Ok(db.query_typed_opt(sql, params![id.uuid(), tenant.uuid()]).await?)
}

/// See [`steadflow_store::Catalogue::agent`].
pub(crate) async fn agent(db: &Client, tenant: TenantId, id: AgentId) -> Result<Option<AgentRecord>> {
    let sql = concat!(include_str!("../queries/agents.sql"), " WHERE agents.id = $1 AND agents.tenant = $2");
    let found = db.query_typed_opt(sql, params![id.uuid(), tenant.uuid()]).await?;
    found.as_ref().map(read).transpose()
}

/// See [`steadflow_store::Catalogue::agents_of`].
pub(crate) async fn of(db: &Client, tenant: TenantId, ids: &[AgentId]) -> Result<Vec<Listed<AgentRecord>>> {
    let sql = concat!(
        include_str!("../queries/agents.sql"),
        " WHERE agents.tenant = $1 AND agents.id = ANY($2) ORDER BY agents.id"
    );
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    let found = rows(db, sql, params![tenant.uuid(), ids]).await?;
    page(found, usize::MAX, |row| listed(row, read).map(Some)).await
}

/// See [`steadflow_store::Catalogue::agents`].
pub(crate) async fn agents(
    db: &Client,
    filter: &AgentFilter,
    wanted: Page,
) -> Result<Vec<Listed<AgentRecord>>> {
    let mut conditions = Conditions::default();
    conditions.add("agents.tenant = ?", filter.tenant.map(TenantId::uuid));
    conditions.add("agents.id < ?", wanted.before);
    let limit = if searches(filter) { usize::MAX } else { wanted.limit };
    let sql = format!(
        "{} WHERE {} ORDER BY agents.id DESC LIMIT {}",
        include_str!("../queries/agents.sql"),
        conditions.expression(1),
        rows_max(limit)
    );
    let found = rows(db, &sql, &conditions.values().collect::<Vec<_>>()).await?;
    page(found, wanted.limit, |row| fits(filter, row).then(|| listed(row, read)).transpose()).await
}

/// See [`steadflow_store::Catalogue::count_agents`].
pub(crate) async fn count(db: &Client, filter: &AgentFilter) -> Result<u64> {
    let mut conditions = Conditions::default();
    conditions.add("agents.tenant = ?", filter.tenant.map(TenantId::uuid));
    let (expression, parameters) = (conditions.expression(1), conditions.values().collect::<Vec<_>>());
    if !searches(filter) {
        let sql = format!("SELECT count(*) FROM agents WHERE {expression}");
        return number(&db.query_typed_one(&sql, &parameters).await?, 0);
    }
    let sql = format!("{} WHERE {expression}", include_str!("../queries/agents.sql"));
    let mut found = rows(db, &sql, &parameters).await?;
    let mut count = 0;
    while let Some(row) = found.try_next().await? {
        count += u64::from(fits(filter, &row));
    }
    Ok(count)
}

/// Returns whether documents say which agents fit.
fn searches(filter: &AgentFilter) -> bool {
    let AgentFilter { tenant: _, agent_type, is_external, skill, category } = filter;
    agent_type.is_some() || is_external.is_some() || skill.is_some() || category.is_some()
}

/// Returns whether the document of an agent, read from `queries/agents.sql`, is what is asked for. One that cannot be read has no
/// key that would fit.
fn fits(filter: &AgentFilter, row: &Row) -> bool {
    if !searches(filter) {
        return true;
    }
    let document = payload(row, 3).ok().and_then(|document: Payload| document.to_value().ok());
    let document = document.unwrap_or_default();
    let skills = document["skills"].as_array().into_iter().flatten();
    let mut names = skills.map(|skill| skill.as_str().or_else(|| skill["name"].as_str()));
    let is = |key: &str, wanted: &Option<String>| {
        wanted.as_deref().is_none_or(|wanted| document[key].as_str() == Some(wanted))
    };
    is("agent_type", &filter.agent_type)
        && filter.is_external.is_none_or(|is_external| (document["agent_type"] == "mcp") == is_external)
        && is("category", &filter.category)
        && filter.skill.as_deref().is_none_or(|skill| names.any(|name| name == Some(skill)))
}

/// See [`steadflow_store::Catalogue::agent_version`].
pub(crate) async fn version(
    db: &Client,
    tenant: TenantId,
    id: AgentId,
    version: u32,
) -> Result<Option<AgentVersionRecord>> {
    let sql = concat!(
        include_str!("../queries/agent_versions.sql"),
        " WHERE agent = $1 AND version = $2 AND tenant = $3"
    );
    let found = db.query_typed_opt(sql, params![id.uuid(), i64::from(version), tenant.uuid()]).await?;
    found.as_ref().map(read_version).transpose()
}

/// See [`steadflow_store::Catalogue::agent_versions`].
pub(crate) async fn versions(
    db: &Client,
    tenant: TenantId,
    id: AgentId,
    wanted: VersionPage,
) -> Result<Vec<Listed<AgentVersionRecord, VersionId>>> {
    let sql = concat!(
        include_str!("../queries/agent_versions.sql"),
        " WHERE agent = $1 AND tenant = $2 AND ($3 IS NULL OR version < $3) ORDER BY version DESC LIMIT $4"
    );
    page_of_versions(db, sql, (id.uuid(), tenant), wanted, read_version).await
}

/// See [`steadflow_store::Catalogue::agent_uses`].
pub(crate) async fn uses(db: &Client, tenant: TenantId, agents: &[AgentId]) -> Result<Vec<AgentUse>> {
    let sql = include_str!("../queries/agent_uses.sql");
    let agents: Vec<_> = agents.iter().map(|id| id.uuid()).collect();
    let found = db.query_typed(sql, params![tenant.uuid(), agents]).await?;
    let read = |row: &Row| {
        Ok(AgentUse { agent: agent_id(row, 0)?, calls: number(row, 1)?, last_used_at: timestamp(row, 2)? })
    };
    found.iter().map(read).collect()
}

/// See [`steadflow_store::Catalogue::delete_agent`]; in one transaction.
pub(crate) async fn delete(
    db: &Client,
    tenant: TenantId,
    id: AgentId,
    if_revision: Option<Revision>,
) -> Result<Changed<Revision>> {
    let Some(row) = lock(db, tenant, id).await? else { return Ok(Changed::Missing) };
    // A number that is no version is of no revision.
    let version = readable(number(&row, 0)).transpose()?.unwrap_or(0);
    let current = Revision { version, status: None };
    if if_revision.is_some_and(|revision| revision != current) {
        return Ok(Changed::Conflict(current));
    }
    session_changes::delete_all(db, tenant, id).await?;
    fold::hold(db).await?;
    for sql in [
        "DELETE FROM agent_budgets WHERE agent = $1 AND tenant = $2",
        "DELETE FROM agent_uses WHERE agent = $1 AND tenant = $2",
        "DELETE FROM agent_versions WHERE agent = $1 AND tenant = $2",
        "DELETE FROM agents WHERE id = $1 AND tenant = $2",
    ] {
        db.execute_typed(sql, params![id.uuid(), tenant.uuid()]).await?;
    }
    db.execute_typed("DELETE FROM agent_gates WHERE agent = $1", params![id.uuid()]).await?;
    edits::note(db, Edited::Agent(tenant, id)).await?;
    Ok(Changed::Done(current))
}

/// Reads the columns of `queries/agents.sql`.
fn read(row: &Row) -> Result<AgentRecord> {
    Ok(AgentRecord {
        id: agent_id(row, 0)?,
        tenant: tenant_id(row, 1)?,
        version: number(row, 2)?,
        document: payload(row, 3)?,
        created_at: timestamp(row, 4)?,
        updated_at: timestamp(row, 5)?,
    })
}

/// Reads the columns of `queries/agent_versions.sql`.
fn read_version(row: &Row) -> Result<AgentVersionRecord> {
    Ok(AgentVersionRecord {
        agent: agent_id(row, 0)?,
        tenant: tenant_id(row, 1)?,
        version: number(row, 2)?,
        document: payload(row, 3)?,
        created_at: timestamp(row, 4)?,
    })
}
