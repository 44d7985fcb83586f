//! A workflow as its file has it: nodes, and what connects them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::error::ImportError;
use crate::graph::{Ids, Links};
use crate::read::{fields, flag, list, pointer_part, text};
use crate::report::{About, Report};

/// Nodes of a file. A flow has at most as many.
const NODES_MAX: usize = 1_000;
/// Connections of a file.
const LINKS_MAX: usize = 5_000;
static NOTHING: Value = Value::Null;

/// A node of a file.
#[derive(Debug)]
pub(super) struct Node<'v> {
    pub(super) value: &'v Value,
    pub(super) parameters: &'v Value,
    pub(super) name: &'v str,
    /// Its whole type, such as `n8n-nodes-base.httpRequest`.
    pub(super) kind: &'v str,
    pub(super) about: About,
    /// Its id in documents.
    pub(super) id: String,
    /// What is written about it: its notes, and those beside it.
    pub(super) notes: Vec<String>,
}

impl Node<'_> {
    /// Returns the type without its package.
    pub(super) fn short(&self) -> &str {
        self.kind.rsplit('.').next().unwrap_or(self.kind)
    }

    pub(super) fn version(&self) -> f64 {
        self.value.get("typeVersion").and_then(Value::as_f64).unwrap_or(1.0)
    }

    pub(super) fn is_disabled(&self) -> bool {
        flag(self.value, "disabled")
    }

    pub(super) fn is_trigger(&self) -> bool {
        let short = self.short();
        short.ends_with("Trigger")
            || matches!(short, "webhook" | "start" | "cron" | "interval" | "manualTrigger" | "emailReadImap")
    }

    /// Returns whether its items leave it by one of several outputs.
    pub(super) fn is_branch(&self) -> bool {
        matches!(self.short(), "if" | "switch" | "filter" | "textClassifier" | "sentimentAnalysis")
    }

    /// Returns the number of the output that items take after an error, if it has one.
    pub(super) fn error_output(&self) -> Option<usize> {
        let has_one = text(self.value, "onError") == Some("continueErrorOutput");
        has_one.then(|| if self.short() == "if" { 2 } else { 1 })
    }

    pub(super) fn continues_after_errors(&self) -> bool {
        flag(self.value, "continueOnFail") || text(self.value, "onError") == Some("continueRegularOutput")
    }

    pub(super) fn parameter(&self, key: &str) -> &Value {
        self.parameters.get(key).unwrap_or(&NOTHING)
    }

    /// Returns the names of its credentials, by their types.
    pub(super) fn credentials(&self) -> Vec<(&str, &str)> {
        fields(self.value, "credentials")
            .map(|(kind, value)| (kind.as_str(), text(value, "name").or(value.as_str()).unwrap_or(kind)))
            .collect()
    }

    /// Returns its place on the canvas, if it has one.
    pub(super) fn position(&self) -> Option<Value> {
        match self.value.get("position")?.as_array()?.as_slice() {
            [x @ Value::Number(_), y @ Value::Number(_)] => Some(json!({ "x": x, "y": y })),
            _ => None,
        }
    }
}

/// A connection: from which node and output, to which node and input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) output: usize,
    pub(super) to: usize,
    pub(super) input: usize,
}

/// What a file has.
#[derive(Debug)]
pub(super) struct Workflow<'v> {
    pub(super) name: String,
    pub(super) value: &'v Value,
    pub(super) nodes: Vec<Node<'v>>,
    /// Connections on which items go.
    pub(super) links: Vec<Link>,
    /// What helps another node: models, tools, memories; by the number of the node that is helped.
    pub(super) helpers: BTreeMap<usize, Vec<usize>>,
    /// Notes that are beside no node.
    pub(super) notes: Vec<String>,
}

impl<'v> Workflow<'v> {
    /// Reads the workflow at `pointer` in the file.
    pub(super) fn read(
        value: &'v Value,
        pointer: &str,
        name: &str,
        ids: &mut Ids,
        report: &mut Report,
    ) -> Result<Self, ImportError> {
        let Some(all) = value.get("nodes").and_then(Value::as_array) else {
            return Err(ImportError::shape(
                format!("{pointer}/nodes"),
                "a workflow of n8n has a list `nodes`",
            ));
        };
        let (mut nodes, mut stickies, mut places) = (Vec::new(), Vec::new(), BTreeMap::new());
        for (at, node) in all.iter().enumerate() {
            let pointer = format!("{pointer}/nodes/{at}");
            let (Some(name), Some(kind)) = (text(node, "name"), text(node, "type")) else {
                return Err(ImportError::shape(pointer, "a node of n8n has a `name` and a `type`"));
            };
            if kind.ends_with(".stickyNote") {
                stickies.push(node);
                continue;
            }
            if places.insert(name, nodes.len()).is_some() {
                let message =
                    format!("a second node is called `{name}`, and connections name nodes by their names");
                return Err(ImportError::shape(format!("{pointer}/name"), message));
            }
            let about = About::new(pointer, name);
            let id = ids.next(name);
            report.node(&about, &id);
            let notes = text(node, "notes").map(str::to_owned).into_iter().collect();
            let parameters = node.get("parameters").unwrap_or(&NOTHING);
            nodes.push(Node { value: node, parameters, name, kind, about, id, notes });
        }
        if nodes.len() > NODES_MAX {
            let message = format!("the workflow has {} nodes; a flow has at most {NODES_MAX}", nodes.len());
            return Err(ImportError::shape(format!("{pointer}/nodes"), message));
        }
        let name = text(value, "name").filter(|name| !name.trim().is_empty()).unwrap_or(name).to_owned();
        let mut workflow =
            Self { name, value, nodes, links: Vec::new(), helpers: BTreeMap::new(), notes: Vec::new() };
        workflow.connect(pointer, &places, report)?;
        workflow.place_notes(&stickies);
        Ok(workflow)
    }

    fn connect(
        &mut self,
        pointer: &str,
        places: &BTreeMap<&str, usize>,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let mut seen = BTreeSet::new();
        for (name, kinds) in fields(self.value, "connections") {
            let pointer = format!("{pointer}/connections/{}", pointer_part(name));
            let Some(&from) = places.get(name.as_str()) else {
                report.note(
                    &About::new(pointer, name.as_str()),
                    "",
                    "connection",
                    "it begins at a node that does not exist",
                );
                continue;
            };
            for (kind, outputs) in kinds.as_object().into_iter().flatten() {
                for (output, targets) in outputs.as_array().into_iter().flatten().enumerate() {
                    for target in targets.as_array().into_iter().flatten() {
                        let Some(&to) = text(target, "node").and_then(|node| places.get(node)) else {
                            let what = format!("it leads from output {output} to a node that does not exist");
                            report.note(
                                &About::new(pointer.as_str(), name.as_str()),
                                "",
                                "connection",
                                &what,
                            );
                            continue;
                        };
                        let input = target.get("index").and_then(Value::as_u64).unwrap_or(0);
                        let input = usize::try_from(input).unwrap_or(usize::MAX);
                        if kind != "main" {
                            self.helpers.entry(to).or_default().push(from);
                        } else if seen.insert(Link { from, output, to, input }) {
                            self.links.push(Link { from, output, to, input });
                        }
                    }
                }
            }
        }
        if self.links.len() > LINKS_MAX {
            let message =
                format!("the workflow has {} connections; a flow has at most {LINKS_MAX}", self.links.len());
            return Err(ImportError::shape(format!("{pointer}/connections"), message));
        }
        Ok(())
    }

    /// Gives notes to the nodes that they are around.
    fn place_notes(&mut self, stickies: &[&Value]) {
        let nothing = Map::new();
        for sticky in stickies {
            let parameters = sticky.get("parameters").and_then(Value::as_object).unwrap_or(&nothing);
            let Some(content) =
                parameters.get("content").and_then(Value::as_str).filter(|text| !text.trim().is_empty())
            else {
                continue;
            };
            let size = |key: &str, other: f64| parameters.get(key).and_then(Value::as_f64).unwrap_or(other);
            let (width, height) = (size("width", 240.0), size("height", 160.0));
            let is_around = |(x, y): (f64, f64), (left, top): (f64, f64)| {
                x >= left && x <= left + width && y >= top && y <= top + height
            };
            let inside = place(sticky).and_then(|at| {
                self.nodes.iter().position(|node| place(node.value).is_some_and(|place| is_around(place, at)))
            });
            match inside {
                Some(node) => self.nodes[node].notes.push(content.to_owned()),
                None => self.notes.push(content.to_owned()),
            }
        }
    }

    /// Returns where items go from each node.
    pub(super) fn leads(&self) -> Links {
        let mut leads = vec![Vec::new(); self.nodes.len()];
        for link in &self.links {
            if !leads[link.from].contains(&link.to) {
                leads[link.from].push(link.to);
            }
        }
        Links(leads)
    }

    /// Returns whether a node only helps others.
    pub(super) fn is_helper(&self, node: usize) -> bool {
        self.helpers.values().any(|helpers| helpers.contains(&node))
    }

    pub(super) fn into(&self, node: usize) -> impl Iterator<Item = Link> {
        self.links.iter().copied().filter(move |link| link.to == node)
    }
}

fn place(node: &Value) -> Option<(f64, f64)> {
    match list(node, "position") {
        [x, y] => Some((x.as_f64()?, y.as_f64()?)),
        _ => None,
    }
}
