//! Tenants of which everything is paused.

use rusqlite::{Connection, Row, params};
use steadflow_core::caller::Actor;
use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{TenantPause, TenantResumed};

use crate::columns::{blob, readable, tenant_id, text_or_none, timestamp, timestamp_or_none};

/// See [`steadflow_store::Tenants::pauses`].
pub(super) fn all(db: &Connection) -> rusqlite::Result<Vec<TenantPause>> {
    let sql =
        "SELECT tenant, paused_at, paused_by, reason, resumed_at, resumed_by FROM pauses ORDER BY tenant";
    db.prepare_cached(sql)?.query_map([], read)?.filter_map(readable).collect()
}

/// See [`steadflow_store::Tenants::pause_tenant`].
pub(super) fn put(db: &Connection, pause: &TenantPause) -> rusqlite::Result<bool> {
    let sql = "INSERT INTO pauses (tenant, paused_at, paused_by, reason) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (tenant) DO UPDATE SET paused_at = excluded.paused_at, paused_by = excluded.paused_by,
            reason = excluded.reason, resumed_at = NULL, resumed_by = NULL
        WHERE resumed_at IS NOT NULL";
    let values =
        params![blob(pause.tenant.uuid()), pause.at.as_micros(), json(&pause.by), pause.reason.as_deref()];
    Ok(db.prepare_cached(sql)?.execute(values)? > 0)
}

/// See [`steadflow_store::Tenants::resume_tenant`].
pub(super) fn end(db: &Connection, tenant: TenantId, resumed: &TenantResumed) -> rusqlite::Result<bool> {
    let sql = "UPDATE pauses SET resumed_at = ?2, resumed_by = ?3 WHERE tenant = ?1 AND resumed_at IS NULL";
    let values = params![blob(tenant.uuid()), resumed.at.as_micros(), json(&resumed.by)];
    Ok(db.prepare_cached(sql)?.execute(values)? > 0)
}

/// See [`steadflow_store::Tenants::forget_pause`].
pub(super) fn forget(db: &Connection, tenant: TenantId, resumed_at: Timestamp) -> rusqlite::Result<()> {
    let sql = "DELETE FROM pauses WHERE tenant = ?1 AND resumed_at = ?2";
    db.prepare_cached(sql)?.execute(params![blob(tenant.uuid()), resumed_at.as_micros()]).map(drop)
}

fn json(actor: &Actor) -> String {
    serde_json::to_string(actor).expect("an actor is texts")
}

fn read(row: &Row<'_>) -> rusqlite::Result<TenantPause> {
    let resumed_at = timestamp_or_none(row, 4)?;
    let resumed = resumed_at.map(|at| Ok::<_, rusqlite::Error>(TenantResumed { at, by: actor(row, 5)? }));
    Ok(TenantPause {
        tenant: tenant_id(row, 0)?,
        at: timestamp(row, 1)?,
        by: actor(row, 2)?,
        reason: text_or_none(row, 3)?,
        resumed: resumed.transpose()?,
    })
}

/// A pause of which it cannot be read who made or ended it is one nevertheless.
fn actor(row: &Row<'_>, column: usize) -> rusqlite::Result<Actor> {
    let json = row.get_ref(column)?.as_str().unwrap_or_default();
    Ok(serde_json::from_str(json).unwrap_or(Actor::SYSTEM))
}
