//! What becomes of a tail that is not what was written: it is reported by name, and what is in doubt is not driven on.

use std::sync::Arc;

use crate::common::Temporary;
use rusqlite::Connection;
use steadflow_core::event::{Accepted, Event, Record};
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::conformance::Harness;
use steadflow_store::{Commit, History, Log, Projection, Store, StoreError, Worker};
use steadflow_store_sqlite::SqliteStore;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const HOUR: std::time::Duration = std::time::Duration::from_secs(3_600);
const OURS: TenantId = TenantId::DEFAULT;

const fn id(number: u128) -> ExecutionId {
    ExecutionId::new(Uuid::from_u128(number))
}

fn commit(number: u128, seq: u64) -> Commit {
    let accepted = Accepted::new(OURS, FlowId::new(Uuid::max()), 1, "w".into());
    let events = if seq == 1 { vec![Event::Accepted(Box::new(accepted))] } else { vec![Event::Started] };
    let record: Arc<str> = serde_json::to_string(&Record(seq, NOW, events)).expect("it is JSON").into();
    Commit {
        execution: id(number),
        seq,
        record: Some(record),
        idempotency: None,
        projection: Projection::Tail,
        takes: Vec::new(),
        sends: Vec::new(),
        sessions: None,
        slot: None,
        follows: None,
    }
}

async fn worker(store: &SqliteStore) -> Worker {
    store.register("w".into(), NOW, HOUR).await.expect("a worker registers")
}

/// Writes three batches: the first with executions 1 and 2, the second with 1, the third with 2 and 3.
async fn three_batches() -> Temporary {
    let database = Temporary::new();
    let store = database.open().await;
    let worker = worker(&store).await;
    for batch in [vec![commit(1, 1), commit(2, 1)], vec![commit(1, 2)], vec![commit(2, 2), commit(3, 1)]] {
        store.commit(worker, batch).await.expect("a batch commits");
    }
    store.close().await.expect("it closes");
    database
}

/// Changes one byte of a batch's blob.
fn damage(database: &Temporary, column: &str, sequence: i64, at: usize) {
    let db = Connection::open(database.path()).expect("it opens");
    let sql = format!("SELECT {column} FROM tail WHERE sequence = ?1");
    let mut blob: Vec<u8> = db.query_row(&sql, [sequence], |row| row.get(0)).expect("the batch is there");
    blob[at] ^= 0x40;
    let sql = format!("UPDATE tail SET {column} = ?2 WHERE sequence = ?1");
    db.execute(&sql, (sequence, blob)).expect("it is written");
}

async fn recovered(store: &SqliteStore) -> Vec<u128> {
    let worker = worker(store).await;
    let recovered = store.recover(worker, NOW, 9).await.expect("a recovery");
    recovered.iter().map(|stored| stored.id.uuid().as_u128()).collect()
}

async fn doctor(store: &SqliteStore) -> Vec<String> {
    store.doctor().await.expect("an examination")
}

#[tokio::test]
async fn whole_tail_has_no_findings() {
    let database = three_batches().await;
    let store = database.open().await;

    assert_eq!(doctor(&store).await, Vec::<String>::new());
    assert_eq!(recovered(&store).await, [1, 2, 3]);
}

#[tokio::test]
async fn damaged_record_is_named_and_stops_its_execution_alone() {
    let database = three_batches().await;
    damage(&database, "records", 2, 3);
    let store = database.open().await;

    let what = format!("record 2 of execution {} in the tail", id(1));
    assert_eq!(doctor(&store).await, [format!("Damaged: {what}.")]);
    assert_eq!(recovered(&store).await, [2, 3]);
    let read = store.execution(OURS, id(1)).await;
    assert!(matches!(&read, Err(StoreError::Corrupt { what: found, .. }) if *found == what), "{read:?}");
    assert!(store.execution(OURS, id(2)).await.expect("it is readable").is_some());
}

#[tokio::test]
async fn damaged_entries_stop_whatever_they_may_be_about() {
    let database = three_batches().await;
    damage(&database, "entries", 2, 0);
    let store = database.open().await;

    assert_eq!(
        doctor(&store).await,
        ["Damaged, so that the executions in it are not known: batch 2 of worker 1 in the tail."]
    );
    assert_eq!(recovered(&store).await, [2, 3], "both have a record in a later batch, and none is missing");
    let read = store.execution(OURS, id(1)).await;
    assert!(matches!(read, Err(StoreError::Corrupt { .. })), "its last record may be lost: {read:?}");
}

#[tokio::test]
async fn missing_batch_leaves_a_gap_that_is_found() {
    let database = three_batches().await;
    let db = Connection::open(database.path()).expect("it opens");
    db.execute("DELETE FROM tail WHERE sequence = 1", []).expect("it is deleted");
    let store = database.open().await;

    let gap =
        |number, seq| format!("Execution {} has no record before record {seq} in the tail.", id(number));
    assert_eq!(doctor(&store).await, [gap(1, 2), gap(2, 2)]);
    assert_eq!(recovered(&store).await, [3]);
}

#[tokio::test]
async fn moved_batch_is_found() {
    let database = three_batches().await;
    let db = Connection::open(database.path()).expect("it opens");
    db.execute("UPDATE tail SET sequence = 4 WHERE sequence = 3", []).expect("it is moved");
    let store = database.open().await;

    assert_eq!(doctor(&store).await.len(), 1);
    assert_eq!(recovered(&store).await, Vec::<u128>::new(), "each of them may have a record in it");
}

#[tokio::test]
async fn what_is_damaged_stays_so() {
    let database = three_batches().await;
    damage(&database, "records", 1, 3);
    let store = database.open().await;
    let worker = worker(&store).await;
    assert_eq!(store.recover(worker, NOW, 9).await.expect("a recovery").len(), 2);
    for number in 10..1_000 {
        store.commit(worker, vec![commit(number, 1)]).await.expect("others go on");
    }
    store.close().await.expect("it closes");

    let store = database.open().await;

    let what = format!("Damaged: record 1 of execution {} in the tail.", id(1));
    assert_eq!(doctor(&store).await, [what]);
}
