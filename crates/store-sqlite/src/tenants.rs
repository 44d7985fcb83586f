//! [`Tenants`] for [`SqliteStore`].

mod pauses;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};
use steadflow_core::ids::TenantId;
use steadflow_core::tenant::TenantQuota;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    Expired, ExpiryStep, Listed, StoreFuture, TenantBytes, TenantChange, TenantChanged, TenantPause,
    TenantRecord, TenantResumed, Tenants,
};

use crate::SqliteStore;
use crate::columns::{
    blob, execution_id, listed, rows_max, tenant_id, text, timestamp, timestamp_or_none, unreadable,
};
use crate::error::store_error;
use crate::history::expiry;
use crate::writer::Writer;

const COLUMNS: &str = "id, name, created_at, disabled_at, cancelling_since, deleting_since";

/// The tables with rows of a tenant and what tells these rows apart, in the order in which they are deleted. Executions are deleted before,
/// with what is stored of them; what is kept by the number of another table's row stands before that.
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
    ("event_waits", "execution, node"),
    ("inbox", "number"),
    ("idempotency_keys", "number"),
    ("sessions", "number"),
    ("agent_budgets", "day, tenant, agent"),
    ("agent_uses", "tenant, agent"),
    ("rollups", "tenant, flow, hour, node, metric"),
    ("execution_counts", "tenant, flow, status"),
    ("flow_ends", "minute, tenant, flow"),
    ("costs", "tenant, hour, flow, agent, model, currency"),
    ("alerts", "id"),
    ("agent_versions", "agent, version"),
    ("agents", "id"),
    ("flow_drafts", "flow"),
    ("presence", "flow, tab"),
    ("notes", "tenant, kind, owner, name"),
    ("flow_versions", "flow, version"),
    ("flows", "id"),
    ("audit", "tenant, number"),
];

/// Tables whose rows have no tenant but belong to a row that has one: the columns that tell them apart, the column that names that
/// row, and which rows have which tenant.
const BELOW: &[(&str, &str, &str, &str)] = &[
    ("session_turns", "session, number", "session", "SELECT number FROM sessions WHERE tenant = ?1"),
    ("session_summaries", "session, up_to", "session", "SELECT number FROM sessions WHERE tenant = ?1"),
    ("alert_notes", "alert, key", "alert", "SELECT id FROM alerts WHERE tenant = ?1"),
    ("alert_groups", "alert, name", "alert", "SELECT id FROM alerts WHERE tenant = ?1"),
    ("alert_messages", "id", "alert", "SELECT id FROM alerts WHERE tenant = ?1"),
];

impl Tenants for SqliteStore {
    fn create_tenant(&self, tenant: TenantRecord) -> StoreFuture<'_, bool> {
        let sql = "INSERT INTO tenants (id, name, created_at, disabled_at, cancelling_since, deleting_since)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
        Box::pin(self.change("create_tenant", move |db| {
            Ok(db.prepare_cached(sql)?.execute(values(&tenant, &blob(tenant.id.uuid())))? > 0)
        }))
    }

    fn tenants(&self) -> StoreFuture<'_, Vec<Listed<TenantRecord>>> {
        let sql = format!("SELECT {COLUMNS} FROM tenants ORDER BY id");
        Box::pin(self.read("tenants", move |db| {
            db.prepare_cached(&sql)?.query_map([], |next| listed(next, read))?.collect()
        }))
    }

    fn change_tenant(&self, id: TenantId, change: TenantChange) -> StoreFuture<'_, TenantChanged> {
        Box::pin(self.change("change_tenant", move |db| apply(db, id, change)))
    }

    fn tenant_quotas(&self) -> StoreFuture<'_, Vec<(TenantId, TenantQuota)>> {
        let sql = "SELECT tenant, quota FROM tenant_quotas ORDER BY tenant";
        Box::pin(
            self.read("tenant_quotas", move |db| db.prepare_cached(sql)?.query_map([], quota)?.collect()),
        )
    }

    fn put_tenant_quota(&self, tenant: TenantId, quota: TenantQuota) -> StoreFuture<'_, ()> {
        Box::pin(self.change("put_tenant_quota", move |db| put_quota(db, tenant, &quota)))
    }

    fn pauses(&self) -> StoreFuture<'_, Vec<TenantPause>> {
        Box::pin(self.read("pauses", pauses::all))
    }

    fn pause_tenant(&self, pause: TenantPause) -> StoreFuture<'_, bool> {
        Box::pin(self.change("pause_tenant", move |db| pauses::put(db, &pause)))
    }

    fn resume_tenant(&self, tenant: TenantId, resumed: TenantResumed) -> StoreFuture<'_, bool> {
        Box::pin(self.change("resume_tenant", move |db| pauses::end(db, tenant, &resumed)))
    }

    fn forget_pause(&self, tenant: TenantId, resumed_at: Timestamp) -> StoreFuture<'_, ()> {
        Box::pin(self.change("forget_pause", move |db| pauses::forget(db, tenant, resumed_at)))
    }

    fn unfinished_counts(&self) -> StoreFuture<'_, Vec<(TenantId, u64)>> {
        let sql = "SELECT tenant, count(*) FROM executions
            WHERE completed_at IS NULL AND parent IS NULL GROUP BY tenant";
        Box::pin(self.read("unfinished_counts", move |db| {
            let count = |row: &Row<'_>| Ok((tenant_id(row, 0)?, row.get(1)?));
            db.prepare_cached(sql)?.query_map([], count)?.collect()
        }))
    }

    fn tenant_bytes(&self, step: ExpiryStep) -> StoreFuture<'_, TenantBytes> {
        Box::pin(self.read("tenant_bytes", move |db| bytes(db, step)))
    }

    fn delete_executions_of(&self, tenant: TenantId, step: ExpiryStep) -> StoreFuture<'_, Expired> {
        const CALL: &str = "delete_executions_of";
        let work = move |writer: &mut Writer| {
            expiry::step_of(writer, tenant, step).map_err(|error| store_error(CALL, error))
        };
        Box::pin(self.write(CALL, 0, work))
    }

    fn delete_rest_of(&self, tenant: TenantId, limit: usize) -> StoreFuture<'_, usize> {
        Box::pin(self.change("delete_rest_of", move |db| delete_rest(db, tenant, limit)))
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<TenantRecord> {
    Ok(TenantRecord {
        id: tenant_id(row, 0)?,
        name: text(row, 1)?,
        created_at: timestamp(row, 2)?,
        disabled_at: timestamp_or_none(row, 3)?,
        cancelling_since: timestamp_or_none(row, 4)?,
        deleting_since: timestamp_or_none(row, 5)?,
    })
}

fn values<'r>(tenant: &'r TenantRecord, id: &'r [u8; 16]) -> impl rusqlite::Params + 'r {
    let micros = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
    (
        id,
        &*tenant.name,
        tenant.created_at.as_micros(),
        micros(tenant.disabled_at),
        micros(tenant.cancelling_since),
        micros(tenant.deleting_since),
    )
}

fn apply(db: &Connection, id: TenantId, change: TenantChange) -> rusqlite::Result<TenantChanged> {
    let sql = format!("SELECT {COLUMNS} FROM tenants WHERE id = ?1");
    let Some(before) = db.prepare_cached(&sql)?.query_row([blob(id.uuid())], read).optional()? else {
        return Ok(TenantChanged::Missing);
    };
    let after = match change.applied(before) {
        Ok(after) => after,
        Err(changed) => return Ok(changed),
    };
    let sql = "UPDATE tenants SET name = ?2, created_at = ?3, disabled_at = ?4, cancelling_since = ?5,
        deleting_since = ?6 WHERE id = ?1";
    match db.prepare_cached(sql)?.execute(values(&after, &blob(id.uuid()))) {
        Ok(_) => Ok(TenantChanged::Done(Box::new(after))),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Ok(TenantChanged::NameTaken)
        }
        Err(error) => Err(error),
    }
}

fn quota(row: &Row<'_>) -> rusqlite::Result<(TenantId, TenantQuota)> {
    let json = row.get_ref(1)?.as_str()?;
    let quota = serde_json::from_str(json).map_err(|error| unreadable(1, error.to_string()))?;
    Ok((tenant_id(row, 0)?, quota))
}

fn put_quota(db: &Connection, tenant: TenantId, quota: &TenantQuota) -> rusqlite::Result<()> {
    if !quota.is_limited() {
        let sql = "DELETE FROM tenant_quotas WHERE tenant = ?1";
        return db.prepare_cached(sql)?.execute([blob(tenant.uuid())]).map(drop);
    }
    let json = serde_json::to_string(quota).expect("numbers can be written as JSON");
    let sql = "INSERT OR REPLACE INTO tenant_quotas (tenant, quota) VALUES (?1, ?2)";
    db.prepare_cached(sql)?.execute(params![blob(tenant.uuid()), json]).map(drop)
}

fn bytes(db: &Connection, step: ExpiryStep) -> rusqlite::Result<TenantBytes> {
    let mut statement = db.prepare_cached(include_str!("queries/tenant_bytes.sql"))?;
    let after = step.after.map(|id| blob(id.uuid()).to_vec()).unwrap_or_default();
    let mut rows = statement.query((after, rows_max(step.limit)))?;
    let (mut found, mut seen) = (TenantBytes::default(), 0);
    while let Some(row) = rows.next()? {
        seen += 1;
        found.next = Some(execution_id(row, 0)?);
        found.bytes.push((tenant_id(row, 1)?, row.get(2)?));
    }
    if seen < step.limit {
        found.next = None;
        let sql = "SELECT tenant, sum(bytes) FROM sessions GROUP BY tenant";
        let sum = |row: &Row<'_>| Ok((tenant_id(row, 0)?, row.get(1)?));
        for sum in db.prepare_cached(sql)?.query_map([], sum)? {
            found.bytes.push(sum?);
        }
    }
    Ok(found)
}

/// See [`Tenants::delete_rest_of`].
fn delete_rest(db: &Connection, tenant: TenantId, limit: usize) -> rusqlite::Result<usize> {
    let id = blob(tenant.uuid());
    let sql = "SELECT 1 FROM tenants WHERE id = ?1 AND deleting_since IS NOT NULL";
    if !db.prepare_cached(sql)?.exists([id])? {
        return Ok(0);
    }
    let below = BELOW.iter().map(|(table, key, above, of_tenant)| {
        let which = format!("{above} IN ({of_tenant})");
        format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {which} LIMIT ?2)")
    });
    let own = TABLES.iter().map(|(table, key)| {
        format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE tenant = ?1 LIMIT ?2)")
    });
    for sql in below.chain(own) {
        // What others belong to is deleted after all of these.
        let deleted = db.prepare_cached(&sql)?.execute(params![id, rows_max(limit)])?;
        if deleted > 0 {
            return Ok(deleted);
        }
    }
    for (table, key) in [("tenant_quotas", "tenant"), ("pauses", "tenant"), ("tenants", "id")] {
        db.prepare_cached(&format!("DELETE FROM {table} WHERE {key} = ?1"))?.execute([id])?;
    }
    Ok(0)
}

#[cfg(test)]
mod tests;
