//! An execution's records: its journal, then what the tail has above it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};
use serde_json::value::RawValue;
use steadflow_core::event::{Event, Record};
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_store::{StoreError, Stored};

use crate::columns::{blob, execution_id, tenant_id, text};
use crate::error::store_error;

/// What the tables beside the tail hold of an execution.
pub(crate) struct Known {
    pub(crate) tenant: TenantId,
    pub(crate) is_finished: bool,
    journal: Option<(u64, String)>,
}

impl Known {
    pub(crate) fn read(db: &Connection, id: ExecutionId) -> rusqlite::Result<Option<Self>> {
        let mut statement = db.prepare_cached(include_str!("../queries/known.sql"))?;
        let known = statement.query_row([blob(id.uuid())], |row| {
            let journal = match row.get(2)? {
                Some(seq) => Some((seq, row.get(3)?)),
                None => None,
            };
            Ok(Self { tenant: tenant_id(row, 0)?, is_finished: row.get(1)?, journal })
        });
        known.optional()
    }

    /// Returns the records of the journal alone.
    pub(crate) fn into_stored(self, id: ExecutionId) -> Result<Stored, StoreError> {
        let records = self.journal.map(|(_, text)| split(id, &text)).transpose()?.unwrap_or_default();
        Ok(Stored { id, records, is_snapshot: true })
    }
}

/// Puts journal and tail of several executions together, in the order of their ids. One pass over the tail from
/// `first` on; whoever has no record at all is left out.
pub(crate) fn stored(
    db: &Connection,
    call: &'static str,
    ids: impl IntoIterator<Item = ExecutionId>,
    first: i64,
) -> Result<Vec<Stored>, StoreError> {
    let mut all = BTreeMap::new();
    for id in ids {
        let known = Known::read(db, id).map_err(|error| store_error(call, error))?;
        let stored = known.map_or_else(
            || Ok(Stored { id, records: Vec::new(), is_snapshot: true }),
            |known| known.into_stored(id),
        )?;
        all.insert(id, stored);
    }
    add_tail(db, &mut all, first).map_err(|error| store_error(call, error))?;
    Ok(all.into_values().filter(|stored| !stored.records.is_empty()).collect())
}

fn add_tail(db: &Connection, all: &mut BTreeMap<ExecutionId, Stored>, first: i64) -> rusqlite::Result<()> {
    let sql = "SELECT execution_id, seq, record FROM tail WHERE pos >= ?1 ORDER BY pos";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([first])?;
    while let Some(row) = rows.next()? {
        let Some(stored) = all.get_mut(&execution_id(row, 0)?) else { continue };
        // What the journal covers may still stand in the tail.
        if row.get::<_, u64>(1)? > stored.records.len() as u64 {
            stored.records.push(text(row, 2)?);
            stored.is_snapshot = false;
        }
    }
    Ok(())
}

/// Returns the first records of those executions that have them in the tail from `first` on.
pub(crate) fn events_in_tail(
    db: &Connection,
    first: i64,
    mut visit: impl FnMut(ExecutionId, Event),
) -> rusqlite::Result<()> {
    let sql = "SELECT execution_id, record FROM tail WHERE pos >= ?1 ORDER BY pos";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([first])?;
    let mut unreadable = HashMap::new();
    while let Some(row) = rows.next()? {
        let id = execution_id(row, 0)?;
        match serde_json::from_str::<Record>(row.get_ref(1)?.as_str()?) {
            Ok(record) => record.2.into_iter().for_each(|event| visit(id, event)),
            Err(error) => drop(unreadable.insert(id, error)),
        }
    }
    for (id, error) in unreadable {
        tracing::error!(execution.id = %id, error = %error, "a record in the tail is not readable");
    }
    Ok(())
}

/// Returns whose an execution is, by its first record.
pub(crate) fn tenant_of(stored: &Stored) -> Option<TenantId> {
    let first: Record = serde_json::from_str(stored.records.first()?).ok()?;
    match first.2.into_iter().next() {
        Some(Event::Accepted(accepted)) => Some(accepted.tenant),
        _ => None,
    }
}

fn split(id: ExecutionId, journal: &str) -> Result<Vec<Arc<str>>, StoreError> {
    let records: Vec<&RawValue> = serde_json::from_str(journal).map_err(|error| StoreError::Corrupt {
        what: format!("journal of {id}"),
        reason: error.to_string(),
    })?;
    Ok(records.into_iter().map(|record| Arc::from(record.get())).collect())
}
