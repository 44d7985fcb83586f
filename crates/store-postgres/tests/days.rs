//! History by day: what is in which partition, and when that is dropped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use steadflow_core::event::{Accepted, Event, Record};
use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::conformance::{Harness, history, log};
use steadflow_store::parts;
use steadflow_store::{
    Catalogue, Commit, ExecutionRow, ExpiryStep, FlowRecord, History, Kept, LONG_RECORD, Log, Projection,
    Retention, Store, Worker, journal_of,
};
use steadflow_store_postgres::{PostgresParts, PostgresStore};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::common::Temporary;
use crate::direct::processes::{HOUR, OURS, at, at_once, commit, ended, flow, processes, row, worker};

/// The day of the tests, of which `at(0)` is a moment.
const DAY: &str = "20270115";
const NEXT: &str = "20270116";

/// A moment of a day after that of the tests.
fn on(day: i64) -> Timestamp {
    at(day * 86_400)
}

fn id(day: i64, number: u32) -> ExecutionId {
    let millis = u128::try_from(on(day).as_micros() / 1_000).expect("it is after 1970");
    ExecutionId::new(Uuid::from_u128((millis << 80) | (7 << 76) | (2 << 62) | u128::from(number)))
}

/// The records of each execution: a short one, which says whose it is, and a long one.
fn records() -> [Arc<str>; 2] {
    let accepted = Accepted::new(OURS, flow(1).id, 1, "api".into());
    let first = Record(1, at(0), vec![Event::Accepted(Box::new(accepted))]);
    [
        serde_json::to_string(&first).expect("it is JSON").into(),
        format!("[2,0,[]{}]", " ".repeat(LONG_RECORD)).into(),
    ]
}

/// Has an execution begin; its long record is stored.
fn begun(id: ExecutionId) -> Vec<Commit> {
    let shown = Projection::Shown(Box::new(ExecutionRow { id, ..row(1) }));
    let [first, second] = records();
    let of = |seq, record, projection| Commit {
        execution: id,
        seq,
        record: Some(record),
        ..commit(1, projection)
    };
    vec![of(1, first, Projection::Tail), of(2, second, shown)]
}

/// Ends it, with or without what it has begun with.
fn over(id: ExecutionId) -> Commit {
    let mut commit = Commit { execution: id, seq: 3, record: Some("[3,0,[]]".into()), ..ended(1) };
    if let Projection::Finished { row, journal, .. } = &mut commit.projection {
        row.id = id;
        let [first, second] = records();
        *journal = journal_of(&[first, second, "[3,0,[]]".into()]);
    }
    commit
}

async fn run(store: &PostgresStore, worker: Worker, ids: impl IntoIterator<Item = ExecutionId>) {
    for id in ids {
        store.commit(worker, begun(id)).await.expect("it begins");
        store.commit(worker, vec![over(id)]).await.expect("it ends");
    }
}

/// Deletes what has ended for an hour. Returns how much that was.
async fn expired(store: &PostgresStore, now: Timestamp) -> usize {
    let kept = Kept { completed: Some(HOUR), ..Kept::default() };
    let retention = Arc::new(Retention { all: kept, flows: Default::default() });
    let (mut after, mut deleted) = (None, 0);
    loop {
        let step = ExpiryStep { after, limit: 100 };
        let expired = store.expire(Arc::clone(&retention), now, step).await.expect("a step");
        deleted += expired.deleted;
        after = expired.next;
        if after.is_none() {
            while store.shrink().await.expect("a step") {}
            return deleted;
        }
    }
}

/// Does what is due, as often as a day needs to be dropped.
async fn tidied(store: &PostgresStore, now: Timestamp) {
    for moment in [now, now.plus(HOUR)] {
        store.tidy(moment).await.expect("it is tidied");
    }
}

/// Returns how many partitions there are of a date.
async fn partitions(database: &Temporary, date: &str) -> i64 {
    let sql = format!(
        "SELECT count(*) FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE relname LIKE '%\\_{date}'"
    );
    database.number(&sql).await
}

async fn count(database: &Temporary, table: &str) -> i64 {
    database.number(&format!("SELECT count(*) FROM {table}")).await
}

/// Returns how many rows of both tables a date has, or the rest.
async fn rows(database: &Temporary, date: &str) -> [i64; 2] {
    [
        count(database, &format!("journals_{date}")).await,
        count(database, &format!("long_records_{date}")).await,
    ]
}

/// A connection of somebody else.
async fn stranger(database: &Temporary) -> Client {
    let (db, connection) = tokio_postgres::connect(&database.url(), NoTls).await.expect("the server answers");
    tokio::spawn(connection);
    db
}

#[tokio::test]
async fn a_new_database_has_its_first_days_before_anything_is_written() {
    let database = Temporary::new();
    let _store = database.open().await;

    let today = "SELECT count(*) FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE relname
        IN (SELECT name || to_char(now() AT TIME ZONE 'UTC' + days * interval '1 day', '_YYYYMMDD')
            FROM UNNEST(ARRAY['journals', 'long_records']) AS name, generate_series(0, 2) AS days)";
    assert_eq!(database.number(today).await, 6);
}

#[tokio::test]
async fn a_day_is_dropped_when_its_last_execution_has_expired_and_not_before() {
    let database = Temporary::new();
    let store = database.open().await;
    let worker = worker(&store).await;
    store.tidy(on(0)).await.expect("it is tidied");
    run(&store, worker, (1..=3).map(|number| id(0, number)).chain([id(1, 4)])).await;
    let living = id(0, 5);
    store.commit(worker, begun(living)).await.expect("it begins");
    let parks = Projection::Parked {
        row: Box::new(ExecutionRow { id: living, ..row(1) }),
        journal: journal_of(&records()),
        wake_at: None,
    };
    let parked = Commit { execution: living, seq: 2, record: None, ..commit(1, parks) };
    store.commit(worker, vec![parked]).await.expect("it is parked");
    assert_eq!((rows(&database, DAY).await, rows(&database, NEXT).await), ([4, 4], [1, 1]));

    assert_eq!(expired(&store, on(3)).await, 4);
    tidied(&store, on(3)).await;

    assert_eq!(rows(&database, DAY).await, [4, 4], "one of the day is left, so nothing of it was written");
    assert_eq!(partitions(&database, NEXT).await, 0);
    assert_eq!(store.execution(OURS, id(0, 1)).await.expect("a read"), None);
    assert_eq!(store.journal_bytes(id(0, 1)).await.expect("it is measured"), 0);
    assert_eq!(store.doctor().await.expect("it is examined"), [""; 0]);
    let taken = store.take(worker, living).await.expect("a take").expect("it is parked");
    assert_eq!(taken.records, records());

    store.commit(worker, vec![over(living)]).await.expect("it ends");
    tidied(&store, on(3)).await;
    let read = store.execution(OURS, living).await.expect("a read").expect("it is kept");
    assert_eq!(read.records.len(), 3);

    assert_eq!(expired(&store, on(3)).await, 1);
    store.tidy(on(3)).await.expect("it is tidied");
    assert_eq!(partitions(&database, DAY).await, 2, "somebody may read it");
    tidied(&store, on(3)).await;
    assert_eq!(partitions(&database, DAY).await, 0);
    assert_eq!((count(&database, "journals").await, count(&database, "long_records").await), (0, 0));
    assert_eq!(store.doctor().await.expect("it is examined"), [""; 0]);
}

#[tokio::test]
async fn a_day_of_which_something_began_is_not_over() {
    let database = Temporary::new();
    let store = database.open().await;
    let worker = worker(&store).await;
    store.tidy(on(0)).await.expect("it is tidied");
    let [first, second] = records();
    let of = |seq, record| Commit {
        execution: id(0, 1),
        seq,
        record: Some(record),
        ..commit(1, Projection::Tail)
    };
    store.commit(worker, vec![of(1, first), of(2, second)]).await.expect("it begins");

    tidied(&store, on(3)).await;
    assert_eq!(rows(&database, DAY).await[1], 1, "only a tail knows of it");

    store.release(worker).await.expect("a lease is released");
    let other = self::worker(&store).await;
    let moved = store.recover(other, at(0), 0).await.expect("the tail is moved");
    assert_eq!(moved, []);
    tidied(&store, on(3)).await;
    assert_eq!(rows(&database, DAY).await[1], 1, "it is nobody's");

    let recovered = store.recover(other, at(0), 9).await.expect("it is recovered");
    assert_eq!(recovered[0].records, records());
    tidied(&store, on(0)).await;
    tidied(&store, on(1)).await;
    assert_eq!(partitions(&database, DAY).await, 2, "a day has to be over");
}

#[tokio::test]
async fn several_processes_make_and_drop_days_at_once() {
    let database = Temporary::new();
    let all = processes(&database).await;

    at_once(&all, |store, _| store.tidy(on(0))).await;
    tidied(&all[0], on(0)).await;
    assert_eq!((partitions(&database, DAY).await, partitions(&database, NEXT).await), (2, 2));
    let worker = worker(&all[1]).await;
    run(&all[1], worker, [id(0, 1)]).await;
    assert_eq!(rows(&database, DAY).await, [1, 1]);

    assert_eq!(expired(&all[1], on(5)).await, 1);
    at_once(&all, |store, _| store.tidy(on(5))).await;
    at_once(&all, |store, _| store.tidy(on(6))).await;
    tidied(&all[0], on(6)).await;
    assert_eq!((partitions(&database, DAY).await, partitions(&database, NEXT).await), (0, 0));
}

#[tokio::test]
async fn a_reader_with_an_open_transaction_keeps_nobody_waiting() {
    let database = Temporary::new();
    let store = database.open().await;
    let worker = worker(&store).await;
    store.tidy(on(0)).await.expect("it is tidied");
    run(&store, worker, [id(0, 1)]).await;
    expired(&store, on(5)).await;
    tidied(&store, on(3)).await;
    run(&store, worker, [id(3, 1)]).await;
    // It has read a day that is kept and the rest.
    let reader = stranger(&database).await;
    let read = "BEGIN; SELECT * FROM journals_rest; SELECT * FROM long_records_rest;
        SELECT FROM journals WHERE execution = ";
    reader.batch_execute(&format!("{read}'{}'", id(3, 1))).await.expect("it reads");

    let began = Instant::now();
    let commits = async {
        for number in 2..40 {
            run(&store, worker, [id(3, number)]).await;
        }
    };
    let tidies = async {
        for moment in [on(5), on(6), on(7)] {
            store.tidy(moment).await.expect("it is tidied");
        }
    };
    futures_util::future::join(commits, tidies).await;
    assert!(began.elapsed() < Duration::from_secs(4), "who waits for a lock, waits for five seconds");
    assert_eq!(partitions(&database, "20270122").await, 0, "the next days are made when it has ended");
    reader.batch_execute("COMMIT").await.expect("it ends");
    tidied(&store, on(7)).await;
    assert_eq!(partitions(&database, "20270122").await, 2);
}

#[tokio::test]
async fn what_is_of_no_day_is_in_the_rest() {
    let database = Temporary::new();
    let store = database.open().await;
    let worker = worker(&store).await;
    run(&store, worker, [id(0, 1), ExecutionId::new(Uuid::from_u128(u128::MAX - 9))]).await;
    assert_eq!(rows(&database, "rest").await, [2, 2]);

    store.tidy(on(0)).await.expect("it is tidied");
    run(&store, worker, [id(0, 2), id(1, 3)]).await;
    assert_eq!(rows(&database, "rest").await, [3, 3], "a day that has rows in the rest stays there");
    assert_eq!(rows(&database, NEXT).await, [1, 1]);

    database.change("DELETE FROM executions").await;
    let found = store.doctor().await.expect("it is examined");
    assert!(found.len() == 3 && found[0].ends_with("is stored, but not the execution."), "{found:?}");
}

#[tokio::test]
async fn what_has_expired_is_deleted_from_the_rest_row_by_row() {
    let database = Temporary::new();
    let store = database.open().await;
    let worker = worker(&store).await;
    store.tidy(on(1)).await.expect("it is tidied");
    run(&store, worker, [id(0, 1), id(0, 2), id(1, 3)]).await;

    assert_eq!(expired(&store, at(7_200)).await, 3);

    assert_eq!((rows(&database, "rest").await, rows(&database, NEXT).await), ([0, 0], [1, 1]));
    assert_eq!(count(&database, "deleted_executions").await, 0);
}

#[tokio::test]
async fn no_day_is_made_beside_a_large_rest() {
    let database = Temporary::new();
    let store = database.open().await;
    let fill = "ALTER TABLE journals_rest SET (fillfactor = 10);
        INSERT INTO journals_rest SELECT lpad(n::text, 32, '0')::uuid, 1, repeat('x', 700) FROM generate_series(1, 33000) AS n";
    database.change(fill).await;

    store.tidy(on(0)).await.expect("it is tidied");

    assert_eq!(partitions(&database, DAY).await, 1, "long records have a rest of their own");
}

#[tokio::test]
async fn what_is_written_while_its_day_is_made_is_in_the_day() {
    let database = Temporary::new();
    let store = database.open().await;
    let worker = worker(&store).await;
    let maker = stranger(&database).await;
    let (first, end) = (id(0, 0).uuid(), id(1, 0).uuid());
    let attach = format!(
        "BEGIN; CREATE TABLE journals_{DAY} (LIKE journals INCLUDING ALL);
        ALTER TABLE journals ATTACH PARTITION journals_{DAY} FOR VALUES FROM ('{first}') TO ('{end}')"
    );
    maker.batch_execute(&attach).await.expect("it is made");

    let run = run(&store, worker, [id(0, 1)]);
    let make = async {
        while database.number("SELECT count(*) FROM pg_locks WHERE NOT granted").await == 0 {}
        maker.batch_execute("COMMIT").await.expect("it is there");
    };
    futures_util::future::join(run, make).await;

    assert_eq!(
        (count(&database, &format!("journals_{DAY}")).await, count(&database, "journals").await),
        (1, 1)
    );
}

#[tokio::test]
async fn a_day_is_analysed_once_it_is_over() {
    let database = Temporary::new();
    let store = database.open().await;
    let worker = worker(&store).await;
    store.tidy(on(0)).await.expect("it is tidied");
    run(&store, worker, [id(0, 1)]).await;
    let analysed = format!(
        "SELECT count(*) FROM pg_stat_user_tables WHERE relname LIKE '%\\_{DAY}' AND last_analyze IS NOT NULL"
    );
    assert_eq!(database.number(&analysed).await, 0);

    store.tidy(on(1)).await.expect("it is tidied");

    assert_eq!(database.number(&analysed).await, 2);
}

#[tokio::test]
async fn what_a_person_deletes_is_gone_at_once() {
    let database = Temporary::new();
    let store = database.open().await;
    let worker = worker(&store).await;
    let flow = FlowRecord { webhook_path: None, ..flow(1) };
    store.create_flow(flow.clone()).await.expect("a flow");
    store.tidy(on(0)).await.expect("it is tidied");
    run(&store, worker, [id(0, 1), id(0, 2)]).await;

    assert!(store.delete_flow(OURS, flow.id).await.expect("a deletion"));
    while store.shrink().await.expect("a step") {}

    assert_eq!(rows(&database, DAY).await, [0, 0]);
    assert_eq!(count(&database, "deleted_executions").await, 0);
}

#[tokio::test]
async fn a_move_takes_what_is_kept_to_its_day() {
    let (from, to) = (Temporary::new(), Temporary::new());
    let store = from.open().await;
    let worker = worker(&store).await;
    // A day that is not long ago by the clock of the database.
    let yesterday = from.number("SELECT (extract(epoch FROM now() - interval '1 day') * 1000)::bigint").await;
    let id = |number: u128| {
        let millis = u128::try_from(yesterday).expect("it is after 1970");
        ExecutionId::new(Uuid::from_u128((millis << 80) | number))
    };
    store.tidy(Timestamp::from_micros(yesterday * 1_000)).await.expect("it is tidied");
    run(&store, worker, [id(1)]).await;
    assert_eq!(expired(&store, at(9_000)).await, 1);
    run(&store, worker, [id(2)]).await;
    store.release(worker).await.expect("a lease is released");
    store.close().await.expect("it closes");
    assert_eq!(count(&from, "journals").await, 2, "what has expired is left over");

    to.make().await;
    let late = from.open().await;
    let source = PostgresParts::source(&from.options()).await.expect("a source");
    let target = PostgresParts::target(&to.options()).await.expect("a target");
    late.tidy(on(0)).await.expect("it is tidied");
    assert_eq!(partitions(&from, DAY).await, 0, "what is moved stays as it is");
    parts::copy(&source, &target, drop).await.expect("it is copied");

    assert_eq!((count(&to, "journals").await, count(&to, "long_records").await), (1, 1));
    assert_eq!(rows(&to, "rest").await, [0, 0]);
}

#[tokio::test]
async fn a_database_without_partitions_deletes_row_by_row() {
    let database = Temporary::without_days();
    history::retention::what_has_ended_for_long_is_deleted(&database).await;
    let store = database.open().await;
    let worker = worker(&store).await;
    run(&store, worker, [id(0, 1)]).await;
    assert_eq!(count(&database, "pg_inherits").await, 0);

    tidied(&store, on(3)).await;
    assert_eq!((count(&database, "journals").await, expired(&store, on(3)).await), (1, 1));

    assert_eq!((count(&database, "journals").await, count(&database, "long_records").await), (0, 0));
    assert_eq!(store.doctor().await.expect("it is examined"), [""; 0]);
}

#[tokio::test]
async fn long_records_are_deleted_where_there_are_no_partitions() {
    log::long_records::long_records_are_deleted_with_their_execution(&Temporary::without_days()).await;
    log::long_records::long_records_are_deleted_with_their_flow(&Temporary::without_days()).await;
}

#[tokio::test]
async fn a_database_that_has_history_keeps_it_when_it_goes_on_by_day() {
    let database = Temporary::without_days();
    let store = database.open().await;
    let worker = worker(&store).await;
    run(&store, worker, [id(0, 1)]).await;
    store.close().await.expect("it closes");

    let store = database.with_days().open().await;
    let worker = self::worker(&store).await;
    store.tidy(on(1)).await.expect("it is tidied");
    run(&store, worker, [id(1, 2)]).await;

    assert_eq!((rows(&database, "rest").await, rows(&database, NEXT).await), ([1, 1], [1, 1]));
    for id in [id(0, 1), id(1, 2)] {
        let read = store.execution(OURS, id).await.expect("a read").expect("it is there");
        assert_eq!(read.records.len(), 3);
    }
    assert_eq!(store.doctor().await.expect("it is examined"), [""; 0]);
}
