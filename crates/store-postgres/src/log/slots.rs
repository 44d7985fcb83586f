//! Which executions hold a slot of their flow.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use steadflow_core::event::Event;
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_store::batch::{Damage, Entry};
use steadflow_store::{SlotClaim, SlotHolder, SlotsOf, TakenSlots, Waiting};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::journal;
use super::long_records::LongRecords;
use crate::PostgresStore;
use crate::columns::{execution_id, flow_id, get, number, queue_place, readable};
use crate::error::Result;
use crate::session::{session, transaction};
use crate::statement_cache::{CachingConnection, QueryCached};
use crate::value::{params, rows_max};

/// A flow and a value of its key, of which executions hold slots.
type Slot = (FlowId, Option<Arc<str>>);

/// How many executions hold a slot, by flow and key.
#[derive(Default)]
pub(super) struct Taken(BTreeMap<Slot, u32>);

impl Taken {
    /// Counts those of the flows of which a slot is claimed. Until the transaction ends, no other one starts an execution of these.
    pub(super) async fn lock(
        db: &CachingConnection,
        claims: impl Iterator<Item = &SlotClaim>,
    ) -> Result<Self> {
        let flows: BTreeSet<Uuid> = claims.map(|claim| claim.flow.uuid()).collect();
        if flows.is_empty() {
            return Ok(Self::default());
        }
        let flows: Vec<Uuid> = flows.into_iter().collect();
        // Rows of their own: who edits or deletes a flow keeps nobody waiting.
        let insert = "INSERT INTO flow_slots (flow) SELECT * FROM UNNEST($1) ON CONFLICT (flow) DO NOTHING";
        db.query_cached(insert, params![flows]).await?;
        let lock = "SELECT 1 FROM flow_slots WHERE flow = ANY($1) ORDER BY flow FOR UPDATE";
        db.query_cached(lock, params![flows]).await?;
        // One is written with each start; only those that a move brought may not show theirs yet.
        let sql = "SELECT flow, queue, count(*) FROM executions
            WHERE completed_at IS NULL AND started_at IS NOT NULL AND NOT shares_slot AND flow = ANY($1)
            GROUP BY flow, queue";
        let mut taken = counted(&db.query_cached(sql, params![flows]).await?)?;
        // These are no worker's.
        let moved = db.query_cached("SELECT entry, record FROM orphan_records WHERE worker = 0", &[]).await?;
        if !moved.is_empty() {
            let records = moved.iter().map(journal::orphan).collect::<Result<_>>()?;
            add_started(db, records, &mut taken).await?;
        }
        Ok(Self(taken))
    }

    /// Returns how many hold a slot of the flow that is claimed, and how many of these have the same key.
    pub(super) fn of(&self, claim: &SlotClaim) -> SlotsOf {
        let of_flow = self.0.range((claim.flow, None)..).take_while(|((flow, _), _)| *flow == claim.flow);
        let key = self.0.get(&(claim.flow, claim.key.clone())).copied().unwrap_or_default();
        SlotsOf { flow: of_flow.map(|(_, taken)| taken).sum(), key }
    }

    /// Notes that a claimed slot is taken.
    pub(super) fn take(&mut self, claim: &SlotClaim) {
        *self.0.entry((claim.flow, claim.key.clone())).or_default() += 1;
    }
}

impl PostgresStore {
    /// See [`steadflow_store::Log::slots`]. A row may be behind the tail, so the tail is asked, too.
    pub(super) async fn taken_slots(
        &self,
        after: Option<TakenSlots>,
        limit: usize,
    ) -> Result<Vec<TakenSlots>> {
        let slots = transaction!(&self.pool, snapshot, |db| {
            let mut slots = started_by_rows(db).await?;
            let mut records = Vec::new();
            journal::each_in_tails(db, |entry, record| records.push((entry, record))).await?;
            add_started(db, records, &mut slots).await?;
            Ok(slots)
        })?;
        let all = slots.into_iter().map(|((flow, key), taken)| TakenSlots { flow, key, taken });
        let is_rest = |slots: &TakenSlots| {
            after.as_ref().is_none_or(|after| (slots.flow, &slots.key) > (after.flow, &after.key))
        };
        Ok(all.filter(is_rest).take(limit).collect())
    }
}

impl PostgresStore {
    /// See [`steadflow_store::Log::waiting`].
    pub(super) async fn waiting_executions(&self, limit: usize) -> Result<Waiting> {
        let queued = self.queued_executions(None, limit).await?;
        let sql = "SELECT flow, queue, id FROM executions
            WHERE completed_at IS NULL AND started_at IS NOT NULL AND NOT shares_slot AND flow IN (
                SELECT flow FROM executions WHERE status <> 'completed' AND status = 'pending'
            ) ORDER BY id LIMIT $1";
        let rows = session(&self.pool).await?.query_typed(sql, params![rows_max(limit)]).await?;
        let holder = |row| {
            let (flow, key) = slot(row, 0)?;
            Ok(SlotHolder { execution: execution_id(row, 2)?, flow, key })
        };
        let holders = rows.iter().filter_map(|row| readable(holder(row))).collect::<Result<_>>()?;
        Ok(Waiting { queued, holders })
    }
}

async fn started_by_rows(db: &Client) -> Result<BTreeMap<Slot, u32>> {
    let sql = "SELECT flow, queue, count(*) FROM executions
        WHERE completed_at IS NULL AND started_at IS NOT NULL AND NOT shares_slot GROUP BY flow, queue";
    counted(&db.query_typed(sql, &[]).await?)
}

/// Adds up rows of a flow, a place in its queue, and a number.
fn counted(rows: &[Row]) -> Result<BTreeMap<Slot, u32>> {
    let mut slots = BTreeMap::new();
    for row in rows {
        if let Some(slot) = readable(slot(row, 0)).transpose()? {
            *slots.entry(slot).or_default() += number::<u32>(row, 2)?;
        }
    }
    Ok(slots)
}

/// Reads a slot from two columns, of which `column` is the first.
fn slot(row: &Row, column: usize) -> Result<Slot> {
    Ok((flow_id(row, column)?, queue_place(row, column + 1)?.and_then(|place| place.key)))
}

/// A record of a tail, or why it is not readable.
type Tailed = (Entry, std::result::Result<Arc<str>, Damage>);

/// Adds the executions whose start only these records of tails know.
async fn add_started(db: &Client, records: Vec<Tailed>, slots: &mut BTreeMap<Slot, u32>) -> Result<()> {
    let (mut accepted, started) = events_of(db, records).await?;
    let ids: Vec<Uuid> = started.iter().map(|id| id.uuid()).collect();
    let sql = "SELECT id, flow, queue, started_at IS NULL AND completed_at IS NULL AND NOT shares_slot
        FROM executions WHERE id = ANY($1)";
    for row in db.query_typed(sql, params![ids]).await? {
        let id = execution_id(&row, 0)?;
        accepted.remove(&id);
        if get(&row, 3)?
            && let Some(slot) = readable(slot(&row, 1)).transpose()?
        {
            accepted.insert(id, slot);
        }
    }
    for slot in started.iter().filter_map(|id| accepted.get(id)) {
        *slots.entry(slot.clone()).or_default() += 1;
    }
    Ok(())
}

/// Returns which executions were accepted in these records and take a slot, and which were started there.
async fn events_of(
    db: &Client,
    records: Vec<Tailed>,
) -> Result<(HashMap<ExecutionId, Slot>, HashSet<ExecutionId>)> {
    let apart: HashSet<Uuid> = records
        .iter()
        .filter(|(entry, _)| entry.is_apart())
        .map(|(entry, _)| entry.execution.uuid())
        .collect();
    let long = LongRecords::read(db, &apart.into_iter().collect::<Vec<_>>()).await?;
    let (mut accepted, mut started) = (HashMap::new(), HashSet::new());
    for (entry, record) in records {
        let id = entry.execution;
        let text = if entry.is_apart() { long.get(id, entry.seq) } else { record.ok() };
        let events = text.and_then(|text| journal::events(&text)).unwrap_or_else(|| {
            tracing::error!(execution.id = %id, entry.seq, "a record in the tail is not readable");
            Vec::new()
        });
        for event in events {
            if matches!(event, Event::Started) {
                started.insert(id);
            } else if let Event::Accepted(of) = event
                && of.takes_slot()
            {
                accepted.insert(id, (of.flow, of.queue.and_then(|place| place.key)));
            }
        }
    }
    Ok((accepted, started))
}
