//! Reading executions, failures and rollups.

mod costs;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use steadflow_core::execution::ExecutionStatus;
use steadflow_core::folder::Folders;
use steadflow_core::ids::{ExecutionId, FlowId, NodeId, TenantId};
use steadflow_core::timestamp::Timestamp;

use super::{Database, MemoryStore, all_sound, at_once};
use crate::{
    Buckets, CostQuery, CostSums, ExecutionCounts, ExecutionFilter, ExecutionRow, Expired, ExpiryStep,
    FailureGroup, FailureQuery, Fingerprint, History, IdempotencyHit, Lineage, Listed, Page, Retention,
    RollupKey, RollupQuery, RollupSums, StoreError, StoreFuture, Stored, Summing,
};

/// How many executions of a failure group are named.
const GROUP_EXECUTIONS_MAX: usize = 10;

impl MemoryStore {
    /// See [`crate::History::execution`].
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Closed`].
    pub fn execution_now(&self, tenant: TenantId, id: ExecutionId) -> Result<Option<Stored>, StoreError> {
        let database = self.open()?;
        if database.tenant_of(id) == Some(tenant) { database.stored(id) } else { Ok(None) }
    }

    /// See [`crate::History::expire`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn expire_now(
        &self,
        retention: &Retention,
        now: Timestamp,
        step: ExpiryStep,
    ) -> Result<Expired, StoreError> {
        let mut database = self.open()?;
        let from = step.after.map_or(Bound::Unbounded, Bound::Excluded);
        let seen = database.rows.range((from, Bound::Unbounded)).take(step.limit);
        let seen: Vec<(ExecutionId, bool)> = seen
            .map(|(id, row)| (*id, retention.has_expired(row.flow, row.status, row.completed_at, now)))
            .collect();
        let next = seen.last().filter(|_| seen.len() == step.limit).map(|(id, _)| *id);
        let expired: Vec<ExecutionId> = seen.into_iter().filter(|(_, is)| *is).map(|(id, _)| id).collect();
        expired.iter().for_each(|id| database.forget(*id));
        Ok(Expired { deleted: expired.len(), next })
    }

    /// See [`crate::History::journal_bytes`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn journal_bytes_now(&self, id: ExecutionId) -> Result<u64, StoreError> {
        let database = self.open()?;
        let Some(journal) = database.journals.get(&id) else { return Ok(0) };
        Ok(journal.records.len() as u64 + database.long_bytes(id))
    }

    /// See [`crate::History::row`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn row_now(&self, tenant: TenantId, id: ExecutionId) -> Result<Option<ExecutionRow>, StoreError> {
        Ok(self.open()?.rows.get(&id).filter(|row| row.tenant == tenant).cloned())
    }

    /// See [`crate::History::executions`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn executions_now(
        &self,
        filter: &ExecutionFilter,
        page: Page,
    ) -> Result<Vec<ExecutionRow>, StoreError> {
        let database = self.open()?;
        if filter.parent_node.is_some() {
            return Ok(children(
                database
                    .rows
                    .values()
                    .filter(|row| filter.fits(row) && database.is_in(row.flow, filter.folders.as_ref())),
                page,
            ));
        }
        let is_before = |row: &&ExecutionRow| page.before.is_none_or(|before| row.id.uuid() < before);
        let rows = database
            .rows
            .values()
            .rev()
            .filter(is_before)
            .filter(|row| filter.fits(row) && database.is_in(row.flow, filter.folders.as_ref()));
        Ok(rows.take(page.limit).cloned().collect())
    }

    /// See [`crate::History::count_executions`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn count_executions_now(&self, filter: &ExecutionFilter) -> Result<u64, StoreError> {
        let database = self.open()?;
        let fits =
            |row: &&ExecutionRow| filter.fits(row) && database.is_in(row.flow, filter.folders.as_ref());
        Ok(database.rows.values().filter(fits).count() as u64)
    }

    /// See [`crate::History::retried_by`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn retried_by_now(
        &self,
        tenant: TenantId,
        id: ExecutionId,
        limit: usize,
    ) -> Result<Vec<ExecutionId>, StoreError> {
        let database = self.open()?;
        let retries = database.rows.values().rev();
        let retries = retries.filter(|row| row.tenant == tenant && row.retry_of == Some(id));
        let mut newest: Vec<ExecutionId> = retries.map(|row| row.id).take(limit).collect();
        newest.reverse();
        Ok(newest)
    }

    /// See [`crate::History::idempotency`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn idempotency_now(
        &self,
        tenant: TenantId,
        key: Arc<str>,
    ) -> Result<Option<IdempotencyHit>, StoreError> {
        Ok(self.open()?.idempotency.get(&(tenant, key)).cloned())
    }

    /// See [`crate::History::failures`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn failures_now(&self, query: &FailureQuery) -> Result<Vec<FailureGroup>, StoreError> {
        let database = self.open()?;
        let mut groups: BTreeMap<(FlowId, Fingerprint), (FailureGroup, Vec<Timestamp>)> = BTreeMap::new();
        for row in database
            .rows
            .values()
            .rev()
            .filter(|row| query.fits(row) && database.is_in(row.flow, query.folders.as_ref()))
        {
            let (Some(fingerprint), Some(ended)) = (&row.fingerprint, row.completed_at) else { continue };
            let empty = || (empty_group(row, fingerprint, ended), Vec::new());
            let (group, all_ended) = groups.entry((row.flow, fingerprint.clone())).or_insert_with(empty);
            all_ended.push(ended);
            group.count += 1;
            let mut retries =
                database.rows.values().filter(|retry| retry.retry_of == Some(row.id)).peekable();
            group.retried += u64::from(retries.peek().is_some());
            group.recovered += u64::from(retries.any(|retry| retry.status == ExecutionStatus::Completed));
            group.first_seen = group.first_seen.min(ended);
            group.last_seen = group.last_seen.max(ended);
            if group.executions.len() < GROUP_EXECUTIONS_MAX {
                group.executions.push(row.id);
            }
        }
        let mut groups: Vec<_> = groups.into_values().collect();
        groups.sort_by_key(|(group, _)| std::cmp::Reverse((group.count, group.last_seen)));
        groups.truncate(query.limit);
        let (mut groups, ended): (Vec<_>, Vec<_>) = groups.into_iter().unzip();
        if let Some(buckets) = query.buckets(groups.iter()) {
            for (group, ended) in groups.iter_mut().zip(ended) {
                group.buckets = buckets.clone();
                ended.into_iter().for_each(|moment| group.buckets.add(moment, 1));
            }
        }
        Ok(groups)
    }

    /// See [`crate::History::rollup_sums`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn rollup_sums_now(&self, query: &RollupQuery) -> Result<RollupSums, StoreError> {
        let database = self.open()?;
        let mut summing = Summing::new(query);
        let mut sums: BTreeMap<(FlowId, &RollupKey), u64> = BTreeMap::new();
        for ((tenant, flow, hour, key), value) in &database.rollups {
            if *tenant == query.tenant && query.fits(*flow, *hour) {
                *sums.entry((*flow, key)).or_default() += value;
                summing.add_at(*hour, key.node.is_some(), &key.metric, *value);
            }
        }
        for ((flow, key), value) in sums {
            summing.add(flow, key.node.as_ref().map(NodeId::as_str), &key.metric, value);
        }
        Ok(summing.finish())
    }

    /// See [`crate::History::execution_counts`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn execution_counts_now(
        &self,
        tenant: TenantId,
        flow: FlowId,
    ) -> Result<ExecutionCounts, StoreError> {
        let database = self.open()?;
        let mut counts = ExecutionCounts::default();
        let is_counted =
            |row: &&ExecutionRow| row.tenant == tenant && row.flow == flow && row.parent.is_none();
        for row in database.rows.values().filter(is_counted) {
            counts.total += 1;
            match row.status {
                ExecutionStatus::Completed => counts.completed += 1,
                ExecutionStatus::Failed => counts.failed += 1,
                ExecutionStatus::Cancelled => counts.cancelled += 1,
                ExecutionStatus::Pending | ExecutionStatus::Running | ExecutionStatus::Paused => {}
            }
        }
        Ok(counts)
    }
}

impl History for MemoryStore {
    fn execution(&self, tenant: TenantId, id: ExecutionId) -> StoreFuture<'_, Option<Stored>> {
        at_once(self.execution_now(tenant, id))
    }

    fn journal_bytes(&self, id: ExecutionId) -> StoreFuture<'_, u64> {
        at_once(self.journal_bytes_now(id))
    }

    fn row(&self, tenant: TenantId, id: ExecutionId) -> StoreFuture<'_, Option<ExecutionRow>> {
        at_once(self.row_now(tenant, id))
    }

    fn executions(&self, filter: ExecutionFilter, page: Page) -> StoreFuture<'_, Vec<Listed<ExecutionRow>>> {
        at_once(self.executions_now(&filter, page).map(all_sound))
    }

    fn count_executions(&self, filter: ExecutionFilter) -> StoreFuture<'_, Option<u64>> {
        at_once(self.count_executions_now(&filter).map(Some))
    }

    fn retried_by(
        &self,
        tenant: TenantId,
        id: ExecutionId,
        limit: usize,
    ) -> StoreFuture<'_, Vec<ExecutionId>> {
        at_once(self.retried_by_now(tenant, id, limit))
    }

    fn idempotency(&self, tenant: TenantId, key: Arc<str>) -> StoreFuture<'_, Option<IdempotencyHit>> {
        at_once(self.idempotency_now(tenant, key))
    }

    fn failures(&self, query: FailureQuery) -> StoreFuture<'_, Vec<Listed<FailureGroup>>> {
        at_once(self.failures_now(&query).map(all_sound))
    }

    fn rollup_sums(&self, query: RollupQuery) -> StoreFuture<'_, RollupSums> {
        at_once(self.rollup_sums_now(&query))
    }

    fn cost_sums(&self, query: CostQuery) -> StoreFuture<'_, CostSums> {
        at_once(self.cost_sums_now(&query))
    }

    fn expire(
        &self,
        retention: Arc<Retention>,
        now: Timestamp,
        step: ExpiryStep,
    ) -> StoreFuture<'_, Expired> {
        at_once(self.expire_now(&retention, now, step))
    }

    fn execution_counts(&self, tenant: TenantId, flow: FlowId) -> StoreFuture<'_, ExecutionCounts> {
        at_once(self.execution_counts_now(tenant, flow))
    }
}

/// Returns a page of those that a node started, in the order of its items.
fn children<'r>(rows: impl Iterator<Item = &'r ExecutionRow>, page: Page) -> Vec<ExecutionRow> {
    let mut rows: Vec<&ExecutionRow> = rows.collect();
    rows.sort_by_key(|row| (row.index, row.created_at, row.id));
    let follows =
        |before| rows.iter().position(|row| row.id.uuid() == before).map_or(rows.len(), |at| at + 1);
    let from = page.before.map_or(0, follows);
    rows[from..].iter().take(page.limit).map(|row| (*row).clone()).collect()
}

/// Returns the group of a row, which is its newest, without counts.
fn empty_group(row: &ExecutionRow, fingerprint: &Fingerprint, ended: Timestamp) -> FailureGroup {
    FailureGroup {
        flow: row.flow,
        fingerprint: fingerprint.clone(),
        message: row.error_message.clone(),
        count: 0,
        retried: 0,
        recovered: 0,
        first_seen: ended,
        last_seen: ended,
        buckets: Buckets::over(ended, ended),
        executions: Vec::new(),
    }
}

impl Database {
    /// Returns whether a flow is in one of `folders`, if there are any to be in.
    fn is_in(&self, flow: FlowId, folders: Option<&Folders>) -> bool {
        let folder = || self.flows.get(&flow).and_then(|flow| flow.folder.as_ref());
        folders.is_none_or(|folders| folders.include(folder()))
    }
}

impl ExecutionFilter {
    fn fits(&self, row: &ExecutionRow) -> bool {
        let failed_node = row.fingerprint.as_ref().and_then(|fingerprint| fingerprint.node.as_ref());
        let fingerprint = row.fingerprint.as_ref().map(|fingerprint| &fingerprint.id);
        self.tenant.is_none_or(|tenant| row.tenant == tenant)
            && self.flow.is_none_or(|flow| row.flow == flow)
            && self.parent_node.as_ref().is_none_or(|node| row.parent_node.as_ref() == Some(node))
            && self.forked_from.is_none_or(|of| row.forked_from == Some(of))
            && self.context_id.as_ref().is_none_or(|context| row.context_id.as_ref() == Some(context))
            && self.lineage.is_none_or(|lineage| lineage == Lineage::of(row.parent))
            && (self.statuses.is_empty() || self.statuses.contains(&row.status))
            && self.retrying.is_none_or(|retrying| row.retrying == retrying)
            && self.waiting_for.is_none_or(|name| row.waiting_for.is_some_and(|wait| wait.as_str() == name))
            && self.error_class.is_none_or(|class| row.error_class == Some(class))
            && self.failed_node.as_ref().is_none_or(|node| failed_node == Some(node))
            && self.fingerprint.as_ref().is_none_or(|wanted| fingerprint == Some(wanted))
            && self.after_version.is_none_or(|version| row.flow_version > version)
            && self.ended_after.is_none_or(|at| row.completed_at.is_some_and(|ended| ended > at))
            && self.from.is_none_or(|from| row.created_at >= from)
            && self.to.is_none_or(|to| row.created_at < to)
            && self.text.as_ref().is_none_or(|text| names(row, &text.to_lowercase()))
    }
}

fn names(row: &ExecutionRow, text: &str) -> bool {
    let holds =
        |field: &Option<Arc<str>>| field.as_ref().is_some_and(|field| field.to_lowercase().contains(text));
    row.id.to_string().starts_with(text) || holds(&row.context_id) || holds(&row.error_message)
}

impl FailureQuery {
    fn fits(&self, row: &ExecutionRow) -> bool {
        row.tenant == self.tenant
            && row.status == ExecutionStatus::Failed
            && self.flow.is_none_or(|flow| row.flow == flow)
            && self.from.is_none_or(|from| row.completed_at >= Some(from))
            && self.to.is_none_or(|to| row.completed_at < Some(to))
    }
}

impl RollupQuery {
    fn fits(&self, flow: FlowId, hour: Timestamp) -> bool {
        self.flow.is_none_or(|wanted| flow == wanted)
            && self.from.is_none_or(|from| hour >= from)
            && self.to.is_none_or(|to| hour < to)
    }
}
