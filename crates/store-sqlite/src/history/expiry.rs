//! Deleting executions that are not kept any longer, or all of a tenant, in steps that are short.

use rusqlite::{Connection, Row};
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Expired, ExpiryStep, Retention};

use crate::columns::{
    blob, execution_id, flow_id, readable, status, tenant_id, timestamp, timestamp_or_none,
};
use crate::log::delete;
use crate::writer::Writer;

/// How long the journals are that one step deletes, in bytes, the last one not counted.
const BYTES_MAX: u64 = 1024 * 1024;

/// An execution that is deleted.
struct Old {
    number: i64,
    id: ExecutionId,
    bytes: u64,
}

/// What a step has looked at.
struct Seen {
    /// What is deleted, in the order of the ids.
    old: Vec<Old>,
    /// The last execution, with when it was accepted, if there may be more.
    last: Option<(ExecutionId, Timestamp)>,
}

/// See [`steadflow_store::History::expire`].
pub(crate) fn step(
    writer: &mut Writer,
    retention: &Retention,
    now: Timestamp,
    step: ExpiryStep,
) -> rusqlite::Result<Expired> {
    let Some(shortest) = retention.shortest() else { return Ok(Expired { deleted: 0, next: None }) };
    let has_expired = |row: &Row<'_>, ended| {
        // What is not a status was not written by this version, and is kept.
        let (Ok(flow), Ok(status)) = (flow_id(row, 2), status(row, 3)) else { return Ok(false) };
        Ok(retention.has_expired(flow, status, ended, now))
    };
    let mut seen = look(&writer.db, step, has_expired)?;
    // Executions after one that is too young to have expired are younger still.
    seen.last = seen.last.filter(|(_, created)| created.plus(shortest) <= now);
    delete_seen(writer, seen)
}

/// See [`steadflow_store::Tenants::delete_executions_of`].
pub(crate) fn step_of(writer: &mut Writer, tenant: TenantId, step: ExpiryStep) -> rusqlite::Result<Expired> {
    let is_of = |row: &Row<'_>, ended: Option<Timestamp>| Ok(ended.is_some() && tenant_id(row, 7)? == tenant);
    let seen = look(&writer.db, step, is_of)?;
    delete_seen(writer, seen)
}

fn delete_seen(writer: &mut Writer, Seen { mut old, last }: Seen) -> rusqlite::Result<Expired> {
    let fits = fitting(&old);
    let is_cut = fits < old.len();
    old.truncate(fits);
    let resume = if is_cut { old.last().map(|old| old.id) } else { last.map(|(id, _)| id) };
    delete(writer, &old)?;
    Ok(Expired { deleted: old.len(), next: resume })
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
fn look(
    db: &Connection,
    step: ExpiryStep,
    is_old: impl Fn(&Row<'_>, Option<Timestamp>) -> rusqlite::Result<bool>,
) -> rusqlite::Result<Seen> {
    let mut statement = db.prepare_cached(include_str!("../queries/expiring.sql"))?;
    let after = step.after.map(|id| blob(id.uuid()).to_vec()).unwrap_or_default();
    let mut rows = statement.query((after, i64::try_from(step.limit).unwrap_or(i64::MAX)))?;
    let (mut old, mut last, mut seen) = (Vec::new(), None, 0);
    while let Some(row) = rows.next()? {
        seen += 1;
        let Some(id) = readable(execution_id(row, 1)).transpose()? else { continue };
        if is_old(row, timestamp_or_none(row, 4)?)? {
            old.push(Old { number: row.get(0)?, id, bytes: row.get(6)? });
        }
        last = Some((id, timestamp(row, 5)?));
    }
    Ok(Seen { old, last: last.filter(|_| seen == step.limit) })
}

fn delete(writer: &mut Writer, old: &[Old]) -> rusqlite::Result<()> {
    if old.is_empty() {
        return Ok(());
    }
    for Old { number, .. } in old {
        let mut uncount = writer.db.prepare_cached(include_str!("../queries/uncount.sql"))?;
        uncount.execute([number])?;
    }
    let found: Vec<(i64, [u8; 16])> = old.iter().map(|old| (old.number, blob(old.id.uuid()))).collect();
    delete::executions(writer, &found)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_step_deletes_few_long_journals() {
        let old = |bytes: &[u64]| -> Vec<Old> {
            let of = |bytes: &u64| Old { number: 1, id: ExecutionId::new(Uuid::nil()), bytes: *bytes };
            bytes.iter().map(of).collect()
        };

        assert_eq!(fitting(&old(&[1; 200])), 200);
        assert_eq!(fitting(&old(&[BYTES_MAX / 2; 5])), 2);
        assert_eq!(fitting(&old(&[BYTES_MAX * 16, 1])), 1);
    }
}
