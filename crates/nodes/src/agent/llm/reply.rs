//! The reply of a model, independent of the provider.

use serde_json::Value;

/// The response of a model.
#[derive(Debug, PartialEq)]
pub(super) struct Reply {
    pub(super) text: String,
    /// The JSON of the response, if the protocol returns it separately.
    pub(super) structured: Option<Value>,
    pub(super) stop: Stop,
    pub(super) input_tokens: u64,
    pub(super) output_tokens: u64,
}

/// Why the model stopped.
#[derive(Debug, PartialEq)]
pub(super) enum Stop {
    /// The response is complete. Also used if there is no reason.
    Done,
    /// It reached the token limit.
    TooLong,
    /// The model or its provider refused.
    Refused(String),
}

impl Stop {
    /// Reads the reasons of all four providers.
    pub(super) fn from(reason: Option<&str>) -> Self {
        let Some(reason) = reason else { return Self::Done };
        match reason.to_ascii_lowercase().as_str() {
            "length" | "max_tokens" | "model_context_window_exceeded" => Self::TooLong,
            "content_filter" | "refusal" | "safety" | "recitation" | "blocklist" | "prohibited_content"
            | "spii" | "language" => Self::Refused(reason.to_owned()),
            _ => Self::Done,
        }
    }
}

/// Returns the error of a response with status 200, as some gateways send it.
pub(super) fn error_of(answer: &Value) -> Option<String> {
    let error = answer.get("error").filter(|error| !error.is_null())?;
    let said = error.get("message").and_then(Value::as_str).or_else(|| error.as_str());
    let text = said.map_or_else(|| error.to_string(), str::to_owned);
    Some(text.chars().take(200).collect())
}

/// Returns the number at `pointer`; 0 if there is none.
pub(super) fn tokens(answer: &Value, pointer: &str) -> u64 {
    answer.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}

pub(super) fn text_at<'a>(answer: &'a Value, pointer: &str) -> Option<&'a str> {
    answer.pointer(pointer).and_then(Value::as_str)
}
