//! From the nodes of a workflow to a graph, in the order in which they run.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::{Value, json};

use super::at::At;
use super::expression::Scope;
use super::loops::{Bodies, Body};
use super::workflow::{Link, Node, Workflow};
use crate::data::Data;
use crate::graph::{Draft, Graph, Ids, Links, failing};
use crate::report::Report;

/// What a node became.
#[derive(Clone, Debug)]
pub(super) struct Out {
    /// What the next node is given.
    pub(super) data: Rc<Data>,
    /// What an edge from each output asks for; none of them asks where this is empty.
    pub(super) cases: Vec<Value>,
    /// The expression of the list of its items, if it returns several.
    pub(super) items: Option<String>,
}

impl Out {
    pub(super) fn plain(data: Rc<Data>) -> Self {
        Self { data, cases: Vec::new(), items: None }
    }
}

/// What branches have been taken where a node runs: the output of each branch that every way to it takes.
type Guards = BTreeMap<usize, usize>;

/// A walk through a workflow.
pub(super) struct Walk<'w, 'v> {
    pub(super) workflow: &'w Workflow<'v>,
    pub(super) ids: &'w mut Ids,
    pub(super) report: &'w mut Report,
    pub(super) draft: &'w mut Draft,
}

/// A graph on its way, with what is known at each of its nodes.
struct Stage {
    links: Vec<Link>,
    outs: BTreeMap<usize, Out>,
    before: BTreeMap<usize, BTreeSet<usize>>,
    guards: BTreeMap<usize, Guards>,
    /// What nodes around this graph have returned, by their names.
    around: BTreeMap<String, Rc<Data>>,
}

impl Walk<'_, '_> {
    /// Returns the graph of `members`, in which `starts` begin.
    pub(super) fn flow(&mut self, starts: &[usize], members: BTreeSet<usize>) -> Graph {
        self.graph(starts, &members, &BTreeMap::new(), &Data::expression("trigger_data")).0
    }

    /// Returns the graph of `members`, and whether its result is always what its only last node returns. `given` is what the first
    /// nodes get.
    fn graph(
        &mut self,
        starts: &[usize],
        members: &BTreeSet<usize>,
        around: &BTreeMap<String, Rc<Data>>,
        given: &Rc<Data>,
    ) -> (Graph, bool) {
        let inside = |link: &Link| members.contains(&link.from) && members.contains(&link.to);
        let links: Vec<Link> = self.workflow.links.iter().copied().filter(inside).collect();
        let (back, order) = leads(&links, self.workflow.nodes.len()).circles(starts.iter().copied());
        let bodies = Bodies::find(self.workflow, &links, &back, &order);
        let mut graph = Graph::default();
        let mut stage = Stage {
            links: bodies.outside(&links),
            outs: BTreeMap::new(),
            before: BTreeMap::new(),
            guards: BTreeMap::new(),
            around: around.clone(),
        };
        for at in order.into_iter().filter(|at| !bodies.has_inside(*at)) {
            self.node(at, &back, bodies.of(at), given, &mut stage, &mut graph);
        }
        self.cut(&back, &mut stage, &mut graph);
        graph.end_switches(self.ids);
        let has_result = stage.has_result(self.workflow);
        (graph, has_result)
    }

    fn node(
        &mut self,
        at: usize,
        back: &BTreeSet<(usize, usize)>,
        body: Option<&Body>,
        given: &Rc<Data>,
        stage: &mut Stage,
        graph: &mut Graph,
    ) {
        let workflow = self.workflow;
        let node = &workflow.nodes[at];
        let is_incoming = |link: &&Link| {
            link.to == at && !back.contains(&(link.from, link.to)) && stage.outs.contains_key(&link.from)
        };
        let incoming: Vec<Link> = stage.links.iter().filter(is_incoming).copied().collect();
        stage.meet(workflow, at, &incoming);
        let inputs = self.inputs(node, &incoming, given, stage);
        let names = stage.names(workflow, at);
        let out = match body {
            Some(body) => self.map(node, body, &inputs, &names, graph),
            None => {
                let scope = Scope { input: Rc::clone(&inputs[0]), nodes: &names, workflow: &workflow.name };
                let helpers = workflow.helpers.get(&at).map_or(&[][..], Vec::as_slice);
                let helpers = helpers.iter().map(|helper| &workflow.nodes[*helper]).collect();
                let items = match incoming.as_slice() {
                    [link] => stage.outs[&link.from].items.clone(),
                    _ => None,
                };
                let (report, draft) = (&mut *self.report, &mut *self.draft);
                let zone = workflow
                    .value
                    .pointer("/settings/timezone")
                    .and_then(Value::as_str)
                    .filter(|zone| *zone != "DEFAULT");
                At { node, scope, report, draft, graph, helpers, inputs, items, zone }.translate()
            }
        };
        self.finish_node(node, graph);
        for link in &incoming {
            stage.edge(workflow, link, graph);
        }
        stage.outs.insert(at, out);
    }

    /// Returns what is on each input of a node; there is always one.
    fn inputs(
        &mut self,
        node: &Node<'_>,
        incoming: &[Link],
        given: &Rc<Data>,
        stage: &Stage,
    ) -> Vec<Rc<Data>> {
        if incoming.is_empty() {
            return vec![Rc::clone(given)];
        }
        let last = incoming.iter().map(|link| link.input.min(9)).max().unwrap_or(0);
        let mut inputs = Vec::new();
        for input in 0..=last {
            let here: Vec<&Link> = incoming.iter().filter(|link| link.input.min(9) == input).collect();
            inputs.push(self.met(node, &here, stage));
        }
        inputs
    }

    /// Returns what several connections bring to one input.
    fn met(&mut self, node: &Node<'_>, links: &[&Link], stage: &Stage) -> Rc<Data> {
        match links {
            [] => Data::unknown("nothing leads to this input"),
            [link] => Rc::clone(&stage.outs[&link.from].data),
            links => {
                let pairs = || {
                    links
                        .iter()
                        .enumerate()
                        .flat_map(|(at, one)| links[at + 1..].iter().map(move |two| (one, two)))
                };
                if !pairs().all(|(one, two)| stage.are_exclusive(self.workflow, one, two)) {
                    let what = format!(
                        "n8n runs it once for each of its {} connections; here it runs once",
                        links.len()
                    );
                    self.report.listed(
                        &node.about,
                        "",
                        "several connections",
                        &what,
                        "Put a node for each of them, or join what they bring with a `transform`.",
                    );
                    return Data::unknown(
                        "several connections bring data to it, and n8n would run it once for each",
                    );
                }
                let ways = links
                    .iter()
                    .map(|link| (stage.when(self.workflow, link), Rc::clone(&stage.outs[&link.from].data)));
                Rc::new(Data::OneOf(ways.collect()))
            }
        }
    }

    /// Adds what every node may have.
    fn finish_node(&mut self, node: &Node<'_>, graph: &mut Graph) {
        let Some(made) = graph.nodes.iter_mut().rev().find(|made| made.get("id") == Some(&json!(node.id)))
        else {
            return;
        };
        if let Some(position) = node.position() {
            made.insert("position".to_owned(), position);
        }
        let old = made.get("note").and_then(Value::as_str).map(str::to_owned);
        let notes: Vec<&str> =
            old.iter().map(String::as_str).chain(node.notes.iter().map(String::as_str)).collect();
        if !notes.is_empty() {
            let note: String = notes.join("\n\n").chars().take(4_000).collect();
            made.insert("note".to_owned(), json!(note));
        }
    }

    /// Makes a `map` of a node that goes on for each entry of a list.
    fn map(
        &mut self,
        node: &Node<'_>,
        body: &Body,
        inputs: &[Rc<Data>],
        names: &BTreeMap<String, Rc<Data>>,
        graph: &mut Graph,
    ) -> Out {
        let mut names: BTreeMap<String, Rc<Data>> =
            names.iter().map(|(name, data)| (name.clone(), data.in_body())).collect();
        let item = Data::expression("item");
        names.insert(node.name.to_owned(), Rc::clone(&item));
        let items = match body.items(node, &inputs[0]) {
            Ok(items) => items,
            Err(why) => {
                let what = format!("the list that it goes through is not known: {why}");
                self.report.listed(&node.about, "", node.kind, &what, "Set `items` of the map.");
                crate::text::template(&crate::text::failing(&what))
            }
        };
        let (inner, has_result) = self.graph(&body.starts, &body.members, &names, &item);
        let mut map = crate::graph::node(&node.id, node.name, "map");
        map.insert("items".to_owned(), json!(items));
        map.insert("max_concurrency".to_owned(), json!(1));
        map.insert("body".to_owned(), inner.into_value());
        graph.node(map);
        let data = Data::unknown("it is a list of items, and n8n would go on for each of them");
        Out { data, cases: Vec::new(), items: has_result.then(|| node.id.clone()) }
    }

    /// Puts a node that fails where a workflow goes back to an earlier node.
    fn cut(&mut self, back: &BTreeSet<(usize, usize)>, stage: &mut Stage, graph: &mut Graph) {
        for &(from, to) in back {
            let links: Vec<Link> =
                stage.links.iter().copied().filter(|link| (link.from, link.to) == (from, to)).collect();
            if links.is_empty() || !stage.outs.contains_key(&from) {
                continue;
            }
            let (node, target) = (&self.workflow.nodes[from], &self.workflow.nodes[to]);
            let what = format!("it leads back to `{}`, and edges form no circle here", target.name);
            let by_hand = "Put the nodes that repeat into a `loop` or a `map`.";
            self.report.listed(&node.about, "", "circle", &what, by_hand);
            let id = self.ids.next(&format!("back_to_{}", target.id));
            let name = format!("Back to {}", target.name);
            graph.node(failing(
                &id,
                &name,
                &format!("Not imported from n8n: `{}`: {what}", node.name),
                by_hand,
            ));
            for link in links {
                stage.edge_to(self.workflow, &link, &id, graph);
            }
        }
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

impl Stage {
    /// Notes what comes before a node, and which branches lead to it.
    fn meet(&mut self, workflow: &Workflow<'_>, at: usize, incoming: &[Link]) {
        let mut before = BTreeSet::new();
        let mut guards: Option<Guards> = None;
        for link in incoming {
            before.insert(link.from);
            before.extend(self.before.get(&link.from).into_iter().flatten());
            let here = self.guards_of(workflow, link);
            guards = Some(match guards {
                None => here,
                Some(known) => {
                    known.into_iter().filter(|(branch, output)| here.get(branch) == Some(output)).collect()
                }
            });
        }
        self.before.insert(at, before);
        self.guards.insert(at, guards.unwrap_or_default());
    }

    fn guards_of(&self, workflow: &Workflow<'_>, link: &Link) -> Guards {
        let mut guards = self.guards.get(&link.from).cloned().unwrap_or_default();
        let node = &workflow.nodes[link.from];
        if node.is_branch() || node.error_output().is_some() {
            guards.insert(link.from, link.output);
        }
        guards
    }

    fn are_exclusive(&self, workflow: &Workflow<'_>, one: &Link, two: &Link) -> bool {
        let (one, two) = (self.guards_of(workflow, one), self.guards_of(workflow, two));
        one.iter().any(|(branch, output)| two.get(branch).is_some_and(|other| other != output))
    }

    /// Returns whether the graph has one last node, which always runs and returns what the next node of n8n is given.
    fn has_result(&self, workflow: &Workflow<'_>) -> bool {
        let is_last =
            |at: usize| !self.links.iter().any(|link| link.from == at && self.outs.contains_key(&link.to));
        let mut last = self.outs.iter().filter(|(at, _)| is_last(**at));
        let (Some((at, out)), None) = (last.next(), last.next()) else { return false };
        let is_own =
            matches!(&*out.data, Data::Expression(expression) if *expression == workflow.nodes[*at].id);
        is_own && self.guards[at].is_empty() && !workflow.nodes[*at].is_branch()
    }

    fn names(&self, workflow: &Workflow<'_>, at: usize) -> BTreeMap<String, Rc<Data>> {
        let mut names = self.around.clone();
        for before in &self.before[&at] {
            if let Some(out) = self.outs.get(before) {
                names.insert(workflow.nodes[*before].name.to_owned(), Rc::clone(&out.data));
            }
        }
        names
    }

    /// Returns the condition that a connection was taken.
    fn when(&self, workflow: &Workflow<'_>, link: &Link) -> String {
        let node = &workflow.nodes[link.from];
        let id = &node.id;
        if node.error_output() == Some(link.output) {
            return format!("(nodes.{id}.error is defined and nodes.{id}.error is not none)");
        }
        match self.outs[&link.from].cases.get(link.output) {
            Some(Value::Bool(true)) => format!("({id} is defined and {id}.condition_result)"),
            Some(Value::Bool(false)) => format!("({id} is defined and not {id}.condition_result)"),
            Some(Value::String(case)) => match crate::text::quoted(case) {
                Some(case) => format!("({id} is defined and {id}.case == {case})"),
                None => format!("{id} is defined"),
            },
            Some(Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_)) | None => {
                format!("{id} is defined")
            }
        }
    }

    fn edge(&self, workflow: &Workflow<'_>, link: &Link, graph: &mut Graph) {
        self.edge_to(workflow, link, &workflow.nodes[link.to].id, graph);
    }

    fn edge_to(&self, workflow: &Workflow<'_>, link: &Link, to: &str, graph: &mut Graph) {
        let node = &workflow.nodes[link.from];
        if node.error_output() == Some(link.output) {
            graph.on_error(&node.id, to);
            return;
        }
        let cases = &self.outs[&link.from].cases;
        match cases.get(link.output) {
            Some(case) if !case.is_null() => graph.case(&node.id, to, case.clone()),
            None if cases.is_empty() => {
                graph.edge(&node.id, to);
            }
            // No rule sends items to this output.
            Some(_) | None => {
                let answer = if cases.iter().any(Value::is_boolean) { "condition_result" } else { "case" };
                let field = format!("{}.{answer}", node.id);
                graph.case(&node.id, to, json!({ "type": "equals", "field": field, "value": "never" }));
            }
        }
        if node.continues_after_errors() && link.output == 0 {
            graph.on_error(&node.id, to);
        }
    }
}
