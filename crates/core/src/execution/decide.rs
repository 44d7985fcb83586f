//! `decide`: what follows from an input.
//!
//! One `decide` carries the execution as far as it goes without the world: nodes that do no work complete here, edges
//! are decided, nodes that nothing leads to are skipped, and attempts begin where work is needed.

use std::sync::Arc;

use super::node::NodeState;
use super::start::Readiness;
use super::{Decision, Effect, Execution, ExecutionStatus, FlowVersion, Input, Rejected, messages};
use crate::event::{DecisionKind, Event, Wait};
use crate::failure::{ErrorClass, Failure};
use crate::ids::{Attempt, NodeIndex};
use crate::timestamp::Timestamp;
use crate::work::{Outcome, Usage};

impl Execution {
    /// Decides what `input` means at `now`: applies the events that follow and appends them, with the effects that
    /// rest on them, to `decision`.
    ///
    /// # Errors
    /// [`Rejected`] if the input changes nothing, e.g. the result of an attempt that already timed out; `decision` is
    /// then as it was.
    pub fn decide(&mut self, input: Input, now: Timestamp, decision: &mut Decision) -> Result<(), Rejected> {
        if self.status.is_finished() {
            return Err(Rejected::Finished(self.status));
        }
        let flow = Arc::clone(&self.flow);
        let mut decider = Decider { execution: self, flow: &flow, now, decision, open: Vec::new() };
        match input {
            Input::Start => decider.start()?,
            Input::AttemptEnded { node, attempt, outcome } => {
                decider.attempt_ended(node, attempt, outcome)?
            }
            Input::Tick => decider.tick(),
            Input::Adopt { worker } => decider.adopt(worker),
            Input::Release => decider.release(),
            Input::Cancel { message } => {
                decider.finish(ExecutionStatus::Cancelled, Some(message), None, None)
            }
            Input::Pause => decider.pause()?,
            Input::Resume => decider.resume()?,
            Input::RetryNow { node } => decider.retry_now(node)?,
            Input::Decide { node, decision } => decider.decided(node, decision)?,
        }
        decider.settle();
        Ok(())
    }
}

/// One run of `decide`: the execution as it becomes, and what that takes.
pub(super) struct Decider<'a> {
    pub(super) execution: &'a mut Execution,
    pub(super) flow: &'a FlowVersion,
    pub(super) now: Timestamp,
    pub(super) decision: &'a mut Decision,
    /// Nodes whose incoming edges have to be looked at.
    pub(super) open: Vec<NodeIndex>,
}

impl Decider<'_> {
    pub(super) fn emit(&mut self, event: Event) {
        self.execution.apply(&event, self.now);
        self.decision.events.push(event);
    }

    fn start(&mut self) -> Result<(), Rejected> {
        if self.execution.status != ExecutionStatus::Pending {
            return Err(Rejected::WrongStatus(self.execution.status));
        }
        self.emit(Event::Started);
        self.open_all();
        Ok(())
    }

    /// Every node is looked at: those that start it begin, those that nothing can reach are skipped.
    fn open_all(&mut self) {
        let all = 0..self.execution.nodes.len();
        self.open.extend(all.rev().filter_map(|at| u16::try_from(at).ok()).map(NodeIndex));
    }

    fn attempt_ended(&mut self, node: NodeIndex, attempt: Attempt, outcome: Outcome) -> Result<(), Rejected> {
        let running = self.execution.nodes.get(node.at()).and_then(|node| node.running_attempt());
        if running != Some(attempt) {
            return Err(Rejected::StaleAttempt);
        }
        match outcome.result {
            Ok(output) => self.complete(node, output, outcome.usage, false),
            Err(failure) => self.attempt_failed(node, failure, outcome.usage),
        }
        Ok(())
    }

    fn tick(&mut self) {
        if self.execution.deadline.is_some_and(|deadline| deadline <= self.now) {
            let timeout = self.flow.flow.settings.timeout_seconds.map(messages::timed_out);
            return self.finish(ExecutionStatus::Failed, timeout, Some(ErrorClass::Timeout), None);
        }
        let held = self.execution.status == ExecutionStatus::Paused;
        for node in self.execution.active.clone() {
            if self.execution.status.is_finished() {
                return;
            }
            match self.execution.node(node).state {
                NodeState::Running { stop_at: Some(stop_at) } if stop_at <= self.now => {
                    self.stop_attempt(node)
                }
                NodeState::Backoff { retry_at } if !held && retry_at <= self.now => self.start_attempt(node),
                NodeState::Waiting(Wait::Delay { until }) if !held && until <= self.now => {
                    self.delay_is_over(node)
                }
                NodeState::Pending
                | NodeState::Running { .. }
                | NodeState::Backoff { .. }
                | NodeState::Waiting(_)
                | NodeState::Completed
                | NodeState::Failed
                | NodeState::Cancelled
                | NodeState::Skipped => {}
            }
        }
    }

    /// An attempt's own timeout strikes: its work is stopped before anything else follows.
    fn stop_attempt(&mut self, node: NodeIndex) {
        if let Some(attempt) = self.execution.node(node).running_attempt() {
            self.decision.effects.push(Effect::StopAttempt { node, attempt });
        }
        let timeout = self.flow.flow.graph.node(node).attempt_timeout.unwrap_or_default();
        let failure = Failure::new(ErrorClass::Timeout, messages::attempt_timed_out(timeout));
        self.attempt_failed(node, failure, Usage::default());
    }

    fn adopt(&mut self, worker: Arc<str>) {
        self.emit(Event::Adopted { worker });
        for node in self.running_nodes() {
            if self.execution.status.is_finished() {
                return;
            }
            let failure = Failure::new(
                ErrorClass::Interrupted,
                "The process stopped during this attempt; whether its work was done is unknown",
            );
            self.attempt_failed(node, failure, Usage::default());
        }
    }

    fn release(&mut self) {
        for node in self.running_nodes() {
            if let Some(attempt) = self.execution.node(node).running_attempt() {
                self.emit(Event::AttemptReleased { node, attempt });
                self.decision.effects.push(Effect::StopAttempt { node, attempt });
            }
        }
    }

    fn running_nodes(&self) -> Vec<NodeIndex> {
        let running =
            |node: &NodeIndex| matches!(self.execution.node(*node).state, NodeState::Running { .. });
        self.execution.active.iter().copied().filter(running).collect()
    }

    fn pause(&mut self) -> Result<(), Rejected> {
        if self.execution.status == ExecutionStatus::Paused {
            return Err(Rejected::WrongStatus(self.execution.status));
        }
        self.emit(Event::Paused);
        Ok(())
    }

    fn resume(&mut self) -> Result<(), Rejected> {
        if self.execution.status != ExecutionStatus::Paused {
            return Err(Rejected::WrongStatus(self.execution.status));
        }
        self.emit(Event::Resumed);
        if self.execution.started_at.is_some() {
            self.tick();
            self.open_all();
        }
        Ok(())
    }

    fn retry_now(&mut self, node: NodeIndex) -> Result<(), Rejected> {
        let waits = |node: &super::NodeExecution| matches!(node.state, NodeState::Backoff { .. });
        if !self.execution.nodes.get(node.at()).is_some_and(waits) {
            return Err(Rejected::NotWaiting);
        }
        self.emit(Event::BackoffEnded { node });
        self.start_attempt_unless_held(node);
        Ok(())
    }

    fn decided(&mut self, node: NodeIndex, decision: DecisionKind) -> Result<(), Rejected> {
        let asks = |node: &super::NodeExecution| node.state == NodeState::Waiting(Wait::Decision);
        if !self.execution.nodes.get(node.at()).is_some_and(asks) {
            return Err(Rejected::NotWaiting);
        }
        self.emit(Event::Decided { node, decision: decision.clone() });
        match decision {
            DecisionKind::Retry => self.start_attempt_unless_held(node),
            DecisionKind::Complete { output } => self.complete(node, output, Usage::default(), false),
            DecisionKind::Fail { .. } => self.node_failed(node),
        }
        Ok(())
    }

    fn start_attempt_unless_held(&mut self, node: NodeIndex) {
        if self.execution.status == ExecutionStatus::Running {
            self.start_attempt(node);
        }
    }

    /// Goes on until nothing is left that can be decided without the world.
    fn settle(&mut self) {
        while let Some(node) = self.open.pop() {
            if self.execution.status.is_finished() {
                return;
            }
            match self.execution.readiness(node) {
                Readiness::Ready if self.execution.status == ExecutionStatus::Running => self.begin(node),
                Readiness::Unreachable => {
                    self.emit(Event::NodeSkipped { node });
                    self.open_successors(node);
                }
                Readiness::Ready | Readiness::Undecided | Readiness::Settled => {}
            }
        }
        let is_done = self.execution.started_at.is_some()
            && self.execution.active.is_empty()
            && !self.execution.status.is_finished()
            && self.execution.nodes.iter().all(super::NodeExecution::is_ended);
        if is_done {
            self.finish(ExecutionStatus::Completed, None, None, None);
        }
    }

    pub(super) fn open_successors(&mut self, node: NodeIndex) {
        let graph = &self.flow.flow.graph;
        self.open.extend(graph.outgoing[node.at()].iter().rev().map(|&edge| graph.edge(edge).to));
    }

    /// Ends the execution. What is in flight is stopped, and what was about to start does not.
    pub(super) fn finish(
        &mut self,
        status: ExecutionStatus,
        message: Option<Arc<str>>,
        class: Option<ErrorClass>,
        node: Option<NodeIndex>,
    ) {
        self.decision.effects.retain(|effect| matches!(effect, Effect::StopAttempt { .. }));
        for node in self.running_nodes() {
            if let Some(attempt) = self.execution.node(node).running_attempt() {
                self.decision.effects.push(Effect::StopAttempt { node, attempt });
            }
        }
        self.emit(Event::Finished { status, message, class, node });
    }
}
