//! `now()` and `uuid()`: the same in all attempts of a node, and different everywhere else.

use std::collections::BTreeSet;

use crate::support::{Play, START, accepted, version};
use serde_json::{Value, json};
use steadflow_core::caller::Actor;
use steadflow_core::event::{Accepted, Resolution};
use steadflow_core::execution::{Decision, Effect, Execution, Input};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{ExecutionId, NodeIndex};
use uuid::Uuid;

const RETRIED: &str = r#"{ "enabled": true, "count": 1, "initial_interval_seconds": 60 }"#;

#[test]
fn a_retry_sends_what_the_first_attempt_sent() {
    let mut play = Play::new(&flow(&[call("a", json!({ "at": "${now()}", "key": "${uuid()}" }))]));

    play.fails("a", failure()).at(60.0).fails("a", failure()).at(120.0);
    play.resolves("a", Resolution::Retry);

    let sent: Vec<&str> = play.work.iter().map(|work| work.input.as_str()).collect();
    assert_eq!(sent.len(), 3);
    assert_eq!((sent[0], sent[0]), (sent[1], sent[2]));
    assert!(sent[0].contains(&START.to_string().replace(".000000Z", "Z")), "{}", sent[0]);
}

#[test]
fn a_node_that_begins_later_has_a_later_moment() {
    let mut play = Play::new(&flow(&[call("a", json!("${now()}")), call("b", json!("${now()}"))]));

    play.at(5.0).completes("a", json!(1));

    let sent: Vec<&str> = play.work.iter().map(|work| work.input.as_str()).collect();
    assert_eq!(sent, [r#""2027-01-15T08:00:00Z""#, r#""2027-01-15T08:00:05Z""#]);
}

#[test]
fn every_call_has_an_id_of_its_own() {
    let two = json!({ "one": "${uuid()}", "other": "${uuid()}", "text": "${uuid()} ${uuid()}", "both": "${[uuid(), uuid()]}" });
    let ids = |execution: u128| {
        let nodes = flow(&[call("a", two.clone()), call("b", two.clone())]);
        let mut decision = Decision::default();
        let id = ExecutionId::new(Uuid::from_u128(execution));
        let mut execution = Execution::accept(id, version(&nodes), accepted(), START, &mut decision);
        execution.decide(Input::Start, START, &mut decision).expect("it starts");
        let inputs = decision.effects.iter().filter_map(|effect| match effect {
            Effect::StartStep(work) => Some(work.input.as_str().to_owned()),
            Effect::StopStep(..)
            | Effect::AwaitSlot(_)
            | Effect::AwaitSession(_)
            | Effect::AwaitEvent(_)
            | Effect::CancelTask(_)
            | Effect::SessionLeft(_) => None,
        });
        let text = inputs.collect::<String>();
        let is_id = |part: &&str| part.len() == 36;
        text.split(['"', ' ']).filter(is_id).map(str::to_owned).collect::<Vec<_>>()
    };

    let all: Vec<String> = [ids(1), ids(2)].concat();

    assert_eq!(all.len(), 12);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 12);
    assert!(all.iter().all(|id| Uuid::parse_str(id).expect("it is a UUID").get_version_num() == 8));
    assert_eq!(ids(1), ids(1));
}

#[test]
fn edges_and_conditions_read_the_moment_too() {
    let mut document = flow(&[call("a", json!(1)), call("b", json!(2))]);
    let started = "2027-01-15T08:00:04Z";
    document["flow_definition"]["edges"][0]["condition"] = json!(format!("now() > '{started}' | date"));
    let reached = |seconds: f64| {
        let mut play = Play::new(&document);
        play.at(seconds).completes("a", json!(1));
        play.work.len() == 2
    };

    assert!(!reached(3.0));
    assert!(reached(5.0));
}

#[test]
fn two_cases_do_not_share_an_id() {
    let case = |name: &str| json!({ "name": name, "condition": "uuid() == trigger_data.k" });
    let nodes = json!([{ "id": "route", "type": "switch", "cases": [case("one"), case("two")] }]);
    let document = json!({ "name": "Route", "flow_definition": { "nodes": nodes } });

    let version = version(&document);

    let expressions = version.flow.graph.node(NodeIndex(0)).kind.room().expressions();
    let shown: BTreeSet<String> =
        expressions.iter().map(|(_, expression)| format!("{expression:?}")).collect();
    assert_eq!(shown.len(), 2, "{shown:?}");
}

#[test]
fn an_execution_that_retries_another_has_ids_of_its_own() {
    let sent = |id: u128, accepted: Accepted| {
        let mut decision = Decision::default();
        let flow = version(&flow(&[call("a", json!("${uuid()}"))]));
        let id = ExecutionId::new(Uuid::from_u128(id));
        let mut execution = Execution::accept(id, flow, accepted, START, &mut decision);
        execution.decide(Input::Start, START, &mut decision).expect("it starts");
        let Some(Effect::StartStep(work)) = decision.effects.pop() else { panic!("it calls") };
        work.input.as_str().to_owned()
    };
    let retry =
        Accepted { retry_of: Some(ExecutionId::new(Uuid::from_u128(7))), actor: Actor::USER, ..accepted() };

    assert_ne!(sent(7, accepted()), sent(8, retry));
}

fn flow(nodes: &[Value]) -> Value {
    let edges: Vec<Value> =
        nodes.windows(2).map(|pair| json!({ "from": pair[0]["id"], "to": pair[1]["id"] })).collect();
    json!({ "name": "Moments", "flow_definition": { "nodes": nodes, "edges": edges } })
}

fn call(id: &str, input: Value) -> Value {
    let retry: Value = serde_json::from_str(RETRIED).expect("it is JSON");
    json!({ "id": id, "type": "action", "action": "echo", "input": input, "retry": retry, "on_exhausted": "ask" })
}

fn failure() -> Failure {
    Failure::new(ErrorClass::Connection, "refused")
}
