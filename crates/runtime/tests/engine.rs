//! The engine as its callers see it, over the in-memory store. Time is moved, never awaited.

mod blobs;
mod catalogue;
mod external_events;
mod history;
mod pauses;
mod protection;
mod restart;
mod room;
mod schedules;
mod support;
mod tenants;
mod upkeep;

use std::time::Duration;

use futures_util::future::{Either, join_all};
use serde_json::json;
use steadflow_core::caller::{Actor, ActorKind, Caller};
use steadflow_core::event::Event;
use steadflow_core::execution::{ExecutionStatus, RetryMode};
use steadflow_core::ids::FlowId;
use steadflow_core::payload::Payload;
use steadflow_runtime::{Allowed, Bulk, BulkAction, BulkWhich, Capacity, EngineConfig, Retry, RuntimeError};
use steadflow_store::{ExecutionFilter, Page};
use support::{Bench, TENANT, echo, pass};

const PAGE: Page = Page { before: None, limit: 100 };

#[tokio::test(start_paused = true)]
async fn chain_runs_to_its_end_within_the_wait() {
    let bench = Bench::new().await;
    let nodes = json!([echo("a", json!({ "id": "${trigger_data.vendor_id}" })), echo("b", json!("${a.id}"))]);
    let flow = bench.flow(json!({}), nodes, json!([{ "from": "a", "to": "b" }])).await;

    let started = bench.start_with(flow, Some(Duration::from_secs(5))).await.unwrap();

    let ended = started.ended.unwrap().execution;
    assert_eq!(ended.status(), ExecutionStatus::Completed);
    assert_eq!(ended.result(), Some(Payload::parse("7".into()).unwrap()));
}

#[tokio::test(start_paused = true)]
async fn an_execution_knows_what_it_is_about_and_what_started_it() {
    let bench = Bench::new().await;
    let settings = json!({ "context_id_template": "vendor-${trigger_data.vendor_id}" });
    let flow = bench.flow(settings, json!([echo("a", json!(1))]), json!([])).await;

    let execution = bench.start(flow).await;

    let ended = bench.ended(execution).await.execution;
    assert_eq!(ended.accepted().context_id.as_deref(), Some("vendor-7"));
    assert_eq!(&*ended.accepted().triggered_by, "test");
}

#[tokio::test(start_paused = true)]
async fn transient_failure_recovers_after_its_backoff() {
    let bench = Bench::new().await;
    let settings = json!({ "retry_on_failure": true, "retry_count": 3 });
    let flow = bench.flow(settings, json!([echo("a", json!({ "fail_times": 2 }))]), json!([])).await;

    let execution = bench.start(flow).await;
    let ended = bench.ended(execution).await.execution;

    assert_eq!(ended.status(), ExecutionStatus::Completed);
    assert!(ended.is_recovered());
    let took = ended.completed_at().unwrap().since(ended.started_at().unwrap());
    assert!(took >= Duration::from_secs(3) && took < Duration::from_millis(3_025), "{took:?}");
    assert_eq!(*bench.executor.seen.lock().unwrap(), ["a#1", "a#2", "a#3"]);
}

#[tokio::test(start_paused = true)]
async fn exhausted_retries_name_every_attempt() {
    let bench = Bench::new().await;
    let settings = json!({ "retry_on_failure": true, "retry_count": 1 });
    let flow = bench.flow(settings, json!([echo("a", json!({ "fail_times": 9 }))]), json!([])).await;

    let execution = bench.start(flow).await;
    let ended = bench.ended(execution).await.execution;

    assert_eq!(ended.status(), ExecutionStatus::Failed);
    assert_eq!(
        &*ended.error().unwrap().message,
        "Node `a` failed after 2 attempts:\nAttempt 1: Connection timeout\nAttempt 2: Connection timeout"
    );
}

#[tokio::test(start_paused = true)]
async fn flow_timeout_drops_the_work_in_flight() {
    let bench = Bench::new().await;
    let flow = bench.flow(json!({ "timeout_seconds": 2 }), json!([hanging("a")]), json!([])).await;

    let execution = bench.start(flow).await;
    let ended = bench.ended(execution).await.execution;

    assert_eq!(&*ended.error().unwrap().message, "Flow execution timed out after 2 seconds");
    tokio::task::yield_now().await;
    assert_eq!(bench.executor.dropped.lock().unwrap().get("a"), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn cancel_ends_a_backoff() {
    let bench = Bench::new().await;
    let settings = json!({ "retry_on_failure": true, "retry_count": 10 });
    let flow = bench.flow(settings, json!([echo("a", json!({ "fail_times": 99 }))]), json!([])).await;
    let execution = bench.start(flow).await;
    pass(Duration::from_millis(100)).await;

    bench.engine.cancel(&Caller::LOCAL, execution).await.unwrap();

    let ended = bench.ended(execution).await.execution;
    assert_eq!(ended.status(), ExecutionStatus::Cancelled);
    pass(Duration::from_secs(3_600)).await;
    assert_eq!(bench.executor.seen.lock().unwrap().len(), 1);
    assert!(matches!(bench.engine.cancel(&Caller::LOCAL, execution).await, Err(RuntimeError::Rejected(_))));
}

#[tokio::test(start_paused = true)]
async fn slots_are_given_in_the_order_of_acceptance() {
    let bench = Bench::new().await;
    let nodes = json!([{ "id": "a", "type": "delay", "delay_seconds": 10 }]);
    let flow = bench.flow(json!({ "max_concurrent_executions": 2 }), nodes, json!([])).await;
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(bench.start(flow).await);
    }

    pass(Duration::from_secs(15)).await;

    let rows = bench.engine.executions(ExecutionFilter::default(), PAGE).await.unwrap();
    let statuses: Vec<&str> = rows.iter().flatten().rev().map(|row| row.status.as_str()).collect();
    assert_eq!(statuses, ["completed", "completed", "running", "running", "pending"]);
    let last = bench.ended(all[4]).await.execution;
    assert_eq!(last.status(), ExecutionStatus::Completed);
    assert_eq!(last.started_at().unwrap().since(last.created_at()).as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn long_delay_leaves_memory_and_comes_back_on_time() {
    let bench = Bench::new().await;
    let nodes = json!([{ "id": "a", "type": "delay", "delay_seconds": 7200 }, echo("b", json!(1))]);
    let flow = bench.flow(json!({}), nodes, json!([{ "from": "a", "to": "b" }])).await;

    let execution = bench.start(flow).await;
    pass(Duration::from_secs(60)).await;
    assert_eq!(bench.engine.live_count(), 0);
    let ended = bench.ended(execution).await.execution;

    let late = ended.completed_at().unwrap().since(ended.started_at().unwrap()) - Duration::from_secs(7200);
    assert!(late < Duration::from_millis(10), "{late:?} late");
}

#[tokio::test(start_paused = true)]
async fn crash_is_an_interrupted_attempt_that_is_made_good() {
    let (bench, flow) = with_hanging_node().await;
    let execution = bench.start(flow).await;
    pass(Duration::from_millis(10)).await;

    let after = bench.after_crash().await;
    pass(Duration::from_secs(2)).await;

    assert_eq!(*after.executor.seen.lock().unwrap(), ["a#2"]);
    let seen = after.engine.execution(TENANT, execution).await.unwrap().execution;
    assert_eq!(seen.nodes()[0].attempts.len(), 2);
    after.engine.cancel(&Caller::LOCAL, execution).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn shutdown_hands_attempts_back_without_counting_them() {
    let bench = Bench::new().await;
    let flow = bench.flow(json!({}), json!([hanging("a")]), json!([])).await;
    let execution = bench.start(flow).await;
    pass(Duration::from_millis(10)).await;

    bench.engine.shutdown(Duration::from_millis(100)).await.unwrap();

    let after = bench.again().await;
    pass(Duration::from_secs(1)).await;
    let seen = after.engine.execution(TENANT, execution).await.unwrap().execution;
    assert!(seen.nodes()[0].attempts[0].released);
    assert_eq!(*after.executor.seen.lock().unwrap(), ["a#2"]);
}

#[tokio::test(start_paused = true)]
async fn retry_from_the_failed_node_reuses_what_completed() {
    let bench = Bench::new().await;
    let nodes = json!([echo("a", json!("kept")), echo("b", json!({ "fail_times": 1 }))]);
    let flow = bench.flow(json!({}), nodes, json!([{ "from": "a", "to": "b" }])).await;
    let failed = bench.start(flow).await;
    assert_eq!(bench.ended(failed).await.execution.status(), ExecutionStatus::Failed);

    let retry = Retry { mode: RetryMode::FromFailed, ..Retry::default() };
    let again = bench.engine.retry(&Caller::LOCAL, failed, retry).await.unwrap().execution;

    let ended = bench.ended(again).await.execution;
    assert_eq!(ended.accepted().retry_of, Some(failed));
    assert!(ended.nodes()[0].reused);
    assert_eq!(*bench.executor.seen.lock().unwrap(), ["a#1", "b#1", "b#1"]);
    assert!(matches!(
        bench.engine.retry(&Caller::LOCAL, again, Retry::default()).await,
        Err(RuntimeError::NotRetryable(_)) | Ok(_)
    ));
}

#[tokio::test(start_paused = true)]
async fn paused_execution_starts_nothing_until_it_is_resumed() {
    let bench = Bench::new().await;
    let nodes = json!([{ "id": "a", "type": "delay", "delay_seconds": 1 }, echo("b", json!(1))]);
    let flow = bench.flow(json!({}), nodes, json!([{ "from": "a", "to": "b" }])).await;
    let execution = bench.start(flow).await;

    bench.engine.pause(&Caller::LOCAL, execution).await.unwrap();
    pass(Duration::from_secs(300)).await;
    assert!(bench.executor.seen.lock().unwrap().is_empty());
    bench.engine.resume(&Caller::LOCAL, execution).await.unwrap();

    assert_eq!(bench.ended(execution).await.execution.status(), ExecutionStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn answers_of_the_store_that_come_together_are_decided_in_one_batch() {
    const EXECUTIONS: u64 = 32;
    let bench = Bench::new().await;
    let nodes = json!([{ "id": "a", "type": "delay", "delay_seconds": 1 }, echo("b", json!(1))]);
    let flow = bench.flow(json!({}), nodes, json!([{ "from": "a", "to": "b" }])).await;
    let mut executions = Vec::new();
    for _ in 0..EXECUTIONS {
        let execution = bench.start(flow).await;
        bench.engine.pause(&Caller::LOCAL, execution).await.unwrap();
        executions.push(execution);
    }
    pass(Duration::from_secs(300)).await;
    assert_eq!(bench.engine.live_count(), 0, "each of them is to be loaded");
    let before = bench.store.batch_count().unwrap();

    join_all(executions.iter().map(|id| bench.engine.resume(&Caller::LOCAL, *id))).await;
    let ended = join_all(executions.iter().map(|id| bench.ended(*id))).await;

    let decisions: u64 = ended.iter().map(|ended| ended.execution.seq() - 2).sum();
    let batches = bench.store.batch_count().unwrap() - before;
    assert!(decisions >= 2 * EXECUTIONS, "{decisions} decisions");
    assert!(batches * 8 <= decisions, "{batches} batches for {decisions} decisions");
}

#[tokio::test(start_paused = true)]
async fn deleting_a_flow_cancels_what_runs() {
    let bench = Bench::new().await;
    let flow = bench.flow(json!({}), json!([hanging("a")]), json!([])).await;
    let execution = bench.start(flow).await;
    let another = bench.flow(json!({}), json!([hanging("a")]), json!([])).await;
    let of_another = bench.start(another).await;

    bench.engine.delete_flow(&Caller::LOCAL, flow, &Allowed::Any).await.unwrap();

    assert!(matches!(bench.engine.execution(TENANT, execution).await, Err(RuntimeError::NoExecution(_))));
    assert!(matches!(bench.start_with(flow, None).await, Err(RuntimeError::NoFlow(_))));
    let others = bench.engine.execution(TENANT, of_another).await.unwrap().execution;
    assert_eq!(others.status(), ExecutionStatus::Running);
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_process_drove_is_taken_over_by_one_that_runs() {
    let (first, flow) = with_hanging_node().await;
    let execution = first.start(flow).await;
    pass(Duration::from_millis(10)).await;
    let second = first.again().await;

    first.dies().await;
    pass(Duration::from_secs(14)).await;
    assert!(second.executor.seen.lock().unwrap().is_empty(), "the lease has not ended");
    pass(Duration::from_secs(4)).await;

    assert_eq!(*second.executor.seen.lock().unwrap(), ["a#2"]);
    second.engine.cancel(&Caller::LOCAL, execution).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_signal_for_what_another_process_drives_is_stored_and_taken_in() {
    let (first, flow) = with_hanging_node().await;
    let execution = first.start(flow).await;
    pass(Duration::from_millis(10)).await;
    let second = first.again().await;

    second.engine.cancel(&Caller::LOCAL, execution).await.unwrap();
    let ended = second.ended(execution).await.execution;

    assert_eq!(ended.status(), ExecutionStatus::Cancelled);
    assert_eq!(first.executor.dropped.lock().unwrap().get("a"), Some(&1));
    let again = second.engine.cancel(&Caller::LOCAL, execution).await;
    assert!(matches!(again, Err(RuntimeError::Rejected(_))), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn a_signal_that_the_stored_state_rejects_is_rejected_at_once() {
    let (first, flow) = with_hanging_node().await;
    let execution = first.start(flow).await;
    pass(Duration::from_millis(10)).await;
    let second = first.again().await;

    let resumed = second.engine.resume(&Caller::LOCAL, execution).await;

    assert!(matches!(resumed, Err(RuntimeError::Rejected(_))), "{resumed:?}");
}

#[tokio::test(start_paused = true)]
async fn deleting_a_flow_cancels_what_another_process_runs() {
    let (first, flow) = with_hanging_node().await;
    let execution = first.start(flow).await;
    pass(Duration::from_millis(300)).await;
    let second = first.again().await;

    second.engine.delete_flow(&Caller::LOCAL, flow, &Allowed::Any).await.unwrap();

    assert!(matches!(second.engine.execution(TENANT, execution).await, Err(RuntimeError::NoExecution(_))));
}

#[tokio::test(start_paused = true)]
async fn calls_beyond_the_bound_wait_for_their_turn() {
    let bench = Bench::configured(EngineConfig { calls_max: 1, ..EngineConfig::default() }).await;
    let flow = bench.flow(json!({}), json!([echo("a", json!(1))]), json!([])).await;

    let starts = futures_util::future::join_all((0..100).map(|_| bench.start(flow))).await;

    assert_eq!(starts.len(), 100);
    for execution in starts {
        assert_eq!(bench.ended(execution).await.execution.status(), ExecutionStatus::Completed);
    }
}

#[tokio::test(start_paused = true)]
async fn others_come_between_executions_whose_turns_take_long() {
    const SLOW: usize = 3;
    let bench = Bench::new().await;
    let costly = "${trigger_data | map('string') | join(',') | split(',') | sort | unique | tojson}";
    let node = json!({ "id": "a", "type": "action", "action": "transform", "input": vec![costly; 100] });
    let slow = bench.flow(json!({}), json!([node]), json!([])).await;
    let quick = bench.flow(json!({}), json!([echo("quick", json!(1))]), json!([])).await;
    let list = Payload::from_value(&json!((0..100).collect::<Vec<u32>>()));
    let slow = join_all((0..SLOW).map(|_| bench.start_on(slow, list.clone(), None))).await;
    let ids: Vec<_> = slow.into_iter().map(|started| started.expect("it starts").execution).collect();
    let mut all = std::pin::pin!(join_all(ids.into_iter().map(|id| bench.ended(id))));

    let execution = bench.start(quick).await;
    let first = futures_util::future::select(&mut all, Box::pin(bench.ended(execution))).await;

    assert!(matches!(first, Either::Right(_)), "they have ended before what is quick");
    for slow in all.await {
        assert_eq!(slow.execution.status(), ExecutionStatus::Completed);
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_is_ready_until_it_is_asked_to_stop() {
    let (bench, flow) = with_hanging_node().await;
    bench.start(flow).await;
    pass(Duration::from_millis(10)).await;
    assert!(bench.engine.is_ready());

    let stopping = bench.engine.clone();
    let stopped = tokio::spawn(async move { stopping.shutdown(Duration::from_secs(10)).await });
    pass(Duration::from_secs(1)).await;

    assert!(!bench.engine.is_ready() && !stopped.is_finished());
    stopped.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_finds_no_place_in_time_is_refused() {
    let config = EngineConfig { calls_max: 1, call_wait_max: Duration::ZERO, ..EngineConfig::default() };
    let bench = Bench::configured(config).await;

    let (first, second) = futures_util::future::join(bench.engine.show(), bench.engine.show()).await;

    assert!(first.is_ok(), "{first:?}");
    assert!(matches!(second, Err(RuntimeError::Busy)), "{second:?}");
}

async fn with_hanging_node() -> (Bench, FlowId) {
    let bench = Bench::new().await;
    let flow = bench.flow(json!({}), json!([hanging("a")]), json!([])).await;
    (bench, flow)
}

fn hanging(id: &str) -> serde_json::Value {
    // `http_request` is spawned, so that it can hang; the scripted executor looks at its input only.
    json!({ "id": id, "type": "action", "action": "echo", "input": { "hang": true } })
}

#[tokio::test(start_paused = true)]
async fn who_asked_is_in_the_journal() {
    let bench = Bench::new().await;
    let flow = bench.flow(json!({}), json!([echo("a", json!({ "hang": true }))]), json!([])).await;
    let key = Actor { kind: ActorKind::Key, id: Some("ci".into()) };
    let program = Caller { actor: key.clone(), ..Caller::LOCAL };

    let execution = bench.start(flow).await;
    bench.engine.pause(&program, execution).await.unwrap();
    bench.engine.resume(&program, execution).await.unwrap();
    bench.engine.cancel(&program, execution).await.unwrap();
    let again = bench.engine.retry(&program, execution, Retry::default()).await.unwrap().execution;

    let by: Vec<Actor> = bench.events(execution).await.into_iter().filter_map(actor_of).collect();
    assert_eq!(by, [Actor::USER, key.clone(), key.clone(), key.clone()]);
    assert!(matches!(&bench.events(again).await[0], Event::Accepted(accepted) if accepted.actor == key));
}

fn actor_of(event: Event) -> Option<Actor> {
    if let Event::Accepted(accepted) = event {
        return Some(accepted.actor);
    }
    if let Event::Paused { by, .. } | Event::Resumed { by } = event {
        return Some(by);
    }
    let Event::Finished { by, .. } = event else { return None };
    by
}

#[tokio::test(start_paused = true)]
async fn many_that_do_not_all_find_room_are_retried_in_part_and_the_rest_later() {
    let capacity = Capacity { executions: 4, bytes: 1 << 20 };
    let bench = Bench::configured(EngineConfig { capacity, ..EngineConfig::default() }).await;
    let node = echo("a", json!({ "hang": "${trigger_data.hang}", "fail_times": 9 }));
    let flow = bench.flow(json!({}), json!([node]), json!([])).await;
    for _ in 0..4 {
        let data = Payload::from_value(&json!({ "hang": false }));
        let failed = bench.start_on(flow, data, None).await.unwrap().execution;
        bench.ended(failed).await;
    }
    let hangs = Some(Payload::from_value(&json!({ "hang": true })));
    let retry = async || {
        let statuses = vec![ExecutionStatus::Failed];
        let filter = ExecutionFilter { flow: Some(flow), statuses, ..ExecutionFilter::default() };
        let retry = Retry { trigger_data: hangs.clone(), ..Retry::default() };
        let which = BulkWhich::Fitting(Box::new(filter), PAGE);
        let bulk = Bulk { which, action: BulkAction::Retry(Box::new(retry)), dry_run: false };
        bench.engine.bulk(&Caller::LOCAL, bulk).await.unwrap()
    };

    let first = retry().await;
    let full = retry().await;

    assert!(matches!(first.stopped, Some(RuntimeError::Overloaded)), "{first:?}");
    let retried: Vec<_> = first.items.iter().filter_map(|item| item.new_execution).collect();
    assert_eq!((first.items.len(), retried.len()), (2, 2));
    assert!(full.items.iter().all(|item| item.skipped.is_some()), "those are retried once: {full:?}");
    for execution in retried {
        bench.engine.cancel(&Caller::LOCAL, execution).await.unwrap();
        bench.ended(execution).await;
    }
    let rest = retry().await;
    assert_eq!(rest.items.iter().filter(|item| item.new_execution.is_some()).count(), 2);
    assert!(rest.stopped.is_none());
}
