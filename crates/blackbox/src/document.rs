//! Flow documents.

use serde_json::{Value, json};

/// Returns a flow of these nodes and `(from, to)` edges, without retries.
pub fn flow(name: &str, nodes: &[Value], edges: &[(&str, &str)]) -> Value {
    let edges: Vec<Value> = edges.iter().map(|(from, to)| json!({ "from": from, "to": to })).collect();
    json!({ "name": name, "flow_definition": { "nodes": nodes, "edges": edges } })
}

/// Returns `document` with these keys set at its top.
#[must_use]
pub fn with(mut document: Value, settings: &Value) -> Value {
    let settings = settings.as_object().expect("settings are an object");
    for (key, value) in settings {
        document[key] = value.clone();
    }
    document
}

/// Returns a node that gets `url`.
pub fn http(id: &str, url: &str) -> Value {
    json!({ "id": id, "type": "action", "action": "http_request", "input": { "url": url } })
}

/// Returns a node that returns its input.
pub fn echo(id: &str, input: Value) -> Value {
    json!({ "id": id, "type": "action", "action": "echo", "input": input })
}

/// Returns the retry settings of a node.
pub fn retries(count: u32, first_seconds: f64) -> Value {
    json!({ "retry": { "enabled": true, "count": count, "initial_interval_seconds": first_seconds } })
}
