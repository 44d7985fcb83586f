//! Deleting executions that are not kept any longer, in steps that are short.

use rusqlite::Connection;
use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Expired, ExpiryStep, Retention};

use crate::columns::{blob, execution_id, flow_id, readable, status, timestamp, timestamp_or_none};
use crate::log::delete;
use crate::writer::Writer;

/// How long the journals are that one step deletes, in bytes, the last one not counted.
const BYTES_MAX: u64 = 1024 * 1024;

/// An execution that has expired.
struct Old {
    number: i64,
    id: ExecutionId,
    bytes: u64,
}

/// What a step has looked at.
struct Seen {
    /// What has expired, in the order of the ids.
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
    let Seen { mut old, last: mut next } = look(&writer.db, retention, now, step)?;
    // Executions after one that is too young to have expired are younger still.
    if next.is_some_and(|(_, created)| created.plus(shortest) > now) {
        next = None;
    }
    let fits = fitting(&old);
    let is_cut = fits < old.len();
    old.truncate(fits);
    let resume = if is_cut { old.last().map(|old| old.id) } else { next.map(|(id, _)| id) };
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

/// Looks at the next executions.
fn look(db: &Connection, retention: &Retention, now: Timestamp, step: ExpiryStep) -> rusqlite::Result<Seen> {
    let mut statement = db.prepare_cached(include_str!("../queries/expiring.sql"))?;
    let after = step.after.map(|id| blob(id.uuid()).to_vec()).unwrap_or_default();
    let mut rows = statement.query((after, i64::try_from(step.limit).unwrap_or(i64::MAX)))?;
    let (mut old, mut last, mut seen) = (Vec::new(), None, 0);
    while let Some(row) = rows.next()? {
        seen += 1;
        let Some(id) = readable(execution_id(row, 1)).transpose()? else { continue };
        let ended = timestamp_or_none(row, 4)?;
        // What is not a status was not written by this version, and is kept.
        if let (Ok(flow), Ok(status)) = (flow_id(row, 2), status(row, 3))
            && retention.has_expired(flow, status, ended, now)
        {
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
