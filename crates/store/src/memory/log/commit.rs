//! The write path: a batch is checked whole, then applied.

use std::sync::Arc;

use steadflow_core::ids::ExecutionId;

use super::super::{Database, Holder, Journal, MemoryStore};
use crate::{
    Commit, Committed, ExecutionRow, Idempotency, IdempotencyHit, InboxId, Projection, Rollup, StoreError,
    Worker, is_long,
};

impl MemoryStore {
    /// See [`crate::Log::commit`].
    ///
    /// # Errors
    /// [`StoreError::Fenced`], [`StoreError::Closed`], or [`StoreError::Refused`] where a batch breaks the contract: it
    /// changes an execution that has ended, or repeats the number of a record. Nothing was written then.
    pub fn commit_now(&self, worker: Worker, batch: Vec<Commit>) -> Result<Vec<Committed>, StoreError> {
        let mut database = self.open()?;
        database.check_lease(worker)?;
        if database.is_full {
            return Err(StoreError::Full { source: "it takes nothing".into() });
        }
        for commit in &batch {
            database.check(commit)?;
        }
        database.batches += u64::from(batch.iter().any(|commit| commit.record.is_some()));
        let mut skipped = Vec::new();
        let mut apply = |commit: Commit| {
            let execution = commit.execution;
            let answer = match commit.follows {
                Some(first) if skipped.contains(&first) => Committed::Skipped,
                Some(_) | None => database.apply(worker, commit),
            };
            if answer != Committed::Done {
                skipped.push(execution);
            }
            answer
        };
        Ok(batch.into_iter().map(&mut apply).collect())
    }
}

impl Database {
    fn check(&self, commit: &Commit) -> Result<(), StoreError> {
        let id = commit.execution;
        if self.holders.get(&id) == Some(&Holder::Finished) {
            return Err(refused(format!("execution {id} has ended")));
        }
        let is_known = self.tail.contains_key(&(id, commit.seq))
            || self.journals.get(&id).is_some_and(|journal| journal.seq >= commit.seq);
        let may_be_skipped = commit.idempotency.is_some()
            || !commit.takes.is_empty()
            || commit.follows.is_some()
            || commit.slot.is_some();
        if commit.record.is_some() && is_known && !may_be_skipped {
            return Err(refused(format!("execution {id} has a record {} already", commit.seq)));
        }
        Ok(())
    }

    fn apply(&mut self, worker: Worker, commit: Commit) -> Committed {
        let Commit {
            execution,
            seq,
            record,
            idempotency,
            projection,
            takes,
            sends,
            sessions,
            slot,
            follows: _,
        } = commit;
        let gone: Vec<InboxId> =
            takes.iter().filter(|item| !self.inbox.contains_key(item)).copied().collect();
        if !gone.is_empty() {
            return Committed::Gone(gone);
        }
        if let Some(hit) = idempotency.and_then(|key| self.use_key(*key, execution)) {
            return Committed::Hit(hit);
        }
        if let Some(claim) = slot {
            let taken = self.slots_of(&claim);
            if !claim.is_free(taken) {
                return Committed::NoSlot(taken);
            }
        }
        self.inbox.retain(|item, _| !takes.contains(item));
        for input in sends {
            self.send(input);
        }
        if let Some(changes) = sessions {
            self.change_sessions(execution, &changes.0);
        }
        if let Some(record) = record {
            let place = (execution, seq);
            let short = if is_long(&record) {
                self.long.insert(place, record);
                None
            } else {
                Some(record)
            };
            self.tail.insert(place, short);
        }
        match projection {
            Projection::Tail => self.hold(execution, Holder::Worker(worker.epoch)),
            Projection::Shown(row) => {
                self.show(*row);
                self.hold(execution, Holder::Worker(worker.epoch));
            }
            Projection::Snapshot { row, journal } => {
                self.snapshot(seq, *row, journal);
                self.hold(execution, Holder::Worker(worker.epoch));
            }
            Projection::Parked { row, journal, wake_at } => {
                self.snapshot(seq, *row, journal);
                self.hold(execution, Holder::Parked(wake_at));
            }
            Projection::Finished { row, journal, rollup } => {
                let ended_at = row.completed_at.unwrap_or(row.created_at);
                self.snapshot(seq, *row, journal);
                self.hold(execution, Holder::Finished);
                self.alerts.count(ended_at, &rollup);
                self.count(*rollup);
            }
        }
        Committed::Done
    }

    /// Returns what the key was used for before, or notes that it is used here.
    fn use_key(&mut self, key: Idempotency, execution: ExecutionId) -> Option<IdempotencyHit> {
        let scoped = (key.tenant, key.key);
        if let Some(hit) = self.idempotency.get(&scoped) {
            return Some(hit.clone());
        }
        self.idempotency.insert(scoped, IdempotencyHit { execution, request_hash: key.request_hash });
        None
    }

    fn hold(&mut self, execution: ExecutionId, holder: Holder) {
        self.holders.insert(execution, holder);
    }

    fn show(&mut self, row: ExecutionRow) {
        self.rows.insert(row.id, row);
    }

    /// Stores the journal whole and trims the tail below it.
    fn snapshot(&mut self, seq: u64, row: ExecutionRow, journal: String) {
        let id = row.id;
        self.journals.insert(id, Journal { seq, records: Arc::from(journal) });
        self.tail.retain(|&(execution, number), _| execution != id || number > seq);
        self.show(row);
    }

    fn count(&mut self, rollup: Rollup) {
        let Rollup { tenant, flow, hour, counts, agents, costs } = rollup;
        for used in agents {
            let sum = self.agent_uses.entry((tenant, used.agent));
            sum.and_modify(|sum| sum.add(&used)).or_insert(used);
        }
        for (key, calls) in costs {
            self.costs.entry((tenant, hour, flow, key)).or_default().add(&calls);
        }
        for (key, count) in counts {
            let sum = self.rollups.entry((tenant, flow, hour, key)).or_default();
            *sum = sum.saturating_add(count);
        }
    }
}

fn refused(reason: String) -> StoreError {
    StoreError::Refused { call: "commit", source: reason.into() }
}
