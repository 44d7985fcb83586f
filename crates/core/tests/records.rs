//! What is kept of nodes and attempts for people: when they began and ended, what they used, and why they failed.

use std::fmt::Write;
use std::sync::Arc;

use crate::support::{Play, START, accepted, version};
use insta::assert_snapshot;
use serde_json::{Value, json};
use steadflow_core::caller::Actor;
use steadflow_core::event::Accepted;
use steadflow_core::execution::{AttemptRecord, ExecutionStatus, Input, NodeExecution, RetryMode};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{NodeId, NodeIndex};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::usage::Usage;
use steadflow_core::work::Outcome;

fn flow(nodes: &[Value], edges: &[Value]) -> Value {
    json!({ "name": "Records", "flow_definition": { "nodes": nodes, "edges": edges } })
}

fn echo(id: &str) -> Value {
    let retry = json!({ "enabled": true, "count": 2 });
    json!({ "id": id, "type": "action", "action": "echo", "retry": retry })
}

fn refused() -> Failure {
    let body = Some(Payload::from_value(&json!("no")));
    Failure { body, ..Failure::new(ErrorClass::Connection, "refused") }
}

/// Ends the last call that was begun, which used so many tokens.
fn ends(play: &mut Play, result: Result<Payload, Failure>, tokens: u64) {
    let call = play.work.last().expect("a call was begun").key();
    let usage = Some(Arc::new(Usage { input_tokens: tokens, ..Usage::default() }));
    play.put(Input::StepEnded { call, outcome: Outcome { usage, ..Outcome::new(result) } })
        .expect("it is under way");
}

/// Returns a line for each node and each of its attempts.
fn records(play: &Play) -> String {
    let mut text = String::new();
    for (node, record) in play.execution.graph().nodes.iter().zip(play.execution.nodes()) {
        writeln!(text, "{} {}", node.id, of_node(record)).expect("a string takes any text");
        for attempt in &record.attempts {
            writeln!(text, "  {}", of_attempt(attempt)).expect("a string takes any text");
        }
    }
    text
}

fn of_node(node: &NodeExecution) -> String {
    let class = node.error_class.map_or_else(String::new, |class| format!(", {class}"));
    let reused = if node.reused { ", reused" } else { "" };
    format!("{}: {} to {}{class}{reused}", node.status().as_str(), at(node.started_at), at(node.completed_at))
}

fn of_attempt(attempt: &AttemptRecord) -> String {
    let error = attempt.error.as_ref().map_or_else(String::new, |error| format!(", {}", error.message));
    let next = attempt.retry_at.map_or_else(String::new, |next| format!(", next at {}", at(Some(next))));
    let released = if attempt.released { ", handed back" } else { "" };
    let tokens: u64 = attempt.usages.iter().map(|used| used.input_tokens).sum();
    let (began, ended) = (at(Some(attempt.started_at)), at(attempt.ended_at));
    format!("{began} to {ended}, {tokens} tokens{error}{next}{released}")
}

fn at(moment: Option<Timestamp>) -> String {
    moment.map_or_else(|| "-".to_owned(), |moment| format!("{}s", moment.since(START).as_secs_f64()))
}

#[test]
fn each_attempt_has_its_times_its_use_and_its_error() {
    let wait = json!({ "id": "wait", "type": "delay", "delay_seconds": 2 });
    let edges = [json!({ "from": "call", "to": "wait" })];
    let mut play = Play::new(&flow(&[echo("call"), wait], &edges));

    play.at(1.0);
    ends(&mut play, Err(refused()), 3);
    play.at(2.0).at(3.0).put_any(Input::Release).at(4.0).at(5.0);
    ends(&mut play, Ok(Payload::null()), 4);
    play.at(7.0);

    assert_snapshot!(records(&play), @"
    call completed: 0s to 5s
      0s to 1s, 3 tokens, refused, next at 2s
      2s to 3s, 0 tokens, handed back
      4s to 5s, 4 tokens
    wait completed: 5s to 7s
    ");
    assert_eq!(play.execution.status(), ExecutionStatus::Completed);
    assert_eq!(play.execution.usage().input_tokens, 7);
}

#[test]
fn what_the_end_of_an_execution_finds_open_ends_with_it() {
    let wait = json!({ "id": "wait", "type": "delay", "delay_seconds": 60 });
    let mut slow = echo("retried");
    slow["retry"]["initial_interval_seconds"] = json!(60);
    let behind = json!({ "id": "behind", "type": "merge" });
    let edges = [json!({ "from": "wait", "to": "behind" })];
    let mut play = Play::new(&flow(&[echo("call"), wait, slow, behind], &edges));
    play.at(1.0);
    ends(&mut play, Err(refused()), 0);

    play.at(5.0).put_any(Input::Cancel { message: "Enough".into(), by: Actor::USER });

    assert_snapshot!(records(&play), @"
    call cancelled: 0s to 5s
      0s to 5s, 0 tokens
    wait cancelled: 0s to 5s
    retried cancelled: 0s to 5s, connection
      0s to 1s, 0 tokens, refused, next at 61s
    behind cancelled: - to 5s
    ");
    assert_eq!((play.execution.current_node(), play.execution.has_call_in_flight()), (None, false));
}

#[test]
fn an_execution_that_failed_is_where_it_failed() {
    let fails = json!({ "id": "b", "type": "action", "action": "fail", "input": { "message": "no" } });
    let play = Play::new(&flow(&[echo("a"), fails], &[]));

    assert_eq!(play.execution.status(), ExecutionStatus::Failed);
    assert_eq!(play.execution.current_node(), Some(NodeIndex(1)));
    assert!(play.work.is_empty(), "what was about to start does not");
}

#[test]
fn what_is_reused_took_no_attempt() {
    let fails = json!({ "id": "b", "type": "action", "action": "fail", "input": { "message": "no" } });
    let edges = [json!({ "from": "a", "to": "b" })];
    let flow = version(&flow(&[echo("a"), fails], &edges));
    let mut first = Play::of(flow.clone(), accepted());
    ends(&mut first, Ok(Payload::null()), 1);
    let plan = first.execution.retry_plan(RetryMode::FromFailed, &flow);

    let retried = Play::of(flow, first.execution.retried(plan, None, Actor::USER, "w2".into()));

    assert_snapshot!(records(&retried), @"
    a completed: - to 0s, reused
    b failed: 0s to 0s, internal
      0s to 0s, 0 tokens, no
    ");
}

#[test]
fn a_copy_for_readers_keeps_no_values_of_nodes_that_ended() {
    let edges = [json!({ "from": "a", "to": "b" })];
    let mut nodes = [echo("a"), echo("b")];
    nodes.iter_mut().for_each(|node| node["input"] = json!("${trigger_data.k}"));
    let reused = [(NodeId::new("gone"), Payload::null())].into();
    let mut play = Play::of(version(&flow(&nodes, &edges)), Accepted { reused, ..accepted() });
    ends(&mut play, Err(refused()), 0);
    play.at(1.0);
    ends(&mut play, Ok(Payload::null()), 0);
    let input = play.execution.nodes()[1].input.clone();

    let short = Payload::from_value(&json!("short"));
    let mut shortened = play.execution.clone();
    shortened.shed([NodeIndex(1)], |_, _| Some(short.clone()));
    play.execution.shed([NodeIndex(0), NodeIndex(1)], |_, _| None);

    let [ended, running] = play.execution.nodes() else { panic!("two nodes") };
    assert_eq!((&ended.input, &ended.output), (&None, &None));
    assert_eq!(ended.attempts[0].error.as_ref().map(|error| error.body.clone()), Some(None));
    assert!(input.is_some() && running.input == input);
    assert_eq!(shortened.nodes()[1].input, Some(short));
    assert_eq!(play.execution.accepted().trigger_data, Payload::null());
    assert!(play.execution.accepted().reused.is_empty());
}
