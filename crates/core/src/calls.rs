//! The calls of one node in all its attempts, read from the journal of its execution.

use std::sync::Arc;

use crate::approval::{Decided, Subject, Verdict};
use crate::event::{ChildStart, Event, Record, StepResult};
use crate::failure::{ErrorClass, Failure};
use crate::ids::{NodeIndex, StepKey};
use crate::payload::Payload;
use crate::timestamp::Timestamp;
use crate::transcript::decided_on;
use crate::usage::Usage;

/// One call: of a model, of a tool, of a judge, or of an agent without tools, whose attempt is the call. An output that a person
/// has to approve is one, too.
#[derive(Debug)]
pub struct Call {
    /// The number of the attempt that made it.
    pub attempt: u32,
    /// Its key, which a call that repeats it has, too.
    pub step: StepKey,
    /// The name of the tool that it calls, or of the guardrail that asks a judge or a person.
    pub tool: Option<Arc<str>>,
    /// The arguments of a tool; of any other call, the input of its attempt.
    pub input: Option<Payload>,
    /// When it began; of one that has not begun, when it was asked for.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When it is stopped, if it has a limit of its own.
    pub stop_at: Option<Timestamp>,
    /// How many tokens are reserved for its answer, if there is a budget of them.
    pub reserved: Option<u64>,
    /// How it stands.
    pub end: End,
    /// Of one that failed and was not of a tool: what was received, decoded and bounded.
    pub response: Option<Payload>,
    /// What it used; `None` where no model answered.
    pub usage: Option<Arc<Usage>>,
    /// Of one that needs or needed approval.
    pub approval: Option<Asked>,
    /// The number of the child of the node that does it: of a tool that runs a flow.
    pub child: Option<u32>,
}

/// What a person was asked before a call, and what was decided.
#[derive(Debug)]
pub struct Asked {
    /// What the model wanted to give the tool.
    pub arguments: Payload,
    /// The hash of these arguments, which the decision names.
    pub hash: Arc<str>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When the call is refused if nobody has decided.
    pub expires_at: Option<Timestamp>,
    /// What was decided.
    pub decided: Option<Decided>,
}

/// How a call stands.
#[derive(Debug)]
pub enum End {
    /// It has not begun: it waits for approval.
    Waiting,
    /// It is under way.
    Open,
    /// It has a result.
    Result(StepResult),
    /// Its attempt was over first, because of a failure of this class if it failed. Nobody knows what it would have given.
    Stopped(Option<ErrorClass>),
}

/// Reads the calls of a node, record by record.
#[derive(Debug)]
pub struct Calls {
    node: NodeIndex,
    attempt: u32,
    input: Option<Payload>,
    calls: Vec<Call>,
    /// How many children the node has started.
    children: u32,
}

impl Calls {
    /// Begins before the first record; `input` is what the attempts of the node have if no record says it.
    pub const fn new(node: NodeIndex, input: Option<Payload>) -> Self {
        Self { node, attempt: 0, input, calls: Vec::new(), children: 0 }
    }

    /// Reads the next record.
    pub fn read(&mut self, record: &Record) {
        let Record(_, at, events) = record;
        for event in events {
            if matches!(event, Event::CompensationStarted { .. } | Event::Finished { .. }) {
                self.stop(None, *at, |_| true);
                self.give_up_waiting(*at);
            } else if event.node() == Some(self.node) {
                self.apply(event, *at);
            }
        }
    }

    /// Returns the calls in the order in which they began.
    pub fn all(self) -> Vec<Call> {
        self.calls
    }

    fn apply(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::AttemptStarted { attempt, input, .. } => {
                self.attempt = attempt.number();
                self.input = input.clone().or_else(|| self.input.take());
                let call = self.begun(&StepKey::ONLY, at);
                self.calls.push(call);
            }
            // What its server asked for is answered.
            Event::StepStarted { step, .. }
                if self.calls.iter().any(|call| call.is_open() && call.step == *step) => {}
            Event::StepStarted { step, input, stop_at, tokens, tool, .. } => {
                // The attempt has calls, so it is none itself.
                self.calls.pop_if(|call| call.step == StepKey::ONLY && call.is_open());
                let begun = self.begun(step, at);
                let input = if tool.is_some() { input.clone() } else { begun.input };
                let (tool, stop_at, reserved) = (tool.clone(), *stop_at, *tokens);
                let waited = self.waiting(step).map(|waiting| self.calls.remove(waiting));
                let approval = waited.and_then(|waited| waited.approval);
                self.calls.push(Call { tool, input, stop_at, reserved, approval, ..begun });
            }
            Event::ApprovalRequested { step, .. } => match decided_on(step) {
                Subject::Tool | Subject::Output => self.requested(event, at),
                // The call that it is about is under way, as far as a person sees, or there is none.
                Subject::Input | Subject::Node => {}
            },
            Event::ApprovalDecided { .. } => self.decided(event, at),
            Event::StepEnded { step, result, usage, .. } => self.end(step, result.clone(), usage.clone(), at),
            Event::AttemptFailed { class, message, status, body, usage, .. } => {
                let (class, message, status) = (*class, Arc::clone(message), *status);
                self.end(&StepKey::ONLY, StepResult::Failed { class, message, status }, usage.clone(), at);
                self.stop(Some(class), at, Call::is_in_flight);
                self.keep(body.as_ref());
            }
            Event::AttemptReleased { .. } => self.stop(None, at, Call::is_in_flight),
            Event::NodeFailed { .. } => self.stop(None, at, |_| true),
            Event::ChildrenStarted { children, .. } => self.started(children),
            Event::NodeCompleted { output, usage, .. } => {
                self.end(&StepKey::ONLY, StepResult::Completed(output.clone()), usage.clone(), at);
            }
            Event::Accepted(_)
            | Event::Started
            | Event::Adopted { .. }
            | Event::TaskStarted { .. }
            | Event::TaskResumed { .. }
            | Event::TaskEnded { .. }
            | Event::ChildEnded { .. }
            | Event::NodeSkipped { .. }
            | Event::NodeWaiting { .. }
            | Event::EventAwaited { .. }
            | Event::SessionTaken { .. }
            | Event::BackoffEnded { .. }
            | Event::Resolved { .. }
            | Event::Paused { .. }
            | Event::Resumed { .. }
            | Event::CompensationStarted { .. }
            | Event::Finished { .. } => {}
        }
    }

    fn begun(&self, step: &StepKey, at: Timestamp) -> Call {
        Call {
            attempt: self.attempt,
            step: step.clone(),
            tool: None,
            input: self.input.clone(),
            started_at: at,
            ended_at: None,
            stop_at: None,
            reserved: None,
            end: End::Open,
            response: None,
            usage: None,
            approval: None,
            child: None,
        }
    }

    fn waiting(&self, step: &StepKey) -> Option<usize> {
        self.calls.iter().position(|call| matches!(call.end, End::Waiting) && call.step == *step)
    }

    fn requested(&mut self, event: &Event, at: Timestamp) {
        let Event::ApprovalRequested { step, tool, arguments, hash, expires_at, .. } = event else { return };
        self.calls.pop_if(|call| call.step == StepKey::ONLY && call.is_open());
        let approval = Some(Asked {
            arguments: arguments.clone(),
            hash: Arc::clone(hash),
            requested_at: at,
            expires_at: *expires_at,
            decided: None,
        });
        let (tool, input) = (Some(Arc::clone(tool)), Some(arguments.clone()));
        self.calls.push(Call { tool, input, approval, end: End::Waiting, ..self.begun(step, at) });
    }

    fn decided(&mut self, event: &Event, at: Timestamp) {
        let Event::ApprovalDecided { step, verdict, comment, by, .. } = event else { return };
        let Some(call) = self.waiting(step).map(|waiting| &mut self.calls[waiting]) else { return };
        let (verdict, comment) = (verdict.clone(), comment.clone());
        match verdict.failure(decided_on(step), comment.as_deref()) {
            Some(Failure { class, message, .. }) => {
                let result = StepResult::Failed { class, message: message.into(), status: None };
                (call.end, call.ended_at) = (End::Result(result), Some(at));
            }
            None => {
                let edited =
                    if let Verdict::Approved { arguments } = &verdict { arguments.clone() } else { None };
                call.input = edited.or_else(|| call.input.take());
                if decided_on(step) == Subject::Output {
                    let output = call.input.clone().unwrap_or_default();
                    (call.end, call.ended_at) = (End::Result(StepResult::Completed(output)), Some(at));
                }
            }
        }
        if let Some(asked) = &mut call.approval {
            asked.decided = Some(Decided { verdict, comment, by: by.clone(), at });
        }
    }

    fn end(&mut self, step: &StepKey, result: StepResult, usage: Option<Arc<Usage>>, at: Timestamp) {
        if let Some(call) = self.calls.iter_mut().rev().find(|call| call.is_open() && call.step == *step) {
            (call.end, call.usage, call.ended_at) = (End::Result(result), usage, Some(at));
        }
    }

    /// Keeps what the last question of the attempt was answered with, if it failed: the attempt failed with it.
    fn keep(&mut self, response: Option<&Payload>) {
        let attempt = self.attempt;
        let asked = self.calls.iter_mut().rev().find(|call| call.attempt == attempt && !call.is_of_tool());
        if let Some(call) = asked.filter(|call| matches!(call.end, End::Result(StepResult::Failed { .. }))) {
            call.response = response.cloned();
        }
    }

    /// The execution has ended: what waits for approval is not made any more.
    fn give_up_waiting(&mut self, at: Timestamp) {
        for call in self.calls.iter_mut().filter(|call| matches!(call.end, End::Waiting)) {
            (call.end, call.ended_at) = (End::Stopped(None), Some(at));
        }
    }

    /// Notes which executions do calls.
    fn started(&mut self, children: &[ChildStart]) {
        for child in children {
            let call = self.calls.iter_mut().rev().find(|call| Some(&call.step) == child.step.as_ref());
            if let Some(call) = call.filter(|call| call.is_open()) {
                call.child = Some(self.children);
            }
            self.children += 1;
        }
    }

    fn stop(&mut self, because: Option<ErrorClass>, at: Timestamp, is_meant: impl Fn(&Call) -> bool) {
        for call in self.calls.iter_mut().filter(|call| call.is_open() && is_meant(call)) {
            (call.end, call.ended_at) = (End::Stopped(because), Some(at));
        }
    }
}

impl Call {
    /// Returns whether it is under way.
    pub const fn is_open(&self) -> bool {
        matches!(self.end, End::Open)
    }

    /// Returns whether it ends with its attempt: an execution that does it goes on.
    const fn is_in_flight(&self) -> bool {
        self.child.is_none()
    }

    /// Returns what it gave, if it completed.
    pub const fn output(&self) -> Option<&Payload> {
        match &self.end {
            End::Result(StepResult::Completed(output)) => Some(output),
            End::Waiting | End::Open | End::Result(StepResult::Failed { .. }) | End::Stopped(_) => None,
        }
    }

    /// Returns whether it is one of a tool.
    pub const fn is_of_tool(&self) -> bool {
        self.tool.is_some()
    }
}
