//! The flows that are measured.

use serde_json::{Value, json};

/// `length` nodes of type `echo`, one behind the other: each dispatched, and its result committed, before the next.
pub(super) fn chain(length: usize) -> Value {
    let node = |at: usize| {
        let input = json!({ "value": "${trigger_data.value}" });
        json!({ "id": format!("n{at}"), "type": "action", "action": "echo", "input": input })
    };
    let edge = |at: usize| json!({ "from": format!("n{at}"), "to": format!("n{}", at + 1) });
    let nodes: Vec<Value> = (0..length).map(node).collect();
    let edges: Vec<Value> = (0..length.saturating_sub(1)).map(edge).collect();
    json!({ "name": format!("bench: chain of {length}"), "flow_definition": { "nodes": nodes, "edges": edges } })
}

/// One call that fails twice, with backoffs of 1 s and 2 s.
pub(super) fn failing_twice(peer: &str) -> Value {
    json!({
        "name": "bench: retries",
        "retry_on_failure": true,
        "retry_count": 2,
        "flow_definition": { "edges": [], "nodes": [{
            "id": "call", "type": "action", "action": "http_request",
            "input": { "url": format!("{peer}/fails-twice/${{execution.id}}") },
        }] },
    })
}
