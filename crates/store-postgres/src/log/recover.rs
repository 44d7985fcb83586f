//! Executions whose worker is gone, and those that wait.
//!
//! What a fenced worker has in its tail is first moved to `orphan_records`, a few rows at a time, by whichever worker comes to it first.
//! From there, all living workers claim executions side by side, and add their records to their own tails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::batch::{Batch, Damage, Entry};
use steadflow_store::{QueuedExecution, StoreError, Stored, Worker};
use tokio_postgres::Client;
use uuid::Uuid;

use super::driven::{Changes, Driven, Tip};
use super::journal::{self, Tail};
use super::{commit, leases};
use crate::columns::{execution_id, flow_id, get, queue_place, readable, tenant_id, timestamp};
use crate::error::{Error, Result};
use crate::session::{Transaction, session, transaction};
use crate::value::{int, params, rows_max};
use crate::{PostgresStore, within};

/// Rows of a tail that are moved at once.
const MOVED_ROWS: i64 = 64;

impl PostgresStore {
    /// See [`steadflow_store::Log::recover`].
    pub(super) async fn recover_orphans(
        &self,
        worker: Worker,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Stored>> {
        let own = self.own(worker)?;
        let now = self.moment(now);
        let fencing = async {
            transaction!(&self.pool, |db| {
                leases::hold(db, own.lessee).await?;
                leases::fence(db, now, Some(worker)).await
            })
        };
        within(fencing).await?;
        // How many steps there are depends on how much was left.
        while within(async { transaction!(&self.pool, |db| move_tail(db).await) }).await? {}
        // Commits wait from here on.
        let mut driven = own.driven.lock().await;
        loop {
            let claimed = within(self.claim(&mut driven, limit)).await?;
            if claimed.is_empty() {
                return Ok(Vec::new());
            }
            let stored: Vec<Stored> = claimed.into_iter().filter_map(said).collect();
            if !stored.is_empty() {
                return Ok(stored);
            }
        }
    }

    /// Claims some executions of workers that were fenced; those that cannot be read are claimed by nobody.
    async fn claim(
        &self,
        driven: &mut Driven,
        limit: usize,
    ) -> Result<Vec<std::result::Result<Stored, StoreError>>> {
        let tx = Transaction::begin(&self.worker_pool).await?;
        let claimed = match claim(&tx, driven, limit).await {
            Ok(claimed) => claimed,
            Err(error) => return tx.end(Err(error)).await,
        };
        let unknown = |error: Error| match error.is_certain() {
            true => error,
            false => StoreError::Unknown { call: "recover", source: error.of("recover").into() }.into(),
        };
        // It stays so if this is given up while the database says nothing.
        driven.may_have_claimed = true;
        let ended = tx.end(Ok(claimed)).await.map_err(unknown);
        driven.may_have_claimed =
            ended.as_ref().is_err_and(|error| matches!(error, Error::Store(StoreError::Unknown { .. })));
        let Claimed { tips, stored } = ended?;
        driven.committed(tips, None);
        Ok(stored)
    }

    /// See [`steadflow_store::Log::take`].
    pub(super) async fn take_parked(&self, worker: Worker, id: ExecutionId) -> Result<Option<Stored>> {
        let own = self.own(worker)?;
        let mut driven = own.driven.lock().await;
        if driven.tip(id).is_some() {
            return transaction!(&self.worker_pool, snapshot, |db| journal::find(db, id).await)
                .map(|found| found.map(|(_, stored)| stored));
        }
        let taken = transaction!(&self.worker_pool, |db| {
            leases::hold(db, own.lessee).await?;
            // It may be this worker's by a try whose outcome is unknown.
            let sql = "UPDATE executions SET owner = $2, wake_at = NULL
                WHERE id = $1 AND (owner IS NULL OR owner = $2) AND completed_at IS NULL AND format <= $3";
            let taken = db.execute_typed(sql, params![id.uuid(), int(worker.epoch), driven.format]).await?;
            if taken == 0 {
                return Ok(None);
            }
            let mut all = journal::stored(db, &[id.uuid()], BTreeMap::new()).await?;
            Ok(all.pop().transpose()?)
        })?;
        if let Some(stored) = &taken {
            let tip = Tip { seq: stored.records.len() as u64, first: None };
            driven.change(Changes::from([(id, Some(tip))]));
        }
        Ok(taken)
    }

    /// See [`steadflow_store::Log::due`].
    pub(super) async fn due_executions(
        &self,
        after: Option<(Timestamp, ExecutionId)>,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(Timestamp, ExecutionId)>> {
        let db = session(&self.pool).await?;
        let sql = "SELECT wake_at, id FROM executions
            WHERE wake_at IS NOT NULL AND wake_at < $1 AND (wake_at, id) > ($2, $3) AND format <= $5
            ORDER BY wake_at, id LIMIT $4";
        let (at, id) = after.map_or((i64::MIN, Uuid::nil()), |(at, id)| (at.as_micros(), id.uuid()));
        let until = until.as_micros();
        let rows = db.query_typed(sql, params![until, at, id, rows_max(limit), self.options.format]).await?;
        rows.iter()
            .filter_map(|row| readable(timestamp(row, 0).and_then(|at| Ok((at, execution_id(row, 1)?)))))
            .collect()
    }

    /// See [`steadflow_store::Log::queued`].
    pub(super) async fn queued_executions(
        &self,
        after: Option<QueuedExecution>,
        limit: usize,
    ) -> Result<Vec<QueuedExecution>> {
        let db = session(&self.pool).await?;
        let sql = "SELECT created_at, id, flow, shares_slot, queue, tenant FROM executions
            WHERE status <> 'completed' AND status = 'pending' AND owner IS NULL AND (created_at, id) > ($1, $2)
                AND format <= $4
            ORDER BY created_at, id LIMIT $3";
        let (at, id) = after
            .map_or((i64::MIN, Uuid::nil()), |after| (after.accepted_at.as_micros(), after.execution.uuid()));
        let rows = db.query_typed(sql, params![at, id, rows_max(limit), self.options.format]).await?;
        let queued = |row| {
            Ok(QueuedExecution {
                accepted_at: timestamp(row, 0)?,
                execution: execution_id(row, 1)?,
                flow: flow_id(row, 2)?,
                shares_slot: get(row, 3)?,
                queue: queue_place(row, 4)?,
                tenant: tenant_id(row, 5)?,
            })
        };
        rows.iter().filter_map(|row| readable(queued(row))).collect()
    }
}

/// Passes over what is damaged, and says so: others must not wait for it.
fn said(stored: std::result::Result<Stored, StoreError>) -> Option<Stored> {
    stored
        .inspect_err(|error| {
            tracing::error!(error = %error, "an execution is driven no further: run `steadflow doctor`");
        })
        .ok()
}

/// Moves some rows of the tail of a fenced worker. Returns whether there may be more to move.
async fn move_tail(db: &Client) -> Result<bool> {
    let sql = "SELECT epoch FROM workers WHERE is_fenced ORDER BY epoch LIMIT 1 FOR UPDATE SKIP LOCKED";
    let Some(row) = db.query_typed_opt(sql, &[]).await? else { return Ok(false) };
    let epoch: i64 = get(&row, 0)?;
    // Rows that cannot be read stay where they are; what was moved is larger than all of these.
    // They are locked, so that nobody takes records of executions out of them that are deleted meanwhile.
    let sql = "SELECT worker, sequence, entries, records FROM tail
        WHERE worker = $1 AND sequence > (SELECT coalesce(max(sequence), 0) FROM orphan_records WHERE worker = $1)
        ORDER BY sequence LIMIT $2 FOR UPDATE";
    let rows = db.query_typed(sql, params![epoch, MOVED_ROWS]).await?;
    let (mut moved, mut sequences) = (Moved::default(), Vec::new());
    for row in &rows {
        let sequence = get(row, 1)?;
        let is_readable =
            journal::each_of_batch(row, |entry, record| moved.add(epoch, sequence, &entry, record))?;
        if is_readable {
            sequences.push(sequence);
        } else {
            tracing::error!(
                worker = epoch,
                sequence,
                "a batch of the tail is not readable: run `steadflow doctor`"
            );
        }
    }
    moved.write(db).await?;
    let sql = "DELETE FROM tail WHERE worker = $1 AND sequence = ANY($2)";
    db.execute_typed(sql, params![epoch, sequences]).await?;
    let is_last = rows_max(rows.len()) < MOVED_ROWS || sequences.is_empty();
    if is_last {
        db.execute_typed(include_str!("../queries/orphans_of_worker.sql"), params![epoch]).await?;
        db.execute_typed(include_str!("../queries/left_by_worker.sql"), params![epoch]).await?;
        db.execute_typed("DELETE FROM workers WHERE epoch = $1", params![epoch]).await?;
    }
    Ok(true)
}

/// Rows of `orphan_records`, by column.
#[derive(Default)]
struct Moved {
    executions: Vec<Uuid>,
    seqs: Vec<i64>,
    workers: Vec<i64>,
    sequences: Vec<i64>,
    entries: Vec<Vec<u8>>,
    records: Vec<Vec<u8>>,
}

impl Moved {
    fn add(
        &mut self,
        worker: i64,
        sequence: i64,
        entry: &Entry,
        record: std::result::Result<Arc<str>, Damage>,
    ) {
        self.executions.push(entry.execution.uuid());
        self.seqs.push(int(entry.seq));
        self.workers.push(worker);
        self.sequences.push(sequence);
        self.entries.push(entry.stored().to_vec());
        // What is damaged is found damaged again, by its checksum.
        self.records.push(record.map_or_else(|_| Vec::new(), |text| text.as_bytes().to_vec()));
    }

    async fn write(self, db: &Client) -> Result<()> {
        let Self { executions, seqs, workers, sequences, entries, records } = self;
        let sql = "INSERT INTO orphan_records (execution, seq, worker, sequence, entry, record)
            SELECT * FROM UNNEST($1, $2, $3, $4, $5, $6) ON CONFLICT (execution, seq) DO NOTHING";
        db.execute_typed(sql, params![executions, seqs, workers, sequences, entries, records]).await?;
        Ok(())
    }
}

/// What a claim has brought.
struct Claimed {
    tips: Changes,
    stored: Vec<std::result::Result<Stored, StoreError>>,
}

async fn claim(db: &Client, driven: &Driven, limit: usize) -> Result<Claimed> {
    commit::fence(db, driven.lessee).await?;
    let sql = "DELETE FROM orphans WHERE execution IN (
            SELECT execution FROM orphans WHERE format <= $2 ORDER BY execution LIMIT $1 FOR UPDATE SKIP LOCKED
        ) RETURNING execution";
    let rows = db.query_typed(sql, params![rows_max(limit), driven.format]).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| get(row, 0)).collect::<Result<_>>()?;
    let ended = ended(db, &ids).await?;
    let ids: Vec<Uuid> = ids.into_iter().filter(|id| !ended.contains(id)).collect();
    let (mut tails, mut entries) = (BTreeMap::<ExecutionId, Tail>::new(), Vec::new());
    let sql = "SELECT entry, record FROM orphan_records WHERE execution = ANY($1) ORDER BY execution, seq";
    for row in db.query_typed(sql, params![ids]).await? {
        let (entry, record) = journal::orphan(&row)?;
        if let Ok(text) = &record {
            entries.push((entry, Arc::clone(text)));
        }
        tails.entry(entry.execution).or_default().insert(entry.seq, record);
    }
    let stored = journal::stored(db, &ids, tails).await?;
    own(db, driven, &ended, entries, stored).await
}

/// Makes executions the worker's: those that can be read.
async fn own(
    db: &Client,
    driven: &Driven,
    ended: &BTreeSet<Uuid>,
    entries: Vec<(Entry, Arc<str>)>,
    stored: Vec<std::result::Result<Stored, StoreError>>,
) -> Result<Claimed> {
    let place = driven.next();
    let whole: BTreeMap<ExecutionId, &Stored> =
        stored.iter().filter_map(|stored| stored.as_ref().ok()).map(|stored| (stored.id, stored)).collect();
    let mut tail = Batch::default();
    for (entry, text) in entries.iter().filter(|(entry, _)| whole.contains_key(&entry.execution)) {
        tail.add(entry, text.as_bytes());
    }
    let (entries, records) = tail.seal(place);
    commit::append(db, place, entries, records).await?;
    let ids: Vec<Uuid> = whole.keys().map(|id| id.uuid()).collect();
    let sql = "UPDATE executions SET owner = $2, wake_at = NULL WHERE id = ANY($1) AND completed_at IS NULL";
    db.execute_typed(sql, params![ids, int(driven.lessee.epoch)]).await?;
    let gone: Vec<Uuid> = ids.iter().chain(ended).copied().collect();
    db.execute_typed("DELETE FROM orphan_records WHERE execution = ANY($1)", params![gone]).await?;
    let tip = |(id, stored): (&ExecutionId, &&Stored)| {
        let first = (!stored.is_snapshot).then_some(place.sequence);
        (*id, Some(Tip { seq: stored.records.len() as u64, first }))
    };
    let tips = whole.iter().map(tip).collect();
    Ok(Claimed { tips, stored })
}

/// Returns those that have ended: a record of them may be left in a tail.
async fn ended(db: &Client, ids: &[Uuid]) -> Result<BTreeSet<Uuid>> {
    let sql = "SELECT id FROM executions WHERE id = ANY($1) AND completed_at IS NOT NULL";
    let rows = db.query_typed(sql, params![ids.to_vec()]).await?;
    rows.iter().map(|row| get(row, 0)).collect()
}
