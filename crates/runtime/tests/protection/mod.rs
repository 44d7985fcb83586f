//! Agents with a protection, asked by many executions at once. Time is moved, never awaited.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use steadflow_core::caller::Caller;
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::{AgentId, ExecutionId, FlowId};
use steadflow_core::status::Wait;
use steadflow_runtime::{AgentEdit, DocumentEdit};
use steadflow_store::{ExecutionFilter, Page};
use uuid::Uuid;

use crate::support::{Bench, TENANT, pass};

/// Stores an agent with this protection.
async fn agent(bench: &Bench, number: u128, protection: Value) -> AgentId {
    let id = AgentId::new(Uuid::from_u128(number));
    let document = json!({ "name": "a", "agent_type": "http", "skills": ["score"], "protection": protection,
                           "config": { "endpoint": "https://risk.example.org" } });
    bench.engine.put_agent(&Caller::LOCAL, id, &document).await.expect("the agent is valid");
    id
}

/// A flow with a node `id` that asks the agent.
async fn asks(bench: &Bench, id: &str, agent: AgentId, input: Value) -> FlowId {
    let node = json!({ "id": id, "type": "agent", "agent_id": agent.to_string(), "skill": "score",
                       "input": input, "timeout_seconds": 60 });
    let settings = json!({ "retry_on_failure": true, "retry_count": 3 });
    bench.flow(settings, json!([node]), json!([])).await
}

async fn start_many(bench: &Bench, flow: FlowId, count: usize) -> Vec<ExecutionId> {
    join_all((0..count).map(|_| bench.start(flow))).await
}

/// Waits for the ends, and returns the number of attempts of each execution.
async fn attempts(bench: &Bench, executions: &[ExecutionId]) -> Vec<usize> {
    let mut all = Vec::with_capacity(executions.len());
    for &execution in executions {
        let ended = bench.ended(execution).await.execution;
        assert_eq!(ended.status(), ExecutionStatus::Completed, "{:?}", ended.error());
        all.push(ended.nodes()[0].attempts.len());
    }
    all
}

/// The seconds at which calls of `node` began, as the executor saw them.
fn began(bench: &Bench, node: &str) -> Vec<f64> {
    let began = bench.executor.began.lock().expect("no test panics while it holds this lock");
    began.iter().filter(|(id, _)| id == node).map(|(_, at)| at.as_secs_f64()).collect()
}

async fn waiting(bench: &Bench) -> usize {
    let filter = ExecutionFilter { waiting_for: Some("slot"), ..ExecutionFilter::default() };
    bench.engine.executions(filter, Page { before: None, limit: 1_000 }).await.expect("they are listed").len()
}

#[tokio::test(start_paused = true)]
async fn five_hundred_executions_of_an_agent_with_sixty_calls_a_minute_are_a_flat_rate_and_all_complete() {
    let bench = Bench::new().await;
    let agent = agent(&bench, 1, json!({ "requests_per_minute": 60 })).await;
    let flow = asks(&bench, "ask", agent, json!({ "takes": 5 })).await;

    let executions = start_many(&bench, flow, 500).await;
    pass(Duration::from_secs(100)).await;
    let waits = waiting(&bench).await;
    let attempts = attempts(&bench, &executions).await;

    assert!((398..=401).contains(&waits), "{waits}");
    assert!(attempts.iter().all(|count| *count == 1), "a wait costs no attempt");
    let began = began(&bench, "ask");
    assert_eq!(began.len(), 500);
    let gaps = began.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(gaps.clone().all(|gap| (0.99..1.1).contains(&gap)), "{:?}", gaps.collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_lets_one_call_try_and_the_others_wait_without_an_attempt() {
    let bench = Bench::new().await;
    let breaker = json!({ "breaker": { "failures": 3, "open_seconds": 30 }, "max_concurrency": 1 });
    let agent = agent(&bench, 1, breaker).await;
    let flow = asks(&bench, "ask", agent, json!({})).await;

    bench.executor.set_down(true);
    let executions = start_many(&bench, flow, 20).await;
    pass(Duration::from_secs(100)).await;
    let while_down = began(&bench, "ask");
    bench.executor.set_down(false);
    let attempts = attempts(&bench, &executions).await;

    let probes: Vec<f64> = while_down[3..].iter().map(|at| at.round()).collect();
    assert_eq!(probes, [30.0, 60.0, 90.0], "{while_down:?}");
    assert!(attempts.iter().filter(|count| **count == 1).count() >= 14, "{attempts:?}");
    assert!(began(&bench, "ask").last().is_some_and(|last| (119.0..130.0).contains(last)));
}

#[tokio::test(start_paused = true)]
async fn a_flow_of_few_executions_does_not_wait_for_all_of_another() {
    let bench = Bench::new().await;
    let agent = agent(&bench, 1, json!({ "max_concurrency": 1 })).await;
    let many = asks(&bench, "many", agent, json!({ "takes": 1 })).await;
    let few = asks(&bench, "few", agent, json!({ "takes": 1 })).await;

    start_many(&bench, many, 200).await;
    let executions = start_many(&bench, few, 3).await;
    attempts(&bench, &executions).await;

    let last = began(&bench, "few")[2];
    assert!(last < 8.0, "the third of the small flow began after {last} s");
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_hangs_does_not_hold_up_another() {
    let bench = Bench::new().await;
    let slow = agent(&bench, 1, json!({ "max_concurrency": 2 })).await;
    let quick = agent(&bench, 2, json!({ "max_concurrency": 2 })).await;
    let hangs = asks(&bench, "slow", slow, json!({ "hang": true })).await;
    let works = asks(&bench, "quick", quick, json!({ "takes": 1 })).await;

    start_many(&bench, hangs, 100).await;
    let executions = start_many(&bench, works, 10).await;
    attempts(&bench, &executions).await;

    assert!(began(&bench, "quick").iter().all(|at| *at < 6.0));
    assert_eq!(began(&bench, "slow").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_changed_limit_holds_at_once_for_executions_that_wait() {
    let bench = Bench::new().await;
    let agent = agent(&bench, 1, json!({ "requests_per_minute": 1 })).await;
    let flow = asks(&bench, "ask", agent, json!({})).await;
    let executions = start_many(&bench, flow, 50).await;
    pass(Duration::from_secs(90)).await;
    assert_eq!(began(&bench, "ask").len(), 1);

    let change = async |protection: Value| {
        let patch = Map::from_iter([("protection".to_owned(), protection)]);
        let edit = AgentEdit { document: DocumentEdit::Patch(patch), ..AgentEdit::default() };
        bench.engine.edit_agent(&Caller::LOCAL, agent, edit).await.expect("it is valid");
    };
    change(json!({ "requests_per_minute": 60 })).await;
    pass(Duration::from_secs(10)).await;
    let after_ten_seconds = began(&bench, "ask").len();
    change(Value::Null).await;
    let attempts = attempts(&bench, &executions).await;

    assert!((10..=12).contains(&after_ten_seconds), "{after_ten_seconds}");
    assert!(attempts.iter().all(|count| *count == 1));
    assert!(began(&bench, "ask").iter().all(|at| *at < 101.0));
}

#[tokio::test(start_paused = true)]
async fn what_waits_when_a_process_dies_or_stops_goes_on_waiting_in_the_next_one() {
    for stops in [false, true] {
        let bench = Bench::new().await;
        let agent = agent(&bench, 1, json!({ "max_concurrency": 2 })).await;
        let flow = asks(&bench, "ask", agent, json!({ "takes": 2 })).await;
        let executions = start_many(&bench, flow, 40).await;
        pass(Duration::from_secs(3)).await;
        let state = bench.engine.execution(TENANT, executions[30]).await.expect("it exists").execution;
        assert_eq!(state.waiting_for(), Some(Wait::Slot));

        if stops {
            bench.engine.shutdown(Duration::ZERO).await.expect("it stops");
        }
        let next = bench.after_crash().await;
        let attempts = attempts(&next, &executions).await;

        let repeated = attempts.iter().filter(|count| **count > 1).count();
        assert_eq!(repeated, 2, "only the calls under way: {attempts:?}");
        assert_eq!(waiting(&next).await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_cancelled_while_it_waits_leaves_its_place() {
    let bench = Bench::new().await;
    let agent = agent(&bench, 1, json!({ "max_concurrency": 1 })).await;
    let flow = asks(&bench, "ask", agent, json!({ "takes": 10 })).await;
    let executions = start_many(&bench, flow, 12).await;
    pass(Duration::from_secs(1)).await;

    for &execution in &executions[..10] {
        bench.engine.cancel(&Caller::LOCAL, execution).await.expect("it has not ended");
    }

    assert_eq!(attempts(&bench, &executions[10..]).await, [1, 1]);
    assert!(began(&bench, "ask").last().is_some_and(|last| *last < 22.0));
}

#[tokio::test(start_paused = true)]
async fn what_was_drawn_for_a_day_and_not_used_is_put_back_by_a_process_that_stops_and_lost_with_one_that_dies()
 {
    for stops in [false, true] {
        let bench = Bench::new().await;
        let id = AgentId::new(Uuid::from_u128(1));
        let document = json!({
            "name": "a", "agent_type": "llm", "config": { "provider": "openai", "model": "m" },
            "skills": [{ "name": "score", "max_tokens": 1_000 }], "budget": { "max_tokens_per_day": 1_000_000 },
        });
        bench.engine.put_agent(&Caller::LOCAL, id, &document).await.expect("the agent is valid");
        let flow = asks(&bench, "ask", id, json!({})).await;
        let executions = start_many(&bench, flow, 3).await;
        attempts(&bench, &executions).await;
        let used = async |bench: &Bench| {
            let (_, uses) = bench.engine.day_uses(TENANT, vec![id]).await.expect("they are read");
            uses.first().map_or(0, |of| of.used.tokens)
        };
        // No model said how many tokens it used, so all that was reserved counts.
        let counted = used(&bench).await;
        assert!((3 * 2_026..3 * 2_100).contains(&counted), "{counted}");

        if stops {
            bench.engine.shutdown(Duration::ZERO).await.expect("it stops");
        }
        let next = bench.after_crash().await;

        // The share of the budget that was drawn at once.
        assert_eq!(used(&next).await, if stops { counted } else { 20_000 });
        attempts(&next, &start_many(&next, flow, 1).await).await;
        assert_eq!(used(&next).await, if stops { counted } else { 20_000 } + counted / 3);
    }
}
