//! `fail`: fails with the message of its input. For tests, and for branches that must not be taken.

use serde_json::{Value, json};

use super::keys::{input_of, resolved};
use super::{About, Context, NamedBy, Next, NodeKind, Traits, misfit};
use crate::document::{Keys, Place, Reader, Reading, Terms, choice, key, text};
use crate::failure::{ErrorClass, Failure};
use crate::limits::Limits;
use crate::template::Template;

/// The keys of a fail node.
#[derive(Clone, Debug)]
pub struct Fail {
    /// `message` and, if wanted, `class`.
    pub input: Template,
}

impl Fail {
    pub(super) const ABOUT: About = About {
        name: "fail",
        named_by: NamedBy::Action,
        aliases: &[],
        title: "Fail",
        description: "Fails with the given message. For tests, and to end a branch with an error.",
        traits: Traits { takes_attempts: true, ..Traits::NONE },
        output: || json!({ "not": {}, "title": "Output", "description": "The node never completes." }),
        example,
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let input = keys.take(
            key("input", "Input", input_of(read_failure))
                .needed_for_its_keys()
                .doc("The error. Strings can be templates."),
        );
        Some(Self { input: input? })
    }
}

/// Reads a message: a string, or a number, which keeps its digits.
#[derive(Clone, Copy, Debug)]
struct Message;

impl Reader for Message {
    type Value = String;

    fn wanted(&self, _: &Limits) -> String {
        "a string or a number".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        let mut schema = text().schema(terms);
        schema["type"] = json!(["string", "number"]);
        schema
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        match value {
            Value::String(_) => text().read(value, at, reading),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                reading.fitting(self, None, value, at)
            }
        }
    }
}

/// Reads the failure that an input asks for.
fn read_failure(keys: &mut Keys<'_>) -> Option<Failure> {
    let message = keys.take(
        key("message", "Message", Message)
            .needed("`fail`")
            .prompt("Enter a message")
            .doc("The error message."),
    );
    let class = keys.take(
        key("class", "Error class", choice(ErrorClass::NAMED))
            .default(ErrorClass::Internal.as_str())
            .doc("The class of the error. It determines whether the node is retried."),
    );
    Some(Failure::new(class?, message?))
}

fn example() -> Value {
    json!({
        "id": "stop", "type": "action", "action": "fail", "input": { "message": "no vendor ${trigger_data.vendor_id}" },
    })
}

impl NodeKind for Fail {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn input(&self) -> Option<&Template> {
        Some(&self.input)
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        Next::Fail(
            context.resolve_value(&self.input).map_or_else(|failure| failure, |input| failure_from(&input)),
        )
    }
}

/// Returns the failure that `input` asks for, or the one that says what is wrong with it.
fn failure_from(input: &Value) -> Failure {
    resolved(input, read_failure).unwrap_or_else(|faults| misfit("fail", &faults))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_and_class_are_taken_from_the_input() {
        for (input, class, message) in [
            (json!({ "message": "no" }), ErrorClass::Internal, "no"),
            (json!({ "message": "no", "class": "timeout" }), ErrorClass::Timeout, "no"),
            (json!({ "message": 7.50 }), ErrorClass::Internal, "7.5"),
            (
                json!({ "message": [7] }),
                ErrorClass::Validation,
                "The input of `fail` does not fit: /message: `message` must be a string or a number, not a list",
            ),
        ] {
            let failure = failure_from(&input);

            assert_eq!((failure.class, failure.message.as_str()), (class, message));
        }
    }
}
