//! How many executions there may be: in memory, and of one flow at once.

use std::time::Duration;

use serde_json::json;
use steadflow_core::caller::Caller;
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_core::payload::Payload;
use steadflow_runtime::{Capacity, DocumentEdit, EngineConfig, FlowEdit, RuntimeError};
use tokio::time::Instant;

use crate::hanging;
use crate::support::{Bench, TENANT, echo, pass};

async fn with_capacity(executions: usize, bytes: usize) -> Bench {
    let capacity = Capacity { executions, bytes };
    Bench::configured(EngineConfig { capacity, ..EngineConfig::default() }).await
}

async fn status(bench: &Bench, execution: ExecutionId) -> ExecutionStatus {
    bench.engine.execution(TENANT, execution).await.expect("it exists").execution.status()
}

async fn one_at_a_time(bench: &Bench, seconds: u32) -> FlowId {
    let nodes = json!([{ "id": "a", "type": "delay", "delay_seconds": seconds }]);
    bench.flow(json!({ "max_concurrent_executions": 1 }), nodes, json!([])).await
}

#[tokio::test(start_paused = true)]
async fn a_flow_is_refused_before_it_takes_all_the_room() {
    let bench = with_capacity(4, 1 << 20).await;
    let greedy = bench.flow(json!({}), json!([hanging("a")]), json!([])).await;
    let other = bench.flow(json!({}), json!([hanging("a")]), json!([])).await;
    bench.start(greedy).await;
    bench.start(greedy).await;

    let third = bench.start_with(greedy, None).await;

    assert!(matches!(third, Err(RuntimeError::Overloaded)), "{third:?}");
    assert!(bench.start_with(other, None).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_makes_room_for_others() {
    let bench = with_capacity(9, 500_000).await;
    let flow = bench.flow(json!({}), json!([echo("a", json!("${trigger_data}"))]), json!([])).await;
    let data = Payload::from_value(&json!("x".repeat(50_000)));

    for number in 0..20 {
        let started = bench.start_on(flow, data.clone(), None).await;
        let execution = started.unwrap_or_else(|error| panic!("execution {number}: {error}")).execution;
        assert_eq!(bench.ended(execution).await.execution.status(), ExecutionStatus::Completed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_limit_of_a_flow_holds_for_those_that_wait() {
    let bench = Bench::new().await;
    let flow = one_at_a_time(&bench, 1_000).await;
    let (first, second) = (bench.start(flow).await, bench.start(flow).await);
    pass(Duration::from_secs(1)).await;
    assert_eq!(status(&bench, second).await, ExecutionStatus::Pending);

    let patch = json!({ "max_concurrent_executions": 2 }).as_object().unwrap().clone();
    let edit = FlowEdit { document: DocumentEdit::Patch(patch), ..FlowEdit::default() };
    bench.engine.edit_flow(&Caller::LOCAL, flow, edit).await.unwrap();
    pass(Duration::from_secs(1)).await;

    assert_eq!(status(&bench, first).await, ExecutionStatus::Running);
    assert_eq!(status(&bench, second).await, ExecutionStatus::Running);
}

#[tokio::test(start_paused = true)]
async fn children_wait_for_the_slots_of_their_flow() {
    let bench = Bench::new().await;
    let child = one_at_a_time(&bench, 10).await;
    let family = json!({ "id": "all", "type": "test_family", "flow_id": child.to_string(), "children": 2, "at_once": 2 });
    let parent = bench.flow(json!({}), json!([family]), json!([])).await;
    let started = Instant::now();

    let execution = bench.start(parent).await;

    assert_eq!(bench.ended(execution).await.execution.status(), ExecutionStatus::Completed);
    assert!(started.elapsed() >= Duration::from_secs(20), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_calls_and_not_for_delays() {
    let bench = Bench::new().await;
    let execution = bench.start(one_at_a_time(&bench, 30).await).await;
    pass(Duration::from_secs(1)).await;
    assert_eq!(bench.engine.live_count(), 1, "it is due too soon to leave memory");
    let asked = Instant::now();

    bench.engine.shutdown(Duration::from_secs(20)).await.unwrap();

    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    let after = bench.again().await;
    assert_eq!(after.ended(execution).await.execution.status(), ExecutionStatus::Completed);
}
