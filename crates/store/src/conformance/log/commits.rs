//! What a commit stores, for each [`Projection`].

use std::sync::Arc;

use steadflow_core::execution::{ExecutionStatus, Wait};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::NodeId;

use super::super::samples::{
    ALL, OURS, THEIRS, acceptance, accepted, all_counters, appended, at, completed, failed, finished, id,
    journal, keyed, listed, parked, read, record, records, row, shown, sound,
};
use super::super::{Harness, commit, orphaned, reopened, worker};
use crate::{
    Commit, Committed, ExecutionFilter, ExecutionRow, History, IdempotencyHit, Log, Projection, StoreError,
    Stored,
};

pub async fn answers_keep_the_order_of_the_batch<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [keyed(accepted(1), "start:a")]).await;

    let answers = commit(&store, worker, [accepted(2), keyed(accepted(3), "start:a"), accepted(4)]).await;

    let hit = IdempotencyHit { execution: id(1), request_hash: [7; 32] };
    assert_eq!(answers, [Committed::Done, Committed::Hit(hit), Committed::Done]);
}

pub async fn a_write_that_is_refused_for_ever_is_named_so_and_undone<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [accepted(1)]).await;
    commit(&store, worker, [finished(completed(2))]).await;

    let again = store.commit(worker, vec![accepted(3), appended(1, 1, Projection::Tail)]).await;
    let after_its_end = store.commit(worker, vec![accepted(3), appended(2, 2, Projection::Tail)]).await;

    assert!(matches!(again, Err(StoreError::Refused { .. })), "{again:?}");
    assert!(matches!(after_its_end, Err(StoreError::Refused { .. })), "{after_its_end:?}");
    assert_eq!(
        commit(&store, worker, [accepted(3), appended(1, 2, Projection::Tail)]).await,
        [Committed::Done, Committed::Done]
    );
}

pub async fn an_empty_batch_is_harmless<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;

    assert_eq!(commit(&store, worker, []).await, []);
}

pub async fn the_tail_alone_is_readable_and_in_no_list<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let theirs = Commit { record: Some(acceptance(THEIRS)), ..accepted(2) };

    commit(&store, worker, [accepted(1), theirs]).await;
    commit(&store, worker, [appended(1, 2, Projection::Tail), appended(1, 3, Projection::Tail)]).await;

    assert_eq!(read(&store, 1).await, Stored { id: id(1), records: records(3), is_snapshot: false });
    assert_eq!(store.execution(THEIRS, id(1)).await.expect("a read"), None);
    assert_eq!(store.execution(OURS, id(2)).await.expect("a read"), None);
    assert_eq!(store.execution(OURS, id(9)).await.expect("a read"), None);
    assert!(listed(&store, ExecutionFilter::default()).await.is_empty());
}

pub async fn a_shown_row_is_listed_as_it_was_last_shown<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let waiting_for = Some(Wait::Retry { at: at(77) });
    let later = ExecutionRow { completed_nodes: 2, retrying: true, waiting_for, ..row(1) };

    commit(&store, worker, [shown(row(1))]).await;
    commit(&store, worker, [appended(1, 2, Projection::Shown(Box::new(later.clone())))]).await;

    let rows = sound(store.executions(ExecutionFilter::default(), ALL).await);
    assert_eq!(rows, [later]);
    assert_eq!(read(&store, 1).await.records, records(2));
}

pub async fn a_projection_without_a_record_changes_only_the_row<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let later = ExecutionRow { completed_nodes: 2, ..row(1) };
    let projection = Projection::Shown(Box::new(later.clone()));

    commit(&store, worker, [shown(row(1))]).await;
    commit(&store, worker, [Commit { record: None, ..appended(1, 1, projection) }]).await;

    let rows = sound(store.executions(ExecutionFilter::default(), ALL).await);
    assert_eq!(rows, [later]);
    assert_eq!(read(&store, 1).await.records, records(1));
}

pub async fn a_snapshot_covers_its_records_and_the_tail_goes_on_above_it<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let snapshot = |seq| Projection::Snapshot { row: Box::new(row(1)), journal: journal(seq) };

    commit(&store, worker, [accepted(1), appended(1, 2, Projection::Tail)]).await;
    commit(&store, worker, [Commit { record: None, ..appended(1, 2, snapshot(2)) }]).await;
    assert_eq!(read(&store, 1).await, Stored { id: id(1), records: records(2), is_snapshot: true });

    commit(&store, worker, [appended(1, 3, Projection::Tail), appended(1, 4, Projection::Tail)]).await;
    assert_eq!(read(&store, 1).await, Stored { id: id(1), records: records(4), is_snapshot: false });

    commit(&store, worker, [appended(1, 5, snapshot(5))]).await;
    assert_eq!(read(&store, 1).await, Stored { id: id(1), records: records(5), is_snapshot: true });
    assert_eq!(listed(&store, ExecutionFilter::default()).await, [1]);
}

pub async fn a_parked_execution_is_readable<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let projection = Projection::Parked { row: Box::new(row(1)), journal: journal(2), wake_at: Some(at(90)) };

    commit(&store, worker, [accepted(1)]).await;
    commit(&store, worker, [appended(1, 2, projection)]).await;

    assert_eq!(read(&store, 1).await, Stored { id: id(1), records: records(2), is_snapshot: true });
    assert_eq!(store.execution(THEIRS, id(1)).await.expect("a read"), None);
    assert_eq!(listed(&store, ExecutionFilter::default()).await, [1]);
}

pub async fn a_finished_execution_is_readable_and_whole<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let Projection::Finished { row, rollup, .. } = finished(completed(1)).projection else { return };
    let projection = Projection::Finished { row, rollup, journal: journal(3) };

    commit(&store, worker, [accepted(1)]).await;
    commit(&store, worker, [appended(1, 2, Projection::Tail), appended(1, 3, projection)]).await;

    assert_eq!(read(&store, 1).await, Stored { id: id(1), records: records(3), is_snapshot: true });
    assert_eq!(store.execution(THEIRS, id(1)).await.expect("a read"), None);
    let rows = sound(store.executions(ExecutionFilter::default(), ALL).await);
    assert_eq!(rows, [completed(1)]);
}

/// A store may refuse or ignore a write to an ended execution; the write must not take effect.
pub async fn a_finished_execution_never_changes<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [finished(completed(1))]).await;

    let _ = store.commit(worker, vec![finished(failed(1, "late"))]).await;
    let _ = store.commit(worker, vec![appended(1, 2, Projection::Shown(Box::new(row(1))))]).await;
    let _ = store.commit(worker, vec![parked(row(1), Some(at(0)))]).await;

    let rows = sound(store.executions(ExecutionFilter::default(), ALL).await);
    assert_eq!(rows, [completed(1)]);
    let sums = store.rollup_sums(all_counters(OURS)).await.expect("sums");
    assert_eq!(sums.totals.executions, 1);
    assert_eq!(store.due(None, at(99), 9).await.expect("due"), []);
    assert_eq!(orphaned(&store, worker).await, []);
}

pub async fn every_field_of_a_row_survives<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let full = ExecutionRow {
        flow_version: 7,
        retrying: true,
        recovered: true,
        context_id: Some("vendor-ü-\"1\"".into()),
        context_type: Some("vendor".into()),
        triggered_by: "retry".into(),
        retry_of: Some(id(4)),
        forked_from: Some(id(5)),
        parent: Some(id(5)),
        parent_node: Some(NodeId::new("each ü")),
        index: u32::MAX,
        attempts: u32::MAX,
        ..failed(1, "score")
    };
    let statuses = ExecutionStatus::ALL.into_iter().filter(|status| !status.is_finished());
    let mut rows = vec![full];
    rows.extend((2..).zip(statuses).map(|(number, status)| ExecutionRow { status, ..row(number) }));
    let classes = (10..).zip(ErrorClass::ALL);
    rows.extend(classes.map(|(number, &class)| ExecutionRow { error_class: Some(class), ..row(number) }));
    rows.push(ExecutionRow { current_node: Some(NodeId::new("näher")), ..row(90) });
    let waits =
        (91..).zip([Wait::Slot, Wait::Decision, Wait::Retry { at: at(7) }, Wait::Delay { until: at(8) }]);
    rows.extend(waits.map(|(number, wait)| ExecutionRow { waiting_for: Some(wait), ..row(number) }));

    commit(&store, worker, rows.iter().cloned().map(shown).collect::<Vec<_>>()).await;

    rows.reverse();
    let read = sound(store.executions(ExecutionFilter::default(), ALL).await);
    assert_eq!(read, rows);
}

pub async fn commits_survive_reopening<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [accepted(1), shown(row(2)), finished(completed(3))]).await;
    commit(&store, worker, [appended(1, 2, Projection::Tail)]).await;

    let store = reopened(harness, store).await;

    assert_eq!(read(&store, 1).await.records, records(2));
    assert_eq!(read(&store, 2).await.records, records(1));
    assert_eq!(read(&store, 3).await, Stored { id: id(3), records: records(1), is_snapshot: true });
    assert_eq!(listed(&store, ExecutionFilter::default()).await, [3, 2]);
}

pub async fn a_large_batch_is_written_whole<H: Harness>(harness: &H) {
    const SIZE: u16 = 2_000;
    let store = harness.open().await;
    let worker = worker(&store).await;

    let answers = commit(&store, worker, (1..=SIZE).map(accepted).collect::<Vec<_>>()).await;

    assert_eq!(answers, vec![Committed::Done; usize::from(SIZE)]);
    let recovered = orphaned(&store, worker).await;
    let expected: Arc<str> = record(1);
    assert_eq!(recovered.len(), usize::from(SIZE));
    assert!(recovered.iter().all(|stored| stored.records == [Arc::clone(&expected)]));
}
