//! An execution's records: its journal, then what the tail has above it.

use std::collections::BTreeMap;
use std::sync::Arc;

use steadflow_core::event::{Event, Record};
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_store::batch::{self, Damage, ENTRY, Entry, Place};
use steadflow_store::{StoreError, Stored, records_of};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::long_records::LongRecords;
use crate::PostgresStore;
use crate::columns::{execution_id, get, number, tenant_id};
use crate::error::{Error, Result};
use crate::session::{session, transaction};
use crate::value::params;

/// Records of an execution in the tail, by number.
pub(super) type Tail = BTreeMap<u64, std::result::Result<Arc<str>, Damage>>;

impl PostgresStore {
    /// See [`steadflow_store::History::execution`].
    pub(crate) async fn stored_execution(&self, tenant: TenantId, id: ExecutionId) -> Result<Option<Stored>> {
        let found = transaction!(&self.pool, snapshot, |db| {
            is_known(db, id, self.options.format).await?;
            find(db, id).await
        })?;
        Ok(found.filter(|(owner, _)| *owner == Some(tenant)).map(|(_, stored)| stored))
    }

    /// See [`steadflow_store::History::journal_bytes`].
    pub(crate) async fn stored_bytes(&self, id: ExecutionId) -> Result<u64> {
        let db = session(&self.pool).await?;
        // What is shorter than 1 KiB is the reference to a blob.
        let sql = "SELECT octet_length(records) + (
                SELECT coalesce(sum(CASE WHEN octet_length(record) < 1024 THEN substring(record FROM '\"bytes\":([0-9]+)')::bigint
                    ELSE octet_length(record) END), 0)::bigint FROM long_records WHERE execution = $1
            ) FROM journals WHERE execution = $1 AND EXISTS (SELECT 1 FROM executions WHERE id = $1)";
        let row = db.query_typed_opt(sql, params![id.uuid()]).await?;
        row.map_or(Ok(0), |row| number(&row, 0))
    }
}

/// Looks whether an execution can be read here.
///
/// # Errors
/// [`StoreError::Database`] if only newer versions can: another process may answer, and this one after its update.
async fn is_known(db: &Client, id: ExecutionId, format: i64) -> Result<()> {
    // A row may be behind the tail of its worker, or not be there yet.
    let sql = "SELECT greatest(executions.format, workers.format, orphans.format), executions.id IS NOT NULL
        FROM (SELECT $1 AS id) AS asked
        LEFT JOIN executions ON executions.id = asked.id
        LEFT JOIN workers ON workers.epoch = executions.owner
        LEFT JOIN orphans ON orphans.execution = asked.id";
    let row = db.query_typed_one(sql, params![id.uuid()]).await?;
    let (mut found, has_row): (Option<i64>, bool) = (get(&row, 0)?, get(&row, 1)?);
    if !has_row {
        let sql = "SELECT max(format) FROM tail JOIN workers ON epoch = worker WHERE position(uuid_send($1) IN entries) > 0";
        let row = db.query_typed_one(sql, params![id.uuid()]).await?;
        found = found.max(get(&row, 0)?);
    }
    let found = found.unwrap_or(0);
    if found <= format {
        return Ok(());
    }
    let source = format!(
        "a newer version of steadflow has driven execution {id}: its journal has format {found}, and this process reads formats up \
         to {format}; ask a process of that version, or update this one"
    );
    Err(StoreError::Database { call: "execution", source: source.into() }.into())
}

/// Returns whose an execution is, and all its records.
pub(super) async fn find(db: &Client, id: ExecutionId) -> Result<Option<(Option<TenantId>, Stored)>> {
    let sql = "SELECT tenant, completed_at IS NOT NULL FROM executions WHERE id = $1";
    let row = db.query_typed_opt(sql, params![id.uuid()]).await?;
    let (tenant, is_finished) = match &row {
        Some(row) => (Some(tenant_id(row, 0)?), get(row, 1)?),
        None => (None, false),
    };
    let tails = if is_finished { BTreeMap::new() } else { in_tails(db, id).await? };
    let mut all = stored(db, &[id.uuid()], tails).await?;
    let Some(stored) = all.pop().transpose()? else { return Ok(None) };
    Ok(Some((tenant.or_else(|| tenant_of(&stored)), stored)))
}

/// Puts journal and tail of several executions together, in the order of their ids. One without any record is not in the answer. One that
/// is not readable is an error of its own: [`StoreError::Corrupt`].
pub(super) async fn stored(
    db: &Client,
    ids: &[Uuid],
    mut tails: BTreeMap<ExecutionId, Tail>,
) -> Result<Vec<std::result::Result<Stored, StoreError>>> {
    let long = LongRecords::read(db, ids).await?;
    // One without a row has expired, and its journal is still there.
    let sql = "SELECT execution, records FROM journals WHERE execution = ANY($1)
        AND EXISTS (SELECT 1 FROM executions WHERE id = journals.execution)";
    let mut journals = BTreeMap::new();
    for row in db.query_typed(sql, params![ids.to_vec()]).await? {
        journals.insert(execution_id(&row, 0)?, get::<String>(&row, 1)?);
    }
    let mut ids: Vec<_> = ids.iter().map(|id| ExecutionId::new(*id)).collect();
    ids.sort_unstable();
    let whole = |id: ExecutionId| {
        let records = match journals.get(&id) {
            Some(journal) => records_of(id, journal, |seq| Ok(long.get(id, seq)))?,
            None => Vec::new(),
        };
        let tail = tails.remove(&id).unwrap_or_default();
        with_tail(Stored { id, records, is_snapshot: true }, with_long(id, tail, &long))
    };
    let mut all: Vec<_> = ids.into_iter().map(whole).collect();
    all.retain(|stored| stored.as_ref().map_or(true, |stored| !stored.records.is_empty()));
    Ok(all)
}

/// Looks up those records of a tail that are apart.
fn with_long(id: ExecutionId, mut tail: Tail, long: &LongRecords) -> Tail {
    for (seq, record) in &mut tail {
        if record.as_deref() == Ok("") {
            *record = long.get(id, *seq).ok_or(Damage::Record(id, *seq));
        }
    }
    tail
}

/// Adds what the journal does not cover. What it covers may still be in the tail.
fn with_tail(mut stored: Stored, tail: Tail) -> std::result::Result<Stored, StoreError> {
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

fn damaged(damage: &Damage) -> StoreError {
    StoreError::Corrupt { what: damage.to_string(), reason: "it is not what was written".into() }
}

/// Returns the records of an execution in the tails of all workers, and among those that were.
async fn in_tails(db: &Client, id: ExecutionId) -> Result<BTreeMap<ExecutionId, Tail>> {
    let mut tail = Tail::new();
    let sql =
        "SELECT worker, sequence, entries, records FROM tail WHERE position(uuid_send($1) IN entries) > 0";
    for row in db.query_typed(sql, params![id.uuid()]).await? {
        each_of_batch(&row, |entry, record| {
            if entry.execution == id {
                tail.insert(entry.seq, record);
            }
        })?;
    }
    let sql = "SELECT entry, record FROM orphan_records WHERE execution = $1";
    for row in db.query_typed(sql, params![id.uuid()]).await? {
        let (entry, record) = orphan(&row)?;
        tail.insert(entry.seq, record);
    }
    Ok(BTreeMap::from([(id, tail)]))
}

/// Visits the records in the tails of all workers, and of those that were. Returns the rows that are not readable.
pub(crate) async fn each_in_tails(
    db: &Client,
    mut visit: impl FnMut(Entry, std::result::Result<Arc<str>, Damage>),
) -> Result<Vec<(i64, i64)>> {
    let mut unreadable = Vec::new();
    for row in db.query_typed("SELECT worker, sequence, entries, records FROM tail", &[]).await? {
        if !each_of_batch(&row, &mut visit)? {
            unreadable.push((get(&row, 0)?, get(&row, 1)?));
        }
    }
    for row in db.query_typed("SELECT entry, record FROM orphan_records", &[]).await? {
        let (entry, record) = orphan(&row)?;
        visit(entry, record);
    }
    Ok(unreadable)
}

/// Visits the records of a row of the tail: worker, sequence, entries, records. Of one that is apart, the text is empty. A row whose
/// executions are unknown is passed over: `doctor` names it.
pub(super) fn each_of_batch(
    row: &Row,
    mut visit: impl FnMut(Entry, std::result::Result<Arc<str>, Damage>),
) -> Result<bool> {
    let place = Place { worker: number(row, 0)?, sequence: get(row, 1)? };
    let Ok(entries) = batch::entries(place, get(row, 2)?) else { return Ok(false) };
    for (entry, record) in batch::records(&entries, get(row, 3)?) {
        visit(entry, text(&entry, record));
    }
    Ok(true)
}

/// Reads an entry and its record from the first two columns.
pub(super) fn orphan(row: &Row) -> Result<(Entry, std::result::Result<Arc<str>, Damage>)> {
    let stored: &[u8] = get(row, 0)?;
    let stored: &[u8; ENTRY] =
        stored.try_into().map_err(|_| Error::Unreadable(format!("an entry has {ENTRY} bytes")))?;
    let entry = Entry::read(stored);
    let record = text(&entry, Some(get(row, 1)?));
    Ok((entry, record))
}

fn text(entry: &Entry, record: Option<&[u8]>) -> std::result::Result<Arc<str>, Damage> {
    if entry.is_apart() { Ok("".into()) } else { entry.checked(record).map(Arc::from) }
}

/// Returns whose an execution is, by its first record.
fn tenant_of(stored: &Stored) -> Option<TenantId> {
    match events(stored.records.first()?)?.into_iter().next() {
        Some(Event::Accepted(accepted)) => Some(accepted.tenant),
        _ => None,
    }
}

/// Returns the events of a record, if it is readable.
pub(super) fn events(record: &str) -> Option<Vec<Event>> {
    serde_json::from_str::<Record>(record).ok().map(|record| record.2)
}
