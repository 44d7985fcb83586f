//! Nodes that undo others (`compensate_with`): which undo which, and what cannot.

use std::collections::BTreeMap;

use super::{Draft, Parts, node_index};
use crate::document::Faults;
use crate::ids::NodeIndex;
use crate::node::Traits;

/// Which nodes of a graph undo which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handlers {
    /// By the node that is undone, the one that undoes it.
    of: BTreeMap<NodeIndex, NodeIndex>,
    /// By the node that undoes, the one that is undone.
    undone: BTreeMap<NodeIndex, NodeIndex>,
}

impl Handlers {
    pub(super) fn new(pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut handlers = Self::default();
        for (node, handler) in pairs {
            let (node, handler) = (node_index(node), node_index(handler));
            handlers.of.insert(node, handler);
            handlers.undone.insert(handler, node);
        }
        handlers
    }

    /// Returns the node that undoes `node`.
    pub fn of(&self, node: NodeIndex) -> Option<NodeIndex> {
        self.of.get(&node).copied()
    }

    /// Returns the node that `handler` undoes.
    pub fn undone_by(&self, handler: NodeIndex) -> Option<NodeIndex> {
        self.undone.get(&handler).copied()
    }

    /// Returns whether `node` undoes another one.
    pub fn has(&self, node: NodeIndex) -> bool {
        self.undone.contains_key(&node)
    }

    /// Returns the nodes that undo others, in the order of the flow.
    pub fn all(&self) -> impl Iterator<Item = NodeIndex> {
        self.undone.keys().copied()
    }
}

/// Returns the nodes that name one which can undo them, each with that one, by their places.
pub(super) fn pairs(parts: &Parts) -> Vec<(usize, usize)> {
    let mut taken = BTreeMap::new();
    let drafts = parts.drafts.iter().enumerate();
    let named = drafts.filter_map(|(at, draft)| Some((at, draft.compensate_with.as_deref()?)));
    named.filter_map(|(at, id)| Some((at, handler(parts, at, id, &mut taken).ok()?))).collect()
}

/// Says what is wrong with nodes that are to undo others.
pub(super) fn check(parts: &Parts, faults: &mut Faults) {
    let mut taken = BTreeMap::new();
    for (at, draft) in parts.drafts.iter().enumerate() {
        let Some(id) = draft.compensate_with.as_deref() else { continue };
        if let Err(problem) = handler(parts, at, id, &mut taken) {
            let near = if problem.is_unknown {
                faults.suggestion(id, parts.places.keys().map(String::as_str))
            } else {
                String::new()
            };
            let pointer = format!("{}/nodes/{at}/compensate_with", parts.pointer);
            faults.add(pointer, format!("{}{near}", problem.message));
        }
    }
}

struct Problem {
    message: String,
    is_unknown: bool,
}

/// Returns the place of the node called `id`, if that can undo the node at `at`. `taken` says which nodes undo others already.
fn handler(parts: &Parts, at: usize, id: &str, taken: &mut BTreeMap<usize, usize>) -> Result<usize, Problem> {
    let problem = |message| Err(Problem { message, is_unknown: false });
    let Some(&place) = parts.places.get(id) else {
        return Err(Problem { message: format!("there is no node `{id}` here"), is_unknown: true });
    };
    let own = &parts.drafts[at];
    if place == at {
        return problem("a node cannot undo itself".to_owned());
    }
    if own.traits.is_some_and(|traits| traits.starts) {
        return problem("a trigger does nothing that could be undone".to_owned());
    }
    let Draft { traits, compensate_with, .. } = &parts.drafts[place];
    if traits.is_some_and(|traits| !can_undo(traits)) {
        return problem(format!(
            "`{id}` cannot undo anything: it makes no call and starts no execution. Use a node that does, or a flow that has \
             this one"
        ));
    }
    if compensate_with.is_some() {
        return problem(format!("`{id}` undoes another node, so it cannot name one that undoes it"));
    }
    if parts.edges.iter().any(|edge| edge.from == Some(place) || edge.to == Some(place)) {
        return problem(format!(
            "`{id}` is a part of the flow: it has edges. A node that undoes another has none; it runs only to undo"
        ));
    }
    match taken.insert(place, at) {
        Some(first) => {
            taken.insert(place, first);
            let first = super::name(&parts.drafts, first);
            problem(format!("`{id}` already undoes `{first}`, and a node undoes one other; add a second one"))
        }
        None => Ok(place),
    }
}

/// Returns whether nodes of a kind can undo something: only calls and other executions have effects.
const fn can_undo(traits: Traits) -> bool {
    traits.makes_calls || traits.starts_children
}
