//! Drafts of flows.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use steadflow_core::ids::{FlowId, TenantId};
use steadflow_store::{Changed, FlowDraftChange, FlowDraftMark, FlowDraftRecord};

use crate::columns::{blob, flow_id, payload, tenant_id, text, timestamp, unreadable};
use crate::search::Conditions;

/// See [`steadflow_store::Catalogue::flow_draft`].
pub(crate) fn draft(
    db: &Connection,
    tenant: TenantId,
    id: FlowId,
) -> rusqlite::Result<Option<FlowDraftRecord>> {
    let sql =
        "SELECT flow, tenant, revision, base_version, definition, updated_at, updated_by FROM flow_drafts
        WHERE flow = ?1 AND tenant = ?2";
    db.prepare_cached(sql)?.query_row((blob(id.uuid()), blob(tenant.uuid())), read).optional()
}

/// See [`steadflow_store::Catalogue::flow_draft_marks`].
pub(crate) fn marks(
    db: &Connection,
    tenant: TenantId,
    flows: &[FlowId],
) -> rusqlite::Result<Vec<FlowDraftMark>> {
    let mut conditions = Conditions::default();
    conditions.add("tenant = ?", Some(blob(tenant.uuid()).to_vec()));
    conditions.add_any("flow", flows.iter().map(|id| Value::from(blob(id.uuid()).to_vec())).collect());
    let sql = format!("SELECT flow, updated_at, updated_by FROM flow_drafts {conditions} ORDER BY flow");
    let mut statement = db.prepare_cached(&sql)?;
    let mark = |row: &Row<'_>| {
        let (updated_at, updated_by) = (timestamp(row, 1)?, text(row, 2)?);
        Ok(FlowDraftMark { flow: flow_id(row, 0)?, updated_at, updated_by })
    };
    statement.query_map(params_from_iter(conditions.values()), mark)?.collect()
}

/// See [`steadflow_store::Catalogue::put_flow_draft`].
pub(crate) fn put(
    db: &Connection,
    change: FlowDraftChange,
) -> rusqlite::Result<Changed<Option<FlowDraftRecord>>> {
    let (flow, tenant) = (blob(change.flow.uuid()), blob(change.tenant.uuid()));
    if !db.prepare_cached("SELECT 1 FROM flows WHERE id = ?1 AND tenant = ?2")?.exists((flow, tenant))? {
        return Ok(Changed::Missing);
    }
    let before = draft(db, change.tenant, change.flow)?;
    if before.as_ref().map(|draft| draft.revision) != change.replaces {
        return Ok(Changed::Conflict(before));
    }
    let draft = change.into_draft();
    let sql = "INSERT INTO flow_drafts (flow, tenant, revision, base_version, definition, updated_at, updated_by)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (flow) DO UPDATE SET revision = excluded.revision, base_version = excluded.base_version,
            definition = excluded.definition, updated_at = excluded.updated_at, updated_by = excluded.updated_by";
    db.prepare_cached(sql)?.execute(params![
        flow,
        tenant,
        draft.revision.cast_signed(),
        draft.base_version,
        draft.definition.as_str(),
        draft.updated_at.as_micros(),
        draft.updated_by,
    ])?;
    Ok(Changed::Done(Some(draft)))
}

/// See [`steadflow_store::Catalogue::delete_flow_draft`].
pub(crate) fn delete(
    db: &Connection,
    tenant: TenantId,
    id: FlowId,
    revision: u64,
) -> rusqlite::Result<Changed<Option<FlowDraftRecord>>> {
    let Some(draft) = draft(db, tenant, id)? else { return Ok(Changed::Missing) };
    if draft.revision != revision {
        return Ok(Changed::Conflict(Some(draft)));
    }
    discard(db, id, revision)?;
    Ok(Changed::Done(Some(draft)))
}

/// Deletes the draft of a flow, if it has this revision.
pub(super) fn discard(db: &Connection, id: FlowId, revision: u64) -> rusqlite::Result<()> {
    let sql = "DELETE FROM flow_drafts WHERE flow = ?1 AND revision = ?2";
    db.prepare_cached(sql)?.execute((blob(id.uuid()), revision.cast_signed())).map(drop)
}

fn read(row: &Row<'_>) -> rusqlite::Result<FlowDraftRecord> {
    Ok(FlowDraftRecord {
        flow: flow_id(row, 0)?,
        tenant: tenant_id(row, 1)?,
        revision: row
            .get::<_, i64>(2)?
            .try_into()
            .map_err(|_| unreadable(2, "a revision is not negative".to_owned()))?,
        base_version: row.get(3)?,
        definition: payload(row, 4)?,
        updated_at: timestamp(row, 5)?,
        updated_by: text(row, 6)?,
    })
}
