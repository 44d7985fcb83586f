//! A worker with a lease.

use std::collections::BTreeSet;

use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{InboxId, StoreError, Worker as Lessee};

use super::ask::{Action, Ask, IncarnationId};
use super::config::WorkerConfig;
use super::lease::{Lease, Step};
use super::loads::Loads;
use super::looks::Looks;
use crate::shard::{self, Message, Shard, Unclaimed};

/// A worker with a lease.
#[derive(Debug)]
pub(super) struct Incarnation {
    pub(super) lessee: Lessee,
    pub(super) shard: Shard,
    /// Until when everything must be handed back, once it hands back.
    pub(super) hand_back_until: Option<Timestamp>,
    /// Whether it has asked to end its lease.
    pub(super) is_released: bool,
    pub(super) lease: Lease,
    pub(super) loads: Loads,
    /// Executions that it has taken over and could not read yet.
    pub(super) unread: BTreeSet<ExecutionId>,
    /// What was set while it took over what the store holds, which it keeps to from then on.
    pub(super) settings: Vec<Message>,
    /// Questions that the last event or moment brought up.
    asks: Vec<Ask>,
    /// What it looks for, once it has taken over what the store holds.
    pub(super) looks: Option<Looks>,
    /// Items of the inbox to be deleted.
    discarded: Vec<InboxId>,
    /// Items of the inbox whose executions may not exist.
    unclaimed: Vec<Unclaimed>,
}

/// What becomes of an incarnation.
#[derive(Debug)]
pub(super) enum Progress {
    GoesOn,
    /// Another one has taken over.
    Fenced,
    /// Another one may take over.
    GivesUp(Lessee),
    /// It could not take over what the store holds.
    NotTakenOver(Lessee, StoreError),
    /// It is not known what is on disk.
    Fatal(StoreError),
}

impl Incarnation {
    pub(super) fn new(lessee: Lessee, config: &WorkerConfig, asked_at: Timestamp) -> Self {
        Self {
            lessee,
            shard: Shard::new(config.shard.clone()),
            hand_back_until: None,
            is_released: false,
            lease: Lease::new(asked_at, config.lease_ttl),
            loads: Loads::default(),
            unread: BTreeSet::new(),
            settings: Vec::new(),
            asks: Vec::new(),
            looks: None,
            discarded: Vec::new(),
            unclaimed: Vec::new(),
        }
    }

    /// Returns whether it knows what the store holds.
    pub(super) fn is_driving(&self) -> bool {
        self.looks.is_some()
    }

    pub(super) fn tick(&mut self, config: &WorkerConfig, now: Timestamp) -> Progress {
        match self.lease.tick(now) {
            Some(Step::Renew) => {
                self.asks.push(Ask::Renew { lessee: self.lessee, ttl: config.lease_ttl });
            }
            Some(Step::GiveUp) => return Progress::GivesUp(self.lessee),
            None => {}
        }
        if self.lease.is_certain(now) {
            self.shard.tick(now);
            self.loads.tick(now);
            if let Some(looks) = &mut self.looks {
                self.asks.extend(looks.begin(self.lessee, !self.loads.is_quiet(), config, now));
            }
        }
        Progress::GoesOn
    }

    /// Takes no new work from here on.
    pub(super) fn drain(&mut self, now: Timestamp) {
        if let Some(looks) = &mut self.looks {
            looks.stop();
        }
        self.shard.handle(Message::Drain, now);
    }

    /// Returns when something is due. While it is not certain that the lease holds, nothing but the lease is.
    pub(super) fn next_timer(&self, now: Timestamp) -> Option<Timestamp> {
        let lease = self.lease.next_timer();
        if !self.lease.is_certain(now) {
            return Some(lease);
        }
        let looks = self.looks.as_ref().and_then(Looks::next_timer);
        let others = [looks, self.shard.next_timer(), self.loads.next_timer()];
        others.into_iter().flatten().chain([lease]).min()
    }

    /// Takes what is to be done; a batch is only taken when nothing else is left. Nothing of the shard's is done while
    /// another worker may have taken over.
    pub(super) fn take_actions(
        &mut self,
        id: IncarnationId,
        config: &WorkerConfig,
        now: Timestamp,
        actions: &mut Vec<Action>,
    ) {
        if self.lease.is_certain(now) {
            actions.extend(
                self.shard.take_actions().into_iter().filter_map(|action| self.asked_for(action, now)),
            );
            self.begin_loads(config);
            self.sort_inbox();
            if actions.is_empty()
                && self.asks.is_empty()
                && let Some((batch, commits)) = self.shard.take_batch(now)
            {
                self.asks.push(Ask::Commit(self.lessee, batch, commits));
            }
        }
        actions.extend(self.asks.drain(..).map(|ask| Action::Ask(id, ask)));
    }

    /// Turns what the shard wants into an action, or notes what is to be asked of the store for it.
    fn asked_for(&mut self, action: shard::Action, now: Timestamp) -> Option<Action> {
        match action {
            shard::Action::StartStep(work) => return Some(Action::StartStep(work)),
            shard::Action::StopStep(key) => return Some(Action::StopStep(key)),
            shard::Action::Reply(to, reply) => return Some(Action::Reply(to, reply)),
            shard::Action::Publish(change) => return Some(Action::Publish(change)),
            shard::Action::Decide(turn) => self.asks.push(Ask::Decide(turn)),
            shard::Action::ClaimSession(claim) => self.asks.push(Ask::ClaimSession(self.lessee, claim)),
            shard::Action::AwaitEvent(wait) => self.asks.push(Ask::AwaitEvent(wait)),
            shard::Action::Load(execution) => self.loads.want(execution),
            shard::Action::LookIntoInbox => {
                if let Some(looks) = &mut self.looks {
                    looks.inbox.hurry(now);
                }
            }
            shard::Action::Gate(ask) => self.asks.push(Ask::Gate(self.lessee, ask)),
            shard::Action::Discard(item) => self.discarded.push(item),
            shard::Action::Unclaimed(item) => self.unclaimed.push(item),
        }
        None
    }

    fn begin_loads(&mut self, config: &WorkerConfig) {
        if self.looks.as_ref().is_some_and(Looks::may_load) {
            let begun = std::iter::from_fn(|| self.loads.begin(config.loads_at_once));
            self.asks.extend(begun.map(|execution| Ask::Load(self.lessee, execution)));
        }
    }

    fn sort_inbox(&mut self) {
        if !self.discarded.is_empty() || !self.unclaimed.is_empty() {
            let (discarded, unclaimed) =
                (std::mem::take(&mut self.discarded), std::mem::take(&mut self.unclaimed));
            self.asks.push(Ask::SortInbox { lessee: self.lessee, discarded, unclaimed });
        }
    }
}
