//! Starts that wait until no other one has come (`debounce_seconds`).
//!
//! Each start is an execution of its own, so none is lost: the last one runs, and those before it are cancelled once it is on
//! disk. Which one is the last follows from those that are pending, so a crash changes nothing about it.

use std::collections::BTreeMap;

use steadflow_core::caller::Actor;
use steadflow_core::event::Accepted;
use steadflow_core::execution::Input;
use steadflow_core::flow_control::{Debounce, QueuePlace};
use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;

use super::live::{Live, Writes};
use super::slots::{Place, SlotOf};
use super::{Origin, Phase, Queued, Shard};

/// The starts that wait, by flow and value of its `concurrency_key`.
pub(super) type PutOff = BTreeMap<SlotOf, Burst>;

/// Starts with the same key, of which the last one is to run.
#[derive(Debug, Default)]
pub(super) struct Burst {
    /// When the first of them came.
    since: Timestamp,
    /// In the order in which they were accepted, which their ids need not have.
    starts: Vec<PutOffStart>,
}

#[derive(Clone, Copy, Debug)]
struct PutOffStart {
    id: ExecutionId,
    accepted_at: Timestamp,
    /// When the first start of its burst came.
    since: Timestamp,
    start_at: Timestamp,
    rank: i64,
    /// Whether it has been told that another one runs.
    is_replaced: bool,
}

impl Burst {
    fn add(&mut self, start: PutOffStart) {
        if self.starts.iter().any(|other| other.id == start.id) {
            return;
        }
        let at = self.starts.partition_point(|other| other.accepted_at <= start.accepted_at);
        self.starts.insert(at, start);
    }

    fn remove(&mut self, id: ExecutionId) -> Option<PutOffStart> {
        let at = self.starts.iter().position(|start| start.id == id)?;
        Some(self.starts.remove(at))
    }

    /// Returns the last one, unless another one runs for it.
    fn last(&self) -> Option<&PutOffStart> {
        self.starts.last().filter(|last| !last.is_replaced)
    }
}

impl Shard {
    /// Sets when a new execution may start, if its flow waits until no other start has come.
    pub(super) fn set_start(&self, accepted: &mut Accepted, debounce: Option<Debounce>, now: Timestamp) {
        let Some(debounce) = debounce else { return };
        let Some(place) = accepted.queue.as_deref_mut().filter(|place| place.start_at.is_some()) else {
            return;
        };
        let since = self
            .put_off
            .get(&SlotOf { flow: accepted.flow, key: place.key.clone() })
            .map_or(now, |burst| burst.since);
        place.since = Some(since);
        place.start_at = Some(now.plus(debounce.quiet).min(since.plus(debounce.delay_max).max(now)));
    }

    /// Lets an execution wait until it may start.
    pub(super) fn put_off(&mut self, place: &Place, put_off: &QueuePlace) {
        let Some(start_at) = put_off.start_at else { return };
        let since = put_off.since.unwrap_or(start_at);
        let burst = self.put_off.entry(place.slot.clone()).or_default();
        if burst.starts.is_empty() {
            burst.since = since;
        }
        let Place { id, accepted_at, rank, .. } = *place;
        burst.add(PutOffStart { id, accepted_at, since, start_at, rank, is_replaced: false });
        self.delays.insert((start_at, id), place.slot.clone());
    }

    /// Forgets one that does not wait any longer; false if it did not.
    pub(super) fn forget_put_off(&mut self, place: &Place) -> bool {
        let Some(burst) = self.put_off.get_mut(&place.slot) else { return false };
        let Some(removed) = burst.remove(place.id) else { return false };
        self.delays.remove(&(removed.start_at, place.id));
        // The one before it is the last again.
        if let Some(last) = burst.last() {
            self.delays.insert((last.start_at, last.id), place.slot.clone());
        }
        if burst.starts.is_empty() {
            self.put_off.remove(&place.slot);
        }
        true
    }

    /// An execution is on disk: those that were put off for it are cancelled.
    pub(super) fn replace_put_off(&mut self, id: ExecutionId, now: Timestamp) {
        let Some(live) = self.live.get(&id) else { return };
        let queue = live.execution.accepted().queue.as_ref();
        let Some(start_at) = queue.and_then(|place| place.start_at) else { return };
        let slot = Place::of(&live.execution).slot;
        self.replace_before(&slot, id, now);
        // It may have been due before it was there.
        self.delays.insert((start_at, id), slot);
    }

    /// Cancels those that wait and came before `id`. One that was due before the first start of its burst came has only waited
    /// for a slot, and does so again.
    fn replace_before(&mut self, slot: &SlotOf, id: ExecutionId, now: Timestamp) {
        let Some(burst) = self.put_off.get_mut(slot) else { return };
        let Some(at) = burst.starts.iter().position(|start| start.id == id) else { return };
        let since = burst.starts[at].since;
        let was_due: Vec<PutOffStart> =
            burst.starts[..at].iter().filter(|before| before.start_at <= since).copied().collect();
        burst.starts.retain(|start| !was_due.iter().any(|due| due.id == start.id));
        let before = burst.starts.iter_mut().take_while(|start| start.id != id);
        let newly = |before: &mut PutOffStart| !std::mem::replace(&mut before.is_replaced, true);
        let replaced: Vec<ExecutionId> =
            before.filter_map(|before| newly(before).then_some(before.id)).collect();
        for PutOffStart { id, accepted_at, rank, .. } in was_due {
            let slot = slot.clone();
            self.slots_of(&slot).wait(&Place { slot: slot.clone(), id, accepted_at, rank });
        }
        for before in replaced {
            let message = format!("Replaced by execution {id}, which was started before this one was due");
            let input = Input::Cancel { message: message.into(), by: Actor::SYSTEM };
            self.enqueue(before, Queued::Input(input, Origin::Engine), now);
        }
    }

    /// Cancels what was put off for others before a crash.
    pub(super) fn replace_all_put_off(&mut self, now: Timestamp) {
        let last = |burst: &Burst| burst.starts.last().map(|start| start.id);
        let bursts = self.put_off.iter().filter_map(|(slot, burst)| Some((slot.clone(), last(burst)?)));
        for (slot, last) in bursts.collect::<Vec<_>>() {
            self.replace_before(&slot, last, now);
        }
    }

    /// Lets those that are due wait for a slot, unless another start has come.
    pub(super) fn end_delays(&mut self, now: Timestamp) {
        if self.phase != Phase::Open {
            return;
        }
        while let Some(due) = self.delays.first_entry().filter(|due| due.key().0 <= now) {
            let ((_, id), slot) = due.remove_entry();
            // It is looked at again when it is there.
            let is_accepting = |live: &Live| {
                live.committing.as_ref().is_some_and(|committing| committing.writes == Writes::Acceptance)
            };
            if self.live.get(&id).is_some_and(is_accepting) {
                continue;
            }
            self.replace_before(&slot, id, now);
            let Some(burst) = self.put_off.get_mut(&slot) else { continue };
            if !burst.starts.iter().any(|start| start.id == id && !start.is_replaced) {
                continue;
            }
            let Some(start) = burst.remove(id) else { continue };
            if burst.starts.is_empty() {
                self.put_off.remove(&slot);
            } else if let Some(first) = burst.starts.iter().find(|start| !start.is_replaced) {
                burst.since = first.accepted_at;
            }
            let place = Place { slot, id, accepted_at: start.accepted_at, rank: start.rank };
            self.slots_of(&place.slot).wait(&place);
            self.grant_slots(place.slot.flow, now);
        }
    }

    /// Returns when to look next.
    pub(super) fn next_delay(&self) -> Option<Timestamp> {
        self.delays.first_key_value().filter(|_| self.phase == Phase::Open).map(|(&(at, _), _)| at)
    }
}
