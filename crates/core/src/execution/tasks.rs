//! Calls that a server does as a task: stored when the server has accepted them, and waited for from then on.
//!
//! A task outlives the attempt that began it. Whatever ends that one, the next attempt waits for the same task, and the call is
//! made again only when the task has ended without a result, or was given up and the server was asked to end it.

use std::sync::Arc;

use super::decide::Decider;
use super::{Effect, NodeExecution};
use crate::event::Event;
use crate::failure::{ErrorClass, Failure};
use crate::ids::{NodeIndex, StepKey};
use crate::payload::Payload;
use crate::remote_task::{AwaitedTask, RemoteTask};
use crate::work::{Outcome, Task, Work};

impl Decider<'_> {
    /// Stores the task that a server has begun for a call, and waits for it.
    pub(super) fn await_task(&mut self, node: NodeIndex, step: &StepKey, work: Box<Work>) {
        let Some(task) = work.remote_task.clone() else {
            let failure = Failure::new(ErrorClass::Internal, "A call goes on without a task");
            return self.end_step(node, step, Outcome::failed(failure));
        };
        self.emit(Event::TaskStarted { node, step: step.clone(), task });
        self.decision.effects.push(Effect::StartStep(work));
    }

    /// Takes in that the task of a call has ended.
    pub(super) fn end_task(&mut self, node: NodeIndex, step: &StepKey) {
        if self.execution.node(node).task_of(step).is_some() {
            self.emit(Event::TaskEnded { node, step: step.clone() });
        }
    }

    /// Gives the task of a call up.
    pub(super) fn cancel_task(&mut self, node: NodeIndex, step: &StepKey) {
        let Some(task) = self.execution.node(node).task_of(step).cloned() else { return };
        self.emit(Event::TaskEnded { node, step: step.clone() });
        let work = self.cancelling(node, step, task);
        self.decision.effects.push(Effect::CancelTask(Box::new(work)));
    }

    /// Gives all tasks of a node up.
    pub(super) fn cancel_tasks(&mut self, node: NodeIndex) {
        while let Some(awaited) = self.execution.node(node).tasks.all().first() {
            let step = awaited.step.clone();
            self.cancel_task(node, &step);
        }
    }

    /// Returns the work of asking a server to end a task.
    fn cancelling(&self, node: NodeIndex, step: &StepKey, task: Arc<RemoteTask>) -> Work {
        let state = self.execution.node(node);
        Work {
            tenant: self.flow.tenant,
            flow: self.flow.flow_id,
            execution: self.execution.id,
            node,
            node_id: self.node(node).id.clone(),
            attempt: state.running_attempt().unwrap_or_else(|| state.next_attempt()),
            step: step.of_cancel(),
            task: Task::CancelTask {
                agent_id: task.agent,
                version: self.execution.accepted.agents.get(&task.agent).copied(),
            },
            input: Payload::null(),
            secrets: Arc::default(),
            stop_at: None,
            has_own_timeout: false,
            previous_error: None,
            session: None,
            remote_task: Some(task),
            trace: self.execution.trace(),
        }
    }
}

impl NodeExecution {
    /// Returns the task that a server does this call as.
    pub fn task_of(&self, step: &StepKey) -> Option<&Arc<RemoteTask>> {
        self.tasks.all().iter().find(|awaited| awaited.step == *step).map(|awaited| &awaited.task)
    }

    /// Returns whether all calls that are under way only ask about tasks.
    pub fn only_awaits_tasks(&self) -> bool {
        !self.tasks.all().is_empty() && self.open_calls().iter().all(|call| self.task_of(call).is_some())
    }

    pub(super) fn task_started(&mut self, step: &StepKey, task: &Arc<RemoteTask>) {
        self.tasks.push(AwaitedTask { step: step.clone(), task: Arc::clone(task) });
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.has_progress = true;
        }
    }

    /// Checks that an event about a task can follow.
    pub(super) fn check_task(&self, event: &Event) -> Result<(), &'static str> {
        if let Event::TaskStarted { step, .. } = event {
            if self.running_attempt().is_none() {
                return Err("a task began outside an attempt");
            }
            if self.task_of(step).is_some() {
                return Err("a call has two tasks at once");
            }
        }
        if let Event::TaskEnded { step, .. } = event
            && self.task_of(step).is_none()
        {
            return Err("a task ended that was not waited for");
        }
        Ok(())
    }
}
