//! Builds the graph: who leads to whom, where it starts, and that nothing goes round in circles.

mod cycle;
mod names;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{EdgeIndex, NodeId, NodeIndex};

use super::parse::Parts;
use super::{Edge, EdgeCondition, EdgeTrigger, Graph, Node};
use crate::document::Faults;
use crate::node::Traits;

/// A node as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) id: Option<NodeId>,
    /// What holds of its kind, where it has one that runs.
    pub(super) traits: Option<Traits>,
    pub(super) node: Option<Node>,
}

/// An edge as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct EdgeDraft {
    pub(super) from: Option<usize>,
    pub(super) to: Option<usize>,
    pub(super) on: EdgeTrigger,
    pub(super) condition: Option<EdgeCondition>,
    /// The condition as it was given, to distinguish edges.
    pub(super) condition_text: Option<String>,
}

impl EdgeDraft {
    /// Returns both ends, where they are nodes.
    const fn ends(&self) -> Option<(usize, usize)> {
        match (self.from, self.to) {
            (Some(from), Some(to)) => Some((from, to)),
            _ => None,
        }
    }
}

/// Checks how nodes and edges fit together. `None` where a node or an edge could not be read.
pub(super) fn build(parts: Parts, faults: &mut Faults) -> Option<Graph> {
    check(&parts, faults);
    let Parts { drafts, edges, .. } = parts;
    let nodes: Vec<Node> = drafts.into_iter().map(|draft| draft.node).collect::<Option<_>>()?;
    let edges: Vec<Edge> = edges.into_iter().map(edge).collect::<Option<_>>()?;
    Some(linked(nodes, edges))
}

/// Finds what is wrong between nodes and edges.
pub(super) fn check(parts: &Parts, faults: &mut Faults) {
    let Parts { drafts, edges, places } = parts;
    check_pairs(drafts, edges, faults);
    let outgoing = neighbours(drafts.len(), edges);
    let order = cycle::order(drafts, edges, &outgoing, faults);
    let before = order.map(|order| names::Ancestors::new(&order, edges, &outgoing));
    names::check(drafts, edges, places, before.as_ref(), faults);
}

fn edge(draft: EdgeDraft) -> Option<Edge> {
    let (from, to) = draft.ends()?;
    Some(Edge { from: node_index(from), to: node_index(to), on: draft.on, condition: draft.condition })
}

pub(super) fn node_index(place: usize) -> NodeIndex {
    NodeIndex(u16::try_from(place).expect("the number of nodes was checked to fit"))
}

fn edge_index(place: usize) -> EdgeIndex {
    EdgeIndex(u16::try_from(place).expect("the number of edges was checked to fit"))
}

fn linked(nodes: Vec<Node>, edges: Vec<Edge>) -> Graph {
    let mut outgoing = vec![Vec::new(); nodes.len()];
    let mut incoming = vec![Vec::new(); nodes.len()];
    for (at, edge) in edges.iter().enumerate() {
        outgoing[edge.from.at()].push(edge_index(at));
        incoming[edge.to.at()].push(edge_index(at));
    }
    let places = || (0..nodes.len()).map(node_index);
    let triggers: Vec<NodeIndex> =
        places().filter(|index| nodes[index.at()].kind.room().about().traits.starts).collect();
    let starts = if triggers.is_empty() {
        places().filter(|index| incoming[index.at()].is_empty()).collect()
    } else {
        triggers
    };
    let child_flows = each_once(nodes.iter().filter_map(|node| node.kind.room().child_flow()));
    let agents = each_once(nodes.iter().filter_map(|node| Some(node.kind.room().skill()?.0)));
    Graph { nodes, edges, outgoing, incoming, child_flows, agents, starts }
}

fn each_once<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    all.collect::<BTreeSet<T>>().into_iter().collect()
}

/// Refuses edges from a node to itself, edges that say what another one says, and edges into triggers.
fn check_pairs(drafts: &[Draft], edges: &[EdgeDraft], faults: &mut Faults) {
    let mut seen = BTreeMap::new();
    for (at, edge) in edges.iter().enumerate() {
        let Some((from, to)) = edge.ends() else { continue };
        let pointer = format!("/flow_definition/edges/{at}");
        if from == to {
            faults.add(&pointer, format!("an edge leads from `{}` to itself", name(drafts, from)));
        }
        if drafts[to].traits.is_some_and(|traits| traits.starts) {
            faults.add(format!("{pointer}/to"), "a trigger starts the flow, so no edge can lead to it");
        }
        let key = (from, to, edge.on, edge.condition_text.as_deref());
        if let Some(first) = seen.insert(key, at) {
            faults.add(pointer, format!("this edge is the same as edge {first}"));
            seen.insert(key, first);
        }
    }
}

fn name(drafts: &[Draft], place: usize) -> &str {
    drafts[place].id.as_ref().map_or("?", NodeId::as_str)
}

/// Returns for each node the places of the edges that leave it, without those to itself.
fn neighbours(nodes: usize, edges: &[EdgeDraft]) -> Vec<Vec<usize>> {
    let mut outgoing = vec![Vec::new(); nodes];
    for (at, edge) in edges.iter().enumerate() {
        if let Some((from, _)) = edge.ends().filter(|(from, to)| from != to) {
            outgoing[from].push(at);
        }
    }
    outgoing
}
