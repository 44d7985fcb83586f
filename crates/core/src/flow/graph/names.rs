//! Checks that templates and conditions name only nodes that can have run before, and use filters with arguments that
//! they can have.

use std::collections::BTreeMap;
use std::iter;

use crate::document::Faults;
use crate::expression::{Expression, is_word};
use crate::flow::{EdgeCondition, LAST};
use crate::node::Repeats;

use super::{EdgeDraft, Level, Parts, name};

/// For each node, which others some path of edges leads from.
#[derive(Debug)]
pub(super) struct Ancestors {
    words: usize,
    /// `words` words of bits a node.
    bits: Vec<u64>,
}

impl Ancestors {
    /// Collects them along `order`, in which every node comes after its ancestors.
    pub(super) fn new(order: &[usize], edges: &[EdgeDraft], outgoing: &[Vec<usize>]) -> Self {
        let words = order.len().div_ceil(64);
        let mut ancestors = Self { words, bits: vec![0; words * order.len()] };
        for from in order {
            for to in outgoing[*from].iter().filter_map(|edge| edges[*edge].to) {
                ancestors.inherit(*from, to);
            }
        }
        ancestors
    }

    fn inherit(&mut self, from: usize, to: usize) {
        for word in 0..self.words {
            self.bits[to * self.words + word] |= self.bits[from * self.words + word];
        }
        self.bits[to * self.words + from / 64] |= 1 << (from % 64);
    }

    fn has(&self, node: usize, ancestor: usize) -> bool {
        self.bits[node * self.words + ancestor / 64] & (1 << (ancestor % 64)) != 0
    }
}

/// Names that have a value in bodies alone.
const IN_BODIES: [&str; 3] = ["item", "index", LAST];

/// Checks every expression of a graph. Where it has a cycle, of nodes only that they exist.
pub(super) fn check(level: &Level<'_>, faults: &mut Faults) {
    let Parts { drafts, edges, pointer: graph, .. } = level.parts;
    let mut checker = Checker { level, places: &level.parts.places, faults };
    for (at, draft) in drafts.iter().enumerate() {
        let Some(node) = &draft.node else { continue };
        let pointer = format!("{graph}/nodes/{at}");
        for (below, expression) in node.kind.room().expressions() {
            checker.check(expression, Reader::Node(at), || format!("{pointer}{below}"));
        }
    }
    for (at, edge) in edges.iter().enumerate() {
        let (Some(from), Some(EdgeCondition::Holds(condition))) = (edge.from, &edge.condition) else {
            continue;
        };
        for (below, expression) in condition.expressions() {
            let pointer = || format!("{graph}/edges/{at}/condition{below}");
            checker.check(expression, Reader::EdgeFrom(from), pointer);
        }
    }
}

/// Who reads an expression.
#[derive(Clone, Copy)]
enum Reader {
    Node(usize),
    /// An edge: it is read when the node that it leaves has ended.
    EdgeFrom(usize),
}

impl Level<'_> {
    /// Returns for what the bodies are repeated that the reader is in, the innermost first.
    fn repeated(&self, reader: Reader) -> impl Iterator<Item = Repeats> {
        // The condition of a loop is evaluated after an iteration.
        let own = match reader {
            Reader::Node(at) => self.parts.drafts[at].traits.and_then(|traits| traits.repeats),
            Reader::EdgeFrom(_) => None,
        };
        let own = own.filter(|repeats| *repeats == Repeats::Iterations);
        let around = iter::successors(self.around.as_ref(), |around| around.level.around.as_ref());
        own.into_iter().chain(around.map(|around| around.repeats))
    }

    /// Returns it and the graphs around it, the innermost first.
    fn with_those_around(&self) -> impl Iterator<Item = &Self> + Clone {
        iter::successors(Some(self), |level| Some(level.around.as_ref()?.level))
    }

    /// Returns the ids of nodes here and around, and the names that bodies have beside them.
    fn known_names(&self) -> impl Iterator<Item = &str> + Clone {
        let in_body = if self.around.is_some() { IN_BODIES.as_slice() } else { &[] };
        let ids = self.with_those_around().flat_map(|level| level.parts.places.keys().map(String::as_str));
        ids.chain(in_body.iter().copied())
    }

    /// Returns whether the node at a place undoes another one.
    fn undoes(&self, place: usize) -> bool {
        self.handlers.contains(&place)
    }

    /// Returns why the reader cannot read the node `id`; `near` ends the sentence that there is none.
    fn problem(&self, id: &str, reader: Reader, near: &dyn Fn() -> String) -> Option<String> {
        let Some(place) = self.parts.places.get(id).copied() else {
            return match &self.around {
                Some(around) => around.level.problem(id, Reader::Node(around.node), near),
                None => Some(format!("there is no node `{id}`{}", near())),
            };
        };
        match reader {
            Reader::Node(node) if node == place => Some("a node cannot read its own output".to_owned()),
            Reader::EdgeFrom(from) if from == place => None,
            Reader::Node(node) if self.undoes(node) => self.undoes(place).then(|| {
                format!("`{id}` undoes another node; one that undoes cannot read what others undid")
            }),
            Reader::Node(_) | Reader::EdgeFrom(_) if self.undoes(place) => {
                Some(format!("`{id}` undoes another node, so it runs only after the flow has failed"))
            }
            Reader::Node(node) | Reader::EdgeFrom(node) => {
                let reader = name(&self.parts.drafts, node);
                let is_before = self.before.as_ref().is_none_or(|before| before.has(node, place));
                (!is_before).then(|| {
                    format!("`{id}` cannot have run before `{reader}`: no edges lead from it to there")
                })
            }
        }
    }
}

struct Checker<'c> {
    level: &'c Level<'c>,
    places: &'c BTreeMap<String, usize>,
    faults: &'c mut Faults,
}

impl<'c> Checker<'c> {
    fn check(&mut self, expression: &Expression, reader: Reader, pointer: impl Fn() -> String) {
        for fault in expression.faults() {
            self.faults.add(pointer(), fault.to_string());
        }
        self.check_repeated(expression, reader, &pointer);
        let is_in_loop = self.level.repeated(reader).any(|repeats| repeats == Repeats::Iterations);
        let mut quoted: Option<&str> = None;
        for node in &expression.references().nodes {
            if is_in_loop && node.as_str() == LAST {
                continue;
            }
            // `fetch-data` names `fetch` and `data`; both are one mistake.
            if quoted.is_some_and(|id| id.contains(node.as_str())) && !self.places.contains_key(node.as_str())
            {
                continue;
            }
            if self.faults.is_full() {
                // Whether there is one more is not worth looking for it.
                return;
            }
            let faults = &*self.faults;
            let near = || faults.suggestion(node.as_str(), self.level.known_names());
            if let Some(mut problem) = self.level.problem(node.as_str(), reader, &near) {
                quoted = quoted.or_else(|| self.quoted(node.as_str(), expression.text()));
                problem.push_str(&self.meant(node.as_str(), expression.text()));
                self.faults.add(pointer(), format!("`${{{}}}`: {problem}", expression.text()));
            }
        }
    }

    /// Refuses what only bodies have outside of one.
    fn check_repeated(&mut self, expression: &Expression, reader: Reader, pointer: &impl Fn() -> String) {
        let references = expression.references();
        let mut refuse = |name: &str, place: &str| {
            let message = format!("`${{{}}}`: `{name}` is only there {place}", expression.text());
            self.faults.add(pointer(), message);
        };
        if references.item && !self.level.repeated(reader).any(|repeats| repeats == Repeats::Items) {
            refuse("item", "inside the body of a `map` node");
        }
        let undoes = matches!(reader, Reader::Node(at) if self.level.undoes(at));
        if references.error && !undoes {
            refuse("execution.error", "in a node that undoes another (`compensate_with`)");
        }
        if references.index && self.level.repeated(reader).next().is_none() {
            refuse("index", "inside the body of a `map` or `loop` node");
        }
    }

    /// Returns the node in `text` whose id begins with `id`, and has to be quoted.
    fn quoted(&self, id: &str, text: &str) -> Option<&'c str> {
        let is_quoted =
            |known: &&String| known.starts_with(id) && !is_word(known) && text.contains(known.as_str());
        if !self.faults.may_suggest() {
            return None;
        }
        let quoted = self.places.keys().filter(is_quoted).max_by_key(|known| known.len());
        quoted.filter(|_| !self.places.contains_key(id)).map(String::as_str)
    }

    /// Says what was probably meant by `id`, which is no node: one whose id has to be quoted, or a field of the trigger data.
    fn meant(&self, id: &str, text: &str) -> String {
        if self.level.with_those_around().any(|level| level.parts.places.contains_key(id)) {
            return String::new();
        }
        if let Some(known) = self.quoted(id, text) {
            return format!("; the output of node `{known}` is `nodes[{known:?}].output`");
        }
        let has_near = !self.faults.suggestion(id, self.level.known_names()).is_empty();
        if has_near { String::new() } else { format!("; a field of the trigger data is `trigger_data.{id}`") }
    }
}
