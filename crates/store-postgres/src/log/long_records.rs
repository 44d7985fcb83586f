//! The table of long records: see [`steadflow_store::LONG_RECORD`].

use std::collections::HashMap;
use std::sync::Arc;

use steadflow_core::ids::ExecutionId;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::columns::{execution_id, get, number};
use crate::error::Result;
use crate::statement_cache::QueryCached;
use crate::value::{int, params};

/// Rows of long records that a step of deleting takes.
const STEP_ROWS: i64 = 500;

/// A long record, to be stored.
pub(super) type Long<'a> = (ExecutionId, u64, &'a str);

/// Stores long records. That one is there already is an error.
pub(super) async fn write(db: &impl QueryCached, records: &[Long<'_>]) -> Result<()> {
    let executions: Vec<Uuid> = records.iter().map(|(execution, ..)| execution.uuid()).collect();
    let seqs: Vec<i64> = records.iter().map(|(_, seq, _)| int(*seq)).collect();
    let texts: Vec<&str> = records.iter().map(|(.., text)| *text).collect();
    let sql = "INSERT INTO long_records (execution, seq, record) SELECT * FROM UNNEST($1, $2, $3)";
    db.query_cached(sql, params![executions, seqs, texts]).await?;
    Ok(())
}

/// The long records of some executions.
#[derive(Debug, Default)]
pub(crate) struct LongRecords(HashMap<(ExecutionId, u64), Arc<str>>);

impl LongRecords {
    /// Reads all that there are.
    pub(crate) async fn read(db: &Client, executions: &[Uuid]) -> Result<Self> {
        let sql = "SELECT execution, seq, record FROM long_records WHERE execution = ANY($1)";
        let rows = db.query_typed(sql, params![executions.to_vec()]).await?;
        let record = |row| Ok(((execution_id(row, 0)?, number(row, 1)?), get::<&str>(row, 2)?.into()));
        rows.iter().map(record).collect::<Result<_>>().map(Self)
    }

    pub(crate) fn get(&self, execution: ExecutionId, seq: u64) -> Option<Arc<str>> {
        self.0.get(&(execution, seq)).cloned()
    }
}

/// Deletes some of the long records of executions that were deleted: all at once would keep others waiting. Returns whether
/// there were any.
pub(crate) async fn sweep(db: &Client) -> Result<bool> {
    let ids = |rows: &[Row]| rows.iter().map(|row| get(row, 0)).collect::<Result<Vec<Uuid>>>();
    let sql = "SELECT execution FROM deleted_executions ORDER BY execution LIMIT $1";
    let deleted = ids(&db.query_typed(sql, params![STEP_ROWS]).await?)?;
    if deleted.is_empty() {
        return Ok(false);
    }
    // Each statement names the executions, so that the database looks only at their days.
    let sql =
        "SELECT execution, seq FROM long_records WHERE execution = ANY($1) ORDER BY execution, seq LIMIT $2";
    let rows = db.query_typed(sql, params![deleted, STEP_ROWS]).await?;
    if rows.is_empty() {
        db.execute_typed("DELETE FROM deleted_executions WHERE execution = ANY($1)", params![deleted])
            .await?;
        return Ok(true);
    }
    let seqs = rows.iter().map(|row| get(row, 1)).collect::<Result<Vec<i64>>>()?;
    let sql = "DELETE FROM long_records WHERE execution = ANY($1)
        AND (execution, seq) IN (SELECT * FROM UNNEST($1, $2))";
    db.execute_typed(sql, params![ids(&rows)?, seqs]).await?;
    Ok(true)
}
