//! Long records are read wherever short ones are, and go with their execution.

use std::sync::Arc;
use std::time::Duration;

use steadflow_core::timestamp::Timestamp;

use super::super::samples::{
    FLOW, HOUR, OURS, accepted, appended, at, completed, finished, flow, id, keyed, long_record, read,
    record, row,
};
use super::super::{Harness, commit, reopened, worker};
use crate::{
    Catalogue, Commit, Committed, ExecutionFilter, ExpiryStep, History, Kept, LONG_RECORD, Log, Projection,
    Retention, Store, Stored, TakenSlots, journal_of,
};

/// Five records, of which the first, the third and the last are long.
fn mixed() -> Vec<Arc<str>> {
    (1..=5).map(|seq| if seq % 2 == 1 { long_record(seq) } else { record(seq) }).collect()
}

/// The journal of the first `count` of them.
fn journal(count: u64) -> String {
    journal_of(&first(count))
}

fn first(count: u64) -> Vec<Arc<str>> {
    mixed().into_iter().take(usize::try_from(count).expect("a few")).collect()
}

/// The commit of one of them.
fn mixed_commit(number: u16, seq: u64, projection: Projection) -> Commit {
    let record = first(seq).pop();
    Commit { record, ..appended(number, seq, projection) }
}

fn in_tail(number: u16, seq: u64) -> Commit {
    mixed_commit(number, seq, Projection::Tail)
}

fn snapshot(number: u16, seq: u64) -> Projection {
    Projection::Snapshot { row: Box::new(row(number)), journal: journal(seq) }
}

/// The commits of an execution that ends with its fifth record.
fn ended(number: u16) -> Vec<Commit> {
    let Projection::Finished { row, rollup, .. } = finished(completed(number)).projection else {
        return Vec::new();
    };
    let end = Projection::Finished { row, rollup, journal: journal(5) };
    (1..=4).map(|seq| in_tail(number, seq)).chain([mixed_commit(number, 5, end)]).collect()
}

async fn findings(store: &impl Store) -> Vec<String> {
    store.doctor().await.expect("an examination")
}

/// Deletes what has ended, and what that leaves. Returns in how many steps the latter is deleted.
async fn expire(store: &impl Store, now: Timestamp) -> usize {
    let all = Kept { completed: Some(Duration::from_secs(60)), failed: None, cancelled: None };
    let retention = Arc::new(Retention { all, ..Retention::default() });
    let mut after = None;
    loop {
        let step = ExpiryStep { after, limit: 2 };
        after = store.expire(Arc::clone(&retention), now, step).await.expect("a deletion").next;
        if after.is_none() {
            return swept(store).await;
        }
    }
}

async fn swept(store: &impl Store) -> usize {
    let mut steps = 0;
    while store.shrink().await.expect("room is returned") {
        assert_eq!(findings(store).await, Vec::<String>::new(), "after {steps} steps");
        steps += 1;
    }
    steps
}

pub async fn long_records_are_read_from_the_tail<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;

    commit(&store, worker, [in_tail(1, 1), accepted(2), in_tail(1, 2)]).await;
    commit(&store, worker, [in_tail(1, 3), in_tail(1, 4), in_tail(1, 5)]).await;

    assert_eq!(read(&store, 1).await, Stored { id: id(1), records: mixed(), is_snapshot: false });
    assert_eq!(read(&store, 2).await.records, [record(1)]);
    assert_eq!(findings(&store).await, Vec::<String>::new());
}

pub async fn long_records_are_read_from_a_snapshot_and_above_it<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;

    commit(&store, worker, [in_tail(1, 1), in_tail(1, 2), mixed_commit(1, 3, snapshot(1, 3))]).await;
    assert_eq!(read(&store, 1).await, Stored { id: id(1), records: first(3), is_snapshot: true });

    commit(&store, worker, [in_tail(1, 4), in_tail(1, 5)]).await;
    assert_eq!(read(&store, 1).await, Stored { id: id(1), records: mixed(), is_snapshot: false });

    let again = Commit { record: None, ..mixed_commit(1, 5, snapshot(1, 5)) };
    commit(&store, worker, [again]).await;
    assert_eq!(read(&store, 1).await, Stored { id: id(1), records: mixed(), is_snapshot: true });
    assert_eq!(findings(&store).await, Vec::<String>::new());
}

pub async fn long_records_of_a_parked_execution_are_taken_with_it<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = worker(&store).await;
    let second = worker(&store).await;
    let parks = Projection::Parked { row: Box::new(row(1)), journal: journal(3), wake_at: Some(at(9)) };
    commit(&store, first, [in_tail(1, 1), in_tail(1, 2), mixed_commit(1, 3, parks)]).await;

    let taken = store.take(second, id(1)).await.expect("a take").expect("it is parked");
    commit(&store, second, [in_tail(1, 4), in_tail(1, 5)]).await;
    let again = store.take(second, id(1)).await.expect("a take").expect("it is its own");

    assert_eq!((taken.records, again.records), (self::first(3), mixed()));
}

pub async fn long_records_of_an_ended_execution_are_read_and_counted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, ended(1)).await;

    assert_eq!(read(&store, 1).await, Stored { id: id(1), records: mixed(), is_snapshot: true });
    let bytes = store.journal_bytes(id(1)).await.expect("it is measured");
    let long: usize = mixed().iter().map(|record| record.len()).filter(|bytes| *bytes >= LONG_RECORD).sum();
    assert!((long..long + LONG_RECORD).contains(&usize::try_from(bytes).expect("it is short")), "{bytes}");
    assert_eq!(findings(&store).await, Vec::<String>::new());
}

pub async fn long_records_are_recovered_after_reopening<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first_worker = worker(&store).await;
    commit(&store, first_worker, [in_tail(1, 1), in_tail(2, 1), in_tail(2, 2)]).await;
    commit(&store, first_worker, [mixed_commit(2, 3, snapshot(2, 3))]).await;
    commit(&store, first_worker, [in_tail(2, 4), in_tail(2, 5)]).await;
    commit(&store, first_worker, ended(3)).await;

    let store = reopened(harness, store).await;

    let second = store.register("second".into(), at(7_200), HOUR).await.expect("it registers");
    let recovered = store.recover(second, at(7_200), 9).await.expect("a recovery");
    let records: Vec<_> = recovered.into_iter().map(|stored| (stored.id, stored.records)).collect();
    assert_eq!(records, [(id(1), first(1)), (id(2), mixed())]);
    assert_eq!(read(&store, 3).await.records, mixed());
}

pub async fn a_long_acceptance_alone_is_counted_as_a_slot<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;

    commit(&store, worker, [in_tail(1, 1)]).await;

    assert_eq!(store.slots(None, 9).await.expect("slots"), [TakenSlots { flow: FLOW, key: None, taken: 1 }]);
    assert_eq!(read(&store, 1).await.records, first(1));
}

pub async fn a_skipped_or_refused_commit_stores_no_long_record<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [keyed(accepted(1), "start:a")]).await;

    let answers = commit(&store, worker, [keyed(in_tail(2, 1), "start:a")]).await;
    let refused = store.commit(worker, vec![in_tail(3, 1), appended(1, 1, Projection::Tail)]).await;

    assert!(matches!(*answers, [Committed::Hit(_)]), "{answers:?}");
    assert!(refused.is_err());
    assert_eq!(findings(&store).await, Vec::<String>::new());
    assert_eq!(commit(&store, worker, [in_tail(3, 1)]).await, [Committed::Done], "it is not there already");
}

pub async fn long_records_are_deleted_with_their_execution<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [ended(1), ended(2), vec![in_tail(3, 1)]].concat()).await;

    expire(&store, at(3_600)).await;

    for number in [1, 2] {
        assert_eq!(store.execution(OURS, id(number)).await.expect("a read"), None);
        assert_eq!(store.journal_bytes(id(number)).await.expect("it is measured"), 0);
    }
    assert_eq!(read(&store, 3).await.records, first(1));
    assert_eq!(findings(&store).await, Vec::<String>::new());
    let store = reopened(harness, store).await;
    assert_eq!(swept(&store).await, 0, "nothing is left");
}

pub async fn long_records_are_deleted_with_their_flow<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    store.create_flow(flow(1)).await.expect("a flow is stored");
    commit(&store, worker, ended(1)).await;
    commit(&store, worker, [in_tail(2, 1), mixed_commit(2, 2, Projection::Shown(Box::new(row(2))))]).await;

    assert!(store.delete_flow(OURS, FLOW).await.expect("a deletion"));

    assert_eq!(findings(&store).await, Vec::<String>::new());
    swept(&store).await;
    assert_eq!(findings(&store).await, Vec::<String>::new());
    let all = store.count_executions(ExecutionFilter::default()).await.expect("a count");
    assert_eq!(all, Some(0));
    assert_eq!(store.execution(OURS, id(1)).await.expect("a read"), None);
}
