//! Child executions: how they begin, where they come from, and how they end.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::failure::ErrorClass;
use crate::ids::{ExecutionId, FlowId, NodeId, NodeIndex, StepKey};
use crate::payload::{self, Payload};
use crate::scope::NodeError;
use crate::status::ExecutionStatus;
use crate::timestamp::Timestamp;

/// A child execution, as its parent starts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildStart {
    /// The flow that it runs; `None` for the body of the node that starts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<FlowId>,
    /// The number of the item or the iteration that it runs for, from 0.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub index: u32,
    /// The call that it does, of a tool that runs a flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepKey>,
    /// What it is started with. Not stored here: the child's own acceptance has it.
    #[serde(skip)]
    pub given: ChildInput,
}

/// What a child execution is started with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChildInput {
    /// The trigger data of a whole flow.
    pub trigger_data: Payload,
    /// The item that a body runs for.
    pub item: Option<Payload>,
    /// The result of the iteration before.
    pub last: Option<Payload>,
    /// What it reuses of the child that ran for the same in the execution that this one retries.
    pub reused: Option<Reused>,
}

/// What an execution reuses of the one that it retries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reused {
    /// The one that it retries.
    pub of: ExecutionId,
    /// The outputs of nodes that completed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<NodeId, Payload>,
    /// What came of the children of nodes that did not complete.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub children: BTreeMap<NodeId, ReusedChildren>,
}

/// What a node reuses of its children in the execution that this one retries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReusedChildren {
    /// The resolved input of the node, where the flow version does not give it.
    #[serde(default, deserialize_with = "payload::given", skip_serializing_if = "Option::is_none")]
    pub input: Option<Payload>,
    /// By the number of the item or the iteration.
    pub by_index: BTreeMap<u32, ReusedChild>,
}

/// What is reused of a child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReusedChild {
    /// Its result: it completed, and does not run again.
    Result(Payload),
    /// What it had done: it did not complete, and goes on where it failed.
    Parts(Reused),
}

impl Reused {
    /// Returns nothing of `of`.
    pub(crate) const fn nothing(of: ExecutionId) -> Self {
        Self { of, outputs: BTreeMap::new(), children: BTreeMap::new() }
    }
}

impl ReusedChildren {
    /// Returns how many completed.
    pub fn completed(&self) -> usize {
        self.by_index.values().filter(|child| matches!(child, ReusedChild::Result(_))).count()
    }

    /// Drops the values.
    pub(crate) fn shed(&mut self) {
        self.input = None;
        for child in self.by_index.values_mut() {
            *child = match child {
                ReusedChild::Result(_) => ReusedChild::Result(Payload::null()),
                ReusedChild::Parts(parts) => ReusedChild::Parts(Reused::nothing(parts.of)),
            };
        }
    }

    /// Returns the result of a child that completed.
    pub(crate) fn result_of(&self, index: u32) -> Option<&Payload> {
        match self.by_index.get(&index)? {
            ReusedChild::Result(result) => Some(result),
            ReusedChild::Parts(_) => None,
        }
    }

    /// Returns what a child had done that did not complete.
    pub(crate) fn parts_of(&self, index: u32) -> Option<&Reused> {
        match self.by_index.get(&index)? {
            ReusedChild::Result(_) => None,
            ReusedChild::Parts(parts) => Some(parts),
        }
    }
}

/// How a child execution ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildEnd {
    /// Completed, failed or cancelled.
    pub status: ExecutionStatus,
    /// Its result, where it completed.
    #[serde(default, deserialize_with = "payload::given", skip_serializing_if = "Option::is_none")]
    pub result: Option<Payload>,
    /// Why it did not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Arc<str>>,
    /// The class of its failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<ErrorClass>,
}

/// Where a child execution comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// The execution that started it.
    pub execution: ExecutionId,
    /// The node of that execution.
    pub node: NodeIndex,
    /// Its number among that node's children, from 0.
    pub child: u32,
    /// How many executions are above it, its parent included.
    pub depth: u16,
    /// The node whose body it runs; `None` where it runs a whole flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<NodeId>,
    /// The node that runs a whole flow by it; `None` where it runs a body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subflow: Option<NodeId>,
    /// The number of the item or the iteration that it runs for, from 0.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub index: u32,
    /// The flows of the executions above it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<FlowId>,
    /// The parent's deadline, which ends this one too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// Whether the parent is encrypted, so that what it is sent is, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_encrypted: bool,
}

impl Parent {
    /// Returns the id of the node that started it.
    pub fn node_id(&self) -> Option<&NodeId> {
        self.body.as_ref().or(self.subflow.as_ref())
    }
}

/// What an execution reads that is around the body that it runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Around {
    /// `item`.
    #[serde(default, deserialize_with = "payload::given", skip_serializing_if = "Option::is_none")]
    pub item: Option<Payload>,
    /// The nodes around the body that it reads and that have ended, and the result of the iteration before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub nodes: BTreeMap<NodeId, Ended>,
}

/// How a node ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// Its output, where it completed.
    #[serde(default, deserialize_with = "payload::given", skip_serializing_if = "Option::is_none")]
    pub output: Option<Payload>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<NodeError>,
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_reused_of_children_is_counted_when_its_values_are_gone() {
        let of = ExecutionId::new(Uuid::from_u128(7));
        let long = || Payload::parse("[1, 2, 3]".to_owned()).unwrap();
        let parts =
            Reused { of, outputs: BTreeMap::from([(NodeId::new("a"), long())]), children: BTreeMap::new() };
        let by_index = [(0, ReusedChild::Result(long())), (4, ReusedChild::Parts(parts))];
        let mut reused = ReusedChildren { input: Some(long()), by_index: BTreeMap::from(by_index) };

        reused.shed();

        assert_eq!((reused.completed(), reused.by_index.len()), (1, 2));
        let text = serde_json::to_string(&reused).unwrap();
        assert!(!text.contains("[1"), "{text}");
    }
}
