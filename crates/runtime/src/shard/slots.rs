//! The slots of a flow: how many of its executions may be under way at once, first come first served.

use std::collections::BTreeSet;
use std::sync::Arc;

use steadflow_core::event::Accepted;
use steadflow_core::execution::{ExecutionStatus, Input};
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use super::lane::Speed;
use super::{Origin, Phase, Queued, Shard};
use crate::admission::Held;

/// Executions that take no slot of their flow have all the same one: without a limit.
pub(super) const UNLIMITED: FlowId = FlowId::new(Uuid::nil());

/// Returns the flow of whose slots an execution takes one, or [`UNLIMITED`].
pub(super) fn pool_of(accepted: &Accepted) -> FlowId {
    if accepted.takes_slot() { accepted.flow } else { UNLIMITED }
}

/// The slots of one flow.
#[derive(Debug, Default)]
pub(super) struct Slots {
    limit: Option<u32>,
    /// Whether the flow's present limit is known.
    is_limit_known: bool,
    /// Executions that hold a slot: started, or about to.
    taken: u32,
    /// Executions that wait, in the order in which they were accepted: their ids sort so.
    queue: BTreeSet<ExecutionId>,
    /// How long decisions of its executions take, as far as it is known.
    pub(super) speed: Speed,
    /// What its executions in memory take.
    pub(super) held: Arc<Held>,
}

impl Slots {
    pub(super) fn set_limit(&mut self, limit: Option<u32>) {
        self.limit = limit;
        self.is_limit_known = true;
    }

    fn suggest_limit(&mut self, limit: Option<u32>) {
        if !self.is_limit_known {
            self.set_limit(limit);
        }
    }

    fn has_room(&self) -> bool {
        self.limit.is_none_or(|limit| self.taken < limit)
    }

    /// Takes a slot for a new execution, unless others wait.
    pub(super) fn take(&mut self, id: ExecutionId) -> bool {
        let is_free = self.queue.is_empty() && self.has_room();
        if is_free {
            self.taken += 1;
        } else {
            self.queue.insert(id);
        }
        is_free
    }

    fn next(&mut self) -> Option<ExecutionId> {
        if !self.has_room() {
            return None;
        }
        let id = self.queue.pop_first()?;
        self.taken += 1;
        Some(id)
    }

    pub(super) fn free_slot(&mut self) {
        self.taken = self.taken.saturating_sub(1);
    }

    pub(super) fn start_with(&mut self, taken: u32) {
        self.taken = taken;
    }

    pub(super) fn wait(&mut self, id: ExecutionId) {
        self.queue.insert(id);
    }

    /// Takes an execution out of the queue; false if it was not in it.
    pub(super) fn leave(&mut self, id: ExecutionId) -> bool {
        self.queue.remove(&id)
    }
}

impl Shard {
    /// Takes the limit that an execution is pinned to for its flow, as long as the present one is not known.
    pub(super) fn suggest_limit(&mut self, accepted: &Accepted, limit: Option<u32>) {
        if accepted.takes_slot() {
            self.flows.entry(accepted.flow).or_default().suggest_limit(limit);
        }
    }

    pub(super) fn limit_changed(&mut self, flow: FlowId, limit: Option<u32>, now: Timestamp) {
        self.flows.entry(flow).or_default().set_limit(limit);
        self.grant_slots(flow, now);
    }

    /// Starts those who wait for a slot of `flow`, as far as there are any.
    pub(super) fn grant_slots(&mut self, flow: FlowId, now: Timestamp) {
        if self.phase != Phase::Open {
            return;
        }
        while let Some(id) = self.flows.get_mut(&flow).and_then(Slots::next) {
            self.granted.insert(id, flow);
            self.enqueue(id, Queued::Input(Input::Start, Origin::Engine), now);
        }
    }

    /// Takes back a slot that was given to an execution which does not use it.
    pub(super) fn ungrant(&mut self, id: ExecutionId) {
        if let Some(flow) = self.granted.remove(&id) {
            self.flows.entry(flow).or_default().free_slot();
        }
    }

    /// Keeps the flow's slots true when a decision of an execution that has not started is taken back.
    pub(super) fn restore_place(&mut self, id: ExecutionId, now: Timestamp) {
        let Some(live) = self.live.get(&id).filter(|live| live.execution.started_at().is_none()) else {
            return;
        };
        let pool = pool_of(live.execution.accepted());
        if live.execution.status() != ExecutionStatus::Pending {
            self.flows.entry(pool).or_default().leave(id);
            self.ungrant(id);
        } else if !self.granted.contains_key(&id) {
            self.flows.entry(pool).or_default().wait(id);
        }
        if let Some(live) = self.live.get_mut(&id).filter(|_| !self.granted.contains_key(&id)) {
            live.inbox.retain(|queued| !matches!(queued, Queued::Input(Input::Start, _)));
        }
        self.grant_slots(pool, now);
    }

    /// Keeps the flow's slots true when an execution that has not started is paused, resumed, or ended.
    pub(super) fn requeue(&mut self, id: ExecutionId, before: ExecutionStatus, now: Timestamp) {
        let Some(live) = self.live.get(&id) else { return };
        let pool = pool_of(live.execution.accepted());
        let status = live.execution.status();
        // Its start came while it was paused for a moment, and was rejected.
        let missed_its_start = status == ExecutionStatus::Pending && self.granted.contains_key(&id);
        if before == status && !missed_its_start {
            return;
        }
        self.ungrant(id);
        let slots = self.flows.entry(pool).or_default();
        if status == ExecutionStatus::Pending {
            // It waits again, in its old place.
            slots.wait(id);
        } else {
            slots.leave(id);
        }
        self.grant_slots(pool, now);
    }
}
