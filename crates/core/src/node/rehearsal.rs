//! Kinds for tests alone: one whose attempt makes several calls, and one that starts children.
//!
//! They show what the state machine, the shard and the simulator make of steps and children, without a model or a list.

use serde_json::{Map, Value};

use super::{Context, Kind, Next, NodeKind, Resumed, Step, Traits, expressions_of};
use crate::event::{ChildEnd, ChildStart};
use crate::expression::Expression;
use crate::failure::{ErrorClass, Failure};
use crate::ids::{FlowId, StepKey};
use crate::limits::Limits;
use crate::payload::Payload;
use crate::status::ExecutionStatus;
use crate::step::{ChildRecord, ChildState};
use crate::template::Template;
use crate::work::Task;

/// Reads a node of one of these types; `None` for any other type and for keys that do not fit.
pub(crate) fn parse(node: &Map<String, Value>, limits: &Limits) -> Option<Kind> {
    match node.get("type")?.as_str()? {
        Rounds::NAME => {
            let input = Template::compile(node.get("input").unwrap_or(&Value::Null), limits).ok()?;
            Some(Kind::Rounds(Rounds { input }))
        }
        Family::NAME => {
            let flow = node.get("flow_id")?.as_str()?.parse().ok()?;
            let number =
                |key| node.get(key).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
            Some(Kind::Family(Family { flow, children: number("children")?, at_once: number("at_once")? }))
        }
        _ => None,
    }
}

/// Makes a call, then two at the same time, then one; its output is the list of what they gave.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// What each call is given.
    pub input: Template,
}

impl Rounds {
    const NAME: &'static str = "test_rounds";
    const ROUNDS: [&'static [&'static str]; 3] = [&["first"], &["second:0", "second:1"], &["third"]];

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
                Ok(steps) => Next::Steps(steps),
                Err(failure) => Next::Fail(failure),
            };
        }
        let outputs: Vec<&str> =
            Self::ROUNDS.concat().iter().filter_map(output).map(Payload::as_str).collect();
        Next::Complete(list_of(&outputs))
    }

    fn step(&self, key: &str, context: &Context<'_>) -> Result<Step, Failure> {
        Ok(Step {
            key: StepKey::new(key),
            task: Task::Echo,
            input: context.resolve(&self.input)?,
            secrets: self.input.secret_slots(),
            timeout: None,
            is_constant: self.input.constant().is_some(),
        })
    }
}

impl NodeKind for Rounds {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn traits(&self) -> Traits {
        Traits { takes_attempts: true, ..Traits::default() }
    }

    fn expressions(&self) -> Vec<(String, &Expression)> {
        expressions_of("input", &self.input)
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        self.next(context)
    }

    fn resume(&self, context: &Context<'_>, resumed: Resumed) -> Next {
        match resumed {
            Resumed::Step { result: Err(failure), .. } => Next::Fail(failure),
            Resumed::Step { result: Ok(_), .. } => self.next(context),
            Resumed::Elapsed | Resumed::Child { .. } => Next::Pending,
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
}

impl Family {
    const NAME: &'static str = "test_family";

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
        let child = ChildStart { flow: self.flow, body: None, trigger_data: context.trigger_data().clone() };
        Next::Children(vec![child; starts])
    }
}

fn result_of(child: &ChildRecord) -> Option<&str> {
    match &child.state {
        ChildState::Ended(ChildEnd { result: Some(result), .. }) => Some(result.as_str()),
        ChildState::Ended(_) | ChildState::Running | ChildState::Abandoned => None,
    }
}

impl NodeKind for Family {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn traits(&self) -> Traits {
        Traits { takes_attempts: true, ..Traits::default() }
    }

    fn expressions(&self) -> Vec<(String, &Expression)> {
        Vec::new()
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
            Resumed::Step { .. } | Resumed::Elapsed => Next::Pending,
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
