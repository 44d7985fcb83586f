//! The flow: its settings and its graph, checked and ready to run.
//!
//! A [`Flow`] is what a valid document means. [`Flow::parse`] makes one of what people write, [`Flow::restore`] of what
//! is stored, so the graph of a `Flow` has no cycle, its ids are unique, and its templates compile. The graph is kept
//! unchanged ([`Flow::definition`]) next to it: editors store keys of their own in it.

mod control;
mod document;
mod graph;
mod node_types;
mod parse;
mod sensitive;
mod trigger_fields;
mod warnings;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::budget::Budget;
use crate::condition::Condition;
use crate::form;
use crate::ids::{AgentId, EdgeIndex, FlowId, NodeId, NodeIndex};
use crate::node::Kind;
pub use crate::node::LAST;
use crate::payload::Payload;
use crate::retry::RetryPolicy;
use crate::schedule::Schedule;
use crate::sensitive::Sensitive;
use crate::timestamp::Seconds;
use crate::webhook::Webhook;
use crate::work::OfferedFlow;

pub use crate::document::{Fault, Faults};
pub use crate::node::Repeats;
pub(crate) use control::StartTemplates;
pub use document::{Document, Restored, Unreadable};
pub use graph::Handlers;
pub use node_types::{NodeTypes, node_types};
pub use sensitive::Rules;
pub(crate) use sensitive::{ENTRIES_MAX, FieldPath, WHOLE};
pub use trigger_fields::TriggerField;

/// Why a flow with a budget is refused that starts other executions.
pub const STARTS_OTHERS: &str = "a flow with a `budget` cannot start other executions, because what these use would not count. Remove \
                                 `budget`, or set the one of the agents (`max_tokens_per_day`)";

/// One version of a flow, checked.
#[derive(Clone, Debug)]
pub struct Flow {
    /// What people see and set outside the graph.
    pub settings: Settings,
    /// The graph as given, unknown keys included.
    pub definition: Payload,
    /// The graph as it runs.
    pub graph: Graph,
    /// Where its sensitive data is, if it has any.
    pub sensitive: Option<Arc<Rules>>,
    start_templates: StartTemplates,
    trigger_fields: OnceLock<Vec<TriggerField>>,
}

impl Flow {
    /// Returns what the executions of a body run: its graph, without the flow's limits, which hold for the execution that
    /// starts them.
    pub(crate) fn of_body(&self, body: &Body) -> Self {
        Self {
            settings: Settings { name: self.settings.name.clone(), ..Settings::default() },
            definition: body.definition.clone(),
            graph: body.graph.clone(),
            sensitive: self.sensitive.clone(),
            start_templates: StartTemplates::default(),
            trigger_fields: OnceLock::new(),
        }
    }

    /// Returns when it starts by itself, with the triggers that say so.
    pub fn schedules(&self) -> impl Iterator<Item = (&NodeId, &Arc<Schedule>)> {
        self.graph.nodes.iter().filter_map(|node| Some((&node.id, node.kind.room().schedule()?)))
    }

    /// Returns the names of the events that start it, with the triggers that say so.
    pub fn starting_events(&self) -> impl Iterator<Item = (&NodeId, &Arc<str>)> {
        self.graph.nodes.iter().filter_map(|node| Some((&node.id, node.kind.room().starting_event()?)))
    }

    /// Returns which calls from outside start it, with the place of the trigger that says so.
    pub fn webhook(&self) -> Option<(usize, &NodeId, &Arc<Webhook>)> {
        self.graph.webhooks().next()
    }

    /// Finds what in trigger data does not fit the form of its trigger, with JSON pointers into the data.
    pub fn form_faults(&self, trigger_data: &Payload) -> Vec<Fault> {
        self.form().and_then(|form| form::unfit(form, trigger_data)).unwrap_or_default()
    }

    /// Returns what a model that can run it as a tool learns about it.
    pub fn offered(&self) -> OfferedFlow {
        OfferedFlow { description: self.settings.description.clone(), form: self.form().cloned() }
    }

    /// Returns the form of its trigger.
    pub fn form(&self) -> Option<&Arc<Value>> {
        self.graph.nodes.iter().find_map(|node| node.kind.room().trigger_form())
    }

    /// Returns about how many bytes it takes in memory: the graph as it is written, what nodes keep of it, and what
    /// their expressions take once they have run.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + 3 * self.definition.len() + self.settings.description.len() + self.graph.bytes()
    }
}

/// A flow's settings, with the document's names and defaults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// 1–200 characters.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Free text; empty where none is set.
    pub category: Option<String>,
    /// Free words.
    pub tags: Vec<String>,
    /// Whether this is a pattern to make flows from.
    pub is_template: bool,
    /// Whether failed nodes are retried where they say nothing themselves.
    pub retry_on_failure: bool,
    /// How often they are retried, 0–10.
    pub retry_count: u32,
    /// How long one execution may take; `None` for no limit.
    pub timeout_seconds: Option<Seconds>,
    /// How many executions may run at once, over all processes; `None` any number.
    pub max_concurrent_executions: Option<u32>,
    /// A template over `trigger_data`: of executions with the same value, only some run at once.
    pub concurrency_key: Option<String>,
    /// How many of them; one unless given.
    pub max_concurrent_per_key: Option<u32>,
    /// Which executions start first of those that wait: a whole number from -10 to 10, or a template over `trigger_data`.
    pub priority: Option<Value>,
    /// How long a start waits for there to be no other.
    pub debounce_seconds: Option<Seconds>,
    /// How long after the first of these starts one runs in any case; ten times as long unless given.
    pub max_delay_seconds: Option<Seconds>,
    /// What the calls of models of one execution may use; `None` for no limit.
    pub budget: Option<Budget>,
    /// A template over `trigger_data` that gives `context_id` where a start names none.
    pub context_id_template: Option<String>,
    /// `context_type` where a start names none.
    pub context_type_default: Option<String>,
    /// What of its data is not shown to everybody; `None` for nothing.
    pub sensitive: Option<Sensitive>,
}

/// The nodes and edges of one flow version. Has no cycle.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// In document order; [`NodeIndex`] points here.
    pub nodes: Vec<Node>,
    /// In document order; [`EdgeIndex`] points here.
    pub edges: Vec<Edge>,
    /// For each node the edges that leave it.
    pub outgoing: Vec<Vec<EdgeIndex>>,
    /// For each node the edges that reach it.
    pub incoming: Vec<Vec<EdgeIndex>>,
    /// The flows that children of its nodes run, each once.
    pub child_flows: Vec<FlowId>,
    /// The agents that its nodes ask, each once.
    pub agents: Vec<AgentId>,
    /// Where an execution starts: the triggers or, where there are none, the nodes that no edge reaches.
    pub starts: Vec<NodeIndex>,
    /// Which nodes undo which. No edge leads to one that does.
    pub handlers: Handlers,
}

impl Graph {
    /// Returns the node at `index`.
    pub fn node(&self, index: NodeIndex) -> &Node {
        &self.nodes[index.at()]
    }

    /// Returns the edge at `index`.
    pub fn edge(&self, index: EdgeIndex) -> &Edge {
        &self.edges[index.at()]
    }

    /// Returns the webhooks of its triggers, with the places of these.
    fn webhooks(&self) -> impl Iterator<Item = (usize, &NodeId, &Arc<Webhook>)> {
        let nodes = self.nodes.iter().enumerate();
        nodes.filter_map(|(at, node)| Some((at, &node.id, node.kind.room().webhook()?)))
    }

    /// Returns whether an execution of it comes to an end: it has nodes, each with an id of its own, and no cycle.
    fn can_run(&self) -> bool {
        let ids: BTreeSet<&str> = self.nodes.iter().map(|node| node.id.as_str()).collect();
        let mut open: Vec<usize> = self.incoming.iter().map(Vec::len).collect();
        let mut ready: Vec<usize> = (0..open.len()).filter(|&at| open[at] == 0).collect();
        let mut reached = 0;
        while let Some(at) = ready.pop() {
            reached += 1;
            for to in self.outgoing[at].iter().map(|&edge| self.edge(edge).to.at()) {
                open[to] -= 1;
                if open[to] == 0 {
                    ready.push(to);
                }
            }
        }
        let bodies_can =
            self.nodes.iter().filter_map(|node| node.body.as_ref()).all(|body| body.graph.can_run());
        !self.nodes.is_empty() && ids.len() == self.nodes.len() && reached == self.nodes.len() && bodies_can
    }

    /// Returns the nodes that run where the flow leads to them: all but those that undo others.
    pub fn in_flow(&self) -> impl Iterator<Item = (NodeIndex, &Node)> {
        (0..).map(NodeIndex).zip(&self.nodes).filter(|(at, _)| !self.handlers.has(*at))
    }

    /// Returns whether an edge that leaves a node asks for `case`.
    pub(crate) fn is_asked_for(&self, node: NodeIndex, case: &str) -> bool {
        let mut leaving = self.outgoing[node.at()].iter().map(|&edge| self.edge(edge));
        leaving.any(|edge| {
            edge.condition.as_ref().and_then(EdgeCondition::case).is_some_and(|name| **name == *case)
        })
    }

    /// Returns trigger data to try the flow with: that of the first trigger which has some.
    pub fn trigger_example(&self) -> Option<&Payload> {
        self.nodes.iter().find_map(|node| node.kind.room().trigger_example())
    }

    /// Returns about how many bytes it takes in memory, with all its expressions compiled.
    pub(crate) fn bytes(&self) -> usize {
        let of_nodes = self.nodes.iter().flat_map(|node| node.kind.room().expressions());
        let of_edges = self.edges.iter().filter_map(|edge| match &edge.condition {
            Some(EdgeCondition::Holds(condition)) => Some(condition.expressions()),
            Some(EdgeCondition::Is(_) | EdgeCondition::Case(_)) | None => None,
        });
        let expressions = of_nodes.chain(of_edges.flatten());
        let bodies = self.nodes.iter().filter_map(|node| node.body.as_ref());
        let inside: usize = bodies.map(|body| body.definition.len() + body.graph.bytes()).sum();
        // A body is kept with the node, and as what its executions run.
        let own =
            self.nodes.len() * size_of::<Node>() + self.edges.len() * (size_of::<Edge>() + 8) + 2 * inside;
        own + expressions.map(|(pointer, expression)| pointer.len() + expression.bytes()).sum::<usize>()
    }

    /// Returns all its nodes, those of bodies included, each with its JSON pointer below `pointer`, where the graph is.
    pub fn all_nodes(&self, pointer: &str) -> Vec<(String, &Node)> {
        let mut all = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            let pointer = format!("{pointer}/nodes/{at}");
            let inside = node.body.iter().flat_map(|body| body.graph.all_nodes(&format!("{pointer}/body")));
            let inside: Vec<_> = inside.collect();
            all.push((pointer, node));
            all.extend(inside);
        }
        all
    }

    /// Returns a node and all that it leads to.
    pub fn from_on(&self, first: NodeIndex) -> BTreeSet<NodeId> {
        let (mut found, mut wanted) = (BTreeSet::new(), vec![first]);
        while let Some(next) = wanted.pop() {
            if found.insert(self.node(next).id.clone()) {
                wanted.extend(self.outgoing[next.at()].iter().map(|&edge| self.edge(edge).to));
            }
        }
        found
    }

    /// Returns the place of the node called `id`.
    pub fn find(&self, id: &str) -> Option<NodeIndex> {
        let at = self.nodes.iter().position(|node| node.id.as_str() == id)?;
        u16::try_from(at).ok().map(NodeIndex)
    }
}

/// A unit of work in a flow.
#[derive(Clone, Debug)]
pub struct Node {
    /// Unique in the flow.
    pub id: NodeId,
    /// What people read; the id where the document gives none.
    pub name: Arc<str>,
    /// What it does.
    pub kind: Kind,
    /// When it is ready.
    pub join: Join,
    /// The flow's retry settings with the node's own laid over them.
    pub retry: RetryPolicy,
    /// Limit of one attempt.
    pub attempt_timeout: Option<Duration>,
    /// What follows an attempt that our own crash cut off.
    pub on_interrupt: OnInterrupt,
    /// What follows when no attempt is left.
    pub on_exhausted: OnExhausted,
    /// What it repeats, if it does.
    pub body: Option<Arc<Body>>,
}

/// A graph that a node repeats, each time as an execution of its own.
#[derive(Clone, Debug)]
pub struct Body {
    /// As it is written.
    pub definition: Payload,
    /// As it runs.
    pub graph: Graph,
    /// What its expressions read that is not inside.
    pub reads: Reads,
}

/// What the expressions of a body read that is not inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// Whether they read `trigger_data`.
    pub trigger_data: bool,
    /// Whether they read `item`.
    pub item: bool,
    /// The nodes around the body that they read, and [`LAST`].
    pub nodes: BTreeSet<NodeId>,
}

/// When a node with several incoming edges is ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Join {
    /// When every incoming edge is decided and at least one is taken.
    #[default]
    All,
    /// As soon as one is taken.
    Any,
}

/// What follows an attempt that our own crash cut off (`on_interrupt`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnInterrupt {
    /// Try again by itself.
    #[default]
    Retry,
    /// Wait for a person: the outcome is unknown and the work may have been done.
    Ask,
}

/// What follows when no attempt is left (`on_exhausted`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnExhausted {
    /// Fail the node.
    #[default]
    Fail,
    /// Park it and wait for a person.
    Ask,
}

/// One node of a graph that may have faults elsewhere: what it takes to try it by itself.
#[derive(Clone, Debug)]
pub struct PlacedNode {
    /// The node, without faults.
    pub node: Node,
    /// Its place in the graph.
    pub index: NodeIndex,
    /// The nodes that edges lead from to it, each once, in the order of the edges.
    pub sources: Vec<NodeId>,
    /// How many edges lead to it.
    pub incoming: usize,
    /// The cases that edges which leave it ask for.
    pub asked: Vec<Arc<str>>,
}

/// A connection between two nodes.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Where it leaves.
    pub from: NodeIndex,
    /// Where it leads.
    pub to: NodeIndex,
    /// Which end of `from` it follows.
    pub on: EdgeTrigger,
    /// What must hold; `None` always does.
    pub condition: Option<EdgeCondition>,
}

/// Which end of its node an edge follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeTrigger {
    /// The node completed.
    #[default]
    Completed,
    /// The node failed for good.
    Error,
}

/// What an edge asks for.
#[derive(Clone, Debug)]
pub enum EdgeCondition {
    /// The result of the condition node that it leaves.
    Is(bool),
    /// The case that the node with cases chose, by name.
    Case(Arc<str>),
    /// An own condition.
    Holds(Condition),
}

impl EdgeCondition {
    /// Returns the case that it asks for.
    pub const fn case(&self) -> Option<&Arc<str>> {
        match self {
            Self::Case(name) => Some(name),
            Self::Is(_) | Self::Holds(_) => None,
        }
    }
}
