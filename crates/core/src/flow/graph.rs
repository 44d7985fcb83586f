//! Builds the graph: who leads to whom, where it starts, and that nothing goes round in circles.

mod body;
mod cycle;
mod handlers;
mod names;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::ids::{EdgeIndex, NodeId, NodeIndex};

use super::parse::Parts;
use super::{Body, Edge, EdgeCondition, EdgeTrigger, Graph, Node};
use crate::document::Faults;
use crate::node::{Repeats, Traits};
pub use handlers::Handlers;

/// The limit of an attempt of a node that undoes another and names none.
const HANDLER_TIMEOUT: Duration = Duration::from_secs(3_600);

/// A node as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) id: Option<NodeId>,
    /// What holds of its kind, where it has one that runs.
    pub(super) traits: Option<Traits>,
    pub(super) node: Option<Node>,
    /// The graph inside it.
    pub(super) body: Option<Box<Parts>>,
    /// The id of the node that undoes it.
    pub(super) compensate_with: Option<String>,
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
    linked(parts)
}

/// Finds what is wrong between nodes and edges, those of bodies included.
pub(super) fn check(parts: &Parts, faults: &mut Faults) {
    check_inside(parts, None, faults);
    body::check_ids(parts, faults);
}

/// Checks a graph, within what is `around` it if it is a body.
fn check_inside(parts: &Parts, around: Option<BodyOwner<'_>>, faults: &mut Faults) {
    check_pairs(parts, faults);
    handlers::check(parts, faults);
    let outgoing = neighbours(parts.drafts.len(), &parts.edges);
    let order = cycle::order(parts, &outgoing, faults);
    let before = order.map(|order| names::Ancestors::new(&order, &parts.edges, &outgoing));
    let handlers = handlers::pairs(parts).into_iter().map(|(_, handler)| handler).collect();
    let level = Level { parts, before, around, handlers };
    names::check(&level, faults);
    for (node, draft) in parts.drafts.iter().enumerate() {
        let repeats = draft.traits.and_then(|traits| traits.repeats);
        if let (Some(body), Some(repeats)) = (&draft.body, repeats) {
            let around = BodyOwner { level: &level, node, repeats };
            let all = std::iter::successors(Some(&around), |around| around.level.around.as_ref());
            let is_in_loop = all.map(|around| around.repeats).any(|repeats| repeats == Repeats::Iterations);
            body::check(body, is_in_loop, faults);
            check_inside(body, Some(around), faults);
        }
    }
}

/// A graph, and what is around it.
struct Level<'g> {
    parts: &'g Parts,
    /// `None` if it has a cycle.
    before: Option<names::Ancestors>,
    /// `None` for the graph of the flow.
    around: Option<BodyOwner<'g>>,
    /// The nodes that undo others.
    handlers: BTreeSet<usize>,
}

/// The node that a body belongs to.
struct BodyOwner<'g> {
    level: &'g Level<'g>,
    node: usize,
    repeats: Repeats,
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

/// `None` where a node or an edge could not be read. A node whose body could not be runs without one, and fails.
fn linked(parts: Parts) -> Option<Graph> {
    let handlers = Handlers::new(handlers::pairs(&parts));
    let Parts { drafts, edges, .. } = parts;
    let mut nodes: Vec<Node> = drafts.into_iter().map(node).collect::<Option<_>>()?;
    let edges: Vec<Edge> = edges.into_iter().map(edge).collect::<Option<_>>()?;
    for handler in handlers.all() {
        // The deadline of the execution does not stop it, so something else has to.
        nodes[handler.at()].attempt_timeout.get_or_insert(HANDLER_TIMEOUT);
    }
    Some(with_links(nodes, edges, handlers))
}

fn node(draft: Draft) -> Option<Node> {
    let body = draft.body.and_then(|parts| {
        let definition = parts.definition.clone();
        let graph = linked(*parts)?;
        let reads = body::reads_of(&graph);
        graph.can_run().then(|| Arc::new(Body { definition, graph, reads }))
    });
    Some(Node { body, ..draft.node? })
}

fn with_links(nodes: Vec<Node>, edges: Vec<Edge>, handlers: Handlers) -> Graph {
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
        places().filter(|index| incoming[index.at()].is_empty() && !handlers.has(*index)).collect()
    } else {
        triggers
    };
    let inside = || nodes.iter().filter_map(|node| node.body.as_ref()).map(|body| &body.graph);
    let own = nodes.iter().filter_map(|node| node.kind.room().child_flow());
    let child_flows = each_once(own.chain(inside().flat_map(|graph| graph.child_flows.iter().copied())));
    let own = nodes.iter().filter_map(|node| Some(node.kind.room().skill()?.0));
    let agents = each_once(own.chain(inside().flat_map(|graph| graph.agents.iter().copied())));
    Graph { nodes, edges, outgoing, incoming, child_flows, agents, starts, handlers }
}

fn each_once<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    all.collect::<BTreeSet<T>>().into_iter().collect()
}

/// Refuses edges from a node to itself, edges that say what another one says, and edges into triggers.
fn check_pairs(parts: &Parts, faults: &mut Faults) {
    let Parts { drafts, edges, pointer: graph, .. } = parts;
    let mut seen = BTreeMap::new();
    for (at, edge) in edges.iter().enumerate() {
        let Some((from, to)) = edge.ends() else { continue };
        let pointer = format!("{graph}/edges/{at}");
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
