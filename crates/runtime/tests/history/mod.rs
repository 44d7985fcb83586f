//! What is known of executions that have ended: their rows, counters, uses of agents, and journals.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::caller::Caller;
use steadflow_core::execution::{ExecutionStatus, RetryMode};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{AgentId, ExecutionId, FlowId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_runtime::{Bulk, BulkAction, BulkWhich, Retry, RuntimeError, row_of};
use steadflow_store::{
    Catalogue, ExecutionFilter, ExecutionRow, History, Page, RetryCounts, RollupQuery, RollupSums,
};
use uuid::Uuid;

use crate::support::{Bench, TENANT, echo, pass};

const ME: Caller = Caller::LOCAL;

/// What the counters of a flow and its nodes add up to, times in tenths of a second.
async fn counters(bench: &Bench, flow: FlowId) -> RollupSums {
    let query = RollupQuery {
        tenant: TENANT,
        flow: Some(flow),
        from: None,
        to: None,
        width: Duration::from_secs(3_600),
        buckets_max: 9,
        rows_max: 9,
    };
    let mut sums = bench.store.rollup_sums(query).await.expect("the store is open");
    let nodes = sums.nodes.iter_mut().map(|node| &mut node.counts);
    for counts in nodes.chain([&mut sums.totals]) {
        for time in [&mut counts.duration_ms, &mut counts.backoff_ms, &mut counts.failed_attempts_ms] {
            *time = *time / 100 * 100;
        }
    }
    sums
}

fn of_node(sums: &RollupSums, id: &str) -> RetryCounts {
    let node = sums.nodes.iter().find(|sums| sums.node.as_str() == id);
    node.expect("it is counted").counts
}

async fn rows(bench: &Bench, flow: FlowId) -> Vec<ExecutionRow> {
    let filter = ExecutionFilter { flow: Some(flow), ..ExecutionFilter::default() };
    let listed =
        bench.engine.executions(filter, Page { before: None, limit: 9 }).await.expect("the store is open");
    listed.into_iter().flatten().collect()
}

async fn ended(bench: &Bench, flow: FlowId) -> ExecutionId {
    let execution = bench.start(flow).await;
    bench.ended(execution).await;
    execution
}

/// A flow of two nodes, of which the second always fails.
async fn failing(bench: &Bench) -> FlowId {
    let nodes = json!([echo("a", json!(1)), echo("b", json!({ "fail_times": 9 }))]);
    bench.flow(json!({}), nodes, json!([{ "from": "a", "to": "b" }])).await
}

#[tokio::test(start_paused = true)]
async fn what_completes_is_counted_by_how_it_went() {
    let bench = Bench::new().await;
    let settings = json!({ "retry_on_failure": true, "retry_count": 3 });
    let at_once = bench.flow(json!({}), json!([echo("a", json!(1))]), json!([])).await;
    let nodes = json!([echo("a", json!({ "fail_times": 1 }))]);
    let recovered = bench.flow(settings, nodes, json!([])).await;

    ended(&bench, at_once).await;
    ended(&bench, recovered).await;

    let one = RetryCounts { executions: 1, completed: 1, ..RetryCounts::default() };
    let first = RetryCounts { first_try: 1, attempts: 1, ..one };
    let sums = counters(&bench, at_once).await;
    assert_eq!((sums.totals, of_node(&sums, "a")), (first, first));
    assert_eq!(sums.attempts, BTreeMap::from([(1, 1)]));
    let second = RetryCounts { recovered: 1, attempts: 2, failed_attempts: 1, backoff_ms: 1_000, ..one };
    let sums = counters(&bench, recovered).await;
    assert_eq!(sums.totals, RetryCounts { duration_ms: 1_000, ..second });
    assert_eq!(of_node(&sums, "a"), second);
    assert_eq!(sums.attempts, BTreeMap::from([(2, 1)]));
    assert_eq!(sums.failed_attempts, BTreeMap::from([(ErrorClass::Connection, 1)]));
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_counted_and_what_a_retry_reuses_is_not() {
    let bench = Bench::new().await;
    let flow = failing(&bench).await;
    pass(Duration::from_secs(600)).await;
    let failed = ended(&bench, flow).await;

    let retry = Retry { mode: RetryMode::FromFailed, ..Retry::default() };
    let again = bench.engine.retry(&ME, failed, retry).await.unwrap().execution;
    bench.ended(again).await;

    let sums = counters(&bench, flow).await;
    let both =
        RetryCounts { executions: 2, failed: 2, exhausted: 2, failed_attempts: 2, ..RetryCounts::default() };
    let all = RetryCounts { attempts: 3, manual_retries: 1, manual_retries_failed: 1, ..both };
    assert_eq!(sums.totals, all);
    let once =
        RetryCounts { executions: 1, completed: 1, first_try: 1, attempts: 1, ..RetryCounts::default() };
    assert_eq!(of_node(&sums, "a"), once, "its output is used again");
    assert_eq!(of_node(&sums, "b"), RetryCounts { attempts: 2, ..both });
    assert_eq!(sums.failed_attempts, BTreeMap::from([(ErrorClass::Connection, 2)]));
    assert_eq!(sums.failed_executions, BTreeMap::from([(ErrorClass::Connection, 2)]));
    let hours: Vec<_> = sums.buckets.iter().flatten().map(|(hour, _)| hour.as_micros()).collect();
    assert_eq!(hours, [1_800_000_000_000_000], "the hour in which they ended");
}

#[tokio::test(start_paused = true)]
async fn failures_of_one_kind_have_one_fingerprint_and_successes_none() {
    let bench = Bench::new().await;
    let flow = failing(&bench).await;
    let succeeding = bench.flow(json!({}), json!([echo("a", json!(1))]), json!([])).await;
    ended(&bench, flow).await;
    ended(&bench, flow).await;
    ended(&bench, succeeding).await;

    let failed = rows(&bench, flow).await;

    let fingerprint = failed[0].fingerprint.as_ref().unwrap();
    assert_eq!(failed[1].fingerprint.as_ref(), Some(fingerprint));
    let node = fingerprint.node.as_ref().map(|node| node.as_str());
    assert_eq!((node, &*fingerprint.message), (Some("b"), "Connection timeout"));
    assert_eq!(rows(&bench, succeeding).await[0].fingerprint, None);
}

#[tokio::test(start_paused = true)]
async fn a_row_says_how_many_nodes_there_are_and_how_they_went() {
    let bench = Bench::new().await;
    let nodes = json!([echo("a", json!(1)), echo("b", json!(2)), echo("c", json!({ "fail_times": 1 }))]);
    let edges = json!([{ "from": "a", "to": "b" }, { "from": "b", "to": "c" }]);
    let flow = bench.flow(json!({}), nodes, edges).await;

    ended(&bench, flow).await;

    let row = &rows(&bench, flow).await[0];
    let counts = (row.total_nodes, row.completed_nodes, row.failed_nodes, row.attempts);
    assert_eq!(counts, (3, 2, 1, 3));
}

#[tokio::test(start_paused = true)]
async fn calls_of_agents_are_counted_by_agent() {
    let bench = Bench::new().await;
    let [often, once] = [5, 6].map(|id| AgentId::new(Uuid::from_u128(id)));
    for agent in [often, once] {
        let document = json!({ "name": "Risk", "agent_type": "http", "skills": ["score"],
                               "config": { "endpoint": "https://risk.example.org" } });
        bench.engine.put_agent(&ME, agent, &document).await.unwrap();
    }
    let asks = |id: &str, agent: AgentId, input: Value| {
        json!({ "id": id, "type": "agent",
                    "agent_id": agent.to_string(), "skill": "score", "input": input })
    };
    let nodes = json!([
        asks("a", often, json!({ "fail_times": 1 })),
        asks("b", once, json!({})),
        asks("c", often, json!({})),
    ]);
    let edges = json!([{ "from": "a", "to": "b" }, { "from": "b", "to": "c" }]);
    let settings = json!({ "retry_on_failure": true, "retry_count": 1 });

    ended(&bench, bench.flow(settings, nodes, edges).await).await;

    let uses = bench.store.agent_uses(TENANT, vec![often, once]).await.unwrap();
    let mut calls: Vec<_> = uses.iter().map(|used| (used.agent, used.calls)).collect();
    calls.sort_unstable();
    assert_eq!(calls, [(often, 3), (once, 1)]);
}

#[tokio::test(start_paused = true)]
async fn executions_are_counted_with_what_changed_a_moment_ago() {
    let bench = Bench::new().await;
    let flow = failing(&bench).await;
    ended(&bench, flow).await;
    ended(&bench, flow).await;

    let count = async |status| {
        let filter = ExecutionFilter { statuses: vec![status], ..ExecutionFilter::default() };
        bench.engine.count_executions(filter).await.unwrap()
    };

    assert_eq!(count(ExecutionStatus::Failed).await, Some(2));
    assert_eq!(count(ExecutionStatus::Completed).await, Some(0));
    assert_eq!(bench.engine.finished_count(ExecutionStatus::Failed), 2);
    assert_eq!(bench.engine.finished_count(ExecutionStatus::Completed), 0);
}

#[tokio::test(start_paused = true)]
async fn as_many_are_retried_as_were_asked_for() {
    let bench = Bench::new().await;
    let flow = failing(&bench).await;
    for _ in 0..151 {
        ended(&bench, flow).await;
    }
    let many = |limit, dry_run| {
        let statuses = vec![ExecutionStatus::Failed];
        let filter = ExecutionFilter { flow: Some(flow), statuses, ..ExecutionFilter::default() };
        let key = steadflow_runtime::RequestKey { key: "once".into(), hash: [0; 32] };
        let retry = Retry { key: Some(key), ..Retry::default() };
        let which = BulkWhich::Fitting(Box::new(filter), Page { before: None, limit });
        bench.engine.bulk(&ME, Bulk { which, action: BulkAction::Retry(Box::new(retry)), dry_run })
    };

    assert_eq!(many(150, true).await.unwrap().items.len(), 150);
    let retried = many(2, false).await.unwrap().items;
    let new: Vec<_> = retried.iter().map(|item| item.new_execution.unwrap()).collect();
    assert!(new.len() == 2 && new[0] != new[1], "each is retried for itself: {retried:?}");
}

#[tokio::test(start_paused = true)]
async fn long_journals_that_are_read_one_after_the_other_are_not_mixed_up() {
    let bench = Bench::new().await;
    let flow = bench.flow(json!({}), json!([echo("a", json!("${trigger_data}"))]), json!([])).await;
    let large = Payload::from_value(&json!("x".repeat(600_000)));
    let mut all = Vec::new();
    for _ in 0..2 {
        let execution = bench.start_on(flow, large.clone(), None).await.unwrap().execution;
        bench.ended(execution).await;
        all.push(execution);
    }
    assert!(bench.store.journal_bytes(all[0]).await.unwrap() > 1024 * 1024, "it is long");

    for id in [all[0], all[1], all[0]] {
        assert_eq!(bench.engine.execution(TENANT, id).await.unwrap().execution.id(), id);
    }
    let other = bench.engine.execution(TenantId::new(Uuid::from_u128(9)), all[0]).await;
    assert!(matches!(other, Err(RuntimeError::NoExecution(_))), "{other:?}");
}

#[tokio::test(start_paused = true)]
async fn a_row_is_the_same_in_memory_and_in_the_store() {
    let bench = Bench::new().await;
    let delay = |seconds| json!([{ "id": "a", "type": "delay", "delay_seconds": seconds }]);
    let [quick, running, parked] = [1, 50, 7_200].map(delay);
    let mut ids = Vec::new();
    for nodes in [quick, parked, running] {
        ids.push(bench.start(bench.flow(json!({}), nodes, json!([])).await).await);
    }
    bench.ended(ids[0]).await;

    for id in &ids {
        let row = bench.engine.row(TENANT, *id).await.unwrap();
        let snapshot = bench.engine.execution(TENANT, *id).await.unwrap();
        assert_eq!(row, row_of(&snapshot.execution));
    }
    let (stranger, nobody) = (TenantId::new(Uuid::from_u128(9)), ExecutionId::new(Uuid::nil()));
    for (tenant, id) in [(stranger, ids[0]), (stranger, ids[2]), (TENANT, nobody)] {
        let missing = bench.engine.row(tenant, id).await;
        assert!(matches!(missing, Err(RuntimeError::NoExecution(_))), "{missing:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_journal_that_is_read_again_at_once_is_in_memory_once() {
    let bench = Bench::new().await;
    let nodes: Vec<_> = (0..20).map(|number| echo(&format!("n{number}"), json!(1))).collect();
    let flow = bench.flow(json!({}), json!(nodes), json!([])).await;
    for (bytes, is_shared) in [(1_000, false), (2_000_000, true)] {
        let trigger_data = Payload::from_value(&json!("x".repeat(bytes)));
        let execution = bench.start_on(flow, trigger_data, None).await.unwrap().execution;
        bench.ended(execution).await;

        let first = bench.engine.execution(TENANT, execution).await.unwrap();
        let second = bench.engine.execution(TENANT, execution).await.unwrap();

        let [first, second] =
            [&first, &second].map(|snapshot| snapshot.journal.last().expect("it has ended"));
        assert_eq!(Arc::ptr_eq(first, second), is_shared, "{bytes} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn long_journals_that_are_held_make_others_wait() {
    let bench = Bench::new().await;
    let flow = bench.flow(json!({}), json!([echo("a", json!(1))]), json!([])).await;
    let large = Payload::from_value(&json!("x".repeat(14_000_000)));
    let mut all = Vec::new();
    for _ in 0..5 {
        let execution = bench.start_on(flow, large.clone(), None).await.unwrap().execution;
        bench.ended(execution).await;
        all.push(execution);
    }
    let read = |number: usize| bench.engine.execution(TENANT, all[number]);
    let mut held = Vec::new();
    for number in 0..4 {
        held.push(read(number).await.unwrap());
    }

    let refused = read(4).await;
    held.clear();

    assert!(matches!(refused, Err(RuntimeError::Busy)), "64 MiB are in memory: {refused:?}");
    assert!(read(4).await.is_ok());
}
