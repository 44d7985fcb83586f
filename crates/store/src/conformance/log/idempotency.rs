//! Idempotency keys.

use std::time::Duration;

use steadflow_core::ids::TenantId;

use super::super::samples::{
    HOUR, OURS, THEIRS, accepted, at, id, keyed, keyed_by, numbers_of, read, records,
};
use super::super::{Harness, commit, orphaned, reopened, worker};
use crate::{Committed, History, IdempotencyHit, Log, Store, StoreError};

fn hit(number: u16) -> IdempotencyHit {
    IdempotencyHit { execution: id(number), request_hash: [7; 32] }
}

async fn used_for(store: &impl Store, tenant: TenantId) -> Option<IdempotencyHit> {
    store.idempotency(tenant, "start:a".into()).await.expect("a key is read")
}

pub async fn a_key_is_used_once<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    assert_eq!(used_for(&store, OURS).await, None);

    let first = commit(&store, worker, [keyed(accepted(1), "start:a")]).await;
    let second = commit(&store, worker, [keyed(accepted(2), "start:a")]).await;

    assert_eq!(first, [Committed::Done]);
    assert_eq!(second, [Committed::Hit(hit(1))]);
    assert_eq!(used_for(&store, OURS).await, Some(hit(1)));
    assert_eq!(store.execution(OURS, id(2)).await.expect("a read"), None);
}

pub async fn a_key_occurs_twice_in_one_batch<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;

    let answers =
        commit(&store, worker, [keyed(accepted(1), "start:a"), keyed(accepted(2), "start:a")]).await;

    assert_eq!(answers, [Committed::Done, Committed::Hit(hit(1))]);
    assert_eq!(read(&store, 1).await.records, records(1));
    assert_eq!(store.execution(OURS, id(2)).await.expect("a read"), None);
}

pub async fn a_hit_leaves_the_rest_of_the_batch_alone<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [keyed(accepted(1), "start:a")]).await;

    commit(&store, worker, [accepted(2), keyed(accepted(3), "start:a"), keyed(accepted(4), "start:b")]).await;

    assert_eq!(read(&store, 2).await.records, records(1));
    assert_eq!(store.execution(OURS, id(3)).await.expect("a read"), None);
    assert_eq!(read(&store, 4).await.records, records(1));
    assert_eq!(numbers_of(&orphaned(&store, worker).await), [1, 2, 4]);
}

pub async fn a_key_is_scoped_by_its_tenant<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;

    commit(&store, worker, [keyed(accepted(1), "start:a")]).await;
    let theirs = commit(&store, worker, [keyed_by(accepted(2), THEIRS, "start:a")]).await;

    assert_eq!(theirs, [Committed::Done]);
    assert_eq!(used_for(&store, OURS).await, Some(hit(1)));
    assert_eq!(used_for(&store, THEIRS).await, Some(hit(2)));
}

pub async fn a_key_survives_reopening<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = worker(&store).await;
    commit(&store, first, [keyed(accepted(1), "start:a")]).await;

    let store = reopened(harness, store).await;

    let second = worker(&store).await;
    assert_eq!(commit(&store, second, [keyed(accepted(2), "start:a")]).await, [Committed::Hit(hit(1))]);
    assert_eq!(used_for(&store, OURS).await, Some(hit(1)));
}

pub async fn a_fenced_batch_uses_no_key<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first =
        store.register("first".into(), at(0), Duration::from_micros(1)).await.expect("the first registers");
    let second = store.register("second".into(), at(9), HOUR).await.expect("the second registers");

    let fenced = store.commit(first, vec![keyed(accepted(1), "start:a")]).await;

    assert!(matches!(fenced, Err(StoreError::Fenced)), "{fenced:?}");
    assert_eq!(commit(&store, second, [keyed(accepted(2), "start:a")]).await, [Committed::Done]);
}
