//! What the engine does beside its work: old executions are deleted, room is measured, and a reserve of it kept free.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use steadflow_core::caller::Actor;
use steadflow_core::ids::ExecutionId;
use steadflow_core::inbox::Signal;
use steadflow_runtime::{Room, RuntimeError, UpkeepConfig};
use steadflow_store::{InboxInput, Kept, Log, Retention};
use uuid::Uuid;

use crate::support::{Bench, TENANT, echo, pass};

/// Looks after the database of `bench` from now on.
fn keep_up(bench: &Bench, all: Kept, reserve_bytes: u64) {
    let retention = Arc::new(Retention { all, ..Retention::default() });
    let engine = bench.engine.clone();
    tokio::spawn(async move { engine.keep_up(UpkeepConfig { retention, reserve_bytes }).await });
}

#[tokio::test(start_paused = true)]
async fn executions_are_accepted_while_more_than_the_reserve_is_free() {
    let bench = Bench::new().await;
    let flow = bench.flow(json!({}), json!([echo("a", json!(1))]), json!([])).await;
    keep_up(&bench, Kept::default(), 100);

    let steps = [
        (Some(99), Room::Reserved),
        (Some(100), Room::Low),
        (Some(999), Room::Low),
        (Some(1_000), Room::Enough),
        (Some(0), Room::Reserved),
        (None, Room::Enough),
    ];
    for (free, room) in steps {
        bench.store.set_disk_free(free).unwrap();
        pass(Duration::from_secs(6)).await;
        let started = bench.start_with(flow, None).await;

        assert_eq!(bench.engine.room(), room, "{free:?} bytes are free");
        assert_eq!(room.as_str(), format!("{room:?}").to_lowercase());
        let is_refused = matches!(started, Err(RuntimeError::StorageFull));
        assert_eq!(is_refused, room == Room::Reserved, "{free:?} bytes are free: {started:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn executions_are_deleted_when_they_are_not_kept_any_longer() {
    let bench = Bench::new().await;
    let flow = bench.flow(json!({}), json!([echo("a", json!(1))]), json!([])).await;
    let exists = async |execution| bench.engine.execution(TENANT, execution).await.is_ok();
    let old = bench.start(flow).await;
    pass(Duration::from_secs(3_600)).await;

    let hour = Duration::from_secs(3_600);
    keep_up(&bench, Kept { completed: Some(hour), ..Kept::default() }, 0);
    let new = bench.start(flow).await;
    pass(Duration::from_secs(1)).await;
    assert_eq!((exists(old).await, exists(new).await), (false, true), "at the start");

    pass(Duration::from_secs(3_590)).await;
    assert!(exists(new).await);
    pass(Duration::from_secs(70)).await;
    assert!(!exists(new).await, "what ends later is looked at every minute");
}

#[tokio::test(start_paused = true)]
async fn signals_for_executions_that_do_not_exist_are_deleted() {
    let bench = Bench::new().await;
    let input = serde_json::to_string(&Signal::Pause { by: Actor::USER }).unwrap().into();
    let (execution, created_at) = (ExecutionId::new(Uuid::from_u128(9)), bench.engine.now());
    bench.store.send(InboxInput { tenant: TENANT, execution, input, created_at }).await.unwrap();

    pass(Duration::from_secs(180)).await;

    let other =
        bench.store.register("other".into(), bench.engine.now(), Duration::from_secs(15)).await.unwrap();
    assert_eq!(bench.store.inbox(other, None, 9).await.unwrap(), []);
}
