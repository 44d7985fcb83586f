//! What a manual retry runs again, and what it reuses.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::same_nodes::same_nodes;
use super::{Execution, FlowVersion};
use crate::caller::Actor;
use crate::event::Accepted;
use crate::ids::{NodeId, NodeIndex};
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
    /// Nodes whose output is reused.
    pub reuse: BTreeMap<NodeId, Payload>,
    /// The node whose turn of a session is written again.
    pub regenerates: Option<NodeId>,
}

impl Execution {
    /// Plans a retry of this execution on `flow`, the version that the new one will run. On another version than this
    /// one's, outputs are reused for the nodes that are the same in both, and so is all that leads to them.
    pub fn retry_plan(&self, mode: RetryMode, flow: &FlowVersion) -> RetryPlan {
        let version = flow.version;
        let keeps_pins = mode == RetryMode::FromFailed && version == self.flow.version;
        let mut plan =
            RetryPlan { version, keeps_pins, run: Vec::new(), reuse: BTreeMap::new(), regenerates: None };
        let same = (version != self.flow.version).then(|| same_nodes(&self.flow.flow, &flow.flow));
        for node in &flow.flow.graph.nodes {
            let is_same = same.as_ref().is_none_or(|same| same.contains(&node.id));
            let output = (mode == RetryMode::FromFailed && is_same).then(|| self.output_of(&node.id));
            match output.flatten() {
                Some(output) => {
                    plan.reuse.insert(node.id.clone(), output);
                }
                None => plan.run.push(node.id.clone()),
            }
        }
        plan
    }

    /// Plans an execution that writes the turn of `node` again: what the node leads to runs again with it, and all other
    /// outputs are reused.
    pub fn regenerate_plan(&self, node: &NodeId) -> RetryPlan {
        let plan = self.retry_plan(RetryMode::FromFailed, &self.flow);
        let graph = self.graph();
        let mut again: Vec<NodeIndex> = graph.find(node.as_str()).into_iter().collect();
        let mut at = 0;
        while let Some(&next) = again.get(at) {
            let successors = graph.outgoing[next.at()].iter().map(|&edge| graph.edge(edge).to);
            let new: Vec<NodeIndex> = successors.filter(|to| !again.contains(to)).collect();
            again.extend(new);
            at += 1;
        }
        let runs = |id: &NodeId| again.iter().any(|&index| graph.node(index).id == *id);
        let (moved, reuse) = plan.reuse.into_iter().partition(|(id, _)| runs(id));
        let moved: BTreeMap<NodeId, Payload> = moved;
        let run = plan.run.into_iter().chain(moved.into_keys()).collect();
        RetryPlan { run, reuse, regenerates: Some(node.clone()), ..plan }
    }

    fn output_of(&self, id: &NodeId) -> Option<Payload> {
        self.node(self.graph().find(id.as_str())?).output.clone()
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
            reused: plan.reuse,
            regenerates: plan.regenerates,
            trace: self.trace_below(Span::Execution),
            worker,
            ..accepted
        }
    }
}
