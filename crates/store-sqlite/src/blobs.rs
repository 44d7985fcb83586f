//! [`Blobs`] for [`SqliteStore`].

use rusqlite::{Connection, Row};
use steadflow_core::ids::ExecutionId;
use steadflow_store::{Blob, BlobPlace, Blobs, REFERENCE_BYTES_MAX, StoreFuture};

use crate::SqliteStore;
use crate::columns::{blob, execution_id, readable, rows_max, text};

impl Blobs for SqliteStore {
    fn blobs(&self, after: Option<(ExecutionId, u64)>, limit: usize) -> StoreFuture<'_, Vec<BlobPlace>> {
        Box::pin(self.read("blobs", move |db| places(db, after, limit)))
    }

    fn deleted_blobs(&self, limit: usize) -> StoreFuture<'_, Vec<ExecutionId>> {
        Box::pin(self.read("deleted_blobs", move |db| {
            let sql = "SELECT execution FROM deleted_blobs ORDER BY execution LIMIT ?1";
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map([rows_max(limit)], |row| execution_id(row, 0))?;
            rows.filter_map(readable).collect()
        }))
    }

    fn forget_blobs(&self, executions: Vec<ExecutionId>) -> StoreFuture<'_, ()> {
        Box::pin(self.change("forget_blobs", move |db| {
            let mut delete = db.prepare_cached("DELETE FROM deleted_blobs WHERE execution = ?1")?;
            executions.iter().try_for_each(|id| delete.execute([blob(id.uuid())]).map(drop))
        }))
    }

    fn shown_of(&self, executions: Vec<ExecutionId>) -> StoreFuture<'_, Vec<ExecutionId>> {
        Box::pin(self.read("shown_of", move |db| {
            let mut find = db.prepare_cached("SELECT 1 FROM executions WHERE id = ?1")?;
            let mut shown = Vec::new();
            for id in executions {
                if find.exists([blob(id.uuid())])? {
                    shown.push(id);
                }
            }
            Ok(shown)
        }))
    }
}

/// See [`Blobs::blobs`].
pub(crate) fn places(
    db: &Connection,
    after: Option<(ExecutionId, u64)>,
    limit: usize,
) -> rusqlite::Result<Vec<BlobPlace>> {
    let mut statement = db.prepare_cached(include_str!("queries/blobs.sql"))?;
    let (id, seq) = after.map_or((Vec::new(), 0), |(id, seq)| (blob(id.uuid()).to_vec(), seq));
    let rows = statement.query_map((id, seq, REFERENCE_BYTES_MAX, rows_max(limit)), place)?;
    rows.filter_map(readable).collect()
}

fn place(row: &Row<'_>) -> rusqlite::Result<BlobPlace> {
    let reference = text(row, 2)?;
    Ok(BlobPlace { execution: execution_id(row, 0)?, seq: row.get(1)?, blob: Blob::read(&reference) })
}
