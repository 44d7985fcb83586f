//! Flows and their versions.

use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use steadflow_core::folder::{Folder, Folders};
use steadflow_core::ids::{FlowId, TenantId};
use steadflow_store::{
    Changed, FlowChange, FlowFilter, FlowRecord, FlowStatus, FlowVersionRecord, Listed, Page, PageRoom,
    StoreError, VersionId, VersionPage,
};

use super::drafts;
use crate::columns::{blob, flow_id, listed, listed_version, named, payload, rows_max, tenant_id, timestamp};
use crate::error::store_error;
use crate::log::delete;
use crate::search::{Conditions, Text};
use crate::writer::Writer;

/// Executions that one transaction deletes with their flow at most.
const DELETED_MAX: u32 = 1_000;

/// See [`steadflow_store::Catalogue::create_flow`].
pub(crate) fn create(db: &Connection, flow: &FlowRecord) -> Result<(), StoreError> {
    if is_webhook_taken(db, flow).map_err(|error| store_error("create_flow", error))? {
        return Err(StoreError::WebhookTaken);
    }
    insert(db, flow).map_err(|error| store_error("create_flow", error))
}

fn insert(db: &Connection, flow: &FlowRecord) -> rusqlite::Result<()> {
    let parameters = (
        blob(flow.id.uuid()),
        blob(flow.tenant.uuid()),
        flow.version,
        flow.status.as_str(),
        &flow.name,
        &flow.category,
        flow.is_template,
        flow.starts_by_itself,
        &flow.webhook_path,
        flow.folder.as_ref().map(Folder::as_str),
        flow.created_at.as_micros(),
        flow.updated_at.as_micros(),
    );
    db.prepare_cached(include_str!("../queries/create_flow.sql"))?.execute(parameters)?;
    add_version(db, flow, None)
}

/// See [`steadflow_store::Catalogue::change_flow`].
pub(crate) fn change(
    db: &Connection,
    tenant: TenantId,
    id: FlowId,
    change: FlowChange,
) -> Result<Changed<FlowRecord>, StoreError> {
    let changed = changed(db, tenant, id, change).map_err(|error| store_error("change_flow", error))?;
    changed.ok_or(StoreError::WebhookTaken)
}

/// `None` if another flow has the path of its webhook.
fn changed(
    db: &Connection,
    tenant: TenantId,
    id: FlowId,
    change: FlowChange,
) -> rusqlite::Result<Option<Changed<FlowRecord>>> {
    let Some(mut flow) = self::flow(db, tenant, id)? else { return Ok(Some(Changed::Missing)) };
    let FlowChange { document, status, folder, at, if_revision, ends_draft, note } = change;
    if if_revision.is_some_and(|revision| revision != flow.revision()) {
        return Ok(Some(Changed::Conflict(flow)));
    }
    let mut is_new = false;
    flow.status = status.unwrap_or(flow.status);
    flow.folder = folder.unwrap_or(flow.folder);
    flow.updated_at = at;
    if let Some(document) = document {
        flow.version += 1;
        flow.document = document.document;
        flow.name = document.name;
        flow.category = document.category;
        flow.is_template = document.is_template;
        flow.starts_by_itself = document.starts_by_itself;
        flow.webhook_path = document.webhook_path;
        is_new = true;
    }
    if is_webhook_taken(db, &flow)? {
        return Ok(None);
    }
    if is_new {
        add_version(db, &flow, note.as_deref())?;
    }
    let parameters = (
        blob(id.uuid()),
        flow.version,
        flow.status.as_str(),
        &flow.name,
        &flow.category,
        flow.is_template,
        flow.starts_by_itself,
        &flow.webhook_path,
        flow.folder.as_ref().map(Folder::as_str),
        flow.updated_at.as_micros(),
    );
    db.prepare_cached(include_str!("../queries/change_flow.sql"))?.execute(parameters)?;
    if let Some(revision) = ends_draft {
        drafts::discard(db, id, revision)?;
    }
    Ok(Some(Changed::Done(flow)))
}

/// Returns whether a flow is active, and another active flow has the path of its webhook.
fn is_webhook_taken(db: &Connection, flow: &FlowRecord) -> rusqlite::Result<bool> {
    if flow.status != FlowStatus::Active || flow.webhook_path.is_none() {
        return Ok(false);
    }
    let sql = "SELECT 1 FROM flows WHERE webhook_path = ?1 AND status = 'active' AND id <> ?2";
    db.prepare_cached(sql)?.exists((&flow.webhook_path, blob(flow.id.uuid())))
}

/// See [`steadflow_store::Catalogue::flow_at`].
pub(crate) fn at(db: &Connection, webhook_path: &str) -> rusqlite::Result<Option<(TenantId, FlowId)>> {
    let read = |row: &Row<'_>| Ok((tenant_id(row, 0)?, flow_id(row, 1)?));
    db.prepare_cached(include_str!("../queries/flow_at.sql"))?.query_row([webhook_path], read).optional()
}

/// See [`steadflow_store::Catalogue::flow`].
pub(crate) fn flow(db: &Connection, tenant: TenantId, id: FlowId) -> rusqlite::Result<Option<FlowRecord>> {
    let sql = concat!(include_str!("../queries/flows.sql"), " WHERE flows.id = ?1 AND flows.tenant = ?2");
    db.prepare_cached(sql)?.query_row((blob(id.uuid()), blob(tenant.uuid())), read).optional()
}

/// See [`steadflow_store::Catalogue::flows`].
pub(crate) fn flows(
    db: &Connection,
    filter: &FlowFilter,
    page: Page,
) -> rusqlite::Result<Vec<Listed<FlowRecord>>> {
    let mut conditions = conditions(filter);
    conditions.add("flows.id < ?", page.before.map(|id| blob(id).to_vec()));
    let text = filter.text.as_deref().map(Text::new);
    let sql = format!("{} {conditions} ORDER BY flows.id DESC", include_str!("../queries/flows.sql"));
    let mut statement = db.prepare_cached(&sql)?;
    let found = statement.query_map(params_from_iter(conditions.values()), |row| {
        text.as_ref().is_none_or(|text| is_named(row, 5, text)).then(|| listed(row, read)).transpose()
    })?;
    PageRoom::fill(found.filter_map(Result::transpose).take(page.limit))
}

/// See [`steadflow_store::Catalogue::count_flows`].
pub(crate) fn count(db: &Connection, filter: &FlowFilter) -> rusqlite::Result<u64> {
    let conditions = conditions(filter);
    let text = filter.text.as_deref().map(Text::new);
    let mut statement = db.prepare_cached(&format!("SELECT name FROM flows {conditions}"))?;
    let mut rows = statement.query(params_from_iter(conditions.values()))?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += u64::from(text.as_ref().is_none_or(|text| is_named(row, 0, text)));
    }
    Ok(count)
}

fn folder(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Folder>> {
    let text: Option<String> = row.get(column)?;
    text.map(|folder| named(column, &folder)).transpose()
}

/// Returns whether `text` is in the name. It is in none that cannot be read.
fn is_named(row: &Row<'_>, column: usize, text: &Text) -> bool {
    row.get_ref(column).ok().and_then(|value| value.as_str().ok()).is_some_and(|name| text.is_in(name))
}

fn conditions(filter: &FlowFilter) -> Conditions {
    let mut conditions = Conditions::default();
    conditions.add("flows.tenant = ?", filter.tenant.map(|tenant| blob(tenant.uuid()).to_vec()));
    conditions.add("category = ?", filter.category.clone());
    conditions.add("status = ?", filter.status.map(|status| status.as_str().to_owned()));
    conditions.add("is_template = ?", filter.is_template);
    conditions.add("is_scheduled = ?", filter.starts_by_itself);
    conditions.add("(webhook_path IS NOT NULL) = ?", filter.has_webhook);
    let within = "EXISTS (SELECT 1 FROM json_each(?) WHERE instr(flows.folder || '/', value) = 1)";
    conditions.add(within, filter.folders.as_ref().map(Folders::to_prefixes));
    conditions
}

/// See [`steadflow_store::Catalogue::flow_version`].
pub(crate) fn version(
    db: &Connection,
    tenant: TenantId,
    id: FlowId,
    version: u32,
) -> rusqlite::Result<Option<FlowVersionRecord>> {
    let sql = concat!(
        include_str!("../queries/flow_versions.sql"),
        " WHERE flow = ?1 AND version = ?2 AND tenant = ?3"
    );
    let parameters = (blob(id.uuid()), version, blob(tenant.uuid()));
    db.prepare_cached(sql)?.query_row(parameters, read_version).optional()
}

/// See [`steadflow_store::Catalogue::flow_versions`].
pub(crate) fn versions(
    db: &Connection,
    tenant: TenantId,
    id: FlowId,
    page: VersionPage,
) -> rusqlite::Result<Vec<Listed<FlowVersionRecord, VersionId>>> {
    let sql = concat!(
        include_str!("../queries/flow_versions.sql"),
        " WHERE flow = ?1 AND tenant = ?2 AND (?3 IS NULL OR version < ?3) ORDER BY version DESC LIMIT ?4"
    );
    let mut statement = db.prepare_cached(sql)?;
    let parameters = (blob(id.uuid()), blob(tenant.uuid()), page.before, rows_max(page.limit));
    PageRoom::fill(statement.query_map(parameters, |row| listed_version(row, read_version))?)
}

/// What a step of a deletion found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletion {
    /// There is no such flow.
    Nothing,
    /// Some of its executions are deleted; there are more.
    Begun,
    /// All of it is deleted.
    Done,
}

/// Deletes a flow's executions, some in each step and the flow itself with the last: a transaction that deleted a
/// million at once would block all other writes.
pub(crate) fn delete_step(writer: &mut Writer, tenant: TenantId, id: FlowId) -> rusqlite::Result<Deletion> {
    let both = (blob(id.uuid()), blob(tenant.uuid()));
    let sql = "SELECT 1 FROM flows WHERE id = ?1 AND tenant = ?2";
    if !writer.db.prepare_cached(sql)?.exists(both)? {
        return Ok(Deletion::Nothing);
    }
    if delete_executions(writer, tenant, id)? == DELETED_MAX as usize {
        return Ok(Deletion::Begun);
    }
    for sql in [
        "DELETE FROM rollups WHERE flow = ?1 AND tenant = ?2",
        "DELETE FROM execution_counts WHERE flow = ?1 AND tenant = ?2",
        "DELETE FROM schedules WHERE flow = ?1 AND tenant = ?2",
        "DELETE FROM flow_drafts WHERE flow = ?1 AND tenant = ?2",
        "DELETE FROM presence WHERE flow = ?1 AND tenant = ?2",
        "DELETE FROM flow_versions WHERE flow = ?1 AND tenant = ?2",
        "DELETE FROM flows WHERE id = ?1 AND tenant = ?2",
    ] {
        writer.db.execute(sql, both)?;
    }
    Ok(Deletion::Done)
}

fn delete_executions(writer: &mut Writer, tenant: TenantId, id: FlowId) -> rusqlite::Result<usize> {
    let found: Vec<(i64, [u8; 16])> = {
        let sql = "SELECT number, id FROM executions WHERE flow = ?1 AND tenant = ?2 LIMIT ?3";
        let mut statement = writer.db.prepare_cached(sql)?;
        let parameters = (blob(id.uuid()), blob(tenant.uuid()), DELETED_MAX);
        let rows = statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    delete::executions(writer, &found)?;
    Ok(found.len())
}

fn add_version(db: &Connection, flow: &FlowRecord, note: Option<&str>) -> rusqlite::Result<()> {
    let sql = "INSERT INTO flow_versions (flow, version, tenant, document, created_at, note)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let parameters = (
        blob(flow.id.uuid()),
        flow.version,
        blob(flow.tenant.uuid()),
        flow.document.as_str(),
        flow.updated_at.as_micros(),
        note,
    );
    db.prepare_cached(sql)?.execute(parameters).map(drop)
}

/// Reads the columns of `queries/flows.sql`.
pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<FlowRecord> {
    Ok(FlowRecord {
        id: flow_id(row, 0)?,
        tenant: tenant_id(row, 1)?,
        version: row.get(2)?,
        status: named(3, row.get_ref(3)?.as_str()?)?,
        document: payload(row, 4)?,
        name: row.get(5)?,
        category: row.get(6)?,
        is_template: row.get(7)?,
        starts_by_itself: row.get(8)?,
        webhook_path: row.get(9)?,
        folder: folder(row, 10)?,
        created_at: timestamp(row, 11)?,
        updated_at: timestamp(row, 12)?,
    })
}

/// Reads the columns of `queries/flow_versions.sql`.
pub(crate) fn read_version(row: &Row<'_>) -> rusqlite::Result<FlowVersionRecord> {
    Ok(FlowVersionRecord {
        flow: flow_id(row, 0)?,
        tenant: tenant_id(row, 1)?,
        version: row.get(2)?,
        document: payload(row, 3)?,
        created_at: timestamp(row, 4)?,
        note: row.get(5)?,
    })
}
