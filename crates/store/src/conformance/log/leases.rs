//! Leases and fencing.

use std::time::Duration;

use super::super::samples::{ALL, HOUR, OURS, accepted, at, id, parked, row, shown, sound};
use super::super::{Harness, commit, reopened, worker};
use crate::{ExecutionFilter, History, Log, StoreError};

const TTL: Duration = Duration::from_secs(15);

pub async fn epochs_only_grow<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = worker(&store).await;
    let second = worker(&store).await;
    store.release(second).await.expect("a lease is released");
    let store = reopened(harness, store).await;

    let third = worker(&store).await;

    assert!(first.epoch < second.epoch && second.epoch < third.epoch, "{first:?} {second:?} {third:?}");
}

pub async fn a_worker_is_fenced_when_another_registers_after_its_lease_ended<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = store.register("first".into(), at(0), TTL).await.expect("the first registers");

    store.register("second".into(), at(16), TTL).await.expect("the second registers");

    let renewal = store.renew(first, at(17), TTL).await;
    let write = store.commit(first, vec![accepted(1)]).await;
    assert!(matches!(renewal, Err(StoreError::Fenced)), "{renewal:?}");
    assert!(matches!(write, Err(StoreError::Fenced)), "{write:?}");
}

pub async fn a_live_worker_is_not_fenced_by_another<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = store.register("first".into(), at(0), TTL).await.expect("the first registers");

    let second = store.register("second".into(), at(14), TTL).await.expect("the second registers");

    commit(&store, first, [accepted(1)]).await;
    commit(&store, second, [accepted(2)]).await;
    store.renew(first, at(14), TTL).await.expect("the first is alive");
}

pub async fn a_renewal_outlives_the_first_end<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = store.register("first".into(), at(0), TTL).await.expect("the first registers");

    store.renew(first, at(10), TTL).await.expect("a lease is renewed");
    store.renew(first, at(10), TTL).await.expect("a repeated renewal is harmless");

    store.register("second".into(), at(20), TTL).await.expect("the second registers");
    commit(&store, first, [accepted(1)]).await;
}

pub async fn an_expired_lease_can_be_renewed_until_another_worker_takes_over<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = store.register("first".into(), at(0), TTL).await.expect("the first registers");

    store.renew(first, at(60), TTL).await.expect("expiry alone takes nothing away");

    store.register("second".into(), at(61), TTL).await.expect("the second registers");
    commit(&store, first, [accepted(1)]).await;
}

pub async fn a_released_worker_writes_nothing_more<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = worker(&store).await;

    store.release(first).await.expect("a lease is released");

    let write = store.commit(first, vec![accepted(1)]).await;
    assert!(matches!(write, Err(StoreError::Fenced)), "{write:?}");
    assert_eq!(store.execution(OURS, id(1)).await.expect("a read"), None);
}

pub async fn a_fenced_batch_writes_nothing<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = store.register("first".into(), at(0), TTL).await.expect("the first registers");
    commit(&store, first, [shown(row(1))]).await;
    let second = store.register("second".into(), at(16), HOUR).await.expect("the second registers");

    let changed = crate::conformance::samples::finished(crate::conformance::samples::completed(1));
    let write = store.commit(first, vec![changed, shown(row(2)), accepted(3)]).await;

    assert!(matches!(write, Err(StoreError::Fenced)), "{write:?}");
    let rows = sound(store.executions(ExecutionFilter::default(), ALL).await);
    assert_eq!(rows, [row(1)]);
    assert_eq!(store.execution(OURS, id(3)).await.expect("a read"), None);
    assert_eq!(store.recover(second, at(16), 9).await.expect("a recovery").len(), 1);
}

pub async fn a_fenced_worker_recovers_and_takes_nothing<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = store.register("first".into(), at(0), TTL).await.expect("the first registers");
    commit(&store, first, [accepted(1), parked(row(2), Some(at(5)))]).await;
    store.register("second".into(), at(16), HOUR).await.expect("the second registers");

    let recovered = store.recover(first, at(16), 9).await;
    let taken = store.take(first, id(2)).await;

    assert!(matches!(recovered, Err(StoreError::Fenced)), "{recovered:?}");
    assert!(matches!(taken, Err(StoreError::Fenced)), "{taken:?}");
}
