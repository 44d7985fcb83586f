//! An app as its file has it: nodes, and what connects them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::error::ImportError;
use crate::graph::Ids;
use crate::read::{list, text};
use crate::report::{About, Report};

/// Nodes of a file. A flow has at most as many.
const NODES_MAX: usize = 900;
const EDGES_MAX: usize = 5_000;
static NOTHING: Value = Value::Null;

/// A node of a file.
#[derive(Debug)]
pub(super) struct Node<'v> {
    /// Its settings.
    pub(super) data: &'v Value,
    pub(super) kind: &'v str,
    pub(super) about: About,
    /// Its id in documents.
    pub(super) id: String,
    /// The node that it is inside of.
    pub(super) parent: Option<&'v str>,
    position: Option<Value>,
}

impl Node<'_> {
    pub(super) fn position(&self) -> Option<Value> {
        self.position.clone()
    }
}

/// A connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The output of the node that it begins at: `source`, `true`, the id of a case or a class, `fail-branch`.
    pub(super) handle: String,
}

/// What a file has.
#[derive(Debug)]
pub(super) struct App<'v> {
    pub(super) nodes: Vec<Node<'v>>,
    pub(super) places: BTreeMap<&'v str, usize>,
    pub(super) links: Vec<Link>,
    pub(super) notes: Vec<String>,
}

impl<'v> App<'v> {
    pub(super) fn read(
        workflow: &'v Value,
        pointer: &str,
        ids: &mut Ids,
        report: &mut Report,
    ) -> Result<Self, ImportError> {
        let graph = workflow.get("graph").unwrap_or(&NOTHING);
        let pointer = format!("{pointer}/graph");
        let Some(all) = graph.get("nodes").and_then(Value::as_array) else {
            return Err(ImportError::shape(
                format!("{pointer}/nodes"),
                "a workflow of Dify has a list `graph.nodes`",
            ));
        };
        let mut app =
            Self { nodes: Vec::new(), places: BTreeMap::new(), links: Vec::new(), notes: Vec::new() };
        for (at, node) in all.iter().enumerate() {
            let pointer = format!("{pointer}/nodes/{at}");
            let data = node.get("data").unwrap_or(&NOTHING);
            let title = text(data, "title").unwrap_or_default();
            if text(node, "type") == Some("custom-note") {
                app.notes.extend(text(data, "text").map(note));
                continue;
            }
            let (Some(own), Some(kind)) = (text(node, "id"), text(data, "type")) else {
                return Err(ImportError::shape(pointer, "a node of Dify has an `id` and a `data.type`"));
            };
            if app.places.insert(own, app.nodes.len()).is_some() {
                return Err(ImportError::shape(
                    format!("{pointer}/id"),
                    format!("a second node has the id `{own}`"),
                ));
            }
            let about = About::new(pointer, if title.is_empty() { kind } else { title });
            let id = ids.next(&about.name);
            report.node(&about, &id);
            let parent = text(data, "iteration_id")
                .or(text(data, "loop_id"))
                .or(text(node, "parentId"))
                .filter(|parent| *parent != own);
            let place = node.get("position").filter(|place| {
                place.get("x").is_some_and(Value::is_number) && place.get("y").is_some_and(Value::is_number)
            });
            let position = place.map(|place| json!({ "x": place["x"], "y": place["y"] }));
            app.nodes.push(Node { data, kind, about, id, parent, position });
        }
        if app.nodes.len() > NODES_MAX {
            let message =
                format!("the workflow has {} nodes; at most {NODES_MAX} are imported", app.nodes.len());
            return Err(ImportError::shape(format!("{pointer}/nodes"), message));
        }
        app.connect(graph, &pointer, report)?;
        Ok(app)
    }

    fn connect(&mut self, graph: &'v Value, pointer: &str, report: &mut Report) -> Result<(), ImportError> {
        let mut seen = BTreeSet::new();
        for (at, edge) in list(graph, "edges").iter().enumerate() {
            let place = |key: &str| text(edge, key).and_then(|id| self.places.get(id)).copied();
            let (Some(from), Some(to)) = (place("source"), place("target")) else {
                report.note(
                    &About::new(format!("{pointer}/edges/{at}"), ""),
                    "",
                    "connection",
                    "it begins or ends at a node that does not exist",
                );
                continue;
            };
            let handle = text(edge, "sourceHandle").unwrap_or("source").to_owned();
            if seen.insert((from, to, handle.clone())) {
                self.links.push(Link { from, to, handle });
            }
        }
        if self.links.len() > EDGES_MAX {
            let message =
                format!("the workflow has {} connections; a flow has at most {EDGES_MAX}", self.links.len());
            return Err(ImportError::shape(format!("{pointer}/edges"), message));
        }
        Ok(())
    }
}

/// Returns the text of a note, which is a document of an editor.
fn note(source: &str) -> String {
    let Ok(document) = serde_json::from_str::<Value>(source) else { return source.to_owned() };
    let mut out = String::new();
    gather(&document, 0, &mut out);
    out.trim().to_owned()
}

fn gather(value: &Value, depth: usize, out: &mut String) {
    if depth > 50 || out.len() > 9_000 {
        return;
    }
    if let Some(part) = text(value, "text") {
        out.push_str(part);
    }
    for child in list(value, "children").iter().chain(value.get("root")) {
        gather(child, depth + 1, out);
    }
    if matches!(text(value, "type"), Some("paragraph" | "linebreak" | "listitem")) {
        out.push('\n');
    }
}
