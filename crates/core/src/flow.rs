//! The flow: its settings and its graph, checked and ready to run.
//!
//! A [`Flow`] is what a valid document means. [`Flow::parse`] is the only way to make one from outside, so whoever
//! holds a `Flow` knows that its graph has no cycle, that its ids are unique, and that its templates compile. The
//! document itself is kept beside it as it came ([`Flow::definition`]): editors store keys of their own in it.

mod graph;
mod parse;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::ids::{AgentId, EdgeIndex, NodeId, NodeIndex};
use crate::payload::Payload;
use crate::retry::RetryPolicy;
use crate::template::Template;
use crate::timestamp::Timestamp;

pub use parse::Fault;

/// One version of a flow, checked.
#[derive(Clone, Debug)]
pub struct Flow {
    /// What people see and set beside the graph.
    pub settings: Settings,
    /// The graph as given, unknown keys included.
    pub definition: Payload,
    /// The graph as it runs.
    pub graph: Graph,
}

/// A flow's settings, with the document's names and defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// How long one execution may take; `None` for ever.
    pub timeout_seconds: Option<Seconds>,
    /// How many executions may run at once, over all processes; `None` any number.
    pub max_concurrent_executions: Option<u32>,
    /// A template over `trigger_data` that gives `context_id` where a start names none.
    pub context_id_template: Option<String>,
    /// `context_type` where a start names none.
    pub context_type_default: Option<String>,
}

/// A span as a document gives it: seconds, fractions allowed, more than zero, at most `Limits::wait_max`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub f64);

impl Seconds {
    /// Returns the span. A number that is no span (negative, not finite) counts as zero.
    pub fn duration(self) -> Duration {
        Duration::try_from_secs_f64(self.0).unwrap_or(Duration::ZERO)
    }
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
    /// Where an execution starts: the triggers or, where there are none, the nodes that no edge reaches.
    pub starts: Vec<NodeIndex>,
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
    pub kind: NodeKind,
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

/// See SPEC's `on_interrupt`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnInterrupt {
    /// Try again by itself.
    #[default]
    Retry,
    /// Wait for a person: the outcome is unknown and the work may have been done.
    Ask,
}

/// See SPEC's `on_exhausted`.
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
}

/// What a node does, with the keys of its type.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// Runs one skill of a registered agent.
    Agent {
        /// The agent.
        agent_id: AgentId,
        /// One of its skills.
        skill: Arc<str>,
        /// What the skill is given.
        input: Template,
    },
    /// Evaluates; its output is `{"condition_result": bool}`.
    Condition(Condition),
    /// A durable wait.
    Delay(Delay),
    /// A built-in action.
    Action {
        /// Which one.
        action: Action,
        /// What it is given.
        input: Template,
    },
    /// Where the flow starts; its output is the trigger data.
    Trigger,
    /// Passes through what reaches it.
    Parallel,
    /// Passes through what reaches it.
    Merge,
}

impl NodeKind {
    /// Returns the document's name of the type.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Agent { .. } => "agent",
            Self::Condition(_) => "condition",
            Self::Delay(_) => "delay",
            Self::Action { .. } => "action",
            Self::Trigger => "trigger",
            Self::Parallel => "parallel",
            Self::Merge => "merge",
        }
    }
}

/// How long a delay waits.
#[derive(Clone, Debug, PartialEq)]
pub enum Delay {
    /// From the moment the node is ready.
    Seconds(Seconds),
    /// Until a moment; one that has passed waits not at all.
    Until(Timestamp),
}

impl Delay {
    /// Returns when the wait of a node that is ready at `now` is over.
    pub(crate) fn over_at(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::Seconds(seconds) => now.plus(seconds.duration()),
            Self::Until(moment) => *moment,
        }
    }

    /// Returns the output of a node that has waited until `moment`.
    pub(crate) fn output(moment: Timestamp) -> Payload {
        Payload::from_value(&serde_json::json!({ "waited_until": moment.to_string() }))
    }
}

/// A built-in action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sends one HTTP request.
    HttpRequest,
    /// Its output is its resolved input.
    Transform,
    /// Fails with the message of its input.
    Fail,
    /// Gives back its input, dispatched and committed like any node with an effect.
    Echo,
}

impl Action {
    /// Returns the document's name of the action. `aggregate_results` reads as `transform`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HttpRequest => "http_request",
            Self::Transform => "transform",
            Self::Fail => "fail",
            Self::Echo => "echo",
        }
    }
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// An own condition.
    Holds(Condition),
}
