//! Idempotency keys.

use std::collections::{BTreeMap, HashMap};

use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Idempotency, IdempotencyHit};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::columns::{execution_id, get};
use crate::error::{Error, Result};
use crate::statement_cache::QueryCached;
use crate::value::{params, stored};

/// How long keys are kept, in microseconds: 48 hours, twice what is promised.
const KEPT_MICROS: i64 = 48 * 3_600 * 1_000_000;

/// A key, and the execution that it starts.
pub(super) type Use<'a> = (&'a Idempotency, ExecutionId);

/// Notes the use of keys, each with the execution that it starts. Returns what those were used for before that were.
pub(super) async fn use_once(
    db: &impl QueryCached,
    keys: &[Use<'_>],
) -> Result<HashMap<ExecutionId, IdempotencyHit>> {
    // In one order, so that processes that use the same keys wait for each other, and not in a circle. Of a key that occurs twice,
    // the first use counts.
    let mut first: BTreeMap<(Uuid, &str), (&Idempotency, ExecutionId)> = BTreeMap::new();
    for (key, execution) in keys {
        first.entry((key.tenant.uuid(), &*key.key)).or_insert((key, *execution));
    }
    let tenants: Vec<Uuid> = first.keys().map(|(tenant, _)| *tenant).collect();
    let texts: Vec<_> = first.keys().map(|(_, key)| stored(key)).collect();
    let executions: Vec<Uuid> = first.values().map(|(_, execution)| execution.uuid()).collect();
    let hashes: Vec<Vec<u8>> = first.values().map(|(key, _)| key.request_hash.to_vec()).collect();
    let times: Vec<i64> = first.values().map(|(key, _)| key.created_at.as_micros()).collect();
    let sql = "INSERT INTO idempotency_keys (tenant, key, execution, request_hash, created_at)
        SELECT * FROM UNNEST($1, $2, $3, $4, $5) ON CONFLICT (tenant, key) DO NOTHING";
    db.query_cached(sql, params![tenants, texts, executions, hashes, times]).await?;
    let sql = "SELECT execution, request_hash, tenant, key FROM idempotency_keys
        WHERE (tenant, key) IN (SELECT * FROM UNNEST($1, $2))";
    let mut used: HashMap<(Uuid, String), IdempotencyHit> = HashMap::new();
    for row in db.query_cached(sql, params![tenants, texts]).await? {
        used.insert((get(&row, 2)?, get(&row, 3)?), hit(&row)?);
    }
    let hits = keys.iter().filter_map(|(key, execution)| {
        let hit = used.get(&(key.tenant.uuid(), stored(&key.key).into_owned()))?;
        (hit.execution != *execution).then(|| (*execution, hit.clone()))
    });
    Ok(hits.collect())
}

/// See [`steadflow_store::History::idempotency`].
pub(crate) async fn find(db: &Client, tenant: TenantId, key: &str) -> Result<Option<IdempotencyHit>> {
    let sql = "SELECT execution, request_hash FROM idempotency_keys WHERE tenant = $1 AND key = $2";
    let row = db.query_typed_opt(sql, params![tenant.uuid(), stored(key)]).await?;
    row.as_ref().map(hit).transpose()
}

/// Reads an execution and a hash from the first two columns.
fn hit(row: &Row) -> Result<IdempotencyHit> {
    let hash: &[u8] = get(row, 1)?;
    let request_hash = hash.try_into().map_err(|_| Error::Unreadable("a hash has 32 bytes".into()))?;
    Ok(IdempotencyHit { execution: execution_id(row, 0)?, request_hash })
}

/// Deletes some of the oldest keys, if they have expired at `now`.
pub(super) async fn forget_old(db: &Client, now: Timestamp) -> Result<()> {
    let sql = "DELETE FROM idempotency_keys WHERE (tenant, key) IN (
            SELECT tenant, key FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT 1000 FOR UPDATE SKIP LOCKED)";
    db.execute_typed(sql, params![now.as_micros().saturating_sub(KEPT_MICROS)]).await?;
    Ok(())
}
