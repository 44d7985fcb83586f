//! Retention: what is deleted, and what never is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;

use super::super::samples::{FLOW, OTHER_FLOW, OURS, completed, failed, finished, id, listed, row, shown};
use super::super::{Harness, commit, worker};
use crate::{ExecutionFilter, ExecutionRow, ExpiryStep, History, Kept, Retention, Store};

const DAY: Duration = Duration::from_secs(86_400);

async fn holding<H: Harness>(harness: &H, rows: Vec<ExecutionRow>) -> H::Store {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let commits =
        rows.into_iter().map(|row| if row.status.is_finished() { finished(row) } else { shown(row) });
    commit(&store, worker, commits.collect::<Vec<_>>()).await;
    store
}

/// Deletes in steps of two, until there is nothing left to look at.
async fn expire(store: &impl Store, retention: &Retention, now: Timestamp) -> usize {
    let retention = Arc::new(retention.clone());
    let (mut after, mut deleted) = (None, 0);
    loop {
        let step = ExpiryStep { after, limit: 2 };
        let expired = store.expire(Arc::clone(&retention), now, step).await.expect("it can be deleted");
        assert!(expired.deleted <= step.limit, "a step deletes {} executions", expired.deleted);
        deleted += expired.deleted;
        after = expired.next;
        if after.is_none() {
            return deleted;
        }
    }
}

async fn left(store: &impl Store) -> Vec<u16> {
    listed(store, ExecutionFilter::default()).await
}

fn kept(completed: Option<Duration>, failed: Option<Duration>) -> Kept {
    Kept { completed, failed, cancelled: None }
}

/// A moment at which everything that ended has ended for longer than a day.
fn later() -> Timestamp {
    let ends = [completed(1), failed(1, "a")].map(|row| row.completed_at.expect("it has ended"));
    ends.into_iter().max().expect("there are two").plus(2 * DAY)
}

pub async fn what_has_ended_for_long_is_deleted<H: Harness>(harness: &H) {
    let store = holding(harness, (1..=5).map(completed).collect()).await;
    let retention = Retention { all: kept(Some(DAY), None), ..Retention::default() };

    assert_eq!(expire(&store, &retention, later()).await, 5);

    assert!(left(&store).await.is_empty());
    let gone: ExecutionId = id(1);
    assert!(store.execution(OURS, gone).await.expect("it can be read").is_none());
    assert_eq!(store.journal_bytes(gone).await.expect("it can be read"), 0);
    assert!(store.doctor().await.expect("it can be checked").is_empty());
}

pub async fn what_has_not_ended_is_never_deleted<H: Harness>(harness: &H) {
    let store = holding(harness, vec![row(1), completed(2), row(3)]).await;
    let retention =
        Retention { all: kept(Some(Duration::ZERO), Some(Duration::ZERO)), ..Retention::default() };

    assert_eq!(expire(&store, &retention, later().plus(1_000 * DAY)).await, 1);

    assert_eq!(left(&store).await, [3, 1]);
}

pub async fn each_status_and_flow_has_its_own_time<H: Harness>(harness: &H) {
    let elsewhere = |number| ExecutionRow { flow: OTHER_FLOW, ..completed(number) };
    let store = holding(harness, vec![completed(1), failed(2, "a"), elsewhere(3)]).await;
    let flows = BTreeMap::from([(OTHER_FLOW, Kept::default())]);
    let retention = Retention { all: kept(Some(DAY), Some(10 * DAY)), flows };

    assert_eq!(expire(&store, &retention, later()).await, 1);
    assert_eq!(left(&store).await, [3, 2], "the failed one is kept longer, that of another flow for ever");

    assert_eq!(expire(&store, &retention, later().plus(10 * DAY)).await, 1);
    assert_eq!(left(&store).await, [3]);
}

pub async fn what_was_deleted_is_not_counted<H: Harness>(harness: &H) {
    let store = holding(harness, vec![completed(1), completed(2), failed(3, "a")]).await;
    let retention = Retention { all: kept(Some(DAY), None), ..Retention::default() };

    expire(&store, &retention, later()).await;

    let counts = store.execution_counts(OURS, FLOW).await.expect("they can be read");
    assert_eq!((counts.total, counts.completed, counts.failed), (1, 0, 1));
    let filter = ExecutionFilter { tenant: Some(OURS), ..ExecutionFilter::default() };
    assert_eq!(store.count_executions(filter).await.expect("they can be counted"), Some(1));
}

pub async fn deletions_survive_reopening<H: Harness>(harness: &H) {
    let store = holding(harness, vec![completed(1), failed(2, "a")]).await;
    let retention = Retention { all: kept(Some(DAY), None), ..Retention::default() };
    expire(&store, &retention, later()).await;
    store.close().await.expect("it closes");
    drop(store);

    let store = harness.open().await;

    assert_eq!(left(&store).await, [2]);
}

pub async fn without_retention_everything_is_kept<H: Harness>(harness: &H) {
    let store = holding(harness, vec![completed(1), failed(2, "a")]).await;

    assert_eq!(expire(&store, &Retention::default(), later().plus(10_000 * DAY)).await, 0);

    assert_eq!(left(&store).await, [2, 1]);
}
