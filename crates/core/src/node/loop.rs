//! `loop`: repeats its body, as child executions one after the other, until a condition holds.

use serde_json::{Value, json};

use super::keys::{BodyReader, ConditionReader};
use super::{About, Context, NamedBy, Next, NodeKind, Repeats, Resumed, Traits, failure_of_child};
use crate::condition::Condition;
use crate::document::{Keys, key, whole};
use crate::event::{ChildInput, ChildStart};
use crate::expression::Expression;
use crate::failure::Failure;
use crate::payload::Payload;

/// How often a body can be repeated.
const ITERATIONS_MAX: u32 = 10_000;

/// The keys of a loop node.
#[derive(Clone, Debug)]
pub struct Loop {
    /// When it ends. It is evaluated after each iteration.
    pub until: Condition,
    /// After how many iterations it ends although that does not hold.
    pub max_iterations: u32,
}

impl Loop {
    pub(super) const ABOUT: About = About {
        name: "loop",
        named_by: NamedBy::Type,
        aliases: &[],
        title: "Loop",
        description: "Repeats the nodes of its body until a condition holds. Each iteration reads the result of the one before.",
        traits: Traits {
            takes_attempts: true,
            makes_calls: true,
            starts_children: true,
            repeats: Some(Repeats::Iterations),
            ..Traits::NONE
        },
        output,
        example,
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        keys.take(key("body", "Body", BodyReader).needed("a loop").doc(
            "The nodes and edges of an iteration, as in a flow. They read the result of the iteration before as `last`, which is null in the first one, and the number of their own, from 0, as `index`.",
        ));
        let until = keys.take(
            key("until", "Until", ConditionReader)
                .needed("a loop")
                .doc("Evaluated after each iteration: `last` is its result, `index` its number."),
        );
        let max_iterations = keys.take(
            key("max_iterations", "Iterations at most", whole(1, ITERATIONS_MAX))
                .default(100)
                .doc("After so many iterations the loop ends although the condition does not hold."),
        );
        Some(Self { until: until?, max_iterations: max_iterations.unwrap_or(1) })
    }

    /// Starts the next iteration, unless those that have completed are enough.
    fn next(&self, context: &Context<'_>, completed: u32) -> Next {
        let last = completed.checked_sub(1).and_then(|index| Some((index, context.result_for(index)?)));
        if let Some((index, last)) = last {
            match context.holds_after(&self.until, last, index) {
                Ok(false) if completed < self.max_iterations => {}
                Ok(done) => return Next::Complete(output_of(last, completed, done)),
                Err(failure) => return Next::Fail(failure),
            }
        }
        let last = Some(last.map_or_else(Payload::null, |(_, last)| last.clone()));
        let given = ChildInput { last, reused: context.reused_for(completed), ..ChildInput::default() };
        Next::Children {
            starts: vec![ChildStart { flow: None, index: completed, step: None, given }],
            input: None,
        }
    }
}

fn output_of(last: &Payload, iterations: u32, done: bool) -> Payload {
    let text = format!(r#"{{"last":{},"iterations":{iterations},"done":{done}}}"#, last.as_str());
    Payload::parse(text).expect("JSON in an object is JSON")
}

fn output() -> Value {
    json!({
        "type": "object", "title": "Output", "required": ["last", "iterations", "done"],
        "properties": {
            "last": { "title": "Last", "description": "The result of the last iteration." },
            "iterations": { "type": "integer", "title": "Iterations", "description": "How many there were." },
            "done": {
                "type": "boolean", "title": "Done",
                "description": "Whether the condition held; false where `max_iterations` ended the loop.",
            },
        },
    })
}

fn example() -> Value {
    json!({
        "id": "refine", "type": "loop", "until": "last.score > 80", "max_iterations": 5,
        "body": { "nodes": [
            { "id": "improve", "type": "action", "action": "transform", "input": { "score": "${(last.score if last else 50) + 20}" } },
        ] },
    })
}

impl NodeKind for Loop {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn expressions(&self) -> Vec<(String, &Expression)> {
        let all = self.until.expressions().into_iter();
        all.map(|(below, expression)| (format!("/until{below}"), expression)).collect()
    }

    fn conditions(&self) -> Vec<&Condition> {
        vec![&self.until]
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        if context.children.open() > 0 {
            return Next::Pending;
        }
        let completed = (0..).take_while(|&index| context.result_for(index).is_some()).count();
        self.next(context, u32::try_from(completed).unwrap_or(u32::MAX))
    }

    fn resume(&self, context: &Context<'_>, resumed: Resumed) -> Next {
        let Resumed::Child { index, end } = resumed else { return Next::Pending };
        if end.result.is_some() {
            return self.next(context, index.saturating_add(1));
        }
        let Failure { class, message, .. } = failure_of_child(&end);
        Next::Fail(Failure::new(class, format!("Iteration {index} failed: {message}")))
    }
}
