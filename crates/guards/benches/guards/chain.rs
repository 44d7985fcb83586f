//! The flow that is executed: nodes that follow each other.

use std::sync::Arc;

use serde_json::{Value, json};
use steadflow_core::execution::FlowVersion;
use steadflow_core::flow::Flow;
use steadflow_core::ids::{FlowId, TenantId};
use steadflow_core::limits::Limits;
use uuid::Uuid;

/// Returns a flow of so many nodes, each with the input that `input` gives for its place.
pub(crate) fn document(length: usize, input: impl Fn(usize) -> Value) -> Value {
    let node =
        |at: usize| json!({ "id": format!("n{at}"), "type": "action", "action": "echo", "input": input(at) });
    let edge = |at: usize| json!({ "from": format!("n{at}"), "to": format!("n{}", at + 1) });
    let nodes: Vec<Value> = (0..length).map(node).collect();
    let edges: Vec<Value> = (0..length - 1).map(edge).collect();
    json!({ "name": "chain", "flow_definition": { "nodes": nodes, "edges": edges } })
}

pub(crate) fn version(document: &Value) -> Arc<FlowVersion> {
    let limits = Limits::DEFAULT;
    let flow = Flow::parse(document, &limits).expect("the flow is valid");
    Arc::new(FlowVersion::new(TenantId::DEFAULT, FlowId::new(Uuid::nil()), 1, flow, limits))
}
