//! What a manual retry runs again, and what it reuses.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::same_nodes::same_nodes;
use super::{Execution, FlowVersion, NodeExecution};
use crate::caller::Actor;
use crate::event::{Accepted, Reused, ReusedChild, ReusedChildren};
use crate::flow::{Graph, Node};
use crate::flow_control::QueuePlace;
use crate::ids::{ExecutionId, NodeId};
use crate::payload::Payload;
use crate::trace::Span;

/// Where a manual retry begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryMode {
    /// Every node runs again.
    #[default]
    FromStart,
    /// Completed nodes' outputs are reused; what failed, was cancelled or never ran runs.
    FromFailed,
}

/// What a manual retry runs again, and what it reuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPlan {
    /// The version of the flow that the new execution runs.
    pub version: u32,
    /// Whether it keeps the versions of agents and of children's flows that the old one is pinned to.
    pub keeps_pins: bool,
    /// Nodes that run, if the edges lead to them.
    pub run: Vec<NodeId>,
    /// What is reused of it.
    pub reused: Reused,
    /// The nodes whose outputs who retries it gave, of those that are reused.
    pub(super) edited: BTreeSet<NodeId>,
    /// The node whose turn of a session is written again.
    pub regenerates: Option<NodeId>,
    /// Children that did not complete, of which it does not know yet what they had done.
    unread: Vec<Unread>,
    /// How many bytes of data they may add.
    room: usize,
}

/// A child that did not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Unread {
    /// The node and the item or iteration that it ran for, below those of the executions around it.
    path: Vec<(NodeId, u32)>,
    id: ExecutionId,
}

impl RetryPlan {
    /// Returns the next child of which the plan has to know what it had done.
    pub fn wanted(&self) -> Option<ExecutionId> {
        self.unread.last().map(|child| child.id)
    }

    /// Adds what that child had done. Where it is not stored any more, or there is no room for it, its item runs from its
    /// start.
    pub fn add(&mut self, child: Option<&Execution>) {
        let (Some(Unread { path, .. }), Some(child)) = (self.unread.pop(), child) else { return };
        let undone = child.undone_and_after();
        let parts = child.reused(self.keeps_pins, |id| !undone.contains(id));
        let Some(room) = self.room.checked_sub(parts.data_bytes()) else { return };
        self.room = room;
        self.unread.extend(child.unread(&parts, &path));
        self.reused.insert(&path, parts);
    }
}

impl Reused {
    fn insert(&mut self, path: &[(NodeId, u32)], parts: Self) {
        let [(node, index), below @ ..] = path else { return };
        let Some(children) = self.children.get_mut(node) else { return };
        if below.is_empty() {
            children.by_index.insert(*index, ReusedChild::Parts(parts));
        } else if let Some(ReusedChild::Parts(outer)) = children.by_index.get_mut(index) {
            outer.insert(below, parts);
        }
    }
}

impl Execution {
    /// Plans a retry of this execution on `flow`, the version that the new one will run. On another version than this
    /// one's, outputs are reused for the nodes that are the same in both, and so is all that leads to them.
    ///
    /// The plan knows what children returned that completed. What the others had done has to be added to it.
    pub fn retry_plan(&self, mode: RetryMode, flow: &FlowVersion) -> RetryPlan {
        let is_same_version = flow.version == self.flow.version;
        let keeps_pins = mode == RetryMode::FromFailed && is_same_version;
        let undone = self.undone_and_after();
        let reused = match mode {
            RetryMode::FromStart => Reused::nothing(self.id),
            RetryMode::FromFailed if is_same_version => self.reused(keeps_pins, |id| !undone.contains(id)),
            RetryMode::FromFailed => {
                let may_reuse = |id: &NodeId| !undone.contains(id) && self.may_reuse(id, &flow.flow.graph);
                let same = same_nodes(&self.flow.flow, &flow.flow, may_reuse);
                self.reused(keeps_pins, |id| same.contains(id))
            }
        };
        let all = flow.flow.graph.in_flow().map(|(_, node)| &node.id);
        let run = all.filter(|id| !reused.outputs.contains_key(*id)).cloned().collect();
        let unread = self.unread(&reused, &[]);
        // It will hold what this one held.
        let room = flow.limits.execution_bytes_max.saturating_sub(self.data_bytes());
        let edited = BTreeSet::new();
        RetryPlan { version: flow.version, keeps_pins, run, reused, edited, regenerates: None, unread, room }
    }

    /// Returns whether the output of a node, if it has one, means the same in another graph.
    pub(super) fn may_reuse(&self, id: &NodeId, graph: &Graph) -> bool {
        let (Some(output), Some(node)) = (self.output_of(id), graph.find(id.as_str())) else { return true };
        graph.node(node).kind.room().may_reuse(output, &|case| graph.is_asked_for(node, case))
    }

    /// Returns the output of a node of this graph, or the one that it was to reuse when the execution ended early.
    pub(super) fn output_of(&self, id: &NodeId) -> Option<&Payload> {
        let own = self.node(self.graph().find(id.as_str())?).output.as_ref();
        own.or_else(|| self.accepted.reused.get(id))
    }

    /// Returns the nodes whose work was undone, or begun to be, and all that these lead to: their outputs say nothing of what
    /// is there now.
    pub(super) fn undone_and_after(&self) -> BTreeSet<NodeId> {
        // While it undoes its work, the rest follows in a moment.
        let is_undoing = self.ending_as().is_some();
        let order = self.compensation_order().iter().copied();
        let undone = order.filter(|&node| is_undoing || self.has_touched(node));
        undone.flat_map(|node| self.graph().from_on(node)).collect()
    }

    /// Returns what a retry from the failed node reuses of the nodes that are the `same` in it. With other versions of
    /// flows, that is nothing of their executions.
    fn reused(&self, keeps_pins: bool, same: impl Fn(&NodeId) -> bool) -> Reused {
        let mut reused = Reused::nothing(self.id);
        for (at, node) in self.graph().in_flow().filter(|(_, node)| same(&node.id)) {
            let state = self.node(at);
            // What a retry that was stopped early was to reuse is not lost.
            let output = state.output.as_ref().or_else(|| self.accepted.reused.get(&node.id));
            if let Some(output) = output {
                reused.outputs.insert(node.id.clone(), output.clone());
            } else if node.kind.room().about().traits.starts_children
                && (keeps_pins || node.body.is_some())
                && let Some(children) = self.reused_children(node, state)
            {
                reused.children.insert(node.id.clone(), children);
            }
        }
        reused
    }

    /// Returns what is reused of the children of a node that has not completed.
    fn reused_children(&self, node: &Node, state: &NodeExecution) -> Option<ReusedChildren> {
        let mut children = self.accepted.reused_children.get(&node.id).cloned().unwrap_or_default();
        if let Some(input) = &state.input {
            children.input = Some(input.clone());
        }
        for (_, child) in state.children().last() {
            if let Some(result) = child.result() {
                children.by_index.insert(child.index, ReusedChild::Result(result.clone()));
            }
        }
        (!state.children().is_empty() || !children.by_index.is_empty()).then_some(children)
    }

    /// Returns the children that did not complete of the nodes in `reused`.
    fn unread(&self, reused: &Reused, path: &[(NodeId, u32)]) -> Vec<Unread> {
        let mut unread = Vec::new();
        for id in reused.children.keys() {
            let Some(node) = self.graph().find(id.as_str()) else { continue };
            let last = self.node(node).children().last().filter(|(_, child)| child.result().is_none());
            unread.extend(last.map(|(number, child)| {
                let path = path.iter().cloned().chain([(id.clone(), child.index)]).collect();
                Unread { path, id: self.id.child(node, number) }
            }));
        }
        unread
    }

    /// Returns whether the output of a node is not its own work, but one that it was given.
    fn passes_on(&self, id: &NodeId) -> bool {
        // One that ended before it reused anything passes on what it was to reuse.
        let is_not_own = |state: &NodeExecution| state.reused || state.output.is_none();
        self.graph().find(id.as_str()).is_some_and(|at| is_not_own(self.node(at)))
    }

    /// Returns those of `reused` whose outputs somebody gave this execution.
    pub(super) fn edited_of<'i>(&self, reused: impl Iterator<Item = &'i NodeId>) -> BTreeSet<NodeId> {
        reused.filter(|id| self.passes_on(id) && self.accepted.is_edited(id)).cloned().collect()
    }

    /// Plans an execution that writes the turn of `node` again: what the node leads to runs again with it, and all other
    /// outputs are reused.
    pub fn regenerate_plan(&self, node: &NodeId) -> RetryPlan {
        let plan = self.retry_plan(RetryMode::FromFailed, &self.flow);
        let again = self.graph().find(node.as_str()).map(|at| self.graph().from_on(at)).unwrap_or_default();
        let runs = |id: &NodeId| again.contains(id);
        let RetryPlan { mut run, mut reused, mut unread, .. } = plan;
        run.extend(reused.outputs.extract_if(.., |id, _| runs(id)).map(|(id, _)| id));
        reused.children.retain(|id, _| !runs(id));
        unread.retain(|child| child.path.first().is_some_and(|(id, _)| !runs(id)));
        RetryPlan { run, reused, unread, regenerates: Some(node.clone()), ..plan }
    }

    /// Returns what a retry by `plan` starts from: this execution's context and trigger data, and a link back. The retry of
    /// a child has no parent: that went on without it.
    pub fn retried(
        &self,
        plan: RetryPlan,
        trigger_data: Option<Payload>,
        actor: Actor,
        worker: Arc<str>,
    ) -> Accepted {
        let passed_on = plan.reused.outputs.keys().filter(|id| self.passes_on(id));
        let borrowed = passed_on.filter(|id| self.accepted.is_borrowed(id)).cloned().collect();
        let mut edited = self.edited_of(plan.reused.outputs.keys());
        edited.extend(plan.edited);
        let accepted = (*self.accepted).clone();
        let accepted = if plan.keeps_pins { accepted } else { accepted.unpinned() };
        Accepted {
            version: plan.version,
            trigger_data: trigger_data.unwrap_or_else(|| self.accepted.trigger_data.clone()),
            triggered_by: "retry".into(),
            actor,
            parent: None,
            around: None,
            retry_of: Some(self.id),
            forked_from: None,
            borrowed,
            edited,
            reused: plan.reused.outputs,
            reused_children: plan.reused.children,
            regenerates: plan.regenerates,
            queue: accepted.queue.as_deref().and_then(QueuePlace::undelayed),
            trace: self.trace_below(Span::Execution),
            worker,
            ..accepted
        }
    }
}
