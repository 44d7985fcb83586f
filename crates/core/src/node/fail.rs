//! `fail`: fails with the message of its input. For rehearsals, and for branches that must not be taken.

use serde_json::Value;

use super::{Context, Next, NodeKind, Traits, expressions_of};
use crate::expression::Expression;
use crate::failure::{ErrorClass, Failure};
use crate::payload::Payload;
use crate::template::Template;

/// The keys of a fail node.
#[derive(Clone, Debug)]
pub struct Fail {
    /// `message` and, if wanted, `class`.
    pub input: Template,
}

impl NodeKind for Fail {
    fn name(&self) -> &'static str {
        "fail"
    }

    fn type_name(&self) -> &'static str {
        "action"
    }

    fn traits(&self) -> Traits {
        Traits { takes_attempts: true, ..Traits::default() }
    }

    fn expressions(&self) -> Vec<(String, &Expression)> {
        expressions_of("input", &self.input)
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        Next::Fail(context.resolve(&self.input).map_or_else(|failure| failure, |input| failure_from(&input)))
    }

    fn shown_input<'a>(&'a self, _: Option<&'a Payload>) -> Option<&'a Payload> {
        self.input.constant()
    }
}

/// Returns the failure that `input` asks for. The class is `internal` unless given, so that retries can be watched.
fn failure_from(input: &Payload) -> Failure {
    let input = input.to_value();
    let message = input.get("message").and_then(Value::as_str).unwrap_or("This node always fails.");
    let class = input.get("class").and_then(Value::as_str).and_then(|name| name.parse().ok());
    Failure::new(class.unwrap_or(ErrorClass::Internal), message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn message_and_class_are_taken_from_the_input() {
        for (input, class, message) in [
            (json!({ "message": "no" }), ErrorClass::Internal, "no"),
            (json!({ "message": "no", "class": "timeout" }), ErrorClass::Timeout, "no"),
            (json!({ "class": "nonsense" }), ErrorClass::Internal, "This node always fails."),
            (json!(null), ErrorClass::Internal, "This node always fails."),
        ] {
            let failure = failure_from(&Payload::from_value(&input));

            assert_eq!((failure.class, failure.message.as_str()), (class, message));
        }
    }
}
