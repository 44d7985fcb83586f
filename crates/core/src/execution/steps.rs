//! The calls of an attempt: how they begin, end, and are stopped.

use std::collections::BTreeMap;

use super::decide::Decider;
use super::session::readable;
use super::{Effect, Execution, ExecutionStatus, NodeExecution, NodeState, Rejected, Stopped, messages};
use crate::budget::{Amount, Budget};
use crate::event::{Event, StepResult};
use crate::failure::{ErrorClass, Failure};
use crate::file;
use crate::ids::{AgentId, Attempt, NodeIndex, StepKey};
use crate::node::{Resumed, Step};
use crate::payload::Payload;
use crate::protection::{SlotAnswer, SlotRequest};
use crate::session::is_summary;
use crate::status::Wait;
use crate::timestamp::Timestamp;
use crate::transcript;
use crate::work::{CallKey, Outcome, Task, Work};

impl Decider<'_> {
    /// Makes a call within the attempt under way, which begins with it if there is none. One that needs a slot of its agent,
    /// and has none, waits for it.
    ///
    /// # Errors
    /// Why the call can never have one.
    pub(super) fn start_step(&mut self, node: NodeIndex, step: Step) -> Result<(), Box<Failure>> {
        if let Some(limited) = self.decision.limited.clone()
            && let Some(request) = self.slot_request(node, &step, &limited)?
        {
            self.await_slot(node, request);
        } else {
            self.begin_step(node, step);
        }
        Ok(())
    }

    fn begin_step(&mut self, node: NodeIndex, step: Step) {
        let Step { key, task, input, secrets, timeout, is_constant, is_of_attempt, tokens, tool, reserved } =
            step;
        let is_only = key == StepKey::ONLY;
        let is_of_attempt = is_only || is_of_attempt;
        let is_known =
            is_constant || (is_of_attempt && self.execution.node(node).input.as_ref() == Some(&input));
        let recorded = (!is_known).then(|| input.clone());
        let (of_attempt, of_step) = if is_of_attempt { (recorded, None) } else { (None, recorded) };
        let mut stop_at = timeout.map(|timeout| self.now.plus(timeout));
        let has_own_timeout = timeout.is_some() || self.node(node).attempt_timeout.is_some();
        let (for_attempt, reserved) = if is_only { (reserved, None) } else { (None, reserved) };
        self.start_attempt(node, of_attempt, for_attempt);
        let has_tasks = !self.execution.node(node).tasks.all().is_empty();
        if has_tasks && !self.resume_task(node, &key) {
            return;
        }
        if !is_only {
            let step = key.clone();
            self.emit(Event::StepStarted { node, step, input: of_step, stop_at, tokens, tool, reserved });
        }
        let running = self.execution.node(node);
        let (remote_task, dialog) =
            if has_tasks { (running.task_of(&key).cloned(), running.dialog_of(&key)) } else { (None, None) };
        let session = self.execution.history(node, &task).map(Box::new);
        stop_at = stop_at.into_iter().chain(running.stop_at()).min();
        let work = Work {
            tenant: self.flow.tenant,
            flow: self.flow.flow_id,
            execution: self.execution.id,
            node,
            node_id: self.node(node).id.clone(),
            attempt: running.running_attempt().expect("the attempt has just begun, or runs"),
            step: key,
            task,
            input,
            secrets,
            stop_at,
            has_own_timeout,
            previous_error: running.previous_error(),
            session,
            remote_task,
            dialog,
            trace: self.execution.trace(),
        };
        self.decision.effects.push(Effect::StartStep(Box::new(work)));
    }

    /// Returns what a call has to ask for before it begins.
    fn slot_request(
        &self,
        node: NodeIndex,
        step: &Step,
        limited: &BTreeMap<AgentId, Option<Budget>>,
    ) -> Result<Option<Box<SlotRequest>>, Box<Failure>> {
        let Some(agent) = self.asked_agent(&step.task) else { return Ok(None) };
        // Questions about a task are no calls of the agent.
        if self.execution.node(node).task_of(&step.key).is_some() {
            return Ok(None);
        }
        let Some(budget) = limited.get(&agent) else { return Ok(None) };
        let state = self.execution.node(node);
        let attempt = state.running_attempt().unwrap_or_else(|| state.next_attempt());
        let call = CallKey { execution: self.execution.id, node, attempt, step: step.key.clone() };
        if self.granted.as_ref() == Some(&call) {
            return Ok(None);
        }
        let of_budget = match budget {
            None => None,
            Some(budget) => Some((*budget, self.most_of(node, step, budget)?.unwrap_or_default())),
        };
        let is_repeat = state.has_called(&step.key);
        let bytes =
            step.task.data_bytes() + file::text_bytes(&step.input) + self.history_bytes(node, &step.task);
        let flow = self.flow.flow_id;
        Ok(Some(Box::new(SlotRequest { call, agent, flow, is_repeat, bytes, of_budget })))
    }

    /// Returns the agent that a call asks.
    fn asked_agent(&self, task: &Task) -> Option<AgentId> {
        match task {
            Task::Skill { agent_id, .. } => Some(*agent_id),
            Task::Turn(turn) => Some(turn.agent_id),
            Task::Summary(summary) => Some(summary.agent_id),
            Task::Judge(judgement) => Some(judgement.agent_id),
            // It is not called.
            Task::Tool { refusal: Some(_), .. } => None,
            Task::Tool { agent_id, skill, tool, .. } => {
                let agent = self.execution.agents.as_ref()?.get(agent_id)?;
                agent.skill(skill)?.rules.as_ref()?.asked.get(&**tool).copied()
            }
            Task::ListTools { .. }
            | Task::CancelTask { .. }
            | Task::HttpRequest
            | Task::Message(_)
            | Task::Code(_)
            | Task::Echo => None,
        }
    }

    /// Lets a call wait. No attempt begins with that, and one that is under way stands still.
    fn await_slot(&mut self, node: NodeIndex, request: Box<SlotRequest>) {
        let state = self.execution.node(node);
        if state.running_attempt().is_none() && state.state != NodeState::Waiting(Wait::Slot) {
            self.emit(Event::NodeWaiting { node, wait: Wait::Slot });
        }
        self.execution.slots_asked.insert(node);
        self.decision.effects.push(Effect::AwaitSlot(request));
    }

    /// A call has the slot for which it waited: its node goes on, and makes it. If it makes another one by now, the slot is not
    /// used, and the other one asks for its own. A call that is refused fails its node.
    pub(super) fn slot_answered(&mut self, answer: SlotAnswer) -> Result<(), Rejected> {
        let call = answer.call();
        let index = call.node;
        let Some(node) = self.execution.nodes.get(index.at()) else { return Err(Rejected::StaleAttempt) };
        let waits = match node.running_attempt() {
            Some(attempt) => attempt == call.attempt && !node.is_open(attempt, &call.step),
            None => node.state == NodeState::Waiting(Wait::Slot),
        };
        if !waits {
            return Err(Rejected::StaleAttempt);
        }
        self.execution.slots_asked.remove(&index);
        if self.execution.status != ExecutionStatus::Running {
            // It asks again when it is resumed.
            return Err(Rejected::WrongStatus(self.execution.status));
        }
        match answer {
            SlotAnswer::Granted(call) => {
                self.granted = Some(call);
                self.begin(index);
                self.granted = None;
            }
            SlotAnswer::AskAgain(_) => self.begin(index),
            SlotAnswer::Refused(_, refusal) => {
                let agent = self.agent(refusal.agent).map_or("", |agent| &agent.name);
                let failure =
                    Failure::new(ErrorClass::Budget, messages::day_is_used_up(agent, &refusal.shortage));
                self.fail(index, failure, None);
            }
        }
        Ok(())
    }

    /// Begins an attempt unless one is under way. `reserved` is what its only call may use of the budget.
    pub(super) fn start_attempt(
        &mut self,
        node: NodeIndex,
        input: Option<Payload>,
        reserved: Option<Box<Amount>>,
    ) {
        let running = self.execution.node(node);
        if running.running_attempt().is_none() {
            let attempt = running.next_attempt();
            self.emit(Event::AttemptStarted { node, attempt, input, reserved });
        }
    }

    /// Processes the result of a call.
    pub(super) fn step_ended(&mut self, call: &CallKey, outcome: Outcome) -> Result<(), Rejected> {
        let node = self.execution.nodes.get(call.node.at());
        if !node.is_some_and(|node| node.is_open(call.attempt, &call.step)) {
            return Err(Rejected::StaleAttempt);
        }
        self.end_step(call.node, &call.step, outcome);
        Ok(())
    }

    pub(super) fn end_step(&mut self, node: NodeIndex, step: &StepKey, outcome: Outcome) {
        let Outcome { result, mut usage, quota: _, goes_on } = outcome;
        let result = match (result, goes_on) {
            (Ok(_), Some(work)) => return self.await_task(node, step, work),
            (Err(failure), Some(_)) => {
                // A model that is told of it may call the tool again, so nobody waits for this task any longer.
                if transcript::is_answer(step, failure.class) {
                    self.cancel_task(node, step);
                }
                Err(failure)
            }
            (result, None) => {
                self.end_task(node, step);
                result
            }
        };
        if let (Ok(_), Some(flow)) = (&result, self.flow_of(node, step)) {
            return self.run_flow(node, step, flow);
        }
        let result = if is_summary(step) { readable(result) } else { result };
        if *step != StepKey::ONLY {
            let unspent = result.as_ref().is_err_and(|failure| self.execution.is_unspent(failure));
            let result = recorded(&result);
            self.emit(Event::StepEnded { node, step: step.clone(), result, usage, unspent });
            // It is counted with the call, so the attempt's end does not count it again.
            usage = None;
        }
        if is_summary(step) {
            match &result {
                Ok(output) => self.keep_summary(node, output),
                Err(failure) if self.is_retried(node, failure) => {
                    return self.fail(node, failure.clone(), None);
                }
                Err(_) => {}
            }
        }
        self.resume(node, Resumed::Step { key: step.clone(), result }, usage);
    }

    /// Ends the calls of `node` whose own limit is reached.
    pub(super) fn stop_overdue_steps(&mut self, node: NodeIndex) {
        let now = self.now;
        let overdue = |node: &NodeExecution| {
            let late = |stop_at: Option<Timestamp>| stop_at.is_some_and(|at| at <= now);
            node.steps.iter().find(|step| step.is_in_flight() && late(step.stop_at)).cloned()
        };
        while let Some(step) = overdue(self.execution.node(node)) {
            let limit = step.stop_at.unwrap_or(now).since(step.started_at);
            self.stop_calls_if(node, Stopped::Overdue, |open| *open == step.key);
            self.cancel_task(node, &step.key);
            let failure = Failure::new(ErrorClass::Timeout, messages::step_timed_out(&step.key, limit));
            self.end_step(node, &step.key, Outcome::failed(failure));
        }
    }

    /// Stops every call of `node` that is under way.
    pub(super) fn stop_calls(&mut self, node: NodeIndex, stopped: Stopped) {
        self.stop_calls_if(node, stopped, |_| true);
    }

    /// Stops the calls that are under way in an attempt that is over by the result of another one. The only call of an
    /// attempt without steps has ended with it.
    pub(super) fn stop_other_calls(&mut self, node: NodeIndex) {
        if !self.execution.node(node).steps.is_empty() {
            self.stop_calls_if(node, Stopped::Unwanted, |step| *step != StepKey::ONLY);
        }
    }

    fn stop_calls_if(&mut self, node: NodeIndex, stopped: Stopped, is_meant: impl Fn(&StepKey) -> bool) {
        let calling = self.execution.node(node);
        let Some(attempt) = calling.running_attempt() else { return };
        let execution = self.execution.id;
        for step in calling.open_calls().into_iter().filter(is_meant) {
            self.stop_call(CallKey { execution, node, attempt, step }, stopped);
        }
    }

    /// Stops a call. A call that the same decision was about to start is not made.
    fn stop_call(&mut self, key: CallKey, stopped: Stopped) {
        let effects = &mut self.decision.effects;
        let begins = |effect: &Effect| matches!(effect, Effect::StartStep(work) if work.key() == key);
        match effects.iter().position(begins) {
            Some(place) => drop(effects.remove(place)),
            None => effects.push(Effect::StopStep(key, stopped)),
        }
    }
}

impl Execution {
    /// Returns whether a call that ends so is followed by one of another model of the agent, in the same attempt.
    pub fn goes_to_another_model(&self, call: &CallKey, failure: &Failure) -> bool {
        let Some(node) = self.nodes.get(call.node.at()) else { return false };
        let rules = self
            .graph()
            .node(call.node)
            .kind
            .room()
            .skill()
            .and_then(|(agent, skill)| self.agents.as_ref()?.get(&agent)?.skill(skill)?.rules.as_deref());
        rules.is_some_and(|rules| transcript::goes_to_another_model(rules, &node.steps, &call.step, failure))
    }
}

impl NodeExecution {
    /// Returns whether this call is under way.
    fn is_open(&self, attempt: Attempt, step: &StepKey) -> bool {
        self.running_attempt() == Some(attempt)
            && self.has_open_call()
            && match step.name() {
                None => self.steps.iter().all(|known| !known.is_open()),
                Some(_) => self.steps.iter().any(|known| known.is_in_flight() && known.key == *step),
            }
    }

    /// Returns whether the call `step` was made before.
    fn has_called(&self, step: &StepKey) -> bool {
        if *step == StepKey::ONLY {
            return self.attempts.iter().any(|attempt| attempt.error.is_some());
        }
        self.steps.iter().any(|known| known.key == *step) || self.past.iter().any(|known| known.key == *step)
    }

    /// The error of the previous attempt, for work that can use it.
    fn previous_error(&self) -> Option<std::sync::Arc<str>> {
        let running = usize::from(matches!(self.state, NodeState::Running { .. }));
        let before = self.attempts.iter().rev().nth(running)?;
        before.error.as_ref().map(|error| std::sync::Arc::clone(&error.message))
    }
}

/// Returns the result of a call as events say it.
pub(crate) fn recorded(result: &Result<Payload, Failure>) -> StepResult {
    match result {
        Ok(output) => StepResult::Completed(output.clone()),
        Err(failure) => StepResult::Failed {
            class: failure.class,
            message: failure.message.as_str().into(),
            status: failure.status,
        },
    }
}
