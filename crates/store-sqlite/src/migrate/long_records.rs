//! Migration 9: the long records of executions that have not ended are copied to their table, because the next journals
//! have only their places. Those that are in the tail and in journals stay there.

use rusqlite::Connection;
use steadflow_core::ids::ExecutionId;
use steadflow_store::{is_long, records_of};

use crate::columns::{blob, execution_id};
use crate::log::tips::StoredTip;
use steadflow_store::batch::{self, Place};

/// Copies them from journals and from the tail. What cannot be read is not copied: its execution goes no further.
pub(super) fn copy(db: &Connection) -> rusqlite::Result<()> {
    copy_from_journals(db)?;
    copy_from_tail(db)
}

fn copy_from_journals(db: &Connection) -> rusqlite::Result<()> {
    let sql = "SELECT executions.id, journals.records FROM journals
               JOIN executions ON executions.number = journals.execution
               WHERE NOT journals.is_final";
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = execution_id(row, 0)?;
        let Ok(journal) = row.get_ref(1)?.as_str() else { continue };
        let Ok(records) = records_of(id, journal, |_| Ok(None)) else { continue };
        (1..).zip(&records).try_for_each(|(seq, record)| add(db, id, seq, record))?;
    }
    Ok(())
}

fn copy_from_tail(db: &Connection) -> rusqlite::Result<()> {
    let mut statement = db.prepare(include_str!("../queries/batches.sql"))?;
    let mut rows = statement.query([0])?;
    while let Some(row) = rows.next()? {
        let place = Place { worker: row.get(0)?, sequence: row.get(1)? };
        let Ok(entries) = batch::entries(place, row.get_ref(2)?.as_blob()?) else { continue };
        for (entry, record) in batch::records(&entries, row.get_ref(3)?.as_blob()?) {
            if let Ok(record) = entry.checked(record)
                && is_long(record)
                && !StoredTip::read(db, entry.execution)?.is_finished
            {
                add(db, entry.execution, entry.seq, record)?;
            }
        }
    }
    Ok(())
}

fn add(db: &Connection, id: ExecutionId, seq: u64, record: &str) -> rusqlite::Result<()> {
    if !is_long(record) {
        return Ok(());
    }
    // What is in a journal may still be in the tail.
    let sql = "INSERT OR IGNORE INTO long_records (execution, seq, record) VALUES (?1, ?2, ?3)";
    db.prepare_cached(sql)?.execute((blob(id.uuid()), seq, record)).map(drop)
}
