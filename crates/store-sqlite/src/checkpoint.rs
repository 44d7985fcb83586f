//! When the write-ahead log goes into the database file. Only the writer does it, between two batches.

use std::time::Duration;

use rusqlite::Connection;

use crate::SqliteOptions;

/// Frames that an idle writer checkpoints.
const FRAMES_IDLE: i64 = 1_000;
/// Frames that a busy writer checkpoints.
const FRAMES_BUSY: i64 = 4_000;
/// Frames above which the log is to be cut back: readers kept it from starting over.
const FRAMES_MAX: i64 = 32_000;

#[derive(Debug)]
pub(crate) struct Checkpoints {
    busy_timeout: Duration,
}

/// How long the log is, in frames of one page.
#[derive(Clone, Copy, Debug)]
struct Log {
    frames: i64,
    checkpointed: i64,
}

impl Checkpoints {
    pub(crate) const fn new(options: &SqliteOptions) -> Self {
        Self { busy_timeout: options.busy_timeout }
    }

    /// Checkpoints if the log has grown. Readers are not waited for.
    pub(crate) fn run_if_due(&self, db: &Connection, is_idle: bool) -> rusqlite::Result<()> {
        let log = measure(db, "PRAGMA wal_checkpoint(NOOP)")?;
        let limit = if is_idle { FRAMES_IDLE } else { FRAMES_BUSY };
        if log.frames - log.checkpointed < limit {
            return Ok(());
        }
        let log = measure(db, "PRAGMA wal_checkpoint(PASSIVE)")?;
        if log.frames > FRAMES_MAX {
            db.busy_timeout(Duration::ZERO)?;
            let cut = self.truncate(db);
            db.busy_timeout(self.busy_timeout)?;
            cut?;
        }
        Ok(())
    }

    /// Checkpoints everything and empties the log's file, unless a reader is in the way.
    pub(crate) fn truncate(&self, db: &Connection) -> rusqlite::Result<()> {
        let log = measure(db, "PRAGMA wal_checkpoint(TRUNCATE)")?;
        if log.frames > 0 {
            tracing::warn!(frames = log.frames, "a reader keeps the write-ahead log from being cut back");
        }
        Ok(())
    }
}

fn measure(db: &Connection, pragma: &'static str) -> rusqlite::Result<Log> {
    db.prepare_cached(pragma)?.query_row([], |row| Ok(Log { frames: row.get(1)?, checkpointed: row.get(2)? }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::open_writer;

    #[test]
    fn a_log_that_grew_very_long_is_cut_back() {
        let folder = tempfile::tempdir().unwrap();
        let (path, log) = (folder.path().join("steadflow.db"), folder.path().join("steadflow.db-wal"));
        let options = SqliteOptions::default();
        let db = open_writer(&path, &options).unwrap();
        db.execute_batch("PRAGMA synchronous = OFF; CREATE TABLE t (x)").unwrap();
        let checkpoints = Checkpoints::new(&options);
        let left = |megabytes: u32| {
            let sql = "INSERT INTO t VALUES (zeroblob(?1 * 1000000))";
            db.execute(sql, [megabytes]).unwrap();
            checkpoints.run_if_due(&db, false).unwrap();
            std::fs::metadata(&log).unwrap().len()
        };

        assert!(left(100) > 100_000_000, "it is written from the beginning again");
        assert_eq!(left(140), 0);
    }
}
