//! An execution keeps the versions of agents and of its children's flows that it was accepted with.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::event::Accepted;
use steadflow_core::execution::{ExecutionStatus, RetryMode};
use steadflow_core::ids::{AgentId, ExecutionId, FlowId};
use steadflow_runtime::{Retry, RuntimeError};
use uuid::Uuid;

use super::{ME, patch};
use crate::support::{Bench, TENANT, echo, pass};

/// Stores the next version of agent `number`.
async fn save(bench: &Bench, number: u128, name: &str) -> AgentId {
    let id = AgentId::new(Uuid::from_u128(number));
    let document = json!({ "name": name, "agent_type": "http", "skills": ["score"],
                           "config": { "endpoint": "https://risk.example.org" } });
    bench.engine.put_agent(&ME, id, &document).await.expect("the agent is valid");
    id
}

fn asks(id: &str, agent: AgentId, input: Value) -> Value {
    json!({ "id": id, "type": "agent", "agent_id": agent.to_string(), "skill": "score", "input": input })
}

fn family(flow: FlowId) -> Value {
    json!({ "id": "all", "type": "test_family", "flow_id": flow.to_string(), "children": 1, "at_once": 1 })
}

async fn accepted(bench: &Bench, execution: ExecutionId) -> Accepted {
    bench.engine.execution(TENANT, execution).await.expect("it exists").execution.accepted().clone()
}

async fn status_at_end(bench: &Bench, execution: ExecutionId) -> ExecutionStatus {
    bench.ended(execution).await.execution.status()
}

async fn retried(bench: &Bench, execution: ExecutionId, mode: RetryMode) -> ExecutionId {
    let retry = Retry { mode, ..Retry::default() };
    bench.engine.retry(&ME, execution, retry).await.expect("it can be retried").execution
}

fn versions(bench: &Bench) -> Vec<Option<u32>> {
    bench.executor.versions.lock().expect("no test panics while it holds this lock").clone()
}

#[tokio::test(start_paused = true)]
async fn agent_that_is_changed_during_an_execution_is_asked_as_it_was() {
    let bench = Bench::new().await;
    let agent = save(&bench, 5, "first").await;
    let delay = json!({ "id": "wait", "type": "delay", "delay_seconds": 7200 });
    let edges = json!([{ "from": "wait", "to": "ask" }]);
    let flow = bench.flow(json!({}), json!([delay, asks("ask", agent, json!({}))]), edges).await;

    let before = bench.start(flow).await;
    pass(Duration::from_secs(600)).await;
    save(&bench, 5, "second").await;
    let after = bench.start(flow).await;

    assert_eq!(status_at_end(&bench, before).await, ExecutionStatus::Completed);
    assert_eq!(status_at_end(&bench, after).await, ExecutionStatus::Completed);
    assert_eq!(versions(&bench), [Some(1), Some(2)]);
}

#[tokio::test(start_paused = true)]
async fn flow_without_agents_pins_nothing() {
    let bench = Bench::new().await;
    save(&bench, 5, "first").await;
    let flow = bench.flow(json!({}), json!([echo("a", json!(1))]), json!([])).await;

    let accepted = accepted(&bench, bench.start(flow).await).await;

    assert_eq!((accepted.agents, accepted.flows), (BTreeMap::new(), BTreeMap::new()));
}

#[tokio::test(start_paused = true)]
async fn agents_of_children_are_pinned_with_their_flows() {
    let bench = Bench::new().await;
    let (ours, theirs) = (save(&bench, 5, "ours").await, save(&bench, 6, "theirs").await);
    save(&bench, 6, "theirs, changed").await;
    let child = bench.flow(json!({}), json!([asks("ask", theirs, json!({}))]), json!([])).await;
    let nodes = json!([asks("ask", ours, json!({})), family(child)]);
    let parent = bench.flow(json!({}), nodes, json!([{ "from": "ask", "to": "all" }])).await;

    let execution = bench.start(parent).await;

    assert_eq!(status_at_end(&bench, execution).await, ExecutionStatus::Completed);
    let accepted = accepted(&bench, execution).await;
    assert_eq!(accepted.agents, BTreeMap::from([(ours, 1), (theirs, 2)]));
    assert_eq!(accepted.flows, BTreeMap::from([(child, 1)]));
    assert_eq!(versions(&bench), [Some(1), Some(2)]);
}

#[tokio::test(start_paused = true)]
async fn an_execution_pins_a_thousand_flows_at_most() {
    let bench = Bench::new().await;
    let mut flow = bench.flow(json!({}), json!([echo("a", json!(1))]), json!([])).await;
    for _ in 0..1_001 {
        flow = bench.flow(json!({}), json!([family(flow)]), json!([])).await;
    }

    let accepted = accepted(&bench, bench.start(flow).await).await;

    assert_eq!(accepted.flows.len(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn an_execution_pins_a_thousand_agents_at_most() {
    let bench = Bench::new().await;
    let mut nodes = Vec::new();
    for number in 0..1_001 {
        let agent = save(&bench, number, "first").await;
        nodes.push(asks(&format!("ask{number}"), agent, json!({})));
    }
    let child = bench.flow(json!({}), json!(nodes.split_off(600)), json!([])).await;
    nodes.push(family(child));
    let parent = bench.flow(json!({}), json!(nodes), json!([])).await;

    let execution = bench.start(parent).await;

    assert_eq!(accepted(&bench, execution).await.agents.len(), 1_000);
    assert_eq!(status_at_end(&bench, execution).await, ExecutionStatus::Completed);
    let unpinned = versions(&bench).iter().filter(|version| version.is_none()).count();
    assert_eq!((versions(&bench).len(), unpinned), (1_001, 1));
}

#[tokio::test(start_paused = true)]
async fn flows_that_start_each_other_end_at_the_lowest_level() {
    let bench = Bench::new().await;
    let upper = bench.flow(json!({}), json!([echo("a", json!(1))]), json!([])).await;
    let lower = bench.flow(json!({}), json!([family(upper)]), json!([])).await;
    let nodes = json!({ "flow_definition": { "nodes": [family(lower)], "edges": [] } });
    bench.engine.edit_flow(&ME, upper, patch(nodes, None)).await.unwrap();

    let execution = bench.start(upper).await;

    let ended = bench.ended(execution).await.execution;
    assert_eq!(ended.accepted().flows, BTreeMap::from([(upper, 2), (lower, 1)]));
    let message = &ended.error().unwrap().message;
    assert!(message.contains("levels deep"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn retry_from_the_failed_node_keeps_the_versions_and_one_from_the_start_does_not() {
    let bench = Bench::new().await;
    let agent = save(&bench, 5, "first").await;
    let failing = asks("ask", agent, json!({ "fail_times": 9 }));
    let child = bench.flow(json!({}), json!([failing]), json!([])).await;
    let parent = bench.flow(json!({}), json!([family(child)]), json!([])).await;
    let failed = bench.start(parent).await;
    assert_eq!(status_at_end(&bench, failed).await, ExecutionStatus::Failed);
    save(&bench, 5, "second").await;
    bench.engine.edit_flow(&ME, child, patch(json!({ "name": "changed" }), None)).await.unwrap();

    let kept = retried(&bench, failed, RetryMode::FromFailed).await;
    let fresh = retried(&bench, failed, RetryMode::FromStart).await;

    let (kept, fresh) = (accepted(&bench, kept).await, accepted(&bench, fresh).await);
    assert_eq!((kept.agents[&agent], kept.flows[&child]), (1, 1));
    assert_eq!((fresh.agents[&agent], fresh.flows[&child]), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn retry_on_another_version_of_the_flow_is_pinned_as_a_new_start() {
    let bench = Bench::new().await;
    let agent = save(&bench, 5, "first").await;
    let failing = asks("ask", agent, json!({ "fail_times": 9 }));
    let flow = bench.flow(json!({}), json!([failing]), json!([])).await;
    let failed = bench.start(flow).await;
    assert_eq!(status_at_end(&bench, failed).await, ExecutionStatus::Failed);
    save(&bench, 5, "second").await;
    bench.engine.edit_flow(&ME, flow, patch(json!({ "name": "changed" }), None)).await.unwrap();

    let retry = Retry {
        mode: RetryMode::FromFailed,
        version: Some(steadflow_runtime::VersionChoice::Current),
        ..Retry::default()
    };
    let execution = bench.engine.retry(&ME, failed, retry).await.unwrap().execution;

    assert_eq!(accepted(&bench, execution).await.agents[&agent], 2);
}

#[tokio::test(start_paused = true)]
async fn retry_pins_what_did_not_exist_before() {
    let bench = Bench::new().await;
    let agent = AgentId::new(Uuid::from_u128(5));
    let failing = asks("ask", agent, json!({ "fail_times": 1 }));
    let flow = bench.flow(json!({}), json!([failing]), json!([])).await;
    let failed = bench.start(flow).await;
    assert_eq!(status_at_end(&bench, failed).await, ExecutionStatus::Failed);
    save(&bench, 5, "first").await;

    let again = retried(&bench, failed, RetryMode::FromFailed).await;

    assert_eq!(accepted(&bench, failed).await.agents, BTreeMap::new());
    assert_eq!(accepted(&bench, again).await.agents, BTreeMap::from([(agent, 1)]));
}

/// Stores an agent whose skill has a tool that asks another one for `skill`.
async fn save_asking(
    bench: &Bench,
    number: u128,
    asked: AgentId,
    skill: &str,
) -> Result<AgentId, RuntimeError> {
    let id = AgentId::new(Uuid::from_u128(number));
    let tool = json!({ "name": "ask", "type": "skill", "agent_id": asked.to_string(), "skill": skill });
    let document = json!({
        "name": "Asks", "agent_type": "llm", "config": { "provider": "openai", "model": "m" },
        "skills": [{ "name": "score", "tools": [tool] }],
    });
    bench.engine.put_agent(&ME, id, &document).await.map(|_| id)
}

fn turns(bench: &Bench) -> Vec<Option<u32>> {
    bench.executor.turns.lock().expect("no test panics while it holds this lock").clone()
}

#[tokio::test(start_paused = true)]
async fn agents_that_tools_ask_are_pinned_too() {
    let bench = Bench::new().await;
    let asked = save(&bench, 6, "asked").await;
    let agent = save_asking(&bench, 5, asked, "score").await.unwrap();
    let flow = bench.flow(json!({}), json!([asks("ask", agent, json!({}))]), json!([])).await;

    let execution = bench.start(flow).await;

    assert_eq!(status_at_end(&bench, execution).await, ExecutionStatus::Completed);
    assert_eq!(accepted(&bench, execution).await.agents, BTreeMap::from([(agent, 1), (asked, 1)]));
    assert_eq!(turns(&bench), [Some(1)]);
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_is_taken_over_has_the_tools_that_it_was_accepted_with() {
    let bench = Bench::new().await;
    let asked = save(&bench, 6, "asked").await;
    let agent = save_asking(&bench, 5, asked, "score").await.unwrap();
    let delay = json!({ "id": "wait", "type": "delay", "delay_seconds": 7200 });
    let edges = json!([{ "from": "wait", "to": "ask" }]);
    let child = bench.flow(json!({}), json!([delay, asks("ask", agent, json!({}))]), edges).await;
    let flow = bench.flow(json!({}), json!([family(child)]), json!([])).await;
    let execution = bench.start(flow).await;
    pass(Duration::from_secs(1)).await;
    save(&bench, 5, "without tools").await;

    let bench = bench.after_crash().await;

    assert_eq!(status_at_end(&bench, execution).await, ExecutionStatus::Completed);
    assert_eq!((turns(&bench), versions(&bench)), (vec![Some(1)], vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_tool_cannot_ask_for_a_skill_that_has_tools_itself() {
    let bench = Bench::new().await;
    let plain = save(&bench, 6, "plain").await;
    let asking = save_asking(&bench, 5, plain, "score").await.unwrap();

    let refused = save_asking(&bench, 7, asking, "score").await;

    let Err(RuntimeError::AgentInvalid(faults)) = refused else { panic!("{refused:?}") };
    assert_eq!(faults[0].pointer, "/skills/0/tools/0/skill");
    let gone = AgentId::new(Uuid::from_u128(9));
    assert!(save_asking(&bench, 7, gone, "score").await.is_ok(), "it may be added later");
    assert!(save_asking(&bench, 7, asking, "gone").await.is_ok(), "it may be added later");
}

/// Stores an agent whose skill `score` has a tool that runs `flow`.
async fn save_running(bench: &Bench, number: u128, flow: FlowId) -> AgentId {
    let id = AgentId::new(Uuid::from_u128(number));
    let tool = json!({ "name": "run", "type": "flow", "flow_id": flow.to_string(), "input_schema": { "type": "object" } });
    let document = json!({ "name": "Runs", "agent_type": "llm", "config": { "provider": "openai", "model": "m" },
                           "skills": [{ "name": "score", "tools": [tool] }] });
    bench.engine.put_agent(&ME, id, &document).await.expect("the agent is valid");
    id
}

#[tokio::test(start_paused = true)]
async fn flows_that_tools_run_are_pinned_with_their_agents_and_so_are_the_flows_of_these() {
    let bench = Bench::new().await;
    let asked = save(&bench, 7, "asked").await;
    let lowest = bench.flow(json!({}), json!([asks("ask", asked, json!({}))]), json!([])).await;
    let lower = save_running(&bench, 6, lowest).await;
    let middle = bench.flow(json!({}), json!([asks("ask", lower, json!({}))]), json!([])).await;
    let upper = save_running(&bench, 5, middle).await;
    let delay = json!({ "id": "wait", "type": "delay", "delay_seconds": 7200 });
    let edges = json!([{ "from": "wait", "to": "ask" }]);
    let flow = bench.flow(json!({}), json!([delay, asks("ask", upper, json!({}))]), edges).await;
    bench.engine.edit_flow(&ME, middle, patch(json!({ "name": "changed" }), None)).await.unwrap();

    let accepted = accepted(&bench, bench.start(flow).await).await;

    assert_eq!(accepted.flows, BTreeMap::from([(lowest, 1), (middle, 2)]));
    assert_eq!(accepted.agents, BTreeMap::from([(upper, 1), (lower, 1), (asked, 1)]));
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_its_own_agent_runs_and_one_that_is_not_there_are_no_end() {
    let bench = Bench::new().await;
    let gone = FlowId::new(Uuid::from_u128(99));
    let agent = save_running(&bench, 5, gone).await;
    let delay = json!({ "id": "wait", "type": "delay", "delay_seconds": 7200 });
    let edges = json!([{ "from": "wait", "to": "ask" }]);
    let flow = bench.flow(json!({}), json!([delay, asks("ask", agent, json!({}))]), edges).await;

    let missing = accepted(&bench, bench.start(flow).await).await;
    save_running(&bench, 5, flow).await;
    let own = accepted(&bench, bench.start(flow).await).await;

    assert_eq!(missing.flows, BTreeMap::new());
    assert_eq!(own.flows, BTreeMap::from([(flow, 1)]));
}
