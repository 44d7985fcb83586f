//! Long records: each is stored once, a damaged one is named, and they are deleted in steps.

use std::sync::Arc;
use std::time::Duration;

use crate::common::Temporary;
use rusqlite::Connection;
use serde_json::json;
use steadflow_core::event::{Accepted, Event, Record};
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::{ExecutionId, FlowId, NodeIndex, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::conformance::Harness;
use steadflow_store::{
    Commit, ExecutionRow, Expired, ExpiryStep, History, Kept, Log, Projection, Retention, Rollup, Store,
    StoreError, Worker, journal_of,
};
use steadflow_store_sqlite::SqliteStore;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const HOUR: Duration = Duration::from_secs(3_600);
const OURS: TenantId = TenantId::DEFAULT;
const FLOW: FlowId = FlowId::new(Uuid::max());
/// Of all records but the first and the last.
const LENGTH: usize = 700_000;

const fn id(number: u128) -> ExecutionId {
    ExecutionId::new(Uuid::from_u128(number))
}

/// The record `seq` of an execution. The first one is short.
fn record(seq: u64) -> Arc<str> {
    let event = if seq == 1 {
        Event::Accepted(Box::new(Accepted::new(OURS, FLOW, 1, "w".into())))
    } else {
        let output = Payload::from_value(&json!("x".repeat(LENGTH)));
        let (node, not_taken, usage) = (NodeIndex(0), Vec::new(), None);
        Event::NodeCompleted { node, output, not_taken, usage, reused: false }
    };
    serde_json::to_string(&Record(seq, NOW, vec![event])).expect("it is JSON").into()
}

fn records(count: u64) -> Vec<Arc<str>> {
    (1..=count).map(record).collect()
}

fn row(number: u128) -> Box<ExecutionRow> {
    Box::new(ExecutionRow {
        id: id(number),
        tenant: OURS,
        flow: FLOW,
        flow_version: 1,
        status: ExecutionStatus::Completed,
        retrying: false,
        recovered: false,
        current_node: None,
        context_id: None,
        context_type: None,
        triggered_by: "api".into(),
        retry_of: None,
        forked_from: None,
        parent: None,
        parent_node: None,
        index: 0,
        shares_slot: false,
        queue: None,
        error_message: None,
        error_class: None,
        fingerprint: None,
        created_at: NOW,
        started_at: Some(NOW),
        completed_at: Some(NOW),
        total_nodes: 1,
        completed_nodes: 1,
        failed_nodes: 0,
        attempts: 0,
        waiting_for: None,
    })
}

fn commit(number: u128, seq: u64, projection: Projection) -> Commit {
    Commit {
        execution: id(number),
        seq,
        record: Some(record(seq)),
        idempotency: None,
        projection,
        takes: Vec::new(),
        sends: Vec::new(),
        sessions: None,
        slot: None,
        follows: None,
    }
}

fn finished(number: u128, seq: u64) -> Commit {
    let rollup = Rollup {
        tenant: OURS,
        flow: FLOW,
        hour: NOW,
        counts: Vec::new(),
        agents: Vec::new(),
        costs: Vec::new(),
    };
    let journal = journal_of(&records(seq));
    let projection = Projection::Finished { row: row(number), journal, rollup: Box::new(rollup) };
    commit(number, seq, projection)
}

async fn worker(store: &SqliteStore) -> Worker {
    store.register("w".into(), NOW, HOUR).await.expect("a worker registers")
}

/// Writes executions with `count` records each: those of `ended` have ended, and those of `alive` are in the tail.
async fn written(ended: &[u128], alive: &[u128], count: u64) -> Temporary {
    let database = Temporary::new();
    let store = database.open().await;
    let worker = worker(&store).await;
    for number in ended.iter().chain(alive) {
        for seq in 1..=count {
            let is_end = seq == count && ended.contains(number);
            let commit = if is_end { finished(*number, seq) } else { commit(*number, seq, Projection::Tail) };
            store.commit(worker, vec![commit]).await.expect("it commits");
        }
    }
    store.close().await.expect("it closes");
    database
}

fn changed(database: &Temporary, sql: &str) {
    let db = Connection::open(database.path()).expect("it opens");
    db.execute_batch(sql).expect("it is changed");
}

fn rows(database: &Temporary) -> i64 {
    let db = Connection::open(database.path()).expect("it opens");
    db.query_row("SELECT count(*) FROM long_records", [], |row| row.get(0)).expect("they are counted")
}

async fn doctor(store: &SqliteStore) -> Vec<String> {
    store.doctor().await.expect("an examination")
}

#[tokio::test]
async fn a_long_record_is_stored_once() {
    let database = written(&[1], &[2], 10).await;
    let store = database.open().await;

    let used = store.space().await.expect("it is measured").used;
    let empty = Temporary::new().open().await.space().await.expect("it is measured").used;

    let data = 18 * LENGTH as u64;
    assert!((data..empty + data + data / 50).contains(&used), "{used} bytes for {data}");
    assert_eq!(
        store.execution(OURS, id(1)).await.expect("a read").expect("it is there").records,
        records(10)
    );
}

#[tokio::test]
async fn a_long_record_never_changes() {
    let database = written(&[1], &[], 2).await;
    let db = Connection::open(database.path()).expect("it opens");

    let changed = db.execute("UPDATE long_records SET record = ''", []);

    assert!(changed.is_err_and(|error| error.to_string().contains("a long record never changes")));
}

#[tokio::test]
async fn a_damaged_long_record_in_the_tail_is_named_and_stops_its_execution_alone() {
    let damages = [
        "DELETE FROM long_records WHERE number = 2",
        "UPDATE long_records SET record = replace(record, 'xx', 'xy') WHERE number = 2",
        "UPDATE long_records SET record = CAST(x'ff' || CAST(record AS BLOB) AS TEXT) WHERE number = 2",
    ];
    for damage in damages {
        let database = written(&[], &[1, 2], 3).await;
        changed(&database, &format!("DROP TRIGGER long_records_never_change; {damage}"));
        let store = database.open().await;

        let what = format!("record 3 of execution {} in the tail", id(1));
        assert!(doctor(&store).await.contains(&format!("Damaged: {what}.")), "{damage}");
        let read = store.execution(OURS, id(1)).await;
        assert!(matches!(&read, Err(StoreError::Corrupt { what: found, .. }) if *found == what), "{read:?}");
        let worker = worker(&store).await;
        let recovered = store.recover(worker, NOW, 9).await.expect("a recovery");
        assert_eq!(recovered.iter().map(|stored| stored.id).collect::<Vec<_>>(), [id(2)], "{damage}");
    }
}

#[tokio::test]
async fn a_long_record_that_is_missing_in_a_journal_is_named() {
    let database = written(&[1], &[], 3).await;
    changed(&database, "DELETE FROM long_records WHERE seq = 2");
    let store = database.open().await;

    let findings = doctor(&store).await;
    let read = store.execution(OURS, id(1)).await;

    assert_eq!(
        findings,
        [format!("Record 2 of execution {} is in its journal, but its text is missing.", id(1))]
    );
    let what = format!("record 2 of execution {}", id(1));
    assert!(matches!(&read, Err(StoreError::Corrupt { what: found, .. }) if *found == what), "{read:?}");
}

#[tokio::test]
async fn long_records_that_nothing_refers_to_are_found() {
    let database = written(&[1], &[2], 2).await;
    let add = |id, seq, record| {
        format!("INSERT INTO long_records (execution, seq, record) VALUES ({id}, {seq}, '{record}');")
    };
    let first = format!("x'{}'", id(1).uuid().simple());
    let lost = add("x'07'", 1, "[1]") + &add("x'07'", 2, "[2]");
    changed(&database, &(lost + &add(first.as_str(), 3, "[4]")));
    let store = database.open().await;

    let findings = doctor(&store).await;

    let expected = [
        format!("Record 3 of execution {} is not readable.", id(1)),
        format!("Execution {} ends with record 2, but a record 3 is stored.", id(1)),
        "2 long records belong to no execution.".to_owned(),
    ];
    assert_eq!(findings, expected);
}

#[tokio::test]
async fn views_show_long_records_like_others() {
    let database = written(&[1], &[], 3).await;
    let db = Connection::open(database.path()).expect("it opens");

    let sql = "SELECT seq, kind, octet_length(coalesce(body ->> 'output', '')) FROM events ORDER BY seq";
    let mut statement = db.prepare(sql).expect("the view is there");
    let shown = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let shown: Vec<(u64, String, usize)> = shown.and_then(Iterator::collect).expect("it is read");

    let completed = |seq| (seq, "node_completed".to_owned(), LENGTH);
    assert_eq!(shown, [(1, "accepted".to_owned(), 0), completed(2), completed(3)]);
}

async fn expired(store: &SqliteStore) -> Expired {
    let all = Kept { completed: Some(HOUR), failed: None, cancelled: None };
    let retention = Arc::new(Retention { all, ..Retention::default() });
    let step = ExpiryStep { after: None, limit: 9 };
    store.expire(retention, NOW.plus(2 * HOUR), step).await.expect("a deletion")
}

/// A crash may come between any two steps: the database is opened again after each.
#[tokio::test]
async fn long_records_are_deleted_in_steps_and_their_execution_is_never_shown_half() {
    let database = written(&[1, 2], &[3], 7).await;
    let store = database.open().await;

    assert_eq!(expired(&store).await.deleted, 2);
    store.close().await.expect("it closes");

    let mut left = vec![rows(&database)];
    loop {
        let store = database.open().await;
        assert!(store.execution(OURS, id(1)).await.expect("a read").is_none(), "it is gone at once");
        let has_more = store.shrink().await.expect("a step");
        assert_eq!(doctor(&store).await, Vec::<String>::new());
        store.close().await.expect("it closes");
        left.push(rows(&database));
        if !has_more || rows(&database) == 6 {
            break;
        }
    }

    // Two of 700,000 bytes a step.
    assert_eq!(left, [18, 16, 14, 12, 10, 8, 6]);
    let store = database.open().await;
    assert_eq!(store.execution(OURS, id(3)).await.expect("a read").expect("it is there").records, records(7));
}
