//! The audit log of each tenant.

use steadflow_core::audit::{AuditEntry, AuditHead, AuditRow};
use steadflow_core::ids::TenantId;

use crate::StoreFuture;

/// Which entries of a log are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditPage {
    /// From where.
    pub from: AuditFrom,
    /// How many at most.
    pub limit: usize,
}

/// Where a page of a log begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditFrom {
    /// With the last entry, or the last one before this number; then backwards.
    Newest(Option<u64>),
    /// With the entry after this number; then forwards.
    After(u64),
}

/// What was asked for and by whom. Entries are added, and neither changed nor deleted.
pub trait Audit: Send + Sync + 'static {
    /// Adds an entry to the log of a tenant. Returns what it has become.
    fn append_audit(&self, tenant: TenantId, entry: AuditEntry) -> StoreFuture<'_, AuditRow>;

    /// Returns some entries of a tenant.
    fn audit(&self, tenant: TenantId, page: AuditPage) -> StoreFuture<'_, Vec<AuditRow>>;

    /// Returns the end of the log of each tenant that has one.
    fn audit_heads(&self) -> StoreFuture<'_, Vec<(TenantId, AuditHead)>>;
}
