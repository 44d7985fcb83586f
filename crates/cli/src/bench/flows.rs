//! The flows that are measured.

use serde_json::{Value, json};

/// `length` sequential `echo` nodes: each is dispatched, and its result committed, before the next one starts.
pub(super) fn chain(length: u32) -> Value {
    line(&format!("bench: chain of {length}"), length, |at| echo(&format!("n{at}")))
}

/// `length` sequential nodes that call `peer`.
pub(super) fn calls(length: u32, peer: &str) -> Value {
    line("bench: calls", length, |at| {
        let input = json!({ "url": format!("{peer}/ok") });
        json!({ "id": format!("n{at}"), "type": "action", "action": "http_request", "input": input })
    })
}

/// One `echo` node, followed by `width` parallel ones and a join.
pub(super) fn fan_out(width: u32) -> Value {
    let mut nodes = vec![echo("first"), json!({ "id": "join", "type": "merge" })];
    let mut edges = Vec::new();
    for at in 0..width {
        let id = format!("n{at}");
        edges.push(json!({ "from": "first", "to": id }));
        edges.push(json!({ "from": id, "to": "join" }));
        nodes.push(echo(&id));
    }
    document("bench: fan-out", nodes, edges)
}

/// A delay of one day.
pub(super) fn sleeper() -> Value {
    let node = json!({ "id": "wait", "type": "delay", "delay_seconds": 86_400 });
    document("bench: sleepers", vec![node], Vec::new())
}

/// Waits for a person.
pub(super) fn approval() -> Value {
    let input = json!({ "order": "A-1002", "amount": 420 });
    document("bench: approvals", vec![json!({ "id": "ok", "type": "approval", "input": input })], Vec::new())
}

/// Waits for an event that concerns this execution alone.
pub(super) fn wait_event() -> Value {
    let node =
        json!({ "id": "paid", "type": "wait_event", "event": "paid", "correlation": "${execution.id}" });
    document("bench: events", vec![node], Vec::new())
}

/// A map whose body is one `echo` node, `at_once` items at a time.
pub(super) fn map(at_once: usize) -> Value {
    let echo = json!({ "id": "item", "type": "action", "action": "echo", "input": "${index}" });
    let body = json!({ "nodes": [echo], "edges": [] });
    let node = json!({ "id": "each", "type": "map", "items": "${trigger_data.items}", "max_concurrency": at_once, "body": body });
    document("bench: map", vec![node], Vec::new())
}

/// One `echo` node that a webhook starts, signed with the secret of this name.
pub(super) fn hooked(secret: &str) -> Value {
    let webhook = json!({ "path": "bench", "scheme": "github", "secret": format!("${{secrets.{secret}}}") });
    let trigger = json!({ "id": "start", "type": "trigger", "webhook": webhook });
    let echo = json!({ "id": "reply", "type": "action", "action": "echo", "input": "${trigger_data.body}" });
    let edges = vec![json!({ "from": "start", "to": "reply" })];
    document("bench: webhook", vec![trigger, echo], edges)
}

/// A call that fails twice, with backoffs of 1 s and 2 s.
pub(super) fn failing_twice(peer: &str) -> Value {
    let input = json!({ "url": format!("{peer}/fails-twice/${{execution.id}}") });
    let node = json!({ "id": "call", "type": "action", "action": "http_request", "input": input });
    let mut document = document("bench: retries", vec![node], Vec::new());
    document["retry_on_failure"] = json!(true);
    document["retry_count"] = json!(2);
    document
}

/// The node of [`asking`] that asks an agent.
pub(super) const ASKING: &str = "ask";

/// A node that asks `agent` for its only skill.
pub(super) fn asking(agent: &str) -> Value {
    let node = json!({ "id": ASKING, "type": "agent", "agent_id": agent, "skill": "write", "input": {} });
    document("bench: agents", vec![node], Vec::new())
}

/// An agent with a model at `base`.
pub(super) fn agent(base: &str) -> Value {
    json!({
        "name": "bench: writer",
        "agent_type": "llm",
        "config": { "provider": "openai", "base_url": base, "model": "writer" },
        "skills": [{ "name": "write", "instructions": "Write." }],
    })
}

fn line(name: &str, length: u32, node: impl Fn(u32) -> Value) -> Value {
    let edge = |at: u32| json!({ "from": format!("n{at}"), "to": format!("n{}", at + 1) });
    document(name, (0..length).map(node).collect(), (0..length.saturating_sub(1)).map(edge).collect())
}

fn echo(id: &str) -> Value {
    let input = json!({ "value": "${trigger_data.value}" });
    json!({ "id": id, "type": "action", "action": "echo", "input": input })
}

fn document(name: &str, nodes: Vec<Value>, edges: Vec<Value>) -> Value {
    json!({ "name": name, "flow_definition": { "nodes": nodes, "edges": edges } })
}
