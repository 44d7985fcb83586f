//! Flows that are of interest in every run.

use serde_json::{Value, json};

use steadflow_core::ids::FlowId;

use crate::rng::Rng;

/// Picks a flow. Its children, if it has some, run the flow `below`.
pub(super) fn pick(below: FlowId, rng: &mut Rng) -> Value {
    let all = [
        chain(),
        diamond(),
        exhausted(),
        handled(),
        first_come(),
        long_wait(),
        asks(),
        one_at_a_time(),
        rounds(),
        impatient_parent(below),
    ];
    rng.pick(&all).cloned().unwrap_or_default()
}

fn flow(settings: Value, nodes: Value, edges: &[(&str, &str)]) -> Value {
    let edges: Vec<Value> = edges.iter().map(|(from, to)| json!({ "from": from, "to": to })).collect();
    let mut flow = settings;
    flow["name"] = "Fixed".into();
    flow["flow_definition"] = json!({ "nodes": nodes, "edges": edges });
    flow
}

fn echo(id: &str) -> Value {
    json!({ "id": id, "type": "action", "action": "echo" })
}

/// Five nodes in a row with three retries each.
fn chain() -> Value {
    let edges = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")];
    let nodes = json!([echo("a"), echo("b"), echo("c"), echo("d"), echo("e")]);
    flow(json!({ "retry_on_failure": true, "retry_count": 3 }), nodes, &edges)
}

/// Two branches that meet.
fn diamond() -> Value {
    let edges = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")];
    let nodes = json!([echo("a"), echo("b"), echo("c"), echo("d")]);
    flow(json!({ "retry_on_failure": true, "retry_count": 2, "timeout_seconds": 60 }), nodes, &edges)
}

/// No retries: the first failure is the end, our own crash excepted.
fn exhausted() -> Value {
    flow(json!({ "retry_on_failure": false }), json!([echo("a"), echo("b")]), &[("a", "b")])
}

/// A failure that an error edge handles.
fn handled() -> Value {
    let mut flow = flow(json!({ "retry_count": 0 }), json!([echo("a"), echo("b"), echo("c")]), &[("a", "b")]);
    let edges = flow["flow_definition"]["edges"].as_array_mut().expect("a fixture has edges");
    edges.push(json!({ "from": "a", "to": "c", "on": "error" }));
    flow
}

/// The first of two branches that ends opens the third node.
fn first_come() -> Value {
    let mut last = echo("c");
    last["join"] = "any".into();
    let nodes = json!([echo("a"), echo("b"), last]);
    flow(json!({ "retry_on_failure": true, "retry_count": 1 }), nodes, &[("a", "c"), ("b", "c")])
}

/// A wait that is long enough to be parked.
fn long_wait() -> Value {
    let nodes = json!([echo("a"), { "id": "b", "type": "delay", "delay_seconds": 90 }, echo("c")]);
    flow(json!({ "retry_on_failure": true, "retry_count": 2 }), nodes, &[("a", "b"), ("b", "c")])
}

/// Nodes that ask a person before they run again.
fn asks() -> Value {
    let mut first = echo("a");
    first["on_interrupt"] = "ask".into();
    let mut second = echo("b");
    second["on_exhausted"] = "ask".into();
    flow(json!({ "retry_on_failure": true, "retry_count": 1 }), json!([first, second]), &[("a", "b")])
}

/// Attempts of several calls, which a retry continues.
fn rounds() -> Value {
    let rounds = |id: &str| json!({ "id": id, "type": "test_rounds", "timeout_seconds": 15 });
    let settings = json!({ "retry_on_failure": true, "retry_count": 4 });
    flow(settings, json!([rounds("a"), rounds("b")]), &[("a", "b")])
}

/// Children that an attempt gives up after a few seconds, and those of a second node that the flow's timeout ends.
fn impatient_parent(below: FlowId) -> Value {
    let mut nodes = ["a", "b"].map(|id| {
        json!({ "id": id, "type": "test_family", "flow_id": below.to_string(), "children": 2, "at_once": 2 })
    });
    nodes[0]["timeout_seconds"] = 3.into();
    let settings = json!({ "retry_on_failure": true, "retry_count": 2, "timeout_seconds": 25 });
    flow(settings, json!(nodes), &[])
}

/// One execution at a time.
fn one_at_a_time() -> Value {
    let settings = json!({ "retry_on_failure": true, "retry_count": 1, "max_concurrent_executions": 1, "timeout_seconds": 40 });
    flow(settings, json!([echo("a"), echo("b")]), &[("a", "b")])
}
