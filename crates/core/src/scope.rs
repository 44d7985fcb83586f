//! What an expression may name while it is evaluated.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::expression::Meter;
use crate::failure::ErrorClass;
use crate::ids::{ExecutionId, NodeId};
use crate::payload::Payload;
use crate::timestamp::Timestamp;

/// The values in scope of one evaluation. Cheap to make: payloads are shared, and parsed only where they are read.
#[derive(Clone, Debug)]
pub struct Scope {
    /// `trigger_data`.
    pub trigger_data: Payload,
    /// `context.id`.
    pub context_id: Option<Arc<str>>,
    /// `context.type`.
    pub context_type: Option<Arc<str>>,
    /// `execution.id`.
    pub execution_id: ExecutionId,
    /// `execution.retry_of`.
    pub retry_of: Option<ExecutionId>,
    /// `execution.started_at`.
    pub started_at: Timestamp,
    /// `execution.error`: why the execution fails or is cancelled, for nodes that undo others.
    pub error: Option<EndError>,
    /// `attempt`, from 1.
    pub attempt: u32,
    /// `now()`: when the first attempt of the node began, so that all its attempts read the same.
    pub now: Timestamp,
    /// Who reads: the node, or the one that an edge leaves. `uuid()` follows from it and from the execution.
    pub reader: NodeId,
    /// `item`: what a body runs for, inside a `map`.
    pub item: Option<Payload>,
    /// `index`: the number of the item or of the iteration, from 0, inside a `map` or a `loop`.
    pub index: Option<u32>,
    /// `nodes.<id>`, and short `<id>`: those that have ended and that the expression can name.
    pub nodes: Vec<NodeScope>,
    /// What evaluations may still cost.
    pub meter: Meter,
}

/// What the templates and conditions of a tool call its arguments.
pub(crate) const ARGUMENTS: &str = "input";

/// One ended node in scope.
#[derive(Clone, Debug)]
pub struct NodeScope {
    /// Its id.
    pub id: NodeId,
    /// `output`, where it completed.
    pub output: Option<Payload>,
    /// `error`, where it failed.
    pub error: Option<NodeError>,
}

/// Why a node failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeError {
    /// `error.class`.
    pub class: ErrorClass,
    /// `error.message`.
    pub message: Arc<str>,
    /// `error.status`: the HTTP status, where a peer gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// `error.body`: what the peer answered, decoded and bounded.
    #[serde(default, deserialize_with = "crate::payload::given", skip_serializing_if = "Option::is_none")]
    pub body: Option<Payload>,
}

/// Why an execution fails or is cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndError {
    /// `class`; `None` for a cancel.
    pub class: Option<ErrorClass>,
    /// `message`.
    pub message: Arc<str>,
    /// `node`: the id of the node whose failure it is; `None` for a timeout or a cancel.
    pub node: Option<NodeId>,
}

/// Which values an expression names, found when it is compiled, so that only they are put in scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// The nodes that it names, each once, in the order of first mention.
    pub nodes: Vec<NodeId>,
    /// The secrets that it names, each once.
    pub secrets: Vec<Arc<str>>,
    /// Whether it names `attempt`.
    pub attempt: bool,
    /// Whether it names `trigger_data`.
    pub trigger_data: bool,
    /// Whether it names `item`.
    pub item: bool,
    /// Whether it names `index`.
    pub index: bool,
    /// Whether it names `execution.error`.
    pub error: bool,
    /// Whether it names something else that only an execution has.
    pub execution: bool,
}

impl References {
    /// Returns what any of `all` names.
    pub(crate) fn of_all<'r>(all: impl Iterator<Item = &'r Self>) -> Self {
        let mut together = Self::default();
        let (mut nodes, mut secrets) = (BTreeSet::new(), BTreeSet::new());
        for one in all {
            together.nodes.extend(one.nodes.iter().filter(|node| nodes.insert(node.as_str())).cloned());
            together.secrets.extend(one.secrets.iter().filter(|name| secrets.insert(&***name)).cloned());
            together.attempt |= one.attempt;
            together.trigger_data |= one.trigger_data;
            together.item |= one.item;
            together.index |= one.index;
            together.error |= one.error;
            together.execution |= one.execution;
        }
        together
    }

    pub(crate) fn add_node(&mut self, node: NodeId) {
        if !self.nodes.contains(&node) {
            self.nodes.push(node);
        }
    }

    pub(crate) fn add_secret(&mut self, secret: Arc<str>) {
        if !self.secrets.contains(&secret) {
            self.secrets.push(secret);
        }
    }
}
