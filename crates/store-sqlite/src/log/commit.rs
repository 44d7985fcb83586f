//! The write path: one commit after the other, inside the writer's transaction.

use rusqlite::Connection;
use steadflow_core::ids::ExecutionId;
use steadflow_store::batch::{Batch, Place};
use steadflow_store::{
    Commit, Committed, Ended, ExecutionRow, Idempotency, IdempotencyHit, InboxId, InboxInput, Projection,
    StoreError, Worker, is_long,
};

use crate::error::store_error;
use crate::writer::Writer;

use super::projections::{Hold, Number, Projections};
use super::tips::{StoredTip, Tip, Tips};
use super::{idempotency, inbox, long_records, sessions};

const CALL: &str = "commit";

/// See [`steadflow_store::Log::commit`].
pub(crate) fn commit(
    writer: &mut Writer,
    worker: Worker,
    batch: Vec<Commit>,
) -> Result<Vec<Committed>, StoreError> {
    writer.check_lease(CALL, worker.epoch)?;
    let Writer { db, tips, ended, batch: tail, .. } = writer;
    tail.clear();
    let (projections, skipped) = (Projections::new(db), Vec::new());
    let mut write = Write { db, tips, ended, projections, tail, place: None, skipped };
    let answers = batch.into_iter().map(|commit| write.commit_next(worker, commit));
    let answers = answers.collect::<Result<Vec<_>, _>>()?;
    write.append().map_err(|error| store_error(CALL, error))?;
    Ok(answers)
}

/// A batch being written.
struct Write<'w> {
    db: &'w Connection,
    tips: &'w mut Tips,
    ended: &'w mut Ended,
    projections: Projections<'w>,
    /// What it adds to the tail: one row.
    tail: &'w mut Batch,
    /// The key of that row, once it has a record.
    place: Option<Place>,
    /// The executions whose commits were skipped.
    skipped: Vec<ExecutionId>,
}

impl Write<'_> {
    fn commit_next(&mut self, worker: Worker, commit: Commit) -> Result<Committed, StoreError> {
        let execution = commit.execution;
        let answer = self.commit_one(worker, commit)?;
        if answer != Committed::Done {
            self.skipped.push(execution);
        }
        Ok(answer)
    }

    fn commit_one(&mut self, worker: Worker, commit: Commit) -> Result<Committed, StoreError> {
        // There is one worker, which counts slots by itself.
        let Commit {
            execution,
            seq,
            record,
            idempotency,
            projection,
            takes,
            sends,
            sessions,
            slot: _,
            follows,
        } = commit;
        if follows.is_some_and(|first| self.skipped.contains(&first)) {
            return Ok(Committed::Skipped);
        }
        let gone = inbox::gone(self.db, &takes).map_err(|error| store_error(CALL, error))?;
        if !gone.is_empty() {
            return Ok(Committed::Gone(gone));
        }
        if let Some(hit) = idempotency.map_or(Ok(None), |key| self.use_key(*key, execution))? {
            return Ok(Committed::Hit(hit));
        }
        let tip = self.tip_for(execution, seq, record.is_some())?;
        let tip = Tip { seq: tip.seq.max(seq), owner: worker.epoch, ..tip };
        if let Some(record) = record.as_deref().filter(|record| is_long(record)) {
            long_records::write(self.db, execution, seq, record).map_err(|error| store_error(CALL, error))?;
        }
        self.project(execution, seq, tip, record.as_deref(), projection)
            .map_err(|error| store_error(CALL, error))?;
        self.pass_on(&takes, &sends).map_err(|error| store_error(CALL, error))?;
        if let Some(changes) = sessions {
            sessions::change(self.db, execution, &changes.0).map_err(|error| store_error(CALL, error))?;
        }
        Ok(Committed::Done)
    }

    fn pass_on(&self, takes: &[InboxId], sends: &[InboxInput]) -> rusqlite::Result<()> {
        inbox::delete(self.db, takes)?;
        sends.iter().try_for_each(|input| inbox::send(self.db, input).map(drop))
    }

    /// Returns what the key was used for before, or notes that it is used here.
    fn use_key(
        &self,
        key: Idempotency,
        execution: ExecutionId,
    ) -> Result<Option<IdempotencyHit>, StoreError> {
        idempotency::use_once(self.db, &key, execution).map_err(|error| store_error(CALL, error))
    }

    /// Returns what is known of the execution, if a commit of `seq` follows from it.
    fn tip_for(&self, id: ExecutionId, seq: u64, has_record: bool) -> Result<Tip, StoreError> {
        let tip = match self.tips.tip(id) {
            Some(tip) => tip,
            // The begin of an execution. Ids are made once, so there is nothing to look up.
            None if seq == 1 && has_record => Tip::default(),
            None => self.parked_tip(id)?,
        };
        let follows = if has_record { seq == tip.seq + 1 } else { seq <= tip.seq };
        if follows {
            Ok(tip)
        } else {
            Err(refused(format!("record {seq} of execution {id} does not follow {}", tip.seq)))
        }
    }

    fn parked_tip(&self, id: ExecutionId) -> Result<Tip, StoreError> {
        let stored = StoredTip::read(self.db, id).map_err(|error| store_error(CALL, error))?;
        if stored.is_finished { Err(refused(format!("execution {id} has ended"))) } else { Ok(stored.tip) }
    }

    fn project(
        &mut self,
        id: ExecutionId,
        seq: u64,
        tip: Tip,
        record: Option<&str>,
        projection: Projection,
    ) -> rusqlite::Result<()> {
        match projection {
            Projection::Tail => {
                let tip = self.push(id, tip, record);
                self.tips.set(id, Some(tip));
            }
            Projection::Shown(row) => {
                let tip = self.push(id, tip, record);
                let number = self.row(&row, tip, held_by(tip))?;
                self.tips.set(id, Some(Tip { row: Some(number.get()), ..tip }));
            }
            Projection::Snapshot { row, journal } => {
                let number = self.row(&row, tip, held_by(tip))?;
                self.projections.journal(number, seq, &row, &journal)?;
                // A snapshot that is behind covers only some of what the tail has.
                let first = tip.first.filter(|_| seq < tip.seq);
                self.tips.set(id, Some(Tip { row: Some(number.get()), first, ..tip }));
            }
            Projection::Parked { row, journal, wake_at } => {
                let number = self.row(&row, tip, Hold { owner: None, wake_at })?;
                self.projections.journal(number, seq, &row, &journal)?;
                self.tips.set(id, None);
            }
            Projection::Finished { row, journal, rollup } => {
                let number = self.row(&row, tip, Hold::default())?;
                self.projections.journal(number, seq, &row, &journal)?;
                self.ended.add(&row, rollup);
                self.tips.set(id, None);
            }
        }
        Ok(())
    }

    /// Writes an execution's row, and returns its number.
    fn row(&mut self, row: &ExecutionRow, tip: Tip, hold: Hold) -> rusqlite::Result<Number> {
        let number = tip.row.map_or_else(|| Number::New(self.tips.next_row()), Number::Known);
        self.projections.row(number, row, hold)?;
        Ok(number)
    }

    /// Adds a record to the batch.
    fn push(&mut self, id: ExecutionId, tip: Tip, record: Option<&str>) -> Tip {
        let Some(record) = record else { return tip };
        let next = || Place { worker: tip.owner, sequence: self.tips.append() };
        let place = *self.place.get_or_insert_with(next);
        self.tail.push(id, tip.seq, record);
        Tip { first: tip.first.or(Some(place.sequence)), ..tip }
    }

    /// Appends the batch to the tail.
    fn append(&mut self) -> rusqlite::Result<()> {
        let Some(place) = self.place else { return Ok(()) };
        let (entries, records) = self.tail.seal(place);
        let sql = "INSERT INTO tail (worker, sequence, entries, records) VALUES (?1, ?2, ?3, ?4)";
        self.db.prepare_cached(sql)?.execute((place.worker, place.sequence, entries, records)).map(drop)
    }
}

const fn held_by(tip: Tip) -> Hold {
    Hold { owner: Some(tip.owner), wake_at: None }
}

fn refused(reason: String) -> StoreError {
    StoreError::Refused { call: CALL, source: reason.into() }
}
