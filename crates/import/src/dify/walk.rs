//! From the nodes of an app to a graph, in the order in which they run.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::read::{App, Link, Node};
use super::values::{Known, filled, selected};
use crate::data::Data;
use crate::error::ImportError;
use crate::graph::{Draft, Graph, Ids, Links, action, failing};
use crate::read::text;
use crate::report::Report;
use crate::text::template;

/// A walk through an app.
pub(super) struct Walk<'w, 'v> {
    pub(super) app: &'w App<'v>,
    pub(super) ids: &'w mut Ids,
    pub(super) report: &'w mut Report,
    pub(super) draft: &'w mut Draft,
    /// What `sys`, `env` and `conversation` have.
    pub(super) data: Known,
    /// The secrets among the variables of the environment.
    pub(super) secrets: BTreeMap<String, String>,
    pub(super) is_chat: bool,
}

/// What a node became.
#[derive(Clone, Debug)]
pub(super) struct Out {
    /// The node that edges leave.
    pub(super) exit: String,
    /// Its outputs.
    pub(super) data: Rc<Data>,
    /// What an edge from a handle asks for.
    pub(super) cases: BTreeMap<String, Value>,
}

/// One node while it is translated.
pub(super) struct At<'a, 'w, 'v> {
    pub(super) walk: &'a mut Walk<'w, 'v>,
    pub(super) node: &'a Node<'v>,
    pub(super) known: Known,
    pub(super) graph: &'a mut Graph,
}

impl<'v> Walk<'_, 'v> {
    pub(super) fn flow(&mut self) -> Result<Graph, ImportError> {
        let app = self.app;
        let starts: Vec<usize> =
            app.nodes.iter().enumerate().filter(|(_, node)| node.kind == "start").map(|(at, _)| at).collect();
        if starts.is_empty() {
            return Err(ImportError::shape(
                "/workflow/graph/nodes",
                "the workflow has no node of the type `start`",
            ));
        }
        let is_reached = leads(&app.links, app.nodes.len()).reached(starts.iter().copied());
        let members = |at: &usize| is_reached[*at] && app.nodes[*at].parent.is_none();
        for (at, node) in app.nodes.iter().enumerate().filter(|(_, node)| node.parent.is_none()) {
            if !is_reached[at] {
                self.report.note(
                    &node.about,
                    "",
                    "unreachable",
                    "the start does not lead to it; it was left out",
                );
            }
        }
        let members: BTreeSet<usize> = (0..app.nodes.len()).filter(members).collect();
        let known = self.data.clone();
        Ok(self.graph(&starts, &members, &known).0)
    }

    /// Returns the graph of `members`, its last nodes, and what each node returns.
    pub(super) fn graph(
        &mut self,
        starts: &[usize],
        members: &BTreeSet<usize>,
        around: &Known,
    ) -> (Graph, Vec<String>, Known) {
        let app = self.app;
        let inside = |link: &&Link| members.contains(&link.from) && members.contains(&link.to);
        let links: Vec<Link> = app.links.iter().filter(inside).cloned().collect();
        let (back, order) = leads(&links, app.nodes.len()).circles(starts.iter().copied());
        let mut graph = Graph::default();
        let mut outs: BTreeMap<usize, Out> = BTreeMap::new();
        let mut before: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut all = around.clone();
        for at in order {
            let incoming: Vec<&Link> = links
                .iter()
                .filter(|link| {
                    link.to == at && !back.contains(&(link.from, at)) && outs.contains_key(&link.from)
                })
                .collect();
            let mut earlier = BTreeSet::new();
            for link in &incoming {
                earlier.insert(link.from);
                earlier.extend(&before[&link.from]);
            }
            let mut known = around.clone();
            for &earlier in &earlier {
                known.insert(self.own_id(earlier), Rc::clone(&outs[&earlier].data));
            }
            before.insert(at, earlier);
            let node = &app.nodes[at];
            let out = At { walk: self, node, known, graph: &mut graph }.translate();
            if let Some(made) = graph.nodes.iter_mut().find(|made| made.get("id") == Some(&json!(node.id))) {
                finish(node, made);
            }
            for link in incoming {
                connect(&outs[&link.from], &node.id, &link.handle, &mut graph);
            }
            all.insert(self.own_id(at), Rc::clone(&out.data));
            outs.insert(at, out);
        }
        for (from, to) in back {
            let (node, target) = (&app.nodes[from], &app.nodes[to]);
            let what = format!("it leads back to `{}`, and edges form no circle here", target.about.name);
            self.report.listed(&node.about, "", "circle", &what, "Put the nodes that repeat into a `loop`.");
            let id = self.ids.next(&format!("back_to_{}", target.id));
            graph.node(failing(
                &id,
                &format!("Back to {}", target.about.name),
                &format!("Not imported from Dify: {what}"),
                "",
            ));
            for link in links.iter().filter(|link| (link.from, link.to) == (from, to)) {
                connect(&outs[&from], &id, &link.handle, &mut graph);
            }
        }
        graph.end_switches(self.ids);
        let is_last = |at: &usize| !links.iter().any(|link| link.from == *at);
        let last = outs.iter().filter(|(at, _)| is_last(at)).map(|(_, out)| out.exit.clone()).collect();
        (graph, last, all)
    }

    /// Returns the id that the file has for a node.
    fn own_id(&self, at: usize) -> String {
        let found = self.app.places.iter().find(|(_, place)| **place == at);
        found.map_or_else(String::new, |(id, _)| (*id).to_owned())
    }
}

impl At<'_, '_, '_> {
    /// Adds a map of what is inside an iteration.
    pub(super) fn iteration(&mut self) -> Out {
        let node = self.node;
        let own = self
            .walk
            .app
            .places
            .iter()
            .find(|(_, at)| std::ptr::eq(&self.walk.app.nodes[**at], node))
            .map(|(id, _)| *id)
            .unwrap_or_default();
        let app = self.walk.app;
        let members: BTreeSet<usize> = app
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, inner)| inner.parent == Some(own))
            .map(|(at, _)| at)
            .collect();
        let start = text(node.data, "start_node_id")
            .and_then(|id| app.places.get(id))
            .copied()
            .filter(|at| members.contains(at));
        let first = |at: &usize| !app.links.iter().any(|link| link.to == *at && members.contains(&link.from));
        let starts: Vec<usize> =
            start.map_or_else(|| members.iter().copied().filter(first).collect(), |start| vec![start]);
        if starts.is_empty() {
            return self.placeholder("nothing is inside of it", "Put what repeats into a `map`.");
        }
        let items = match selected(node.data.get("iterator_selector").unwrap_or(&Value::Null), &self.known)
            .and_then(|data| data.read(&[]))
        {
            Ok(items) => items,
            Err(why) => self.lost("/iterator_selector", "the list", &why),
        };
        let mut around: Known = self.known.iter().map(|(id, data)| (id.clone(), data.in_body())).collect();
        around.insert(
            own.to_owned(),
            Data::object(vec![("item", Data::expression("item")), ("index", Data::expression("index"))]),
        );
        let (mut graph, last, all) = self.walk.graph(&starts, &members, &around);
        let output = selected(node.data.get("output_selector").unwrap_or(&Value::Null), &all)
            .and_then(|data| data.to_value());
        let output =
            output.unwrap_or_else(|why| json!(template(&self.lost("/output_selector", "the output", &why))));
        let id = self.walk.ids.next(&format!("{} output", node.about.name));
        graph.node(action(&id, "Output", "transform", output));
        for last in last {
            graph.edge(&last, &id);
        }
        let mut made = crate::graph::node(&node.id, &node.about.name, "map");
        made.insert("items".to_owned(), json!(template(&items)));
        let parallel = node.data.get("is_parallel") == Some(&json!(true));
        let many = node.data.get("parallel_nums").and_then(Value::as_u64).unwrap_or(10);
        made.insert("max_concurrency".to_owned(), json!(if parallel { many.clamp(1, 1_000) } else { 1 }));
        made.insert("body".to_owned(), graph.into_value());
        if !matches!(text(node.data, "error_handle_mode"), None | Some("terminated")) {
            let by_hand =
                "Set `on_item_failure` to `collect`, and read `output` of each entry where `ok` is true.";
            self.listed(
                "/error_handle_mode",
                "errors of an iteration",
                "it goes on where an item fails",
                by_hand,
            );
        }
        self.graph.node(made);
        let data = Data::object(vec![("output", Data::of_node(&node.id))]);
        Out { exit: node.id.clone(), data, cases: BTreeMap::new() }
    }

    /// Returns a text with references as a value of a document.
    pub(super) fn text(&mut self, below: &str, text: &str) -> Value {
        match filled(text, &self.known).and_then(|data| data.to_value()) {
            Ok(value) => value,
            Err(why) => json!(template(&self.lost(below, text, &why))),
        }
    }

    /// Returns what a selector leads to as a value of a document.
    pub(super) fn selected(&mut self, below: &str, selector: Option<&Value>) -> Value {
        let selector = selector.unwrap_or(&Value::Null);
        match selected(selector, &self.known).and_then(|data| data.to_value()) {
            Ok(value) => value,
            Err(why) => json!(template(&self.lost(below, &selector.to_string(), &why))),
        }
    }

    /// Lists what has no equivalent, and returns an expression that fails and names it.
    pub(super) fn lost(&mut self, below: &str, source: &str, why: &str) -> String {
        let what = format!("`{}`: {why}", crate::text::cut(source, 120));
        self.listed(below, "expression", &what, "Write it as an expression of Steadflow.");
        crate::text::failing(source)
    }

    pub(super) fn listed(&mut self, below: &str, thing: &str, what: &str, by_hand: &str) {
        self.walk.report.listed(&self.node.about, &format!("/data{below}"), thing, what, by_hand);
    }

    pub(super) fn note(&mut self, thing: &str, what: &str) {
        self.walk.report.note(&self.node.about, "", thing, what);
    }

    /// Adds a node that stands for this one and fails by name.
    pub(super) fn placeholder(&mut self, what: &str, by_hand: &str) -> Out {
        let node = self.node;
        let kind = if node.kind.is_empty() { "node" } else { node.kind };
        let made = crate::graph::not_mapped(&node.id, &node.about, kind, what, by_hand, self.walk.report);
        self.graph.node(made);
        self.out(Data::of_node(&node.id))
    }

    pub(super) fn out(&self, data: Rc<Data>) -> Out {
        Out { exit: self.node.id.clone(), data, cases: BTreeMap::new() }
    }
}

fn finish(node: &Node<'_>, made: &mut Map<String, Value>) {
    if let Some(position) = node.position() {
        made.insert("position".to_owned(), position);
    }
    if let Some(note) = text(node.data, "desc").filter(|note| !note.trim().is_empty())
        && !made.contains_key("note")
    {
        made.insert("note".to_owned(), json!(note));
    }
}

fn leads(links: &[Link], nodes: usize) -> Links {
    let mut leads = vec![Vec::new(); nodes];
    for link in links {
        if !leads[link.from].contains(&link.to) {
            leads[link.from].push(link.to);
        }
    }
    Links(leads)
}

fn connect(out: &Out, to: &str, handle: &str, graph: &mut Graph) {
    if handle == "fail-branch" {
        graph.on_error(&out.exit, to);
        return;
    }
    match out.cases.get(handle) {
        Some(case) => graph.case(&out.exit, to, case.clone()),
        None => {
            graph.edge(&out.exit, to);
        }
    }
}
