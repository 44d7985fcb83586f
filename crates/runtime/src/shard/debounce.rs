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

/// Starts with the same key, of which the last one is to run: in the order in which they were accepted, which their ids need
/// not have.
#[derive(Debug, Default)]
pub(super) struct Burst(Vec<PutOffStart>);

#[derive(Clone, Copy, Debug)]
struct PutOffStart {
    id: ExecutionId,
    /// Counts up from start to start: moments can go back with the clock while no process runs.
    number: u64,
    accepted_at: Timestamp,
    /// When the first start of its burst came.
    since: Timestamp,
    start_at: Timestamp,
    rank: i64,
    /// Whether it has been told that another one runs.
    is_replaced: bool,
}

impl PutOffStart {
    /// What it is sorted by. Starts of an earlier version have no number.
    const fn order(&self) -> (u64, Timestamp) {
        (self.number, self.accepted_at)
    }
}

impl Burst {
    fn add(&mut self, start: PutOffStart) {
        if self.find(start.id).is_some() {
            return;
        }
        let at = self.0.partition_point(|other| other.order() <= start.order());
        self.0.insert(at, start);
    }

    fn remove(&mut self, id: ExecutionId) -> Option<PutOffStart> {
        self.find(id).map(|at| self.0.remove(at))
    }

    fn find(&self, id: ExecutionId) -> Option<usize> {
        // The newest is looked for most often.
        self.0.iter().rposition(|start| start.id == id)
    }

    /// Returns the last one, unless another one runs for it.
    fn last(&self) -> Option<&PutOffStart> {
        self.0.last().filter(|last| !last.is_replaced)
    }
}

impl Shard {
    /// Sets when a new execution may start, if its flow waits until no other start has come.
    pub(super) fn set_start(&self, accepted: &mut Accepted, debounce: Option<Debounce>, now: Timestamp) {
        let Some(debounce) = debounce else { return };
        let Some(place) = accepted.queue.as_deref_mut().filter(|place| place.start_at.is_some()) else {
            return;
        };
        let burst = self.put_off.get(&SlotOf { flow: accepted.flow, key: place.key.clone() });
        place.number = burst.and_then(|burst| burst.0.last()).map(|last| last.number.saturating_add(1));
        // One that is due already only has not had its turn.
        let last = burst.and_then(Burst::last).filter(|last| last.start_at > now);
        // The clock may have been set back while the process was down.
        let since = last.map_or(now, |last| last.since.min(now));
        place.since = Some(since);
        place.start_at = Some(now.plus(debounce.quiet).min(since.plus(debounce.delay_max)).max(now));
    }

    /// Lets an execution wait until it may start.
    pub(super) fn put_off(&mut self, place: &Place, put_off: &QueuePlace) {
        let Some(start_at) = put_off.start_at else { return };
        let since = put_off.since.unwrap_or(start_at);
        let burst = self.put_off.entry(place.slot.clone()).or_default();
        let Place { id, accepted_at, rank, .. } = *place;
        let number = put_off.number.unwrap_or_default();
        burst.add(PutOffStart { id, number, accepted_at, since, start_at, rank, is_replaced: false });
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
        if burst.0.is_empty() {
            self.put_off.remove(&place.slot);
        }
        true
    }

    /// An execution is on disk: those that were put off for it are cancelled.
    pub(super) fn replace_put_off(&mut self, id: ExecutionId, now: Timestamp) {
        let Some(Live { execution, .. }) = self.live.get(&id) else { return };
        let queue = execution.accepted().queue.as_ref();
        let Some(start_at) = queue.and_then(|place| place.start_at) else { return };
        let slot = Place::of(execution).slot;
        self.replace_before(&slot, id, now);
        // It may have been due before it was there.
        self.delays.insert((start_at, id), slot);
    }

    /// Cancels those that wait and came before `id`. One that was due before the first start of its burst came has only waited
    /// for a slot, and does so again.
    fn replace_before(&mut self, slot: &SlotOf, id: ExecutionId, now: Timestamp) {
        let Some(burst) = self.put_off.get_mut(slot) else { return };
        let Some(at) = burst.find(id) else { return };
        let since = burst.0[at].since;
        let (mut was_due, mut replaced) = (Vec::new(), Vec::new());
        for before in &mut burst.0[..at] {
            if before.start_at <= since {
                was_due.push(*before);
            } else if !std::mem::replace(&mut before.is_replaced, true) {
                replaced.push(before.id);
            }
        }
        burst.0.retain(|start| start.start_at > since || start.id == id);
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
        let last = |burst: &Burst| burst.0.last().map(|start| start.id);
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
            let Some(at) = burst.find(id).filter(|&at| !burst.0[at].is_replaced) else { continue };
            let start = burst.0.remove(at);
            if burst.0.is_empty() {
                self.put_off.remove(&slot);
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
