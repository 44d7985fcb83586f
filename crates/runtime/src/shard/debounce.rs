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
    /// When each may start, with its rank.
    starts: BTreeMap<ExecutionId, (Timestamp, i64)>,
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
        let burst = self.put_off.entry(place.slot.clone()).or_default();
        if burst.starts.is_empty() {
            burst.since = put_off.since.unwrap_or(start_at);
        }
        burst.starts.insert(place.id, (start_at, place.rank));
        self.delays.insert((start_at, place.id), place.slot.clone());
    }

    /// Forgets one that does not wait any longer; false if it did not.
    pub(super) fn forget_put_off(&mut self, place: &Place) -> bool {
        let Some(burst) = self.put_off.get_mut(&place.slot) else { return false };
        let Some((start_at, _)) = burst.starts.remove(&place.id) else { return false };
        self.delays.remove(&(start_at, place.id));
        match burst.starts.last_key_value() {
            // The one before it is the last again.
            Some((&last, &(start_at, _))) => drop(self.delays.insert((start_at, last), place.slot.clone())),
            None => drop(self.put_off.remove(&place.slot)),
        }
        true
    }

    /// An execution is on disk: those that were put off for it are cancelled.
    pub(super) fn replace_put_off(&mut self, id: ExecutionId, now: Timestamp) {
        let Some(live) = self.live.get(&id) else { return };
        if live.execution.accepted().queue.as_ref().is_none_or(|place| place.start_at.is_none()) {
            return;
        }
        let slot = Place::of(&live.execution).slot;
        self.replace_before(&slot, id, now);
    }

    fn replace_before(&mut self, slot: &SlotOf, id: ExecutionId, now: Timestamp) {
        let Some(burst) = self.put_off.get(slot) else { return };
        let before: Vec<ExecutionId> = burst.starts.range(..id).map(|(before, _)| *before).collect();
        for before in before {
            let message = format!("Replaced by execution {id}, which was started before this one was due");
            let input = Input::Cancel { message: message.into(), by: Actor::SYSTEM };
            self.enqueue(before, Queued::Input(input, Origin::Engine), now);
        }
    }

    /// Cancels what was put off for others before a crash.
    pub(super) fn replace_all_put_off(&mut self, now: Timestamp) {
        let last = |burst: &Burst| burst.starts.last_key_value().map(|(id, _)| *id);
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
            // Those before it are still there if it does not come about.
            let is_accepting = |live: &Live| {
                live.committing.as_ref().is_some_and(|committing| committing.writes == Writes::Acceptance)
            };
            if self.live.get(&id).is_some_and(is_accepting) {
                self.delays.insert((now.plus(self.config.redo_after), id), slot);
                continue;
            }
            let last = self.put_off.get(&slot).and_then(|burst| burst.starts.last_key_value());
            let Some((_, &(_, rank))) = last.filter(|(last, _)| **last == id) else { continue };
            self.put_off.remove(&slot);
            let place = Place { slot, id, rank };
            self.slots_of(&place.slot).wait(&place);
            self.grant_slots(place.slot.flow, now);
        }
    }

    /// Returns when to look next.
    pub(super) fn next_delay(&self) -> Option<Timestamp> {
        self.delays.first_key_value().filter(|_| self.phase == Phase::Open).map(|(&(at, _), _)| at)
    }
}
