//! A worker with a lease.

use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Committed, StoreError, Worker as Lessee};

use super::ask::{Action, Answer, Ask, IncarnationId, Rest};
use super::config::WorkerConfig;
use super::is_passing;
use super::lease::{Lease, Step};
use super::loads::Loads;
use super::looks::{DueLook, Look};
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
    /// What it looks for, once it has taken over what the store holds.
    looks: Option<Looks>,
}

/// What it looks for.
#[derive(Debug)]
struct Looks {
    due: DueLook,
    orphans: Look,
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
            asks: Vec::new(),
            looks: None,
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
            self.look(config, now);
        }
        Progress::GoesOn
    }

    fn look(&mut self, config: &WorkerConfig, now: Timestamp) {
        let Some(Looks { due, orphans }) = &mut self.looks else { return };
        if due.look.is_due(now) {
            let (after, until) = (due.begin(config.due_every, now), now.plus(config.due_ahead));
            self.asks.push(Ask::FindDue { after, until, limit: config.due_limit });
        }
        // No execution is being loaded meanwhile, so that each comes by one way only.
        if orphans.is_due(now) {
            *orphans = Look::Wanted;
            if self.loads.is_quiet() {
                *orphans = Look::Asked;
                self.asks.push(Ask::FindOrphans { lessee: self.lessee, limit: config.orphans_limit });
            }
        }
    }

    /// Returns whether executions may be loaded: no look for orphans is under way or waits for its turn.
    fn may_load(&self) -> bool {
        self.looks.as_ref().is_some_and(|looks| matches!(looks.orphans, Look::At(_)))
    }

    /// Returns when something is due. While it is not certain that the lease holds, nothing but the lease is.
    pub(super) fn next_timer(&self, now: Timestamp) -> Option<Timestamp> {
        let lease = self.lease.next_timer();
        if !self.lease.is_certain(now) {
            return Some(lease);
        }
        let looks = self.looks.as_ref();
        let due = looks.and_then(|looks| looks.due.look.next_timer());
        let orphans = looks.and_then(|looks| looks.orphans.next_timer());
        let others = [due, orphans, self.shard.next_timer(), self.loads.next_timer()];
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
            for action in self.shard.take_actions() {
                actions.push(match action {
                    shard::Action::Load(execution) => {
                        self.loads.want(execution);
                        continue;
                    }
                    shard::Action::StartStep(work) => Action::StartStep(work),
                    // The next look into the inbox finds what was sent.
                    shard::Action::LookIntoInbox => continue,
                    shard::Action::StopStep(key) => Action::StopStep(key),
                    shard::Action::Reply(to, reply) => Action::Reply(to, reply),
                    shard::Action::Publish(change) => Action::Publish(change),
                });
            }
            if self.may_load() {
                let begun = std::iter::from_fn(|| self.loads.begin(config.loads_at_once));
                self.asks.extend(begun.map(|execution| Ask::Load(self.lessee, execution)));
            }
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
            Answer::TakenOver(result) => self.taken_over(result, config, now),
            Answer::Orphans(result) => self.found_orphans(result, config, now),
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

    fn taken_over(
        &mut self,
        result: Result<(Box<Recovered>, Rest), StoreError>,
        config: &WorkerConfig,
        now: Timestamp,
    ) -> Progress {
        match result {
            Ok((recovered, rest)) => {
                let orphans = next_look(rest, config, now);
                self.looks = Some(Looks { due: DueLook::new(now), orphans });
                self.shard.handle(Message::Recovered(recovered), now);
                Progress::GoesOn
            }
            Err(StoreError::Fenced) => Progress::Fenced,
            Err(error) => Progress::NotTakenOver(self.lessee, error),
        }
    }

    fn found_orphans(
        &mut self,
        result: Result<(Vec<Loaded>, Rest), StoreError>,
        config: &WorkerConfig,
        now: Timestamp,
    ) -> Progress {
        let Some(looks) = &mut self.looks else { return Progress::GoesOn };
        looks.orphans = Look::At(now.plus(config.orphans_every));
        match result {
            Ok((orphans, rest)) => {
                looks.orphans = next_look(rest, config, now);
                if !orphans.is_empty() {
                    tracing::info!(orphans = orphans.len(), "executions of a lost worker are taken over");
                    orphans.iter().for_each(|orphan| self.loads.forget(orphan.execution.id()));
                    self.shard.handle(Message::Orphans(orphans), now);
                }
                Progress::GoesOn
            }
            Err(StoreError::Fenced) => Progress::Fenced,
            Err(StoreError::Database { source, .. } | StoreError::Full { source }) => {
                tracing::warn!(error = %source, "orphaned executions could not be looked for; it will be tried again");
                Progress::GoesOn
            }
            // Some may be its own by now, and it does not know which: the next incarnation finds them.
            Err(StoreError::Unknown { source, .. }) => {
                tracing::error!(error = %source, "orphaned executions could not be read");
                Progress::GivesUp(self.lessee)
            }
            Err(error @ (StoreError::Corrupt { .. } | StoreError::Closed)) => Progress::Fatal(error),
        }
    }

    fn found_due(
        &mut self,
        result: Result<Vec<(Timestamp, ExecutionId)>, StoreError>,
        config: &WorkerConfig,
        now: Timestamp,
    ) -> Progress {
        let Some(looks) = &mut self.looks else { return Progress::GoesOn };
        match result {
            Ok(page) => {
                looks.due.found(&page, config.due_limit, now);
                self.shard.handle(Message::Due(page), now);
            }
            Err(error) => {
                looks.due.failed();
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

/// Returns when to look for orphans again: at once if there may be more.
fn next_look(rest: Rest, config: &WorkerConfig, now: Timestamp) -> Look {
    match rest {
        Rest::None => Look::At(now.plus(config.orphans_every)),
        Rest::Some => Look::At(now),
    }
}

fn error_source(error: &StoreError) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}
