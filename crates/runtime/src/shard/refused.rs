//! Commits that the database refuses.
//!
//! One transaction holds the decisions of many executions, and fails as a whole. After a failure it is halved, and so on
//! until what fails is one decision, so that it holds up no other. If the database will never take what a single execution
//! decided, the execution fails, and says why. If it does not take that either, the execution is left as it is stored, and
//! taken up at the next start.

use std::collections::BTreeSet;

use steadflow_core::execution::Input;
use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::StoreError;

use super::live::Queued;
use super::slots::Place;
use super::{Origin, Reply, Shard};

impl Shard {
    /// A batch was refused, perhaps because of one of these executions: the next time, each half of them is a batch.
    pub(super) fn suspect(&mut self, heads: &[ExecutionId]) {
        let mut heads = heads.to_vec();
        // The order in which they decide again.
        heads.sort_unstable();
        let (first, second) = heads.split_at(heads.len().div_ceil(2));
        for half in [first, second] {
            self.next_suspicion += 1;
            self.suspects.extend(half.iter().map(|id| (*id, self.next_suspicion)));
        }
    }

    /// Returns those of a batch that are in it by themselves, and do not only follow from another.
    pub(super) fn heads(&self, batch: &[ExecutionId]) -> Vec<ExecutionId> {
        let committing = batch.iter().filter_map(|id| self.live.get(id)?.committing.as_ref());
        let following: BTreeSet<_> = committing.flat_map(|committing| &committing.children).collect();
        batch.iter().filter(|id| !following.contains(id)).copied().collect()
    }

    /// The database will never take a batch.
    pub(super) fn refused(&mut self, executions: &[ExecutionId], error: &StoreError, now: Timestamp) {
        let heads = self.heads(executions);
        for id in executions {
            self.take_back(*id, || Reply::Unavailable, now);
            self.goes_on_at(*id, now);
        }
        match &*heads {
            [only] => self.fail_refused(*only, error, now),
            several => self.suspect(several),
        }
        tracing::error!(
            error = %error,
            source = std::error::Error::source(error).map(tracing::field::display),
            executions = executions.len(),
            "the database refused a batch for ever"
        );
    }

    /// Fails an execution whose decision is refused for ever. If that is refused, too, it is left as it is stored.
    fn fail_refused(&mut self, id: ExecutionId, error: &StoreError, now: Timestamp) {
        let Some(live) = self.live.get_mut(&id) else { return };
        if std::mem::replace(&mut live.is_refused, true) {
            return self.leave_alone(id, now);
        }
        let reason = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        let input = Input::Refused { reason: reason.into() };
        // It stops all that another process began, so that nothing is left to adopt but what it begins itself.
        live.inbox.retain(|queued| !matches!(queued, Queued::Input(Input::Adopt { .. }, _)));
        live.inbox.push_front(Queued::Input(input, Origin::Engine));
    }

    fn leave_alone(&mut self, id: ExecutionId, now: Timestamp) {
        tracing::error!(execution.id = %id, "an execution cannot even be failed; it is left alone until the next start");
        let Some(live) = self.forget(id) else { return };
        let slot = Place::of(&live.execution).slot;
        self.granted.remove(&id);
        if live.execution.started_at().is_some() {
            self.slots_of(&slot).free_slot(&slot.key);
        }
        self.turn_away(id, live.inbox, now);
        for waiter in self.waiters.remove(&id).unwrap_or_default() {
            self.reply(waiter, Reply::Unavailable);
        }
        self.grant_slots(slot.flow, now);
    }

    /// Lets an execution that was taken back decide again at `at`.
    fn goes_on_at(&mut self, id: ExecutionId, at: Timestamp) {
        if let Some(live) = self.live.get_mut(&id) {
            live.held_until = Some(at);
            self.arm_timer(id);
        }
    }
}
