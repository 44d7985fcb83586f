//! A database of schema 8, where long records were in the tail and in journals, is opened and goes on.

use std::sync::Arc;

use crate::common::Temporary;
use rusqlite::Connection;
use steadflow_core::event::{Event, Record};
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::conformance::Harness;
use steadflow_store::{
    Commit, ExecutionFilter, ExecutionRow, History, Log, Page, Projection, Store, is_long, journal_of,
};
use steadflow_store_sqlite::SqliteStore;

/// After everything in the database.
const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const HOUR: std::time::Duration = std::time::Duration::from_secs(3_600);
const OURS: TenantId = TenantId::DEFAULT;

const FINISHED: &str = "01a21df7-4056-71a5-8763-44e8c8041aef";
const PARKED: &str = "01a21df7-405c-749c-847c-23cf586b8afc";
/// The first of its records is in its journal, and both are in the tail.
const RUNNING_SINCE: &str = "01a21df7-4061-77e7-98d6-c8fc650e8dc6";
const RUNNING: &str = "01a21df7-45e1-75c7-ace2-4697dd020002";

/// How many records each execution has, and which of them are long.
const RECORDS: [(&str, u64, &[u64]); 4] =
    [(FINISHED, 3, &[1, 2]), (PARKED, 2, &[1, 2]), (RUNNING_SINCE, 2, &[1, 2]), (RUNNING, 2, &[1, 2])];

fn id(text: &str) -> ExecutionId {
    text.parse().expect("it is an id")
}

/// What a server of schema 8 left when it was killed.
fn of_schema_8() -> Temporary {
    let database = Temporary::new();
    let db = Connection::open(database.path()).expect("a file can be made");
    db.execute_batch(include_str!("databases/schema-8.sql")).expect("the dump is SQL");
    database
}

async fn read(store: &SqliteStore, text: &str) -> Vec<Arc<str>> {
    let stored = store.execution(OURS, id(text)).await.expect("it is readable");
    stored.expect("it is there").records
}

fn long_of(records: &[Arc<str>]) -> Vec<u64> {
    (1..).zip(records).filter(|(_, record)| is_long(record)).map(|(seq, _)| seq).collect()
}

async fn row(store: &SqliteStore, text: &str) -> ExecutionRow {
    let all = Page { before: None, limit: 99 };
    let rows = store.executions(ExecutionFilter::default(), all).await.expect("a list");
    let mut rows = rows.into_iter().map(|row| row.expect("it is readable"));
    rows.find(|row| row.id == id(text)).expect("it has a row")
}

#[tokio::test]
async fn every_record_is_there_and_those_of_executions_that_go_on_are_apart() {
    let database = of_schema_8();
    let store = database.open().await;

    for (text, count, long) in RECORDS {
        let records = read(&store, text).await;
        for (seq, record) in (1..).zip(&records) {
            assert_eq!(serde_json::from_str::<Record>(record).expect("it is a record").0, seq, "{text}");
        }
        assert_eq!((records.len() as u64, &*long_of(&records)), (count, long), "{text}");
    }
    assert_eq!(store.doctor().await.expect("an examination"), Vec::<String>::new());
    store.close().await.expect("it closes");
    let db = Connection::open(database.path()).expect("it opens");
    for (text, _, long) in RECORDS {
        let sql = "SELECT count(*) FROM long_records WHERE execution = ?1";
        let count = db.query_row(sql, [id(text).uuid().as_bytes()], |row| row.get(0));
        let expected = if text == FINISHED { 0 } else { long.len() };
        assert_eq!(count, Ok(expected), "{text}");
    }
}

/// Their next journals have only the places of long records.
#[tokio::test]
async fn executions_go_on_and_keep_all_records() {
    let database = of_schema_8();
    let store = database.open().await;
    let worker = store.register("next".into(), NOW, HOUR).await.expect("a worker registers");
    let recovered = store.recover(worker, NOW, 9).await.expect("a recovery");
    let recovered: Vec<ExecutionId> = recovered.into_iter().map(|stored| stored.id).collect();
    assert_eq!(recovered, [id(RUNNING_SINCE), id(RUNNING)]);
    store.take(worker, id(PARKED)).await.expect("a take").expect("it is parked");

    let mut before = Vec::new();
    for text in [PARKED, RUNNING_SINCE, RUNNING] {
        let mut records = read(&store, text).await;
        let seq = records.len() as u64 + 1;
        let next = serde_json::to_string(&Record(seq, NOW, vec![Event::Started])).expect("it is JSON");
        records.push(next.into());
        let projection = Projection::Parked {
            row: Box::new(ExecutionRow { id: id(text), ..row(&store, PARKED).await }),
            journal: journal_of(&records),
            wake_at: None,
        };
        let commit = Commit {
            execution: id(text),
            seq,
            record: records.last().cloned(),
            idempotency: None,
            projection,
            takes: Vec::new(),
            sends: Vec::new(),
            sessions: None,
            slot: None,
            follows: None,
        };
        store.commit(worker, vec![commit]).await.expect("it commits");
        before.push((text, records));
    }
    store.close().await.expect("it closes");

    let store = database.open().await;
    for (text, records) in before {
        assert_eq!(read(&store, text).await, records, "{text}");
    }
    assert_eq!(store.doctor().await.expect("an examination"), Vec::<String>::new());
}

/// The server opens the database nevertheless, and only the execution with the damage stops.
#[tokio::test]
async fn what_is_damaged_is_not_copied() {
    let database = of_schema_8();
    let db = Connection::open(database.path()).expect("it opens");
    let number = "(SELECT number FROM executions WHERE id = ?1)";
    let broken = format!("UPDATE journals SET records = '[[1,' WHERE execution = {number}");
    let changed = db.execute(&broken, [id(PARKED).uuid().as_bytes()]).expect("it is changed");
    db.execute("UPDATE tail SET records = zeroblob(length(records))", []).expect("it is changed");
    let unreadable = format!("UPDATE journals SET records = CAST(x'ff' AS TEXT) WHERE execution = {number}");
    let changed =
        changed + db.execute(&unreadable, [id(RUNNING_SINCE).uuid().as_bytes()]).expect("it is changed");
    drop(db);

    let store = database.open().await;

    assert_eq!(changed, 2);
    assert_eq!(read(&store, FINISHED).await.len(), 3);
    for text in [PARKED, RUNNING_SINCE, RUNNING] {
        assert!(store.execution(OURS, id(text)).await.is_err(), "{text}");
    }
}
