//! Errors that a server reports: with a status of HTTP, inside a response with status 200, or inside a stream.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::json;

use super::html;
use super::reply::{is_given, text_at};
use crate::body;
use crate::egress::Answer;
use crate::secrets::Scrubber;
use crate::status;
use crate::texts::one_line;

/// Maximum number of bytes that are read from an error response.
const READ_BYTES: usize = 64 * 1024;

/// Maximum number of characters of a message that is quoted.
const MESSAGE_CHARS_MAX: usize = 500;

/// Names of errors that no later attempt can get around, whatever the status is.
const QUOTA: [&str; 6] = [
    "insufficient_quota",
    "insufficient_balance",
    "insufficient_credits",
    "billing_hard_limit_reached",
    "billing_not_active",
    "billing_error",
];

/// What the names of errors mean, as statuses of HTTP.
const NAMED: [(&[&str], u16); 10] = [
    (&["rate_limit_error", "rate_limit_exceeded", "resource_exhausted", "too_many_requests"], 429),
    (&["overloaded_error"], 529),
    (&["engine_overloaded_error", "unavailable", "service_unavailable"], 503),
    (&["api_error", "server_error", "internal_server_error", "internal_error", "internal"], 500),
    (&["timeout_error", "deadline_exceeded"], 504),
    (&["authentication_error", "invalid_api_key", "unauthenticated"], 401),
    (&["permission_error", "permission_denied"], 403),
    (&["not_found_error", "model_not_found", "not_found"], 404),
    (&["request_too_large"], 413),
    (
        &[
            "invalid_request_error",
            "invalid_argument",
            "failed_precondition",
            "badrequesterror",
            "context_length_exceeded",
            "invalid_prompt",
            "invalid_image",
            "invalid_image_format",
            "invalid_base64_image",
            "invalid_image_mode",
            "image_too_large",
            "image_too_small",
            "image_parse_error",
            "image_content_policy_violation",
            "image_file_too_large",
            "unsupported_image_media_type",
            "empty_image_file",
        ],
        400,
    ),
];

/// How servers say that the input is too long.
const TOO_LONG: [&str; 7] = [
    "context length",
    "context window",
    "context size",
    "prompt is too long",
    "input is too long",
    "input token count",
    "context_length_exceeded",
];

/// An error as a server reports it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Reported {
    /// On one line; may be empty.
    pub(super) message: String,
    /// The parameter that it is about.
    pub(super) parameter: Option<String>,
    /// Its codes and types, in lower case.
    names: Vec<String>,
    /// The status of HTTP that it names.
    code: Option<u16>,
    /// The status of HTTP that it names or means.
    status: Option<u16>,
    retry_after: Option<Duration>,
}

impl Reported {
    /// Returns its failure; `from` begins the message.
    pub(super) fn failure(&self, from: &str) -> Failure {
        let explained = if self.is_too_long() { "the input is too long for the model: " } else { "" };
        let message = match self.message.as_str() {
            "" => format!("{from}."),
            said => format!("{from}: {explained}{said}"),
        };
        let (status, retry_after) = (self.status, self.retry_after);
        Failure { status, retry_after, ..Failure::new(self.class(), message) }
    }

    /// Returns its failure; `from` and its code or name begin the message.
    pub(super) fn failure_with_code(&self, from: &str) -> Failure {
        match (&self.code, self.names.first()) {
            (Some(code), _) => self.failure(&format!("{from} (code {code})")),
            (None, Some(name)) => self.failure(&format!("{from} ({name})")),
            (None, None) => self.failure(from),
        }
    }

    /// Returns whether a server refused the form of a request, so that another one may be taken.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self.status, Some(400 | 422)) || (self.status == Some(404) && self.misses_items())
    }

    /// Returns whether the server looked for parts of the conversation by their ids, which it was to keep none of.
    pub(super) fn misses_items(&self) -> bool {
        self.message.to_ascii_lowercase().contains("not persisted when `store`")
    }

    /// An error without a known code is the server's.
    fn class(&self) -> ErrorClass {
        if self.names.iter().any(|name| QUOTA.contains(&name.as_str())) || self.is_too_long() {
            return ErrorClass::Rejected;
        }
        let status = self.status.and_then(|status| StatusCode::from_u16(status).ok());
        status.map_or(ErrorClass::Unavailable, status::class_of)
    }

    /// Returns whether the input is too long for the model.
    pub(super) fn is_too_long(&self) -> bool {
        let text = self.message.to_ascii_lowercase();
        let is_said = TOO_LONG.iter().any(|words| text.contains(words));
        let is_named = self.names.iter().any(|name| name == "context_length_exceeded");
        is_named || (is_said && matches!(self.status, Some(400 | 413 | 422)))
    }
}

/// Reads an unsuccessful response: its failure, and what it reports.
pub(super) async fn of_status(answer: Answer, scrubber: &Scrubber) -> (Failure, Reported) {
    let (status, peer, headers) = (answer.status(), answer.speaker(), answer.headers().clone());
    let beginning = answer.beginning(READ_BYTES).await;
    let body = body::shown(&headers, &beginning.bytes);
    let body = if beginning.is_whole { scrubber.json_or_text(&body) } else { scrubber.beginning(&body) };
    let value = json::read(body.as_bytes()).ok();
    let mut error = value.as_ref().and_then(reported).unwrap_or_default();
    if error.message.is_empty() {
        error.message = html::described(&body).unwrap_or_else(|| status::said(&body));
    }
    error.status = Some(status.as_u16());
    error.retry_after = status::retry_after(&headers, Timestamp::now()).or(error.retry_after);
    let reason = status.canonical_reason().map(|reason| format!(" {reason}")).unwrap_or_default();
    let failure = error.failure(&format!("HTTP {}{reason} from {peer}", status.as_u16()));
    (Failure { body: status::kept_body(&headers, beginning, scrubber), ..failure }, error)
}

/// Reads the error inside a response with status 200.
pub(super) fn in_success(answer: &Value, headers: &HeaderMap) -> Option<Reported> {
    let error = reported(answer)?;
    Some(Reported {
        retry_after: status::retry_after(headers, Timestamp::now()).or(error.retry_after),
        ..error
    })
}

/// Reads the error that `answer` is or has. Some gateways put it into a list.
pub(super) fn reported(answer: &Value) -> Option<Reported> {
    if let Some(inner) = answer.as_array().and_then(|items| items.first()) {
        return reported(inner);
    }
    // This event of the responses API has the response in it.
    if text_at(answer, "/type") == Some("response.failed") {
        return reported(answer.get("response")?);
    }
    let is_marked = ["/object", "/type"].iter().any(|pointer| text_at(answer, pointer) == Some("error"));
    let error = if is_given(answer, "/error") { answer.get("error")? } else { answer };
    if !is_marked && std::ptr::eq(error, answer) {
        return None;
    }
    let names =
        ["/type", "/code", "/status"].into_iter().flat_map(|at| [text_at(error, at), text_at(answer, at)]);
    let names = names.flatten().map(str::to_ascii_lowercase).filter(|name| name != "error");
    let names: Vec<String> = names.collect();
    let code = status_in(error).or_else(|| status_in(answer));
    Some(Reported {
        message: one_line(&message_of(error), MESSAGE_CHARS_MAX),
        parameter: text_at(error, "/param").map(str::to_ascii_lowercase),
        code,
        status: code.or_else(|| status_of_names(&names)),
        retry_after: retry_after_in(error).or_else(|| retry_after_in(answer)),
        names,
    })
}

/// Returns the message, and what the server behind a gateway said. A message that is JSON again is taken apart.
fn message_of(error: &Value) -> String {
    let said = error.as_str().or_else(|| text_at(error, "/message")).or_else(|| text_at(error, "/detail"));
    let Some(said) = said else { return error.to_string() };
    let inner = json::read(said.as_bytes()).ok().and_then(|inner| reported(&inner));
    let said = inner.map_or_else(|| said.to_owned(), |inner| inner.message);
    match text_at(error, "/metadata/raw") {
        Some(raw) if !said.contains(raw) => format!("{said} ({raw})"),
        _ => said,
    }
}

fn status_in(error: &Value) -> Option<u16> {
    let fields = ["code", "status", "status_code", "http_code"];
    fields.iter().filter_map(|name| error.get(name)).find_map(|value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.parse().ok().filter(|status| (400..600).contains(status))
    })
}

fn status_of_names(names: &[String]) -> Option<u16> {
    let is_named = |known: &[&str]| names.iter().any(|name| known.contains(&name.as_str()));
    NAMED.iter().find(|(known, _)| is_named(known)).map(|(_, status)| *status)
}

/// Reads the seconds of `retry_after`, as a number or a text, and Google's `retryDelay`.
fn retry_after_in(error: &Value) -> Option<Duration> {
    let fields =
        ["/retry_after", "/retry_after_seconds", "/metadata/retry_after", "/metadata/retry_after_seconds"];
    let given = fields.iter().find_map(|pointer| error.pointer(pointer));
    let details = error.get("details").and_then(Value::as_array).into_iter().flatten();
    let delay = details.filter_map(|detail| detail.get("retryDelay")).next();
    let value = given.or(delay)?;
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let seconds: f64 = text.trim().trim_end_matches('s').parse().ok()?;
    Duration::try_from_secs_f64(seconds.min(u32::MAX.into())).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn errors_have_the_class_of_their_code() {
        for (answer, class) in [
            (json!({ "error": { "code": 401, "message": "m" } }), ErrorClass::Rejected),
            (json!({ "error": { "code": "429", "message": "m" } }), ErrorClass::RateLimited),
            (json!({ "error": { "code": 502, "message": "m" } }), ErrorClass::Unavailable),
            (json!({ "error": { "code": 400, "message": "m" } }), ErrorClass::Rejected),
            (json!({ "error": "m" }), ErrorClass::Unavailable),
            (json!({ "error": { "message": "m", "code": null } }), ErrorClass::Unavailable),
            (json!({ "error": { "message": "m", "code": 20013 } }), ErrorClass::Unavailable),
            (json!({ "error": { "message": "m" }, "status_code": 403 }), ErrorClass::Rejected),
            (json!({ "object": "error", "message": "m", "code": 400 }), ErrorClass::Rejected),
            (json!({ "object": "error", "message": "m", "type": "BadRequestError" }), ErrorClass::Rejected),
            (
                json!({ "type": "error", "error": { "type": "overloaded_error", "message": "m" } }),
                ErrorClass::Unavailable,
            ),
            (
                json!({ "type": "error", "error": { "type": "rate_limit_error", "message": "m" } }),
                ErrorClass::RateLimited,
            ),
            (
                json!({ "type": "error", "error": { "type": "authentication_error", "message": "m" } }),
                ErrorClass::Rejected,
            ),
            (
                json!([{ "error": { "code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED" } }]),
                ErrorClass::RateLimited,
            ),
            (json!({ "error": { "message": "m", "status": "UNAVAILABLE" } }), ErrorClass::Unavailable),
            (
                json!({ "error": { "message": "m", "type": "insufficient_quota", "code": 429 } }),
                ErrorClass::Rejected,
            ),
            (json!({ "error": { "message": "m", "code": "invalid_api_key" } }), ErrorClass::Rejected),
        ] {
            let failure = reported(&answer).unwrap().failure("From x");

            assert_eq!((failure.class, failure.message.as_str()), (class, "From x: m"), "{answer}");
        }
    }

    #[test]
    fn responses_are_not_errors() {
        for answer in [
            json!({ "choices": [] }),
            json!({ "choices": [], "error": null }),
            json!({ "choices": [], "error": "" }),
            json!({ "choices": [], "error": {} }),
            json!({ "type": "message", "content": [] }),
            json!([]),
            json!("error"),
        ] {
            assert_eq!(reported(&answer), None, "{answer}");
        }
    }

    #[test]
    fn what_was_said_behind_a_gateway_is_kept() {
        for (answer, said) in [
            (
                json!({ "error": { "message": "Provider returned error", "metadata": { "raw": "slow down" } } }),
                "x: Provider returned error (slow down)",
            ),
            (
                json!({ "error": { "message": "{\"error\":{\"code\":429,\"message\":\"exhausted\"}}" } }),
                "x: exhausted",
            ),
            (json!({ "error": { "message": "a\n  b\u{0}c" } }), "x: a b c"),
            (json!({ "error": { "reason": "r" } }), "x: {\"reason\":\"r\"}"),
        ] {
            assert_eq!(reported(&answer).unwrap().failure("x").message, said);
        }
    }

    #[test]
    fn the_time_to_wait_is_found_in_the_error() {
        for (error, millis) in [
            (json!({ "retry_after": 7 }), Some(7_000)),
            (json!({ "retry_after": "1.5" }), Some(1_500)),
            (json!({ "metadata": { "retry_after_seconds": 2 } }), Some(2_000)),
            (json!({ "details": [{ "@type": "x" }, { "retryDelay": "34.5s" }] }), Some(34_500)),
            (json!({ "retry_after": -1 }), None),
            (json!({ "retry_after": "soon" }), None),
            (json!({ "retry_after": null }), None),
        ] {
            let found = reported(&json!({ "error": error })).unwrap().retry_after;

            assert_eq!(found, millis.map(Duration::from_millis), "{error}");
        }
    }

    #[test]
    fn input_that_is_too_long_is_rejected_and_said() {
        for answer in [
            json!({ "error": { "message": "m", "code": "context_length_exceeded" } }),
            json!({ "error": { "message": "This model's maximum context length is 8192 tokens.", "code": 400 } }),
            json!({ "error": { "message": "prompt is too long: 9 tokens > 8 maximum", "type": "invalid_request_error" } }),
            json!({ "error": { "message": "The input token count (9) exceeds the maximum", "code": 400 } }),
        ] {
            let failure = reported(&answer).unwrap().failure("x");

            assert_eq!(failure.class, ErrorClass::Rejected, "{answer}");
            assert!(failure.message.contains("the input is too long for the model"), "{}", failure.message);
        }
    }
}
