//! [`Blobs`] for [`PostgresStore`].

use steadflow_core::ids::ExecutionId;
use steadflow_store::{Blob, BlobPlace, Blobs, StoreFuture};
use uuid::Uuid;

use crate::columns::{execution_id, get, number};
use crate::session::session;
use crate::value::{int, params, rows_max};
use crate::{PostgresStore, call, long_call};

impl Blobs for PostgresStore {
    fn blobs(&self, after: Option<(ExecutionId, u64)>, limit: usize) -> StoreFuture<'_, Vec<BlobPlace>> {
        long_call("blobs", async move {
            let (id, seq) = after.map_or((Uuid::nil(), -1), |(id, seq)| (id.uuid(), int(seq)));
            let sql = include_str!("queries/blobs.sql");
            let rows = session(&self.pool).await?.query_typed(sql, params![id, seq, rows_max(limit)]).await?;
            let place = |row| {
                let reference: &str = get(row, 2)?;
                let (execution, seq) = (execution_id(row, 0)?, number(row, 1)?);
                Ok(BlobPlace { execution, seq, blob: Blob::read(reference) })
            };
            rows.iter().map(place).collect()
        })
    }

    fn deleted_blobs(&self, limit: usize) -> StoreFuture<'_, Vec<ExecutionId>> {
        call("deleted_blobs", async move {
            let sql = "SELECT execution FROM deleted_blobs ORDER BY execution LIMIT $1";
            let rows = session(&self.pool).await?.query_typed(sql, params![rows_max(limit)]).await?;
            rows.iter().map(|row| execution_id(row, 0)).collect()
        })
    }

    fn forget_blobs(&self, executions: Vec<ExecutionId>) -> StoreFuture<'_, ()> {
        call("forget_blobs", async move {
            let ids: Vec<Uuid> = executions.iter().map(|id| id.uuid()).collect();
            let sql = "DELETE FROM deleted_blobs WHERE execution = ANY($1)";
            session(&self.pool).await?.execute_typed(sql, params![ids]).await?;
            Ok(())
        })
    }

    fn shown_of(&self, executions: Vec<ExecutionId>) -> StoreFuture<'_, Vec<ExecutionId>> {
        call("shown_of", async move {
            let ids: Vec<Uuid> = executions.iter().map(|id| id.uuid()).collect();
            let sql = "SELECT id FROM executions WHERE id = ANY($1) ORDER BY id";
            let rows = session(&self.pool).await?.query_typed(sql, params![ids]).await?;
            rows.iter().map(|row| execution_id(row, 0)).collect()
        })
    }
}
