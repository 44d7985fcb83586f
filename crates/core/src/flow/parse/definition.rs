//! The graph of a document, as far as it can be read: its nodes and edges, one by one.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::canvas::CanvasReader;
use super::edge::{self, Sources};
use super::node;
use super::retry::Defaults;
use crate::document::{Description, Keys, Place, Plain, Reader, Reading, Terms, Unknown, key, list};
use crate::expression::is_word;
use crate::flow::graph::{Draft, EdgeDraft};
use crate::ids::NodeId;
use crate::limits::Limits;
use crate::node::CATALOGUE;
use crate::payload::Payload;

/// What a graph is built of, as far as it could be read.
#[derive(Debug)]
pub(in crate::flow) struct Parts {
    pub(in crate::flow) drafts: Vec<Draft>,
    pub(in crate::flow) edges: Vec<EdgeDraft>,
    /// The place of each id; the first one's where several nodes share it.
    pub(in crate::flow) places: BTreeMap<String, usize>,
    /// Where the graph is in the document.
    pub(in crate::flow) pointer: String,
    /// The graph as it is written.
    pub(in crate::flow) definition: Payload,
}

impl Parts {
    pub(super) fn is_called(&self, at: usize, id: &str) -> bool {
        self.drafts.get(at).and_then(|draft| draft.id.as_ref()).is_some_and(|known| known.as_str() == id)
    }

    /// Returns how many edges lead to the node at place `to`.
    pub(super) fn incoming(&self, to: usize) -> usize {
        self.edges.iter().filter(|edge| edge.to == Some(to)).count()
    }

    /// Returns the cases that edges which leave the node at place `from` ask for.
    pub(super) fn asked(&self, from: usize) -> Vec<Arc<str>> {
        let leaving = self.edges.iter().filter(|edge| edge.from == Some(from));
        leaving.filter_map(|edge| edge.condition.as_ref()?.case().cloned()).collect()
    }

    /// Returns the nodes that edges lead from to the one at place `to`, each once.
    pub(super) fn sources(&self, to: usize) -> Vec<NodeId> {
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

/// Reads `flow_definition`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DefinitionReader {
    /// What holds for nodes that say nothing.
    pub(super) defaults: Defaults,
}

impl DefinitionReader {
    pub(super) fn keys(self, keys: &mut Keys<'_>) -> Option<Parts> {
        let limits = keys.limits();
        // Places are 16 bits wide, whatever the operator's limits say.
        let at_most = |max: usize| max.min(usize::from(u16::MAX));
        let nodes = NodesReader { defaults: self.defaults, max: at_most(limits.nodes_max) };
        let nodes = keys.take(key("nodes", "Nodes", nodes).needed("a flow").doc("In any order."));
        let sources = nodes.as_ref().map(|(drafts, places)| Sources { drafts, places });
        let edges = list(EdgeReader { sources }).at_most(at_most(limits.edges_max));
        let edges = keys.take(
            key("edges", "Edges", edges)
                .default(Plain::List)
                .doc("In any order; together they form no cycle."),
        );
        keys.take(
            key("ui", "Canvas", CanvasReader)
                .doc("What the canvas shows beside nodes. It changes nothing that runs."),
        );
        let edges = edges.unwrap_or_default();
        let (pointer, definition) = (String::new(), Payload::null());
        nodes.map(|(drafts, places)| Parts { drafts, edges, places, pointer, definition })
    }
}

impl Reader for DefinitionReader {
    type Value = Parts;

    fn wanted(&self, _: &Limits) -> String {
        "an object with `nodes` and `edges`".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        terms.part("FlowDefinition", |terms| {
            Description::of(terms, Unknown::Kept, |keys| self.keys(keys)).schema()
        })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Parts> {
        // Those of the flow around a body are the others' again behind it.
        let around = reading.quoted_ids.clone();
        let parts = reading.object(value, at, Unknown::Kept, |keys| self.keys(keys));
        reading.quoted_ids = around;
        Some(Parts { pointer: at.pointer(), definition: Payload::from_value(value), ..parts? })
    }

    fn inside(&self, terms: &Terms) -> Option<Description> {
        Some(Description::of(terms, Unknown::Kept, |keys| self.keys(keys)))
    }
}

/// Returns whether a list has more than `max` entries.
fn is_long(value: &Value, max: usize) -> bool {
    value.as_array().is_some_and(|entries| entries.len() > max)
}

/// Returns the ids in `nodes` that an expression cannot write without quotes.
fn quoted_ids(nodes: &Value) -> impl Iterator<Item = NodeId> {
    let ids = nodes.as_array().into_iter().flatten().filter_map(|node| node.get("id")?.as_str());
    ids.filter(|id| !is_word(id)).map(NodeId::new)
}

/// Reads the nodes, and where each id is.
#[derive(Clone, Copy, Debug)]
struct NodesReader {
    defaults: Defaults,
    max: usize,
}

impl Reader for NodesReader {
    type Value = (Vec<Draft>, BTreeMap<String, usize>);

    fn wanted(&self, _: &Limits) -> String {
        "a list of nodes".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        list(NodeReader(self.defaults)).not_empty().at_most(self.max).schema(terms)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Self::Value> {
        reading.nodes += value.as_array().map_or(0, Vec::len);
        if reading.nodes > self.max && !is_long(value, self.max) {
            let nodes = reading.nodes;
            let message = format!(
                "the flow has {nodes} nodes with those of its bodies; at most {} are allowed",
                self.max
            );
            reading.fault(at, message);
            return None;
        }
        reading.quoted_ids.extend(quoted_ids(value));
        reading.quoted_ids.sort_by_key(|id| std::cmp::Reverse(id.as_str().len()));
        let nodes = list(NodeReader(self.defaults)).not_empty().at_most(self.max);
        let drafts = nodes.read(value, at, reading)?;
        let mut places = BTreeMap::new();
        for (number, draft) in drafts.iter().enumerate() {
            let Some(id) = &draft.id else { continue };
            if let Some(first) = places.get(id.as_str()) {
                let message = format!("node {first} already has the id `{id}`; ids are unique in a flow");
                reading.fault(&at.entry(number).key("id"), message);
            } else {
                places.insert(id.to_string(), number);
            }
        }
        Some((drafts, places))
    }

    fn inside(&self, terms: &Terms) -> Option<Description> {
        NodeReader(self.defaults).inside(terms)
    }
}

/// Reads one node; whatever cannot be read is a fault.
#[derive(Clone, Copy, Debug)]
struct NodeReader(Defaults);

impl Reader for NodeReader {
    type Value = Draft;

    fn wanted(&self, _: &Limits) -> String {
        "a node".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        terms.part("Node", |terms| {
            let kinds: Vec<Value> = CATALOGUE.iter().map(|entry| entry.schema(terms)).collect();
            json!({ "allOf": [describe(terms).schema(), { "oneOf": kinds }] })
        })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Draft> {
        let draft = reading.object(value, at, Unknown::Kept, |keys| Some(node::read(keys, self.0)));
        Some(draft.unwrap_or_default())
    }

    fn inside(&self, terms: &Terms) -> Option<Description> {
        Some(describe(terms))
    }
}

/// Describes the keys that every node may have.
pub(in crate::flow) fn describe(terms: &Terms) -> Description {
    Description::of(terms, Unknown::Kept, |keys| Some(node::read(keys, Defaults::default())))
}

/// Reads one edge; whatever cannot be read is a fault. Without usable nodes there is nothing to say about edges.
#[derive(Clone, Copy, Debug)]
struct EdgeReader<'n> {
    sources: Option<Sources<'n>>,
}

impl Reader for EdgeReader<'_> {
    type Value = EdgeDraft;

    fn wanted(&self, _: &Limits) -> String {
        "an edge".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        terms.part("Edge", |terms| {
            Description::of(terms, Unknown::Kept, |keys| Some(edge::read(keys, None))).schema()
        })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<EdgeDraft> {
        let sources = self.sources?;
        let draft = reading.object(value, at, Unknown::Kept, |keys| Some(edge::read(keys, Some(sources))));
        Some(draft.unwrap_or_default())
    }

    fn inside(&self, terms: &Terms) -> Option<Description> {
        Some(Description::of(terms, Unknown::Kept, |keys| Some(edge::read(keys, None))))
    }
}
