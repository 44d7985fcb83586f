//! Parked executions: timers, queue and slots.

use std::collections::BTreeMap;

use steadflow_core::execution::ExecutionStatus;
use steadflow_core::flow_control::QueuePlace;
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_core::timestamp::Timestamp;

use super::super::samples::{
    FLOW, OTHER_FLOW, accepted, appended, at, completed, finished, id, journal, parked, pending, records,
    row, shown, started,
};
use super::super::{Harness, commit, reopened, worker};
use crate::{Commit, ExecutionRow, Log, Projection, Store, Stored, TakenSlots};

async fn due(store: &impl Store, until: i64) -> Vec<(Timestamp, ExecutionId)> {
    store.due(None, at(until), 1_000).await.expect("due executions")
}

async fn queued(store: &impl Store) -> Vec<(FlowId, ExecutionId)> {
    let queued = store.queued(None, 1_000).await.expect("queued executions");
    queued.iter().map(|queued| (queued.flow, queued.execution)).collect()
}

async fn slots(store: &impl Store) -> BTreeMap<FlowId, u32> {
    let slots = store.slots(None, 1_000).await.expect("slots");
    slots.into_iter().filter(|slots| slots.taken > 0).map(|slots| (slots.flow, slots.taken)).collect()
}

pub async fn due_executions_come_earliest_first<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let batch = [parked(row(1), Some(at(30))), parked(row(2), Some(at(10))), parked(row(3), Some(at(20)))];
    commit(&store, worker, batch).await;

    assert_eq!(due(&store, 10).await, []);
    assert_eq!(due(&store, 11).await, [(at(10), id(2))]);
    assert_eq!(due(&store, 31).await, [(at(10), id(2)), (at(20), id(3)), (at(30), id(1))]);
}

pub async fn due_executions_are_read_in_parts<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let batch: Vec<_> =
        (1..=9).map(|number| parked(row(number), Some(at(100 - i64::from(number))))).collect();
    commit(&store, worker, batch).await;

    let first = store.due(None, at(200), 2).await.expect("due executions");
    let second = store.due(first.last().copied(), at(200), 2).await.expect("due executions");

    assert_eq!(first, [(at(91), id(9)), (at(92), id(8))]);
    assert_eq!(second, [(at(93), id(7)), (at(94), id(6))]);
}

pub async fn a_parked_execution_without_a_time_is_never_due<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [parked(row(1), None)]).await;

    assert_eq!(store.due(None, Timestamp::MAX, 9).await.expect("due executions"), []);
    assert!(store.take(worker, id(1)).await.expect("a take").is_some());
}

pub async fn a_parked_execution_is_taken_once<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = worker(&store).await;
    let second = worker(&store).await;
    commit(&store, first, [parked(row(1), Some(at(1)))]).await;

    let taken = store.take(second, id(1)).await.expect("a take");
    let again = store.take(second, id(1)).await.expect("a take");
    let late = store.take(first, id(1)).await.expect("a take");

    let stored = Stored { id: id(1), records: records(1), is_snapshot: true };
    assert_eq!(taken, Some(stored.clone()));
    assert_eq!(again, Some(stored), "a take whose answer was lost is repeated");
    assert_eq!(late, None);
    assert_eq!(due(&store, 99).await, []);
}

pub async fn an_execution_parked_again_is_due_again<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = worker(&store).await;
    let second = worker(&store).await;
    commit(&store, first, [parked(row(1), Some(at(1)))]).await;
    store.take(first, id(1)).await.expect("a take").expect("it was parked");

    let projection = Projection::Parked { row: Box::new(row(1)), journal: journal(2), wake_at: Some(at(50)) };
    commit(&store, first, [appended(1, 2, projection)]).await;

    assert_eq!(due(&store, 99).await, [(at(50), id(1))]);
    let taken = store.take(second, id(1)).await.expect("a take").expect("it is parked again");
    assert_eq!(taken.records, records(2));
}

pub async fn finished_and_unknown_executions_cannot_be_taken<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = worker(&store).await;
    let second = worker(&store).await;
    commit(&store, first, [finished(completed(1)), accepted(2)]).await;

    assert_eq!(store.take(first, id(1)).await.expect("a take"), None);
    assert_eq!(store.take(second, id(2)).await.expect("a take"), None);
    assert_eq!(store.take(first, id(3)).await.expect("a take"), None);
}

pub async fn queued_executions_keep_the_order_of_their_acceptance<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let other = ExecutionRow { flow: OTHER_FLOW, ..pending(2) };
    commit(&store, worker, [parked(pending(3), None), parked(other, None), parked(pending(1), None)]).await;
    commit(&store, worker, [parked(row(4), None), finished(completed(5))]).await;

    assert_eq!(queued(&store).await, [(FLOW, id(1)), (OTHER_FLOW, id(2)), (FLOW, id(3))]);
}

pub async fn queued_executions_come_in_parts<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let same_moment = |number| ExecutionRow { created_at: at(2), ..pending(number) };
    let batch = [4, 3, 2, 1].map(|number| parked(same_moment(number), None));
    commit(&store, worker, batch).await;

    let first = store.queued(None, 3).await.expect("queued executions");
    let second = store.queued(first.last().cloned(), 3).await.expect("queued executions");
    let third = store.queued(second.last().cloned(), 3).await.expect("queued executions");

    let ids: [Vec<ExecutionId>; 3] =
        [first, second, third].map(|part| part.into_iter().map(|queued| queued.execution).collect());
    assert_eq!(ids, [vec![id(1), id(2), id(3)], vec![id(4)], vec![]]);
}

pub async fn slots_count_what_has_started_and_not_ended<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let paused = ExecutionRow { status: ExecutionStatus::Paused, ..row(2) };
    let paused_in_the_queue = ExecutionRow { status: ExecutionStatus::Paused, ..pending(3) };
    let other = ExecutionRow { flow: OTHER_FLOW, ..row(4) };
    let batch =
        [shown(row(1)), parked(paused, None), parked(paused_in_the_queue, None), parked(other, Some(at(9)))];
    commit(&store, worker, batch).await;
    commit(&store, worker, [parked(pending(5), None), finished(completed(6))]).await;

    assert_eq!(slots(&store).await, BTreeMap::from([(FLOW, 2), (OTHER_FLOW, 1)]));

    let Projection::Finished { row, rollup, .. } = finished(completed(1)).projection else { return };
    commit(&store, worker, [appended(1, 2, Projection::Finished { row, rollup, journal: journal(2) })]).await;
    assert_eq!(slots(&store).await, BTreeMap::from([(FLOW, 1), (OTHER_FLOW, 1)]));
}

pub async fn an_execution_that_left_the_queue_is_not_queued<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [parked(pending(1), None), parked(pending(2), None)]).await;
    store.take(worker, id(1)).await.expect("a take").expect("it was parked");

    assert_eq!(queued(&store).await, [(FLOW, id(2))]);
}

pub async fn slots_count_what_only_the_tail_knows<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let start =
        |number, seq| Commit { record: Some(started(seq)), ..appended(number, seq, Projection::Tail) };
    commit(&store, worker, [accepted(1), accepted(2), shown(pending(3)), parked(pending(4), None)]).await;
    store.take(worker, id(4)).await.expect("a take").expect("it was parked");

    commit(&store, worker, [start(1, 2), start(3, 2), start(4, 2)]).await;
    assert_eq!(slots(&store).await, BTreeMap::from([(FLOW, 3)]));

    let show = Commit { record: None, ..appended(1, 2, Projection::Shown(Box::new(row(1)))) };
    commit(&store, worker, [show]).await;
    assert_eq!(slots(&store).await, BTreeMap::from([(FLOW, 3)]), "nothing is counted twice");
}

pub async fn slots_come_in_parts<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let start = Commit { record: Some(started(2)), ..appended(1, 2, Projection::Tail) };
    let other = ExecutionRow { flow: OTHER_FLOW, ..row(2) };
    commit(&store, worker, [accepted(1), start, shown(other)]).await;

    let part = async |after| store.slots(after, 1).await.expect("slots");

    let taken = |flow| TakenSlots { flow, key: None, taken: 1 };
    assert_eq!(part(None).await, [taken(FLOW)]);
    assert_eq!(part(Some(taken(FLOW))).await, [taken(OTHER_FLOW)]);
    assert_eq!(part(Some(taken(OTHER_FLOW))).await, []);
}

pub async fn slots_and_queued_executions_know_their_keys<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let place = |key: Option<&str>, priority| {
        Some(Box::new(QueuePlace { key: key.map(Into::into), priority, ..QueuePlace::default() }))
    };
    let with = |row: ExecutionRow, queue| ExecutionRow { queue, ..row };
    let waits = with(pending(5), place(Some("b"), Some(-3)));
    let batch = [
        shown(with(row(1), place(Some("a"), None))),
        shown(with(row(2), place(Some("a"), Some(7)))),
        shown(with(row(3), place(Some("b"), None))),
        shown(with(row(4), place(None, Some(1)))),
        parked(waits.clone(), None),
        shown(with(pending(6), place(Some("b"), None))),
    ];
    commit(&store, worker, batch).await;
    // Only the tail knows that this one has started.
    let start = Commit { record: Some(started(2)), ..appended(6, 2, Projection::Tail) };
    commit(&store, worker, [start]).await;

    let store = reopened(harness, store).await;

    let taken = |key: Option<&str>, taken| TakenSlots { flow: FLOW, key: key.map(Into::into), taken };
    let all = store.slots(None, 9).await.expect("slots");
    assert_eq!(all, [taken(None, 1), taken(Some("a"), 2), taken(Some("b"), 2)]);
    assert_eq!(store.slots(Some(all[0].clone()), 1).await.expect("slots"), all[1..2]);
    let queued = store.queued(None, 9).await.expect("queued executions");
    assert_eq!(queued.iter().map(|queued| &queued.queue).collect::<Vec<_>>(), [&waits.queue]);
}

pub async fn parking_survives_reopening<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = worker(&store).await;
    commit(&store, first, [parked(row(1), Some(at(5))), parked(pending(2), None)]).await;

    let store = reopened(harness, store).await;

    let second = worker(&store).await;
    assert_eq!(due(&store, 6).await, [(at(5), id(1))]);
    assert_eq!(queued(&store).await, [(FLOW, id(2))]);
    assert_eq!(slots(&store).await, BTreeMap::from([(FLOW, 1)]));
    assert!(store.take(second, id(1)).await.expect("a take").is_some());
}
