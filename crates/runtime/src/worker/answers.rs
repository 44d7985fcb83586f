//! What an incarnation makes of the store's answers.

use steadflow_core::budget::{Draw, Drawn};
use steadflow_core::ids::{AgentId, ExecutionId};
use steadflow_core::protection::Permits;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Committed, InboxId, InboxItem, StoreError};

use super::ask::{Answer, Orphans, Rest};
use super::config::WorkerConfig;
use super::incarnation::{Incarnation, Progress};
use super::is_passing;
use super::looks::Looks;
use crate::shard::{BatchId, Load, Loaded, Message, Recovered};

impl Incarnation {
    pub(super) fn answered(&mut self, answer: Answer, config: &WorkerConfig, now: Timestamp) -> Progress {
        match answer {
            Answer::Renewed(result) => self.renewed(result, now),
            Answer::TakenOver(result) => self.taken_over(result, config, now),
            Answer::Orphans(result) => self.found_orphans(result, config, now),
            Answer::Due(result) => self.found_due(result, config, now),
            Answer::Inbox(result) => self.found_items(result, config, now),
            Answer::InboxSorted(items, result) => self.sorted(items, result, now),
            Answer::Decided(turn) => {
                self.shard.handle(Message::Decided(turn), now);
                Progress::GoesOn
            }
            Answer::SessionClaimed(_, Err(StoreError::Fenced)) => Progress::Fenced,
            Answer::SessionClaimed(claim, result) => {
                self.shard.handle(Message::SessionClaimed(claim, result), now);
                Progress::GoesOn
            }
            Answer::EventAwaited(wait, result) => {
                self.shard.handle(Message::EventAwaited(wait, result), now);
                Progress::GoesOn
            }
            Answer::Loaded(id, result) => self.loaded(id, result, now),
            Answer::Drawn(draw, result) => self.drawn(draw, result, now),
            Answer::Settled(Err(error)) => {
                tracing::warn!(error = %error, "what was not used of the budget of an agent could not be put back; it counts as used");
                Progress::GoesOn
            }
            Answer::Permitted(_, Err(StoreError::Fenced)) => Progress::Fenced,
            Answer::Permitted(agent, result) => self.permitted(agent, result, now),
            Answer::Committed(batch, result) => self.committed(batch, result, now),
            Answer::Settled(Ok(())) | Answer::Registered(_) | Answer::Released(..) => Progress::GoesOn,
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
                self.looks = Some(Looks::new(rest, config, now));
                self.read_later(&recovered.unread, now);
                self.shard.handle(Message::Recovered(recovered), now);
                for setting in std::mem::take(&mut self.settings) {
                    self.shard.handle(setting, now);
                }
                Progress::GoesOn
            }
            Err(StoreError::Fenced) => Progress::Fenced,
            Err(error) => Progress::NotTakenOver(self.lessee, error),
        }
    }

    fn found_orphans(
        &mut self,
        result: Result<Orphans, StoreError>,
        config: &WorkerConfig,
        now: Timestamp,
    ) -> Progress {
        let Some(looks) = &mut self.looks else { return Progress::GoesOn };
        match result {
            Ok(Orphans { executions: orphans, unread, rest }) => {
                looks.found_orphans(rest, config, now);
                self.read_later(&unread, now);
                if !orphans.is_empty() {
                    tracing::info!(orphans = orphans.len(), "executions of a lost worker are taken over");
                    orphans.iter().for_each(|orphan| self.loads.forget(orphan.execution.id()));
                    self.shard.handle(Message::Orphans(orphans), now);
                }
                Progress::GoesOn
            }
            Err(StoreError::Fenced) => Progress::Fenced,
            Err(
                error @ (StoreError::Database { .. }
                | StoreError::Full { .. }
                | StoreError::Busy { .. }
                | StoreError::Blobs { .. }),
            ) => {
                looks.found_orphans(Rest::None, config, now);
                tracing::warn!(error = %error, source = error_source(&error), "orphaned executions could not be looked for; it will be tried again");
                Progress::GoesOn
            }
            // Some may be its own by now, and it does not know which: the next incarnation finds them.
            Err(StoreError::Unknown { source, .. }) => {
                tracing::error!(error = %source, "orphaned executions could not be read");
                Progress::GivesUp(self.lessee)
            }
            Err(
                error @ (StoreError::Refused { .. }
                | StoreError::WebhookTaken
                | StoreError::Corrupt { .. }
                | StoreError::Closed),
            ) => Progress::Fatal(error),
        }
    }

    /// Looks again later for executions that are its own and cannot be read yet.
    fn read_later(&mut self, unread: &[ExecutionId], now: Timestamp) {
        for &id in unread {
            self.unread.insert(id);
            self.loads.failed(id, now);
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

    fn found_items(
        &mut self,
        result: Result<Vec<InboxItem>, StoreError>,
        config: &WorkerConfig,
        now: Timestamp,
    ) -> Progress {
        let Some(looks) = &mut self.looks else { return Progress::GoesOn };
        match result {
            Ok(page) => {
                looks.inbox.found(&page, self.shard.in_hand_count(), config, now);
                self.shard.handle(Message::Inbox(page), now);
            }
            Err(StoreError::Fenced) => return Progress::Fenced,
            Err(error) => {
                looks.inbox.failed(config, now);
                tracing::warn!(error = %error, "the inbox could not be read; it will be tried again");
            }
        }
        Progress::GoesOn
    }

    /// What could not be deleted is found, and looked at, again.
    fn sorted(&mut self, items: Vec<InboxId>, result: Result<(), StoreError>, now: Timestamp) -> Progress {
        match result {
            Ok(()) => {}
            Err(StoreError::Fenced) => return Progress::Fenced,
            Err(error) => {
                tracing::warn!(error = %error, "inputs could not be deleted; it will be tried again");
            }
        }
        self.shard.handle(Message::Sorted(items), now);
        Progress::GoesOn
    }

    fn loaded(
        &mut self,
        id: ExecutionId,
        result: Result<Option<Box<Loaded>>, StoreError>,
        now: Timestamp,
    ) -> Progress {
        let loaded = match result {
            Ok(Some(loaded)) => Load::Taken(loaded),
            Ok(None) => Load::NotHere,
            Err(StoreError::Fenced) => return Progress::Fenced,
            Err(StoreError::Corrupt { what, reason }) => {
                tracing::error!(execution.id = %id, what, reason, "execution is not readable; it is left alone");
                Load::Unreadable
            }
            // It says so in the log by itself, once.
            Err(StoreError::Blobs { .. }) => {
                self.loads.failed(id, now);
                return Progress::GoesOn;
            }
            Err(error) => {
                tracing::warn!(execution.id = %id, error = %error, "execution could not be loaded");
                self.loads.failed(id, now);
                return Progress::GoesOn;
            }
        };
        self.loads.done(id);
        if self.unread.remove(&id)
            && let Load::Taken(orphan) = loaded
        {
            self.shard.handle(Message::Orphans(vec![*orphan]), now);
            return Progress::GoesOn;
        }
        self.shard.handle(Message::Loaded { execution: id, loaded }, now);
        Progress::GoesOn
    }

    fn drawn(&mut self, draw: Box<Draw>, result: Result<Drawn, StoreError>, now: Timestamp) -> Progress {
        let drawn = result
            .inspect_err(|error| {
                tracing::warn!(agent.id = %draw.agent, error = %error, "nothing could be drawn from the budget of an agent; it will be tried again");
            })
            .ok();
        self.shard.handle(Message::Drawn(draw, drawn), now);
        Progress::GoesOn
    }

    fn permitted(&mut self, agent: AgentId, result: Result<Permits, StoreError>, now: Timestamp) -> Progress {
        let permits = result
            .inspect_err(|error| {
                tracing::warn!(agent.id = %agent, error = %error, source = error_source(error), "calls of an agent could not be permitted; it will be tried again");
            })
            .ok();
        self.shard.handle(Message::Permitted(agent, permits), now);
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
