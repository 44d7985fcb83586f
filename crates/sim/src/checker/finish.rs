//! How an execution ends, and what is undone before that: R2, T2, T6, and U1.

use steadflow_core::execution::ExecutionStatus;
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::NodeIndex;

use super::Verdict;
use super::story::{NodeEnd, Sight, Story};

/// An end: as what, of which class, and the node whose failure it is.
type End = (ExecutionStatus, Option<ErrorClass>, Option<NodeIndex>);

impl Story {
    /// What completed and can be undone is undone, the last first, and nothing else is under way.
    pub(super) fn compensation_started(
        &mut self,
        end: End,
        order: &[NodeIndex],
        sight: &Sight<'_>,
    ) -> Verdict {
        self.has_reason(end, sight)?;
        if self.undoing.is_some() || order.is_empty() || end.0 == ExecutionStatus::Completed {
            return Err("U1: there is nothing to undo".into());
        }
        if !self.done.iter().rev().filter(|node| self.handler_of(**node).is_some()).eq(order) {
            return Err(format!("U1: {order:?} is not what completed, backwards: {:?}", self.done));
        }
        for at in (0..self.nodes.len()).filter_map(|at| u16::try_from(at).ok()).map(NodeIndex) {
            let is_handler = self.graph().handlers.has(at);
            let node = &mut self.nodes[at.at()];
            node.parts.tasks_are_over()?;
            node.parts.drop_open(sight.at);
            if node.end.is_none() && !is_handler {
                (node.wait, node.retry_at, node.end) = (None, None, Some(NodeEnd::Stopped));
                node.attempts.iter_mut().for_each(|attempt| attempt.has_ended = true);
            }
        }
        if end.0 == ExecutionStatus::Cancelled {
            self.status = ExecutionStatus::Running;
        }
        self.undoing = Some((end.0, order.to_vec()));
        Ok(())
    }

    /// Returns the node that undoes another one now or next.
    pub(super) fn due_handler(&self) -> Option<NodeIndex> {
        let (_, order) = self.undoing.as_ref()?;
        let mut handlers = order.iter().filter_map(|node| self.handler_of(*node));
        handlers.find(|handler| self.nodes[handler.at()].end.is_none())
    }

    fn handler_of(&self, node: NodeIndex) -> Option<NodeIndex> {
        self.graph().handlers.of(node)
    }

    pub(super) fn finished(&mut self, end: End, sight: &Sight<'_>) -> Verdict {
        let (status, ..) = end;
        self.is_undone(status, sight)?;
        if self.undoing.is_none() {
            self.has_reason(end, sight)?;
        }
        self.status = status;
        self.ended_at = Some(sight.at);
        self.nodes.iter_mut().for_each(|node| node.parts.drop_open(sight.at));
        self.nodes.iter().try_for_each(|node| node.parts.tasks_are_over())
    }

    /// An execution that does not complete has undone what it did, unless it was stopped once more meanwhile.
    fn is_undone(&self, status: ExecutionStatus, sight: &Sight<'_>) -> Verdict {
        let Some((planned, _)) = &self.undoing else {
            let is_left = |node: &NodeIndex| self.handler_of(*node).is_some();
            if status != ExecutionStatus::Completed
                && let Some(node) = self.done.iter().find(|node| is_left(node))
            {
                return Err(format!("U1: {status} without undoing {node:?}"));
            }
            return Ok(());
        };
        if status != *planned {
            return Err(format!("U1: {status}, but it was to be {planned}"));
        }
        let is_stopped = sight.cancels.contains(&self.id)
            || self.accepted.parent.is_some()
            || sight.is_refused
            || self.holds_too_much().is_ok();
        match self.due_handler() {
            Some(handler) if !is_stopped => Err(format!("U1: ended before {handler:?} has undone its node")),
            Some(_) | None => Ok(()),
        }
    }

    fn has_reason(&self, (status, class, node): End, sight: &Sight<'_>) -> Verdict {
        let is_failed = |node: NodeIndex| self.nodes[node.at()].end == Some(NodeEnd::Failed);
        let is_open = |at: usize| {
            let is_handler = u16::try_from(at).is_ok_and(|at| self.graph().handlers.has(NodeIndex(at)));
            self.nodes[at].end.is_none() && !is_handler
        };
        match (status, node) {
            (ExecutionStatus::Completed, _) if (0..self.nodes.len()).any(is_open) => {
                Err("V1: completed before all its nodes".into())
            }
            (ExecutionStatus::Failed, Some(node)) if !is_failed(node) => {
                Err("R2: failed by a node that did not".into())
            }
            (ExecutionStatus::Failed, None) if class == Some(ErrorClass::Internal) && sight.is_refused => {
                Ok(())
            }
            (ExecutionStatus::Failed, None) if class == Some(ErrorClass::OutputTooLarge) => {
                self.holds_too_much()
            }
            (ExecutionStatus::Failed, None) if class != Some(ErrorClass::Timeout) => {
                Err("R2: failed for no reason".into())
            }
            (ExecutionStatus::Failed, None) if self.deadline().is_none_or(|deadline| sight.at < deadline) => {
                Err(format!("T2: timed out at {} with deadline {:?}", sight.at, self.deadline()))
            }
            (ExecutionStatus::Cancelled, _)
                if !sight.cancels.contains(&self.id) && self.accepted.parent.is_none() =>
            {
                Err("T6: cancelled without being asked to".into())
            }
            (ExecutionStatus::Pending | ExecutionStatus::Running | ExecutionStatus::Paused, _) => {
                Err("R2: no such end".into())
            }
            (ExecutionStatus::Completed | ExecutionStatus::Failed | ExecutionStatus::Cancelled, _) => Ok(()),
        }
    }

    fn holds_too_much(&self) -> Verdict {
        let bytes: usize = self.records.iter().map(|record| record.len()).sum();
        if bytes <= self.version.limits.execution_bytes_max {
            return Err(format!("R2: failed because it holds too much, with {bytes} bytes"));
        }
        Ok(())
    }
}
