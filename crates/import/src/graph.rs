//! Nodes and edges on their way into a document, and what follows from how a source connects its nodes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::report::{About, Report};
use crate::text::{self, cut, object, plain, word};

/// What a node that fails says at most. Its place and what to do are in the report.
const MESSAGE_CHARS_MAX: usize = 400;

/// The classes that are retried where a source retries every error. What could not get better by itself is left out.
pub(crate) const RETRIED: [&str; 9] = [
    "timeout",
    "connection",
    "rate_limited",
    "unavailable",
    "rejected",
    "tool",
    "model_output",
    "internal",
    "script",
];

/// A document on its way.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) tags: Vec<String>,
    /// Further settings of the flow.
    pub(crate) settings: Map<String, Value>,
    pub(crate) graph: Graph,
    /// Agents with their ids.
    pub(crate) agents: Vec<Value>,
}

/// A graph, or that inside of a node.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Map<String, Value>>,
    pub(crate) edges: Vec<Map<String, Value>>,
}

impl Graph {
    pub(crate) fn node(&mut self, node: Map<String, Value>) {
        self.nodes.push(node);
    }

    pub(crate) fn edge(&mut self, from: &str, to: &str) -> &mut Map<String, Value> {
        self.edges.push(object([("from", json!(from)), ("to", json!(to))]));
        self.edges.last_mut().expect("one was just added")
    }

    /// Adds an edge that is followed when `from` answers with `case`.
    pub(crate) fn case(&mut self, from: &str, to: &str, case: Value) {
        self.edge(from, to).insert("condition".to_owned(), case);
    }

    /// Adds an edge that is followed when `from` fails.
    pub(crate) fn on_error(&mut self, from: &str, to: &str) -> &mut Map<String, Value> {
        let edge = self.edge(from, to);
        edge.insert("on".to_owned(), json!("error"));
        edge
    }

    /// Adds an end for what fits no case of a switch, where a source goes on with nothing.
    pub(crate) fn end_switches(&mut self, ids: &mut Ids) {
        let is_default = |edge: &Map<String, Value>, id: &Value| {
            edge.get("from") == Some(id) && edge.get("condition") == Some(&json!("default"))
        };
        let switches = self.nodes.iter().filter(|made| made.get("type") == Some(&json!("switch")));
        let open = switches
            .filter_map(|made| made.get("id"))
            .filter(|id| !self.edges.iter().any(|edge| is_default(edge, id)));
        let open: Vec<String> = open.filter_map(Value::as_str).map(str::to_owned).collect();
        for id in open {
            let end = ids.next(&format!("{id} otherwise"));
            self.node(node(&end, "Otherwise", "merge"));
            self.case(&id, &end, json!("default"));
        }
    }

    pub(crate) fn into_value(self) -> Value {
        json!({ "nodes": self.nodes, "edges": self.edges })
    }
}

/// The ids of a file, each once, and which node of the file each is for.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    taken: BTreeSet<String>,
    numbers: BTreeMap<String, usize>,
}

impl Ids {
    /// Returns a new id for a node called `name`.
    pub(crate) fn next(&mut self, name: &str) -> String {
        let base = word(name);
        let mut id = base.clone();
        while !self.taken.insert(id.clone()) {
            let number = self.numbers.entry(base.clone()).or_insert(1);
            *number += 1;
            id = format!("{base}_{number}");
        }
        id
    }
}

/// Returns a node without what is its own.
pub(crate) fn node(id: &str, name: &str, kind: &str) -> Map<String, Value> {
    object([("id", json!(id)), ("name", json!(text::name(name, id))), ("type", json!(kind))])
}

/// Returns an action.
pub(crate) fn action(id: &str, name: &str, action: &str, input: Value) -> Map<String, Value> {
    let mut node = node(id, name, "action");
    node.insert("action".to_owned(), json!(action));
    node.insert("input".to_owned(), input);
    node
}

/// Returns a node that fails and says what it stands for.
pub(crate) fn failing(id: &str, name: &str, message: &str, by_hand: &str) -> Map<String, Value> {
    let message = plain(&cut(message, MESSAGE_CHARS_MAX));
    let mut node = action(id, name, "fail", json!({ "message": message, "class": "configuration" }));
    node.insert("note".to_owned(), json!(format!("{message}\n{}", cut(by_hand, MESSAGE_CHARS_MAX)).trim()));
    node
}

/// Returns a node that stands for one of the source that does not map, and lists that.
pub(crate) fn not_mapped(
    id: &str,
    about: &About,
    thing: &str,
    what: &str,
    by_hand: &str,
    report: &mut Report,
) -> Map<String, Value> {
    report.listed(about, "", thing, what, by_hand);
    let source = report.source.name();
    let message = format!("Not imported from {source}: `{}` ({thing}): {what}", cut(&about.name, 80));
    failing(id, &about.name, &message, by_hand)
}

/// Returns a whole number without a point.
pub(crate) fn whole(number: f64) -> Value {
    serde_json::from_str(&format!("{number:.0}")).unwrap_or(Value::Null)
}

/// Returns seconds without a point where they are whole.
pub(crate) fn seconds(number: f64) -> Value {
    if number.fract() == 0.0 { whole(number) } else { json!(number) }
}

/// Where nodes, known by their numbers, lead to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links(pub(crate) Vec<Vec<usize>>);

impl Links {
    /// Returns which nodes are reached from `starts`.
    pub(crate) fn reached(&self, starts: impl IntoIterator<Item = usize>) -> Vec<bool> {
        let mut is_reached = vec![false; self.0.len()];
        let mut open: Vec<usize> = starts.into_iter().collect();
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut is_reached[at], true) {
                open.extend(&self.0[at]);
            }
        }
        is_reached
    }

    /// Returns those links that close a circle, for a walk that begins at `starts`, and the nodes in an order in which no other
    /// link leads back.
    pub(crate) fn circles(
        &self,
        starts: impl IntoIterator<Item = usize>,
    ) -> (BTreeSet<(usize, usize)>, Vec<usize>) {
        let mut state = vec![State::New; self.0.len()];
        let (mut back, mut order) = (BTreeSet::new(), Vec::new());
        for start in starts {
            if state[start] != State::New {
                continue;
            }
            state[start] = State::Open;
            let mut path = vec![(start, 0)];
            while let Some((at, next)) = path.last_mut() {
                let at = *at;
                let Some(&to) = self.0[at].get(*next) else {
                    state[at] = State::Done;
                    order.push(at);
                    path.pop();
                    continue;
                };
                *next += 1;
                match state[to] {
                    State::New => {
                        state[to] = State::Open;
                        path.push((to, 0));
                    }
                    State::Open => {
                        back.insert((at, to));
                    }
                    State::Done => {}
                }
            }
        }
        order.reverse();
        (back, order)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_found_where_it_closes() {
        let links = Links(vec![vec![1], vec![2, 3], vec![1], vec![]]);

        let (back, order) = links.circles([0]);

        assert_eq!(back, BTreeSet::from([(2, 1)]));
        assert_eq!(order.len(), 4);
        assert_eq!(order[0], 0);
        assert_eq!(links.reached([1]), [false, true, true, true]);
    }

    #[test]
    fn ids_are_words_and_differ() {
        let mut ids = Ids::default();

        let names = ["Get user", "get-user", "HTTP Request1", "if", "東京", "1st", "secrets", ""];
        let made: Vec<String> = names.into_iter().map(|name| ids.next(name)).collect();

        assert_eq!(
            made,
            [
                "get_user",
                "get_user_2",
                "http_request1",
                "node_if",
                "node",
                "node_1st",
                "node_secrets",
                "node_2"
            ]
        );
    }
}
