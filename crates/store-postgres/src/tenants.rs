//! [`Tenants`] for [`PostgresStore`].

mod pauses;

use std::collections::BTreeMap;
use std::time::Duration;

use steadflow_core::ids::TenantId;
use steadflow_core::tenant::TenantQuota;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    Expired, ExpiryStep, Listed, StartsOfOther, StoreFuture, TenantBytes, TenantChange, TenantChanged,
    TenantPause, TenantRecord, TenantResumed, Tenants,
};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::columns::{execution_id, get, listed, number, tenant_id, text, timestamp, timestamp_or_none};
use crate::error::{Error, Result};
use crate::history::expiry;
use crate::session::{session, transaction};
use crate::value::{int, params, rows_max, stored};
use crate::{PostgresStore, call, fold};

const COLUMNS: &str = "id, name, created_at, disabled_at, cancelling_since, deleting_since";

/// How long the starts of a process count that says nothing any more.
const STARTS_KEPT_FOR: Duration = Duration::from_secs(120);

/// The tables with rows of a tenant and what tells these rows apart, in the order in which they are deleted. Executions are deleted before,
/// with what is stored of them.
const TABLES: &[(&str, &str)] = &[
    ("api_keys", "id"),
    ("sign_ins", "hash"),
    ("invitations", "hash"),
    ("passkeys", "id"),
    ("oidc_subjects", "issuer, subject"),
    ("principals", "id"),
    ("oauth_authorizations", "hash"),
    ("oauth_tokens", "tenant, name"),
    ("secrets", "tenant, name"),
    ("data_keys", "id"),
    ("schedules", "flow, node"),
    ("received_events", "id"),
    ("event_keys", "tenant, key"),
    ("event_waits", "execution, node"),
    ("inbox", "number"),
    ("idempotency_keys", "tenant, key"),
    ("session_turns", "tenant, agent, key, number"),
    ("session_summaries", "tenant, agent, key, up_to"),
    ("sessions", "tenant, agent, key"),
    ("agent_budgets", "day, tenant, agent"),
    ("agent_uses", "tenant, agent, lane"),
    ("rollups", "tenant, flow, hour, node, metric, lane"),
    ("execution_counts", "tenant, flow, status, lane"),
    ("flow_ends", "minute, tenant, flow, lane"),
    ("costs", "tenant, hour, flow, agent, model, currency, lane"),
    ("alerts", "id"),
    ("agent_versions", "agent, version"),
    ("agents", "id"),
    ("flow_drafts", "flow"),
    ("presence", "flow, tab"),
    ("notes", "tenant, kind, owner, name"),
    ("flow_versions", "flow, version"),
    ("flows", "id"),
    ("edits", "number"),
    ("audit", "tenant, number"),
    ("tenant_starts", "tenant, process"),
];

/// Tables whose rows have no tenant but belong to one that has: what tells them apart, the column that names that, and which have which tenant.
const BELOW: &[(&str, &str, &str, &str)] = &[
    ("alert_notes", "alert, key", "alert", "alerts"),
    ("alert_groups", "alert, name", "alert", "alerts"),
    ("alert_messages", "id", "alert", "alerts"),
    ("flow_slots", "flow", "flow", "flows"),
    ("agent_gates", "agent_gates.agent", "agent_gates.agent", "agents"),
];

impl Tenants for PostgresStore {
    fn create_tenant(&self, tenant: TenantRecord) -> StoreFuture<'_, bool> {
        call("create_tenant", async move {
            let sql =
                "INSERT INTO tenants (id, name, created_at, disabled_at, cancelling_since, deleting_since)
                VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
            Ok(write(&*session(&self.pool).await?, sql, &tenant).await? > 0)
        })
    }

    fn tenants(&self) -> StoreFuture<'_, Vec<Listed<TenantRecord>>> {
        call("tenants", async move {
            let sql = format!("SELECT {COLUMNS} FROM tenants ORDER BY id");
            let found = session(&self.pool).await?.query_typed(&sql, &[]).await?;
            found.iter().map(|next| listed(next, read)).collect()
        })
    }

    fn change_tenant(&self, id: TenantId, change: TenantChange) -> StoreFuture<'_, TenantChanged> {
        call(
            "change_tenant",
            async move { transaction!(&self.pool, |db| apply(db, id, change.clone()).await) },
        )
    }

    fn tenant_quotas(&self) -> StoreFuture<'_, Vec<(TenantId, TenantQuota)>> {
        call("tenant_quotas", async move {
            let sql = "SELECT tenant, quota FROM tenant_quotas ORDER BY tenant";
            session(&self.pool).await?.query_typed(sql, &[]).await?.iter().map(quota).collect()
        })
    }

    fn put_tenant_quota(&self, tenant: TenantId, quota: TenantQuota) -> StoreFuture<'_, ()> {
        call("put_tenant_quota", async move {
            let db = session(&self.pool).await?;
            if quota.is_limited() {
                let json = serde_json::to_string(&quota).expect("numbers can be written as JSON");
                let sql = "INSERT INTO tenant_quotas (tenant, quota) VALUES ($1, $2)
                    ON CONFLICT (tenant) DO UPDATE SET quota = excluded.quota";
                db.execute_typed(sql, params![tenant.uuid(), json]).await?;
            } else {
                let sql = "DELETE FROM tenant_quotas WHERE tenant = $1";
                db.execute_typed(sql, params![tenant.uuid()]).await?;
            }
            Ok(())
        })
    }

    fn pauses(&self) -> StoreFuture<'_, Vec<TenantPause>> {
        call("pauses", async move { pauses::all(&*session(&self.pool).await?).await })
    }

    fn pause_tenant(&self, pause: TenantPause) -> StoreFuture<'_, bool> {
        call("pause_tenant", async move { pauses::put(&*session(&self.pool).await?, &pause).await })
    }

    fn resume_tenant(&self, tenant: TenantId, resumed: TenantResumed) -> StoreFuture<'_, bool> {
        call(
            "resume_tenant",
            async move { pauses::end(&*session(&self.pool).await?, tenant, &resumed).await },
        )
    }

    fn forget_pause(&self, tenant: TenantId, resumed_at: Timestamp) -> StoreFuture<'_, ()> {
        call(
            "forget_pause",
            async move { pauses::forget(&*session(&self.pool).await?, tenant, resumed_at).await },
        )
    }

    fn unfinished_counts(&self) -> StoreFuture<'_, Vec<(TenantId, u64)>> {
        call("unfinished_counts", async move {
            let sql = "SELECT tenant, count(*) FROM executions
                WHERE completed_at IS NULL AND parent IS NULL GROUP BY tenant";
            let rows = session(&self.pool).await?.query_typed(sql, &[]).await?;
            rows.iter().map(|row| Ok((tenant_id(row, 0)?, number(row, 1)?))).collect()
        })
    }

    fn tenant_bytes(&self, step: ExpiryStep) -> StoreFuture<'_, TenantBytes> {
        call("tenant_bytes", async move { bytes(&*session(&self.pool).await?, step).await })
    }

    fn share_starts(
        &self,
        process: Uuid,
        starts: Vec<(TenantId, u64)>,
        now: Timestamp,
    ) -> StoreFuture<'_, Vec<StartsOfOther>> {
        call(
            "share_starts",
            async move { transaction!(&self.pool, |db| share(db, process, &starts, now).await) },
        )
    }

    fn delete_executions_of(&self, tenant: TenantId, step: ExpiryStep) -> StoreFuture<'_, Expired> {
        call("delete_executions_of", async move {
            transaction!(&self.pool, |db| expiry::step_of(db, tenant, step).await)
        })
    }

    fn delete_rest_of(&self, tenant: TenantId, limit: usize) -> StoreFuture<'_, usize> {
        call(
            "delete_rest_of",
            async move { transaction!(&self.pool, |db| delete_rest(db, tenant, limit).await) },
        )
    }
}

fn read(row: &Row) -> Result<TenantRecord> {
    Ok(TenantRecord {
        id: tenant_id(row, 0)?,
        name: text(row, 1)?,
        created_at: timestamp(row, 2)?,
        disabled_at: timestamp_or_none(row, 3)?,
        cancelling_since: timestamp_or_none(row, 4)?,
        deleting_since: timestamp_or_none(row, 5)?,
    })
}

async fn write(db: &Client, sql: &str, tenant: &TenantRecord) -> Result<u64> {
    let micros = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
    let TenantRecord { id, name, created_at, disabled_at, cancelling_since, deleting_since } = tenant;
    let written = db
        .execute_typed(
            sql,
            params![
                id.uuid(),
                stored(name),
                created_at.as_micros(),
                micros(*disabled_at),
                micros(*cancelling_since),
                micros(*deleting_since),
            ],
        )
        .await?;
    Ok(written)
}

async fn apply(db: &Client, id: TenantId, change: TenantChange) -> Result<TenantChanged> {
    let sql = format!("SELECT {COLUMNS} FROM tenants WHERE id = $1 FOR UPDATE");
    let Some(row) = db.query_typed_opt(&sql, params![id.uuid()]).await? else {
        return Ok(TenantChanged::Missing);
    };
    let after = match change.applied(read(&row)?) {
        Ok(after) => after,
        Err(changed) => return Ok(changed),
    };
    let sql = "SELECT 1 FROM tenants WHERE name = $1 AND id <> $2";
    if db.query_typed_opt(sql, params![stored(&after.name), id.uuid()]).await?.is_some() {
        return Ok(TenantChanged::NameTaken);
    }
    let sql = "UPDATE tenants SET name = $2, created_at = $3, disabled_at = $4, cancelling_since = $5,
        deleting_since = $6 WHERE id = $1";
    write(db, sql, &after).await?;
    Ok(TenantChanged::Done(Box::new(after)))
}

fn quota(row: &Row) -> Result<(TenantId, TenantQuota)> {
    let quota = serde_json::from_str(get(row, 1)?).map_err(|error| Error::Unreadable(error.to_string()))?;
    Ok((tenant_id(row, 0)?, quota))
}

async fn bytes(db: &Client, step: ExpiryStep) -> Result<TenantBytes> {
    let after = step.after.map(|id| id.uuid());
    let sql = "SELECT id, tenant FROM executions WHERE $1 IS NULL OR id > $1 ORDER BY id LIMIT $2";
    let rows = db.query_typed(sql, params![after, rows_max(step.limit)]).await?;
    let mut found = TenantBytes::default();
    let mut tenants = BTreeMap::new();
    for row in &rows {
        found.next = Some(execution_id(row, 0)?);
        tenants.insert(execution_id(row, 0)?, tenant_id(row, 1)?);
    }
    // The ids are named, so that the planner looks at their days alone; `octet_length` does not read the text. What is shorter than 1
    // KiB is the reference to a blob.
    let sql = "SELECT execution, octet_length(records)::bigint FROM journals WHERE execution = ANY($1)
        UNION ALL
        SELECT execution, CASE WHEN octet_length(record) < 1024 THEN coalesce(substring(record FROM '\"bytes\":([0-9]+)')::bigint, 0)
            ELSE octet_length(record) END FROM long_records WHERE execution = ANY($1)";
    let ids: Vec<Uuid> = tenants.keys().map(|id| id.uuid()).collect();
    for row in &db.query_typed(sql, params![ids]).await? {
        if let Some(tenant) = tenants.get(&execution_id(row, 0)?) {
            found.bytes.push((*tenant, number(row, 1)?));
        }
    }
    if rows.len() < step.limit {
        found.next = None;
        let sql = "SELECT tenant, sum(bytes)::bigint FROM sessions GROUP BY tenant";
        for row in &db.query_typed(sql, &[]).await? {
            found.bytes.push((tenant_id(row, 0)?, number(row, 1)?));
        }
    }
    Ok(found)
}

async fn share(
    db: &Client,
    process: Uuid,
    starts: &[(TenantId, u64)],
    now: Timestamp,
) -> Result<Vec<StartsOfOther>> {
    let tenants: Vec<Uuid> = starts.iter().map(|(tenant, _)| tenant.uuid()).collect();
    let counts: Vec<i64> = starts.iter().map(|(_, starts)| int(*starts)).collect();
    let sql = "INSERT INTO tenant_starts (tenant, process, starts, at)
        SELECT tenant, $1, starts, $2 FROM UNNEST($3, $4) AS own (tenant, starts) ORDER BY tenant
        ON CONFLICT (tenant, process) DO UPDATE SET starts = excluded.starts, at = excluded.at";
    db.execute_typed(sql, params![process, now.as_micros(), tenants, counts]).await?;
    let kept = now.as_micros().saturating_sub(i64::try_from(STARTS_KEPT_FOR.as_micros()).unwrap_or(i64::MAX));
    let sql = "DELETE FROM tenant_starts WHERE at < $1";
    db.execute_typed(sql, params![kept]).await?;
    let sql = "SELECT tenant, process, starts FROM tenant_starts WHERE process <> $1 AND tenant = ANY($2)";
    let of_other = |row: &Row| {
        Ok(StartsOfOther { tenant: tenant_id(row, 0)?, process: get(row, 1)?, starts: number(row, 2)? })
    };
    db.query_typed(sql, params![process, tenants]).await?.iter().map(of_other).collect()
}

/// See [`Tenants::delete_rest_of`].
async fn delete_rest(db: &Client, tenant: TenantId, limit: usize) -> Result<usize> {
    let sql = "SELECT 1 FROM tenants WHERE id = $1 AND deleting_since IS NOT NULL FOR UPDATE";
    if db.query_typed_opt(sql, params![tenant.uuid()]).await?.is_none() {
        return Ok(0);
    }
    // Counters that are added up meanwhile would stay.
    fold::hold(db).await?;
    let below = BELOW.iter().map(|(table, key, column, above)| {
        let which = format!("{column} IN (SELECT id FROM {above} WHERE tenant = $1)");
        format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {which} LIMIT $2)")
    });
    let own = TABLES.iter().map(|(table, key)| {
        format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE tenant = $1 LIMIT $2)")
    });
    for sql in below.chain(own) {
        // What others belong to is deleted after all of these.
        let deleted = db.execute_typed(&sql, params![tenant.uuid(), rows_max(limit)]).await?;
        if deleted > 0 {
            if sql.starts_with("DELETE FROM secrets ") || sql.starts_with("DELETE FROM data_keys ") {
                db.execute_typed("UPDATE counters SET value = value + 1 WHERE name = 'secrets'", &[]).await?;
            }
            return Ok(usize::try_from(deleted).unwrap_or(usize::MAX));
        }
    }
    for (table, key) in [("tenant_quotas", "tenant"), ("pauses", "tenant"), ("tenants", "id")] {
        db.execute_typed(&format!("DELETE FROM {table} WHERE {key} = $1"), params![tenant.uuid()]).await?;
    }
    Ok(0)
}

#[cfg(test)]
mod tests;
