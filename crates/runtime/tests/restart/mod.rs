//! What a process finds that takes over from another: slots, queues, versions, and more than it reads at once.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use steadflow_core::caller::Caller;
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::ExecutionId;
use steadflow_core::payload::Payload;
use steadflow_runtime::{DocumentEdit, EngineConfig, FlowEdit};
use steadflow_store::{ExecutionFilter, Page};

use crate::support::{Bench, TENANT, echo, pass};
use crate::{hanging, with_hanging_node};

async fn status(bench: &Bench, execution: ExecutionId) -> ExecutionStatus {
    bench.engine.execution(TENANT, execution).await.expect("it exists").execution.status()
}

#[tokio::test(start_paused = true)]
async fn slots_and_queues_of_flows_outlive_the_process() {
    let bench = Bench::new().await;
    let nodes = json!([{ "id": "a", "type": "delay", "delay_seconds": 7200 }]);
    let flow = bench.flow(json!({ "max_concurrent_executions": 1 }), nodes, json!([])).await;
    let (first, second) = (bench.start(flow).await, bench.start(flow).await);
    let third = bench.start(flow).await;
    pass(Duration::from_secs(120)).await;
    assert_eq!(bench.engine.live_count(), 0, "all wait on disk");

    let after = bench.after_crash().await;
    pass(Duration::from_secs(60)).await;
    let before = [status(&after, first).await, status(&after, second).await];
    after.engine.cancel(&Caller::LOCAL, first).await.unwrap();
    pass(Duration::from_secs(60)).await;

    assert_eq!(before, [ExecutionStatus::Running, ExecutionStatus::Pending]);
    assert_eq!(status(&after, second).await, ExecutionStatus::Running);
    assert_eq!(status(&after, third).await, ExecutionStatus::Pending);
}

#[tokio::test(start_paused = true)]
async fn slots_of_keys_and_starts_that_are_put_off_outlive_the_process() {
    let bench = Bench::new().await;
    let nodes = json!([{ "id": "a", "type": "delay", "delay_seconds": 7200 }]);
    let keyed = json!({ "concurrency_key": "${trigger_data.customer}" });
    let keyed = bench.flow(keyed, nodes.clone(), json!([])).await;
    let put_off = bench.flow(json!({ "debounce_seconds": 600 }), nodes, json!([])).await;
    let of = async |customer: &str| {
        let trigger_data = Payload::from_value(&json!({ "customer": customer }));
        bench.start_on(keyed, trigger_data, None).await.expect("the flow starts").execution
    };
    let (a, waits, b) = (of("a").await, of("a").await, of("b").await);
    let (first, last) = (bench.start(put_off).await, bench.start(put_off).await);
    pass(Duration::from_secs(120)).await;
    assert_eq!(bench.engine.live_count(), 0, "all wait on disk");

    let after = bench.after_crash().await;
    pass(Duration::from_secs(60)).await;
    let of_keys = [status(&after, a).await, status(&after, waits).await, status(&after, b).await];
    let of_put_off = [status(&after, first).await, status(&after, last).await];
    after.engine.cancel(&Caller::LOCAL, a).await.unwrap();
    pass(Duration::from_secs(60)).await;

    assert_eq!(of_keys, [ExecutionStatus::Running, ExecutionStatus::Pending, ExecutionStatus::Running]);
    assert_eq!(of_put_off, [ExecutionStatus::Cancelled, ExecutionStatus::Running], "it was due meanwhile");
    assert_eq!(status(&after, waits).await, ExecutionStatus::Running);
}

#[tokio::test(start_paused = true)]
async fn of_starts_that_are_put_off_at_a_crash_the_last_one_runs() {
    let bench = Bench::new().await;
    let flow = bench.flow(json!({ "debounce_seconds": 600 }), json!([echo("a", json!(1))]), json!([])).await;
    // Nothing is settled between the two acceptances and the crash.
    let both = join_all([bench.start(flow), bench.start(flow)]).await;

    let after = bench.after_crash().await;
    pass(Duration::from_secs(700)).await;

    let mut all = [status(&after, both[0]).await, status(&after, both[1]).await];
    all.sort_by_key(|status| *status == ExecutionStatus::Completed);
    assert_eq!(all, [ExecutionStatus::Cancelled, ExecutionStatus::Completed]);
}

#[tokio::test(start_paused = true)]
async fn of_starts_that_are_put_off_the_last_one_runs_also_if_the_clock_was_set_back_before_it() {
    let bench = Bench::new().await;
    let flow = bench.flow(json!({ "debounce_seconds": 600 }), json!([echo("a", json!(1))]), json!([])).await;
    pass(Duration::from_secs(3_600)).await;
    let first = bench.start(flow).await;

    let after = bench.after_crash_in_the_past().await;
    pass(Duration::from_secs(300)).await;
    let second = after.start(flow).await;
    pass(Duration::from_secs(60)).await;
    let soon = [status(&after, first).await, status(&after, second).await];
    let again = after.after_crash_in_the_past().await;
    pass(Duration::from_secs(8_000)).await;

    assert_eq!(soon, [ExecutionStatus::Cancelled, ExecutionStatus::Pending]);
    let ended = [status(&again, first).await, status(&again, second).await];
    assert_eq!(ended, [ExecutionStatus::Cancelled, ExecutionStatus::Completed]);
}

#[tokio::test(start_paused = true)]
async fn a_child_runs_the_version_that_was_pinned_before_its_parent_left_memory() {
    let bench = Bench::new().await;
    let child = bench.flow(json!({}), json!([echo("a", json!(1))]), json!([])).await;
    let edited = async |name| {
        let patch = json!({ "name": name }).as_object().unwrap().clone();
        let edit = FlowEdit { document: DocumentEdit::Patch(patch), ..FlowEdit::default() };
        bench.engine.edit_flow(&Caller::LOCAL, child, edit).await.unwrap();
    };
    edited("second").await;
    let delay = json!({ "id": "wait", "type": "delay", "delay_seconds": 7200 });
    let family = json!({ "id": "all", "type": "test_family", "flow_id": child.to_string(), "children": 1, "at_once": 1 });
    let parent =
        bench.flow(json!({}), json!([delay, family]), json!([{ "from": "wait", "to": "all" }])).await;
    let execution = bench.start(parent).await;
    pass(Duration::from_secs(600)).await;
    edited("third").await;

    assert_eq!(bench.ended(execution).await.execution.status(), ExecutionStatus::Completed);

    let filter = ExecutionFilter { flow: Some(child), ..ExecutionFilter::default() };
    let children = bench.engine.executions(filter, Page { before: None, limit: 9 }).await.unwrap();
    assert_eq!(children.iter().flatten().map(|row| row.flow_version).collect::<Vec<_>>(), [2]);
}

#[tokio::test(start_paused = true)]
async fn more_executions_than_are_read_at_once_are_all_taken_over_at_once() {
    const EXECUTIONS: usize = 1_001;
    let (bench, flow) = with_hanging_node().await;
    join_all((0..EXECUTIONS).map(|_| bench.start(flow))).await;
    pass(Duration::from_secs(2)).await;

    let after = bench.after_crash().await;
    pass(Duration::from_millis(500)).await;

    assert_eq!(after.engine.live_count(), EXECUTIONS);
}

#[tokio::test(start_paused = true)]
async fn a_lease_lasts_as_long_as_its_process_asked_for() {
    let lease_ttl = Duration::from_secs(60);
    let first = Bench::configured(EngineConfig { lease_ttl, ..EngineConfig::default() }).await;
    let flow = first.flow(json!({}), json!([hanging("a")]), json!([])).await;
    first.start(flow).await;
    pass(Duration::from_millis(10)).await;
    let second = first.again().await;

    first.dies().await;
    pass(Duration::from_secs(59)).await;
    assert!(second.executor.seen.lock().unwrap().is_empty(), "the lease has not ended");
    pass(Duration::from_secs(4)).await;

    assert_eq!(*second.executor.seen.lock().unwrap(), ["a#2"]);
}
