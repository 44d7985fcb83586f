//! Checks that templates and conditions name only nodes that can have run before, and use filters with arguments that
//! they can have.

use std::collections::BTreeMap;

use crate::document::Faults;
use crate::expression::{Expression, is_word};
use crate::flow::EdgeCondition;

use super::{Draft, EdgeDraft, name};

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

/// Checks every expression. Without `before` (the graph has a cycle), of nodes only that they exist.
pub(super) fn check(
    drafts: &[Draft],
    edges: &[EdgeDraft],
    places: &BTreeMap<String, usize>,
    before: Option<&Ancestors>,
    faults: &mut Faults,
) {
    let mut checker = Checker { drafts, places, before, faults };
    for (at, draft) in drafts.iter().enumerate() {
        let Some(node) = &draft.node else { continue };
        let pointer = format!("/flow_definition/nodes/{at}");
        for (below, expression) in node.kind.room().expressions() {
            checker.check(expression, Reader::Node(at), || format!("{pointer}{below}"));
        }
    }
    for (at, edge) in edges.iter().enumerate() {
        let (Some(from), Some(EdgeCondition::Holds(condition))) = (edge.from, &edge.condition) else {
            continue;
        };
        for (below, expression) in condition.expressions() {
            let pointer = || format!("/flow_definition/edges/{at}/condition{below}");
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

struct Checker<'c> {
    drafts: &'c [Draft],
    places: &'c BTreeMap<String, usize>,
    before: Option<&'c Ancestors>,
    faults: &'c mut Faults,
}

impl<'c> Checker<'c> {
    fn check(&mut self, expression: &Expression, reader: Reader, pointer: impl Fn() -> String) {
        for fault in expression.faults() {
            self.faults.add(pointer(), fault.to_string());
        }
        let mut quoted: Option<&str> = None;
        for node in &expression.references().nodes {
            // `fetch-data` names `fetch` and `data`; both are one mistake.
            if quoted.is_some_and(|id| id.contains(node.as_str())) && !self.places.contains_key(node.as_str())
            {
                continue;
            }
            if self.faults.is_full() {
                // Whether there is one more is not worth looking for it.
                return;
            }
            if let Some(mut problem) = self.problem(node.as_str(), reader) {
                quoted = quoted.or_else(|| self.quoted(node.as_str(), expression.text()));
                problem.push_str(&self.meant(node.as_str(), expression.text()));
                self.faults.add(pointer(), format!("`${{{}}}`: {problem}", expression.text()));
            }
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
        if self.places.contains_key(id) {
            return String::new();
        }
        if let Some(known) = self.quoted(id, text) {
            return format!("; the output of node `{known}` is `nodes[{known:?}].output`");
        }
        let has_near = !self.faults.suggestion(id, self.places.keys().map(String::as_str)).is_empty();
        if has_near { String::new() } else { format!("; a field of the trigger data is `trigger_data.{id}`") }
    }

    fn problem(&self, id: &str, reader: Reader) -> Option<String> {
        let Some(place) = self.places.get(id).copied() else {
            let near = self.faults.suggestion(id, self.places.keys().map(String::as_str));
            return Some(format!("there is no node `{id}`{near}"));
        };
        match reader {
            Reader::Node(node) if node == place => Some("a node cannot read its own output".to_owned()),
            Reader::EdgeFrom(from) if from == place => None,
            Reader::Node(node) | Reader::EdgeFrom(node) => {
                let reader = name(self.drafts, node);
                let is_before = self.before.is_none_or(|before| before.has(node, place));
                (!is_before).then(|| {
                    format!("`{id}` cannot have run before `{reader}`: no edges lead from it to there")
                })
            }
        }
    }
}
