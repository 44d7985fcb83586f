//! Failures for what a peer answered: an unexpected status, or a body that is not what it says.

mod said;

use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde_json::Value;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::payload::Payload;

use crate::body::{self, Content, Misread};
use crate::dates::http_date;
use crate::egress::{Answer, Beginning};
use crate::secrets::Scrubber;
pub(crate) use said::said;

/// Maximum number of bytes that are read from an error response.
const LOOKED_AT_BYTES: usize = 64 * 1024;
/// Maximum number of bytes of a body that a failure keeps.
const KEPT_BYTES: usize = 16 * 1024;

/// Returns the failure for the status of `answer`, with what its body says.
pub(crate) async fn failure_of(answer: Answer, scrubber: &Scrubber) -> Failure {
    let (status, headers, peer) = (answer.status(), answer.headers().clone(), answer.speaker());
    let body = ErrorBody::read(&headers, answer.beginning(LOOKED_AT_BYTES).await).without_secrets(scrubber);
    let said = body.said();
    let reason = status.canonical_reason().map(|reason| format!(" {reason}")).unwrap_or_default();
    let separator = if said.is_empty() { "." } else { ": " };
    Failure {
        class: class_of(status),
        message: format!("HTTP {}{reason} from {peer}{separator}{said}", status.as_u16()),
        status: Some(status.as_u16()),
        retry_after: retry_after(&headers, Timestamp::now()),
        body: body.kept(),
        is_unsent: false,
    }
}

/// Returns what a failure keeps of an error body, decoded and bounded.
pub(crate) fn kept_body(headers: &HeaderMap, beginning: Beginning, scrubber: &Scrubber) -> Option<Payload> {
    ErrorBody::read(headers, beginning).without_secrets(scrubber).kept()
}

/// Returns the failure for a body that is not what its content type says. It is not repeated by itself: the call has been
/// made, and the peer would answer the same.
pub(crate) fn misread(peer: &str, misread: &Misread) -> Failure {
    Failure::new(ErrorClass::Rejected, format!("The response of {peer} {misread}."))
}

pub(crate) fn class_of(status: StatusCode) -> ErrorClass {
    match status.as_u16() {
        429 => ErrorClass::RateLimited,
        408 | 425 | 500..=599 => ErrorClass::Unavailable,
        _ => ErrorClass::Rejected,
    }
}

/// The body of an error response, as far as it can be read. What is wrong with it must not hide the status.
#[derive(Clone, Debug, PartialEq, Eq)]
enum ErrorBody {
    Nothing,
    Json(String),
    Text(String),
    Binary(Content),
}

impl ErrorBody {
    fn read(headers: &HeaderMap, beginning: Beginning) -> Self {
        let Beginning { bytes, is_whole } = beginning;
        let lossy = || {
            let text = body::shown(headers, &bytes);
            Self::Text(if is_whole { text } else { format!("{}…", text.trim_end_matches('\u{fffd}')) })
        };
        match Content::read(headers, &bytes) {
            Ok(Content::Nothing) => Self::Nothing,
            Ok(Content::Json(text)) if is_whole => Self::Json(text),
            Ok(Content::Text(text)) if is_whole => Self::Text(text),
            Ok(binary @ Content::Binary { .. }) => {
                if is_whole {
                    Self::Binary(binary)
                } else {
                    Self::Nothing
                }
            }
            Ok(Content::Json(_) | Content::Text(_)) | Err(_) => lossy(),
        }
    }

    /// Masks secrets, before anything of it is cut.
    fn without_secrets(self, scrubber: &Scrubber) -> Self {
        match self {
            Self::Json(text) => Self::Json(scrubber.json_or_text(&text).into_owned()),
            // Its end may be in the middle of a secret.
            Self::Text(text) if text.ends_with('…') => Self::Text(scrubber.beginning(&text).into_owned()),
            Self::Text(text) => Self::Text(scrubber.text(&text).into_owned()),
            Self::Nothing | Self::Binary(_) => self,
        }
    }

    /// Returns what it says, for a message.
    fn said(&self) -> String {
        match self {
            Self::Nothing | Self::Binary(_) => String::new(),
            Self::Json(text) | Self::Text(text) => said(text),
        }
    }

    /// Returns what a failure keeps of it: JSON and bytes if they are not too long, and the beginning of a text.
    fn kept(self) -> Option<Payload> {
        let text = match self {
            Self::Nothing => return None,
            Self::Json(text) if text.len() <= KEPT_BYTES => return Payload::parse(text).ok(),
            Self::Binary(content) => {
                let json = content.into_json();
                return Payload::parse(json).ok().and_then(kept_json);
            }
            Self::Json(text) | Self::Text(text) => text,
        };
        Some(kept_text(&text))
    }
}

/// Returns what a failure keeps of JSON: all of it, if it is not too long.
pub(crate) fn kept_json(json: Payload) -> Option<Payload> {
    (json.len() <= KEPT_BYTES).then_some(json)
}

/// Returns what a failure keeps of a text: its beginning.
pub(crate) fn kept_text(text: &str) -> Payload {
    let end = text.floor_char_boundary(KEPT_BYTES);
    let kept = if end < text.len() { format!("{}…", &text[..end]) } else { text.to_owned() };
    Payload::from_value(&Value::from(kept))
}

/// Reads how long a peer asks us to wait: `Retry-After` (RFC 9110, 10.2.3), in seconds, also with a fraction as some
/// servers send it, or a date relative to the response's `Date` or else to `now`; or `retry-after-ms`, which language models
/// send to be exact.
///
/// A date in the past and an invalid value are ignored.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(milliseconds) = text("retry-after-ms").and_then(decimal) {
        return Some(milliseconds / 1000);
    }
    let text = text(RETRY_AFTER.as_str())?;
    if let Some(seconds) = decimal(text) {
        return Some(seconds);
    }
    let moment = http_date(text)?;
    let sent = headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?)).unwrap_or(now);
    Duration::try_from(moment.duration_since(sent)).ok().filter(|wait| !wait.is_zero())
}

/// Reads a number without sign and exponent, as so many seconds. More digits than fit still mean a very long time.
fn decimal(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let seconds = Duration::from_secs(whole.parse::<u32>().unwrap_or(u32::MAX).into());
    let nanos = format!("{fraction:0<9}")[..9].parse().ok()?;
    Some(seconds + Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests;
