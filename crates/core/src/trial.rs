//! One node tried by itself: what it would do, once, for values that a person gives it in place of an execution.
//!
//! A trial shares with the state machine what a node's kind means, and leaves out all that makes an execution durable:
//! nothing is recorded or retried, no edge is decided, and a delay says when it would be over instead of waiting.

mod loop_trial;
mod question;
mod skill;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::execution::{attempt_timed_out, passed_through};
use crate::expression::{ExpressionError, Meter};
use crate::failure::{ErrorClass, Failure};
use crate::flow::PlacedNode;
use crate::ids::{AgentId, Attempt, ExecutionId, FlowId, NodeId, TenantId};
use crate::limits::Limits;
use crate::node::{self, Context, Next, Resumed, Values};
use crate::payload::Payload;
use crate::scope::{NodeScope, References, Scope};
use crate::status::Wait;
use crate::timestamp::Timestamp;
use crate::trace_parent::TraceOf;
use crate::transcript::Rules;
use crate::work::{OfferedFlow, Work};

pub use loop_trial::{Judged, LoopTrial, PinnedSkill, Then, asking};
pub use question::{About, Asker, Question, UNSTORED};
pub use skill::{SkillTrial, ToolsTrial};

/// How long the work of one trial may take, of a node or of an agent's skill.
pub const TIME_MAX: Duration = Duration::from_secs(120);

/// The values that a node is tried with.
#[derive(Clone, Debug)]
pub struct Pinned {
    /// Who tries it.
    pub tenant: TenantId,
    /// What `execution.id` says. The idempotency key contains it, so each trial needs a new one; nothing is stored
    /// under it.
    pub execution: ExecutionId,
    /// `trigger_data`.
    pub trigger_data: Payload,
    /// `context.id`.
    pub context_id: Option<Arc<str>>,
    /// `context.type`.
    pub context_type: Option<Arc<str>>,
    /// The outputs that other nodes are assumed to have returned. Those that the node does not read are ignored.
    pub outputs: BTreeMap<NodeId, Payload>,
}

/// What a node does with the values it was given.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Its resolved input. `None` where it has none, or none that could be resolved.
    pub input: Option<Payload>,
    /// What comes next.
    pub step: Step,
}

/// What a node leads to: a result at once, or work.
#[derive(Clone, Debug)]
pub enum Step {
    /// It does no work outside: its output, or why it has none.
    Known(Result<Payload, Failure>),
    /// One attempt, to be stopped at its `stop_at`.
    Work(Box<Work>),
}

impl Trial {
    /// Works out what `placed` does at `now`.
    pub fn begin(placed: &PlacedNode, pinned: &Pinned, limits: &Limits, now: Timestamp) -> Self {
        let room = placed.node.kind.room();
        let meter = RefCell::new(Meter::new(limits.node_fuel));
        let values = Trying { placed, pinned, now, limits, meter, skill: None };
        let context = Context::new(now, Attempt::FIRST, &values);
        let mut next = room.begin(&context);
        if let Next::Wait(Wait::Delay { until }) = next {
            next = room.resume(&Context::new(until.max(now), Attempt::FIRST, &values), Resumed::Elapsed);
        }
        match next {
            Next::Complete(output) => {
                let input = room.shown_input(Some(&output)).cloned();
                Self { input, step: Step::Known(within_limit(output, limits)) }
            }
            Next::Fail(failure) => Self { input: None, step: Step::Known(Err(failure)) },
            Next::Step(step) => Self::of_work(work(placed, pinned, step, stop_at(placed, now))),
            Next::Ask(input) => Self { input: Some(input), step: Step::Known(Err(needs_flow())) },
            Next::Steps { .. }
            | Next::Session(_)
            | Next::Wait(_)
            | Next::Event(_)
            | Next::Children { .. }
            | Next::Pending => Self { input: None, step: Step::Known(Err(needs_flow())) },
        }
    }

    fn of_work(work: Work) -> Self {
        Self { input: Some(work.input.clone()), step: Step::Work(Box::new(work)) }
    }
}

/// Returns `output` unless it is larger than a node may return.
///
/// # Errors
/// The failure that the node ends with in that case.
pub fn within_limit(output: Payload, limits: &Limits) -> Result<Payload, Failure> {
    if output.len() > limits.output_bytes_max {
        return Err(Failure::output_too_large(output.len(), limits.output_bytes_max));
    }
    Ok(output)
}

/// Returns the failure of a node that does not end without an execution.
pub fn needs_flow() -> Failure {
    Failure::new(ErrorClass::Configuration, "This node cannot be tried by itself: run the flow")
}

/// Returns the failure of work that was stopped after `limit`.
pub fn timed_out(limit: Duration) -> Failure {
    Failure::new(ErrorClass::Timeout, attempt_timed_out(limit))
}

/// Returns when a trial that begins at `now` is stopped.
fn stop_at(placed: &PlacedNode, now: Timestamp) -> Timestamp {
    now.plus(placed.node.attempt_timeout.map_or(TIME_MAX, |own| own.min(TIME_MAX)))
}

fn work(placed: &PlacedNode, pinned: &Pinned, step: node::Step, stop_at: Timestamp) -> Work {
    Work {
        tenant: pinned.tenant,
        flow: FlowId::new(Uuid::nil()),
        execution: pinned.execution,
        node: placed.index,
        node_id: placed.node.id.clone(),
        attempt: Attempt::FIRST,
        step: step.key,
        task: step.task,
        input: step.input,
        secrets: step.secrets,
        stop_at: Some(stop_at),
        has_own_timeout: placed.node.attempt_timeout.is_some(),
        previous_error: None,
        session: None,
        remote_task: None,
        dialog: None,
        trace: TraceOf::Nothing,
    }
}

/// What a node that is tried reads.
#[derive(Debug)]
struct Trying<'t> {
    placed: &'t PlacedNode,
    pinned: &'t Pinned,
    now: Timestamp,
    limits: &'t Limits,
    meter: RefCell<Meter>,
    /// Of a skill that takes several calls.
    skill: Option<&'t PinnedSkill>,
}

impl Values for Trying<'_> {
    fn scope(&self, references: &References, _: Attempt) -> Scope {
        let scope = self.pinned.scope(references, &self.placed.node.id, self.now);
        Scope { meter: self.meter.take(), ..scope }
    }

    fn take_back(&self, meter: Meter) {
        self.meter.replace(meter);
    }

    fn trigger_data(&self) -> &Payload {
        &self.pinned.trigger_data
    }

    /// What reaches a node that does no work, if every pinned output that leads to it does.
    fn arriving(&self) -> Result<Payload, Failure> {
        let sources = &self.placed.sources;
        let given = sources.iter().map(|id| (id.as_str(), self.pinned.outputs.get(id)));
        let arriving: Vec<_> = given.filter(|(_, output)| output.is_some()).collect();
        if arriving.is_empty() && !sources.is_empty() {
            let sources: Vec<String> = sources.iter().map(|id| format!("`{id}`")).collect();
            let message = format!("nothing reaches this node: pin an output of {}", sources.join(" or "));
            return Err(Failure::new(ErrorClass::Expression, message));
        }
        passed_through(&self.pinned.trigger_data, self.placed.incoming, &arriving, self.limits)
    }

    fn limits(&self) -> &Limits {
        self.limits
    }

    fn agent_version(&self, agent: AgentId) -> Option<u32> {
        let (pinned, version) = self.skill?.version?;
        (pinned == agent).then_some(version)
    }

    fn rules(&self, _: AgentId, _: &str) -> Option<Arc<Rules>> {
        self.skill.map(|skill| Arc::clone(&skill.rules))
    }

    fn offered_flow(&self, flow: FlowId) -> Option<OfferedFlow> {
        self.skill?.flows.get(&flow).cloned()
    }

    fn is_asked_for(&self, case: &str) -> bool {
        self.placed.asked.iter().any(|asked| **asked == *case)
    }

    /// What is missing here is missing because it was not pinned, whatever an execution would say.
    fn failure(&self, error: &ExpressionError) -> Failure {
        let why = match (error.missing_output(), error.missing_error()) {
            (Some(node), _) => format!("node `{node}` has no output here; pin one for it"),
            (None, Some(node)) => format!("node `{node}` has no error here; only outputs can be pinned"),
            (None, None) => return Failure::of_expression(error),
        };
        Failure::of_expression(&error.because(why))
    }
}

impl Pinned {
    /// Returns those of a node that reads its trigger data alone.
    pub fn given(tenant: TenantId, execution: ExecutionId, trigger_data: Payload) -> Self {
        let (context_id, context_type, outputs) = (None, None, BTreeMap::new());
        Self { tenant, execution, trigger_data, context_id, context_type, outputs }
    }

    /// Puts what `references` names in scope, as far as it is pinned.
    fn scope(&self, references: &References, reader: &NodeId, now: Timestamp) -> Scope {
        let pinned = |id: &NodeId| {
            Some(NodeScope { id: id.clone(), output: Some(self.outputs.get(id)?.clone()), error: None })
        };
        Scope {
            trigger_data: self.trigger_data.clone(),
            context_id: self.context_id.clone(),
            context_type: self.context_type.clone(),
            execution_id: self.execution,
            retry_of: None,
            error: None,
            started_at: now,
            attempt: Attempt::FIRST.number(),
            now,
            reader: reader.clone(),
            item: None,
            index: None,
            nodes: references.nodes.iter().filter_map(pinned).collect(),
            meter: Meter::default(),
        }
    }
}
