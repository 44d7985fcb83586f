//! Deleting executions that are not kept any longer, or all of a tenant, in steps that are short.

use std::collections::BTreeMap;

use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Expired, ExpiryStep, Retention};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::columns::{execution_id, flow_id, get, number, status, tenant_id, timestamp, timestamp_or_none};
use crate::days::{EVERYWHERE, RowByRow};
use crate::error::Result;
use crate::log::delete;
use crate::value::{params, rows_max};

/// How long the journals are that one step deletes row by row, in bytes, the last one not counted.
const BYTES_MAX: u64 = 1024 * 1024;

/// An execution that is deleted.
struct Old {
    id: ExecutionId,
    /// How long its journal is, if that is deleted with it.
    bytes: u64,
}

/// What a step has looked at.
struct Seen {
    /// What is deleted, in the order of the ids.
    old: Vec<Old>,
    /// The last execution, with when it was accepted, if there may be more.
    last: Option<(ExecutionId, Timestamp)>,
}

/// See [`steadflow_store::History::expire`]; in one transaction.
pub(crate) async fn step(
    db: &Client,
    deleted_from: RowByRow,
    retention: &Retention,
    now: Timestamp,
    step: ExpiryStep,
) -> Result<Expired> {
    let Some(shortest) = retention.shortest() else { return Ok(Expired { deleted: 0, next: None }) };
    let has_expired = |row: &Row, ended| {
        // What is not a status was not written by this version, and is kept.
        let Ok(status) = status(row, 2) else { return Ok(false) };
        Ok(retention.has_expired(flow_id(row, 1)?, status, ended, now))
    };
    let mut seen = look(db, step, has_expired).await?;
    // Executions after one that is too young to have expired are younger still.
    seen.last = seen.last.filter(|(_, created)| created.plus(shortest) <= now);
    delete_seen(db, deleted_from, seen).await
}

/// See [`steadflow_store::Tenants::delete_executions_of`]; in one transaction.
pub(crate) async fn step_of(db: &Client, tenant: TenantId, step: ExpiryStep) -> Result<Expired> {
    let is_of = |row: &Row, ended: Option<Timestamp>| Ok(ended.is_some() && tenant_id(row, 5)? == tenant);
    let seen = look(db, step, is_of).await?;
    delete_seen(db, EVERYWHERE, seen).await
}

async fn delete_seen(db: &Client, deleted_from: RowByRow, Seen { mut old, last }: Seen) -> Result<Expired> {
    measure(db, deleted_from, &mut old).await?;
    let fits = fitting(&old);
    let is_cut = fits < old.len();
    old.truncate(fits);
    let resume = if is_cut { old.last().map(|old| old.id) } else { last.map(|(id, _)| id) };
    Ok(Expired { deleted: delete(db, deleted_from, &old).await?, next: resume })
}

/// Returns how many of `old` one step deletes: at least one.
fn fitting(old: &[Old]) -> usize {
    let mut bytes = 0;
    let fits = old.iter().take_while(|old| {
        let has_room = bytes < BYTES_MAX;
        bytes += old.bytes;
        has_room
    });
    fits.count()
}

/// Looks at the next executions, for those that `is_old`; it is given when they ended.
async fn look(
    db: &Client,
    step: ExpiryStep,
    is_old: impl Fn(&Row, Option<Timestamp>) -> Result<bool>,
) -> Result<Seen> {
    let after = step.after.map(ExecutionId::uuid);
    let sql = include_str!("../queries/expiring.sql");
    let rows = db.query_typed(sql, params![after, rows_max(step.limit)]).await?;
    let (mut old, mut last) = (Vec::new(), None);
    for row in &rows {
        let id = execution_id(row, 0)?;
        if is_old(row, timestamp_or_none(row, 3)?)? {
            old.push(Old { id, bytes: 0 });
        }
        last = Some((id, timestamp(row, 4)?));
    }
    Ok(Seen { old, last: last.filter(|_| rows.len() == step.limit) })
}

/// Looks how long the journals are that are deleted row by row.
async fn measure(db: &Client, deleted_from: RowByRow, old: &mut [Old]) -> Result<()> {
    let sql = format!(
        "SELECT execution, octet_length(records)::bigint FROM {} WHERE execution = ANY($1)",
        deleted_from.journals
    );
    let ids: Vec<_> = old.iter().map(|old| old.id.uuid()).collect();
    for row in db.query_typed(&sql, params![ids]).await? {
        let id = execution_id(&row, 0)?;
        if let Ok(place) = old.binary_search_by_key(&id, |old| old.id) {
            old[place].bytes = number(&row, 1)?;
        }
    }
    Ok(())
}

/// Deletes executions, and returns how many: other processes may delete the same, and each is taken out of the counters once.
async fn delete(db: &Client, deleted_from: RowByRow, old: &[Old]) -> Result<usize> {
    if old.is_empty() {
        return Ok(0);
    }
    let sql = "SELECT id, tenant, flow, status, parent IS NULL FROM executions
        WHERE id = ANY($1) ORDER BY id FOR UPDATE";
    let ids: Vec<_> = old.iter().map(|old| old.id.uuid()).collect();
    let rows = db.query_typed(sql, params![ids]).await?;
    let (mut found, mut counted) = (Vec::<Uuid>::new(), BTreeMap::new());
    for row in &rows {
        found.push(get(row, 0)?);
        if get(row, 4)? {
            // In the order of the keys of the counters, as wherever they are counted.
            let status = status(row, 3)?.as_str();
            *counted.entry((tenant_id(row, 1)?, flow_id(row, 2)?, status)).or_insert(0_i64) += 1;
        }
    }
    delete::executions(db, &found, deleted_from).await?;
    for ((tenant, flow, status), count) in counted {
        let sql = include_str!("../queries/uncount.sql");
        db.execute_typed(sql, params![tenant.uuid(), flow.uuid(), status, count]).await?;
    }
    Ok(found.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_deletes_few_long_journals() {
        let old = |bytes: &[u64]| -> Vec<Old> {
            let of = |bytes: &u64| Old { id: ExecutionId::new(Uuid::nil()), bytes: *bytes };
            bytes.iter().map(of).collect()
        };

        assert_eq!(fitting(&old(&[1; 200])), 200);
        assert_eq!(fitting(&old(&[BYTES_MAX / 2; 5])), 2);
        assert_eq!(fitting(&old(&[BYTES_MAX * 16, 1])), 1);
    }
}
