//! What the tables beside the tail know of executions.

use std::collections::HashMap;

use steadflow_core::ids::ExecutionId;
use uuid::Uuid;

use super::driven::Tip;
use crate::columns::{execution_id, get, number};
use crate::error::Result;
use crate::statement_cache::QueryCached;
use crate::value::params;

/// Returns the tips of those executions that no worker drives, and keeps them from being taken until the transaction ends. One without
/// a row has no record.
pub(super) async fn lock_parked(db: &impl QueryCached, ids: &[Uuid]) -> Result<HashMap<ExecutionId, Tip>> {
    let mut tips: HashMap<_, _> = ids.iter().map(|id| (ExecutionId::new(*id), Tip::default())).collect();
    if ids.is_empty() {
        return Ok(tips);
    }
    let sql = "SELECT executions.id, executions.completed_at IS NULL AND executions.owner IS NULL,
            coalesce(journal.seq, 0)
        FROM executions
        LEFT JOIN (SELECT execution, seq FROM journals WHERE execution = ANY($1)) AS journal
            ON journal.execution = executions.id
        WHERE executions.id = ANY($1) ORDER BY executions.id FOR UPDATE OF executions";
    for row in db.query_cached(sql, params![ids.to_vec()]).await? {
        let id = execution_id(&row, 0)?;
        if get(&row, 1)? {
            tips.insert(id, Tip { seq: number(&row, 2)?, first: None });
        } else {
            tips.remove(&id);
        }
    }
    Ok(tips)
}
