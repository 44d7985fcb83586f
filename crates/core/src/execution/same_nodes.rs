//! Which nodes mean the same in two versions of a flow, so that the output of one can be reused for the other.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::flow::{Flow, Node};
use crate::ids::NodeId;

/// Keys of a node that do not change what its output means: how it is shown, how often and how long it is tried, and what
/// undoes it.
const NOT_COMPARED: [&str; 7] =
    ["name", "position", "retry", "timeout_seconds", "on_interrupt", "on_exhausted", "compensate_with"];

/// The only keys that count of a node that starts the flow: its output is the trigger data, whatever else it says.
const COMPARED_OF_STARTS: [&str; 2] = ["id", "type"];

/// Returns the nodes of `new` that are in `old` with the same meaning: their own keys are the same, the edges that lead
/// to them are the same, what came of them can be reused, and so is every node before them. None of a flow whose definition cannot be read.
pub(super) fn same_nodes(old: &Flow, new: &Flow, may_reuse: impl Fn(&NodeId) -> bool) -> BTreeSet<NodeId> {
    let (Some(old), Some(new_definition)) = (Definition::of(old), Definition::of(new)) else {
        return BTreeSet::new();
    };
    let graph = &new.graph;
    let starts = |node: &Node| node.kind.room().about().traits.starts;
    let mut same: BTreeSet<NodeId> = graph
        .in_flow()
        .filter(|(_, node)| old.has(&new_definition, &node.id, starts(node)) && may_reuse(&node.id))
        .map(|(_, node)| node.id.clone())
        .collect();
    let mut edited: Vec<NodeId> =
        graph.nodes.iter().map(|node| &node.id).filter(|id| !same.contains(*id)).cloned().collect();
    while let Some(id) = edited.pop() {
        let Some(at) = graph.find(id.as_str()) else { continue };
        for &edge in &graph.outgoing[at.at()] {
            let after = &graph.node(graph.edge(edge).to).id;
            if same.remove(after) {
                edited.push(after.clone());
            }
        }
    }
    same
}

/// A `flow_definition`, as it is written.
struct Definition(Value);

impl Definition {
    fn of(flow: &Flow) -> Option<Self> {
        flow.definition.to_value().ok().map(Self)
    }

    fn has(&self, other: &Self, id: &NodeId, starts: bool) -> bool {
        let node = self.node(id, starts);
        node.is_some() && node == other.node(id, starts) && self.incoming(id) == other.incoming(id)
    }

    fn node(&self, id: &NodeId, starts: bool) -> Option<Value> {
        let mut nodes = self.0["nodes"].as_array().into_iter().flatten();
        let mut node = nodes.find(|node| node["id"] == id.as_str())?.clone();
        strip(&mut node);
        if let Some(keys) = node.as_object_mut().filter(|_| starts) {
            keys.retain(|key, _| COMPARED_OF_STARTS.contains(&key.as_str()));
        }
        Some(node)
    }

    /// The edges that lead to a node, in an order that does not depend on the document's.
    fn incoming(&self, id: &NodeId) -> Vec<String> {
        let edges = self.0["edges"].as_array().into_iter().flatten();
        let mut edges: Vec<String> =
            edges.filter(|edge| edge["to"] == id.as_str()).map(Value::to_string).collect();
        edges.sort_unstable();
        edges
    }
}

/// Drops the keys that are not compared, also of the nodes of its body.
fn strip(node: &mut Value) {
    if let Some(keys) = node.as_object_mut() {
        keys.retain(|key, _| !NOT_COMPARED.contains(&key.as_str()));
    }
    let body = node.pointer_mut("/body/nodes").and_then(Value::as_array_mut);
    body.into_iter().flatten().for_each(strip);
}
