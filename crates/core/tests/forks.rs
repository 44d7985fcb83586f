//! What a fork starts from, what it runs, and what is refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use steadflow_core::approval::{Answer, Verdict, hash_of};
use steadflow_core::caller::Actor;
use steadflow_core::event::{Accepted, Fork};
use steadflow_core::execution::{Edits, ExecutionStatus, FlowVersion, Input};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::flow::Fault;
use steadflow_core::ids::{NodeId, StepKey};
use steadflow_core::payload::Payload;

use crate::support::{Play, accepted, version};

fn node(id: &str, input: Value) -> Value {
    json!({ "id": id, "type": "action", "action": "transform", "input": input })
}

fn edge(from: &str, to: &str) -> Value {
    json!({ "from": from, "to": to })
}

fn flow(nodes: &[Value], edges: &[Value]) -> Arc<FlowVersion> {
    version(&json!({ "name": "Forks", "flow_definition": { "nodes": nodes, "edges": edges } }))
}

/// `start` → `a` → `b` → `c`, and `start` → `beside`; `b` has `input`.
fn chain(input: Value) -> Arc<FlowVersion> {
    let start = json!({ "id": "start", "type": "trigger" });
    let nodes = [
        start,
        node("a", json!({ "a": "${trigger_data.k}" })),
        node("b", input),
        node("c", json!("${b}")),
        node("beside", json!("${trigger_data.k}")),
    ];
    flow(&nodes, &[edge("start", "a"), edge("a", "b"), edge("b", "c"), edge("start", "beside")])
}

fn started_with(k: i64) -> Accepted {
    Accepted { trigger_data: payload(&json!({ "k": k })), ..accepted() }
}

fn payload(value: &Value) -> Payload {
    Payload::from_value(value)
}

fn ran(flow: Arc<FlowVersion>) -> Play {
    Play::of(flow, started_with(1))
}

fn outputs(outputs: &[(&str, Value)]) -> Edits {
    let outputs = outputs.iter().map(|(id, output)| (NodeId::new(*id), payload(output)));
    Edits { outputs: outputs.collect(), trigger_data: None }
}

fn forked(old: &Play, node: &str, flow: &FlowVersion, edits: Edits) -> Result<Accepted, Vec<Fault>> {
    let plan = old.execution.fork_plan(&NodeId::new(node), flow).map_err(|fault| vec![fault])?;
    let plan = old.execution.edit_fork(plan, edits, flow)?;
    Ok(old.execution.forked(plan, Actor::USER, "w2".into()))
}

fn result_of(flow: &Arc<FlowVersion>, accepted: Accepted) -> Value {
    let play = Play::of(Arc::clone(flow), accepted);
    assert_eq!(play.execution.status(), ExecutionStatus::Completed);
    play.execution.result().expect("it completed").to_value().expect("it is JSON")
}

fn refused(old: &Play, node: &str, flow: &FlowVersion, edits: Edits) -> String {
    let faults = forked(old, node, flow, edits).expect_err("it cannot be forked");
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

#[test]
fn a_fork_reuses_what_does_not_follow_on_its_node() {
    let flow = chain(json!({ "b": "${a.a}" }));
    let old = ran(Arc::clone(&flow));

    let fork = forked(&old, "b", &flow, Edits::default()).unwrap();

    let reused = ["start", "a", "beside"].map(|id| {
        let at = flow.flow.graph.find(id).unwrap();
        (NodeId::new(id), old.execution.node(at).output.clone().unwrap())
    });
    let wanted = Accepted {
        triggered_by: "fork".into(),
        actor: Actor::USER,
        forked_from: Some(Box::new(Fork {
            of: old.execution.id(),
            node: NodeId::new("b"),
            edited: [].into(),
        })),
        reused: BTreeMap::from(reused),
        worker: "w2".into(),
        ..started_with(1)
    };
    assert_eq!(fork, wanted);
    let new = Play::of(Arc::clone(&flow), fork);
    let is_reused: Vec<bool> = new.execution.nodes().iter().map(|node| node.reused).collect();
    assert_eq!(is_reused, [true, true, false, false, true]);
}

#[test]
fn an_output_that_is_given_is_what_later_nodes_read() {
    let flow = chain(json!({ "b": "${a.a}" }));
    let old = ran(Arc::clone(&flow));
    let of = |node, edits| result_of(&flow, forked(&old, node, &flow, edits).unwrap());

    let before = of("b", outputs(&[("a", json!({ "a": 7 }))]));
    let own = of("b", outputs(&[("b", json!("mine"))]));
    let null = of("b", outputs(&[("b", json!(null))]));

    assert_eq!(before, json!({ "c": { "b": 7 }, "beside": 1 }));
    assert_eq!(own, json!({ "c": "mine", "beside": 1 }));
    assert_eq!(null, json!({ "c": null, "beside": 1 }));
}

#[test]
fn other_trigger_data_goes_through_the_trigger_and_leaves_what_is_reused() {
    let flow = chain(json!({ "b": "${trigger_data.k}", "start": "${start.k}" }));
    let old = ran(Arc::clone(&flow));
    let edits = Edits { trigger_data: Some(payload(&json!({ "k": 2 }))), ..Edits::default() };

    let plan = old.execution.fork_plan(&NodeId::new("b"), &flow).unwrap();
    let plan = old.execution.edit_fork(plan, edits, &flow).unwrap();

    assert_eq!(plan.run.iter().map(NodeId::as_str).collect::<Vec<_>>(), ["start", "b", "c"]);
    let result = result_of(&flow, old.execution.forked(plan, Actor::USER, "w2".into()));
    assert_eq!(result, json!({ "c": { "b": 2, "start": 2 }, "beside": 1 }));
}

#[test]
fn what_had_not_completed_runs_in_a_fork_and_what_failed_does_too() {
    let echo = |id: &str| json!({ "id": id, "type": "action", "action": "echo", "input": 1 });
    let flow = flow(&[node("a", json!(1)), node("b", json!("${a}")), echo("other")], &[edge("a", "b")]);
    let mut old = ran(Arc::clone(&flow));
    assert_eq!(old.execution.status(), ExecutionStatus::Running);

    let of_running = forked(&old, "b", &flow, Edits::default()).unwrap();
    old.fails("other", Failure::new(ErrorClass::Configuration, "no"));
    assert_eq!(old.execution.status(), ExecutionStatus::Failed);
    let of_failed = forked(&old, "b", &flow, Edits::default()).unwrap();

    for fork in [of_running, of_failed] {
        assert_eq!(fork.reused.keys().map(NodeId::as_str).collect::<Vec<_>>(), ["a"]);
        let mut new = Play::of(Arc::clone(&flow), fork);
        assert_eq!(new.execution.status(), ExecutionStatus::Running);
        new.completes("other", json!(2));
        assert_eq!(new.execution.status(), ExecutionStatus::Completed);
    }
}

#[test]
fn what_cannot_be_forked_is_named_with_its_place() {
    let body = json!({ "nodes": [node("inner", json!(1))] });
    let each = json!({ "id": "each", "type": "map", "items": [], "body": body });
    let fails = json!({ "id": "fails", "type": "action", "action": "fail", "input": { "message": "no" } });
    let start = json!({ "id": "start", "type": "trigger" });
    let nodes = [start, node("a", json!(1)), each, fails];
    let flow = flow(&nodes, &[edge("start", "a"), edge("a", "each"), edge("each", "fails")]);
    let old = ran(Arc::clone(&flow));
    let refused = |node, edits| refused(&old, node, &flow, edits);

    insta::assert_snapshot!(refused("none", Edits::default()), @"/node_id: The execution has no node `none`");
    insta::assert_snapshot!(refused("inner", Edits::default()), @"/node_id: Node `inner` is in the body of `each`; fork from `each`");
    insta::assert_snapshot!(refused("fails", Edits::default()), @"/node_id: Node `fails` has not completed; fork from a node that has, or retry the execution from where it failed");
    let edits =
        [("a", json!(1)), ("each", json!(2)), ("fails", json!(3)), ("inner", json!(4)), ("x/y", json!(5))];
    insta::assert_snapshot!(refused("a", outputs(&edits)), @"
    /outputs/each: Node `each` follows on `a`, so that it runs and its output is not edited; fork from `each`
    /outputs/fails: Node `fails` has not completed, so that it runs and has no output to edit
    /outputs/inner: Node `inner` is in the body of `each`; fork from `each`
    /outputs/x~1y: The execution has no node `x/y`
    ");
    insta::assert_snapshot!(refused("a", outputs(&[("start", json!(1))])), @"/outputs/start: The output of `start` is the trigger data; give `trigger_data` instead");
    let long = "x".repeat(flow.limits.output_bytes_max);
    insta::assert_snapshot!(refused("a", outputs(&[("a", json!(long))])), @"/outputs/a: The output has 1048578 bytes; the limit is 1048576");
}

#[test]
fn a_fork_on_another_version_names_what_is_not_the_same_there() {
    let old = ran(chain(json!({ "b": "${a.a}" })));
    let other = chain(json!({ "b": "changed" }));
    let newer = FlowVersion::new(other.tenant, other.flow_id, 2, other.flow.clone(), other.limits);
    let newer = Arc::new(newer);

    let from_changed = forked(&old, "b", &newer, Edits::default()).unwrap();
    let beyond = refused(&old, "c", &newer, Edits::default());
    let given = forked(&old, "c", &newer, outputs(&[("b", json!("given"))])).unwrap();

    assert_eq!((from_changed.version, from_changed.reused.len()), (2, 3));
    assert_eq!(result_of(&newer, from_changed), json!({ "c": { "b": "changed" }, "beside": 1 }));
    insta::assert_snapshot!(beyond, @"/flow_version: What completed in version 1 is not the same in version 2: `b`. Give these outputs in `outputs`, fork from the first of these nodes, or keep version 1 with `same`");
    assert_eq!(result_of(&newer, given), json!({ "c": "given", "beside": 1 }));
}

#[test]
fn what_a_person_decided_is_not_edited() {
    let asks = json!({ "id": "asks", "type": "approval", "input": 5 });
    let pays = json!({ "from": "asks", "to": "pay", "condition": "approved" });
    let flow = flow(&[asks, node("pay", json!("${asks.decision}"))], &[pays]);
    let mut old = ran(Arc::clone(&flow));
    let (step, hash) = (StepKey::new("approval:1"), hash_of(&payload(&json!(5))));
    let answer = Answer { step, hash, verdict: Verdict::Approved { arguments: None }, comment: None };
    old.put(Input::Approve { node: NodeId::new("asks"), answer, by: Actor::USER }).unwrap();
    assert_eq!(old.execution.status(), ExecutionStatus::Completed);

    insta::assert_snapshot!(refused(&old, "asks", &flow, outputs(&[("asks", json!({ "decision": "approved" }))])), @"/outputs/asks: What a person decided at `asks` is not edited; fork from `asks` without an output to ask again");
    let again = Play::of(Arc::clone(&flow), forked(&old, "asks", &flow, Edits::default()).unwrap());
    assert_eq!(again.execution.status(), ExecutionStatus::Running, "it asks again");
}
