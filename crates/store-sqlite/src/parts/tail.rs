//! The part of the tail that no journal covers.

use rusqlite::Connection;
use steadflow_store::StoreError;
use steadflow_store::batch::{self, Batch, ENTRY, Entry, Place};
use steadflow_store::parts::{Part, PartRow, PartValue, Uncovered};

use super::Sent;
use crate::error::store_error;
use crate::log::journal::damaged;
use crate::log::tips::StoredTip;

const CALL: &str = "records";
/// What was written by a worker of another database.
const NO_WORKER: u64 = 0;

/// Reads the records that a recovery would find.
pub(super) fn read(
    db: &Connection,
    mut send: impl FnMut(PartRow) -> Result<Sent, StoreError>,
) -> Result<(), StoreError> {
    let failed = |error| store_error(CALL, error);
    let mut uncovered = Uncovered::default();
    let mut statement = db.prepare(include_str!("../queries/batches.sql")).map_err(failed)?;
    let mut rows = statement.query([0]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let place = Place { worker: row.get(0).map_err(failed)?, sequence: row.get(1).map_err(failed)? };
        let stored = |column: usize| -> rusqlite::Result<&[u8]> { Ok(row.get_ref(column)?.as_blob()?) };
        let entries = batch::entries(place, stored(2).map_err(failed)?).map_err(|damage| damaged(&damage))?;
        for (entry, record) in batch::records(&entries, stored(3).map_err(failed)?) {
            if !uncovered.knows(entry.execution) {
                let known = StoredTip::read(db, entry.execution).map_err(failed)?;
                uncovered.know(entry.execution, (!known.is_finished).then_some(known.tip.seq));
            }
            if uncovered.needs(&entry, record)? && send(row_of(&entry, record))? == Sent::Nobody {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn row_of(entry: &Entry, record: Option<&[u8]>) -> PartRow {
    vec![
        PartValue::Id(entry.execution.uuid()),
        PartValue::Int(i64::try_from(entry.seq).unwrap_or(i64::MAX)),
        PartValue::Bytes(entry.stored().to_vec()),
        PartValue::Bytes(record.unwrap_or_default().to_vec()),
    ]
}

/// Appends records as one batch, in a transaction of the caller.
pub(super) fn write(db: &Connection, part: &Part, rows: &[PartRow]) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    for row in rows {
        let [_, _, PartValue::Bytes(entry), PartValue::Bytes(record)] = &row[..] else {
            return Err(part.unreadable("it has other columns".into()));
        };
        let stored: &[u8; ENTRY] =
            entry[..].try_into().map_err(|_| part.unreadable(format!("an entry has {ENTRY} bytes")))?;
        batch.add(&Entry::read(stored), record);
    }
    let mut append = || -> rusqlite::Result<()> {
        let next = "SELECT coalesce(max(sequence), 0) + 1 FROM tail";
        let place = Place { worker: NO_WORKER, sequence: db.query_row(next, [], |row| row.get(0))? };
        let (entries, records) = batch.seal(place);
        let sql = "INSERT INTO tail (sequence, worker, entries, records) VALUES (?1, ?2, ?3, ?4)";
        db.prepare_cached(sql)?.execute((place.sequence, place.worker, entries, records)).map(drop)
    };
    append().map_err(|error| store_error(CALL, error))
}
