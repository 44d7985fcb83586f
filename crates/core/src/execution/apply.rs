//! `apply`: the only place where an execution's state changes, live and on replay. It cannot fail.
//!
//! Replaying a stored journal checks each event first ([`Execution::replay`]); what our own `decide` emits is held to the same
//! rules by assertions.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::budget::Spending;
use super::messages;
use super::node::{AttemptError, AttemptRecord, NodeExecution, NodeState};
use super::{EdgeState, Execution, ExecutionError, ExecutionStatus, Pinned};
use crate::event::{Accepted, Event, Resolution, StepResult};
use crate::flow::EdgeTrigger;
use crate::ids::{Attempt, EdgeIndex, ExecutionId, NodeIndex, StepKey};
use crate::payload::Payload;
use crate::status::Wait;
use crate::step::StepRecord;
use crate::timestamp::Timestamp;
use crate::usage::Usage;

impl Execution {
    /// Returns the state of an execution that has just been accepted, before any event.
    pub(super) fn new(id: ExecutionId, pinned: Pinned, accepted: Box<Accepted>, at: Timestamp) -> Self {
        let Pinned { flow, children: child_flows, agents, cipher } = pinned;
        let graph = &flow.flow.graph;
        Self {
            id,
            worker: Arc::clone(&accepted.worker),
            seq: 0,
            status: ExecutionStatus::Pending,
            created_at: at,
            started_at: None,
            completed_at: None,
            deadline: None,
            error: None,
            nodes: graph.nodes.iter().map(|_| NodeExecution::default()).collect(),
            edges: vec![EdgeState::Undecided; graph.edges.len()],
            undoable: Vec::new(),
            compensation: None,
            active: Vec::new(),
            bytes: accepted.data_bytes(),
            is_cut: false,
            is_paused_with_all: false,
            slots_asked: BTreeSet::new(),
            waits_stored: BTreeSet::new(),
            spending: flow.flow.settings.budget.map(|budget| Box::new(Spending::new(budget))),
            accepted,
            flow,
            child_flows,
            agents,
            cipher,
        }
    }

    /// Changes the state as `event` says. The only way in which it changes.
    pub(super) fn apply(&mut self, event: &Event, at: Timestamp) {
        assert!(!self.status.is_finished(), "nothing follows the end of an execution");
        self.bytes += event.data_bytes();
        if let Some(spending) = &mut self.spending {
            spending.apply(event);
        }
        if let Event::AttemptStarted { node, .. }
        | Event::StepStarted { node, .. }
        | Event::AttemptFailed { node, .. } = event
        {
            self.slots_asked.remove(node);
        }
        match event {
            Event::Accepted(_) => {}
            Event::Started => self.apply_started(at),
            Event::Adopted { worker } => self.worker = Arc::clone(worker),
            Event::AttemptStarted { node, attempt, input, reserved: _ } => {
                self.apply_attempt_started(*node, *attempt, input.as_ref(), at);
            }
            Event::AttemptFailed { .. } => self.apply_attempt_failed(event, at),
            Event::AttemptReleased { node, .. } => self.apply_attempt_released(*node, at),
            Event::NodeCompleted { node, output, not_taken, usage, reused } => {
                self.apply_completed(*node, output, usage.as_ref(), *reused, at);
                self.decide_edges(*node, EdgeTrigger::Completed, not_taken);
            }
            Event::NodeFailed { node, not_taken } => self.apply_node_failed(*node, not_taken, at),
            Event::NodeSkipped { node } => {
                self.end_node(*node, NodeState::Skipped, at);
                self.decide_no_edge(*node);
            }
            Event::NodeWaiting { node, wait } => self.apply_waiting(*node, *wait, at),
            Event::EventAwaited { node, wait } => self.apply_event_awaited(*node, wait, at),
            Event::SessionTaken { node, part } => {
                self.nodes[node.at()].session = Some(Box::new(part.clone()));
            }
            Event::StepStarted { node, step, input, stop_at, tokens, tool: _, reserved: _ } => {
                let begun = StepRecord::begun(step, at);
                let (input, stop_at, tokens) = (input.clone(), *stop_at, *tokens);
                self.apply_step_started(*node, StepRecord { input, stop_at, tokens, ..begun });
            }
            Event::StepEnded { node, step, result, usage, unspent: _ } => {
                self.apply_step_ended(*node, step, result, usage.as_ref(), at);
            }
            Event::TaskStarted { node, step, task } => self.nodes[node.at()].task_started(step, task),
            Event::TaskResumed { node, step } => self.apply_task_resumed(*node, step, at),
            Event::TaskEnded { node, step } => self.nodes[node.at()].task_ended(step),
            Event::ApprovalRequested { .. } => self.apply_approval_requested(event, at),
            Event::ApprovalDecided { .. } => self.apply_approval_decided(event, at),
            Event::ChildrenStarted { node, children } => self.apply_children_started(*node, children),
            Event::ChildEnded { node, child, end } => {
                self.nodes[node.at()].children.get_or_insert_default().end(*child, end);
            }
            Event::BackoffEnded { node, .. } => {
                self.nodes[node.at()].state = NodeState::Backoff { retry_at: at }
            }
            Event::Resolved { node, resolution, .. } => self.apply_resolved(*node, resolution, at),
            Event::Paused { with_all, .. } => {
                (self.status, self.is_paused_with_all) = (ExecutionStatus::Paused, *with_all);
            }
            Event::Resumed { .. } => self.status = self.status_when_not_held(),
            Event::CompensationStarted { end, order } => {
                self.cancel_open_nodes(at);
                self.apply_compensation_started(end, order);
            }
            Event::Finished { status, message, class, node, .. } => {
                let message =
                    message.clone().map(|message| ExecutionError { message, class: *class, node: *node });
                self.apply_finished(*status, message, at);
            }
        }
    }

    fn apply_started(&mut self, at: Timestamp) {
        self.started_at = Some(at);
        self.status = ExecutionStatus::Running;
        let own = self.flow.flow.settings.timeout_seconds.map(|timeout| at.plus(timeout.duration()));
        let inherited = self.accepted.parent.as_ref().and_then(|parent| parent.deadline);
        self.deadline = own.into_iter().chain(inherited).min();
    }

    const fn status_when_not_held(&self) -> ExecutionStatus {
        if self.started_at.is_some() { ExecutionStatus::Running } else { ExecutionStatus::Pending }
    }

    fn apply_attempt_started(
        &mut self,
        node: NodeIndex,
        attempt: Attempt,
        input: Option<&Payload>,
        at: Timestamp,
    ) {
        let own_limit = self.graph().node(node).attempt_timeout.map(|timeout| at.plus(timeout));
        let stop_at = own_limit.into_iter().chain(self.deadline).min();
        let worker = Arc::clone(&self.worker);
        self.activate(node);
        let node = &mut self.nodes[node.at()];
        node.state = NodeState::Running { stop_at };
        // What its server asks for may not be answered yet.
        node.held_since = (!node.tasks.all().is_empty() && node.is_held()).then_some(at);
        node.started_at.get_or_insert(at);
        if input.is_some() {
            node.input = input.cloned();
        }
        // What may follow the attempt that begins is one less than what could follow the one before.
        if let Some(error) = node.attempts.last().and_then(|attempt| attempt.error.as_ref())
            && error.retries_left > 0
        {
            node.error_message = Some(messages::will_retry(&error.message, error.retries_left - 1));
        }
        // Most nodes take one attempt, and executions are many.
        if node.attempts.is_empty() {
            node.attempts = Vec::with_capacity(1);
        } else {
            node.attempts.reserve_exact(1);
        }
        node.attempts.push(AttemptRecord {
            attempt,
            started_at: at,
            ended_at: None,
            error: None,
            retry_at: None,
            usages: Vec::new(),
            worker,
            released: false,
            has_progress: false,
        });
    }

    fn apply_attempt_failed(&mut self, event: &Event, at: Timestamp) {
        let Event::AttemptFailed {
            node: index,
            class,
            message,
            status,
            body,
            retry_at,
            retries_left,
            gave_up,
            usage,
            ..
        } = event
        else {
            return;
        };
        let deadline = self.deadline;
        let node = &mut self.nodes[index.at()];
        if let Some(attempt) = node.attempts.last_mut() {
            attempt.ended_at = Some(at);
            attempt.retry_at = *retry_at;
            attempt.usages.extend(usage.clone());
            attempt.error = Some(AttemptError {
                class: *class,
                message: Arc::clone(message),
                status: *status,
                body: body.clone(),
                retries_left: *retries_left,
            });
        }
        node.error_class = Some(*class);
        node.error_message = Some(match retry_at {
            Some(retry_at) if deadline.is_some_and(|deadline| *retry_at >= deadline) => {
                messages::retry_after_deadline(message)
            }
            Some(_) => messages::will_retry(message, *retries_left),
            None => messages::all_attempts(&node.attempts, gave_up.as_deref()),
        });
        if let Some(retry_at) = *retry_at {
            node.state = NodeState::Backoff { retry_at };
        }
        node.drop_open_parts();
    }

    fn apply_step_started(&mut self, node: NodeIndex, step: StepRecord) {
        let node = &mut self.nodes[node.at()];
        let number = node.steps.len() + node.past.len() + 1;
        if let Some(place) = node.steps.iter().position(|known| known.key == step.key) {
            node.past.push(node.steps.remove(place).past());
        }
        node.go_on_at(step.started_at, self.deadline);
        let attempt = node.last_attempt();
        node.steps.push(StepRecord { number, attempt, ..step });
    }

    fn apply_step_ended(
        &mut self,
        node: NodeIndex,
        key: &StepKey,
        result: &StepResult,
        usage: Option<&Arc<Usage>>,
        at: Timestamp,
    ) {
        let node = &mut self.nodes[node.at()];
        let ended = node.steps.iter_mut().find(|known| known.key == *key);
        let ended = ended.expect("a call that ends has begun");
        (ended.ended_at, ended.result, ended.usage) = (Some(at), Some(result.clone()), usage.cloned());
        if let (Some(child), Some(children)) = (ended.child, &mut node.children) {
            children.give_up(child);
        }
        if let Some(attempt) = node.attempts.last_mut() {
            attempt.usages.extend(usage.cloned());
            attempt.has_progress = true;
        }
        node.held_since = node.is_held().then_some(at);
    }

    fn apply_attempt_released(&mut self, node: NodeIndex, at: Timestamp) {
        let node = &mut self.nodes[node.at()];
        node.state = NodeState::Backoff { retry_at: at };
        if let Some(attempt) = node.attempts.last_mut() {
            attempt.ended_at = Some(at);
            attempt.released = true;
        }
        node.drop_open_parts();
    }

    fn apply_completed(
        &mut self,
        index: NodeIndex,
        output: &Payload,
        usage: Option<&Arc<Usage>>,
        reused: bool,
        at: Timestamp,
    ) {
        let takes_attempts = self.graph().node(index).kind.room().about().traits.takes_attempts;
        if takes_attempts && !reused && self.node(index).attempts.is_empty() {
            // A pure node begins and ends within one decision, which says so only once.
            self.apply_attempt_started(index, Attempt::FIRST, None, at);
        }
        self.end_node(index, NodeState::Completed, at);
        let is_own = || !reused || !self.accepted.is_borrowed(&self.graph().node(index).id);
        if self.graph().handlers.of(index).is_some() && is_own() {
            self.undoable.push(index);
        }
        let node = &mut self.nodes[index.at()];
        node.output = Some(output.clone());
        node.reused = reused;
        node.error_message = None;
        node.error_class = None;
        if let Some(attempt) = node.attempts.last_mut().filter(|attempt| attempt.ended_at.is_none()) {
            attempt.ended_at = Some(at);
            attempt.usages.extend(usage.cloned());
        }
        node.drop_all_parts();
        if let Some(children) = &mut node.children {
            // Its output has what counts of their results.
            children.shed();
        }
    }

    fn apply_node_failed(&mut self, node: NodeIndex, not_taken: &[EdgeIndex], at: Timestamp) {
        self.end_node(node, NodeState::Failed, at);
        self.nodes[node.at()].drop_all_parts();
        self.decide_edges(node, EdgeTrigger::Error, not_taken);
    }

    pub(super) fn apply_waiting(&mut self, index: NodeIndex, wait: Wait, at: Timestamp) {
        self.activate(index);
        let node = &mut self.nodes[index.at()];
        node.state = NodeState::Waiting(wait);
        node.started_at.get_or_insert(at);
    }

    fn apply_resolved(&mut self, index: NodeIndex, resolution: &Resolution, at: Timestamp) {
        let node = &mut self.nodes[index.at()];
        match resolution {
            Resolution::Retry => {
                node.spent = node.attempts.len();
                node.state = NodeState::Backoff { retry_at: at };
            }
            Resolution::Complete { .. } => {}
            Resolution::Fail { message } => node.error_message = Some(Arc::clone(message)),
        }
    }

    fn apply_finished(&mut self, status: ExecutionStatus, error: Option<ExecutionError>, at: Timestamp) {
        self.cancel_open_nodes(at);
        self.end_handlers(at);
        self.status = status;
        self.completed_at = Some(at);
        self.error = error;
    }

    /// Ends all nodes that have not ended, but for those that undo others and have not begun.
    fn cancel_open_nodes(&mut self, at: Timestamp) {
        let flow = Arc::clone(&self.flow);
        let handlers = &flow.flow.graph.handlers;
        let is_to_come = |node: &NodeExecution, at| node.state == NodeState::Pending && handlers.has(at);
        let all = (0..).map(NodeIndex).zip(&mut self.nodes);
        for (_, node) in all.filter(|(at, node)| !node.is_ended() && !is_to_come(node, *at)) {
            let said_more_follow = matches!(
                node.state,
                NodeState::Backoff { .. }
                    | NodeState::Running { .. }
                    | NodeState::Waiting(Wait::Slot | Wait::Session)
            );
            if said_more_follow && node.error_message.is_some() {
                node.error_message = Some(messages::attempt_lines(&node.attempts).into());
            }
            node.state = NodeState::Cancelled;
            node.completed_at = Some(at);
            node.drop_all_parts();
            if let Some(attempt) = node.attempts.last_mut() {
                attempt.ended_at.get_or_insert(at);
            }
        }
        self.active.clear();
    }

    fn activate(&mut self, node: NodeIndex) {
        if !self.active.contains(&node) {
            self.active.push(node);
        }
    }

    pub(super) fn end_node(&mut self, index: NodeIndex, state: NodeState, at: Timestamp) {
        self.active.retain(|&active| active != index);
        let node = &mut self.nodes[index.at()];
        assert!(!node.is_ended(), "a node ends once");
        node.state = state;
        node.completed_at = Some(at);
    }

    fn decide_edges(&mut self, node: NodeIndex, trigger: EdgeTrigger, not_taken: &[EdgeIndex]) {
        let flow = Arc::clone(&self.flow);
        for &edge in &flow.flow.graph.outgoing[node.at()] {
            let taken = flow.flow.graph.edge(edge).on == trigger && !not_taken.contains(&edge);
            self.edges[edge.at()] = if taken { EdgeState::Taken } else { EdgeState::NotTaken };
        }
    }

    fn decide_no_edge(&mut self, node: NodeIndex) {
        let flow = Arc::clone(&self.flow);
        for &edge in &flow.flow.graph.outgoing[node.at()] {
            self.edges[edge.at()] = EdgeState::NotTaken;
        }
    }
}
