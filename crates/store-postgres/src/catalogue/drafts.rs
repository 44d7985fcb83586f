//! Drafts of flows.

use steadflow_core::ids::{FlowId, TenantId};
use steadflow_store::{Changed, FlowDraftChange, FlowDraftMark, FlowDraftRecord};
use tokio_postgres::{Client, Row};

use super::flows;
use crate::columns::{flow_id, number, payload, tenant_id, text, timestamp};
use crate::error::{Error, Result};
use crate::value::{int, params, stored};

/// See [`steadflow_store::Catalogue::flow_draft`].
pub(crate) async fn draft(db: &Client, tenant: TenantId, id: FlowId) -> Result<Option<FlowDraftRecord>> {
    let sql =
        "SELECT flow, tenant, revision, base_version, definition, updated_at, updated_by FROM flow_drafts
        WHERE flow = $1 AND tenant = $2";
    let found = db.query_typed_opt(sql, params![id.uuid(), tenant.uuid()]).await?;
    found.as_ref().map(read).transpose()
}

/// See [`steadflow_store::Catalogue::flow_draft_marks`].
pub(crate) async fn marks(db: &Client, tenant: TenantId, flows: &[FlowId]) -> Result<Vec<FlowDraftMark>> {
    let sql = "SELECT flow, updated_at, updated_by FROM flow_drafts
        WHERE tenant = $1 AND flow = ANY($2) ORDER BY flow";
    let flows: Vec<_> = flows.iter().map(|id| id.uuid()).collect();
    let mark = |row: &Row| {
        let (updated_at, updated_by) = (timestamp(row, 1)?, text(row, 2)?);
        Ok(FlowDraftMark { flow: flow_id(row, 0)?, updated_at, updated_by })
    };
    db.query_typed(sql, params![tenant.uuid(), flows]).await?.iter().map(mark).collect()
}

/// See [`steadflow_store::Catalogue::put_flow_draft`]; in one transaction.
pub(crate) async fn put(db: &Client, change: &FlowDraftChange) -> Result<Changed<Option<FlowDraftRecord>>> {
    // Who else changes the draft waits here.
    if !flows::lock(db, change.tenant, change.flow).await? {
        return Ok(Changed::Missing);
    }
    let before = draft(db, change.tenant, change.flow).await?;
    if before.as_ref().map(|draft| draft.revision) != change.replaces {
        return Ok(Changed::Conflict(before));
    }
    let draft = change.clone().into_draft();
    let sql = "INSERT INTO flow_drafts (flow, tenant, revision, base_version, definition, updated_at, updated_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (flow) DO UPDATE SET revision = excluded.revision, base_version = excluded.base_version,
            definition = excluded.definition, updated_at = excluded.updated_at, updated_by = excluded.updated_by";
    db.execute_typed(
        sql,
        params![
            draft.flow.uuid(),
            draft.tenant.uuid(),
            int(draft.revision),
            i64::from(draft.base_version),
            draft.definition.as_str(),
            draft.updated_at.as_micros(),
            stored(&draft.updated_by),
        ],
    )
    .await?;
    Ok(Changed::Done(Some(draft)))
}

/// See [`steadflow_store::Catalogue::delete_flow_draft`]; in one transaction.
pub(crate) async fn delete(
    db: &Client,
    tenant: TenantId,
    id: FlowId,
    revision: u64,
) -> Result<Changed<Option<FlowDraftRecord>>> {
    if !flows::lock(db, tenant, id).await? {
        return Ok(Changed::Missing);
    }
    let Some(draft) = draft(db, tenant, id).await? else { return Ok(Changed::Missing) };
    if draft.revision != revision {
        return Ok(Changed::Conflict(Some(draft)));
    }
    discard(db, id, revision).await?;
    Ok(Changed::Done(Some(draft)))
}

/// Deletes the draft of a flow, if it has this revision.
pub(super) async fn discard(db: &Client, id: FlowId, revision: u64) -> Result<()> {
    let sql = "DELETE FROM flow_drafts WHERE flow = $1 AND revision = $2";
    db.execute_typed(sql, params![id.uuid(), int(revision)]).await?;
    Ok(())
}

fn read(row: &Row) -> Result<FlowDraftRecord> {
    let base_version: u64 = number(row, 3)?;
    Ok(FlowDraftRecord {
        flow: flow_id(row, 0)?,
        tenant: tenant_id(row, 1)?,
        revision: number(row, 2)?,
        base_version: base_version
            .try_into()
            .map_err(|_| Error::Unreadable("a version has 32 bits".into()))?,
        definition: payload(row, 4)?,
        updated_at: timestamp(row, 5)?,
        updated_by: text(row, 6)?,
    })
}
