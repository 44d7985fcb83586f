//! Calls of tools that run a flow. A call checks the arguments, and a child execution does the rest of it.
//!
//! The child belongs to the call and not to the attempt: whatever ends that one, the next attempt waits for the same child. Only
//! the timeout of an attempt and the end of the node give it up. How it ends is the result of the call, so a child that fails is
//! an answer to the model, like any tool that fails.

use super::decide::Decider;
use super::{ExecutionStatus, NewExecution, NodeExecution, Rejected};
use crate::document::Fault;
use crate::event::{ChildEnd, ChildInput, ChildStart, Event};
use crate::failure::{ErrorClass, Failure};
use crate::ids::{FlowId, NodeIndex, StepKey};
use crate::node::{Resumed, failure_of_child};
use crate::payload::Payload;
use crate::step::StepRecord;
use crate::transcript;

impl Decider<'_> {
    /// Returns the flow that a call runs; `None` for any other call.
    pub(super) fn flow_of(&self, node: NodeIndex, step: &StepKey) -> Option<FlowId> {
        let (agent, skill) = self.node(node).kind.room().skill()?;
        let rules = self.execution.agents.as_ref()?.get(&agent)?.skill(skill)?.rules.as_deref()?;
        transcript::flow_of(rules, &self.execution.node(node).steps, step)
    }

    /// Starts the execution that does a call whose arguments were found to fit. What keeps it from starting is the result of
    /// the call.
    pub(super) fn run_flow(&mut self, node: NodeIndex, step: &StepKey, flow: FlowId) {
        if self.execution.status == ExecutionStatus::Paused {
            // Nothing starts now. The call is made again when the execution is resumed.
            let message = "The execution was paused before the flow started";
            let failure = Failure::new(ErrorClass::Interrupted, message);
            return self.record_flow_call(node, step, &Err(failure));
        }
        let state = self.execution.node(node);
        let arguments =
            state.steps.iter().find(|known| known.key == *step).and_then(|step| step.input.clone());
        let number = state.children().len();
        let trigger_data = arguments.unwrap_or_default();
        let given = ChildInput { trigger_data: trigger_data.clone(), ..ChildInput::default() };
        let index = u32::try_from(number).unwrap_or(u32::MAX);
        let mut starts = vec![ChildStart { flow: Some(flow), index, step: Some(step.clone()), given }];
        let children = self.new_children(node, number, &mut starts);
        match children.and_then(|(children, bytes)| Ok((fitting(children, &trigger_data)?, bytes))) {
            Ok((children, bytes)) => {
                self.emit(Event::ChildrenStarted { node, children: starts });
                // They are written with it, in their own acceptances.
                self.decision.spent.bytes += bytes;
                self.decision.children.extend(children);
            }
            Err(failure) => self.end_flow_call(node, step, Err(failure)),
        }
    }

    /// Takes in how the execution ended that does a call. Between two attempts, the next one goes on with that.
    pub(super) fn flow_ended(
        &mut self,
        (node, step): (NodeIndex, &StepKey),
        child: u32,
        mut end: ChildEnd,
    ) -> Result<(), Rejected> {
        // The end of the call has it.
        let result = end.result.take();
        self.emit(Event::ChildEnded { node, child, end: end.clone() });
        let result = result.ok_or_else(|| answer_of(&end));
        self.end_flow_call(node, step, result);
        Ok(())
    }

    /// Gives up the executions that do calls of `node`, whose attempt has no time left. The next one makes these calls again.
    pub(super) fn give_up_flows(&mut self, node: NodeIndex) {
        let open = self.execution.node(node).steps.iter().filter_map(|step| Some((step.flow_child()?, step)));
        let open: Vec<(u32, StepKey)> = open.map(|(child, step)| (child, step.key.clone())).collect();
        for (child, step) in open {
            self.cancel_child(self.execution.id.child(node, child));
            let message =
                "The time of the attempt was over before the flow had ended, so its execution was cancelled";
            self.record_flow_call(node, &step, &Err(Failure::new(ErrorClass::Interrupted, message)));
        }
    }

    fn end_flow_call(&mut self, node: NodeIndex, step: &StepKey, result: Result<Payload, Failure>) {
        self.record_flow_call(node, step, &result);
        if self.execution.node(node).running_attempt().is_some() {
            self.resume(node, Resumed::Step { key: step.clone(), result }, None);
        }
    }

    fn record_flow_call(&mut self, node: NodeIndex, step: &StepKey, result: &Result<Payload, Failure>) {
        let (step, result) = (step.clone(), super::recorded(result));
        self.emit(Event::StepEnded { node, step, result, usage: None, unspent: false });
    }
}

/// Refuses arguments that do not fit the form of the flow: an execution would fail with them at once.
fn fitting(children: Vec<NewExecution>, arguments: &Payload) -> Result<Vec<NewExecution>, Failure> {
    let Some(flow) = children.first().map(|child| &child.pinned.flow.flow) else { return Ok(children) };
    let faults = flow.form_faults(arguments);
    if faults.is_empty() {
        return Ok(children);
    }
    let said = |Fault { pointer, message }: &Fault| {
        let at = if pointer.is_empty() { "/" } else { pointer };
        format!("`{at}` {message}")
    };
    let all: Vec<String> = faults.iter().map(said).collect();
    let name = &flow.settings.name;
    let message = format!("The arguments do not fit the form of the flow `{name}`: {}", all.join("; "));
    Err(Failure::new(ErrorClass::Validation, message))
}

/// Returns what a model learns about an execution that did not complete. It was retried as its flow says, so it is not retried
/// here, whatever the class of its failure.
fn answer_of(end: &ChildEnd) -> Failure {
    let Failure { class, message, .. } = failure_of_child(end);
    if class == ErrorClass::Cancelled {
        return Failure::new(class, format!("The execution of the flow was cancelled: {message}"));
    }
    let is_retried_here =
        matches!(class, ErrorClass::Internal | ErrorClass::Interrupted | ErrorClass::Guardrail);
    let class = if is_retried_here { ErrorClass::Tool } else { class };
    Failure::new(class, format!("The flow failed: {message}"))
}

impl NodeExecution {
    /// Returns the call that the child with this number does.
    pub fn call_of_child(&self, number: u32) -> Option<&StepKey> {
        self.steps.iter().find(|step| step.child == Some(number)).map(|step| &step.key)
    }

    /// Returns whether an execution does one of its calls. It goes on between two attempts.
    pub(super) fn has_open_flow(&self) -> bool {
        self.steps.iter().any(|step| step.flow_child().is_some())
    }

    /// Waits no longer for the executions that do its calls.
    pub(super) fn forget_flows(&mut self) {
        self.steps.iter_mut().filter(|step| step.is_open()).for_each(|step| step.child = None);
    }

    /// Links calls with the children that do them, of which the first has the number `first`.
    pub(super) fn link_flows(&mut self, first: usize, children: &[ChildStart]) {
        for (number, child) in (first..).zip(children) {
            let is_meant = |step: &&mut StepRecord| step.is_open() && Some(&step.key) == child.step.as_ref();
            if let Some(step) = self.steps.iter_mut().find(is_meant) {
                step.child = u32::try_from(number).ok();
            }
        }
    }
}
