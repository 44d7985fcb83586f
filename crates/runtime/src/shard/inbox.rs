//! Inputs that other processes and other executions have stored for executions that this shard drives.
//!
//! An item is *in hand* from the moment at which it is found until the commit that takes it has returned, so that it is
//! decided on once however often it is found. A shard that loses its lease forgets what it has in hand: what no commit
//! has taken is still stored, and is found by the next worker.

use std::collections::VecDeque;

use steadflow_core::execution::{Effect, Input};
use steadflow_core::ids::ExecutionId;
use steadflow_core::inbox::StoredSignal;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{InboxId, InboxItem};

use super::decide::cancel_of;
use super::live::{Live, Queued};
use super::{Action, Origin, Phase, Reply, Shard, Unclaimed};

impl Shard {
    /// Takes in what was found, but for what it has in hand already.
    pub(super) fn inbox(&mut self, items: Vec<InboxItem>, now: Timestamp) {
        if self.phase != Phase::Open {
            return;
        }
        for InboxItem { id: item, sent } in items {
            if !self.in_hand.insert(item) {
                continue;
            }
            let (tenant, sent_at) = (sent.tenant, sent.created_at);
            let queued = match StoredSignal::parse(&sent.input) {
                Ok(StoredSignal::Plain(signal)) => {
                    Queued::Input(signal.into(), Origin::Inbox { item, tenant, sent_at })
                }
                Ok(StoredSignal::Encrypted(signal)) => Queued::Encrypted { signal, item, tenant, sent_at },
                Err(error) => {
                    left_alone(item, sent.execution, &error);
                    continue;
                }
            };
            self.enqueue(sent.execution, queued, now);
        }
    }

    /// Returns how many items are in hand.
    pub fn in_hand_count(&self) -> usize {
        self.in_hand.len()
    }

    /// These items are deleted, or the store keeps them for others: what is found again is looked at again.
    pub(super) fn forget_items(&mut self, items: impl IntoIterator<Item = InboxId>) {
        for item in items {
            self.in_hand.remove(&item);
        }
    }

    /// Lets items be found again whose execution was not here when it was last looked for.
    pub(super) fn look_again(&mut self, now: Timestamp) {
        while let Some(&(at, item)) = self.doubtful.first()
            && at <= now
        {
            self.doubtful.pop_first();
            self.in_hand.remove(&item);
        }
    }

    /// Nothing followed from these inputs: no commit deletes their items.
    pub(super) fn discard(&mut self, inputs: &[(Input, Origin)]) {
        self.actions.extend(items_of(inputs).map(Action::Discard));
    }

    /// Turns away what has waited for an execution that does not come.
    pub(super) fn turn_away(&mut self, id: ExecutionId, waiting: VecDeque<Queued>, now: Timestamp) {
        for queued in waiting {
            match queued {
                Queued::Read(reply)
                | Queued::Await(reply)
                | Queued::Input(_, Origin::Caller { reply, .. }) => self.reply(reply, Reply::NotHere),
                // Its execution may be another worker's by now, or may not be there yet.
                Queued::Input(_, Origin::Inbox { item, sent_at, .. })
                | Queued::Encrypted { item, sent_at, .. }
                    if now.since(sent_at) < self.config.unclaimed_after =>
                {
                    self.doubtful.insert((now.plus(self.config.redo_after), item));
                }
                Queued::Input(_, Origin::Inbox { item, tenant, .. })
                | Queued::Encrypted { item, tenant, .. } => {
                    self.actions.push(Action::Unclaimed(Unclaimed { item, tenant, execution: id }));
                }
                Queued::Input(input, Origin::Engine) => self.cancel_late_task(&input),
            }
        }
    }

    /// A call has ended whose execution is not here: if a server does it as a task, nobody asks for that.
    pub(super) fn cancel_late_task(&mut self, input: &Input) {
        if let Some(Effect::CancelTask(work)) = cancel_of(input, None) {
            self.actions.push(Action::StartStep(work));
        }
    }

    /// Some items that a commit was to take no longer exist, so nothing of it was written: it is made again without
    /// them.
    pub(super) fn without(&mut self, id: ExecutionId, gone: &[InboxId], now: Timestamp) {
        self.forget_items(gone.iter().copied());
        let is_gone = |from: &Origin| matches!(from, Origin::Inbox { item, .. } if gone.contains(item));
        self.decide_without(id, |_, from| is_gone(from), now);
    }

    /// A commit was skipped alone: it is made again without some of what it was decided on.
    pub(super) fn decide_without(
        &mut self,
        id: ExecutionId,
        is_dropped: impl Fn(&Input, &Origin) -> bool,
        now: Timestamp,
    ) {
        if let Some(committing) = self.live.get_mut(&id).and_then(|live| live.committing.as_mut()) {
            committing.inputs.retain(|(input, from)| !is_dropped(input, from));
            let children = std::mem::take(&mut committing.children);
            self.withdraw_children(&children, now);
        }
        self.take_back(id, || Reply::Unavailable, now);
        if let Some(live) = self.live.get_mut(&id) {
            live.held_until = None;
        }
        self.arm_timer(id);
        self.advance(id, now);
    }
}

/// An input stays in hand, so it is reported once.
pub(super) fn left_alone(item: InboxId, execution: ExecutionId, error: &dyn std::error::Error) {
    tracing::error!(
        inbox.item = item.0,
        execution.id = %execution,
        error = %error,
        "an input is not readable, perhaps one of a newer version; it is left alone"
    );
}

impl Live {
    /// Returns the items that the commit under way takes.
    pub(super) fn takes(&self) -> Vec<InboxId> {
        self.committing.iter().flat_map(|committing| items_of(&committing.inputs)).collect()
    }
}

/// Returns the items of the inbox among `inputs`.
pub(super) fn items_of(inputs: &[(Input, Origin)]) -> impl Iterator<Item = InboxId> {
    inputs.iter().filter_map(|(_, from)| match from {
        Origin::Inbox { item, .. } => Some(*item),
        Origin::Engine | Origin::Caller { .. } => None,
    })
}
