//! How an execution comes to be, and how its nodes are found ready.

use super::{Decision, EdgeState, Execution, ExecutionStatus, NodeState, Pinned};
use crate::event::{Accepted, Event};
use crate::flow::Join;
use crate::ids::{ExecutionId, NodeIndex};
use crate::timestamp::Timestamp;

impl Execution {
    /// Accepts an execution: from the commit of `decision` on, it is never lost.
    pub fn accept(
        id: ExecutionId,
        pinned: impl Into<Pinned>,
        accepted: Accepted,
        now: Timestamp,
        decision: &mut Decision,
    ) -> Self {
        let accepted = Box::new(accepted);
        decision.events.push(Event::Accepted(accepted.clone()));
        Self::new(id, pinned.into(), accepted, now)
    }

    /// Returns whether something follows without a call that is not decided. During a pause that is only what it waits for.
    pub(super) fn can_go_on(&self) -> bool {
        let follows = |at| match self.readiness(NodeIndex(at)) {
            Readiness::Ready | Readiness::Unreachable => true,
            Readiness::Settled => self.is_to_go_on(NodeIndex(at)) || self.is_to_ask_for_event(NodeIndex(at)),
            Readiness::Undecided => false,
        };
        match self.status {
            ExecutionStatus::Running => (0..).take(self.nodes.len()).any(follows),
            ExecutionStatus::Paused => self.active.iter().any(|&node| self.is_to_ask_for_event(node)),
            ExecutionStatus::Pending
            | ExecutionStatus::Completed
            | ExecutionStatus::Failed
            | ExecutionStatus::Cancelled => false,
        }
    }

    /// Returns whether a node has to go on although no result comes: it was held, or has not asked for the slot that it needs.
    pub(super) fn is_to_go_on(&self, node: NodeIndex) -> bool {
        self.node(node).waits_for_its_turn() && !self.slots_asked.contains(&node)
    }

    /// Returns what a node's incoming edges say of it.
    pub(super) fn readiness(&self, node: NodeIndex) -> Readiness {
        if self.node(node).state != NodeState::Pending {
            return Readiness::Settled;
        }
        let graph = self.graph();
        let incoming = &graph.incoming[node.at()];
        if incoming.is_empty() {
            return if graph.starts.contains(&node) {
                Readiness::Ready
            } else if !graph.handlers.has(node) {
                Readiness::Unreachable
            } else if self.due_handler() == Some(node) {
                Readiness::Ready
            } else {
                Readiness::Undecided
            };
        }
        let has_any = |state| incoming.iter().any(|edge| self.edges[edge.at()] == state);
        match graph.node(node).join {
            Join::Any if has_any(EdgeState::Taken) => Readiness::Ready,
            Join::All | Join::Any if has_any(EdgeState::Undecided) => Readiness::Undecided,
            Join::All | Join::Any if has_any(EdgeState::Taken) => Readiness::Ready,
            Join::All | Join::Any => Readiness::Unreachable,
        }
    }
}

/// What a node's incoming edges say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    /// It is under way or has ended.
    Settled,
    /// Some edge it needs is open.
    Undecided,
    /// It may run.
    Ready,
    /// No edge leads to it.
    Unreachable,
}
