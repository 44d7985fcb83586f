//! Inputs for executions that another process may drive.

use rusqlite::{Connection, Row};
use steadflow_store::{InboxId, InboxInput, InboxItem, StoreError, Worker};

use crate::columns::{blob, execution_id, tenant_id, text, timestamp};
use crate::error::{is_unreadable, store_error};
use crate::writer::Writer;

/// See [`steadflow_store::Log::send`].
pub(crate) fn send(db: &Connection, input: &InboxInput) -> rusqlite::Result<InboxId> {
    let sql = "INSERT INTO inbox (execution_id, tenant, input, created_at) VALUES (?1, ?2, ?3, ?4) RETURNING number";
    let parameters = (
        blob(input.execution.uuid()),
        blob(input.tenant.uuid()),
        &*input.input,
        input.created_at.as_micros(),
    );
    db.prepare_cached(sql)?.query_row(parameters, |row| row.get(0).map(InboxId))
}

/// See [`steadflow_store::Log::inbox`].
pub(crate) fn inbox(
    writer: &Writer,
    worker: Worker,
    after: Option<InboxId>,
    limit: usize,
) -> Result<Vec<InboxItem>, StoreError> {
    const CALL: &str = "inbox";
    writer.check_lease(CALL, worker.epoch)?;
    let (items, late) = sorted(writer, worker, after, limit).map_err(|error| store_error(CALL, error))?;
    delete(&writer.db, &late).map_err(|error| store_error(CALL, error))?;
    Ok(items)
}

/// Reads what is for `worker`, and what is of no use: it is for executions that have ended, or cannot be read.
fn sorted(
    writer: &Writer,
    worker: Worker,
    after: Option<InboxId>,
    limit: usize,
) -> rusqlite::Result<(Vec<InboxItem>, Vec<InboxId>)> {
    let (mut items, mut late) = (Vec::new(), Vec::new());
    let mut statement = writer.db.prepare_cached(include_str!("../queries/inbox.sql"))?;
    let mut rows = statement.query([after.map_or(0, |after| after.0)])?;
    while items.len() < limit {
        let Some(row) = rows.next()? else { break };
        let number = InboxId(row.get(0)?);
        let tip = execution_id(row, 1).ok().and_then(|execution| writer.tips.tip(execution));
        if row.get(5)? {
            late.push(number);
        } else if tip.is_none_or(|tip| tip.owner == worker.epoch) {
            match item(row) {
                Err(error) if is_unreadable(&error) => {
                    tracing::error!(inbox.item = number.0, error = %error, "an input cannot be read, and is deleted");
                    late.push(number);
                }
                item => items.push(item?),
            }
        }
    }
    Ok((items, late))
}

fn item(row: &Row<'_>) -> rusqlite::Result<InboxItem> {
    let sent = InboxInput {
        execution: execution_id(row, 1)?,
        tenant: tenant_id(row, 2)?,
        input: text(row, 3)?,
        created_at: timestamp(row, 4)?,
    };
    Ok(InboxItem { id: InboxId(row.get(0)?), sent })
}

/// See [`steadflow_store::Log::discard`].
pub(crate) fn discard(writer: &Writer, worker: Worker, items: &[InboxId]) -> Result<(), StoreError> {
    const CALL: &str = "discard";
    writer.check_lease(CALL, worker.epoch)?;
    delete(&writer.db, items).map_err(|error| store_error(CALL, error))
}

/// Returns those of `items` that are not there any more.
pub(crate) fn gone(db: &Connection, items: &[InboxId]) -> rusqlite::Result<Vec<InboxId>> {
    let mut gone = Vec::new();
    for item in items {
        if !db.prepare_cached("SELECT 1 FROM inbox WHERE number = ?1")?.exists([item.0])? {
            gone.push(*item);
        }
    }
    Ok(gone)
}

pub(crate) fn delete(db: &Connection, items: &[InboxId]) -> rusqlite::Result<()> {
    for item in items {
        db.prepare_cached("DELETE FROM inbox WHERE number = ?1")?.execute([item.0])?;
    }
    Ok(())
}
