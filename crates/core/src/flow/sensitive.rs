//! Where the sensitive data of a flow is: at the places that it names, and at those whose templates read them.

mod pattern;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::Value;

use self::pattern::Pattern;
use super::{Graph, LAST, Node, StartTemplates};
use crate::condition;
use crate::document::Faults;
use crate::expression::{Expression, Source, Step, ValueType};
use crate::ids::NodeId;
use crate::limits::Limits;
use crate::sensitive::Sensitive;
use crate::template::Template;

/// Places and patterns that a flow can name, each.
pub(crate) const ENTRIES_MAX: usize = 100;

/// The names of fields on the way to a value; none for a whole value. Of a list, all entries are meant.
pub(crate) type FieldPath = Vec<String>;

/// Where the sensitive data of a flow is.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub(crate) trigger_data: BTreeSet<FieldPath>,
    pub(crate) outputs: BTreeMap<NodeId, BTreeSet<FieldPath>>,
    /// What of inputs is made by templates that read such data.
    pub(crate) inputs: BTreeMap<NodeId, BTreeSet<FieldPath>>,
    /// What of the items of lists whose bodies run for each of them.
    pub(crate) items: BTreeMap<NodeId, BTreeSet<FieldPath>>,
    pub(crate) patterns: Vec<Pattern>,
}

/// All of a value.
pub(crate) static WHOLE: LazyLock<BTreeSet<FieldPath>> = LazyLock::new(|| BTreeSet::from([FieldPath::new()]));

impl Rules {
    /// Reads what a flow says, and follows it through its graph.
    pub(crate) fn read(
        written: &Sensitive,
        graph: &Graph,
        starts: &StartTemplates,
        limits: &Limits,
        faults: &mut Faults,
    ) -> Self {
        let mut rules = Self::default();
        let ids: Vec<NodeId> = graph.all_nodes("").into_iter().map(|(_, node)| node.id.clone()).collect();
        for (at, text) in written.fields.iter().enumerate() {
            if let Err(message) = rules.add_field(text, &ids, limits) {
                faults.add(format!("/sensitive/fields/{at}"), message);
            }
        }
        for (at, text) in written.patterns.iter().enumerate() {
            match Pattern::parse(text) {
                Ok(pattern) => rules.patterns.push(pattern),
                Err(message) => faults.add(format!("/sensitive/patterns/{at}"), message),
            }
        }
        let reads = Reads::of(graph);
        // Each pass follows one more node.
        while rules.follow(graph, &reads) {}
        rules.refuse_shown(starts, faults);
        rules.refuse_stored(graph, &reads, faults);
        rules
    }

    fn add_field(&mut self, text: &str, ids: &[NodeId], limits: &Limits) -> Result<(), String> {
        let wanted =
            "a sensitive field is a path such as `trigger_data.customer.iban` or `fetch.body.patient`";
        let written = Value::String(text.to_owned());
        let expression = condition::path(ids, Some(&written), limits).map_err(|_| wanted.to_owned())?;
        let uses = expression.uses(ValueType::Any);
        match uses.first().map(|found| found.path.source()) {
            Some(Source::TriggerData(steps)) => {
                self.trigger_data.insert(names(steps));
                Ok(())
            }
            Some(Source::Output(id, steps)) if ids.contains(id) => {
                self.outputs.entry(id.clone()).or_default().insert(output_names(steps));
                Ok(())
            }
            Some(Source::Output(id, _)) => Err(format!("there is no node `{id}`; {wanted}")),
            Some(Source::Item(_) | Source::Other) | None => Err(wanted.to_owned()),
        }
    }

    /// Adds what reads something that is known to be sensitive. Returns whether there was anything.
    fn follow(&mut self, graph: &Graph, reads: &Reads) -> bool {
        let mut is_new = self.follow_passed(graph);
        for (id, of_node) in &reads.nodes {
            let made = of_node.inputs.iter().flat_map(|(place, read)| self.made_of(place, read));
            for path in made.collect::<BTreeSet<_>>() {
                is_new |= self.inputs.entry(id.clone()).or_default().insert(path.clone());
                if of_node.returns_its_input {
                    is_new |= self.outputs.entry(id.clone()).or_default().insert(path);
                }
            }
            let items = of_node.items.iter().flat_map(|read| self.made_of(&Vec::new(), read));
            for path in items.collect::<BTreeSet<_>>() {
                // Its input is the list of them.
                is_new |= self.inputs.entry(id.clone()).or_default().insert(path.clone());
                is_new |= self.items.entry(id.clone()).or_default().insert(path);
            }
            // What comes out of a body may hold whatever is inside.
            if of_node.inside.iter().any(|id| self.outputs.contains_key(id) || self.inputs.contains_key(id)) {
                is_new |= self.outputs.entry(id.clone()).or_default().insert(Vec::new());
            }
        }
        let inside = graph.nodes.iter().filter_map(|node| node.body.as_ref());
        inside.fold(is_new, |is_new, body| self.follow_passed(&body.graph) || is_new)
    }

    /// Adds the outputs of nodes that only pass on what reaches them.
    fn follow_passed(&mut self, graph: &Graph) -> bool {
        let mut is_new = false;
        for (at, node) in graph.nodes.iter().enumerate() {
            let traits = node.kind.room().about().traits;
            let sources: BTreeSet<&NodeId> =
                graph.incoming[at].iter().map(|&edge| &graph.node(graph.edge(edge).from).id).collect();
            let passed: Vec<FieldPath> = if traits.starts {
                // Both names are of the same value.
                let own = self.outputs.get(&node.id).into_iter().flatten().cloned().collect::<Vec<_>>();
                for path in own {
                    is_new |= self.trigger_data.insert(path);
                }
                self.trigger_data.iter().cloned().collect()
            } else if !traits.passes_through {
                continue;
            } else if graph.incoming[at].is_empty() {
                self.trigger_data.iter().cloned().collect()
            } else {
                let is_one = graph.incoming[at].len() == 1;
                let of_source = |id: &&NodeId| {
                    let id = (*id).clone();
                    let paths = self.outputs.get(&id).into_iter().flatten();
                    paths.map(move |path| passed_from(&id, path, is_one)).collect::<Vec<_>>()
                };
                sources.iter().flat_map(of_source).collect()
            };
            for path in passed {
                is_new |= self.outputs.entry(node.id.clone()).or_default().insert(path);
            }
        }
        is_new
    }

    /// Returns the sensitive places that a value which an expression reads is in, or that are in it.
    fn read_by<'s>(&'s self, read: &'s Read) -> impl Iterator<Item = &'s FieldPath> {
        let known = match &read.of {
            Of::TriggerData => Some(&self.trigger_data),
            Of::Node(id) => self.outputs.get(id),
            Of::Item(id) => self.items.get(id),
            Of::Last(id) => self.outputs.get(id).map(|_| &*WHOLE),
        };
        let overlaps = |path: &&FieldPath| path.iter().zip(&read.path).all(|(own, other)| own == other);
        known.into_iter().flatten().filter(overlaps)
    }

    fn has(&self, read: &Read) -> bool {
        self.read_by(read).next().is_some()
    }

    /// Returns what is sensitive at `place` of a value that is made of what is read there.
    fn made_of(&self, place: &FieldPath, read: &Read) -> Vec<FieldPath> {
        let below = |path: &FieldPath| match path.get(read.path.len()..) {
            Some(rest) if read.is_handed_on => [place, rest].concat(),
            Some(_) | None => place.clone(),
        };
        self.read_by(read).map(below).collect()
    }

    fn reads(&self, template: Option<&Template>) -> bool {
        let expressions = template.into_iter().flat_map(Template::expressions);
        expressions
            .flat_map(|(_, expression)| Read::all_of(expression, None, false))
            .any(|read| self.has(&read))
    }

    /// Refuses settings that would show sensitive data in lists.
    fn refuse_shown(&self, starts: &StartTemplates, faults: &mut Faults) {
        let StartTemplates { context_id, concurrency_key, priority: _ } = starts;
        for (key, template) in [("context_id_template", context_id), ("concurrency_key", concurrency_key)] {
            if self.reads(template.as_ref()) {
                let message = format!("`{key}` reads a sensitive field, and its value is shown in lists");
                faults.add(format!("/{key}"), message);
            }
        }
    }

    /// Refuses nodes that would store sensitive data elsewhere than with the execution.
    fn refuse_stored(&self, graph: &Graph, reads: &Reads, faults: &mut Faults) {
        for (below, node) in graph.all_nodes("/flow_definition") {
            if node.kind.room().names_session() {
                let message = "a flow with sensitive data cannot use sessions, which are stored apart from its executions";
                faults.add(format!("{below}/session"), message);
            }
            let correlation = reads.nodes.get(&node.id).map(|of_node| &of_node.correlation);
            if correlation.into_iter().flatten().any(|read| self.has(read)) {
                let message = "the correlation of an event reads a sensitive field, and is stored as it is";
                faults.add(format!("{below}/correlation"), message);
            }
        }
    }
}

/// Returns where a node has what it passes on: as it came or, of several, by the node that it came from.
fn passed_from(id: &NodeId, path: &FieldPath, is_one: bool) -> FieldPath {
    let own = if is_one { None } else { Some(id.as_str().to_owned()) };
    own.into_iter().chain(path.iter().cloned()).collect()
}

/// A value that an expression reads.
struct Read {
    of: Of,
    path: FieldPath,
    /// Whether nothing is made of it.
    is_handed_on: bool,
}

/// Where a value comes from.
enum Of {
    TriggerData,
    Node(NodeId),
    /// The item of this node.
    Item(NodeId),
    /// The result of the iteration before, of this node.
    Last(NodeId),
}

impl Read {
    /// Returns what an expression reads that is in the body of `within`.
    fn all_of(expression: &Expression, within: Option<&NodeId>, is_handed_on: bool) -> Vec<Self> {
        let read = |of, path| Some(Self { of, path, is_handed_on });
        let uses = expression.uses(ValueType::Any);
        let uses = uses.iter().filter_map(|found| match (found.path.source(), within) {
            (Source::TriggerData(steps), _) => read(Of::TriggerData, names(steps)),
            (Source::Output(id, steps), Some(within)) if id.as_str() == LAST => {
                read(Of::Last(within.clone()), names(steps))
            }
            (Source::Output(id, steps), _) => read(Of::Node(id.clone()), output_names(steps)),
            (Source::Item(steps), Some(within)) => read(Of::Item(within.clone()), names(steps)),
            (Source::Item(_), None) | (Source::Other, _) => None,
        });
        uses.collect()
    }
}

/// What the templates of nodes read.
#[derive(Default)]
struct Reads {
    nodes: BTreeMap<NodeId, NodeReads>,
}

#[derive(Default)]
struct NodeReads {
    /// With the place in the input.
    inputs: Vec<(FieldPath, Read)>,
    items: Vec<Read>,
    correlation: Vec<Read>,
    returns_its_input: bool,
    /// The nodes of its body, those of bodies in it included.
    inside: Vec<NodeId>,
}

impl Reads {
    fn of(graph: &Graph) -> Self {
        let mut reads = Self::default();
        reads.add(graph, None);
        reads
    }

    fn add(&mut self, graph: &Graph, within: Option<&NodeId>) {
        for node in &graph.nodes {
            let mut reads = NodeReads::of(node, within);
            if let Some(body) = &node.body {
                reads.inside =
                    body.graph.all_nodes("").into_iter().map(|(_, node)| node.id.clone()).collect();
                self.add(&body.graph, Some(&node.id));
            }
            self.nodes.insert(node.id.clone(), reads);
        }
    }
}

impl NodeReads {
    fn of(node: &Node, within: Option<&NodeId>) -> Self {
        let room = node.kind.room();
        let mut reads = Self { returns_its_input: room.output_template().is_some(), ..Self::default() };
        let wholes: BTreeSet<&str> =
            room.input().into_iter().flat_map(Template::wholes).map(|(pointer, _)| pointer).collect();
        for (pointer, expression) in room.expressions() {
            if let Some(below) = pointer.strip_prefix("/input") {
                let is_handed_on = expression.is_path() && wholes.contains(below);
                let read = Read::all_of(expression, within, is_handed_on).into_iter();
                reads.inputs.extend(read.map(|read| (path_of(below), read)));
            } else if pointer.starts_with("/items") {
                let is_handed_on = expression.is_path() && pointer == "/items";
                reads.items.extend(Read::all_of(expression, within, is_handed_on));
            } else if pointer.starts_with("/correlation") {
                reads.correlation.extend(Read::all_of(expression, within, false));
            }
        }
        reads
    }
}

/// Returns the names that a JSON pointer consists of.
fn path_of(pointer: &str) -> FieldPath {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
}

fn names(steps: &[Step]) -> FieldPath {
    let name = |step: &Step| match step {
        Step::Field(name) => Some(name.clone()),
        Step::Entry(_) => None,
    };
    steps.iter().filter_map(name).collect()
}

/// Both `fetch.body` and `fetch.output.body` are the same field.
fn output_names(steps: &[Step]) -> FieldPath {
    match steps {
        [Step::Field(name), rest @ ..] if name == "output" => names(rest),
        steps => names(steps),
    }
}
