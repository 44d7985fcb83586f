//! A skill that takes several calls, tried by itself: its judges are asked, and the model corrects itself, as in an execution.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::{Pinned, Trying, stop_at, work};
use crate::event::StepResult;
use crate::execution::recorded;
use crate::expression::Meter;
use crate::failure::{ErrorClass, Failure};
use crate::flow::PlacedNode;
use crate::guardrail::{Guardrail, Verdict};
use crate::ids::{AgentId, Attempt, FlowId, StepKey};
use crate::limits::Limits;
use crate::node::{self, Context, Next, NodeKind, Parts, Resumed};
use crate::payload::Payload;
use crate::step::StepRecord;
use crate::timestamp::Timestamp;
use crate::transcript::{Answer, Rules, ToolCall, is_turn, judged_by};
use crate::work::{OfferedFlow, Outcome, Work};

/// A node that asks an agent for such a skill. Nothing is stored of it, and nothing that failed is tried again.
#[derive(Debug)]
pub struct LoopTrial<'t> {
    placed: &'t PlacedNode,
    pinned: &'t Pinned,
    limits: &'t Limits,
    skill: PinnedSkill,
    stop_at: Timestamp,
    steps: Vec<StepRecord>,
}

/// Returns a node that asks for a skill with its trigger data.
///
/// # Panics
/// The name is empty: no skill has none.
pub fn asking(agent: AgentId, skill: &str) -> PlacedNode {
    let id = "try";
    let nodes = [node::Agent::asking(id, agent, skill)];
    let placed = PlacedNode::parse(&json!({ "nodes": nodes }), id, &Limits::DEFAULT);
    placed.ok().flatten().expect("the node has no faults")
}

/// The skill that such a trial asks for.
#[derive(Clone, Debug)]
pub struct PinnedSkill {
    /// Its rules.
    pub rules: Arc<Rules>,
    /// The version of its agent that has them, which all calls ask: the agent may be changed meanwhile. `None` where it is not
    /// stored.
    pub version: Option<(AgentId, u32)>,
    /// What is known of the flows that its tools run.
    pub flows: BTreeMap<FlowId, OfferedFlow>,
}

/// What follows in such a trial.
#[derive(Clone, Debug)]
pub enum Then {
    /// Make these calls at the same time.
    Calls(Vec<Work>),
    /// A call that is under way has to end first.
    Wait,
    /// It is over: a person would have to decide.
    Person,
    /// It is over.
    Done(Result<Payload, Failure>),
}

/// What a judge said, or why it said nothing.
#[derive(Clone, Debug)]
pub struct Judged<'t> {
    /// The guardrail that asked it.
    pub guardrail: &'t Guardrail,
    /// The tool that the model asks for, whose arguments it is about.
    pub tool: Option<String>,
    /// The verdict.
    pub result: Result<Verdict, Arc<str>>,
}

impl<'t> LoopTrial<'t> {
    /// Prepares the trial of a node that asks for `skill`, which begins at `now`.
    pub fn new(
        placed: &'t PlacedNode,
        pinned: &'t Pinned,
        (limits, skill): (&'t Limits, PinnedSkill),
        now: Timestamp,
    ) -> Self {
        let stop_at = stop_at(placed, now);
        Self { placed, pinned, limits, skill, stop_at, steps: Vec::new() }
    }

    /// Returns when it is stopped.
    pub const fn stop_at(&self) -> Timestamp {
        self.stop_at
    }

    /// Begins.
    pub fn begin(&mut self, now: Timestamp) -> Then {
        self.decide(now, |kind, context| kind.begin(context))
    }

    /// A call has ended.
    pub fn ended(&mut self, key: StepKey, outcome: &Outcome, now: Timestamp) -> Then {
        if let Some(step) = self.steps.iter_mut().find(|step| step.key == key && step.is_open()) {
            step.ended_at = Some(now);
            step.result = Some(recorded(&outcome.result));
            step.usage = outcome.usage.clone();
        }
        let result = outcome.result.clone();
        self.decide(now, |kind, context| kind.resume(context, Resumed::Step { key, result }))
    }

    fn decide(&mut self, now: Timestamp, next: impl FnOnce(&dyn NodeKind, &Context<'_>) -> Next) -> Then {
        let next = {
            let Self { placed, pinned, limits, .. } = *self;
            let meter = RefCell::new(Meter::new(limits.node_fuel));
            let values = Trying { placed, pinned, now, limits, meter, skill: Some(&self.skill) };
            let parts = Parts { steps: &self.steps, ..Parts::default() };
            next(placed.node.kind.room(), &Context::new(now, Attempt::FIRST, &values).with_parts(parts))
        };
        let steps = match next {
            Next::Step(step) => vec![step],
            Next::Steps { steps, requests } if steps.is_empty() && !requests.is_empty() => {
                return Then::Person;
            }
            Next::Steps { steps, .. } => steps,
            Next::Complete(output) => return Then::Done(super::within_limit(output, self.limits)),
            Next::Fail(failure) => return Then::Done(Err(failure)),
            Next::Pending => return Then::Wait,
            Next::Session(_) | Next::Wait(_) | Next::Ask(_) | Next::Event(_) | Next::Children { .. } => {
                return Then::Done(Err(super::needs_flow()));
            }
        };
        if steps.is_empty() {
            return Then::Wait;
        }
        for step in &steps {
            self.steps.retain(|known| known.key != step.key);
            let number = self.steps.last().map_or(0, |last| last.number) + 1;
            self.steps.push(StepRecord { number, ..StepRecord::begun(&step.key, now) });
        }
        Then::Calls(
            steps.into_iter().map(|step| work(self.placed, self.pinned, step, self.stop_at)).collect(),
        )
    }

    /// Returns the last answer of the model, as its call returned it.
    pub fn answer(&self) -> Option<&Payload> {
        self.steps.iter().rev().filter(|step| is_turn(&step.key)).find_map(StepRecord::output)
    }

    fn tools(&self) -> Vec<ToolCall> {
        self.answer().and_then(|answer| Answer::read(answer).ok()).unwrap_or_default().tool_calls
    }

    /// Returns what judges have said, in the order in which they were asked.
    pub fn judged(&self) -> impl Iterator<Item = Judged<'_>> {
        self.steps.iter().filter_map(|step| {
            let (number, tool) = judged_by(&step.key)?;
            let guardrail = self.skill.rules.guardrails.get(number)?;
            let tool = tool.and_then(|tool| Some(self.tools().get(tool)?.name.clone()));
            let result = match step.result.as_ref()? {
                StepResult::Completed(output) => {
                    Verdict::read(output).ok_or_else(|| "there is no verdict".into())
                }
                StepResult::Failed { class: ErrorClass::Guardrail, message, .. } => {
                    Ok(Verdict { passed: false, reason: Some(message.to_string()) })
                }
                StepResult::Failed { message, .. } => Err(Arc::clone(message)),
            };
            Some(Judged { guardrail, tool, result })
        })
    }
}
