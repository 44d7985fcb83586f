//! Finds cycles and, where there are none, an order in which every node comes after those that lead to it.

use crate::document::Faults;

use super::{Draft, EdgeDraft, Parts, name};

/// Cycles that are reported; the rest show when these are mended.
const REPORTED_MAX: usize = 20;
/// Nodes of one cycle that its message names.
const NAMED_MAX: usize = 50;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Unseen,
    /// On the way that is being walked.
    Open,
    Done,
}

/// Returns the nodes' places in topological order, or reports the cycles: one for each edge that closes one.
pub(super) fn order(parts: &Parts, outgoing: &[Vec<usize>], faults: &mut Faults) -> Option<Vec<usize>> {
    let Parts { drafts, edges, pointer, .. } = parts;
    let mut walk = Walk {
        edges,
        outgoing,
        marks: vec![Mark::Unseen; drafts.len()],
        way: Vec::new(),
        done: Vec::new(),
        closing: Vec::new(),
    };
    for start in 0..drafts.len() {
        walk.from(start);
    }
    for (edge, cycle) in &walk.closing {
        faults.add(format!("{pointer}/edges/{edge}"), message(drafts, cycle));
    }
    walk.done.reverse();
    walk.closing.is_empty().then_some(walk.done)
}

fn message(drafts: &[Draft], cycle: &[usize]) -> String {
    let mut names: Vec<&str> = cycle.iter().take(NAMED_MAX).map(|place| name(drafts, *place)).collect();
    if cycle.len() > NAMED_MAX {
        names.push("…");
    }
    names.push(name(drafts, cycle[0]));
    format!("this edge closes a cycle: {}", names.join(" → "))
}

/// A depth-first walk that keeps its way on the heap: a flow may be a chain of a thousand nodes.
struct Walk<'g> {
    edges: &'g [EdgeDraft],
    outgoing: &'g [Vec<usize>],
    marks: Vec<Mark>,
    /// The open nodes, each with how many of its edges have been followed.
    way: Vec<(usize, usize)>,
    /// Nodes behind which everything is done, deepest first.
    done: Vec<usize>,
    /// Edges that close a cycle, with the cycle's nodes.
    closing: Vec<(usize, Vec<usize>)>,
}

impl Walk<'_> {
    fn from(&mut self, start: usize) {
        if self.marks[start] == Mark::Unseen {
            self.open(start);
        }
        while let Some((node, followed)) = self.way.last_mut() {
            let node = *node;
            match self.outgoing[node].get(*followed) {
                Some(edge) => {
                    *followed += 1;
                    self.follow(*edge);
                }
                None => {
                    self.way.pop();
                    self.marks[node] = Mark::Done;
                    self.done.push(node);
                }
            }
        }
    }

    fn open(&mut self, node: usize) {
        self.marks[node] = Mark::Open;
        self.way.push((node, 0));
    }

    fn follow(&mut self, edge: usize) {
        let Some(to) = self.edges[edge].to else { return };
        match self.marks[to] {
            Mark::Unseen => self.open(to),
            Mark::Open if self.closing.len() < REPORTED_MAX => {
                let nodes = self.way.iter().map(|(node, _)| *node).skip_while(|node| *node != to).collect();
                self.closing.push((edge, nodes));
            }
            Mark::Open | Mark::Done => {}
        }
    }
}
