//! Calls that a server does as a task: stored when the server has accepted them, and waited for from then on.
//!
//! A task outlives the attempt that began it. Whatever ends that one, the next attempt waits for the same task, and the call is
//! made again only when the task has ended without a result, or was given up and the server was asked to end it.

use std::sync::Arc;
use std::time::Duration;

use super::decide::Decider;
use super::{Effect, Execution, NodeExecution};
use crate::approval::{AwaitedInput, hash_of, input_key};
use crate::event::Event;
use crate::failure::{ErrorClass, Failure};
use crate::ids::{NodeIndex, StepKey};
use crate::input_request::{Dialog, InputAnswer, InputRequest};
use crate::payload::Payload;
use crate::remote_task::{AwaitedTask, RemoteTask};
use crate::step::StepRecord;
use crate::timestamp::Timestamp;
use crate::work::{Outcome, Task, Work};

impl Decider<'_> {
    /// Stores the task that a server has begun for a call, and waits for it.
    pub(super) fn await_task(&mut self, node: NodeIndex, step: &StepKey, work: Box<Work>) {
        if let Some(dialog) = work.dialog.as_ref().filter(|dialog| !dialog.requests.is_empty()) {
            let timeout = self.input_timeout(node, &work.task);
            return self.request_input(node, step, dialog.requests.clone(), timeout);
        }
        let Some(task) = work.remote_task.clone() else {
            let failure = Failure::new(ErrorClass::Internal, "A call goes on without a task");
            return self.end_step(node, step, Outcome::failed(failure));
        };
        self.emit(Event::TaskStarted { node, step: step.clone(), task });
        self.decision.effects.push(Effect::StartStep(work));
    }

    /// Suspends a call until people have answered what its server asks for.
    fn request_input(
        &mut self,
        node: NodeIndex,
        step: &StepKey,
        requests: Vec<InputRequest>,
        timeout: Option<Duration>,
    ) {
        let expires_at = timeout.map(|timeout| self.now.plus(timeout));
        for InputRequest { key, agent, tool, question } in requests {
            let number = self.execution.node(node).approvals.len() + 1;
            let input = Box::new(AwaitedInput { call: step.clone(), key, agent });
            self.emit(Event::ApprovalRequested {
                node,
                step: input_key(number),
                tool,
                hash: hash_of(&question),
                arguments: question,
                expires_at,
                input: Some(input),
            });
        }
    }

    /// Returns how long a request of a server waits: as a call of the tool that a model asked for waits for approval.
    fn input_timeout(&self, node: NodeIndex, task: &Task) -> Option<Duration> {
        let Task::Tool { tool, .. } = task else { return None };
        let (agent, skill) = self.node(node).kind.room().skill()?;
        let rules = self.execution.agents.as_ref()?.get(&agent)?.skill(skill)?.rules.as_ref()?;
        rules.approvals.get(&**tool)?.timeout
    }

    /// Goes on with a call whose server has asked for input, if all of that is answered. Returns whether the call may begin.
    pub(super) fn resume_task(&mut self, node: NodeIndex, step: &StepKey) -> bool {
        let state = self.execution.node(node);
        if state.waits_for_input(step) {
            return false;
        }
        if state.tasks.all().iter().any(|awaited| awaited.is_suspended && awaited.step == *step) {
            self.emit(Event::TaskResumed { node, step: step.clone() });
        }
        true
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
            dialog: None,
            trace: self.execution.trace(),
        }
    }
}

impl Execution {
    pub(super) fn apply_task_resumed(&mut self, node: NodeIndex, step: &StepKey, at: Timestamp) {
        let deadline = self.deadline;
        let node = &mut self.nodes[node.at()];
        node.tasks.set_suspended(step, false);
        if *step == StepKey::ONLY {
            node.go_on_at(at, deadline);
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
        self.tasks.push(AwaitedTask { step: step.clone(), task: Arc::clone(task), is_suspended: false });
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.has_progress = true;
        }
    }

    pub(super) fn task_ended(&mut self, step: &StepKey) {
        self.tasks.remove(step);
        let asked = self.approvals.iter_mut().filter(|approval| approval.is_input_of(step));
        asked.for_each(|approval| approval.is_over = true);
    }

    /// Returns whether the call is suspended until somebody answers what its server asks for.
    fn waits_for_input(&self, step: &StepKey) -> bool {
        self.approvals.iter().any(|approval| approval.is_open() && approval.is_input_of(step))
    }

    /// Returns what was answered to the task of this call.
    pub(super) fn dialog_of(&self, step: &StepKey) -> Option<Box<Dialog>> {
        let answers: Vec<InputAnswer> = self
            .approvals
            .iter()
            .filter(|approval| approval.is_input_of(step))
            .filter_map(|approval| {
                let key = Arc::clone(&approval.input.as_ref()?.key);
                Some(InputAnswer { key, verdict: approval.decided.as_ref()?.verdict.clone() })
            })
            .collect();
        (!answers.is_empty()).then(|| Box::new(Dialog { answers, requests: Vec::new() }))
    }

    /// Suspends a call. It is not under way until its task is resumed.
    pub(super) fn suspend_call(&mut self, step: &StepKey) {
        self.tasks.set_suspended(step, true);
        let open = |known: &StepRecord| known.is_open() && known.key == *step;
        self.past.extend(self.steps.iter().filter(|known| open(known)).map(StepRecord::past));
        self.steps.retain(|known| !open(known));
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
        if let Event::TaskResumed { step, .. } = event
            && (self.running_attempt().is_none() || self.waits_for_input(step))
        {
            return Err("a task was resumed that waits for input");
        }
        if let Event::TaskEnded { step, .. } | Event::TaskResumed { step, .. } = event
            && self.task_of(step).is_none()
        {
            return Err("a task ended that was not waited for");
        }
        Ok(())
    }
}
