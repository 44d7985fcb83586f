//! Flows to run: made up from a seed, or fixed.

mod fixtures;

use std::sync::Arc;

use serde_json::{Map, Value, json};
use steadflow_core::execution::FlowVersion;
use steadflow_core::flow::Flow;
use steadflow_core::ids::{FlowId, TenantId};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{FlowRecord, FlowStatus};

use crate::agents::{PLAIN, SERVER, WITH_OTHERS, WITH_TOOLS};
use crate::ids::{TOOL_FLOW_NUMBER, flow_id};
use crate::rng::Rng;

/// A flow with all its versions.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) id: FlowId,
    /// From 1, in order.
    pub(crate) versions: Vec<Arc<FlowVersion>>,
    /// The documents, in the same order.
    pub(crate) documents: Vec<Value>,
    /// How many of them are published.
    published: usize,
    limits: Limits,
}

impl Case {
    /// Makes a flow up. Its second version, if it has one, allows more.
    pub(crate) fn new(number: u128, rng: &mut Rng) -> Self {
        Self::from_document(number, some_document(number, rng), rng)
    }

    /// Makes a flow up whose executions wait for no later start: which one is the last is known in one process.
    pub(crate) fn without_debounce(number: u128, rng: &mut Rng) -> Self {
        let mut document = some_document(number, rng);
        document["debounce_seconds"] = Value::Null;
        Self::from_document(number, document, rng)
    }

    /// Returns whether its nodes ask the agent whose tool runs [`TOOL_FLOW`](crate::ids::TOOL_FLOW), in some version.
    pub(crate) fn asks_for_flows(&self) -> bool {
        self.versions.iter().any(|version| version.flow.graph.agents.contains(&WITH_OTHERS))
    }

    fn from_document(number: u128, document: Value, rng: &mut Rng) -> Self {
        let id = flow_id(number);
        let limits = some_limits(rng);
        let mut case = Self { id, versions: Vec::new(), documents: Vec::new(), published: 1, limits };
        case.add(document.clone());
        if rng.happens(600) {
            case.add(more_generous(document));
        }
        case
    }

    fn add(&mut self, document: Value) {
        let limits = self.limits;
        let flow =
            Flow::parse(&document, &limits).unwrap_or_else(|faults| panic!("{faults:?} in {document}"));
        let version = u32::try_from(self.versions.len()).expect("a few versions") + 1;
        let version = FlowVersion::new(TenantId::DEFAULT, self.id, version, flow, limits);
        self.versions.push(Arc::new(version));
        self.documents.push(document);
    }

    /// Returns the version that a new execution runs on.
    pub(crate) fn current(&self) -> &Arc<FlowVersion> {
        &self.versions[self.published - 1]
    }

    /// Returns one of its versions.
    pub(crate) fn version(&self, version: u32) -> Option<&Arc<FlowVersion>> {
        self.versions.get(usize::try_from(version).ok()?.checked_sub(1)?)
    }

    /// Publishes the next version and returns its document; `None` if there is none.
    pub(crate) fn edit(&mut self) -> Option<&Value> {
        let document = self.documents.get(self.published)?;
        self.published += 1;
        Some(document)
    }

    /// Returns the flow as it was created.
    pub(crate) fn record(&self, at: Timestamp) -> FlowRecord {
        FlowRecord {
            id: self.id,
            tenant: TenantId::DEFAULT,
            version: 1,
            status: FlowStatus::Active,
            document: Payload::from_value(&self.documents[0]),
            name: String::new(),
            category: None,
            is_template: false,
            starts_by_itself: false,
            webhook_path: None,
            folder: None,
            created_at: at,
            updated_at: at,
        }
    }
}

/// The same graph with more retries and no timeout, so that running on the wrong version shows.
fn more_generous(mut document: Value) -> Value {
    document["retry_on_failure"] = true.into();
    document["retry_count"] = 10.into();
    document["timeout_seconds"] = Value::Null;
    if let Some(nodes) = document["flow_definition"]["nodes"].as_array_mut() {
        for node in nodes.iter_mut().filter_map(Value::as_object_mut) {
            node.remove("retry");
        }
    }
    document
}

/// Now and then each decision ends after one node, or an execution may hold little.
fn some_limits(rng: &mut Rng) -> Limits {
    let defaults = Limits::DEFAULT;
    let decision_bytes = if rng.happens(300) { 1 } else { defaults.decision_bytes };
    let execution_bytes_max = if rng.happens(60) { 200 } else { defaults.execution_bytes_max };
    Limits { decision_bytes, execution_bytes_max, ..defaults }
}

fn some_document(number: u128, rng: &mut Rng) -> Value {
    let below = flow_id(number + 1);
    let runs_flows = number < u128::from(TOOL_FLOW_NUMBER);
    if rng.happens(250) { fixtures::pick(below, rng) } else { made_up((below, runs_flows), rng) }
}

/// Makes a flow up. Its children, if it has some, run the flow `below`, which need not exist. Tools of its agents may run flows.
fn made_up((below, runs_flows): (FlowId, bool), rng: &mut Rng) -> Value {
    let count = rng.between(1, 8);
    let mut nodes: Vec<Value> = (0..count).map(|at| node(at, (below, runs_flows), rng)).collect();
    let edges = edges(&nodes, rng);
    if rng.happens(400) {
        add_handlers(&mut nodes, below, rng);
    }
    let timeout = rng.happens(500).then(|| rng.between(2, 200));
    let concurrency = rng.happens(350).then(|| rng.between(1, 3));
    // What runs children is given to them as it is, and they may be of the same flow.
    let key = rng.happens(200).then_some("${trigger_data.k % 3}");
    let per_key = key.map(|_| rng.between(1, 2));
    let priority = rng.happens(150).then(|| json!("${trigger_data.k % 21 - 10}"));
    let debounce = rng.happens(150).then(|| rng.between(1, 20));
    let starts_others = |node: &Value| {
        ["map", "loop", "subflow"].iter().any(|kind| node["type"] == *kind)
            || node["agent_id"] == json!(WITH_OTHERS)
    };
    let has_budget = rng.happens(300) && !nodes.iter().any(starts_others);
    let budget = has_budget.then(|| json!({ "max_tokens": rng.between(2, 12) * 1_000 }));
    json!({
        "name": "Made up",
        "retry_on_failure": rng.happens(700),
        "retry_count": rng.between(0, 4),
        "timeout_seconds": timeout,
        "max_concurrent_executions": concurrency,
        "concurrency_key": key,
        "max_concurrent_per_key": per_key,
        "priority": priority,
        "debounce_seconds": debounce,
        "budget": budget,
        "flow_definition": { "nodes": nodes, "edges": edges },
    })
}

fn node(at: u64, (below, runs_flows): (FlowId, bool), rng: &mut Rng) -> Value {
    let mut node = Map::new();
    node.insert("id".into(), id(at).into());
    let kind = rng.below(100);
    let keys = match kind {
        0..=33 => {
            json!({ "type": "action", "action": "echo", "input": { "at": at, "k": "${trigger_data.k}" } })
        }
        34..=43 => repeating(at, below, rng),
        44..=49 => json!({ "type": "test_rounds", "input": { "at": at, "k": "${trigger_data.k}" } }),
        50..=53 => {
            let (children, at_once) = (rng.between(1, 3), rng.between(1, 2));
            json!({ "type": "test_family", "flow_id": below.to_string(), "children": children, "at_once": at_once })
        }
        54..=61 => {
            let agent = if kind > 58 && runs_flows { WITH_OTHERS } else { WITH_TOOLS };
            json!({ "type": "agent", "agent_id": agent, "skill": "s", "input": { "try": "${attempt}" } })
        }
        62..=63 => {
            json!({ "type": "agent", "agent_id": SERVER, "skill": "s", "input": { "try": "${attempt}" } })
        }
        64..=69 => {
            json!({ "type": "agent", "agent_id": PLAIN, "skill": "s", "input": { "try": "${attempt}" } })
        }
        70..=76 => json!({ "type": "action", "action": "transform", "input": { "n": "${trigger_data.k}" } }),
        77..=82 => json!({ "type": "condition", "condition": "trigger_data.k > 50" }),
        83..=90 => json!({ "type": "delay", "delay_seconds": rng.pick(&[0.2, 3.0, 30.0, 100.0]) }),
        91..=93 => approval(rng),
        94..=96 => wait_event(rng),
        _ => json!({ "type": "merge" }),
    };
    node.extend(keys.as_object().cloned().unwrap_or_default());
    if rng.happens(350) {
        node.insert("join".into(), "any".into());
    }
    if kind < 70 {
        node.extend(policy(rng));
    }
    if (54..70).contains(&kind) && !(62..64).contains(&kind) && rng.happens(700) {
        node.insert("session".into(), session(rng));
    }
    node.into()
}

/// Lets some nodes be undone by others.
fn add_handlers(nodes: &mut Vec<Value>, below: FlowId, rng: &mut Rng) {
    for at in 0..nodes.len() {
        if !rng.happens(600) {
            continue;
        }
        let handler = format!("undo{at}");
        let mut keys = match rng.below(10) {
            0 => {
                json!({ "type": "subflow", "flow_id": below.to_string(), "input": { "k": "${trigger_data.k}" } })
            }
            1 => json!({ "type": "test_rounds", "input": { "at": at, "why": "${execution.error.class}" } }),
            _ => {
                json!({ "type": "action", "action": "echo", "input": { "at": at, "why": "${execution.error.message}" } })
            }
        };
        if let Some(keys) = keys.as_object_mut() {
            keys.extend(policy(rng));
            keys.insert("id".into(), handler.as_str().into());
            keys.insert("timeout_seconds".into(), json!(rng.pick(&[0.5, 3.0, 15.0])));
        }
        nodes[at]["compensate_with"] = handler.into();
        nodes.push(keys);
    }
}

/// A node that waits for a person, mostly not for ever.
fn approval(rng: &mut Rng) -> Value {
    let retry = json!({ "enabled": rng.happens(300), "count": 2, "initial_interval_seconds": 1.0 });
    let timeout = rng.pick(&[json!(3.0), json!(30.0), json!(120.0), Value::Null]).cloned();
    json!({ "type": "approval", "input": { "k": "${trigger_data.k}" }, "timeout_seconds": timeout, "retry": retry })
}

/// The event that all nodes wait for, and what it may be about.
pub(crate) const EVENT: &str = "paid";
pub(crate) const ABOUT: [u64; 3] = [0, 1, 2];

/// A node that waits for an event, mostly not for ever.
fn wait_event(rng: &mut Rng) -> Value {
    let timeout = rng.pick(&[json!(3.0), json!(30.0), json!(120.0), Value::Null]).cloned();
    let lookback = rng.pick(&[json!(1.0), json!(20.0), Value::Null]).cloned();
    let retry = json!({ "enabled": rng.happens(300), "count": 2, "initial_interval_seconds": 1.0 });
    json!({
        "type": "wait_event", "event": EVENT, "correlation": "${trigger_data.k % 3}", "timeout_seconds": timeout,
        "lookback_seconds": lookback, "retry": retry,
    })
}

/// A node that starts children.
fn repeating(at: u64, below: FlowId, rng: &mut Rng) -> Value {
    let inside = |name: &str, rng: &mut Rng| {
        let read = if name == "item" { "${item}" } else { "${last is none}" };
        let mut node = json!({ "id": format!("n{at}{name}"), "type": "action", "action": "echo",
            "input": { "at": "${index}", "k": "${trigger_data.k}", "read": read } });
        node.as_object_mut().into_iter().for_each(|keys| keys.extend(policy(rng)));
        node
    };
    let last = format!("index >= {LAST_ITERATION}");
    match rng.below(4) {
        0 => {
            json!({ "type": "subflow", "flow_id": below.to_string(), "input": { "k": "${trigger_data.k}" } })
        }
        1 => {
            let body = json!({ "nodes": [inside("last", rng)] });
            json!({ "type": "loop", "until": last, "max_iterations": rng.between(1, 4), "body": body })
        }
        _ => {
            let mut nodes = vec![inside("item", rng)];
            if rng.happens(200) {
                let body = json!({ "nodes": [inside("last", rng)] });
                nodes.push(
                    json!({ "id": format!("n{at}inner"), "type": "loop", "until": last, "body": body }),
                );
            }
            let items: Vec<u64> = (0..rng.between(0, 5)).map(|item| item * 7).collect();
            let failure = if rng.happens(400) { "collect" } else { "fail" };
            json!({ "type": "map", "items": items, "max_concurrency": rng.between(1, 3), "on_item_failure": failure,
                    "body": { "nodes": nodes } })
        }
    }
}

/// After this iteration the loops end.
pub(crate) const LAST_ITERATION: u32 = 2;

/// All executions share a few sessions.
fn session(rng: &mut Rng) -> Value {
    let key = *rng.pick(&["one", "two"]).unwrap_or(&"one");
    let when_busy = if rng.happens(400) { "interrupt" } else { "wait" };
    json!({ "key": key, "when_busy": when_busy, "max_turns": rng.between(1, 3), "summary": rng.happens(700) })
}

fn policy(rng: &mut Rng) -> Map<String, Value> {
    let mut keys = Map::new();
    if rng.happens(400) {
        let initial = *rng.pick(&[0.05, 1.0, 4.0]).unwrap_or(&1.0);
        let jitter = *rng.pick(&[0.0, 0.5, 1.0]).unwrap_or(&0.0);
        let retry = json!({
            "enabled": rng.happens(800),
            "count": rng.between(0, 5),
            "initial_interval_seconds": initial,
            "backoff_coefficient": rng.pick(&[1.0, 2.0, 3.0]),
            "max_interval_seconds": rng.pick(&[5.0, 20.0, 90.0]),
            "jitter": jitter,
        });
        keys.insert("retry".into(), retry);
    }
    if rng.happens(350) {
        keys.insert("timeout_seconds".into(), json!(rng.pick(&[0.5, 3.0, 15.0])));
    }
    if rng.happens(150) {
        keys.insert("on_interrupt".into(), "ask".into());
    }
    if rng.happens(150) {
        keys.insert("on_exhausted".into(), "ask".into());
    }
    keys
}

/// Each node but the first few follows one to three of those before it.
fn edges(nodes: &[Value], rng: &mut Rng) -> Vec<Value> {
    let mut edges = Vec::new();
    for at in 1..nodes.len() {
        if rng.happens(120) {
            continue;
        }
        let mut sources: Vec<usize> = (0..rng.between(1, 3)).map(|_| rng.index(at)).collect();
        if rng.happens(500) {
            sources.push(at - 1);
        }
        sources.sort_unstable();
        sources.dedup();
        edges.extend(sources.into_iter().map(|from| edge(&nodes[from], from, at, rng)));
    }
    edges
}

fn edge(source: &Value, from: usize, to: usize, rng: &mut Rng) -> Value {
    let (from_id, to_id) = (id(from as u64), id(to as u64));
    let has_number = source["action"] == "echo" || source["type"] == "agent";
    match (source["type"].as_str(), rng.index(100)) {
        (Some("condition"), 0..=69) => json!({ "from": from_id, "to": to_id, "condition": rng.happens(500) }),
        (Some("approval"), asked @ 0..=59) => {
            let decision = ["approved", "rejected", "timed_out"][asked / 20];
            json!({ "from": from_id, "to": to_id, "condition": decision })
        }
        (_, 0..=11) => json!({ "from": from_id, "to": to_id, "on": "error" }),
        (_, 12..=24) if has_number => {
            json!({ "from": from_id, "to": to_id, "condition": format!("{from_id}.n > 400") })
        }
        _ => json!({ "from": from_id, "to": to_id }),
    }
}

fn id(at: u64) -> String {
    format!("n{at}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_made_up_flow_is_valid() {
        let mut rng = Rng::new(1);

        let nodes: usize =
            (0..500).map(|number| Case::new(number, &mut rng).current().flow.graph.nodes.len()).sum();

        assert!(nodes > 1_000, "{nodes}");
    }
}
