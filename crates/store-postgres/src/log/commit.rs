//! The write path: a batch is one transaction, sent whole.
//!
//! What must be known first (whether a key is new, whether an input is still there) is asked in the same transaction, by batches that
//! need it; the others wait for the database once.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use steadflow_core::ids::ExecutionId;
use steadflow_store::batch::{Batch, Place};
use steadflow_store::{Commit, Committed, ExecutionRow, StoreError, Worker};
use tokio::time::{Instant, timeout};
use tokio_postgres::Client;
use uuid::Uuid;

use super::driven::{Changes, Driven, Lessee};
use super::plan::{self, Known, Plan};
use super::{inbox, leases, long_records, lost, session_changes};
use crate::columns::get;
use crate::connect::{Pool, PostgresOptions};
use crate::counters;
use crate::error::{Error, Result};
use crate::row::{self, Hold};
use crate::session::TRIES;
use crate::statement_cache::{CachingConnection, QueryCached};
use crate::value::{int, params};
use crate::{PostgresStore, within};

/// How long a batch is tried while the database is away.
const RECONNECTS_FOR: Duration = Duration::from_secs(15);
/// How long the database may say nothing before a connection is given up. Nobody may have closed it.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// How long to wait before another try.
const PAUSE: Duration = Duration::from_millis(100);
/// What the row of a batch has that was not written; one that was written and has no record has none.
const NOT_WRITTEN: &[u8] = b"not written";
/// How many workers add to counters in lanes of their own, and how many each of them has; lane 0 is nobody's.
const WORKERS: u64 = 16;
const LANES_EACH: i64 = 2_000;
/// How many batches use a lane: as many old versions of its rows there can be.
const BATCHES_A_LANE: i64 = 64;

/// Why a batch was not written in one try.
enum Failed {
    /// Nothing was written.
    NotWritten(Error),
    /// The connection broke, and it is unknown whether it was.
    Unknown(Error, Box<Written>),
}

impl<E: Into<Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::NotWritten(error.into())
    }
}

/// What is true once a batch is written.
struct Written {
    answers: Vec<Committed>,
    tips: Changes,
    trimmed: Option<i64>,
    /// Executions that begin in it.
    accepted: Vec<ExecutionId>,
}

impl PostgresStore {
    /// See [`steadflow_store::Log::commit`].
    pub(super) async fn commit_batch(&self, worker: Worker, batch: Vec<Commit>) -> Result<Vec<Committed>> {
        Ok(self.own(worker)?.commit(&self.writer, batch).await?)
    }
}

/// What commits go through.
#[derive(Debug)]
pub(crate) struct Writer {
    options: PostgresOptions,
    /// It is closed with the store.
    pool: Pool,
}

impl Writer {
    pub(crate) const fn new(options: PostgresOptions, pool: Pool) -> Self {
        Self { options, pool }
    }

    /// Writes commits in one transaction.
    pub(super) async fn commit(&self, driven: &mut Driven, batch: &[Commit]) -> Result<Vec<Committed>> {
        let (until, mut tries) = (Instant::now() + RECONNECTS_FOR, 0);
        loop {
            tries += 1;
            let error = match self.try_commit(driven, batch).await {
                Ok(written) => return Ok(driven.done(written)),
                Err(Failed::NotWritten(error)) => error,
                Err(Failed::Unknown(error, written)) => match self.settle(driven, until).await? {
                    true => return Ok(driven.done(*written)),
                    false => error,
                },
            };
            let is_refuted = self.pool.direct.is_refuted_by(&error);
            let may_try_again = match error.is_conflict() {
                true => tries < TRIES,
                false => is_refuted || !error.is_certain() && Instant::now() < until,
            };
            if !may_try_again {
                return Err(error);
            }
            tracing::warn!(error = ?error, "a batch was not written and is tried again");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn try_commit(
        &self,
        driven: &mut Driven,
        batch: &[Commit],
    ) -> std::result::Result<Written, Failed> {
        self.connect_writer(driven).await?;
        let Some(db) = driven.connection.take_if(|db| !db.is_closed()) else {
            return Err(Failed::NotWritten(Error::Pool("the connection has been closed".into())));
        };
        answered(db.prepare()).await??;
        let done = write(&db, driven, batch).await;
        // A transaction that is still open ends with its connection.
        if done.is_ok() || answered(rolled_back(&db)).await.is_ok_and(|rolled_back| rolled_back) {
            driven.connection = Some(db);
        }
        done
    }

    async fn connect_writer(&self, driven: &mut Driven) -> Result<()> {
        if self.pool.is_closed() {
            return Err(StoreError::Closed.into());
        }
        if driven.may_have_claimed {
            return Err(StoreError::Fenced.into());
        }
        if driven.connection.as_ref().is_none_or(|db| db.is_closed()) {
            let connected = self.options.connect().await.map_err(|error| Error::Pool(error.into()))?;
            if within(lost::look(&connected, driven)).await? {
                return Err(StoreError::Fenced.into());
            }
            driven.connection = Some(CachingConnection::new(connected, self.pool.direct.clone()));
        }
        Ok(())
    }

    /// Finds out whether the next batch was written. Its row in the tail says so. If there is none, one is written that says that it
    /// was not: what is still on its way to the database finds its place taken, because that row stays as long as the worker does.
    async fn settle(&self, driven: &mut Driven, until: Instant) -> Result<bool> {
        loop {
            let asked: BoxFuture<'_, Result<_>> = Box::pin(async {
                self.connect_writer(driven).await?;
                let Some(db) = &driven.connection else { return Err(StoreError::Closed.into()) };
                answered(was_written(db, driven.lessee, driven.next())).await?
            });
            match asked.await {
                Ok(true) => return Ok(true),
                Ok(false) => {
                    driven.skip();
                    return Ok(false);
                }
                Err(error) if matches!(error, Error::Store(StoreError::Fenced)) => return Err(error),
                Err(error) if Instant::now() < until => {
                    tracing::warn!(error = ?error, "the outcome of a batch is unknown; the database is asked again");
                    driven.connection = None;
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => {
                    let source = error.of("commit").into();
                    return Err(StoreError::Unknown { call: "commit", source }.into());
                }
            }
        }
    }
}

/// Returns whether a batch was written, and takes its place if it was not. Asked again, it says the same.
async fn was_written(db: &Client, worker: Lessee, place: Place) -> Result<bool> {
    let mut nothing = Batch::default();
    let (entries, _) = nothing.seal(place);
    let Lessee { epoch, incarnation } = worker;
    let sql = "WITH held AS (
            SELECT epoch FROM workers WHERE epoch = $1 AND incarnation = $2 AND NOT is_fenced FOR NO KEY UPDATE
        )
        INSERT INTO tail (worker, sequence, entries, records) SELECT epoch, $3, $4, $5 FROM held
        ON CONFLICT (worker, sequence) DO NOTHING";
    db.execute_typed(sql, params![int(epoch), incarnation, place.sequence, entries, NOT_WRITTEN]).await?;
    // By a statement of its own, which sees what was written until now. Without a row, the worker was fenced, or is another one's of the
    // same epoch.
    let sql = "SELECT entries = $3 AND records = $4 FROM tail
        WHERE worker = $1 AND sequence = $2
            AND EXISTS (SELECT 1 FROM workers WHERE epoch = $1 AND incarnation = $5)";
    let row = db
        .query_typed_opt(sql, params![int(epoch), place.sequence, entries, NOT_WRITTEN, incarnation])
        .await?;
    let Some(row) = row else { return Err(StoreError::Fenced.into()) };
    get(&row, 0).map(|is_taken: bool| !is_taken)
}

impl Driven {
    fn done(&mut self, written: Written) -> Vec<Committed> {
        self.committed(written.tips, written.trimmed);
        self.accepted.add(written.accepted);
        written.answers
    }
}

async fn rolled_back(db: &CachingConnection) -> bool {
    !db.is_closed() && db.batch_execute("ROLLBACK").await.is_ok()
}

/// Waits for what the database says, but not for ever: it may have gone without closing the connection.
async fn answered<T>(asked: impl Future<Output = T>) -> Result<T> {
    timeout(SILENCE_MAX, asked).await.map_err(|_| Error::Silence(SILENCE_MAX))
}

/// Writes a batch, or nothing.
async fn write(
    db: &CachingConnection,
    driven: &mut Driven,
    batch: &[Commit],
) -> std::result::Result<Written, Failed> {
    let has_begun = plan::asks(driven, batch);
    let mut known = if has_begun {
        answered(begin_fenced(db, driven)).await??;
        answered(Known::ask(db, driven, batch)).await??
    } else {
        Known::default()
    };
    let mut plan = Plan::new(driven, &mut known);
    let answers = match batch.iter().map(|commit| plan.add(commit)).collect::<Result<Vec<_>>>() {
        Ok(answers) => answers,
        Err(refused) => {
            // A lost lease matters more than a wrong commit.
            answered(leases::hold(db, driven.lessee)).await??;
            return Err(refused.into());
        }
    };
    let (written, results) = send(db, driven, plan, answers, has_begun).await?;
    // Without a transaction around them, what came after may have been written one by one: if not all of it was, only the tail says
    // what is true, as for a worker that is no more.
    let has_failed_to_begin = !has_begun && results.len() > 1 && results[0].is_err();
    if has_failed_to_begin
        && results[0].as_ref().is_err_and(Error::is_certain)
        && results[1..].iter().any(Result::is_err)
    {
        return Err(Failed::NotWritten(StoreError::Fenced.into()));
    }
    match results.into_iter().find_map(Result::err) {
        None => Ok(written),
        Some(error) if error.is_certain() && !has_failed_to_begin => Err(Failed::NotWritten(error)),
        Some(error) => Err(Failed::Unknown(error, Box::new(written))),
    }
}

/// Sends all statements of a batch, and then waits for what the database says to each.
async fn send(
    db: &CachingConnection,
    driven: &Driven,
    plan: Plan<'_>,
    answers: Vec<Committed>,
    has_begun: bool,
) -> Result<(Written, Vec<Result<()>>)> {
    for (execution, changes) in &plan.sessions {
        answered(session_changes::change(db, *execution, changes)).await??;
    }
    let Plan { tips, mut tail, place, rows, journals, long, takes, sends, ended, accepted, .. } = plan;
    let (entries, records) = tail.seal(place);
    let rows: Vec<(&ExecutionRow, Hold)> = rows.into_values().collect();
    let trimmed = driven.surplus();
    let worker = driven.lessee;
    let mut statements = Statements::default();
    statements.add(has_begun, append(db, place, entries, records));
    statements.add(!has_begun, fence_and_append(db, worker, place, entries, records));
    statements.add(!rows.is_empty(), row::write(db, &rows, driven.format));
    statements.add(!journals.is_empty(), write_journals(db, &journals));
    statements.add(!long.is_empty(), long_records::write(db, &long));
    statements.add(!takes.is_empty(), inbox::delete(db, &takes));
    statements.add(!sends.is_empty(), inbox::send_all(db, &sends));
    if let Some(trimmed) = trimmed.clone() {
        statements.add(true, trim(db, worker.epoch, trimmed));
    }
    // Behind the tail, as where executions are deleted: two that lock both do so in one order.
    statements.add(!ended.is_empty(), counters::write(db, lane(place), &ended));
    let sent = answered(statements.send(db, has_begun)).await;
    let results = sent.unwrap_or_else(|silence| vec![Err(silence)]);
    let trimmed = trimmed.map(|trimmed| trimmed.end);
    Ok((Written { answers, tips, trimmed, accepted }, results))
}

/// Statements that are sent one behind the other.
#[derive(Default)]
struct Statements<'a>(Vec<BoxFuture<'a, Result<()>>>);

impl<'a> Statements<'a> {
    fn add(&mut self, is_needed: bool, statement: impl Future<Output = Result<()>> + Send + 'a) {
        if is_needed {
            self.0.push(Box::pin(statement));
        }
    }

    /// Sends them as one transaction. Returns what came of each, also of its begin and its commit; one statement is a transaction of
    /// its own.
    async fn send(mut self, db: &'a CachingConnection, has_begun: bool) -> Vec<Result<()>> {
        if !has_begun && self.0.len() == 1 {
            return join_all(self.0).await;
        }
        if !has_begun && db.may_be_pooled() {
            // A pooler can refuse the begin alone, and what came after it would be written one by one.
            if let Err(refused) = db.begin().await {
                return vec![Err(refused)];
            }
        } else if !has_begun {
            self.0.insert(0, Box::pin(db.begin()));
        }
        self.add(true, async { Ok(db.batch_execute("COMMIT").await?) });
        join_all(self.0).await
    }
}

/// The lane of the counters to which a batch adds.
fn lane(place: Place) -> i16 {
    let worker = int(place.worker % WORKERS);
    let lane = 1 + worker * LANES_EACH + place.sequence / BATCHES_A_LANE % LANES_EACH;
    i16::try_from(lane).unwrap_or(i16::MAX)
}

/// Begins a transaction, and keeps the worker from being fenced until it ends. One is waited for before the other is sent.
async fn begin_fenced(db: &CachingConnection, driven: &Driven) -> Result<()> {
    db.begin().await?;
    fence(db, driven.lessee).await
}

/// Keeps the worker from being fenced until the transaction ends, which fails where it is already.
///
/// The row is locked and not changed: where somebody leaves a transaction open, old versions of rows stay, and a row that each commit
/// changes has more and more of them.
pub(super) async fn fence(db: &impl QueryCached, worker: Lessee) -> Result<()> {
    let sql = "SELECT 1 / count(*) FROM (
            SELECT 1 FROM workers WHERE epoch = $1 AND incarnation = $2 AND NOT is_fenced FOR NO KEY UPDATE
        ) AS held";
    db.query_cached(sql, params![int(worker.epoch), worker.incarnation]).await?;
    Ok(())
}

/// As [`fence`], and as [`append`].
async fn fence_and_append(
    db: &impl QueryCached,
    worker: Lessee,
    place: Place,
    entries: &[u8],
    records: &[u8],
) -> Result<()> {
    let sql = "WITH held AS (
            SELECT epoch FROM workers WHERE epoch = $1 AND incarnation = $2 AND NOT is_fenced FOR NO KEY UPDATE
        ), appended AS (
            INSERT INTO tail (worker, sequence, entries, records) SELECT epoch, $3, $4, $5 FROM held
            WHERE $3 = 1 OR EXISTS (SELECT 1 FROM tail WHERE worker = $1 AND sequence = $3 - 1)
            ON CONFLICT (worker, sequence) DO NOTHING RETURNING 1
        )
        SELECT 1 / count(*) FROM appended";
    let Lessee { epoch, incarnation } = worker;
    db.query_cached(sql, params![int(epoch), incarnation, place.sequence, entries, records]).await?;
    Ok(())
}

async fn write_journals(db: &impl QueryCached, journals: &HashMap<ExecutionId, (u64, &str)>) -> Result<()> {
    let mut sorted: Vec<_> = journals.iter().collect();
    sorted.sort_unstable_by_key(|(execution, _)| **execution);
    let executions: Vec<Uuid> = sorted.iter().map(|(execution, _)| execution.uuid()).collect();
    let seqs: Vec<i64> = sorted.iter().map(|(_, (seq, _))| int(*seq)).collect();
    let texts: Vec<&str> = sorted.iter().map(|(_, (_, text))| *text).collect();
    let sql = "INSERT INTO journals (execution, seq, records) SELECT * FROM UNNEST($1, $2, $3)
        ON CONFLICT (execution) DO UPDATE SET seq = excluded.seq, records = excluded.records";
    db.query_cached(sql, params![executions, seqs, texts]).await?;
    Ok(())
}

/// Adds a batch to the tail, which fails if its place is taken, or if the batch before is not there: a database that has gone back in
/// time lacks it.
pub(super) async fn append(
    db: &impl QueryCached,
    place: Place,
    entries: &[u8],
    records: &[u8],
) -> Result<()> {
    let sql = "WITH appended AS (
            INSERT INTO tail (worker, sequence, entries, records) SELECT $1, $2, $3, $4
            WHERE $2 = 1 OR EXISTS (SELECT 1 FROM tail WHERE worker = $1 AND sequence = $2 - 1)
            ON CONFLICT (worker, sequence) DO NOTHING RETURNING 1
        )
        SELECT 1 / count(*) FROM appended";
    db.query_cached(sql, params![int(place.worker), place.sequence, entries, records]).await?;
    Ok(())
}

/// Deletes batches that nothing needs any more. Where they begin, too, is said: below may be many that were deleted and are still there.
/// The place of one that was not written stays taken: it may still be on its way.
async fn trim(db: &impl QueryCached, epoch: u64, batches: Range<i64>) -> Result<()> {
    let sql = "DELETE FROM tail WHERE worker = $1 AND sequence >= $2 AND sequence < $3 AND records <> $4";
    db.query_cached(sql, params![int(epoch), batches.start, batches.end, NOT_WRITTEN]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use steadflow_core::timestamp::Timestamp;
    use steadflow_store::Log;

    use super::*;
    use crate::testing;

    async fn registered() -> (PostgresStore, Worker) {
        let store = testing::store().await;
        let (now, ttl) = (Timestamp::from_micros(0), Duration::from_secs(60));
        let worker = store.register("worker".into(), now, ttl).await.unwrap();
        (store, worker)
    }

    #[tokio::test]
    async fn the_outcome_of_a_batch_is_the_same_each_time_it_is_asked_for() {
        let (store, worker) = registered().await;
        let own = store.own(worker).unwrap();
        let mut driven = own.driven.lock().await;
        store.writer.connect_writer(&mut driven).await.unwrap();
        let soon = Instant::now() + Duration::from_secs(5);

        for is_written in [false, true, false] {
            let place = driven.next();
            let mut batch = Batch::default();
            let (entries, records) = batch.seal(place);
            let db = driven.connection.as_ref().unwrap();
            if is_written {
                fence_and_append(db, driven.lessee, place, entries, records).await.unwrap();
            }
            for _ in 0..3 {
                // As if the answer had been lost.
                assert_eq!(was_written(db, driven.lessee, place).await.unwrap(), is_written);
            }
            let late = fence_and_append(db, driven.lessee, place, entries, records).await;
            assert!(late.is_err(), "what was still on its way does not fit any more");
            assert_eq!(store.writer.settle(&mut driven, soon).await.unwrap(), is_written);
            if is_written {
                driven.committed(Changes::new(), None);
            }
            assert_eq!(driven.next().sequence, place.sequence + 1);
        }
    }

    /// Adds a batch without a record.
    async fn add(db: &impl QueryCached, worker: Lessee, sequence: i64) -> Result<()> {
        let place = Place { worker: worker.epoch, sequence };
        let mut batch = Batch::default();
        let (entries, records) = batch.seal(place);
        fence_and_append(db, worker, place, entries, records).await
    }

    #[tokio::test]
    async fn a_batch_that_comes_late_or_behind_a_gap_does_not_fit() {
        let (store, worker) = registered().await;
        let own = store.own(worker).unwrap();
        let mut driven = own.driven.lock().await;
        store.writer.connect_writer(&mut driven).await.unwrap();
        let (db, lessee) = (driven.connection.as_ref().unwrap(), driven.lessee);
        let second = Place { worker: lessee.epoch, sequence: 2 };

        add(db, lessee, 1).await.unwrap();
        assert!(!was_written(db, lessee, second).await.unwrap());
        for sequence in 3..70 {
            add(db, lessee, sequence).await.unwrap();
        }
        trim(db, lessee.epoch, 1..69).await.unwrap();

        assert!(add(db, lessee, 2).await.is_err(), "its place stays taken");
        assert!(add(db, lessee, 5).await.is_err(), "what came before it is deleted");
        assert!(add(db, lessee, 71).await.is_err(), "batch 70 is missing");
        let stranger = Lessee { incarnation: Uuid::from_u128(9), ..lessee };
        let asked = was_written(db, stranger, Place { sequence: 69, ..second }).await;
        assert!(matches!(asked, Err(Error::Store(StoreError::Fenced))), "it is another one's: {asked:?}");
        add(db, lessee, 70).await.unwrap();
    }

    #[tokio::test]
    async fn who_may_have_claimed_something_unknown_writes_nothing_more() {
        let (store, worker) = registered().await;
        store.own(worker).unwrap().driven.lock().await.may_have_claimed = true;

        let refused = store.commit(worker, Vec::new()).await;

        assert!(matches!(refused, Err(StoreError::Fenced)), "{refused:?}");
    }
}
