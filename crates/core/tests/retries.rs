//! What a retry of an execution starts from, and what an attempt starts from that follows another one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{Play, START, accepted, version};
use serde_json::{Value, json};
use steadflow_core::caller::{Actor, ActorKind};
use steadflow_core::event::{Accepted, Event};
use steadflow_core::execution::{ExecutionStatus, FlowVersion, RetryMode};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{AgentId, FlowId, NodeId};
use steadflow_core::payload::Payload;
use uuid::Uuid;

/// A flow that runs `a`, whose input is `input`, and then fails in `b`.
fn failing(input: Value) -> Arc<FlowVersion> {
    let a = json!({ "id": "a", "type": "action", "action": "transform", "input": input });
    let b = json!({ "id": "b", "type": "action", "action": "fail", "input": { "message": "no" } });
    version(&json!({
        "name": "Retries",
        "flow_definition": { "nodes": [a, b], "edges": [{ "from": "a", "to": "b" }] },
    }))
}

/// One echo with its settings.
fn echo(mut settings: Value) -> Value {
    settings["id"] = "a".into();
    settings["type"] = "action".into();
    settings["action"] = "echo".into();
    json!({ "name": "Retries", "flow_definition": { "nodes": [settings] } })
}

fn pinned() -> Accepted {
    Accepted {
        flows: BTreeMap::from([(FlowId::new(Uuid::from_u128(2)), 3)]),
        agents: BTreeMap::from([(AgentId::new(Uuid::from_u128(5)), 7)]),
        ..accepted()
    }
}

fn refused() -> Failure {
    Failure::new(ErrorClass::Connection, "refused")
}

#[test]
fn a_retry_starts_from_what_the_first_execution_started_from() {
    let flow = failing(json!(1));
    let first = Play::of(Arc::clone(&flow), pinned());
    assert_eq!(first.execution.status(), ExecutionStatus::Failed);
    let actor = Actor { kind: ActorKind::User, id: Some("ana".into()) };
    let retried = |mode, data| {
        let plan = first.execution.retry_plan(mode, &flow);
        first.execution.retried(plan, data, actor.clone(), "w2".into())
    };

    let from_failed = retried(RetryMode::FromFailed, None);
    let from_start = retried(RetryMode::FromStart, Some(Payload::from_value(&json!("other"))));

    let wanted = Accepted {
        triggered_by: "retry".into(),
        actor: actor.clone(),
        retry_of: Some(first.execution.id()),
        reused: BTreeMap::from([(NodeId::new("a"), Payload::from_value(&json!(1)))]),
        worker: "w2".into(),
        ..pinned()
    };
    assert_eq!(from_failed, wanted);
    let trigger_data = Payload::from_value(&json!("other"));
    let unpinned = Accepted { flows: BTreeMap::new(), agents: BTreeMap::new(), ..wanted };
    assert_eq!(from_start, Accepted { trigger_data, reused: BTreeMap::new(), ..unpinned });
}

#[test]
fn a_retry_on_another_version_reuses_what_is_the_same_there_and_pins_again() {
    let first = Play::of(failing(json!(1)), pinned());
    let on = |input| {
        let newer = failing(input);
        let newer = FlowVersion::new(newer.tenant, newer.flow_id, 2, newer.flow.clone(), newer.limits);
        let plan = first.execution.retry_plan(RetryMode::FromFailed, &newer);
        first.execution.retried(plan, None, Actor::USER, "w2".into())
    };

    let [same, changed] = [on(json!(1)), on(json!(2))];

    assert_eq!(same.reused.keys().map(|id| id.as_str()).collect::<Vec<_>>(), ["a"]);
    assert_eq!(changed.reused, BTreeMap::new());
    for retried in [same, changed] {
        assert_eq!((retried.version, retried.flows.len(), retried.agents.len()), (2, 0, 0));
    }
}

#[test]
fn a_node_is_the_same_only_behind_the_same_edges_and_nodes() {
    let node =
        |id: &str, input: i64| json!({ "id": id, "type": "action", "action": "transform", "input": input });
    let edge = |from: &str, to: &str| json!({ "from": from, "to": to });
    let fails = json!({ "id": "last", "type": "action", "action": "fail", "input": { "message": "no" } });
    let flow = |nodes: [Value; 3], edges: Value| {
        let nodes = [&nodes[..], std::slice::from_ref(&fails)].concat();
        version(&json!({ "name": "Retries", "flow_definition": { "nodes": nodes, "edges": edges } }))
    };
    let nodes = || [node("a", 1), node("b", 2), node("c", 3)];
    let edges = || json!([edge("a", "b"), edge("c", "last"), edge("b", "last")]);
    let reused_of = |old: Value, nodes, edges| {
        let first = Play::of(flow([node("a", 1), node("b", 2), node("c", 3)], old), accepted());
        let newer = flow(nodes, edges);
        let newer = FlowVersion::new(newer.tenant, newer.flow_id, 2, newer.flow.clone(), newer.limits);
        let plan = first.execution.retry_plan(RetryMode::FromFailed, &newer);
        plan.reused.outputs.into_keys().map(|id| id.to_string()).collect::<Vec<_>>().join(" ")
    };

    let reused = |nodes, edges_of_new| reused_of(edges(), nodes, edges_of_new);
    assert_eq!(reused(nodes(), json!([edge("c", "last"), edge("b", "last"), edge("a", "b")])), "a b c");
    assert_eq!(reused(nodes(), json!([edge("c", "b"), edge("a", "b"), edge("b", "last")])), "a c");
    assert_eq!(reused(nodes(), json!([edge("a", "last"), edge("b", "last"), edge("c", "last")])), "a c");
    assert_eq!(reused([node("a", 9), node("b", 2), node("c", 3)], edges()), "c");
    let mut renamed = nodes();
    renamed[0]["name"] = "A".into();
    assert_eq!(reused(renamed, edges()), "a b c");
    let row = || json!([edge("a", "b"), edge("b", "c"), edge("c", "last")]);
    assert_eq!(reused_of(row(), [node("a", 9), node("b", 2), node("c", 3)], row()), "");
    let join = |first, second| json!([edge(first, "c"), edge(second, "c"), edge("c", "last")]);
    assert_eq!(reused_of(join("a", "b"), nodes(), join("b", "a")), "a b c");
}

#[test]
fn a_trigger_is_the_same_whatever_starts_the_flow() {
    let flow = |mut trigger: Value| {
        trigger["id"] = "start".into();
        trigger["type"] = "trigger".into();
        let given =
            json!({ "id": "given", "type": "action", "action": "transform", "input": "${trigger_data}" });
        let fails = json!({ "id": "last", "type": "action", "action": "fail", "input": { "message": "no" } });
        let edges = json!([{ "from": "start", "to": "given" }, { "from": "given", "to": "last" }]);
        version(
            &json!({ "name": "F", "flow_definition": { "nodes": [trigger, given, fails], "edges": edges } }),
        )
    };
    let first = Play::of(flow(json!({})), accepted());
    let newer =
        flow(json!({ "example": { "a": 1 }, "schedule": { "cron": "0 2 * * *", "timezone": "UTC" } }));
    let newer = FlowVersion::new(newer.tenant, newer.flow_id, 2, newer.flow.clone(), newer.limits);

    let plan = first.execution.retry_plan(RetryMode::FromFailed, &newer);

    assert_eq!(plan.reused.outputs.keys().map(|id| id.as_str()).collect::<Vec<_>>(), ["given", "start"]);
}

#[test]
fn an_input_is_recorded_where_it_is_known_from_nothing_else() {
    let recorded = |input: Value| {
        let settings = json!({ "input": input, "retry": { "enabled": true, "count": 1 } });
        let mut play = Play::new(&echo(settings));
        play.fails("a", refused()).at(1.0);
        let events = play.journal.into_iter().flat_map(|record| record.2);
        let inputs = events.filter_map(|event| {
            let Event::AttemptStarted { input, .. } = event else { return None };
            Some(input.map(|input| input.as_str().to_owned()))
        });
        inputs.collect::<Vec<_>>()
    };

    assert_eq!(recorded(json!({ "k": 1 })), [None, None], "the flow gives it");
    assert_eq!(recorded(json!("${trigger_data.k}")), [Some("1".into()), None], "the attempt before has it");
    assert_eq!(recorded(json!("${attempt}")), [Some("1".into()), Some("2".into())]);
}

#[test]
fn work_says_what_failed_before_and_whether_the_node_limits_its_time() {
    let mut play = Play::new(&echo(json!({ "retry": { "enabled": true, "count": 1 } })));
    play.fails("a", refused()).at(1.0);
    let limited = Play::new(&echo(json!({ "timeout_seconds": 5 })));

    let before = play.work.iter().map(|work| work.previous_error.as_deref()).collect::<Vec<_>>();
    assert_eq!(before, [None, Some("refused")]);
    assert_eq!(play.execution.nodes()[0].retry_attempt(), 1);
    assert_eq!(limited.execution.nodes()[0].retry_attempt(), 0);
    assert!(!play.work[0].has_own_timeout);
    assert!(limited.work[0].has_own_timeout);
}

#[test]
fn a_wait_that_is_asked_for_does_not_shorten_a_backoff() {
    let retry = json!({ "enabled": true, "count": 1, "initial_interval_seconds": 5 });
    let mut play = Play::new(&echo(json!({ "retry": retry })));

    play.fails("a", Failure { retry_after: Some(Duration::from_secs(2)), ..refused() });

    assert_eq!(play.execution.next_timer().map(|(at, _)| at.since(START)), Some(Duration::from_secs(5)));
}

#[test]
fn a_wait_that_is_asked_for_may_be_as_long_as_the_longest_backoff() {
    let retry = json!({ "enabled": true, "count": 1, "max_interval_seconds": 10 });
    let mut play = Play::new(&echo(json!({ "retry": retry })));

    play.fails("a", Failure { retry_after: Some(Duration::from_secs(10)), ..refused() });

    assert_eq!(play.execution.status(), ExecutionStatus::Running);
    assert!(play.execution.is_retrying());
}
