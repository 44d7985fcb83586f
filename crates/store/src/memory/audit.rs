//! [`Audit`] for [`MemoryStore`].

use steadflow_core::audit::{AuditEntry, AuditHead, AuditRow};
use steadflow_core::ids::TenantId;

use super::{MemoryStore, at_once};
use crate::{Audit, AuditFrom, AuditPage, StoreError, StoreFuture};

/// Returns where a log ends.
fn head(log: &[AuditRow]) -> AuditHead {
    log.last().map_or(AuditHead::START, |row| AuditHead { number: row.number, hash: row.hash })
}

impl MemoryStore {
    fn append_audit_now(&self, tenant: TenantId, entry: &AuditEntry) -> Result<AuditRow, StoreError> {
        let mut database = self.open()?;
        let log = database.audit.entry(tenant).or_default();
        let row = head(log).then(tenant, entry);
        log.push(row.clone());
        Ok(row)
    }

    fn audit_now(&self, tenant: TenantId, page: AuditPage) -> Result<Vec<AuditRow>, StoreError> {
        let database = self.open()?;
        let log = database.audit.get(&tenant).map_or(&[][..], Vec::as_slice);
        Ok(match page.from {
            AuditFrom::Newest(before) => {
                let is_wanted = |row: &&AuditRow| before.is_none_or(|before| row.number < before);
                log.iter().rev().filter(is_wanted).take(page.limit).cloned().collect()
            }
            AuditFrom::After(number) => {
                log.iter().filter(|row| row.number > number).take(page.limit).cloned().collect()
            }
        })
    }
}

impl Audit for MemoryStore {
    fn append_audit(&self, tenant: TenantId, entry: AuditEntry) -> StoreFuture<'_, AuditRow> {
        at_once(self.append_audit_now(tenant, &entry))
    }

    fn audit(&self, tenant: TenantId, page: AuditPage) -> StoreFuture<'_, Vec<AuditRow>> {
        at_once(self.audit_now(tenant, page))
    }

    fn audit_heads(&self) -> StoreFuture<'_, Vec<(TenantId, AuditHead)>> {
        let heads = |logs: &std::collections::BTreeMap<TenantId, Vec<AuditRow>>| {
            logs.iter().map(|(tenant, log)| (*tenant, head(log))).collect()
        };
        at_once(self.open().map(|database| heads(&database.audit)))
    }
}
