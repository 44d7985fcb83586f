//! The graphs inside nodes: what they may hold, and what they read that is around them.

use std::collections::BTreeSet;

use super::super::parse::Parts;
use crate::document::Faults;
use crate::flow::{EdgeCondition, Graph, LAST, Reads};
use crate::ids::NodeId;
use crate::node::Repeats;
use crate::scope::References;

/// Refuses nodes that only a flow can have, and names that mean something else in a body.
pub(super) fn check(body: &Parts, is_in_loop: bool, faults: &mut Faults) {
    for (at, draft) in body.drafts.iter().enumerate() {
        let pointer = format!("{}/nodes/{at}", body.pointer);
        if draft.traits.is_some_and(|traits| traits.starts) {
            let message = "a trigger starts a flow; in a body, the nodes that no edge leads to begin";
            faults.add(format!("{pointer}/type"), message);
        }
        if is_in_loop && draft.id.as_ref().is_some_and(|id| id.as_str() == LAST) {
            let message =
                format!("`{LAST}` is the result of the iteration before; give this node another id");
            faults.add(format!("{pointer}/id"), message);
        }
    }
}

/// Refuses ids that are given in several graphs of a flow: figures, errors and addresses name a node by its id.
pub(super) fn check_ids(flow: &Parts, faults: &mut Faults) {
    if flow.drafts.iter().all(|draft| draft.body.is_none()) {
        return;
    }
    let mut known = BTreeSet::new();
    let mut open = vec![flow];
    while let Some(parts) = open.pop() {
        let mut own = BTreeSet::new();
        for (at, draft) in parts.drafts.iter().enumerate() {
            if let Some(id) = &draft.id
                && known.contains(id)
            {
                let message =
                    format!("another node has the id `{id}`; ids are unique in a flow, its bodies included");
                faults.add(format!("{}/nodes/{at}/id", parts.pointer), message);
            }
            own.extend(draft.id.as_ref());
            open.extend(draft.body.as_deref());
        }
        known.extend(own);
    }
}

/// Returns what the nodes and edges of a body read that is not inside.
pub(super) fn reads_of(graph: &Graph) -> Reads {
    let mut reads = Reads::default();
    for node in &graph.nodes {
        for (_, expression) in node.kind.room().expressions() {
            reads.add(graph, expression.references());
        }
        if let Some(body) = &node.body {
            reads.add_inner(graph, &body.reads, node.kind.room().about().traits.repeats);
        }
    }
    for edge in &graph.edges {
        if let Some(EdgeCondition::Holds(condition)) = &edge.condition {
            reads.add(graph, condition.references());
        }
    }
    reads
}

impl Reads {
    fn add(&mut self, graph: &Graph, references: &References) {
        self.trigger_data |= references.trigger_data;
        self.item |= references.item;
        self.add_nodes(graph, &references.nodes);
    }

    /// Adds what a body inside reads, but for what its own node gives it.
    fn add_inner(&mut self, graph: &Graph, inner: &Self, repeats: Option<Repeats>) {
        self.trigger_data |= inner.trigger_data;
        self.item |= inner.item && repeats != Some(Repeats::Items);
        let given = |node: &&NodeId| repeats == Some(Repeats::Iterations) && node.as_str() == LAST;
        self.add_nodes(graph, inner.nodes.iter().filter(|node| !given(node)));
    }

    fn add_nodes<'n>(&mut self, graph: &Graph, nodes: impl IntoIterator<Item = &'n NodeId>) {
        let outside = nodes.into_iter().filter(|node| graph.find(node.as_str()).is_none());
        self.nodes.extend(outside.cloned());
    }
}
