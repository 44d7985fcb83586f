//! The table of long records: see [`steadflow_store::LONG_RECORD`].

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, ToSql};
use steadflow_core::ids::ExecutionId;
use steadflow_store::REFERENCE_BYTES_MAX;

use crate::columns::{blob, readable, text};

/// Bytes of long records that a step of deleting takes, the last one not counted.
const STEP_BYTES: u64 = 1024 * 1024;

/// Stores a long record. That it is there already is an error.
pub(crate) fn write(db: &Connection, id: ExecutionId, seq: u64, record: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO long_records (execution, seq, record) VALUES (?1, ?2, ?3)";
    db.prepare_cached(sql)?.execute((blob(id.uuid()), seq, record)).map(drop)
}

/// Returns a long record, if it is stored and readable.
pub(crate) fn read(db: &Connection, id: ExecutionId, seq: u64) -> rusqlite::Result<Option<Arc<str>>> {
    let sql = "SELECT record FROM long_records WHERE execution = ?1 AND seq = ?2";
    let read = db.prepare_cached(sql)?.query_row((blob(id.uuid()), seq), |row| text(row, 0)).optional();
    Ok(readable(read).transpose()?.flatten())
}

/// Notes for [`sweep`] that an execution is deleted, if it has long records; and that its blobs are to be, if it has some.
pub(crate) fn leave(db: &Connection, id: [u8; 16]) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO deleted_executions (execution)
               SELECT ?1 WHERE EXISTS (SELECT 1 FROM long_records WHERE execution = ?1)";
    if db.prepare_cached(sql)?.execute([id])? == 0 {
        return Ok(());
    }
    let sql = "INSERT OR IGNORE INTO deleted_blobs (execution) SELECT ?1 WHERE EXISTS (
                   SELECT 1 FROM long_records WHERE execution = ?1 AND octet_length(record) < ?2
               )";
    db.prepare_cached(sql)?.execute((id, REFERENCE_BYTES_MAX)).map(drop)
}

/// Deletes some of the long records of executions that were deleted: all at once would keep others waiting. Returns whether
/// there were any.
pub(crate) fn sweep(db: &Connection) -> rusqlite::Result<bool> {
    let mut bytes = 0;
    while bytes < STEP_BYTES {
        let mut next = db.prepare_cached(include_str!("../queries/left_record.sql"))?;
        let next = next.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let Some((id, number, length)): Option<([u8; 16], Option<i64>, Option<u64>)> = next else {
            return Ok(bytes > 0);
        };
        let (sql, key): (_, &dyn ToSql) = match &number {
            Some(number) => ("DELETE FROM long_records WHERE number = ?1", number),
            None => ("DELETE FROM deleted_executions WHERE execution = ?1", &id),
        };
        db.prepare_cached(sql)?.execute([key])?;
        bytes += length.unwrap_or(0);
    }
    Ok(true)
}
