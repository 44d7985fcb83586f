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
use steadflow_runtime::{Capacity, EngineConfig, RuntimeError};
use steadflow_store::{TenantChange, TenantChanged, TenantRecord, Tenants};

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

/// Two calls that are undone by two others, and a third one.
async fn undone(bench: &Bench) -> FlowId {
    let undone = |id: &str, by: &str, takes: u64| {
        let mut node = echo(id, json!({ "takes": takes }));
        node["compensate_with"] = json!(by);
        node
    };
    let nodes = json!([
        undone("a", "undo_a", 1),
        undone("b", "undo_b", 1),
        echo("c", json!({ "takes": 60 })),
        echo("undo_a", json!({ "takes": 2 })),
        echo("undo_b", json!({ "takes": 2 })),
    ]);
    bench.flow(json!({}), nodes, json!([{ "from": "a", "to": "b" }, { "from": "b", "to": "c" }])).await
}

#[tokio::test(start_paused = true)]
async fn what_is_cancelled_under_a_pause_is_undone_to_its_end() {
    let bench = Bench::new().await;
    keep(&bench);
    let flow = undone(&bench).await;
    let execution = bench.start(flow).await;
    pass(secs(5)).await;

    bench.engine.pause_everything(&ME, None).await.unwrap();
    bench.engine.cancel(&ME, execution).await.unwrap();
    pass(secs(60)).await;

    assert_eq!(status(&bench, execution).await, Cancelled);
    assert_eq!((calls_of(&bench, "undo_b"), calls_of(&bench, "undo_a")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_is_paused_while_its_work_is_undone_can_be_cancelled() {
    let bench = Bench::new().await;
    keep(&bench);
    let fails = json!([
        { "id": "a", "type": "action", "action": "echo", "compensate_with": "undo" },
        echo("b", json!({ "fail_times": 9, "takes": 3 })),
        echo("undo", json!({})),
    ]);
    let flow = bench.flow(json!({}), fails, json!([{ "from": "a", "to": "b" }])).await;
    let (execution, by_itself) = (bench.start(flow).await, bench.start(flow).await);
    pass(secs(1)).await;
    bench.engine.pause(&ME, by_itself).await.unwrap();
    bench.engine.pause_everything(&ME, None).await.unwrap();
    pass(secs(10)).await;
    let before = bench.engine.execution(TENANT, execution).await.unwrap().execution;
    assert_eq!((before.status(), before.ending_as()), (Paused, Some(Failed)), "it is not undone yet");

    let record = TenantRecord::new(TENANT, "main".into(), bench.engine.wall());
    assert!(bench.store.create_tenant(record).await.unwrap());
    let yes = Some(true);
    let change = TenantChange {
        is_disabled: yes,
        is_cancelling: yes,
        at: bench.engine.wall(),
        ..TenantChange::default()
    };
    let changed = bench.store.change_tenant(TENANT, change).await.unwrap();
    assert!(matches!(changed, TenantChanged::Done(_)), "{changed:?}");
    pass(secs(60)).await;

    for id in [execution, by_itself] {
        assert_eq!(status(&bench, id).await, Failed);
    }
    assert_eq!(calls_of(&bench, "undo"), 2);
    assert!(!bench.engine.has_unfinished(TENANT).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_is_paused_with_everything_can_stay_paused() {
    let bench = Bench::new().await;
    keep(&bench);
    let flow = two_calls(&bench).await;
    let (kept, other) = (bench.start(flow).await, bench.start(flow).await);
    bench.engine.pause_everything(&ME, None).await.unwrap();
    pass(secs(10)).await;

    bench.engine.pause(&ME, kept).await.unwrap();
    let again = bench.engine.pause(&ME, kept).await;
    bench.engine.resume_everything(&ME).await.unwrap();
    pass(secs(60)).await;

    assert!(matches!(again, Err(RuntimeError::Rejected(_))), "{again:?}");
    assert_eq!((status(&bench, kept).await, status(&bench, other).await), (Paused, Completed));
    bench.engine.resume(&ME, kept).await.unwrap();
    assert_eq!(bench.ended(kept).await.execution.status(), Completed);
}

#[tokio::test(start_paused = true)]
async fn resuming_starts_no_more_than_memory_holds() {
    let capacity = Capacity { executions: 8, bytes: 1 << 20 };
    let bench = Bench::configured(EngineConfig { capacity, ..EngineConfig::default() }).await;
    keep(&bench);
    let flow = bench.flow(json!({}), json!([echo("a", json!({ "takes": 2 }))]), json!([])).await;
    let other = bench.flow(json!({}), json!([echo("b", json!({}))]), json!([])).await;
    bench.engine.pause_everything(&ME, None).await.unwrap();
    let mut all = Vec::new();
    while all.len() < 100 {
        match bench.start_with(flow, None).await {
            Ok(started) => all.push(started.execution),
            // They leave memory while they wait.
            Err(RuntimeError::Overloaded) => pass(secs(1)).await,
            Err(error) => panic!("{error}"),
        }
    }
    pass(secs(60)).await;

    bench.engine.resume_everything(&ME).await.unwrap();
    let (mut most, mut others) = (0, 0);
    while !all.is_empty() {
        pass(Duration::from_millis(100)).await;
        most = most.max(bench.engine.live_count());
        others += usize::from(bench.start_with(other, None).await.is_ok());
        let mut left = Vec::new();
        for id in all {
            if status(&bench, id).await != Completed {
                left.push(id);
            }
        }
        all = left;
    }

    assert!((2..=8).contains(&most), "{most} were in memory");
    assert!(others > 0, "nothing else could start");
}
