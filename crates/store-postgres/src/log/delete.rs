//! Deleting executions with everything that is stored of them.

use std::collections::HashSet;

use futures_util::TryStreamExt;
use futures_util::future::{try_join, try_join4};
use steadflow_core::ids::ExecutionId;
use steadflow_store::batch::{self, Place};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::columns::{get, number};
use crate::days::RowByRow;
use crate::error::Result;
use crate::session::rows;
use crate::value::{int, params, typed};

/// Deletes executions, whose rows the caller has locked, with everything that is stored of them. Their long records, which nothing
/// refers to any more, are deleted later, in steps. Journals and long records are deleted `from` there, and stay elsewhere.
pub(crate) async fn executions(db: &Client, found: &[Uuid], from: RowByRow) -> Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let found = found.to_vec();
    let of = [typed(&found)];
    let delete = |sql| db.execute_typed(sql, &of);
    let journals = format!("DELETE FROM {} WHERE execution = ANY($1)", from.journals);
    let long_records = format!(
        "INSERT INTO deleted_executions (execution)
        SELECT DISTINCT execution FROM {} WHERE execution = ANY($1) ON CONFLICT DO NOTHING",
        from.long_records
    );
    // Wherever its long records stay, an execution that is gone names its blobs no longer.
    let blobs = "INSERT INTO deleted_blobs (execution)
        SELECT DISTINCT execution FROM long_records
        WHERE execution = ANY($1) AND octet_length(record) < 1024 ON CONFLICT DO NOTHING";
    delete(blobs).await?;
    let rows = delete("DELETE FROM executions WHERE id = ANY($1)");
    let journals = delete(&journals);
    let inbox = delete("DELETE FROM inbox WHERE execution = ANY($1)");
    let long_records = delete(&long_records);
    try_join4(rows, journals, inbox, long_records).await?;
    delete_from_tail(db, &found.iter().copied().collect()).await?;
    // After the tail: what moves there from it meanwhile is seen only now.
    let records = delete("DELETE FROM orphan_records WHERE execution = ANY($1)");
    let orphans = delete("DELETE FROM orphans WHERE execution = ANY($1)");
    try_join(records, orphans).await?;
    Ok(())
}

/// Takes the records of deleted executions out of the tails of all workers: otherwise they would be recovered.
async fn delete_from_tail(db: &Client, deleted: &HashSet<Uuid>) -> Result<()> {
    let is_deleted = |execution: ExecutionId| deleted.contains(&execution.uuid());
    let mut changed = Vec::new();
    let sql = "SELECT worker, sequence, entries FROM tail ORDER BY worker, sequence";
    let mut batches = rows(db, sql, &[]).await?;
    while let Some(row) = batches.try_next().await? {
        let place = Place { worker: number(&row, 0)?, sequence: get(&row, 1)? };
        let Ok(entries) = batch::entries(place, get(&row, 2)?) else { continue };
        if entries.iter().any(|entry| is_deleted(entry.execution)) {
            changed.push(place);
        }
    }
    drop(batches);
    for place in changed {
        delete_from_batch(db, place, is_deleted).await?;
    }
    Ok(())
}

async fn delete_from_batch(
    db: &Client,
    place: Place,
    is_deleted: impl Fn(ExecutionId) -> bool,
) -> Result<()> {
    let (worker, sequence) = (int(place.worker), place.sequence);
    let sql = "SELECT entries, records FROM tail WHERE worker = $1 AND sequence = $2 FOR UPDATE";
    let Some(row) = db.query_typed_opt(sql, params![worker, sequence]).await? else { return Ok(()) };
    let Ok(entries) = batch::entries(place, get(&row, 0)?) else { return Ok(()) };
    // One without a record stays as well: it says that the batch was written.
    let mut rest = batch::without((&entries, get(&row, 1)?), is_deleted);
    let (entries, records) = rest.seal(place);
    let sql = "UPDATE tail SET entries = $3, records = $4 WHERE worker = $1 AND sequence = $2";
    db.execute_typed(sql, params![worker, sequence, entries, records]).await?;
    Ok(())
}
