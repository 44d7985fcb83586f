//! What a worker finds when it starts, and the executions that wait.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rusqlite::{Connection, Row};
use steadflow_core::event::Event;
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{QueuedExecution, StoreError, Stored, TakenSlots, Worker};

use crate::columns::{self, blob, execution_id, flow_id, queue_place, rows_max, tenant_id, timestamp};
use crate::error::store_error;
use crate::writer::Writer;

use super::tips::{StoredTip, Tip};
use super::{journal, leases};

/// See [`steadflow_store::Log::recover`].
pub(crate) fn recover(
    writer: &mut Writer,
    worker: Worker,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Stored>, StoreError> {
    const CALL: &str = "recover";
    writer.check_lease(CALL, worker.epoch)?;
    leases::fence(&writer.db, now, Some(worker)).map_err(|error| store_error(CALL, error))?;
    let found = orphans(writer, limit).map_err(|error| store_error(CALL, error))?;
    for (id, tip) in &found {
        if let Some(number) = tip.row {
            own(&writer.db, number, worker).map_err(|error| store_error(CALL, error))?;
        }
        writer.tips.set(*id, Some(Tip { owner: worker.epoch, ..*tip }));
    }
    let first = found.iter().filter_map(|(_, tip)| tip.first).min().unwrap_or(i64::MAX);
    let stored = journal::stored(&writer.db, CALL, found.into_iter().map(|(id, _)| id), first)?;
    Ok(stored.into_iter().filter_map(readable).collect())
}

/// Passes over what is damaged, and says so: others must not wait for it.
fn readable(stored: Result<Stored, StoreError>) -> Option<Stored> {
    stored
        .inspect_err(|error| {
            tracing::error!(error = %error, "an execution is driven no further: run `steadflow doctor`");
        })
        .ok()
}

/// Returns the oldest executions whose owner has no lease.
fn orphans(writer: &Writer, limit: usize) -> rusqlite::Result<Vec<(ExecutionId, Tip)>> {
    let alive = living(&writer.db)?;
    let is_orphan =
        |(id, tip): &(ExecutionId, Tip)| !alive.contains(&tip.owner) && !writer.tips.is_damaged(*id);
    let mut found: Vec<_> = writer.tips.all().filter(is_orphan).collect();
    found.sort_unstable_by_key(|(id, _)| *id);
    found.truncate(limit);
    Ok(found)
}

/// See [`steadflow_store::Log::take`].
pub(crate) fn take(
    writer: &mut Writer,
    worker: Worker,
    id: ExecutionId,
) -> Result<Option<Stored>, StoreError> {
    const CALL: &str = "take";
    writer.check_lease(CALL, worker.epoch)?;
    let first = match writer.tips.tip(id) {
        Some(tip) if tip.owner == worker.epoch => tip.first,
        Some(_) => return Ok(None),
        None => {
            let stored = StoredTip::read(&writer.db, id).map_err(|error| store_error(CALL, error))?;
            if !stored.is_parked {
                return Ok(None);
            }
            if let Some(number) = stored.tip.row {
                own(&writer.db, number, worker).map_err(|error| store_error(CALL, error))?;
            }
            writer.tips.set(id, Some(Tip { owner: worker.epoch, ..stored.tip }));
            None
        }
    };
    let stored = journal::stored(&writer.db, CALL, [id], first.unwrap_or(i64::MAX))?;
    stored.into_iter().next().transpose()
}

/// See [`steadflow_store::Log::due`].
pub(crate) fn due(
    db: &Connection,
    after: Option<(Timestamp, ExecutionId)>,
    until: Timestamp,
    limit: usize,
) -> rusqlite::Result<Vec<(Timestamp, ExecutionId)>> {
    let mut statement = db.prepare_cached(include_str!("../queries/due.sql"))?;
    let (after, last) = after.map_or((i64::MIN, [0; 16]), |(at, id)| (at.as_micros(), blob(id.uuid())));
    let parameters = (until.as_micros(), after, last, rows_max(limit));
    let rows = statement.query_map(parameters, |row| Ok((timestamp(row, 0)?, execution_id(row, 1)?)))?;
    rows.filter_map(columns::readable).collect()
}

/// See [`steadflow_store::Log::queued`].
pub(crate) fn queued(
    db: &Connection,
    after: Option<QueuedExecution>,
    limit: usize,
) -> rusqlite::Result<Vec<QueuedExecution>> {
    let mut statement = db.prepare_cached(include_str!("../queries/queued.sql"))?;
    let parameters = (
        after.as_ref().map(|after| after.accepted_at.as_micros()),
        after.as_ref().map(|after| blob(after.execution.uuid())),
        rows_max(limit),
    );
    let rows = statement.query_map(parameters, |row| {
        Ok(QueuedExecution {
            accepted_at: timestamp(row, 0)?,
            execution: execution_id(row, 1)?,
            flow: flow_id(row, 2)?,
            shares_slot: row.get::<_, Option<bool>>(3)?.unwrap_or(false),
            queue: queue_place(row, 4)?,
            tenant: tenant_id(row, 5)?,
        })
    })?;
    rows.filter_map(columns::readable).collect()
}

/// A flow and a value of its key, of which executions hold slots.
type Slot = (FlowId, Option<Arc<str>>);

/// See [`steadflow_store::Log::slots`]. A row may be behind the tail, so the tail is asked, too.
pub(crate) fn slots(
    writer: &Writer,
    after: Option<&TakenSlots>,
    limit: usize,
) -> rusqlite::Result<Vec<TakenSlots>> {
    let mut slots: BTreeMap<Slot, u32> = BTreeMap::new();
    let sql = "SELECT flow, queue, count(*) FROM executions
               WHERE completed_at IS NULL AND started_at IS NOT NULL AND shares_slot IS NULL GROUP BY flow, queue";
    let mut statement = writer.db.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(slot) = columns::readable(slot(row)).transpose()? {
            *slots.entry(slot).or_default() += row.get::<_, u32>(2)?;
        }
    }
    for (slot, started) in started_in_tail(writer)? {
        *slots.entry(slot).or_default() += started;
    }
    let all = slots.into_iter().map(|((flow, key), taken)| TakenSlots { flow, key, taken });
    let rest =
        all.filter(|slots| after.is_none_or(|after| (slots.flow, &slots.key) > (after.flow, &after.key)));
    Ok(rest.take(limit).collect())
}

fn slot(row: &Row<'_>) -> rusqlite::Result<Slot> {
    Ok((flow_id(row, 0)?, queue_place(row, 1)?.and_then(|place| place.key)))
}

/// Counts the executions whose start only the tail knows.
fn started_in_tail(writer: &Writer) -> rusqlite::Result<BTreeMap<Slot, u32>> {
    let mut slots: HashMap<ExecutionId, Slot> = HashMap::new();
    let mut started = Vec::new();
    for (id, tip) in writer.tips.all() {
        if let Some(slot) = tip.row.map(|number| slot_if_waiting(&writer.db, number)).transpose()?.flatten() {
            slots.insert(id, slot);
        }
    }
    journal::events_in_tail(&writer.db, writer.tips.low_water(), |id, event| {
        match (event, writer.tips.tip(id)) {
            (Event::Accepted(accepted), Some(Tip { row: None, .. })) if accepted.takes_slot() => {
                slots.insert(id, (accepted.flow, accepted.queue.and_then(|place| place.key)));
            }
            (Event::Started, Some(_)) => started.push(id),
            _ => {}
        }
    })?;
    let mut counts = BTreeMap::new();
    for slot in started.iter().filter_map(|id| slots.get(id)) {
        *counts.entry(slot.clone()).or_default() += 1;
    }
    Ok(counts)
}

/// Returns the slot of a row that does not say that its execution has started, if that takes one.
fn slot_if_waiting(db: &Connection, number: i64) -> rusqlite::Result<Option<Slot>> {
    let sql =
        "SELECT flow, queue, started_at IS NULL AND shares_slot IS NULL FROM executions WHERE number = ?1";
    db.prepare_cached(sql)?.query_row([number], |row| Ok(row.get::<_, bool>(2)?.then_some(slot(row)?)))
}

fn living(db: &Connection) -> rusqlite::Result<Vec<u64>> {
    db.prepare_cached("SELECT epoch FROM workers")?.query_map([], |row| row.get(0))?.collect()
}

fn own(db: &Connection, number: i64, worker: Worker) -> rusqlite::Result<()> {
    let sql = "UPDATE executions SET owner_epoch = ?2, wake_at = NULL WHERE number = ?1";
    db.prepare_cached(sql)?.execute((number, worker.epoch)).map(drop)
}
