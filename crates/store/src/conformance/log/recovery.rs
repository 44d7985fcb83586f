//! What a worker finds when it starts.

use std::time::Duration;

use super::super::samples::{
    HOUR, accepted, appended, at, completed, finished, id, journal, numbers_of, parked, records, row, shown,
};
use super::super::{Harness, commit, reopened, worker};
use crate::{Log, Projection, Store, StoreError, Stored, Worker};

const TTL: Duration = Duration::from_secs(15);

async fn short_lived(store: &impl Store) -> Worker {
    store.register("first".into(), at(0), TTL).await.expect("the first registers")
}

async fn successor(store: &impl Store) -> Worker {
    store.register("second".into(), at(16), HOUR).await.expect("the second registers")
}

async fn recovered(store: &impl Store, worker: Worker) -> Vec<Stored> {
    store.recover(worker, at(16), 1_000).await.expect("a recovery")
}

pub async fn an_execution_that_was_only_accepted_is_recovered<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = short_lived(&store).await;
    commit(&store, first, [accepted(1)]).await;

    let second = successor(&store).await;

    let stored = Stored { id: id(1), records: records(1), is_snapshot: false };
    assert_eq!(recovered(&store, second).await, [stored]);
}

pub async fn records_come_back_in_order_above_a_snapshot<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = short_lived(&store).await;
    let snapshot = Projection::Snapshot { row: Box::new(row(1)), journal: journal(10) };
    let tail = |seq| appended(1, seq, Projection::Tail);
    commit(&store, first, (1..=9).map(tail).collect::<Vec<_>>()).await;
    commit(&store, first, [appended(1, 10, snapshot), tail(11)]).await;
    commit(&store, first, [accepted(2), tail(12)]).await;

    let second = successor(&store).await;

    let found = recovered(&store, second).await;
    assert_eq!(found.len(), 2);
    assert_eq!(found[0], Stored { id: id(1), records: records(12), is_snapshot: false });
    assert_eq!(found[1], Stored { id: id(2), records: records(1), is_snapshot: false });
}

pub async fn parked_and_finished_executions_are_not_recovered<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = short_lived(&store).await;
    commit(&store, first, [parked(row(1), Some(at(1))), parked(row(2), None), finished(completed(3))]).await;
    commit(&store, first, [shown(row(4))]).await;

    let second = successor(&store).await;

    assert_eq!(numbers_of(&recovered(&store, second).await), [4]);
}

pub async fn what_a_worker_has_handed_on_is_not_recovered_from_it<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = short_lived(&store).await;
    let other = store.register("other".into(), at(1), HOUR).await.expect("another one registers");
    // The tail has their records for as long as it has that of the last one.
    commit(&store, first, [accepted(9), accepted(1), accepted(2), accepted(3)]).await;
    let due = Some(at(50));
    let parked = |number, wake_at| {
        let (row, journal) = (Box::new(row(number)), journal(2));
        appended(number, 2, Projection::Parked { row, journal, wake_at })
    };
    commit(&store, first, [parked(1, due), parked(2, None), parked(3, None)]).await;
    store.take(other, id(3)).await.expect("an answer").expect("it is parked");
    commit(&store, other, [appended(3, 3, Projection::Tail)]).await;

    let second = successor(&store).await;

    assert_eq!(numbers_of(&recovered(&store, second).await), [9]);
    assert_eq!(store.due(None, at(99), 9).await.expect("due"), [(at(50), id(1))]);
    assert!(store.take(second, id(3)).await.expect("an answer").is_none(), "the other one drives it");
    commit(&store, other, [appended(3, 4, Projection::Tail)]).await;
    assert!(store.take(second, id(2)).await.expect("an answer").is_some());
}

pub async fn executions_of_a_live_worker_are_left_to_it<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = worker(&store).await;
    let second = worker(&store).await;
    commit(&store, first, [accepted(1)]).await;
    commit(&store, second, [accepted(2)]).await;

    assert_eq!(recovered(&store, second).await, []);
    assert_eq!(recovered(&store, first).await, []);
}

pub async fn recovery_fences_workers_whose_lease_has_ended<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = short_lived(&store).await;
    let second = worker(&store).await;
    commit(&store, first, [accepted(1)]).await;

    let early = store.recover(second, at(14), 9).await.expect("a recovery");
    let late = store.recover(second, at(15), 9).await.expect("a recovery");

    assert_eq!((numbers_of(&early), numbers_of(&late)), (vec![], vec![1]));
    let write = store.commit(first, vec![appended(1, 2, Projection::Tail)]).await;
    let renewal = store.renew(first, at(15), TTL).await;
    assert!(matches!(write, Err(StoreError::Fenced)), "{write:?}");
    assert!(matches!(renewal, Err(StoreError::Fenced)), "{renewal:?}");
    commit(&store, second, [appended(1, 2, Projection::Tail)]).await;
}

pub async fn a_worker_does_not_fence_itself<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = short_lived(&store).await;
    commit(&store, first, [accepted(1)]).await;

    assert_eq!(store.recover(first, at(99), 9).await.expect("a recovery"), []);

    commit(&store, first, [appended(1, 2, Projection::Tail)]).await;
}

pub async fn recovery_is_limited_to_the_oldest<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = short_lived(&store).await;
    commit(&store, first, [accepted(3), shown(row(5)), accepted(1)]).await;
    commit(&store, first, [shown(row(2)), accepted(4)]).await;
    let second = successor(&store).await;

    let mut parts = Vec::new();
    for _ in 0..4 {
        parts.push(numbers_of(&store.recover(second, at(16), 2).await.expect("a recovery")));
    }

    assert_eq!(parts, [vec![1, 2], vec![3, 4], vec![5], vec![]]);
}

pub async fn executions_of_a_fenced_worker_change_hands<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = short_lived(&store).await;
    commit(&store, first, [accepted(1), accepted(2)]).await;
    let second = successor(&store).await;
    assert_eq!(numbers_of(&recovered(&store, second).await), [1, 2]);

    let third = worker(&store).await;

    assert_eq!(recovered(&store, third).await, []);
    commit(&store, second, [appended(1, 2, Projection::Tail)]).await;
}

pub async fn executions_of_a_released_worker_change_hands_at_once<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = worker(&store).await;
    let second = worker(&store).await;
    commit(&store, first, [accepted(1)]).await;
    assert_eq!(recovered(&store, second).await, []);

    store.release(first).await.expect("a lease is released");

    assert_eq!(numbers_of(&recovered(&store, second).await), [1]);
}

pub async fn recovering_again_returns_what_has_become_free_since<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = short_lived(&store).await;
    commit(&store, first, [accepted(1), shown(row(2))]).await;
    let second = successor(&store).await;
    let third = successor(&store).await;
    commit(&store, third, [accepted(3)]).await;

    let once = recovered(&store, second).await;
    store.release(third).await.expect("a lease is released");
    let again = recovered(&store, second).await;

    assert_eq!((numbers_of(&once), numbers_of(&again)), (vec![1, 2], vec![3]));
}

pub async fn a_taken_execution_is_recovered_when_its_worker_dies<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = short_lived(&store).await;
    commit(&store, first, [parked(row(1), Some(at(1)))]).await;
    store.take(first, id(1)).await.expect("a take").expect("it was parked");

    let second = successor(&store).await;

    assert_eq!(numbers_of(&recovered(&store, second).await), [1]);
    assert_eq!(store.due(None, at(99), 9).await.expect("due"), []);
}

pub async fn recovery_works_after_reopening<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = short_lived(&store).await;
    let snapshot = Projection::Snapshot { row: Box::new(row(1)), journal: journal(2) };
    commit(&store, first, [accepted(1), accepted(2), parked(row(3), None)]).await;
    commit(&store, first, [appended(1, 2, snapshot), appended(2, 2, Projection::Tail)]).await;
    commit(&store, first, [appended(1, 3, Projection::Tail)]).await;

    let store = reopened(harness, store).await;

    let second = successor(&store).await;
    let found = recovered(&store, second).await;
    let counts: Vec<usize> = found.iter().map(|stored| stored.records.len()).collect();
    assert_eq!(numbers_of(&found), [1, 2]);
    assert_eq!(counts, [3, 2]);
}
