//! How much tenants use of what they may, and whether another execution of one may start.
//!
//! What has begun in this process is counted here, as it is accepted and as it ends. What other processes do comes from the store, a
//! moment later: each process may start one execution more than all together may, and no more, in that moment.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use steadflow_core::budget::{Amount, Budget, Day};
use steadflow_core::ids::TenantId;
use steadflow_core::tenant::TenantQuota;
use steadflow_store::StartsOfOther;
use tokio::time::Instant;
use uuid::Uuid;

/// The span in which starts are counted.
const MINUTE: Duration = Duration::from_secs(60);
/// Starts in so short a time are counted together.
const GRAIN: Duration = Duration::from_millis(100);

/// Which part of what a tenant may use is used up.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum QuotaReached {
    /// So many executions have not ended.
    #[error("the tenant has {max} executions that have not ended, which is as many as it may have")]
    Executions {
        /// How many there may be.
        max: u32,
    },
    /// So many have started within a minute.
    #[error("the tenant has started {max} executions within a minute, which is as many as it may")]
    Starts {
        /// How many may start.
        max: u32,
        /// When another one may.
        wait: Duration,
    },
    /// What is stored takes so many bytes.
    #[error("the tenant has stored {used} bytes of executions and conversations, and may have {max}")]
    Bytes {
        /// How many there may be.
        max: u64,
        /// How many there are.
        used: u64,
    },
    /// Models have used what they may in a day.
    #[error("the tenant has used up what its models may use in a day")]
    Spend {
        /// What they may.
        budget: Budget,
        /// What they have.
        spent: Amount,
        /// When the next day begins.
        wait: Duration,
    },
}

/// Why nothing of a tenant starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum NotAdmitted {
    /// It is disabled.
    Disabled,
    /// It has used up something.
    Reached(QuotaReached),
}

/// What a tenant uses, as far as that is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TenantUse {
    /// Executions that have not ended, without those that others have started.
    pub unfinished: Option<u64>,
    /// Starts in the last minute.
    pub starts: Option<u64>,
    /// Bytes of executions and conversations, as they were measured last.
    pub bytes: Option<u64>,
    /// What models have used today.
    pub spent: Option<Amount>,
}

/// What is known of tenants that are disabled or limited. Of others, nothing is counted.
#[derive(Debug, Default)]
pub(crate) struct Quotas {
    has_any: AtomicBool,
    tenants: Mutex<BTreeMap<TenantId, Known>>,
}

#[derive(Debug, Default)]
struct Known {
    is_disabled: bool,
    quota: TenantQuota,
    /// Starts that wait to be durable.
    waiting: u64,
    /// `None` until it was counted.
    unfinished: Option<u64>,
    /// How many were accepted and ended in this process since it is counted.
    accepted: u64,
    ended: u64,
    starts: Starts,
    bytes: Option<u64>,
    spent: Option<(Day, Amount)>,
}

/// The starts of the last minute.
#[derive(Debug, Default)]
struct Starts {
    grains: VecDeque<(Instant, u64)>,
    sum: u64,
    others: BTreeMap<Uuid, u64>,
    knows_others: bool,
}

/// Where the counts of this process were when a count of the store began.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark {
    waiting: u64,
    accepted: u64,
    ended: u64,
}

/// The place of a start until it is durable, or was refused.
#[derive(Debug)]
pub(crate) struct Admitted {
    quotas: Arc<Quotas>,
    tenant: TenantId,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        if let Some(known) = self.quotas.tenants.lock().get_mut(&self.tenant) {
            known.waiting = known.waiting.saturating_sub(1);
        }
    }
}

impl Starts {
    fn forget_old(&mut self, now: Instant) {
        while let Some((_, count)) = self.grains.front().filter(|(begun, _)| now >= *begun + GRAIN + MINUTE) {
            self.sum -= count;
            self.grains.pop_front();
        }
    }

    fn add(&mut self, now: Instant, count: u64) {
        self.forget_old(now);
        self.sum += count;
        match self.grains.back_mut() {
            Some((begun, known)) if now < *begun + GRAIN => *known += count,
            Some(_) | None => self.grains.push_back((now, count)),
        }
    }

    /// Returns how long it takes until fewer than `max` have started within a minute.
    fn wait(&self, now: Instant, max: u64) -> Duration {
        let mut sum = self.sum;
        for (begun, count) in &self.grains {
            sum -= count;
            if sum < max {
                return (*begun + GRAIN + MINUTE).saturating_duration_since(now);
            }
        }
        // Those that wait to be durable are counted in a moment.
        Duration::from_secs(1)
    }
}

impl Known {
    fn check(&mut self, now: Instant, day: Day, to_next_day: Duration) -> Result<(), NotAdmitted> {
        if self.is_disabled {
            return Err(NotAdmitted::Disabled);
        }
        let reached = self.reached(now, day, to_next_day);
        reached.map_or(Ok(()), |reached| Err(NotAdmitted::Reached(reached)))
    }

    fn reached(&mut self, now: Instant, day: Day, to_next_day: Duration) -> Option<QuotaReached> {
        let TenantQuota { executions, starts_per_minute, stored_bytes, per_day } = self.quota;
        if let (Some(max), Some(used)) = (stored_bytes, self.bytes)
            && used >= max
        {
            return Some(QuotaReached::Bytes { max, used });
        }
        if let Some((_, spent)) = self.spent.filter(|(of, _)| *of == day)
            && is_spent(&per_day, spent)
        {
            return Some(QuotaReached::Spend { budget: per_day, spent, wait: to_next_day });
        }
        if let Some(max) = executions
            && self.unfinished.unwrap_or_default() + self.waiting >= max.into()
        {
            return Some(QuotaReached::Executions { max });
        }
        let max = starts_per_minute?;
        self.starts.forget_old(now);
        let is_reached = self.starts.sum + self.waiting >= max.into();
        is_reached.then(|| QuotaReached::Starts { max, wait: self.starts.wait(now, max.into()) })
    }

    fn note(&mut self, is_new: bool, has_ended: bool, now: Instant) {
        if is_new {
            self.accepted += 1;
            self.unfinished = self.unfinished.map(|count| count + 1);
            if self.quota.starts_per_minute.is_some() {
                self.starts.add(now, 1);
            }
        }
        if has_ended {
            self.ended += 1;
            self.unfinished = self.unfinished.map(|count| count.saturating_sub(1));
        }
    }

    /// Takes in a count of the store, which began at `mark`.
    fn counted(&mut self, mark: Mark, stored: u64, is_shared: bool) {
        let (accepted, ended) = (self.accepted - mark.accepted, self.ended - mark.ended);
        let least = stored.saturating_sub(ended);
        let most = stored + mark.waiting + accepted;
        self.unfinished = Some(match self.unfinished {
            None => most,
            Some(_) if accepted == 0 && ended == 0 && mark.waiting == 0 && self.waiting == 0 => stored,
            // What this process counts by itself is exact, and others add what only the store knows.
            Some(own) if is_shared => own.clamp(least, most),
            Some(own) => own,
        });
    }
}

/// Returns whether nothing is left of a budget.
fn is_spent(budget: &Budget, spent: Amount) -> bool {
    budget.max_tokens.is_some_and(|max| spent.tokens >= max)
        || budget.max_cost.is_some_and(|max| spent.cost >= max)
}

impl Quotas {
    /// Takes in which tenants are disabled, and what tenants may use. What was counted of those that stay is kept.
    pub(crate) fn set(
        &self,
        disabled: impl IntoIterator<Item = TenantId>,
        quotas: impl IntoIterator<Item = (TenantId, TenantQuota)>,
    ) {
        let mut tenants = self.tenants.lock();
        let mut before = std::mem::take(&mut *tenants);
        let mut known = |tenants: &mut BTreeMap<TenantId, Known>, tenant| {
            tenants.entry(tenant).or_insert_with(|| Known {
                is_disabled: false,
                quota: TenantQuota::default(),
                ..before.remove(&tenant).unwrap_or_default()
            });
        };
        for (tenant, quota) in quotas {
            known(&mut tenants, tenant);
            tenants.entry(tenant).and_modify(|known| known.quota = quota);
        }
        for tenant in disabled {
            known(&mut tenants, tenant);
            tenants.entry(tenant).and_modify(|known| known.is_disabled = true);
        }
        self.has_any.store(!tenants.is_empty(), Ordering::Release);
    }

    fn has_any(&self) -> bool {
        self.has_any.load(Ordering::Acquire)
    }

    /// Returns whether a tenant is disabled.
    pub(crate) fn is_disabled(&self, tenant: TenantId) -> bool {
        self.has_any() && self.tenants.lock().get(&tenant).is_some_and(|known| known.is_disabled)
    }

    /// Looks whether another execution of a tenant may start.
    ///
    /// # Errors
    /// [`NotAdmitted`] says why not.
    pub(crate) fn check(&self, tenant: TenantId, day: Day, to_next_day: Duration) -> Result<(), NotAdmitted> {
        if !self.has_any() {
            return Ok(());
        }
        let mut tenants = self.tenants.lock();
        tenants.get_mut(&tenant).map_or(Ok(()), |known| known.check(Instant::now(), day, to_next_day))
    }

    /// Admits an execution of a tenant. It keeps its place until what is returned is dropped.
    ///
    /// # Errors
    /// [`NotAdmitted`] says why not.
    pub(crate) fn admit(
        self: &Arc<Self>,
        tenant: TenantId,
        day: Day,
        to_next_day: Duration,
    ) -> Result<Option<Admitted>, NotAdmitted> {
        if !self.has_any() {
            return Ok(None);
        }
        let mut tenants = self.tenants.lock();
        let Some(known) = tenants.get_mut(&tenant) else { return Ok(None) };
        known.check(Instant::now(), day, to_next_day)?;
        known.waiting += 1;
        Ok(Some(Admitted { quotas: Arc::clone(self), tenant }))
    }

    /// Takes in that an execution of a tenant was accepted or has ended, which no other one has started.
    pub(crate) fn note(&self, tenant: TenantId, is_new: bool, has_ended: bool) {
        if self.has_any()
            && let Some(known) = self.tenants.lock().get_mut(&tenant)
        {
            known.note(is_new, has_ended, Instant::now());
        }
    }

    /// Returns what each of these tenants may use.
    pub(crate) fn limited(&self) -> Vec<(TenantId, TenantQuota)> {
        if !self.has_any() {
            return Vec::new();
        }
        let tenants = self.tenants.lock();
        tenants
            .iter()
            .filter(|(_, known)| known.quota.is_limited())
            .map(|(id, known)| (*id, known.quota))
            .collect()
    }

    /// Returns where the counts are before the store is asked, of those tenants whose executions are limited.
    pub(crate) fn marks(&self) -> Vec<(TenantId, Mark)> {
        let mark = |(id, known): (&TenantId, &Known)| {
            let Known { waiting, accepted, ended, .. } = *known;
            (*id, Mark { waiting, accepted, ended })
        };
        let tenants = self.tenants.lock();
        tenants.iter().filter(|(_, known)| known.quota.executions.is_some()).map(mark).collect()
    }

    /// Takes in how many executions have not ended by the rows of the store.
    pub(crate) fn counted(
        &self,
        marks: &[(TenantId, Mark)],
        stored: &BTreeMap<TenantId, u64>,
        is_shared: bool,
    ) {
        let mut tenants = self.tenants.lock();
        for (tenant, mark) in marks {
            if let Some(known) = tenants.get_mut(tenant) {
                known.counted(*mark, stored.get(tenant).copied().unwrap_or_default(), is_shared);
            }
        }
    }

    /// Takes in how many bytes the tenants take that are limited.
    pub(crate) fn measured(&self, bytes: &BTreeMap<TenantId, u64>) {
        for (tenant, known) in self.tenants.lock().iter_mut() {
            let measured = bytes.get(tenant).copied().unwrap_or_default();
            known.bytes = known.quota.stored_bytes.map(|_| measured);
        }
    }

    /// Takes in what models of a tenant have used in a day.
    pub(crate) fn spent(&self, tenant: TenantId, day: Day, amount: Amount) {
        if let Some(known) = self.tenants.lock().get_mut(&tenant) {
            known.spent = Some((day, amount));
        }
    }

    /// Returns how many starts were counted since the process runs, of the tenants whose rate is limited.
    pub(crate) fn own_starts(&self) -> Vec<(TenantId, u64)> {
        let tenants = self.tenants.lock();
        let limited = tenants.iter().filter(|(_, known)| known.quota.starts_per_minute.is_some());
        limited.map(|(id, known)| (*id, known.accepted)).collect()
    }

    /// Takes in what other processes have started. What they had before this process has asked for the first time is not counted.
    pub(crate) fn others_started(&self, others: &[StartsOfOther]) {
        let (mut tenants, now) = (self.tenants.lock(), Instant::now());
        for StartsOfOther { tenant, process, starts } in others {
            let Some(known) = tenants.get_mut(tenant) else { continue };
            let first = if known.starts.knows_others { 0 } else { *starts };
            let before = known.starts.others.insert(*process, *starts).unwrap_or(first);
            if *starts > before {
                known.starts.add(now, starts - before);
            }
        }
        tenants.values_mut().for_each(|known| known.starts.knows_others = true);
    }

    /// Returns what a tenant uses, as far as that is counted.
    pub(crate) fn of(&self, tenant: TenantId, day: Day) -> TenantUse {
        let mut tenants = self.tenants.lock();
        let Some(known) = tenants.get_mut(&tenant) else { return TenantUse::default() };
        known.starts.forget_old(Instant::now());
        TenantUse {
            unfinished: known.unfinished.filter(|_| known.quota.executions.is_some()),
            starts: known.quota.starts_per_minute.map(|_| known.starts.sum),
            bytes: known.bytes,
            spent: known.spent.filter(|(of, _)| *of == day).map(|(_, amount)| amount),
        }
    }
}

#[cfg(test)]
mod tests;
