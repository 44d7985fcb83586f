//! The reply of a model, independent of the provider.

use serde_json::Value;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::payload::Payload;
use steadflow_core::transcript::ToolCall;

use super::prompt;
use super::stop::Stop;
use crate::status::kept_text;

/// The response of a model.
#[derive(Debug, PartialEq)]
pub(super) struct Reply {
    /// What it says, or what in its content is not known, as the end of a sentence that begins with the response.
    pub(super) text: Result<String, String>,
    /// The JSON of the response, if the protocol returns it separately.
    pub(super) structured: Option<Value>,
    pub(super) has_reasoning: bool,
    /// The tools that it asks for, or what in them is not known.
    pub(super) calls: Result<Vec<ToolCall>, String>,
    /// The response as the provider wrote it, if that has to be given back and says more.
    pub(super) message: Option<Value>,
    pub(super) stop: Stop,
    pub(super) input_tokens: u64,
    /// Those of them that came from the provider's cache, as it says.
    pub(super) cached_input_tokens: u64,
    /// Those of them that were written to the provider's cache, as it says.
    pub(super) cache_write_tokens: u64,
    pub(super) output_tokens: u64,
}

impl Reply {
    /// Returns what a failure keeps of it, so that people can read what was refused: its text, or else its JSON.
    pub(super) fn kept(&self) -> Option<Payload> {
        let text = self.text.as_deref().unwrap_or_default();
        match &self.structured {
            Some(structured) if text.is_empty() => Some(kept_text(&structured.to_string())),
            _ => (!text.is_empty()).then(|| kept_text(text)),
        }
    }
}

/// Returns the failure of a response that the model can correct. The prefix lets the next attempt recognize it.
pub(super) fn misfit(what: &str) -> Failure {
    Failure::new(ErrorClass::ModelOutput, format!("{} {what}.", prompt::MISFIT))
}

/// Returns the sum of the counts at `pointers`. Anything else counts as 0, and so does a sum that no count can be: usage is
/// never guessed.
pub(super) fn tokens(answer: &Value, pointers: &[&str]) -> u64 {
    let sum = counts(answer, pointers).try_fold(0, i64::checked_add);
    sum.map_or(0, i64::unsigned_abs)
}

/// Returns the count that is at one or several of `pointers`, or 0: servers have several names for the same number.
pub(super) fn tokens_by_names(answer: &Value, pointers: &[&str]) -> u64 {
    counts(answer, pointers).max().map_or(0, i64::unsigned_abs)
}

fn counts(answer: &Value, pointers: &[&str]) -> impl Iterator<Item = i64> {
    pointers.iter().filter_map(|pointer| count(answer.pointer(pointer)?))
}

/// Reads a number from 0 on, `5` and `5.0`, as servers that calculate in floats send it.
fn count(value: &Value) -> Option<i64> {
    let Value::Number(number) = value else { return None };
    let text = number.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if fraction.bytes().all(|byte| byte == b'0') {
        whole.parse().ok().filter(|count| *count >= 0)
    } else {
        None
    }
}

pub(super) fn text_at<'a>(answer: &'a Value, pointer: &str) -> Option<&'a str> {
    answer.pointer(pointer).and_then(Value::as_str)
}

/// Returns the list called `name`.
///
/// # Errors
/// What is there instead, as the end of a sentence that begins with the response.
pub(super) fn list<'a>(answer: &'a Value, name: &str) -> Result<&'a [Value], String> {
    match answer.get(name) {
        None => Err(format!("has no `{name}`")),
        Some(Value::Null) => Err(format!("has null as its `{name}`")),
        Some(value) => {
            value.as_array().map(Vec::as_slice).ok_or_else(|| format!("has `{name}` that are not a list"))
        }
    }
}

/// Returns whether there is a value at `pointer` that is not null, blank or empty.
pub(super) fn is_given(answer: &Value, pointer: &str) -> bool {
    match answer.pointer(pointer) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(map)) => !map.is_empty(),
        Some(Value::Bool(_) | Value::Number(_)) => true,
    }
}

#[cfg(test)]
mod tests {
    use steadflow_core::json;

    use super::*;

    #[test]
    fn tokens_are_whole_numbers_or_unknown() {
        for (text, known) in [
            ("5", 5),
            ("5.0", 5),
            ("5.000", 5),
            ("5.5", 0),
            ("-5", 0),
            ("5e3", 0),
            ("\"5\"", 0),
            ("null", 0),
            ("{}", 0),
            ("9223372036854775807", i64::MAX.unsigned_abs()),
            ("9223372036854775808", 0),
            ("18446744073709551616", 0),
        ] {
            let answer = json::read(format!("{{\"n\":{text}}}").as_bytes()).unwrap();

            assert_eq!(tokens(&answer, &["/n", "/none"]), known, "{text}");
            assert_eq!(tokens_by_names(&answer, &["/none", "/n"]), known, "{text}");
        }
    }

    #[test]
    fn a_sum_that_is_too_large_is_unknown() {
        let answer = json::read(br#"{"a":9223372036854775806,"b":1,"c":2}"#).unwrap();

        assert_eq!(tokens(&answer, &["/a", "/b"]), i64::MAX.unsigned_abs());
        assert_eq!(tokens(&answer, &["/a", "/c"]), 0);
    }
}
