//! Failures for unexpected HTTP statuses.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use steadflow_core::failure::{ErrorClass, Failure};

use crate::egress::Answer;

/// Maximum number of bytes that are read from an error response.
const LOOKED_AT_BYTES: usize = 4096;
/// Maximum number of characters of it in a message.
const QUOTED_CHARS: usize = 200;

/// Returns the failure for the status of `answer`, with a quote of its body.
pub(crate) async fn failure_of(answer: Answer) -> Failure {
    let status = answer.status();
    let retry_after = retry_after(answer.headers(), Timestamp::now());
    let peer = answer.peer();
    let quoted = quote(&answer.beginning(LOOKED_AT_BYTES).await);
    let reason = status.canonical_reason().map(|reason| format!(" {reason}")).unwrap_or_default();
    let separator = if quoted.is_empty() { "." } else { ": " };
    Failure {
        class: class_of(status),
        message: format!("HTTP {}{reason} from {peer}{separator}{quoted}", status.as_u16()),
        status: Some(status.as_u16()),
        retry_after,
    }
}

pub(crate) fn class_of(status: StatusCode) -> ErrorClass {
    match status.as_u16() {
        429 => ErrorClass::RateLimited,
        408 | 425 | 500..=599 => ErrorClass::Unavailable,
        _ => ErrorClass::Rejected,
    }
}

/// Returns the message of a JSON error (`error.message`, `error`, `message` or `detail`) or else the text, on one line.
pub(crate) fn quote(body: &[u8]) -> String {
    let message = serde_json::from_slice::<serde_json::Value>(body).ok().and_then(|json| {
        let pointers = ["/error/message", "/error", "/message", "/detail"];
        pointers.into_iter().find_map(|pointer| json.pointer(pointer)?.as_str().map(str::to_owned))
    });
    let text = message.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(QUOTED_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Reads `Retry-After` (RFC 9110, 10.2.3): seconds, or a date relative to the response's `Date` or else to `now`.
///
/// A date in the past and an invalid value are ignored.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit still mean a very long time.
        return Some(Duration::from_secs(text.parse::<u32>().unwrap_or(u32::MAX).into()));
    }
    let moment = http_date(text)?;
    let sent = headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?)).unwrap_or(now);
    Duration::try_from(moment.duration_since(sent)).ok().filter(|wait| !wait.is_zero())
}

fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn retry_after_is_read_in_every_form() {
        for (text, seconds) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("1000000000", Some(1_000_000_000)),
            ("99999999999999999999999", Some(u64::from(u32::MAX))),
            ("Mon, 23 Nov 2026 10:01:30 GMT", Some(90)),
            ("Mon, 23 Nov 2026 09:00:00 GMT", None),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);

            assert_eq!(retry_after(&headers, now()), seconds.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn a_date_counts_from_the_peers_own_clock() {
        let headers = HeaderMap::from_iter([
            (RETRY_AFTER, HeaderValue::from_static("Mon, 23 Nov 2020 10:00:10 GMT")),
            (DATE, HeaderValue::from_static("Mon, 23 Nov 2020 10:00:00 GMT")),
        ]);

        assert_eq!(retry_after(&headers, now()), Some(Duration::from_secs(10)));
    }

    #[test]
    fn statuses_have_their_classes() {
        for (status, class) in [
            (429, ErrorClass::RateLimited),
            (408, ErrorClass::Unavailable),
            (425, ErrorClass::Unavailable),
            (500, ErrorClass::Unavailable),
            (529, ErrorClass::Unavailable),
            (400, ErrorClass::Rejected),
            (404, ErrorClass::Rejected),
            (302, ErrorClass::Rejected),
            (204, ErrorClass::Rejected),
        ] {
            assert_eq!(class_of(StatusCode::from_u16(status).unwrap()), class, "{status}");
        }
    }

    #[test]
    fn messages_quote_one_short_line() {
        assert_eq!(quote(br#"{"error":{"message":"no\nquota"}}"#), "no quota");
        assert_eq!(quote(b"<h1>\r\n  oops\x00</h1>"), "<h1> oops </h1>");
        assert_eq!(quote(&[b'x'; 500]).chars().count(), 201);
        assert_eq!(quote(b"\xff"), "\u{fffd}");
    }

    fn now() -> Timestamp {
        "2026-11-23T10:00:00Z".parse().unwrap()
    }
}
