//! Leases, recovery and parking.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use steadflow_core::event::{Event, Record};
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::flow_control::QueuePlace;
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_core::timestamp::Timestamp;

use super::super::{Database, Holder, MemoryStore};
use crate::{
    ExecutionRow, QueuedExecution, SlotClaim, SlotHolder, SlotsOf, StoreError, Stored, TakenSlots, Waiting,
    Worker,
};

impl MemoryStore {
    /// See [`crate::Log::register`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn register_now(&self, now: Timestamp, ttl: Duration) -> Result<Worker, StoreError> {
        let mut database = self.open()?;
        database.leases.retain(|_, end| *end > now);
        database.epoch += 1;
        let epoch = database.epoch;
        database.leases.insert(epoch, now.plus(ttl));
        Ok(Worker { epoch })
    }

    /// See [`crate::Log::renew`].
    ///
    /// # Errors
    /// [`StoreError::Fenced`] or [`StoreError::Closed`].
    pub fn renew_now(&self, worker: Worker, now: Timestamp, ttl: Duration) -> Result<(), StoreError> {
        let mut database = self.open()?;
        let lease = database.leases.get_mut(&worker.epoch).ok_or(StoreError::Fenced)?;
        // A renewal that comes late, or twice, shortens nothing.
        *lease = now.plus(ttl).max(*lease);
        Ok(())
    }

    /// See [`crate::Log::release`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn release_now(&self, worker: Worker) -> Result<(), StoreError> {
        self.open()?.leases.remove(&worker.epoch);
        Ok(())
    }

    /// See [`crate::Log::recover`].
    ///
    /// # Errors
    /// [`StoreError::Fenced`], [`StoreError::Corrupt`] or [`StoreError::Closed`].
    pub fn recover_now(
        &self,
        worker: Worker,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let mut database = self.open()?;
        database.check_lease(worker)?;
        database.leases.retain(|epoch, end| *end > now || *epoch == worker.epoch);
        let orphans = database.holders.iter().filter(|(_, holder)| database.is_orphaned(**holder));
        let ids: Vec<ExecutionId> = orphans.map(|(id, _)| *id).take(limit).collect();
        let mut recovered = Vec::with_capacity(ids.len());
        for id in ids {
            database.holders.insert(id, Holder::Worker(worker.epoch));
            recovered.extend(database.stored(id)?);
        }
        Ok(recovered)
    }

    /// See [`crate::Log::take`].
    ///
    /// # Errors
    /// [`StoreError::Fenced`], [`StoreError::Corrupt`] or [`StoreError::Closed`].
    pub fn take_now(&self, worker: Worker, id: ExecutionId) -> Result<Option<Stored>, StoreError> {
        let mut database = self.open()?;
        database.check_lease(worker)?;
        let may_take = match database.holders.get(&id) {
            Some(Holder::Parked(_)) => true,
            Some(Holder::Worker(epoch)) => *epoch == worker.epoch,
            Some(Holder::Finished) | None => false,
        };
        if !may_take {
            return Ok(None);
        }
        database.holders.insert(id, Holder::Worker(worker.epoch));
        database.stored(id)
    }

    /// See [`crate::Log::due`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn due_now(
        &self,
        after: Option<(Timestamp, ExecutionId)>,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(Timestamp, ExecutionId)>, StoreError> {
        let database = self.open()?;
        let mut due: Vec<_> =
            database.holders.iter().filter_map(|(id, holder)| Some((holder.due()?, *id))).collect();
        due.retain(|found| found.0 < until && after.is_none_or(|after| *found > after));
        due.sort_unstable();
        due.truncate(limit);
        Ok(due)
    }

    /// See [`crate::Log::queued`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn queued_now(
        &self,
        after: Option<QueuedExecution>,
        limit: usize,
    ) -> Result<Vec<QueuedExecution>, StoreError> {
        let database = self.open()?;
        let is_parked =
            |row: &&ExecutionRow| matches!(database.holders.get(&row.id), Some(Holder::Parked(_)));
        let waits = |row: &&ExecutionRow| row.status == ExecutionStatus::Pending;
        let queued = database.rows.values().filter(waits).filter(is_parked).map(|row| QueuedExecution {
            accepted_at: row.created_at,
            execution: row.id,
            tenant: row.tenant,
            flow: row.flow,
            shares_slot: row.shares_slot,
            queue: row.queue.clone(),
        });
        let mut queued: Vec<_> =
            queued.filter(|queued| after.as_ref().is_none_or(|after| queued > after)).collect();
        queued.sort_unstable();
        queued.truncate(limit);
        Ok(queued)
    }

    /// See [`crate::Log::slots`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn slots_now(&self, after: Option<TakenSlots>, limit: usize) -> Result<Vec<TakenSlots>, StoreError> {
        let database = self.open()?;
        let mut slots = BTreeMap::new();
        for (_, slot) in database.started() {
            *slots.entry(slot).or_default() += 1;
        }
        let all = slots.into_iter().map(|((flow, key), taken)| TakenSlots { flow, key, taken });
        let rest = all.filter(|slots| {
            after.as_ref().is_none_or(|after| (slots.flow, &slots.key) > (after.flow, &after.key))
        });
        Ok(rest.take(limit).collect())
    }

    /// See [`crate::Log::waiting`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn waiting_now(&self, limit: usize) -> Result<Waiting, StoreError> {
        let queued = self.queued_now(None, limit)?;
        let database = self.open()?;
        let waits = |row: &&ExecutionRow| row.status == ExecutionStatus::Pending;
        let flows: BTreeSet<FlowId> = database.rows.values().filter(waits).map(|row| row.flow).collect();
        let holder = |(execution, (flow, key))| SlotHolder { execution, flow, key };
        let started = database.started().filter(|(_, (flow, _))| flows.contains(flow));
        Ok(Waiting { queued, holders: started.map(holder).take(limit).collect() })
    }
}

impl Database {
    pub(in crate::memory) fn check_lease(&self, worker: Worker) -> Result<(), StoreError> {
        if self.leases.contains_key(&worker.epoch) { Ok(()) } else { Err(StoreError::Fenced) }
    }

    /// Returns the executions that hold a slot, each with its flow and key.
    fn started(&self) -> impl Iterator<Item = (ExecutionId, (FlowId, Option<Arc<str>>))> {
        let open = self.holders.iter().filter(|(_, holder)| **holder != Holder::Finished);
        open.filter_map(|(&id, _)| Some((id, self.slot_if_started(id)?)))
    }

    /// Returns how many executions hold a slot of the flow that is claimed.
    pub(super) fn slots_of(&self, claim: &SlotClaim) -> SlotsOf {
        let mut taken = SlotsOf::default();
        for (_, (_, key)) in self.started().filter(|(_, (flow, _))| *flow == claim.flow) {
            taken.flow += 1;
            taken.key += u32::from(key == claim.key);
        }
        taken
    }

    /// Returns the flow and the key of an execution that has started, if that takes a slot. Its row may be behind the tail, so
    /// the tail is asked, too.
    fn slot_if_started(&self, id: ExecutionId) -> Option<(FlowId, Option<Arc<str>>)> {
        let key_of = |queue: &Option<Box<QueuePlace>>| queue.as_ref().and_then(|place| place.key.clone());
        let row = self.rows.get(&id);
        if let Some(row) = row.filter(|row| row.started_at.is_some() || row.shares_slot) {
            return (!row.shares_slot).then(|| (row.flow, key_of(&row.queue)));
        }
        let texts = self.in_tail(id, 1).filter_map(|(_, text)| text);
        let records = texts.filter_map(|text| serde_json::from_str::<Record>(&text).ok());
        let events: Vec<Event> = records.flat_map(|record| record.2).collect();
        let slot = row.map(|row| (row.flow, key_of(&row.queue))).or_else(|| match events.first() {
            Some(Event::Accepted(accepted)) => {
                accepted.takes_slot().then(|| (accepted.flow, key_of(&accepted.queue)))
            }
            _ => None,
        });
        slot.filter(|_| events.contains(&Event::Started))
    }

    fn is_orphaned(&self, holder: Holder) -> bool {
        match holder {
            Holder::Worker(epoch) => !self.leases.contains_key(&epoch),
            Holder::Parked(_) | Holder::Finished => false,
        }
    }
}

impl Holder {
    const fn due(self) -> Option<Timestamp> {
        match self {
            Self::Parked(due) => due,
            Self::Worker(_) | Self::Finished => None,
        }
    }
}
