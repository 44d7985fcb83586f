//! What the engine knows of tenants: which are disabled, what they may use, and what they use of it.

mod deletion;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use steadflow_core::budget::{Amount, Day};
use steadflow_core::ids::TenantId;
use steadflow_core::tenant::TenantQuota;
use steadflow_store::{CostQuery, ExpiryStep, Listed, StoreError, TenantRecord};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::start::new_id;
use super::{Engine, upkeep};
use crate::error::RuntimeError;
use crate::quotas::{Admitted, QuotaReached, Quotas, TenantUse};

pub use self::deletion::delete_tenant;

/// How often it is looked what has changed of tenants, and what they use.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What is stored is measured again so long after the last time.
const MEASURE_EVERY: Duration = Duration::from_secs(30);
/// How many executions are measured at once.
const MEASURED: usize = 500;
/// How soon executions that have not ended are counted again because no further one may start.
const COUNT_AGAIN_AFTER: Duration = Duration::from_millis(200);
/// Currencies that are read.
const CURRENCIES: usize = 100;

/// What is known of tenants, and who waits for news.
#[derive(Debug)]
pub(super) struct Watched {
    quotas: Arc<Quotas>,
    /// This process, to the others.
    process: Uuid,
    /// When executions that have not ended were counted last.
    counted: Mutex<Option<Instant>>,
    /// Something is to be cancelled or deleted.
    work: Notify,
    /// How many tenants were deleted since this process runs.
    deleted: watch::Sender<u64>,
}

impl Watched {
    pub(super) fn new(quotas: Arc<Quotas>) -> Self {
        Self {
            quotas,
            process: new_id().uuid(),
            counted: Mutex::default(),
            work: Notify::new(),
            deleted: watch::Sender::default(),
        }
    }
}

impl Engine {
    /// Follows what tenants may use and use, and cancels and deletes what is to be, until the engine has ended.
    pub async fn keep_tenants(&self) {
        tokio::select! {
            () = self.follow_tenants() => {}
            () = self.measure_tenants() => {}
            () = self.work_off_tenants() => {}
            () = self.work_off_pauses() => {}
            _ = self.wait_for_end() => {}
        }
    }

    /// Returns how many tenants were deleted since this process runs, and notifies of each one.
    pub fn deleted_tenants(&self) -> watch::Receiver<u64> {
        self.inner.tenants.deleted.subscribe()
    }

    /// Returns what a tenant uses, as far as that is counted because it is limited.
    pub fn tenant_use(&self, tenant: TenantId) -> TenantUse {
        self.quotas().of(tenant, self.today().0)
    }

    /// Takes in what was changed of tenants. What other processes change is taken in a moment later.
    ///
    /// # Errors
    /// What the store says.
    pub async fn read_tenants(&self) -> Result<(), RuntimeError> {
        let store = self.store();
        let (tenants, quotas) = (store.tenants().await?, store.tenant_quotas().await?);
        let disabled = tenants.iter().flatten().filter(|tenant| tenant.disabled_at.is_some());
        self.quotas().set(disabled.map(|tenant| tenant.id), quotas);
        if tenants.iter().flatten().any(has_work) {
            self.inner.tenants.work.notify_one();
        }
        self.read_pauses().await?;
        self.count_unfinished().await?;
        self.read_spending().await?;
        Ok(())
    }

    pub(super) fn is_disabled(&self, tenant: TenantId) -> bool {
        self.quotas().is_disabled(tenant)
    }

    fn quotas(&self) -> &Arc<Quotas> {
        &self.inner.tenants.quotas
    }

    /// Returns the day by the clock of the machine, and how long it lasts.
    fn today(&self) -> (Day, Duration) {
        let (now, day) = (self.wall(), Day::of(self.wall()));
        (day, day.end().since(now))
    }

    /// Looks whether an execution of a tenant may start.
    ///
    /// # Errors
    /// [`RuntimeError::TenantDisabled`] and [`RuntimeError::Quota`] say why not.
    pub(super) fn may_start(&self, tenant: TenantId) -> Result<(), RuntimeError> {
        let (day, rest) = self.today();
        Ok(self.quotas().check(tenant, day, rest)?)
    }

    /// Admits an execution that is about to start.
    ///
    /// # Errors
    /// As [`Self::may_start`].
    pub(super) async fn admit_of_tenant(&self, tenant: TenantId) -> Result<Option<Admitted>, RuntimeError> {
        let (day, rest) = self.today();
        let admitted = self.quotas().admit(tenant, day, rest).map_err(RuntimeError::from);
        if self.is_shared()
            && matches!(admitted, Err(RuntimeError::Quota(QuotaReached::Executions { .. })))
            && self.is_count_old()
        {
            // Others may have ended since.
            self.count_unfinished().await?;
            return Ok(self.quotas().admit(tenant, day, rest)?);
        }
        admitted
    }

    fn is_count_old(&self) -> bool {
        self.inner.tenants.counted.lock().is_none_or(|at| at.elapsed() >= COUNT_AGAIN_AFTER)
    }

    async fn follow_tenants(&self) {
        loop {
            if let Err(error) = self.follow_once().await {
                tracing::warn!(error = %error, "it could not be read what tenants may use; it is tried again");
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn follow_once(&self) -> Result<(), RuntimeError> {
        self.read_tenants().await?;
        let starts = self.quotas().own_starts();
        if self.is_shared() && !starts.is_empty() {
            let process = self.inner.tenants.process;
            let others = self.store().share_starts(process, starts, self.wall()).await?;
            self.quotas().others_started(&others);
        }
        Ok(())
    }

    /// Counts the executions that have not ended, where that is limited.
    async fn count_unfinished(&self) -> Result<(), RuntimeError> {
        let marks = self.quotas().marks();
        if marks.is_empty() {
            return Ok(());
        }
        *self.inner.tenants.counted.lock() = Some(Instant::now());
        // So the rows have all that this process has committed until now.
        self.show().await?;
        let counts: BTreeMap<_, _> = self.store().unfinished_counts().await?.into_iter().collect();
        self.quotas().counted(&marks, &counts, self.is_shared());
        Ok(())
    }

    /// Reads what models have used today, where that is limited.
    async fn read_spending(&self) -> Result<(), RuntimeError> {
        let (day, _) = self.today();
        for (tenant, quota) in self.quotas().limited() {
            if quota.per_day.max_tokens.is_some() || quota.per_day.max_cost.is_some() {
                let spent = self.spent(tenant, &quota, day).await?;
                self.quotas().spent(tenant, day, spent);
            }
        }
        Ok(())
    }

    async fn spent(&self, tenant: TenantId, quota: &TenantQuota, day: Day) -> Result<Amount, StoreError> {
        let query = CostQuery {
            tenant,
            flow: None,
            agent: None,
            from: Some(day.start()),
            to: None,
            rows_max: CURRENCIES,
            models_max: 0,
            days_max: 1,
        };
        let mut spent = Amount::default();
        for row in self.store().cost_sums(query).await?.totals.rows {
            spent.tokens = spent.tokens.saturating_add(row.counts.tokens());
            if row.currency == quota.per_day.currency {
                spent.cost += row.counts.cost;
            }
        }
        Ok(spent)
    }

    async fn measure_tenants(&self) {
        loop {
            let is_wanted = |(_, quota): &(TenantId, TenantQuota)| quota.stored_bytes.is_some();
            if self.quotas().limited().iter().any(is_wanted)
                && let Err(error) = self.measure_all().await
            {
                tracing::warn!(error = %error, "it could not be measured what tenants have stored; it is tried again");
            }
            sleep(MEASURE_EVERY).await;
        }
    }

    /// Measures step by step what all tenants have stored.
    ///
    /// # Errors
    /// What the store says.
    pub async fn measure_all(&self) -> Result<(), StoreError> {
        let (mut bytes, mut after) = (BTreeMap::<TenantId, u64>::new(), None);
        loop {
            let found = self.store().tenant_bytes(ExpiryStep { after, limit: MEASURED }).await?;
            for (tenant, more) in found.bytes {
                *bytes.entry(tenant).or_default() += more;
            }
            after = found.next;
            if after.is_none() {
                break;
            }
            upkeep::pause().await;
        }
        self.quotas().measured(&bytes);
        Ok(())
    }
}

fn has_work(tenant: &TenantRecord) -> bool {
    tenant.cancelling_since.is_some() || tenant.deleting_since.is_some()
}

/// Returns the tenants of which something is to be done.
fn with_work(tenants: Vec<Listed<TenantRecord>>) -> Vec<TenantRecord> {
    tenants.into_iter().flatten().filter(has_work).collect()
}
