//! The one thread that writes.
//!
//! It owns the only connection that may write. A batch is whatever arrived while the last one was being written; all of
//! it shares one transaction, thus one fsync. Callers are answered after COMMIT returned, never before. A job that fails
//! is rolled back alone; a transaction that fails takes all its jobs with it, and memory goes back to what is on disk.

use std::iter::Peekable;
use std::vec::Drain;

use rusqlite::{Connection, ErrorCode};
use steadflow_store::{Ended, StoreError};
use tokio::sync::mpsc;

use crate::checkpoint::Checkpoints;
use crate::error::{Failure, store_error};
use crate::history::rollups;
use crate::job::{Done, Job};
use crate::lock::LockFile;
use crate::log::tips::{Mark, Tips};
use steadflow_store::batch::Batch;

/// Jobs in one transaction at most.
const BATCH_JOBS_MAX: usize = 512;
/// A transaction takes no further job once it has so much to write.
const BATCH_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Batches of the tail that one transaction deletes at most; fewer are left to a later one.
const TRIM_STEP: i64 = 64;

/// A transaction that is lost: what the job that lost it had done, if it ran, and why.
type Lost = (Option<Box<dyn Done>>, Failure);

/// What takes back a job that failed.
#[derive(Clone, Copy, Debug)]
enum Undo {
    /// Its savepoint.
    Savepoint,
    /// The transaction, which it has for itself.
    Transaction,
}

/// The state of the writer thread.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) db: Connection,
    pub(crate) tips: Tips,
    /// What ended in the transaction.
    pub(crate) ended: Ended,
    /// The batch being written.
    pub(crate) batch: Batch,
    checkpoints: Checkpoints,
    /// Why nothing is written any more.
    stopped: Option<Failure>,
    _lock: LockFile,
}

impl Writer {
    pub(crate) fn new(db: Connection, tips: Tips, checkpoints: Checkpoints, lock: LockFile) -> Self {
        Self {
            db,
            tips,
            ended: Ended::default(),
            batch: Batch::default(),
            checkpoints,
            stopped: None,
            _lock: lock,
        }
    }

    /// Writes what arrives until all senders are dropped, then closes the database.
    pub(crate) fn run(mut self, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
        let mut arrived = Vec::with_capacity(BATCH_JOBS_MAX);
        while jobs.blocking_recv_many(&mut arrived, BATCH_JOBS_MAX) > 0 {
            let mut waiting = arrived.drain(..).peekable();
            while waiting.peek().is_some() {
                self.write_batch(&mut waiting);
            }
            drop(waiting);
            self.checkpoint(jobs.is_empty());
        }
        self.close();
    }

    /// Runs waiting jobs in one transaction, as many as fit, and answers them.
    fn write_batch(&mut self, waiting: &mut Peekable<Drain<'_, Box<dyn Job>>>) {
        let begun = self.begin();
        if let Err(failure) = begun {
            waiting.by_ref().for_each(|job| job.refuse(&failure));
            return;
        }
        let mark = self.tips.mark();
        let (done, ran) = self.run_jobs(waiting);
        let outcome = ran.and_then(|()| self.finish_batch()).inspect_err(|_| self.take_back(mark));
        self.tips.settle();
        self.ended.clear();
        // A transaction that could not even be rolled back is worse than one that failed.
        let outcome = self.stopped.clone().map_or(outcome, Err);
        for job in done {
            job.answer(outcome.as_ref().copied());
        }
    }

    fn begin(&mut self) -> Result<(), Failure> {
        if let Some(failure) = &self.stopped {
            return Err(failure.clone());
        }
        self.execute("BEGIN IMMEDIATE").map_err(|error| Failure::not_written(&store_error("begin", error)))
    }

    fn run_jobs(
        &mut self,
        waiting: &mut Peekable<Drain<'_, Box<dyn Job>>>,
    ) -> (Vec<Box<dyn Done>>, Result<(), Failure>) {
        let mut done = Vec::with_capacity(waiting.len());
        let mut bytes = 0;
        while let Some(job) = waiting.next_if(|_| bytes < BATCH_BYTES_MAX) {
            bytes += job.bytes();
            // The transaction of a job that does not share it can be rolled back as a whole.
            let undo =
                if done.is_empty() && waiting.peek().is_none() { Undo::Transaction } else { Undo::Savepoint };
            match self.run_alone(job, undo) {
                Ok(ran) => done.push(ran),
                Err((ran, failure)) => {
                    done.extend(ran);
                    return (done, Err(failure));
                }
            }
        }
        (done, Ok(()))
    }

    /// Runs one job so that it can fail alone. Fails if the whole transaction is lost.
    fn run_alone(&mut self, job: Box<dyn Job>, undo: Undo) -> Result<Box<dyn Done>, Lost> {
        let lost = |error| Failure::not_written(&store_error("savepoint", error));
        if let Err(error) = self.begin_job(undo) {
            let failure = lost(error);
            job.refuse(&failure);
            return Err((None, failure));
        }
        let (mark, ended) = (self.tips.mark(), self.ended.len());
        let ran = job.run(self);
        let released = if ran.has_failed() {
            self.tips.undo_to(mark);
            self.ended.truncate(ended);
            self.undo_job(undo)
        } else {
            self.end_job(undo)
        };
        match released {
            Ok(()) => Ok(ran),
            Err(error) => Err((Some(ran), lost(error))),
        }
    }

    fn begin_job(&self, undo: Undo) -> rusqlite::Result<()> {
        match undo {
            Undo::Savepoint => self.execute("SAVEPOINT job"),
            Undo::Transaction => Ok(()),
        }
    }

    fn end_job(&self, undo: Undo) -> rusqlite::Result<()> {
        match undo {
            Undo::Savepoint => self.execute("RELEASE job"),
            Undo::Transaction => Ok(()),
        }
    }

    fn undo_job(&self, undo: Undo) -> rusqlite::Result<()> {
        match undo {
            // A full disk ends the transaction by itself, and this then fails.
            Undo::Savepoint => self.execute("ROLLBACK TO job").and_then(|()| self.execute("RELEASE job")),
            Undo::Transaction if self.db.is_autocommit() => self.execute("BEGIN IMMEDIATE"),
            Undo::Transaction => self.execute("ROLLBACK").and_then(|()| self.execute("BEGIN IMMEDIATE")),
        }
    }

    /// Adds what is written once a batch, and commits.
    fn finish_batch(&mut self) -> Result<(), Failure> {
        let not_written = |error| Failure::not_written(&store_error("commit", error));
        rollups::write(&self.ended, &self.db).map_err(not_written)?;
        if self.tips.surplus() >= TRIM_STEP {
            self.trim().map_err(not_written)?;
        }
        match self.execute("COMMIT") {
            Ok(()) => Ok(()),
            Err(error) if is_certain(&error) => Err(not_written(error)),
            Err(error) => {
                self.stop("COMMIT", &error);
                Err(not_written(error))
            }
        }
    }

    fn take_back(&mut self, mark: Mark) {
        self.tips.undo_to(mark);
        if self.db.is_autocommit() {
            return;
        }
        if let Err(error) = self.execute("ROLLBACK") {
            self.stop("ROLLBACK", &error);
        }
    }

    /// Deletes one step of the tail's old end.
    fn trim(&mut self) -> rusqlite::Result<()> {
        let end = self.tips.trim(TRIM_STEP);
        self.db.prepare_cached("DELETE FROM tail WHERE sequence < ?1")?.execute([end])?;
        Ok(())
    }

    /// Refuses everything from now on: what is on disk is unknown until the database is opened again.
    fn stop(&mut self, what: &'static str, error: &rusqlite::Error) {
        let code = error.sqlite_error().map_or(0, |error| error.extended_code);
        tracing::error!(what, code, error = %error, "the database failed; nothing is written until it is opened again");
        self.stopped = Some(Failure::unknown(&format!("{what}: {error} (code {code})")));
    }

    fn checkpoint(&mut self, is_idle: bool) {
        if self.stopped.is_some() {
            return;
        }
        if let Err(error) = self.checkpoints.run_if_due(&self.db, is_idle) {
            self.note_checkpoint(&error);
        }
    }

    fn note_checkpoint(&mut self, error: &rusqlite::Error) {
        if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) {
            // After a failed fsync another one proves nothing. The log still has everything: it must not be reset.
            self.stop("checkpoint", error);
        } else {
            tracing::warn!(error = %error, "a checkpoint failed and will be tried again");
        }
    }

    fn close(mut self) {
        if self.stopped.is_none() {
            self.trim_all();
        }
        if self.stopped.is_none()
            && let Err(error) = self.checkpoints.truncate(&self.db)
        {
            self.note_checkpoint(&error);
        }
        if self.stopped.is_some() {
            let kept =
                self.db.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
            kept.map_or_else(|error| tracing::warn!(error = %error, "closing may checkpoint"), drop);
        }
        if let Err((_, error)) = self.db.close() {
            tracing::warn!(error = %error, "the database did not close");
        }
    }

    fn trim_all(&mut self) {
        while self.tips.surplus() > 0 && self.stopped.is_none() {
            let mark = self.tips.mark();
            let trimmed = self.begin().and_then(|()| {
                self.trim().map_err(|error| Failure::not_written(&store_error("trim", error)))?;
                self.finish_batch()
            });
            if trimmed.is_err() {
                self.take_back(mark);
                return;
            }
        }
    }

    fn execute(&self, sql: &'static str) -> rusqlite::Result<()> {
        self.db.prepare_cached(sql)?.execute([]).map(drop)
    }

    /// Returns an error unless the worker of `epoch` may still write.
    pub(crate) fn check_lease(&self, call: &'static str, epoch: u64) -> Result<(), StoreError> {
        let is_alive = self
            .db
            .prepare_cached("SELECT 1 FROM workers WHERE epoch = ?1")
            .and_then(|mut statement| statement.exists([epoch]))
            .map_err(|error| store_error(call, error))?;
        if is_alive { Ok(()) } else { Err(StoreError::Fenced) }
    }
}

/// Whether a COMMIT that failed so has certainly written nothing. A full disk refuses the log's frames before the last
/// one, which is what makes them count.
fn is_certain(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy))
}
