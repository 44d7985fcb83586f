//! [`Audit`] for [`SqliteStore`].

use rusqlite::{Connection, OptionalExtension, Row};
use steadflow_core::audit::{AuditEntry, AuditHash, AuditHead, AuditRow};
use steadflow_core::ids::TenantId;
use steadflow_store::{Audit, AuditFrom, AuditPage, StoreFuture};

use crate::SqliteStore;
use crate::columns::{blob, tenant_id, text};

impl Audit for SqliteStore {
    fn append_audit(&self, tenant: TenantId, entry: AuditEntry) -> StoreFuture<'_, AuditRow> {
        Box::pin(self.change("append_audit", move |db| append(db, tenant, &entry)))
    }

    fn audit(&self, tenant: TenantId, page: AuditPage) -> StoreFuture<'_, Vec<AuditRow>> {
        Box::pin(self.read("audit", move |db| rows(db, tenant, page)))
    }

    fn audit_heads(&self) -> StoreFuture<'_, Vec<(TenantId, AuditHead)>> {
        let sql = "SELECT tenant, max(number), hash FROM audit GROUP BY tenant";
        Box::pin(self.read("audit_heads", move |db| {
            let mut statement = db.prepare_cached(sql)?;
            let heads = statement.query_map([], |row| Ok((tenant_id(row, 0)?, head(row, 1)?)))?;
            heads.collect()
        }))
    }
}

fn append(db: &Connection, tenant: TenantId, entry: &AuditEntry) -> rusqlite::Result<AuditRow> {
    let last = "SELECT number, hash FROM audit WHERE tenant = ?1 ORDER BY number DESC LIMIT 1";
    let tenant_id = blob(tenant.uuid());
    let last = db.prepare_cached(last)?.query_row([tenant_id], |row| head(row, 0)).optional()?;
    let row = last.unwrap_or(AuditHead::START).then(tenant, entry);
    let sql = "INSERT INTO audit (tenant, number, entry, hash) VALUES (?1, ?2, ?3, ?4)";
    db.prepare_cached(sql)?.execute((tenant_id, int(row.number), &*row.entry, row.hash.0))?;
    Ok(row)
}

fn rows(db: &Connection, tenant: TenantId, page: AuditPage) -> rusqlite::Result<Vec<AuditRow>> {
    let (sql, number) = match page.from {
        AuditFrom::Newest(before) => (
            "SELECT number, hash, entry FROM audit WHERE tenant = ?1 AND number < ?2
            ORDER BY number DESC LIMIT ?3",
            before.map_or(i64::MAX, int),
        ),
        AuditFrom::After(number) => (
            "SELECT number, hash, entry FROM audit WHERE tenant = ?1 AND number > ?2
            ORDER BY number LIMIT ?3",
            int(number),
        ),
    };
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map((blob(tenant.uuid()), number, limit), |row| {
        let AuditHead { number, hash } = head(row, 0)?;
        Ok(AuditRow { number, entry: text(row, 2)?, hash })
    })?;
    rows.collect()
}

/// Reads the columns `number` and `hash`.
fn head(row: &Row<'_>, column: usize) -> rusqlite::Result<AuditHead> {
    Ok(AuditHead { number: row.get(column)?, hash: AuditHash(row.get(column + 1)?) })
}

fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
