//! `fail`: fails with the message of its input, for rehearsals and for paths that must not be taken.

use serde_json::Value;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::payload::Payload;

/// Returns the failure that `input` asks for: a text, or an object with `message` and, if wanted, `class`.
///
/// The class is `internal` unless given, so that retries can be watched.
pub(crate) fn failure_from(input: &Payload) -> Failure {
    let input = input.to_value();
    let message =
        input.as_str().or_else(|| input.get("message")?.as_str()).unwrap_or("This node always fails.");
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
            (json!("no"), ErrorClass::Internal, "no"),
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
