//! Flows and their versions.

use futures_util::TryStreamExt;
use steadflow_core::folder::{Folder, Folders};
use steadflow_core::ids::{FlowId, TenantId};
use steadflow_store::{
    Changed, Edited, FlowChange, FlowFilter, FlowRecord, FlowVersionRecord, Listed, Page, StoreError,
    VersionId, VersionPage,
};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::{drafts, edits, page, page_of_versions};
use crate::columns::{
    flow_id, get, listed, named, named_or_none, number, payload, tenant_id, text, text_or_none, timestamp,
};
use crate::days;
use crate::error::{Error, Result};
use crate::fold;
use crate::log::delete;
use crate::search::{Conditions, Text};
use crate::session::rows;
use crate::value::{self, params, rows_max, stored};

/// Executions that one transaction deletes with their flow at most.
const DELETED_MAX: usize = 1_000;

/// See [`steadflow_store::Catalogue::create_flow`]; in one transaction.
pub(crate) async fn create(db: &Client, flow: &FlowRecord) -> Result<()> {
    db.execute_typed(
        include_str!("../queries/create_flow.sql"),
        params![
            flow.id.uuid(),
            flow.tenant.uuid(),
            i64::from(flow.version),
            flow.status.as_str(),
            stored(&flow.name),
            flow.category.as_deref().map(stored),
            flow.is_template,
            flow.starts_by_itself,
            flow.webhook_path.as_deref().map(stored),
            flow.folder.as_ref().map(Folder::as_str),
            flow.created_at.as_micros(),
            flow.updated_at.as_micros(),
        ],
    )
    .await
    .map_err(webhook_taken)?;
    add_version(db, flow, None).await?;
    edits::note(db, Edited::Flow(flow.tenant, flow.id)).await
}

/// Says that another active flow has the path of a webhook, where the unique index does.
fn webhook_taken(error: tokio_postgres::Error) -> Error {
    let index = error.as_db_error().and_then(|error| error.constraint());
    if index == Some("flows_active_webhook") { StoreError::WebhookTaken.into() } else { error.into() }
}

/// See [`steadflow_store::Catalogue::change_flow`]; in one transaction.
pub(crate) async fn change(
    db: &Client,
    tenant: TenantId,
    id: FlowId,
    change: &FlowChange,
) -> Result<Changed<FlowRecord>> {
    if !lock(db, tenant, id).await? {
        return Ok(Changed::Missing);
    }
    let Some(mut flow) = self::flow(db, tenant, id).await? else { return Ok(Changed::Missing) };
    let FlowChange { document, status, folder, at, if_revision, ends_draft, note } = change;
    if if_revision.is_some_and(|revision| revision != flow.revision()) {
        return Ok(Changed::Conflict(flow));
    }
    flow.status = status.unwrap_or(flow.status);
    flow.folder = folder.clone().unwrap_or(flow.folder);
    flow.updated_at = *at;
    if let Some(document) = document.clone() {
        flow.version += 1;
        flow.document = document.document;
        flow.name = document.name;
        flow.category = document.category;
        flow.is_template = document.is_template;
        flow.starts_by_itself = document.starts_by_itself;
        flow.webhook_path = document.webhook_path;
        add_version(db, &flow, note.as_deref()).await?;
    }
    db.execute_typed(
        include_str!("../queries/change_flow.sql"),
        params![
            id.uuid(),
            i64::from(flow.version),
            flow.status.as_str(),
            stored(&flow.name),
            flow.category.as_deref().map(stored),
            flow.is_template,
            flow.starts_by_itself,
            flow.webhook_path.as_deref().map(stored),
            flow.folder.as_ref().map(Folder::as_str),
            flow.updated_at.as_micros(),
        ],
    )
    .await
    .map_err(webhook_taken)?;
    if let Some(revision) = ends_draft {
        drafts::discard(db, id, *revision).await?;
    }
    edits::note(db, Edited::Flow(tenant, id)).await?;
    Ok(Changed::Done(flow))
}

/// Locks the row of a flow, and returns whether there is one. What is read after that is not changed by others.
pub(super) async fn lock(db: &Client, tenant: TenantId, id: FlowId) -> Result<bool> {
    let sql = "SELECT 1 FROM flows WHERE id = $1 AND tenant = $2 FOR UPDATE";
    Ok(db.query_typed_opt(sql, params![id.uuid(), tenant.uuid()]).await?.is_some())
}

/// See [`steadflow_store::Catalogue::flow_at`].
pub(crate) async fn at(db: &Client, webhook_path: &str) -> Result<Option<(TenantId, FlowId)>> {
    let sql = include_str!("../queries/flow_at.sql");
    let found = db.query_typed_opt(sql, params![stored(webhook_path)]).await?;
    found.map(|row| Ok((tenant_id(&row, 0)?, flow_id(&row, 1)?))).transpose()
}

/// See [`steadflow_store::Catalogue::flow`].
pub(crate) async fn flow(db: &Client, tenant: TenantId, id: FlowId) -> Result<Option<FlowRecord>> {
    let sql = concat!(include_str!("../queries/flows.sql"), " WHERE flows.id = $1 AND flows.tenant = $2");
    let found = db.query_typed_opt(sql, params![id.uuid(), tenant.uuid()]).await?;
    found.as_ref().map(read).transpose()
}

/// See [`steadflow_store::Catalogue::flows`].
pub(crate) async fn flows(db: &Client, filter: &FlowFilter, wanted: Page) -> Result<Vec<Listed<FlowRecord>>> {
    let mut conditions = conditions(filter);
    conditions.add("flows.id < ?", wanted.before);
    if let Some(text) = &filter.text {
        let named = named_ids(db, &conditions, &Text::new(text), wanted.limit).await?;
        conditions = Conditions::default();
        conditions.add("flows.id = ANY(?)", Some(named));
    }
    let sql = format!(
        "{} WHERE {} ORDER BY flows.id DESC LIMIT {}",
        include_str!("../queries/flows.sql"),
        conditions.expression(1),
        rows_max(wanted.limit)
    );
    let found = rows(db, &sql, &conditions.values().collect::<Vec<_>>()).await?;
    page(found, wanted.limit, |row| listed(row, read).map(Some)).await
}

/// Returns the ids of the first flows whose name has a text, without reading documents.
async fn named_ids(db: &Client, conditions: &Conditions, text: &Text, limit: usize) -> Result<Vec<Uuid>> {
    let sql = format!("SELECT id, name FROM flows WHERE {} ORDER BY id DESC", conditions.expression(1));
    let mut found = rows(db, &sql, &conditions.values().collect::<Vec<_>>()).await?;
    let mut ids = Vec::new();
    while ids.len() < limit
        && let Some(row) = found.try_next().await?
    {
        if is_named(&row, 1, text)? {
            ids.push(get(&row, 0)?);
        }
    }
    Ok(ids)
}

/// See [`steadflow_store::Catalogue::count_flows`].
pub(crate) async fn count(db: &Client, filter: &FlowFilter) -> Result<u64> {
    let conditions = conditions(filter);
    let (expression, parameters) = (conditions.expression(1), conditions.values().collect::<Vec<_>>());
    let Some(text) = filter.text.as_deref().map(Text::new) else {
        let sql = format!("SELECT count(*) FROM flows WHERE {expression}");
        return number(&db.query_typed_one(&sql, &parameters).await?, 0);
    };
    let sql = format!("SELECT name FROM flows WHERE {expression}");
    let mut found = rows(db, &sql, &parameters).await?;
    let mut count = 0;
    while let Some(row) = found.try_next().await? {
        count += u64::from(is_named(&row, 0, &text)?);
    }
    Ok(count)
}

fn is_named(row: &Row, column: usize, text: &Text) -> Result<bool> {
    Ok(text.is_in(&value::read(get(row, column)?)))
}

/// A flow is in a folder of which the path with its last `/` is one of the values, or is below it.
const WITHIN: &str =
    "EXISTS (SELECT 1 FROM unnest(?) AS within WHERE starts_with(flows.folder || '/', within))";

fn conditions(filter: &FlowFilter) -> Conditions {
    let mut conditions = Conditions::default();
    conditions.add("flows.tenant = ?", filter.tenant.map(TenantId::uuid));
    conditions.add("category = ?", filter.category.as_deref().map(|category| stored(category).into_owned()));
    conditions.add("status = ?", filter.status.map(|status| status.as_str()));
    conditions.add("is_template = ?", filter.is_template);
    conditions.add("is_scheduled = ?", filter.starts_by_itself);
    conditions.add("(webhook_path IS NOT NULL) = ?", filter.has_webhook);
    conditions.add(WITHIN, filter.folders.as_ref().map(Folders::prefixes));
    conditions
}

/// See [`steadflow_store::Catalogue::flow_version`].
pub(crate) async fn version(
    db: &Client,
    tenant: TenantId,
    id: FlowId,
    version: u32,
) -> Result<Option<FlowVersionRecord>> {
    let sql = concat!(
        include_str!("../queries/flow_versions.sql"),
        " WHERE flow = $1 AND version = $2 AND tenant = $3"
    );
    let found = db.query_typed_opt(sql, params![id.uuid(), i64::from(version), tenant.uuid()]).await?;
    found.as_ref().map(read_version).transpose()
}

/// See [`steadflow_store::Catalogue::flow_versions`].
pub(crate) async fn versions(
    db: &Client,
    tenant: TenantId,
    id: FlowId,
    wanted: VersionPage,
) -> Result<Vec<Listed<FlowVersionRecord, VersionId>>> {
    let sql = concat!(
        include_str!("../queries/flow_versions.sql"),
        " WHERE flow = $1 AND tenant = $2 AND ($3 IS NULL OR version < $3) ORDER BY version DESC LIMIT $4"
    );
    page_of_versions(db, sql, (id.uuid(), tenant), wanted, read_version).await
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

/// Deletes a flow's executions, some in each step, which is a transaction, and the flow itself with the last.
pub(crate) async fn delete_step(db: &Client, tenant: TenantId, id: FlowId) -> Result<Deletion> {
    if !lock(db, tenant, id).await? {
        return Ok(Deletion::Nothing);
    }
    if delete_executions(db, tenant, id).await? == DELETED_MAX {
        return Ok(Deletion::Begun);
    }
    fold::hold(db).await?;
    for sql in [
        "DELETE FROM rollups WHERE flow = $1 AND tenant = $2",
        "DELETE FROM execution_counts WHERE flow = $1 AND tenant = $2",
        "DELETE FROM schedules WHERE flow = $1 AND tenant = $2",
        "DELETE FROM flow_drafts WHERE flow = $1 AND tenant = $2",
        "DELETE FROM presence WHERE flow = $1 AND tenant = $2",
        "DELETE FROM flow_versions WHERE flow = $1 AND tenant = $2",
        "DELETE FROM flows WHERE id = $1 AND tenant = $2",
    ] {
        db.execute_typed(sql, params![id.uuid(), tenant.uuid()]).await?;
    }
    edits::note(db, Edited::Flow(tenant, id)).await?;
    Ok(Deletion::Done)
}

/// Deletes executions of a flow, [`DELETED_MAX`] at most. Returns how many it found.
async fn delete_executions(db: &Client, tenant: TenantId, id: FlowId) -> Result<usize> {
    let sql = "SELECT id FROM executions WHERE flow = $1 AND tenant = $2 LIMIT $3";
    let found = db.query_typed(sql, params![id.uuid(), tenant.uuid(), rows_max(DELETED_MAX)]).await?;
    let found = found.iter().map(|row| get(row, 0)).collect::<Result<Vec<Uuid>>>()?;
    let sql = "SELECT 1 FROM executions WHERE id = ANY($1) ORDER BY id FOR UPDATE";
    db.execute_typed(sql, params![found]).await?;
    delete::executions(db, &found, days::EVERYWHERE).await?;
    Ok(found.len())
}

async fn add_version(db: &Client, flow: &FlowRecord, note: Option<&str>) -> Result<()> {
    let sql = "INSERT INTO flow_versions (flow, version, tenant, document, created_at, note)
        VALUES ($1, $2, $3, $4, $5, $6)";
    db.execute_typed(
        sql,
        params![
            flow.id.uuid(),
            i64::from(flow.version),
            flow.tenant.uuid(),
            flow.document.as_str(),
            flow.updated_at.as_micros(),
            note.map(stored),
        ],
    )
    .await?;
    Ok(())
}

/// Reads the columns of `queries/flows.sql`.
fn read(row: &Row) -> Result<FlowRecord> {
    Ok(FlowRecord {
        id: flow_id(row, 0)?,
        tenant: tenant_id(row, 1)?,
        version: number(row, 2)?,
        status: named(row, 3)?,
        document: payload(row, 4)?,
        name: text(row, 5)?.to_string(),
        category: text_or_none(row, 6)?.map(|category| category.to_string()),
        is_template: get(row, 7)?,
        starts_by_itself: get(row, 8)?,
        webhook_path: text_or_none(row, 9)?.map(|path| path.to_string()),
        folder: named_or_none(row, 10)?,
        created_at: timestamp(row, 11)?,
        updated_at: timestamp(row, 12)?,
    })
}

/// Reads the columns of `queries/flow_versions.sql`.
fn read_version(row: &Row) -> Result<FlowVersionRecord> {
    Ok(FlowVersionRecord {
        flow: flow_id(row, 0)?,
        tenant: tenant_id(row, 1)?,
        version: number(row, 2)?,
        document: payload(row, 3)?,
        created_at: timestamp(row, 4)?,
        note: text_or_none(row, 5)?.map(|note| note.to_string()),
    })
}
