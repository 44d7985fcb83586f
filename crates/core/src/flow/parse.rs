//! From a flow document to a [`Flow`], or to everything that is wrong with it.
//!
//! All faults are found in one pass, so that an editor can mark them all. Nothing is corrected on the way: a value out
//! of range is a fault, never another value. Unknown keys are kept on nodes, on edges and inside `flow_definition`,
//! where editors store their own, and refused at the top level and inside `retry`, where they can only be mistakes.

mod edge;
mod fields;
mod http_request;
mod node;
mod retry;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::ids::NodeId;
use crate::limits::Limits;
use crate::payload::Payload;

use super::graph::{self, Draft, EdgeDraft};
use super::{Flow, Graph, PlacedNode};
pub(super) use fields::Faults;
use fields::Fields;

/// One thing that is wrong with a flow document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where, as a JSON pointer (RFC 6901) into the document; empty for the document itself.
    pub pointer: String,
    /// What is wrong and what would be right, as a sentence without its full stop.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.message)
    }
}

impl Flow {
    /// The keys of a flow document; any other is a fault.
    pub const KEYS: [&str; 12] = [
        "name",
        "description",
        "category",
        "tags",
        "is_template",
        "retry_on_failure",
        "retry_count",
        "timeout_seconds",
        "max_concurrent_executions",
        "context_id_template",
        "context_type_default",
        "flow_definition",
    ];

    /// Checks `document` and makes of it what runs.
    ///
    /// # Errors
    /// Every fault. Only where the document is too large or too deep, or has no usable list of nodes, what lies inside
    /// stays unchecked.
    pub fn parse(document: &Value, limits: &Limits) -> Result<Self, Vec<Fault>> {
        match read(document, limits) {
            (Some(flow), faults) if faults.is_empty() => Ok(flow),
            (_, faults) => Err(faults),
        }
    }
}

/// Makes of `document` what runs, as far as that is possible, and says everything that is wrong with it. A value that has
/// a fault counts as absent.
pub(super) fn read(document: &Value, limits: &Limits) -> (Option<Flow>, Vec<Fault>) {
    let mut faults = Faults::default();
    let flow = parse(document, limits, &mut faults);
    (flow, faults.into_all())
}

impl PlacedNode {
    /// Reads the node called `id` out of a graph, and checks it within that graph. Faults of other nodes and of edges
    /// count for nothing. `None` where there is no node of that id.
    ///
    /// # Errors
    /// Every fault of the node and, where the graph cannot be read at all, of the graph. Pointers are as in a flow
    /// document: they begin with `/flow_definition`.
    pub fn parse(definition: &Value, id: &str, limits: &Limits) -> Result<Option<Self>, Vec<Fault>> {
        let mut faults = Faults::default();
        if is_deeper_than(definition, limits.json_depth_max) {
            faults.add("/flow_definition", format!("it is nested more than {} deep", limits.json_depth_max));
            return Err(faults.into_all());
        }
        let Some(mut parts) = parts(definition, &retry::Defaults::default(), limits, &mut faults) else {
            return Err(faults.into_all());
        };
        graph::check(&parts.drafts, &parts.edges, &parts.places, &mut faults);
        let faults = faults.of_nodes(|at| parts.is_called(at, id));
        let Some(&at) = parts.places.get(id) else { return Ok(None) };
        match parts.drafts[at].node.take() {
            Some(node) if faults.is_empty() => {
                Ok(Some(Self { node, index: graph::node_index(at), sources: parts.sources(at) }))
            }
            _ => Err(faults),
        }
    }
}

fn parse(document: &Value, limits: &Limits, faults: &mut Faults) -> Option<Flow> {
    if is_deeper_than(document, limits.json_depth_max) {
        faults.add("", format!("the document is nested more than {} deep", limits.json_depth_max));
        return None;
    }
    let fields = Fields::of(document, "", faults)?;
    let settings = settings::parse(&fields, limits, faults);
    let definition = document.get("flow_definition").filter(|value| !value.is_null());
    let Some(definition) = definition else {
        faults.add("/flow_definition", "a flow needs a `flow_definition` with `nodes` and `edges`");
        return None;
    };
    let graph = definition_graph(definition, &settings.defaults, limits, faults);
    Some(Flow { settings: settings.settings?, definition: Payload::from_value(definition), graph: graph? })
}

fn definition_graph(
    definition: &Value,
    defaults: &retry::Defaults,
    limits: &Limits,
    faults: &mut Faults,
) -> Option<Graph> {
    let Parts { drafts, edges, places } = parts(definition, defaults, limits, faults)?;
    graph::build(drafts, edges, &places, faults)
}

/// What a graph is built of, as far as it could be read.
struct Parts {
    drafts: Vec<Draft>,
    edges: Vec<EdgeDraft>,
    /// The place of each id.
    places: BTreeMap<String, usize>,
}

impl Parts {
    fn is_called(&self, at: usize, id: &str) -> bool {
        self.drafts.get(at).and_then(|draft| draft.id.as_ref()).is_some_and(|known| known.as_str() == id)
    }

    /// Returns the nodes that edges lead from to the one at place `to`, each once.
    fn sources(&self, to: usize) -> Vec<NodeId> {
        let leading = self.edges.iter().filter(|edge| edge.to == Some(to) && edge.from != Some(to));
        let mut sources = Vec::new();
        for id in leading.filter_map(|edge| self.drafts[edge.from?].id.as_ref()) {
            if !sources.contains(id) {
                sources.push(id.clone());
            }
        }
        sources
    }
}

fn parts(
    definition: &Value,
    defaults: &retry::Defaults,
    limits: &Limits,
    faults: &mut Faults,
) -> Option<Parts> {
    let fields = Fields::of(definition, "/flow_definition", faults)?;
    let nodes = fields.list("nodes", faults).unwrap_or_default();
    let edges = fields.list("edges", faults).unwrap_or_default();
    // Places are 16 bits wide, whatever the operator's limits say.
    let nodes_max = limits.nodes_max.min(usize::from(u16::MAX));
    let edges_max = limits.edges_max.min(usize::from(u16::MAX));
    if nodes.len() > nodes_max {
        faults.add(
            "/flow_definition/nodes",
            format!("the flow has {} nodes; at most {nodes_max} are allowed", nodes.len()),
        );
        return None;
    }
    if edges.len() > edges_max {
        faults.add(
            "/flow_definition/edges",
            format!("the flow has {} edges; at most {edges_max} are allowed", edges.len()),
        );
        return None;
    }
    if nodes.is_empty() {
        if fields.get("nodes").is_none_or(Value::is_array) {
            faults.add("/flow_definition/nodes", "a flow needs at least one node");
        }
        return None;
    }
    let drafts: Vec<Draft> =
        nodes.iter().enumerate().map(|(at, node)| node::parse(node, at, defaults, limits, faults)).collect();
    let places = places(&drafts, faults);
    let edges: Vec<_> = edges
        .iter()
        .enumerate()
        .map(|(at, edge)| edge::parse(edge, at, &drafts, &places, limits, faults))
        .collect();
    Some(Parts { drafts, edges, places })
}

/// Returns the place of each id; the first one's where several nodes share it.
fn places(drafts: &[Draft], faults: &mut Faults) -> BTreeMap<String, usize> {
    let mut places = BTreeMap::new();
    for (at, draft) in drafts.iter().enumerate() {
        let Some(id) = &draft.id else { continue };
        if let Some(first) = places.get(id.as_str()) {
            let message = format!("node {first} already has the id `{id}`; ids are unique in a flow");
            faults.add(format!("/flow_definition/nodes/{at}/id"), message);
        } else {
            places.insert(id.to_string(), at);
        }
    }
    places
}

/// Tells whether `value` is nested more than `depth` deep, without going deeper itself.
fn is_deeper_than(value: &Value, depth: usize) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        Value::Array(items) => depth == 0 || items.iter().any(|item| is_deeper_than(item, depth - 1)),
        Value::Object(fields) => depth == 0 || fields.values().any(|field| is_deeper_than(field, depth - 1)),
    }
}
