//! [`Audit`] for [`PostgresStore`].

use steadflow_core::audit::{AuditEntry, AuditHash, AuditHead, AuditRow};
use steadflow_core::ids::TenantId;
use steadflow_store::{Audit, AuditFrom, AuditPage, StoreFuture};
use tokio_postgres::{Client, Row};

use crate::columns::{get, number, tenant_id, text};
use crate::error::{Error, Result};
use crate::session::{session, transaction};
use crate::value::{int, params, rows_max};
use crate::{PostgresStore, call};

impl Audit for PostgresStore {
    fn append_audit(&self, tenant: TenantId, entry: AuditEntry) -> StoreFuture<'_, AuditRow> {
        call("append_audit", async move { transaction!(&self.pool, |db| append(db, tenant, &entry).await) })
    }

    fn audit(&self, tenant: TenantId, page: AuditPage) -> StoreFuture<'_, Vec<AuditRow>> {
        call("audit", async move { rows(&*session(&self.pool).await?, tenant, page).await })
    }

    fn audit_heads(&self) -> StoreFuture<'_, Vec<(TenantId, AuditHead)>> {
        call("audit_heads", async move {
            let sql =
                "SELECT DISTINCT ON (tenant) tenant, number, hash FROM audit ORDER BY tenant, number DESC";
            let rows = session(&self.pool).await?.query_typed(sql, &[]).await?;
            rows.iter().map(|row| Ok((tenant_id(row, 0)?, head(row, 1)?))).collect()
        })
    }
}

async fn append(db: &Client, tenant: TenantId, entry: &AuditEntry) -> Result<AuditRow> {
    // One after the other: each needs the one before.
    db.query_typed("SELECT 1 FROM counters WHERE name = 'audit' FOR UPDATE", &[]).await?;
    let sql = "SELECT number, hash FROM audit WHERE tenant = $1 ORDER BY number DESC LIMIT 1";
    let last = db.query_typed_opt(sql, params![tenant.uuid()]).await?;
    let last = last.map_or(Ok(AuditHead::START), |row| head(&row, 0))?;
    let row = last.then(tenant, entry);
    let sql = "INSERT INTO audit (tenant, number, entry, hash) VALUES ($1, $2, $3, $4)";
    db.execute_typed(sql, params![tenant.uuid(), int(row.number), &*row.entry, &row.hash.0[..]]).await?;
    Ok(row)
}

async fn rows(db: &Client, tenant: TenantId, page: AuditPage) -> Result<Vec<AuditRow>> {
    let (sql, number) = match page.from {
        AuditFrom::Newest(before) => (
            "SELECT number, hash, entry FROM audit WHERE tenant = $1 AND number < $2
            ORDER BY number DESC LIMIT $3",
            before.map_or(i64::MAX, int),
        ),
        AuditFrom::After(number) => (
            "SELECT number, hash, entry FROM audit WHERE tenant = $1 AND number > $2
            ORDER BY number LIMIT $3",
            int(number),
        ),
    };
    let rows = db.query_typed(sql, params![tenant.uuid(), number, rows_max(page.limit)]).await?;
    let read = |row: &Row| {
        let AuditHead { number, hash } = head(row, 0)?;
        Ok(AuditRow { number, entry: text(row, 2)?, hash })
    };
    rows.iter().map(read).collect()
}

/// Reads the columns `number` and `hash`.
fn head(row: &Row, column: usize) -> Result<AuditHead> {
    let hash: &[u8] = get(row, column + 1)?;
    let hash = hash.try_into().map_err(|_| Error::Unreadable("a hash has 32 bytes".into()))?;
    Ok(AuditHead { number: number(row, column)?, hash: AuditHash(hash) })
}
