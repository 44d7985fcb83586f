//! The slots of a flow: how many of its executions may be under way at once, and whose turn is next.
//!
//! Those that wait are sorted by the moment of their acceptance and their priority ([`QueuePlace::rank`]). Where the flow has a
//! `concurrency_key`, each value of it has a queue of its own, and the values take turns: each execution costs the same, so
//! this is deficit round robin.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use steadflow_core::event::Accepted;
use steadflow_core::execution::{Execution, ExecutionStatus, Input};
use steadflow_core::flow_control::{QueuePlace, SlotLimits};
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{QueuedExecution, SlotClaim, SlotHolder, SlotsOf, Waiting};
use uuid::Uuid;

use super::lane::Speed;
use super::{Origin, Phase, Queued, Shard};
use crate::admission::{Held, Taken};

/// Executions that take no slot of their flow have all the same one: without a limit.
pub(super) const UNLIMITED: FlowId = FlowId::new(Uuid::nil());

/// A value of `concurrency_key`; `None` without one.
pub(super) type Key = Option<Arc<str>>;

/// Which slot an execution takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SlotOf {
    /// The flow, or [`UNLIMITED`].
    pub(super) flow: FlowId,
    pub(super) key: Key,
}

/// Where an execution stands that waits.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) slot: SlotOf,
    pub(super) id: ExecutionId,
    pub(super) accepted_at: Timestamp,
    /// The lowest is the first.
    pub(super) rank: i64,
}

impl Place {
    pub(super) fn new(id: ExecutionId, accepted: &Accepted, accepted_at: Timestamp) -> Self {
        let flow = if accepted.takes_slot() { accepted.flow } else { UNLIMITED };
        Self::with(id, flow, accepted.queue.as_deref(), accepted_at)
    }

    pub(super) fn of(execution: &Execution) -> Self {
        Self::new(execution.id(), execution.accepted(), execution.created_at())
    }

    pub(super) fn of_queued(queued: &QueuedExecution) -> Self {
        let flow = if queued.shares_slot { UNLIMITED } else { queued.flow };
        Self::with(queued.execution, flow, queued.queue.as_deref(), queued.accepted_at)
    }

    fn with(id: ExecutionId, flow: FlowId, place: Option<&QueuePlace>, accepted_at: Timestamp) -> Self {
        let key = place.and_then(|place| place.key.clone()).filter(|_| flow != UNLIMITED);
        Self { slot: SlotOf { flow, key }, id, accepted_at, rank: QueuePlace::rank(place, accepted_at) }
    }
}

/// The slots of one flow.
#[derive(Debug, Default)]
pub(super) struct Slots {
    /// Whose flow it is, as far as that is known: of one of which something waits, it is.
    pub(super) tenant: Option<TenantId>,
    limits: SlotLimits,
    /// Whether the flow's present limits are known.
    are_limits_known: bool,
    /// Executions that hold a slot: started, or about to. Where other processes start some as well, those in memory here.
    taken: u32,
    /// Executions elsewhere that hold a slot, as the store said last; 0 while none waits here.
    elsewhere: u32,
    keys: BTreeMap<Key, KeySlots>,
    /// Keys with which an execution waits, and another one may start.
    ready: BTreeSet<Key>,
    /// The one that had its turn last.
    last: Key,
    /// Executions that are read from the store to be started.
    pub(super) coming: usize,
    /// Whether the next one is not read because there is no memory for it.
    lacks_memory: bool,
    /// How long decisions of its executions take, as far as it is known.
    pub(super) speed: Speed,
    /// What its executions in memory take.
    pub(super) held: Arc<Held>,
}

/// The slots of one key.
#[derive(Debug, Default)]
struct KeySlots {
    taken: u32,
    elsewhere: u32,
    /// Executions that wait, by their ranks.
    queue: BTreeSet<(i64, ExecutionId)>,
}

impl Slots {
    pub(super) fn set_limits(&mut self, limits: SlotLimits) {
        let is_other = self.limits != limits;
        (self.limits, self.are_limits_known) = (limits, true);
        if is_other {
            for key in self.keys.keys().cloned().collect::<Vec<_>>() {
                self.note_ready(&key);
            }
        }
    }

    fn suggest_limits(&mut self, limits: SlotLimits) {
        if !self.are_limits_known {
            self.set_limits(limits);
        }
    }

    fn has_room(&self) -> bool {
        self.limits.all.is_none_or(|limit| self.taken.saturating_add(self.elsewhere) < limit)
    }

    fn has_room_for(&self, key: &Key) -> bool {
        let Some(limit) = self.limits.per_key.filter(|_| key.is_some()) else { return true };
        self.keys.get(key).is_none_or(|slots| slots.taken.saturating_add(slots.elsewhere) < limit)
    }

    /// Takes a slot for a new execution, unless others wait that could have it.
    pub(super) fn take(&mut self, place: &Place) -> bool {
        let is_free = self.ready.is_empty() && self.has_room() && self.has_room_for(&place.slot.key);
        if is_free {
            self.last.clone_from(&place.slot.key);
            self.start_with(place.slot.key.clone(), 1);
        } else {
            self.wait(place);
        }
        is_free
    }

    /// Returns whose turn is next, and with which key, if there is a free slot.
    fn next(&self) -> Option<(ExecutionId, Key)> {
        if !self.has_room() {
            return None;
        }
        let after = self.ready.range::<Key, _>((Excluded(&self.last), Unbounded)).next();
        let key = after.or_else(|| self.ready.first())?;
        let (_, id) = self.keys.get(key)?.queue.first()?;
        Some((*id, key.clone()))
    }

    /// Gives the first one with this key a slot.
    fn give(&mut self, key: Key) {
        if let Some(slots) = self.keys.get_mut(&key) {
            slots.queue.pop_first();
        }
        self.last.clone_from(&key);
        self.start_with(key, 1);
    }

    /// Notes that so many more executions hold a slot.
    pub(super) fn start_with(&mut self, key: Key, taken: u32) {
        self.taken += taken;
        if key.is_some() {
            self.keys.entry(key.clone()).or_default().taken += taken;
        }
        self.note_ready(&key);
    }

    /// Returns whether an execution waits.
    fn waits(&self) -> bool {
        self.keys.values().any(|slots| !slots.queue.is_empty())
    }

    /// Notes who holds a slot elsewhere, whatever was known before.
    fn set_elsewhere(&mut self, holders: impl Iterator<Item = Key>) {
        self.elsewhere = 0;
        self.keys.values_mut().for_each(|slots| slots.elsewhere = 0);
        for key in holders {
            self.elsewhere += 1;
            if key.is_some() {
                self.keys.entry(key).or_default().elsewhere += 1;
            }
        }
        for key in self.keys.keys().cloned().collect::<Vec<_>>() {
            self.note_ready(&key);
        }
    }

    /// Notes how many hold a slot in all, one that was about to start here not among them. `about_to` others are.
    fn no_slot(&mut self, key: &Key, taken: SlotsOf, about_to: u32) {
        let here = self.taken.saturating_sub(about_to);
        self.elsewhere = self.elsewhere.max(taken.flow.saturating_sub(here));
        if key.is_some() {
            let slots = self.keys.entry(key.clone()).or_default();
            slots.elsewhere = slots.elsewhere.max(taken.key.saturating_sub(slots.taken));
        }
        self.note_ready(key);
    }

    pub(super) fn free_slot(&mut self, key: &Key) {
        self.taken = self.taken.saturating_sub(1);
        if let Some(slots) = self.keys.get_mut(key) {
            slots.taken = slots.taken.saturating_sub(1);
        }
        self.note_ready(key);
    }

    pub(super) fn wait(&mut self, place: &Place) {
        let Place { slot, id, rank, .. } = place;
        self.keys.entry(slot.key.clone()).or_default().queue.insert((*rank, *id));
        self.note_ready(&slot.key);
    }

    /// Takes an execution out of the queue; false if it was not in it.
    pub(super) fn leave(&mut self, place: &Place) -> bool {
        let Place { slot, id, rank, .. } = place;
        let waited = self.keys.get_mut(&slot.key).is_some_and(|slots| slots.queue.remove(&(*rank, *id)));
        self.note_ready(&slot.key);
        waited
    }

    /// Keeps `ready` true, and forgets a key of which there is nothing to know.
    fn note_ready(&mut self, key: &Key) {
        let Some(slots) = self.keys.get(key) else { return };
        let waits = !slots.queue.is_empty();
        let is_unused = !waits && slots.taken == 0 && slots.elsewhere == 0;
        if waits && self.has_room_for(key) {
            self.ready.insert(key.clone());
        } else {
            self.ready.remove(key);
        }
        if is_unused {
            self.keys.remove(key);
        }
    }
}

impl Shard {
    /// Returns the slots that an execution takes one of.
    pub(super) fn slots_of(&mut self, slot: &SlotOf) -> &mut Slots {
        self.flows.entry(slot.flow).or_default()
    }

    /// Takes the limits that an execution is pinned to for its flow, as long as the present ones are not known.
    pub(super) fn suggest_limits(&mut self, accepted: &Accepted, limits: SlotLimits) {
        if accepted.takes_slot() {
            let slots = self.flows.entry(accepted.flow).or_default();
            slots.tenant = Some(accepted.tenant);
            slots.suggest_limits(limits);
        }
    }

    pub(super) fn limits_changed(&mut self, flow: FlowId, limits: SlotLimits, now: Timestamp) {
        self.flows.entry(flow).or_default().set_limits(limits);
        self.grant_slots(flow, now);
    }

    /// Takes in what waits and who holds slots over all processes. What another process has started or ended is not known here
    /// otherwise: without this, an execution could wait for a slot that has long been free.
    pub(super) fn waiting_elsewhere(
        &mut self,
        waiting: Waiting,
        limits: Vec<(FlowId, SlotLimits)>,
        now: Timestamp,
    ) {
        for (flow, limits) in limits {
            self.flows.entry(flow).or_default().set_limits(limits);
        }
        for queued in &waiting.queued {
            let id = queued.execution;
            let is_here = self.live.contains_key(&id)
                || self.loading.contains_key(&id)
                || self.granted.contains_key(&id);
            if !is_here {
                self.wait_queued(queued);
            }
        }
        let waits = self.flows.iter().filter(|(flow, slots)| **flow != UNLIMITED && slots.waits());
        let mut holders: BTreeMap<FlowId, Vec<Key>> = waits.map(|(flow, _)| (*flow, Vec::new())).collect();
        if holders.is_empty() {
            return;
        }
        // What is in memory is counted already, and rows are behind that.
        for SlotHolder { execution, flow, key } in waiting.holders {
            if let Some(elsewhere) = holders.get_mut(&flow)
                && !self.live.contains_key(&execution)
                && !self.granted.contains_key(&execution)
            {
                elsewhere.push(key);
            }
        }
        for (flow, elsewhere) in holders {
            self.flows.entry(flow).or_default().set_elsewhere(elsewhere.into_iter());
            self.grant_slots(flow, now);
        }
    }

    /// Returns whether the store has the last word on a slot, as other processes may take it.
    pub(super) fn is_claimed(&self, slot: &SlotOf) -> bool {
        let limits = self.flows.get(&slot.flow).map(|slots| slots.limits).unwrap_or_default();
        self.config.is_shared && (limits.all.is_some() || limits.per_key.is_some_and(|_| slot.key.is_some()))
    }

    /// Returns what an execution claims with the decision that starts it.
    pub(super) fn claim_of(&self, id: ExecutionId) -> Option<Box<SlotClaim>> {
        let slot = self.granted.get(&id).filter(|slot| self.is_claimed(slot))?;
        self.live.get(&id)?.execution.started_at()?;
        let limits = self.flows.get(&slot.flow)?.limits;
        Some(Box::new(SlotClaim { flow: slot.flow, key: slot.key.clone(), limits }))
    }

    /// An execution was about to start, and other processes have taken all slots: it waits again, in its old place.
    pub(super) fn without_slot(&mut self, id: ExecutionId, taken: SlotsOf, now: Timestamp) {
        if let Some(slot) = self.granted.get(&id).cloned() {
            self.ungrant(id);
            let about_to = self.granted.values().filter(|granted| granted.flow == slot.flow).count();
            self.slots_of(&slot).no_slot(&slot.key, taken, u32::try_from(about_to).unwrap_or(u32::MAX));
        }
        self.decide_without(id, |input, _| matches!(input, Input::Start), now);
    }

    /// An execution that holds a slot has come into memory.
    pub(super) fn slot_comes(&mut self, execution: &Execution) {
        if self.config.is_shared && execution.started_at().is_some() {
            let slot = Place::of(execution).slot;
            self.slots_of(&slot).start_with(slot.key.clone(), 1);
        }
    }

    /// An execution has left memory; if it holds a slot, that is counted elsewhere now.
    pub(super) fn slot_goes(&mut self, execution: &Execution) {
        if self.config.is_shared && execution.started_at().is_some() {
            let slot = Place::of(execution).slot;
            self.slots_of(&slot).free_slot(&slot.key);
        }
    }

    /// Starts those who wait for a slot of `flow`, as far as there are any, and memory for those who left it.
    pub(super) fn grant_slots(&mut self, flow: FlowId, now: Timestamp) {
        if self.phase != Phase::Open || self.is_held(flow) {
            return;
        }
        while let Some((id, key)) = self.flows.get(&flow).and_then(Slots::next) {
            let comes = !self.live.contains_key(&id);
            if comes && !self.has_memory_for(flow) {
                return self.lack_memory(flow);
            }
            if let Some(slots) = self.flows.get_mut(&flow) {
                slots.give(key.clone());
                slots.coming += usize::from(comes);
            }
            self.granted.insert(id, SlotOf { flow, key });
            self.enqueue(id, Queued::Input(Input::Start, Origin::Engine), now);
        }
        if let Some(slots) = self.flows.get_mut(&flow).filter(|slots| slots.elsewhere > 0 && !slots.waits()) {
            // It would not be kept up to date.
            slots.set_elsewhere(std::iter::empty());
        }
    }

    /// Returns whether another execution of a flow may come into memory, by the rule for new ones.
    fn has_memory_for(&self, flow: FlowId) -> bool {
        let all = Taken { executions: self.here_or_coming(), bytes: self.live_bytes };
        let mut of_flow = Taken::default();
        if let Some(slots) = self.flows.get(&flow) {
            of_flow = slots.held.taken();
            of_flow.executions += slots.coming;
        }
        all.executions == 0 || self.config.capacity.has_room(all, of_flow, 0)
    }

    /// Executions in memory, and those that are read from the store.
    fn here_or_coming(&self) -> usize {
        self.live.len() + self.loading.len()
    }

    fn lack_memory(&mut self, flow: FlowId) {
        self.lacked_at = self.here_or_coming();
        let slots = self.flows.entry(flow).or_default();
        if !std::mem::replace(&mut slots.lacks_memory, true) {
            self.lack_memory.push_back(flow);
        }
    }

    /// Starts those who waited for memory, as far as there is some now. The flows take turns.
    pub(super) fn grant_memory(&mut self, now: Timestamp) {
        if self.lack_memory.is_empty() {
            return;
        }
        let here = self.here_or_coming();
        if here >= std::mem::replace(&mut self.lacked_at, here) {
            return;
        }
        for _ in 0..self.lack_memory.len() {
            let Some(flow) = self.lack_memory.pop_front() else { return };
            self.flows.entry(flow).or_default().lacks_memory = false;
            self.grant_slots(flow, now);
        }
    }

    /// Takes back a slot that was given to an execution which does not use it.
    pub(super) fn ungrant(&mut self, id: ExecutionId) {
        if let Some(slot) = self.granted.remove(&id) {
            self.slots_of(&slot).free_slot(&slot.key);
        }
    }

    /// Keeps the flow's slots true when a decision of an execution that has not started is taken back.
    pub(super) fn restore_place(&mut self, id: ExecutionId, now: Timestamp) {
        let Some(live) = self.live.get(&id).filter(|live| live.execution.started_at().is_none()) else {
            return;
        };
        let place = Place::of(&live.execution);
        if live.execution.status() != ExecutionStatus::Pending {
            self.leave_queue(&place);
            self.ungrant(id);
        } else if !self.granted.contains_key(&id) {
            self.line_up(id);
        }
        if let Some(live) = self.live.get_mut(&id).filter(|_| !self.granted.contains_key(&id)) {
            live.inbox.retain(|queued| !matches!(queued, Queued::Input(Input::Start, _)));
        }
        self.grant_slots(place.slot.flow, now);
    }

    /// Keeps the flow's slots true when an execution that has not started is paused, resumed, or ended.
    pub(super) fn requeue(&mut self, id: ExecutionId, before: ExecutionStatus, now: Timestamp) {
        let Some(live) = self.live.get(&id) else { return };
        let place = Place::of(&live.execution);
        let status = live.execution.status();
        // Its start came while it was paused for a moment, and was rejected.
        let missed_its_start = status == ExecutionStatus::Pending && self.granted.contains_key(&id);
        if before == status && !missed_its_start {
            return;
        }
        self.ungrant(id);
        if status == ExecutionStatus::Pending {
            // It waits again, in its old place.
            self.line_up(id);
        } else {
            self.leave_queue(&place);
        }
        self.grant_slots(place.slot.flow, now);
    }

    /// Lets an execution in memory wait: for a slot or, before that, until no other start has come.
    pub(super) fn line_up(&mut self, id: ExecutionId) {
        let Some(live) = self.live.get(&id) else { return };
        let (place, queue) = (Place::of(&live.execution), live.execution.accepted().queue.clone());
        self.wait_in(&place, queue.as_deref());
    }

    /// Lets an execution wait in its place.
    pub(super) fn wait_in(&mut self, place: &Place, queue: Option<&QueuePlace>) {
        match queue.filter(|queue| queue.start_at.is_some()) {
            Some(put_off) => self.put_off(place, put_off),
            None => self.slots_of(&place.slot).wait(place),
        }
    }

    /// Lets an execution wait that is parked.
    pub(super) fn wait_queued(&mut self, queued: &QueuedExecution) {
        self.flows.entry(queued.flow).or_default().tenant = Some(queued.tenant);
        self.wait_in(&Place::of_queued(queued), queued.queue.as_deref());
    }

    /// Takes an execution out of what it waits in; false if it waits in nothing.
    pub(super) fn leave_queue(&mut self, place: &Place) -> bool {
        let waited = self.slots_of(&place.slot).leave(place);
        self.forget_put_off(place) || waited
    }
}
