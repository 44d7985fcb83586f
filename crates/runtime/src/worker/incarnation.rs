//! A worker with a lease.

use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Committed, StoreError, Worker as Lessee};

use super::ask::{Action, Answer, Ask, IncarnationId};
use super::config::WorkerConfig;
use super::is_passing;
use super::lease::{Lease, Step};
use super::loads::Loads;
use crate::shard::{self, BatchId, Loaded, Message, Recovered, Shard};

/// A worker with a lease.
#[derive(Debug)]
pub(super) struct Incarnation {
    pub(super) lessee: Lessee,
    pub(super) shard: Shard,
    /// Until when everything must be handed back, once it hands back.
    pub(super) hand_back_until: Option<Timestamp>,
    /// Whether it has asked to end its lease.
    pub(super) is_released: bool,
    lease: Lease,
    loads: Loads,
    /// Questions that the last event or moment brought up.
    asks: Vec<Ask>,
    due: Due,
}

/// When to look for parked executions that are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// Not before it has taken over what the store holds.
    NotYet,
    At(Timestamp),
    Asked,
}

/// What becomes of an incarnation.
#[derive(Debug)]
pub(super) enum Progress {
    GoesOn,
    /// Another one has taken over.
    Fenced,
    /// Another one may take over.
    GivesUp(Lessee),
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
            asks: Vec::new(),
            due: Due::NotYet,
        }
    }

    /// Returns whether it knows what the store holds.
    pub(super) fn is_driving(&self) -> bool {
        self.due != Due::NotYet
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
            if matches!(self.due, Due::At(at) if at <= now) {
                self.due = Due::Asked;
                let until = now.plus(config.due_ahead);
                self.asks.push(Ask::FindDue { until, limit: config.due_limit });
            }
        }
        Progress::GoesOn
    }

    /// Returns when something is due. While it is not certain that the lease holds, nothing but the lease is.
    pub(super) fn next_timer(&self, now: Timestamp) -> Option<Timestamp> {
        let lease = self.lease.next_timer();
        if !self.lease.is_certain(now) {
            return Some(lease);
        }
        let due = match self.due {
            Due::At(at) => Some(at),
            Due::NotYet | Due::Asked => None,
        };
        [Some(lease), due, self.shard.next_timer(), self.loads.next_timer()].into_iter().flatten().min()
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
            for action in self.shard.take_actions() {
                actions.push(match action {
                    shard::Action::Load(execution) => {
                        self.loads.want(execution);
                        continue;
                    }
                    shard::Action::StartStep(work) => Action::StartStep(work),
                    shard::Action::StopStep(key) => Action::StopStep(key),
                    shard::Action::Reply(to, reply) => Action::Reply(to, reply),
                    shard::Action::Publish(change) => Action::Publish(change),
                });
            }
            let begun = std::iter::from_fn(|| self.loads.begin(config.loads_at_once));
            self.asks.extend(begun.map(|execution| Ask::Load(self.lessee, execution)));
            if actions.is_empty()
                && self.asks.is_empty()
                && let Some((batch, commits)) = self.shard.take_batch()
            {
                self.asks.push(Ask::Commit(self.lessee, batch, commits));
            }
        }
        actions.extend(self.asks.drain(..).map(|ask| Action::Ask(id, ask)));
    }

    pub(super) fn answered(&mut self, answer: Answer, config: &WorkerConfig, now: Timestamp) -> Progress {
        match answer {
            Answer::Renewed(result) => self.renewed(result, now),
            Answer::TakenOver(result) => self.taken_over(result, now),
            Answer::Due(result) => self.found_due(result, config, now),
            Answer::Loaded(id, result) => self.loaded(id, result, now),
            Answer::Committed(batch, result) => self.committed(batch, result, now),
            Answer::Registered(_) | Answer::Released(_) => Progress::GoesOn,
        }
    }

    fn renewed(&mut self, result: Result<(), StoreError>, now: Timestamp) -> Progress {
        let step = match result {
            Ok(()) => {
                self.lease.renewed();
                None
            }
            Err(StoreError::Fenced) => return Progress::Fenced,
            Err(error) if is_passing(&error) => {
                tracing::warn!(
                    worker.epoch = self.lessee.epoch,
                    error = %error,
                    source = error_source(&error),
                    "the lease could not be renewed; it will be tried again"
                );
                if matches!(error, StoreError::Full { .. }) {
                    self.lease.has_no_room(now);
                    None
                } else {
                    self.lease.failed(now)
                }
            }
            Err(error) => return Progress::Fatal(error),
        };
        step.map_or(Progress::GoesOn, |_| Progress::GivesUp(self.lessee))
    }

    fn taken_over(&mut self, result: Result<Box<Recovered>, StoreError>, now: Timestamp) -> Progress {
        match result {
            Ok(recovered) => {
                self.due = Due::At(now);
                self.shard.handle(Message::Recovered(recovered), now);
                Progress::GoesOn
            }
            Err(StoreError::Fenced) => Progress::Fenced,
            Err(error) => Progress::Fatal(error),
        }
    }

    fn found_due(
        &mut self,
        result: Result<Vec<(Timestamp, ExecutionId)>, StoreError>,
        config: &WorkerConfig,
        now: Timestamp,
    ) -> Progress {
        self.due = Due::At(now.plus(config.due_every));
        match result {
            Ok(due) => self.shard.handle(Message::Due(due), now),
            Err(error) => {
                tracing::warn!(error = %error, "timers could not be read; they will be looked for again");
            }
        }
        Progress::GoesOn
    }

    fn loaded(
        &mut self,
        id: ExecutionId,
        result: Result<Option<Box<Loaded>>, StoreError>,
        now: Timestamp,
    ) -> Progress {
        let loaded = match result {
            Ok(loaded) => loaded,
            Err(StoreError::Fenced) => return Progress::Fenced,
            Err(StoreError::Corrupt { what, reason }) => {
                tracing::error!(execution.id = %id, what, reason, "execution is not readable; it is left alone");
                None
            }
            Err(error) => {
                tracing::warn!(execution.id = %id, error = %error, "execution could not be loaded");
                self.loads.failed(id, now);
                return Progress::GoesOn;
            }
        };
        self.loads.done(id);
        self.shard.handle(Message::Loaded { execution: id, loaded }, now);
        Progress::GoesOn
    }

    fn committed(
        &mut self,
        batch: BatchId,
        result: Result<Vec<Committed>, StoreError>,
        now: Timestamp,
    ) -> Progress {
        match self.shard.committed(batch, result, now) {
            Ok(()) => Progress::GoesOn,
            Err(StoreError::Fenced) => Progress::Fenced,
            Err(error) => Progress::Fatal(error),
        }
    }
}

fn error_source(error: &StoreError) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}
