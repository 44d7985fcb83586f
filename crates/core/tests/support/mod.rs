//! An execution driven by hand: its inputs, and what follows from them as a transcript.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::budget::Budget;
use steadflow_core::caller::Actor;
use steadflow_core::event::{Accepted, ChildEnd, Event, Record, Resolution, StepResult};
use steadflow_core::execution::{
    Decision, Effect, Execution, FlowVersion, Input, NewExecution, Pinned, Rejected, Wait,
};
use steadflow_core::external_event::EventWait;
use steadflow_core::failure::Failure;
use steadflow_core::flow::Flow;
use steadflow_core::ids::{AgentId, Attempt, ExecutionId, FlowId, NodeId, NodeIndex, StepKey, TenantId};
use steadflow_core::inbox::{Sending, Signal};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::protection::SlotRequest;
use steadflow_core::session::{SessionChange, SessionClaim};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::{CallKey, Outcome, Work};
use uuid::Uuid;

/// When every execution of these tests begins.
pub(crate) const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// An execution, its journal, and a transcript of what happened.
pub(crate) struct Play {
    pub(crate) execution: Execution,
    pub(crate) journal: Vec<Record>,
    pub(crate) now: Timestamp,
    /// The calls that were begun.
    pub(crate) work: Vec<Work>,
    /// The slots that were asked for.
    pub(crate) requests: Vec<SlotRequest>,
    /// The agents whose calls need a slot.
    pub(crate) limited: Option<Arc<BTreeMap<AgentId, Option<Budget>>>>,
    /// What servers were asked to cancel.
    pub(crate) cancelled: Vec<Work>,
    /// The sessions that were asked for.
    pub(crate) claims: Vec<SessionClaim>,
    /// The child executions that were started.
    pub(crate) children: Vec<NewExecution>,
    text: String,
}

impl Play {
    /// Accepts and starts an execution of `flow`.
    pub(crate) fn new(flow: &Value) -> Self {
        Self::of(version(flow), accepted())
    }

    /// Accepts and starts an execution of a flow version.
    pub(crate) fn of(flow: impl Into<Pinned>, accepted: Accepted) -> Self {
        Self::limited(flow, accepted, &[])
    }

    /// Accepts and starts an execution of a flow version, with agents whose calls need a slot.
    pub(crate) fn limited(flow: impl Into<Pinned>, accepted: Accepted, agents: &[AgentId]) -> Self {
        let limited =
            (!agents.is_empty()).then(|| Arc::new(agents.iter().map(|agent| (*agent, None)).collect()));
        Self::limited_by(flow, accepted, limited)
    }

    /// The same, where agents may have budgets.
    pub(crate) fn limited_by(
        flow: impl Into<Pinned>,
        accepted: Accepted,
        limited: Option<Arc<BTreeMap<AgentId, Option<Budget>>>>,
    ) -> Self {
        let mut decision = Decision::default();
        decision.limited.clone_from(&limited);
        let id = ExecutionId::new(Uuid::from_u128(7));
        let mut execution = Execution::accept(id, flow, accepted, START, &mut decision);
        execution.decide(Input::Start, START, &mut decision).expect("a new execution starts");
        let (journal, work, children) = (Vec::new(), Vec::new(), Vec::new());
        let (requests, text) = (Vec::new(), String::new());
        let (claims, cancelled) = (Vec::new(), Vec::new());
        let mut play = Self {
            execution,
            journal,
            now: START,
            work,
            requests,
            limited,
            cancelled,
            claims,
            children,
            text,
        };
        play.record(decision);
        play
    }

    /// Processes an input; what follows is added to the transcript and the journal.
    pub(crate) fn put(&mut self, input: Input) -> Result<(), Rejected> {
        let mut decision = Decision::default();
        decision.limited.clone_from(&self.limited);
        let answer = self.execution.decide(input, self.now, &mut decision);
        if let Err(rejected) = &answer {
            let time = self.time();
            writeln!(self.text, "{time} rejected: {rejected}").expect("a string takes any text");
        }
        self.record(decision);
        answer
    }

    /// Lets time pass until so many seconds after the start, then looks at the timers.
    pub(crate) fn at(&mut self, seconds: f64) -> &mut Self {
        self.now = START.plus(Duration::from_secs_f64(seconds));
        // A tick after the end is rejected; the transcript says so.
        let _ = self.put(Input::Tick);
        self
    }

    pub(crate) fn completes(&mut self, node: &str, output: Value) -> &mut Self {
        self.ends(node, Outcome::completed(Payload::from_value(&output)))
    }

    pub(crate) fn fails(&mut self, node: &str, failure: Failure) -> &mut Self {
        self.ends(node, Outcome::failed(failure))
    }

    fn ends(&mut self, node: &str, outcome: Outcome) -> &mut Self {
        let node = self.index(node);
        let attempt = self.execution.node(node).attempts.last().map_or(Attempt::FIRST, |last| last.attempt);
        let call = CallKey { execution: self.execution.id(), node, attempt, step: StepKey::ONLY };
        self.put_any(Input::StepEnded { call, outcome })
    }

    /// Processes an input; a rejection is part of the transcript.
    pub(crate) fn put_any(&mut self, input: Input) -> &mut Self {
        let _ = self.put(input);
        self
    }

    pub(crate) fn resolves(&mut self, node: &str, resolution: Resolution) -> &mut Self {
        self.put_any(Input::Resolve { node: NodeId::new(node), resolution, by: Actor::USER })
    }

    pub(crate) fn index(&self, node: &str) -> NodeIndex {
        self.execution.graph().find(node).expect("the flow has this node")
    }

    /// Returns the transcript since the last call.
    pub(crate) fn story(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Returns what people are shown: the execution's status and error, and each node's.
    pub(crate) fn shown(&self) -> String {
        let mut text = self.execution.status().to_string();
        if let Some(error) = self.execution.error() {
            write!(text, ": {}", error.message).expect("a string takes any text");
        }
        for (node, execution) in self.execution.graph().nodes.iter().zip(self.execution.nodes()) {
            write!(text, "\n{}: {}", node.id, execution.status().as_str()).expect("a string takes any text");
            if let Some(message) = &execution.error_message {
                write!(text, ", {message}").expect("a string takes any text");
            }
        }
        text
    }

    fn record(&mut self, mut decision: Decision) {
        let time = self.time();
        for event in &decision.events {
            let line = self.event(event);
            writeln!(self.text, "{time} {line}").expect("a string takes any text");
        }
        for effect in std::mem::take(&mut decision.effects) {
            let (verb, node, attempt, step) = match effect {
                Effect::AwaitSession(claim) => {
                    let key = &claim.session.key;
                    let line = format!("await session {key} for {}", self.name(claim.node));
                    writeln!(self.text, "{time}   → {line}").expect("a string takes any text");
                    self.claims.push(*claim);
                    continue;
                }
                Effect::AwaitEvent(ask) => {
                    let wait = &ask.wait;
                    let line = format!("await event {} for {}", wait.wait.name, self.name(wait.node));
                    writeln!(self.text, "{time}   → {line}").expect("a string takes any text");
                    continue;
                }
                Effect::SessionLeft(session) => {
                    writeln!(self.text, "{time}   → session {} is free", session.key)
                        .expect("a string takes any text");
                    continue;
                }
                Effect::StartStep(work) => {
                    let key = work.key();
                    self.work.push(*work);
                    ("begin", key.node, key.attempt, key.step)
                }
                Effect::CancelTask(work) => {
                    let key = work.key();
                    self.cancelled.push(*work);
                    ("ask for", key.node, key.attempt, key.step)
                }
                Effect::StopStep(key, _) => ("stop", key.node, key.attempt, key.step),
                Effect::AwaitSlot(request) => {
                    let key = request.call.clone();
                    self.requests.push(*request);
                    ("await slot", key.node, key.attempt, key.step)
                }
            };
            let step = step.name().map_or_else(String::new, |step| format!(" {step}"));
            let line = format!("{} {}{step}", self.name(node), attempt.number());
            writeln!(self.text, "{time}   → {verb} {line}").expect("a string takes any text");
        }
        for Sending { to, signal } in std::mem::take(&mut decision.signals) {
            let to = to.uuid().as_u128() & 0xffff;
            writeln!(self.text, "{time}   → send {to:04x} {}", sent(&signal))
                .expect("a string takes any text");
        }
        for change in std::mem::take(&mut decision.sessions) {
            let line = changed(&change);
            writeln!(self.text, "{time}   + {line}").expect("a string takes any text");
        }
        self.children.append(&mut decision.children);
        if !decision.events.is_empty() {
            let record = self.execution.seal(&mut decision, self.now);
            self.journal.push(record);
        }
    }

    fn time(&self) -> String {
        let time = format!("{}s", self.now.since(START).as_secs_f64());
        format!("{time:<6}")
    }

    fn name(&self, node: NodeIndex) -> &str {
        self.execution.graph().node(node).id.as_str()
    }

    fn event(&self, event: &Event) -> String {
        let of = |node: &NodeIndex| self.name(*node);
        match event {
            Event::Accepted(accepted) if !accepted.reused.is_empty() => {
                let reused: Vec<&str> = accepted.reused.keys().map(|id| id.as_str()).collect();
                format!("accepted, reusing {}", reused.join(", "))
            }
            Event::Accepted(_) => "accepted".into(),
            Event::Started => "started".into(),
            Event::Adopted { worker } => format!("adopted by {worker}"),
            Event::AttemptStarted { node, attempt, .. } => {
                format!("{} attempt {} starts", of(node), attempt.number())
            }
            Event::AttemptFailed { node, attempt, class, message, retry_at, .. } => {
                let next = retry_at.map(|at| format!(", next at {}s", at.since(START).as_secs_f64()));
                let (node, number) = (of(node), attempt.number());
                format!("{node} attempt {number} fails ({class}: {message}){}", next.unwrap_or_default())
            }
            Event::AttemptReleased { node, attempt } => {
                format!("{} attempt {} is handed back", of(node), attempt.number())
            }
            Event::NodeCompleted { node, output, reused, .. } => {
                format!("{} completes with {output:?}{}", of(node), if *reused { ", reused" } else { "" })
            }
            Event::NodeFailed { node, .. } => format!("{} fails", of(node)),
            Event::NodeSkipped { node } => format!("{} is skipped", of(node)),
            Event::NodeWaiting { node, wait: Wait::Decision } => format!("{} waits for a decision", of(node)),
            Event::NodeWaiting { node, wait: Wait::Delay { until } } => {
                format!("{} waits until {}s", of(node), until.since(START).as_secs_f64())
            }
            Event::NodeWaiting { node, wait } => format!("{} waits for {}", of(node), wait.as_str()),
            Event::SessionTaken { node, part } => {
                format!("{} has session {} behind turn {}", of(node), part.key, part.last)
            }
            Event::StepStarted { node, step, .. } => format!("{} call {step} starts", of(node)),
            Event::StepEnded { node, step, result, .. } => match result {
                StepResult::Completed(output) => format!("{} call {step} gives {output:?}", of(node)),
                StepResult::Failed { class, message, .. } => {
                    format!("{} call {step} fails ({class}: {message})", of(node))
                }
            },
            Event::TaskStarted { node, step, task } => {
                format!("{} call {step} is task {}", of(node), task.id)
            }
            Event::TaskResumed { node, step } => format!("{} call {step} has its answers", of(node)),
            Event::TaskEnded { node, step } => format!("{} call {step} has no task any more", of(node)),
            Event::ApprovalRequested { node, step, tool, arguments, .. } => {
                format!("{} call {step} of {tool} with {arguments:?} needs approval", of(node))
            }
            Event::ApprovalDecided { node, step, verdict, .. } => {
                format!("{} call {step} is {}", of(node), verdict.as_str())
            }
            Event::ChildrenStarted { node, children } => {
                format!("{} starts {} children", of(node), children.len())
            }
            Event::ChildEnded { node, child, end: ChildEnd { status, .. } } => {
                format!("{} has the end of child {child}: {status}", of(node))
            }
            Event::EventAwaited { node, wait } => format!("{} waits for {}", of(node), awaited(wait)),
            Event::BackoffEnded { node, .. } => format!("{} need not wait any longer", of(node)),
            Event::Resolved { node, resolution, .. } => format!("{} is settled: {resolution:?}", of(node)),
            Event::Paused { .. } => "paused".into(),
            Event::Resumed { .. } => "resumed".into(),
            Event::CompensationStarted { end, order } => {
                let order: Vec<&str> = order.iter().map(of).collect();
                format!("undoes {} before it is {}", order.join(", "), end.status)
            }
            Event::Finished { status, .. } => format!("finished: {status}"),
        }
    }
}

fn changed(change: &SessionChange) -> String {
    match change {
        SessionChange::Add(turn) => {
            let (number, key) = (turn.number, &turn.session.key);
            format!("turn {number} of {key}: {:?} {:?}", turn.question, turn.answer)
        }
        SessionChange::Summarize(summary) => {
            let (key, up_to) = (&summary.session.key, summary.up_to);
            format!("summary of {key} up to turn {up_to}: {}", summary.text)
        }
        SessionChange::Leave(node) => format!("{node} leaves its session"),
    }
}

fn awaited(EventWait { name, correlation, since, until }: &EventWait) -> String {
    let seconds = |at: Timestamp| at.as_micros().saturating_sub(START.as_micros()) / 1_000_000;
    format!("{name} {correlation:?} since {}s until {:?}", seconds(*since), until.map(seconds))
}

fn sent(signal: &Signal) -> String {
    match signal {
        Signal::Cancel { message, .. } => format!("cancel: {message}"),
        Signal::ChildEnded { child, end, .. } => format!("end of child {child}: {}", end.status),
        Signal::StopCompensation { .. }
        | Signal::Pause { .. }
        | Signal::Resume { .. }
        | Signal::ResumeWithAll { .. }
        | Signal::Interrupt { .. }
        | Signal::RetryNow { .. }
        | Signal::Resolve { .. }
        | Signal::EventArrived { .. }
        | Signal::Approve { .. } => format!("{signal:?}"),
    }
}

/// Checks a flow document and makes a version of it.
pub(crate) fn version(flow: &Value) -> Arc<FlowVersion> {
    let limits = Limits::DEFAULT;
    let flow_id = FlowId::new(Uuid::from_u128(1));
    let flow = Flow::parse(flow, &limits).unwrap_or_else(|faults| panic!("{faults:?} in {flow}"));
    Arc::new(FlowVersion::new(TenantId::DEFAULT, flow_id, 1, flow, limits))
}

/// What an execution starts from that retries no other.
pub(crate) fn accepted() -> Accepted {
    Accepted {
        context_id: Some("vendor-17".into()),
        context_type: Some("vendor".into()),
        trigger_data: Payload::from_value(&json!({ "k": 1 })),
        actor: Actor::USER,
        ..Accepted::new(TenantId::DEFAULT, FlowId::new(Uuid::from_u128(1)), 1, "w1".into())
    }
}

/// Returns the same version with other limits.
pub(crate) fn with_limits(version: &FlowVersion, limits: Limits) -> FlowVersion {
    FlowVersion::new(version.tenant, version.flow_id, version.version, version.flow.clone(), limits)
}
