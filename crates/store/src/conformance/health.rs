//! The store as a whole.

use super::samples::{accepted, appended, completed, failed, finished, parked, row, shown};
use super::{Harness, commit, worker};
use crate::{Log, Projection, Store, StoreError};

pub async fn a_healthy_store_has_no_findings<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let batch =
        [accepted(1), shown(row(2)), parked(row(3), None), finished(completed(4)), finished(failed(5, "a"))];
    commit(&store, worker, batch).await;
    commit(&store, worker, [appended(1, 2, Projection::Tail), appended(2, 2, Projection::Tail)]).await;

    assert_eq!(store.doctor().await.expect("an examination"), Vec::<String>::new());
    assert!(!store.durability().is_empty());
}

pub async fn a_closed_store_refuses<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;

    store.close().await.expect("it closes");

    let refusal = store.commit(worker, vec![accepted(1)]).await;
    assert!(matches!(refusal, Err(StoreError::Closed)), "{refusal:?}");
}
