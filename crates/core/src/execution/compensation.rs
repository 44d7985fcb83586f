//! Compensation: before an execution ends as failed or cancelled, what its completed nodes did is undone.
//!
//! The nodes that undo others (`compensate_with`) are ordinary nodes that no edge leads to. [`Execution::due_handler`] is the
//! only place that says which of them runs: one at a time, in the reverse order in which the nodes completed that they undo.

use std::sync::Arc;

use super::decide::{Decider, End};
use super::{Execution, ExecutionError, ExecutionStatus, NodeState, Rejected, messages};
use crate::caller::Actor;
use crate::event::{Event, PlannedEnd};
use crate::ids::NodeIndex;
use crate::scope::EndError;
use crate::session::SessionChange;
use crate::timestamp::Timestamp;

/// What is undone, and how the execution ends afterwards.
#[derive(Clone, Debug)]
pub(super) struct Compensation {
    /// How it ends.
    pub(super) end: PlannedEnd,
    /// The nodes that are undone, in this order.
    pub(super) order: Vec<NodeIndex>,
    /// How many bytes of data the execution held when it began.
    bytes: usize,
}

impl Decider<'_> {
    /// Ends the execution, or begins to undo what it did. What is in flight is stopped, what was about to start does not, and
    /// children are cancelled.
    pub(super) fn finish(&mut self, end: End) {
        self.stop_all();
        if self.execution.compensation.is_some() {
            self.leave_late_sessions();
            let end = self.execution.end_of_compensation(&end);
            return self.end(end);
        }
        if end.0.status != ExecutionStatus::Completed && !self.execution.undoable.is_empty() {
            let order = self.execution.undoable.iter().rev().copied().collect();
            self.emit(Event::CompensationStarted { end: Box::new(end.0), order });
            self.decision.open.clear();
            self.decision.open.extend(self.execution.due_handler());
            return;
        }
        self.end(end.0);
    }

    /// Cancels the execution. That somebody asks for it twice is no reason to leave its work half undone.
    pub(super) fn cancel(&mut self, message: Arc<str>, by: Actor) -> Result<(), Rejected> {
        if let Some(end) = self.execution.ending_as() {
            return Err(Rejected::Compensating(end));
        }
        self.finish(End::cancelled(message, by));
        Ok(())
    }

    pub(super) fn stop_compensation(&mut self, by: Actor) -> Result<(), Rejected> {
        if self.execution.ending_as().is_none() {
            return Err(Rejected::NotCompensating);
        }
        self.finish(End::cancelled("Stopped by a user".into(), by));
        Ok(())
    }

    /// A node that was stopped where work began to be undone may have got its session after that.
    fn leave_late_sessions(&mut self) {
        let nodes = self.flow.flow.graph.nodes.iter().zip(&self.execution.nodes);
        let stopped = nodes.filter(|(node, state)| {
            state.state == NodeState::Cancelled && node.kind.room().skill().is_some()
        });
        let left = stopped.map(|(node, _)| SessionChange::Leave(node.id.clone()));
        self.decision.sessions.extend(left);
    }

    fn end(&mut self, end: PlannedEnd) {
        let PlannedEnd { status, message, class, node, by } = end;
        self.emit(Event::Finished { status, message, class, node, by });
        self.report_to_parent();
    }
}

impl Execution {
    /// Returns whether what its nodes did is being undone, or was.
    pub const fn is_compensated(&self) -> bool {
        self.compensation.is_some()
    }

    /// Returns how it will end, while what its nodes did is undone.
    pub fn ending_as(&self) -> Option<ExecutionStatus> {
        let compensation = self.compensation.as_ref().filter(|_| !self.status.is_finished())?;
        Some(compensation.end.status)
    }

    /// Returns the nodes that it undoes, or has undone, in that order, whether that succeeded or not.
    pub fn compensation_order(&self) -> &[NodeIndex] {
        self.compensation.as_ref().map_or(&[], |compensation| &compensation.order)
    }

    /// Returns the nodes that are undone: those whose handlers completed.
    pub fn compensated(&self) -> impl Iterator<Item = NodeIndex> {
        let order = self.compensation_order().iter().copied();
        order.filter(|&node| self.handler_state(node) == Some(&NodeState::Completed))
    }

    /// Returns whether the undoing of a node has begun: its output says nothing of what is there now.
    pub(super) fn has_touched(&self, node: NodeIndex) -> bool {
        self.compensation_order().contains(&node)
            && self.graph().handlers.of(node).is_some_and(|handler| {
                let handler = self.node(handler);
                handler.state == NodeState::Completed || handler.started_at.is_some()
            })
    }

    /// Returns the node that undoes another one now or next. Whoever asks what follows in a compensation asks this.
    pub(super) fn due_handler(&self) -> Option<NodeIndex> {
        let compensation = self.compensation.as_ref()?;
        let mut handlers = compensation.order.iter().filter_map(|&node| self.graph().handlers.of(node));
        handlers.find(|&handler| !self.node(handler).is_ended())
    }

    /// Returns whether a node undoes another one that there is nothing to undo of.
    pub(super) fn is_spare_handler(&self, node: NodeIndex) -> bool {
        let undone = self.graph().handlers.undone_by(node);
        undone.is_some_and(|undone| !self.compensation_order().contains(&undone))
    }

    /// Returns whether nothing is left that could run.
    pub(super) fn is_through(&self) -> bool {
        let mut nodes = (0..).map(NodeIndex).zip(&self.nodes);
        nodes.all(|(at, node)| node.is_ended() || self.is_spare_handler(at))
    }

    /// Returns how many bytes of data it may hold. Undoing has as much room again, so that it never lacks it.
    pub(super) fn bytes_max(&self) -> usize {
        let before = self.compensation.as_ref().map_or(0, |compensation| compensation.bytes);
        before + self.flow.limits.execution_bytes_max
    }

    pub(super) fn apply_compensation_started(&mut self, end: &PlannedEnd, order: &[NodeIndex]) {
        // A cancel ends a pause. Any other failure keeps to it: nothing starts until the execution is resumed.
        if end.status == ExecutionStatus::Cancelled {
            self.status = ExecutionStatus::Running;
        }
        // Nothing is undone by halves because time is up: from here on, each attempt has its own limit.
        self.deadline = None;
        self.error = end.error();
        let compensation = Compensation { end: end.clone(), order: order.to_vec(), bytes: self.bytes };
        self.compensation = Some(Box::new(compensation));
    }

    /// Ends the nodes that undo others and did not run.
    pub(super) fn end_handlers(&mut self, at: Timestamp) {
        let flow = Arc::clone(&self.flow);
        for handler in flow.flow.graph.handlers.all() {
            if !self.node(handler).is_ended() {
                let is_spare = self.is_spare_handler(handler);
                self.end_node(handler, if is_spare { NodeState::Skipped } else { NodeState::Cancelled }, at);
            }
        }
    }

    /// Checks that a stored compensation undoes what completed, in the reverse order.
    pub(super) fn check_compensation(&self, order: &[NodeIndex]) -> Result<(), &'static str> {
        if self.compensation.is_some() {
            return Err("it began to undo its work twice");
        }
        if order.is_empty() || !self.undoable.iter().rev().eq(order) {
            return Err("it undoes something else than what its nodes did");
        }
        Ok(())
    }

    /// Returns what nodes that undo others read as `execution.error`.
    pub(super) fn end_error(&self) -> Option<EndError> {
        let PlannedEnd { message, class, node, .. } = &self.compensation.as_ref()?.end;
        let node = node.map(|node| self.graph().node(node).id.clone());
        Some(EndError { class: *class, message: message.clone().unwrap_or_default(), node })
    }

    /// Returns how the execution ends after its compensation. `asked` is what ended that: its natural end, or a cancel.
    fn end_of_compensation(&self, asked: &End) -> PlannedEnd {
        let Some(compensation) = &self.compensation else { return asked.0.clone() };
        let mut end = compensation.end.clone();
        let stopped = (asked.0.status != ExecutionStatus::Completed).then_some(asked.0.message.as_deref());
        let mut lines: Vec<String> = end.message.iter().map(ToString::to_string).collect();
        let mut left = Vec::new();
        for &undone in &compensation.order {
            let (node, state) = (self.graph().node(undone), self.handler_state(undone));
            match (state, self.graph().handlers.of(undone)) {
                (Some(NodeState::Completed), _) => {}
                (Some(NodeState::Failed), Some(handler)) => {
                    let error = self.node(handler).error_message.as_deref();
                    lines.push(messages::not_undone(node, self.graph().node(handler), error));
                }
                _ => left.push(node.id.as_str()),
            }
        }
        if let Some(reason) = stopped {
            lines.push(messages::compensation_stopped(reason, &left));
        }
        end.message = (!lines.is_empty()).then(|| lines.join("\n").into());
        end.by = end.by.or_else(|| asked.0.by.clone());
        end
    }

    fn handler_state(&self, undone: NodeIndex) -> Option<&NodeState> {
        self.graph().handlers.of(undone).map(|handler| &self.node(handler).state)
    }
}

impl PlannedEnd {
    /// Returns why the execution does not complete.
    fn error(&self) -> Option<ExecutionError> {
        let message = self.message.as_ref().map(Arc::clone)?;
        Some(ExecutionError { message, class: self.class, node: self.node })
    }
}
