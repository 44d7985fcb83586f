//! Idempotency keys.

use rusqlite::{Connection, OptionalExtension};
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Idempotency, IdempotencyHit};

use crate::columns::{blob, execution_id};

/// How long keys are kept, in microseconds: 48 hours, twice what is promised.
const KEPT_MICROS: i64 = 48 * 3_600 * 1_000_000;

/// Notes the use of a key or, if it was used before, returns what for.
pub(crate) fn use_once(
    db: &Connection,
    key: &Idempotency,
    execution: ExecutionId,
) -> rusqlite::Result<Option<IdempotencyHit>> {
    let mut statement = db.prepare_cached(include_str!("../queries/use_key.sql"))?;
    let tenant = blob(key.tenant.uuid());
    let used = (tenant, &*key.key, blob(execution.uuid()), key.request_hash, key.created_at.as_micros());
    if statement.execute(used)? == 1 { Ok(None) } else { read(db, key.tenant, &key.key) }
}

/// See [`steadflow_store::History::idempotency`].
pub(crate) fn read(db: &Connection, tenant: TenantId, key: &str) -> rusqlite::Result<Option<IdempotencyHit>> {
    let sql = "SELECT execution_id, request_hash FROM idempotency_keys WHERE tenant = ?1 AND key = ?2";
    let mut statement = db.prepare_cached(sql)?;
    let hit = statement.query_row((blob(tenant.uuid()), key), |row| {
        Ok(IdempotencyHit { execution: execution_id(row, 0)?, request_hash: row.get(1)? })
    });
    hit.optional()
}

/// Deletes some of the oldest keys, if they have expired at `now`.
pub(crate) fn forget_old(db: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(include_str!("../queries/forget_keys.sql"))?;
    statement.execute([now.as_micros().saturating_sub(KEPT_MICROS)]).map(drop)
}
