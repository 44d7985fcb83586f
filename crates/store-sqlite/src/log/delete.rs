//! Deleting executions with everything that is stored of them.

use std::collections::HashSet;

use rusqlite::Connection;
use steadflow_core::ids::ExecutionId;
use steadflow_store::batch::{self, Batch, Place};
use uuid::Uuid;

use super::long_records;
use crate::writer::Writer;

/// Deletes executions, by the numbers of their rows and their ids, with everything that is stored of them. Their long
/// records, which nothing refers to any more, are deleted later, in steps.
pub(crate) fn executions(writer: &mut Writer, found: &[(i64, [u8; 16])]) -> rusqlite::Result<()> {
    for (number, execution) in found {
        writer.db.prepare_cached("DELETE FROM journals WHERE execution = ?1")?.execute([number])?;
        writer.db.prepare_cached("DELETE FROM executions WHERE number = ?1")?.execute([number])?;
        writer.db.prepare_cached("DELETE FROM inbox WHERE execution_id = ?1")?.execute([execution])?;
        long_records::leave(&writer.db, *execution)?;
        writer.tips.set(ExecutionId::new(Uuid::from_bytes(*execution)), None);
    }
    delete_from_tail(&writer.db, found)
}

/// Takes the records of deleted executions out of the tail: otherwise they would be recovered at the next start.
fn delete_from_tail(db: &Connection, executions: &[(i64, [u8; 16])]) -> rusqlite::Result<()> {
    let deleted: HashSet<_> = executions.iter().map(|(_, id)| Uuid::from_bytes(*id)).collect();
    let is_deleted = |execution: ExecutionId| deleted.contains(&execution.uuid());
    let mut changed = Vec::new();
    {
        let mut statement = db.prepare_cached(include_str!("../queries/batches.sql"))?;
        let mut rows = statement.query([0])?;
        while let Some(row) = rows.next()? {
            let place = Place { worker: row.get(0)?, sequence: row.get(1)? };
            let Ok(entries) = batch::entries(place, row.get_ref(2)?.as_blob()?) else { continue };
            if entries.iter().any(|entry| is_deleted(entry.execution)) {
                changed.push((place, batch::without((&entries, row.get_ref(3)?.as_blob()?), is_deleted)));
            }
        }
    }
    changed.into_iter().try_for_each(|(place, rest)| replace_batch(db, place, rest))
}

fn replace_batch(db: &Connection, place: Place, mut rest: Batch) -> rusqlite::Result<()> {
    if rest.is_empty() {
        let sql = "DELETE FROM tail WHERE sequence = ?1";
        return db.prepare_cached(sql)?.execute([place.sequence]).map(drop);
    }
    let (entries, records) = rest.seal(place);
    let sql = "UPDATE tail SET entries = ?2, records = ?3 WHERE sequence = ?1";
    db.prepare_cached(sql)?.execute((place.sequence, entries, records)).map(drop)
}
