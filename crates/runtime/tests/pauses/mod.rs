//! Pausing and resuming everything of a tenant.

use std::time::Duration;

use serde_json::json;
use steadflow_core::caller::Caller;
use steadflow_core::event::Event;
use steadflow_core::execution::ExecutionStatus::{
    self, Cancelled, Completed, Failed, Paused, Pending, Running,
};
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_core::payload::Payload;
use steadflow_runtime::{EngineConfig, RuntimeError};
use steadflow_store::Tenants;

use crate::support::{Bench, TENANT, echo, pass};

const ME: Caller = Caller::LOCAL;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

async fn status(bench: &Bench, id: ExecutionId) -> ExecutionStatus {
    bench.engine.execution(TENANT, id).await.expect("it exists").execution.status()
}

/// What keeps up with pauses, as the program runs it.
fn keep(bench: &Bench) {
    let engine = bench.engine.clone();
    tokio::spawn(async move { engine.keep_tenants().await });
}

/// A call that takes three seconds, and one that follows.
async fn two_calls(bench: &Bench) -> FlowId {
    let nodes = json!([echo("a", json!({ "takes": 3 })), echo("b", json!({}))]);
    bench.flow(json!({}), nodes, json!([{ "from": "a", "to": "b" }])).await
}

fn calls_of(bench: &Bench, node: &str) -> usize {
    let seen = bench.executor.seen.lock().expect("nobody panicked with it");
    seen.iter().filter(|call| call.starts_with(node)).count()
}

#[tokio::test(start_paused = true)]
async fn nothing_starts_while_everything_is_paused_and_all_goes_on_afterwards() {
    let bench = Bench::new().await;
    keep(&bench);
    let flow = two_calls(&bench).await;
    let (in_flight, by_itself) = (bench.start(flow).await, bench.start(flow).await);
    bench.engine.pause(&ME, by_itself).await.unwrap();

    let reason = Some("The provider is down".into());
    let pause = bench.engine.pause_everything(&ME, reason).await.unwrap();
    let later = bench.start(flow).await;
    pass(secs(60)).await;

    assert_eq!((pause.by, pause.reason.as_deref()), (ME.actor, Some("The provider is down")));
    let again = bench.engine.pause_everything(&ME, None).await;
    assert!(matches!(again, Err(RuntimeError::EverythingPaused(_))), "{again:?}");
    assert_eq!((calls_of(&bench, "a"), calls_of(&bench, "b")), (2, 0), "only what was in flight has ended");
    assert_eq!(status(&bench, in_flight).await, Paused);
    assert_eq!(status(&bench, later).await, Pending);
    let alone = bench.engine.resume(&ME, in_flight).await;
    assert!(matches!(alone, Err(RuntimeError::EverythingPaused(_))), "{alone:?}");

    bench.engine.resume_everything(&ME).await.unwrap();
    assert_eq!(bench.ended(in_flight).await.execution.status(), Completed);
    assert_eq!(bench.ended(later).await.execution.status(), Completed);
    pass(secs(30)).await;
    assert_eq!(status(&bench, by_itself).await, Paused, "somebody has paused it by itself");
    assert!(matches!(bench.engine.resume_everything(&ME).await, Err(RuntimeError::NothingPaused)));
    assert!(bench.store.pauses().await.unwrap().is_empty(), "it is forgotten when all has been resumed");
    let paused: Vec<bool> = bench.events(in_flight).await.iter().filter_map(with_all).collect();
    assert_eq!(paused, [true]);
}

fn with_all(event: &Event) -> Option<bool> {
    let Event::Paused { with_all, .. } = event else { return None };
    Some(*with_all)
}

#[tokio::test(start_paused = true)]
async fn a_pause_survives_a_crash_and_so_does_its_end() {
    let bench = Bench::new().await;
    let flow = two_calls(&bench).await;
    let limited =
        bench.flow(json!({ "max_concurrent_executions": 1 }), json!([echo("c", json!({}))]), json!([])).await;
    let in_flight = bench.start(flow).await;
    bench.engine.pause_everything(&ME, None).await.unwrap();
    let waiting = [bench.start(flow).await, bench.start(limited).await, bench.start(limited).await];

    let bench = bench.after_crash().await;
    keep(&bench);
    pass(secs(120)).await;

    assert_eq!(calls_of(&bench, ""), 0, "nothing has begun");
    assert_eq!(status(&bench, in_flight).await, Paused);
    for id in waiting {
        assert_eq!(status(&bench, id).await, Pending);
    }
    // It ends and the process is gone before anything was resumed.
    bench.engine.resume_everything(&ME).await.unwrap();
    let bench = bench.after_crash().await;
    keep(&bench);
    for id in waiting.into_iter().chain([in_flight]) {
        assert_eq!(bench.ended(id).await.execution.status(), Completed);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_parked_wakes_to_a_pause_and_keeps_its_deadline() {
    let bench = Bench::new().await;
    keep(&bench);
    let nodes = json!([{ "id": "wait", "type": "delay", "delay_seconds": 600 }, echo("b", json!({}))]);
    let edges = json!([{ "from": "wait", "to": "b" }]);
    let delayed = bench.flow(json!({}), nodes.clone(), edges.clone()).await;
    let short = bench.flow(json!({ "timeout_seconds": 900 }), nodes, edges).await;
    let (delayed, short) = (bench.start(delayed).await, bench.start(short).await);
    pass(secs(5)).await;

    bench.engine.pause_everything(&ME, None).await.unwrap();
    let while_parked = status(&bench, delayed).await;
    pass(secs(1_000)).await;

    assert_eq!(while_parked, Running, "it has nothing to start yet");
    assert_eq!((status(&bench, delayed).await, calls_of(&bench, "b")), (Paused, 0));
    assert_eq!(status(&bench, short).await, Failed, "its timeout has passed");
    bench.engine.resume_everything(&ME).await.unwrap();
    assert_eq!(bench.ended(delayed).await.execution.status(), Completed);
}

#[tokio::test(start_paused = true)]
async fn children_are_held_and_resumed_with_their_parents_and_a_cancel_goes_through() {
    let bench = Bench::new().await;
    keep(&bench);
    let body = json!({ "nodes": [echo("x", json!({ "takes": 2 })), echo("y", json!({}))], "edges": [{ "from": "x", "to": "y" }] });
    let map = json!({ "id": "m", "type": "map", "items": "${trigger_data.of}", "max_concurrency": 2, "body": body });
    let flow = bench.flow(json!({}), json!([map]), json!([])).await;
    let of = Payload::from_value(&json!({ "of": [1, 2, 3, 4] }));
    let (one, other) = (
        bench.start_on(flow, of.clone(), None).await.unwrap().execution,
        bench.start_on(flow, of, None).await.unwrap().execution,
    );
    pass(secs(1)).await;

    bench.engine.pause_everything(&ME, None).await.unwrap();
    pass(secs(60)).await;
    assert_eq!((calls_of(&bench, "x"), calls_of(&bench, "y")), (4, 0));
    bench.engine.cancel(&ME, other).await.unwrap();
    assert_eq!(bench.ended(other).await.execution.status(), Cancelled);
    bench.engine.resume_everything(&ME).await.unwrap();

    assert_eq!(bench.ended(one).await.execution.status(), Completed);
    assert_eq!(calls_of(&bench, "y"), 4);
}

#[tokio::test(start_paused = true)]
async fn another_process_keeps_to_a_pause_and_to_its_end() {
    let bench = Bench::new().await;
    keep(&bench);
    let other = bench.again_with(EngineConfig { worker: "other".into(), ..EngineConfig::default() }).await;
    keep(&other);
    let flow = two_calls(&bench).await;
    let execution = other.start(flow).await;

    bench.engine.pause_everything(&ME, None).await.unwrap();
    pass(secs(60)).await;
    let while_paused = (status(&other, execution).await, other.start(flow).await);
    bench.engine.resume_everything(&ME).await.unwrap();

    assert_eq!(while_paused.0, Paused);
    assert_eq!(other.ended(execution).await.execution.status(), Completed);
    assert_eq!(other.ended(while_paused.1).await.execution.status(), Completed);
}
