//! Tenants: which there are, how much each may use and uses, and how one is deleted.

use std::sync::Arc;

use steadflow_core::caller::Actor;
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::tenant::TenantQuota;
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use crate::{Expired, ExpiryStep, Listed, StoreFuture};

/// Which tenants there are, what they may use, and what they use.
pub trait Tenants: Send + Sync + 'static {
    /// Stores a new tenant, unless another one has its name. Returns whether it did.
    fn create_tenant(&self, tenant: TenantRecord) -> StoreFuture<'_, bool>;

    /// Returns all tenants by id, except the default one, which is always there and has no record.
    fn tenants(&self) -> StoreFuture<'_, Vec<Listed<TenantRecord>>>;

    /// Changes a tenant. One that is being deleted stays as it is.
    fn change_tenant(&self, id: TenantId, change: TenantChange) -> StoreFuture<'_, TenantChanged>;

    /// Returns what tenants may use; those that are not in it are not limited.
    fn tenant_quotas(&self) -> StoreFuture<'_, Vec<(TenantId, TenantQuota)>>;

    /// Sets what a tenant may use.
    fn put_tenant_quota(&self, tenant: TenantId, quota: TenantQuota) -> StoreFuture<'_, ()>;

    /// Returns of which tenants everything is paused, or was until a moment ago.
    fn pauses(&self) -> StoreFuture<'_, Vec<TenantPause>>;

    /// Pauses everything of a tenant, unless it is paused. Returns whether it did.
    fn pause_tenant(&self, pause: TenantPause) -> StoreFuture<'_, bool>;

    /// Resumes a tenant of which everything is paused: what was paused with that is to be resumed from now on. Returns whether it was.
    fn resume_tenant(&self, tenant: TenantId, resumed: TenantResumed) -> StoreFuture<'_, bool>;

    /// Forgets a pause that was ended at `resumed_at`, after what was paused is resumed.
    fn forget_pause(&self, tenant: TenantId, resumed_at: Timestamp) -> StoreFuture<'_, ()>;

    /// Returns how many executions of each tenant have not ended, as their rows are shown, without those that others have started.
    fn unfinished_counts(&self) -> StoreFuture<'_, Vec<(TenantId, u64)>>;

    /// Returns how many bytes the next executions take, in the order of their ids, by tenant; with the last ones, conversations too.
    fn tenant_bytes(&self, step: ExpiryStep) -> StoreFuture<'_, TenantBytes>;

    /// Says how many starts this process has counted for tenants whose rate is limited, and returns how many others have, each
    /// since it runs. Processes that have not said so for two minutes are forgotten. Only where other processes can start executions.
    fn share_starts(
        &self,
        _process: Uuid,
        _starts: Vec<(TenantId, u64)>,
        _now: Timestamp,
    ) -> StoreFuture<'_, Vec<StartsOfOther>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Looks at the next executions, and deletes those of a tenant that have ended, with their journals. A step is short, so that it does
    /// not delay commits.
    fn delete_executions_of(&self, tenant: TenantId, step: ExpiryStep) -> StoreFuture<'_, Expired>;

    /// Deletes up to `limit` other rows of a tenant that is being deleted, of each table. Returns how many. When there are none, its
    /// record is deleted with what it may use.
    fn delete_rest_of(&self, tenant: TenantId, limit: usize) -> StoreFuture<'_, usize>;
}

/// That everything of a tenant is paused, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantPause {
    /// Which tenant.
    pub tenant: TenantId,
    /// Since when.
    pub at: Timestamp,
    /// Who paused it.
    pub by: Actor,
    /// Why, as they said.
    pub reason: Option<Arc<str>>,
    /// That it is over, and what was paused is being resumed.
    pub resumed: Option<TenantResumed>,
}

/// That everything of a tenant was resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantResumed {
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: Actor,
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantRecord {
    /// Its id.
    pub id: TenantId,
    /// Its name, which no other has.
    pub name: Arc<str>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when nobody of it may do anything, and nothing of it starts.
    pub disabled_at: Option<Timestamp>,
    /// Since when its executions are being cancelled.
    pub cancelling_since: Option<Timestamp>,
    /// Since when it is being deleted.
    pub deleting_since: Option<Timestamp>,
}

impl TenantRecord {
    /// Returns a new one.
    #[must_use]
    pub const fn new(id: TenantId, name: Arc<str>, created_at: Timestamp) -> Self {
        Self { id, name, created_at, disabled_at: None, cancelling_since: None, deleting_since: None }
    }
}

/// A change of a tenant. What is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantChange {
    /// Its name.
    pub name: Option<Arc<str>>,
    /// Whether nobody of it may do anything.
    pub is_disabled: Option<bool>,
    /// Whether its executions are cancelled; of a tenant that is disabled, or is with this.
    pub is_cancelling: Option<bool>,
    /// Whether it is deleted from now on, which cannot be taken back; of a tenant that is disabled.
    pub deletes: bool,
    /// When it is changed.
    pub at: Timestamp,
}

impl TenantChange {
    /// Returns the tenant after the change.
    ///
    /// # Errors
    /// What stands against it.
    pub fn applied(self, to: TenantRecord) -> Result<TenantRecord, TenantChanged> {
        let since = |is: Option<bool>, before: Option<Timestamp>| match is {
            None => before,
            Some(true) => before.or(Some(self.at)),
            Some(false) => None,
        };
        if to.deleting_since.is_some() {
            return Err(TenantChanged::Deleting);
        }
        let disabled_at = since(self.is_disabled, to.disabled_at);
        let cancelling_since =
            since(self.is_cancelling, to.cancelling_since).filter(|_| disabled_at.is_some());
        if disabled_at.is_none() && (self.deletes || self.is_cancelling == Some(true)) {
            return Err(TenantChanged::NotDisabled);
        }
        let deleting_since = Some(self.at).filter(|_| self.deletes);
        let name = self.name.unwrap_or(to.name);
        Ok(TenantRecord { name, disabled_at, cancelling_since, deleting_since, ..to })
    }
}

/// What became of a change of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantChanged {
    /// It is done: what is stored now.
    Done(Box<TenantRecord>),
    /// There is none with that id.
    Missing,
    /// Another one has that name. Nothing was changed.
    NameTaken,
    /// It is in use, and has to be disabled before. Nothing was changed.
    NotDisabled,
    /// It is being deleted. Nothing was changed.
    Deleting,
}

/// How many bytes executions take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantBytes {
    /// By tenant; each can occur more than once.
    pub bytes: Vec<(TenantId, u64)>,
    /// Where the next step begins; `None` when there is nothing left to look at.
    pub next: Option<ExecutionId>,
}

/// How many executions of a tenant another process has started since it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartsOfOther {
    /// The tenant.
    pub tenant: TenantId,
    /// The process.
    pub process: Uuid,
    /// How many.
    pub starts: u64,
}
