//! Kinds for tests alone: one whose attempt makes several calls, and one that starts children.
//!
//! They show what the state machine, the shard and the simulator make of steps and children, without a model or a list.

use std::time::Duration;

use serde_json::json;

use super::keys::Input;
use super::{About, Context, NamedBy, Next, NodeKind, Resumed, Step, Traits};
use crate::document::{Keys, Plain, any_json, key, seconds, uuid, whole};
use crate::event::{ChildEnd, ChildInput, ChildStart};
use crate::failure::{ErrorClass, Failure};
use crate::ids::{FlowId, StepKey};
use crate::payload::Payload;
use crate::status::ExecutionStatus;
use crate::step::{ChildRecord, ChildState};
use crate::template::{Resolved, Template};
use crate::timestamp::Seconds;
use crate::work::Task;

/// Makes a call, then two at the same time, then one; its output is the list of what they gave.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// What each call is given.
    pub input: Template,
    /// How long each call may take.
    pub step_timeout: Option<Duration>,
}

impl Rounds {
    pub(super) const ABOUT: About = About {
        name: "test_rounds",
        named_by: NamedBy::Type,
        aliases: &[],
        title: "Rounds",
        description: "For tests.",
        traits: Traits { takes_attempts: true, makes_calls: true, ..Traits::NONE },
        output: || json!({ "type": "array" }),
        example: || json!({ "id": "r", "type": "test_rounds" }),
    };
    const ROUNDS: [&'static [&'static str]; 3] = [&["first"], &["second:0", "second:1"], &["third"]];

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let input =
            keys.take(key("input", "Input", Input).default(Plain::Object).doc("What each call is given."));
        let limit = keys.take(key("step_timeout_seconds", "Step timeout", seconds()).doc("For each call."));
        Some(Self { input: input?, step_timeout: limit.map(Seconds::duration) })
    }

    /// Repeats what has no output yet of the first round that is not over, and ends behind the last one.
    fn next(&self, context: &Context<'_>) -> Next {
        let output = |key: &&str| {
            let wanted = StepKey::new(*key);
            context.steps.iter().find(|step| step.key == wanted)?.output()
        };
        let is_open = |key: &&&str| {
            let wanted = StepKey::new(**key);
            context.steps.iter().any(|step| step.key == wanted && step.is_open())
        };
        for round in Self::ROUNDS {
            let missing: Vec<&&str> = round.iter().filter(|key| output(key).is_none()).collect();
            if missing.is_empty() {
                continue;
            }
            let steps = missing.into_iter().filter(|key| !is_open(key)).map(|key| self.step(key, context));
            return match steps.collect::<Result<Vec<Step>, Failure>>() {
                Ok(steps) if steps.is_empty() => Next::Pending,
                Ok(steps) => Next::Steps { steps, requests: Vec::new() },
                Err(failure) => Next::Fail(failure),
            };
        }
        let outputs: Vec<&str> =
            Self::ROUNDS.concat().iter().filter_map(output).map(Payload::as_str).collect();
        Next::Complete(list_of(&outputs))
    }

    fn step(&self, key: &str, context: &Context<'_>) -> Result<Step, Failure> {
        let Resolved { input, secrets } = context.resolve_call(&self.input)?;
        Ok(Step {
            key: StepKey::new(key),
            task: Task::Echo,
            input,
            secrets,
            timeout: self.step_timeout,
            is_constant: self.input.constant().is_some(),
            is_of_attempt: false,
            tokens: None,
            reserved: None,
            tool: None,
        })
    }
}

impl NodeKind for Rounds {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn input(&self) -> Option<&Template> {
        Some(&self.input)
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        self.next(context)
    }

    fn resume(&self, context: &Context<'_>, resumed: Resumed) -> Next {
        match resumed {
            Resumed::Step { result: Err(failure), .. } => Next::Fail(failure),
            Resumed::Step { result: Ok(_), .. } => self.next(context),
            Resumed::Elapsed | Resumed::Child { .. } | Resumed::Event { .. } => Next::Pending,
        }
    }
}

/// Starts so many executions of a flow, some at a time; its output is the list of their results. A child that does not
/// complete fails the attempt, and the next one starts only what is missing.
#[derive(Clone, Debug)]
pub struct Family {
    /// The flow of the children.
    pub flow: FlowId,
    /// How many must complete.
    pub children: usize,
    /// How many run at a time.
    pub at_once: usize,
    /// What they start with; `None` for what their parent did.
    pub trigger_data: Option<Payload>,
}

impl Family {
    pub(super) const ABOUT: About = About {
        name: "test_family",
        named_by: NamedBy::Type,
        aliases: &[],
        title: "Family",
        description: "For tests.",
        traits: Traits { takes_attempts: true, makes_calls: true, ..Traits::NONE },
        output: || json!({ "type": "array" }),
        example: || json!({ "id": "f", "type": "test_family", "flow_id": "018f3a5e-0000-7000-8000-000000000001", "children": 1, "at_once": 1 }),
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let flow = keys.take(key("flow_id", "Flow", uuid::<FlowId>()).needed("a family"));
        let children = keys.take(key("children", "Children", whole(0, u32::MAX)).needed("a family"));
        let at_once = keys.take(key("at_once", "At once", whole(0, u32::MAX)).needed("a family"));
        let trigger_data = keys.take(key("trigger_data", "Trigger data", any_json()));
        let trigger_data = trigger_data.as_ref().map(Payload::from_value);
        let (children, at_once) = (usize::try_from(children?).ok()?, usize::try_from(at_once?).ok()?);
        Some(Self { flow: flow?, children, at_once, trigger_data })
    }

    fn next(&self, context: &Context<'_>) -> Next {
        let results: Vec<&str> = context.children.iter().filter_map(result_of).collect();
        if results.len() >= self.children {
            return Next::Complete(list_of(&results));
        }
        let running = context.children.iter().filter(|child| child.is_open()).count();
        let missing = self.children - results.len() - running;
        let starts = missing.min(self.at_once.saturating_sub(running));
        if starts == 0 {
            return Next::Pending;
        }
        let trigger_data = self.trigger_data.as_ref().unwrap_or_else(|| context.trigger_data()).clone();
        let given = ChildInput { trigger_data, ..ChildInput::default() };
        let first = u32::try_from(context.children.len()).unwrap_or(u32::MAX);
        let start = |index| ChildStart { flow: Some(self.flow), index, step: None, given: given.clone() };
        let starts = (first..).take(starts).map(start).collect();
        Next::Children { starts, input: None }
    }
}

fn result_of(child: &ChildRecord) -> Option<&str> {
    match &child.state {
        ChildState::Ended(ChildEnd { result: Some(result), .. }) => Some(result.as_str()),
        ChildState::Ended(_) | ChildState::Running | ChildState::Abandoned => None,
    }
}

impl NodeKind for Family {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        self.next(context)
    }

    fn child_flow(&self) -> Option<FlowId> {
        Some(self.flow)
    }

    fn resume(&self, context: &Context<'_>, resumed: Resumed) -> Next {
        match resumed {
            Resumed::Child { end, .. } if end.status == ExecutionStatus::Completed => self.next(context),
            Resumed::Child { end, .. } => Next::Fail(failure_of(&end)),
            Resumed::Step { .. } | Resumed::Elapsed | Resumed::Event { .. } => Next::Pending,
        }
    }
}

fn failure_of(end: &ChildEnd) -> Failure {
    let message = end.message.as_deref().unwrap_or("no reason was given");
    Failure::new(end.class.unwrap_or(ErrorClass::Internal), format!("A child is {}: {message}", end.status))
}

fn list_of(values: &[&str]) -> Payload {
    Payload::parse(format!("[{}]", values.join(","))).expect("a list of JSON texts is JSON")
}
