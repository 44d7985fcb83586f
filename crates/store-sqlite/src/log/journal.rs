//! An execution's records: its journal, then what the tail has above it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};
use steadflow_core::event::{Event, Record};
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_store::batch::{self, Damage, Entry, Place};
use steadflow_store::{StoreError, Stored, records_of};

use super::long_records;
use crate::columns::{blob, tenant_id};
use crate::error::store_error;

/// What the tables beside the tail hold of an execution that has a row.
pub(crate) struct Known {
    journal: Option<(u64, String)>,
}

impl Known {
    pub(crate) fn read(db: &Connection, id: ExecutionId) -> rusqlite::Result<Option<Self>> {
        let mut statement = db.prepare_cached(include_str!("../queries/known.sql"))?;
        let known = statement.query_row([blob(id.uuid())], |row| {
            let journal = match row.get(0)? {
                Some(seq) => Some((seq, row.get(1)?)),
                None => None,
            };
            Ok(Self { journal })
        });
        known.optional()
    }

    /// Reads an execution that has ended.
    pub(crate) fn of_finished(db: &Connection, id: ExecutionId) -> Result<Option<Stored>, StoreError> {
        let known = Self::read(db, id).map_err(|error| store_error("execution", error))?;
        known.map(|known| known.into_stored(db, "execution", id)).transpose()
    }

    /// Returns the records of the journal alone.
    pub(crate) fn into_stored(
        self,
        db: &Connection,
        call: &'static str,
        id: ExecutionId,
    ) -> Result<Stored, StoreError> {
        let long = |seq| long_records::read(db, id, seq).map_err(|error| store_error(call, error));
        let records = self.journal.map(|(_, text)| records_of(id, &text, long)).transpose()?;
        Ok(Stored { id, records: records.unwrap_or_default(), is_snapshot: true })
    }
}

/// Whose an execution is, and whether it has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pub(crate) tenant: TenantId,
    pub(crate) is_finished: bool,
}

/// Returns whose an execution is, by its row.
pub(crate) fn owner(db: &Connection, id: ExecutionId) -> rusqlite::Result<Option<Owner>> {
    let sql = "SELECT tenant, completed_at IS NOT NULL FROM executions WHERE id = ?1";
    let mut statement = db.prepare_cached(sql)?;
    let owner = statement.query_row([blob(id.uuid())], |row| {
        Ok(Owner { tenant: tenant_id(row, 0)?, is_finished: row.get(1)? })
    });
    owner.optional()
}

/// Returns how long the journal of an execution is, with its long records; 0 where there is none.
pub(crate) fn bytes(db: &Connection, id: ExecutionId) -> rusqlite::Result<u64> {
    // `octet_length` does not read the text. What is shorter than 1 KiB is the reference to a blob.
    let sql = "SELECT octet_length(journals.records) + (
                   SELECT coalesce(sum(CASE WHEN octet_length(record) < 1024 AND json_valid(record) THEN record ->> 'bytes' ELSE octet_length(record) END), 0)
                   FROM long_records WHERE execution = executions.id
               )
               FROM executions JOIN journals ON journals.execution = executions.number WHERE executions.id = ?1";
    let mut statement = db.prepare_cached(sql)?;
    let bytes = statement.query_row([blob(id.uuid())], |row| row.get(0)).optional()?;
    Ok(bytes.unwrap_or(0))
}

/// Puts journal and tail of several executions together, in the order of their ids. Reads the tail once, from batch
/// `first` on; an execution without any record is not in the answer. One that is not readable is an error of its own:
/// [`StoreError::Corrupt`].
pub(crate) fn stored(
    db: &Connection,
    call: &'static str,
    ids: impl IntoIterator<Item = ExecutionId>,
    first: i64,
) -> Result<Vec<Result<Stored, StoreError>>, StoreError> {
    let mut tail: BTreeMap<ExecutionId, Tail> = ids.into_iter().map(|id| (id, Tail::new())).collect();
    let wanted: HashSet<ExecutionId> = tail.keys().copied().collect();
    let collect = |entry: Entry, record: Result<&str, Damage>| {
        let records = tail.entry(entry.execution).or_default();
        records.push((entry.seq, record.map(Arc::from)));
        Ok(())
    };
    let is_wanted = |entry: &Entry| wanted.contains(&entry.execution);
    each_in_tail(db, first, is_wanted, collect).map_err(|error| store_error(call, error))?;
    let mut all = Vec::with_capacity(tail.len());
    for (id, records) in tail {
        let known = Known::read(db, id).map_err(|error| store_error(call, error))?;
        let whole = known.map_or_else(
            || Ok(Stored { id, records: Vec::new(), is_snapshot: true }),
            |known| known.into_stored(db, call, id),
        );
        all.push(whole.and_then(|journal| with_tail(journal, records)));
    }
    all.retain(|stored| stored.as_ref().map_or(true, |stored| !stored.records.is_empty()));
    Ok(all)
}

/// Records of an execution in the tail, by number.
type Tail = Vec<(u64, Result<Arc<str>, Damage>)>;

/// Adds what the journal does not cover. What it covers may still be in the tail.
fn with_tail(mut stored: Stored, mut tail: Tail) -> Result<Stored, StoreError> {
    tail.sort_unstable_by_key(|(seq, _)| *seq);
    for (seq, record) in tail {
        let last = stored.records.len() as u64;
        if seq <= last {
            continue;
        }
        if seq > last + 1 {
            return Err(damaged(&Damage::Record(stored.id, last + 1)));
        }
        stored.records.push(record.map_err(|damage| damaged(&damage))?);
        stored.is_snapshot = false;
    }
    Ok(stored)
}

/// Returns the error that says what is damaged.
pub(crate) fn damaged(damage: &Damage) -> StoreError {
    StoreError::Corrupt { what: damage.to_string(), reason: "it is not what was written".into() }
}

/// Visits records of the tail from batch `first` on. Batches whose executions are unknown are not in it.
fn each_in_tail(
    db: &Connection,
    first: i64,
    is_wanted: impl Fn(&Entry) -> bool,
    mut visit: impl FnMut(Entry, Result<&str, Damage>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(include_str!("../queries/batches.sql"))?;
    let mut rows = statement.query([first])?;
    while let Some(row) = rows.next()? {
        let place = Place { worker: row.get(0)?, sequence: row.get(1)? };
        let Ok(entries) = batch::entries(place, row.get_ref(2)?.as_blob()?) else { continue };
        let wanted =
            batch::records(&entries, row.get_ref(3)?.as_blob()?).filter(|(entry, _)| is_wanted(entry));
        each_record(db, wanted, &mut visit)?;
    }
    Ok(())
}

/// Visits records of a batch with their texts, wherever these are.
pub(crate) fn each_record<'a>(
    db: &Connection,
    records: impl Iterator<Item = (Entry, Option<&'a [u8]>)>,
    mut visit: impl FnMut(Entry, Result<&str, Damage>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    for (entry, here) in records {
        if entry.is_apart() {
            let text = long_records::read(db, entry.execution, entry.seq)?;
            visit(entry, entry.checked(text.as_deref().map(str::as_bytes)))?;
        } else {
            visit(entry, entry.checked(here))?;
        }
    }
    Ok(())
}

/// Visits the events of those executions that have records in the tail from batch `first` on.
pub(crate) fn events_in_tail(
    db: &Connection,
    first: i64,
    mut visit: impl FnMut(ExecutionId, Event),
) -> rusqlite::Result<()> {
    each_in_tail(
        db,
        first,
        |_| true,
        |Entry { execution, seq, .. }, record| {
            let record = record.map_err(|damage| damage.to_string());
            match record
                .and_then(|text| serde_json::from_str::<Record>(text).map_err(|error| error.to_string()))
            {
                Ok(record) => record.2.into_iter().for_each(|event| visit(execution, event)),
                Err(error) => {
                    tracing::error!(execution.id = %execution, seq, error, "a record in the tail is not readable");
                }
            }
            Ok(())
        },
    )
}

/// Returns whose an execution is, by its first record.
pub(crate) fn tenant_of(stored: &Stored) -> Option<TenantId> {
    let first: Record = serde_json::from_str(stored.records.first()?).ok()?;
    match first.2.into_iter().next() {
        Some(Event::Accepted(accepted)) => Some(accepted.tenant),
        _ => None,
    }
}
