//! `decide`: what follows from an input.
//!
//! One `decide` moves the execution as far as possible without calls: nodes that do no work complete here, edges
//! are decided, nodes that nothing leads to are skipped, and attempts begin where work is needed.

use std::cell::RefCell;
use std::sync::Arc;

use super::node::NodeState;
use super::start::Readiness;
use super::{Decision, Effect, Execution, ExecutionStatus, FlowVersion, Input, Rejected, Stopped, messages};
use crate::caller::Actor;
use crate::event::{Event, PlannedEnd, Resolution};
use crate::expression::Meter;
use crate::failure::{ErrorClass, Failure};
use crate::ids::{NodeId, NodeIndex};
use crate::inbox::Signal;
use crate::node::Resumed;
use crate::status::Wait;
use crate::timestamp::Timestamp;
use crate::work::CallKey;

impl Execution {
    /// Decides what `input` means at `now`: applies the events that follow and appends them, with the effects that
    /// depend on them, to `decision`.
    ///
    /// # Errors
    /// [`Rejected`] if the input changes nothing, e.g. the result of an attempt that already timed out; `decision` is
    /// then as it was.
    pub fn decide(&mut self, input: Input, now: Timestamp, decision: &mut Decision) -> Result<(), Rejected> {
        if let Input::RetryNow { node, .. } | Input::Resolve { node, .. } | Input::Approve { node, .. } =
            &input
            && self.graph().find(node.as_str()).is_none()
        {
            return Err(Rejected::NoSuchNode(node.clone()));
        }
        if let Input::Approve { node, answer, .. } = &input {
            self.check_answer(node, answer)?;
        }
        if self.status.is_finished() {
            return Err(Rejected::Finished(self.status));
        }
        // What the last decide left open was left on purpose.
        decision.open.clear();
        let flow = Arc::clone(&self.flow);
        let meter = RefCell::new(Meter::new(0));
        let mut decider = Decider { execution: self, flow: &flow, now, decision, meter, granted: None };
        match input {
            Input::Start => decider.start()?,
            Input::StepEnded { call, outcome } => decider.step_ended(&call, outcome)?,
            Input::ChildEnded { node, child, end } => decider.child_ended(node, child, end)?,
            Input::SlotAnswered(answer) => decider.slot_answered(answer)?,
            Input::SessionAnswered { node, answer } => decider.session_answered(node, answer)?,
            Input::EventAnswered(answer) => decider.event_answered(*answer)?,
            Input::EventArrived { node, event } => decider.event_arrived(node, &event)?,
            Input::Interrupt { node, by } => decider.interrupt(node, by)?,
            Input::Tick => decider.tick(),
            Input::Adopt { worker } => decider.adopt(worker),
            Input::Release => decider.release(),
            Input::Refused { reason } => decider.finish(End::refused(&reason)),
            Input::Cancel { message, by } => decider.cancel(message, by)?,
            Input::StopCompensation { by } => decider.stop_compensation(by)?,
            Input::Pause { by } => decider.pause(by)?,
            Input::PauseWithAll { by } => decider.pause_with_all(by)?,
            Input::Resume { by } => decider.resume_execution(by)?,
            Input::ResumeLater { by } => decider.resume_later(by)?,
            Input::ResumeWithAll { by } => decider.resume_with_all(by)?,
            Input::RetryNow { node, by } => decider.retry_now(node, by)?,
            Input::Resolve { node, resolution, by } => decider.resolve(node, resolution, by)?,
            Input::Approve { node, answer, by } => decider.approve(node, answer, by)?,
        }
        decider.settle();
        if decider.check_size() {
            decider.settle();
        }
        self.is_cut = self.is_cut && self.can_go_on();
        Ok(())
    }
}

/// One run of `decide`: the execution as it becomes, and what that takes.
pub(super) struct Decider<'a> {
    pub(super) execution: &'a mut Execution,
    pub(super) flow: &'a FlowVersion,
    pub(super) now: Timestamp,
    pub(super) decision: &'a mut Decision,
    /// Counts what is evaluated, one node after the other.
    pub(super) meter: RefCell<Meter>,
    /// The call that has a slot of its agent.
    pub(super) granted: Option<CallKey>,
}

impl Decider<'_> {
    pub(super) fn emit(&mut self, mut event: Event) {
        self.execution.mask_messages(&mut event);
        self.decision.spent.bytes += event.data_bytes();
        self.execution.apply(&event, self.now);
        self.decision.events.push(event);
    }

    /// Returns whether the execution has ended, be it because it holds too much.
    fn has_ended(&mut self) -> bool {
        self.check_size();
        self.execution.status.is_finished()
    }

    /// Returns whether the decision ends here because it has taken its share, and leaves something to the next one.
    fn cuts(&mut self) -> bool {
        let cuts = self.decision.is_full(&self.flow.limits) && self.execution.can_go_on();
        self.execution.is_cut |= cuts;
        cuts
    }

    /// Ends an execution that holds more than it may. Returns whether it did.
    fn check_size(&mut self) -> bool {
        let holds_too_much = self.execution.bytes > self.flow.limits.execution_bytes_max
            && self.execution.bytes > self.execution.bytes_max()
            && !self.execution.status.is_finished();
        if holds_too_much {
            self.finish(End::holds_too_much(self.flow.limits.execution_bytes_max));
        }
        holds_too_much
    }

    fn start(&mut self) -> Result<(), Rejected> {
        if self.execution.status != ExecutionStatus::Pending {
            return Err(Rejected::WrongStatus(self.execution.status));
        }
        self.emit(Event::Started);
        self.open_all();
        Ok(())
    }

    /// Checks every node: those that start the flow begin, those that nothing can reach are skipped.
    fn open_all(&mut self) {
        let all = 0..self.execution.nodes.len();
        self.decision.open.extend(all.rev().filter_map(|at| u16::try_from(at).ok()).map(NodeIndex));
    }

    fn tick(&mut self) {
        if self.execution.deadline.is_some_and(|deadline| deadline <= self.now) {
            return self.finish(End::failed(self.timed_out(), Some(ErrorClass::Timeout), None));
        }
        let held = self.execution.status == ExecutionStatus::Paused;
        for node in self.execution.active.clone() {
            // What is due stays so, and follows in the next decision.
            if self.has_ended() || self.decision.is_full(&self.flow.limits) {
                return;
            }
            if !held {
                self.refuse_overdue_approvals(node);
            }
            match self.execution.node(node).state {
                NodeState::Running { stop_at: Some(stop_at) }
                    if stop_at <= self.now && !self.execution.node(node).is_held() =>
                {
                    self.stop_attempt(node)
                }
                NodeState::Running { .. } => self.stop_overdue_steps(node),
                NodeState::Backoff { retry_at } if !held && retry_at <= self.now => self.begin(node),
                NodeState::Waiting(Wait::Delay { until }) if !held && until <= self.now => {
                    self.resume(node, Resumed::Elapsed, None)
                }
                NodeState::Waiting(Wait::Event { until: Some(until) }) if !held && until <= self.now => {
                    self.look_once_more(node)
                }
                NodeState::Pending
                | NodeState::Backoff { .. }
                | NodeState::Waiting(_)
                | NodeState::Completed
                | NodeState::Failed
                | NodeState::Cancelled
                | NodeState::Skipped => {}
            }
        }
        if self.execution.is_cut {
            self.go_on_after_cut();
        }
    }

    /// Decides what earlier decisions left, or what was held back during a pause.
    fn go_on_after_cut(&mut self) {
        self.begin_held();
        self.open_all();
    }

    /// The message of an execution that reached its deadline: its own timeout, or that of the execution that started it.
    fn timed_out(&self) -> Arc<str> {
        let inherited = self.execution.accepted.parent.as_ref().and_then(|parent| parent.deadline);
        match self.flow.flow.settings.timeout_seconds {
            Some(timeout) if self.execution.deadline != inherited => messages::timed_out(timeout),
            Some(_) | None => "Stopped at the deadline of the execution that started this one".into(),
        }
    }

    /// The own timeout of an attempt expires: its calls are stopped before anything else follows.
    fn stop_attempt(&mut self, node: NodeIndex) {
        self.stop_calls(node, Stopped::Overdue);
        self.cancel_tasks(node);
        self.give_up_flows(node);
        let timeout = self.flow.flow.graph.node(node).attempt_timeout.unwrap_or_default();
        let failure = Failure::new(ErrorClass::Timeout, messages::attempt_timed_out(timeout));
        self.attempt_failed(node, failure, None);
    }

    fn adopt(&mut self, worker: Arc<str>) {
        self.emit(Event::Adopted { worker });
        for node in self.calling_nodes() {
            if self.execution.node(node).only_awaits_tasks() {
                // Nothing is unknown, and nothing is done twice.
                self.release_attempt(node);
                continue;
            }
            let failure = Failure::new(
                ErrorClass::Interrupted,
                "The process stopped during this attempt; whether its work was done is unknown",
            );
            self.attempt_failed(node, failure, None);
        }
    }

    fn release(&mut self) {
        for node in self.calling_nodes() {
            self.stop_calls(node, Stopped::Unwanted);
            self.release_attempt(node);
        }
    }

    fn release_attempt(&mut self, node: NodeIndex) {
        if let Some(attempt) = self.execution.node(node).running_attempt() {
            self.emit(Event::AttemptReleased { node, attempt });
        }
    }

    fn calling_nodes(&self) -> Vec<NodeIndex> {
        let calls = |node: &NodeIndex| self.execution.node(*node).has_open_call();
        self.execution.active.iter().copied().filter(calls).collect()
    }

    /// One that is paused with everything stays paused afterwards.
    fn pause(&mut self, by: Actor) -> Result<(), Rejected> {
        if self.execution.status == ExecutionStatus::Paused && !self.execution.is_paused_with_all() {
            return Err(Rejected::WrongStatus(self.execution.status));
        }
        self.emit(Event::Paused { by, with_all: false });
        self.signal_children(|by| Signal::Pause { by });
        Ok(())
    }

    /// Its children are of the same tenant, and each is paused by itself.
    fn pause_with_all(&mut self, by: Actor) -> Result<(), Rejected> {
        if self.execution.status == ExecutionStatus::Paused {
            return Err(Rejected::WrongStatus(self.execution.status));
        }
        self.emit(Event::Paused { by, with_all: true });
        Ok(())
    }

    fn resume_execution(&mut self, by: Actor) -> Result<(), Rejected> {
        if self.execution.status != ExecutionStatus::Paused {
            return Err(Rejected::WrongStatus(self.execution.status));
        }
        self.emit(Event::Resumed { by });
        self.signal_children(|by| Signal::Resume { by });
        self.go_on_after_pause();
        Ok(())
    }

    fn resume_later(&mut self, by: Actor) -> Result<(), Rejected> {
        if self.execution.status != ExecutionStatus::Paused || self.execution.is_paused_with_all() {
            return Err(Rejected::WrongStatus(self.execution.status));
        }
        self.emit(Event::Paused { by, with_all: true });
        self.signal_children(|by| Signal::Resume { by });
        Ok(())
    }

    fn resume_with_all(&mut self, by: Actor) -> Result<(), Rejected> {
        if !self.execution.is_paused_with_all() {
            return Err(Rejected::WrongStatus(self.execution.status));
        }
        self.emit(Event::Resumed { by });
        self.go_on_after_pause();
        Ok(())
    }

    fn go_on_after_pause(&mut self) {
        if self.execution.started_at.is_some() {
            self.execution.is_cut = true;
            self.tick();
        }
    }

    /// Goes on with the nodes that would have made a call or started a child while the execution was paused, and with those
    /// that wait for a slot or an event for which nobody has asked.
    fn begin_held(&mut self) {
        let held = self.execution.status == ExecutionStatus::Paused;
        for node in self.execution.active.clone() {
            if self.has_ended() || self.cuts() {
                return;
            }
            if self.execution.is_to_ask_for_event(node) {
                self.ask_for_event(node);
            } else if !held
                && (self.execution.is_to_go_on(node) || self.execution.node(node).may_start_children())
            {
                self.begin(node);
            }
        }
    }

    fn retry_now(&mut self, id: NodeId, by: Actor) -> Result<(), Rejected> {
        let node = self.find(id)?;
        if !matches!(self.execution.node(node).state, NodeState::Backoff { .. }) {
            return Err(Rejected::NotWaiting);
        }
        self.emit(Event::BackoffEnded { node, by });
        self.begin_unless_held(node);
        Ok(())
    }

    fn resolve(&mut self, id: NodeId, resolution: Resolution, by: Actor) -> Result<(), Rejected> {
        let node = self.find(id)?;
        if self.execution.node(node).state != NodeState::Waiting(Wait::Decision) {
            return Err(Rejected::NotWaiting);
        }
        self.emit(Event::Resolved { node, resolution: resolution.clone(), by });
        match resolution {
            Resolution::Retry => self.begin_unless_held(node),
            Resolution::Complete { output } => self.complete(node, output, None),
            Resolution::Fail { .. } => self.node_failed(node),
        }
        Ok(())
    }

    pub(super) fn find(&self, id: NodeId) -> Result<NodeIndex, Rejected> {
        self.flow.flow.graph.find(id.as_str()).ok_or(Rejected::NoSuchNode(id))
    }

    fn begin_unless_held(&mut self, node: NodeIndex) {
        if self.execution.status == ExecutionStatus::Running {
            self.begin(node);
        }
    }

    /// Continues until nothing is left that can be decided without a call.
    fn settle(&mut self) {
        while let Some(node) = self.decision.open.pop() {
            if self.has_ended() || self.cuts() {
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
            && self.execution.is_through();
        if is_done {
            self.finish(End::completed());
        }
    }

    pub(super) fn open_successors(&mut self, node: NodeIndex) {
        let graph = &self.flow.flow.graph;
        let successors = graph.outgoing[node.at()].iter().rev().map(|&edge| graph.edge(edge).to);
        self.decision.open.extend(successors);
        self.decision.open.extend(self.execution.due_handler());
    }

    /// Stops what is in flight and what was about to start, and cancels children.
    pub(super) fn stop_all(&mut self) {
        for node in self.execution.active.clone() {
            self.stop_calls(node, Stopped::Unwanted);
            self.cancel_tasks(node);
            self.cancel_children(node);
            self.leave_session(node);
        }
        let stays = |effect: &Effect| {
            matches!(effect, Effect::StopStep(..) | Effect::CancelTask(_) | Effect::SessionLeft(_))
        };
        self.decision.effects.retain(stays);
    }
}

/// How an execution ends.
pub(super) struct End(pub(super) PlannedEnd);

impl End {
    const fn completed() -> Self {
        let status = ExecutionStatus::Completed;
        Self(PlannedEnd { status, message: None, class: None, node: None, by: None })
    }

    pub(super) const fn cancelled(message: Arc<str>, by: Actor) -> Self {
        let status = ExecutionStatus::Cancelled;
        Self(PlannedEnd { status, message: Some(message), class: None, node: None, by: Some(by) })
    }

    #[cold]
    fn holds_too_much(bytes_max: usize) -> Self {
        Self::failed(messages::holds_too_much(bytes_max), Some(ErrorClass::OutputTooLarge), None)
    }

    fn refused(reason: &str) -> Self {
        Self::failed(messages::refused(reason), Some(ErrorClass::Internal), None)
    }

    pub(super) const fn failed(
        message: Arc<str>,
        class: Option<ErrorClass>,
        node: Option<NodeIndex>,
    ) -> Self {
        Self(PlannedEnd { status: ExecutionStatus::Failed, message: Some(message), class, node, by: None })
    }
}
