//! Tenants of which everything is paused.

use steadflow_core::caller::Actor;
use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{TenantPause, TenantResumed};
use tokio_postgres::{Client, Row};

use crate::columns::{get, readable, tenant_id, text_or_none, timestamp, timestamp_or_none};
use crate::error::{Error, Result};
use crate::value::{params, stored};

/// See [`steadflow_store::Tenants::pauses`].
pub(super) async fn all(db: &Client) -> Result<Vec<TenantPause>> {
    let sql =
        "SELECT tenant, paused_at, paused_by, reason, resumed_at, resumed_by FROM pauses ORDER BY tenant";
    db.query_typed(sql, &[]).await?.iter().map(read).filter_map(readable).collect()
}

/// See [`steadflow_store::Tenants::pause_tenant`].
pub(super) async fn put(db: &Client, pause: &TenantPause) -> Result<bool> {
    let sql = "INSERT INTO pauses (tenant, paused_at, paused_by, reason) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant) DO UPDATE SET paused_at = excluded.paused_at, paused_by = excluded.paused_by,
            reason = excluded.reason, resumed_at = NULL, resumed_by = NULL
        WHERE pauses.resumed_at IS NOT NULL";
    let reason = pause.reason.as_deref().map(stored);
    let TenantPause { tenant, at, by, .. } = pause;
    let written = db.execute_typed(sql, params![tenant.uuid(), at.as_micros(), json(by), reason]).await?;
    Ok(written > 0)
}

/// See [`steadflow_store::Tenants::resume_tenant`].
pub(super) async fn end(db: &Client, tenant: TenantId, resumed: &TenantResumed) -> Result<bool> {
    let sql = "UPDATE pauses SET resumed_at = $2, resumed_by = $3 WHERE tenant = $1 AND resumed_at IS NULL";
    let TenantResumed { at, by } = resumed;
    let written = db.execute_typed(sql, params![tenant.uuid(), at.as_micros(), json(by)]).await?;
    Ok(written > 0)
}

/// See [`steadflow_store::Tenants::forget_pause`].
pub(super) async fn forget(db: &Client, tenant: TenantId, resumed_at: Timestamp) -> Result<()> {
    let sql = "DELETE FROM pauses WHERE tenant = $1 AND resumed_at = $2";
    db.execute_typed(sql, params![tenant.uuid(), resumed_at.as_micros()]).await?;
    Ok(())
}

fn json(actor: &Actor) -> String {
    serde_json::to_string(actor).expect("an actor is texts")
}

fn read(row: &Row) -> Result<TenantPause> {
    let resumed =
        timestamp_or_none(row, 4)?.map(|at| Ok::<_, Error>(TenantResumed { at, by: actor(row, 5)? }));
    Ok(TenantPause {
        tenant: tenant_id(row, 0)?,
        at: timestamp(row, 1)?,
        by: actor(row, 2)?,
        reason: text_or_none(row, 3)?,
        resumed: resumed.transpose()?,
    })
}

/// A pause of which it cannot be read who made or ended it is one nevertheless.
fn actor(row: &Row, column: usize) -> Result<Actor> {
    Ok(serde_json::from_str(get(row, column)?).unwrap_or(Actor::SYSTEM))
}
