//! What every outgoing call of an attempt carries, and who may set which header.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use steadflow_core::http::check_header_name;
use steadflow_core::trace::Sampling;
use steadflow_core::work::Work;

/// What is escaped in a segment of a path: all but the unreserved characters of RFC 3986, as for values of templates.
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same over all attempts of a node, so that a peer that honours it does the work once.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// When the attempt is stopped, RFC 3339.
const DEADLINE: HeaderName = HeaderName::from_static("x-deadline");
/// The attempt's number, from 1.
const ATTEMPT: HeaderName = HeaderName::from_static("steadflow-attempt");
/// The span of the call (W3C Trace Context), if it belongs to a trace. A flow or an agent may set another one.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

pub(crate) const AGENT: &str = concat!("steadflow/", env!("CARGO_PKG_VERSION"));

/// Returns the headers that every call of `work` carries; `traces` says which executions are traced, if any. Without traces,
/// the trace context of the caller is passed on as it came (W3C Trace Context, 3.3.1.2).
pub(crate) fn headers_of(work: &Work, traces: Option<Sampling>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(IDEMPOTENCY_KEY, visible(&work.idempotency_key()));
    headers.insert(ATTEMPT, HeaderValue::from(work.attempt.number()));
    if let Some(stop_at) = work.stop_at {
        headers.insert(DEADLINE, visible(&stop_at.to_string()));
    }
    let parent = match traces {
        Some(traces) => traces.traceparent(work),
        None => work.trace.caller().copied(),
    };
    if let Some(parent) = parent {
        headers.insert(TRACEPARENT, visible(&parent.to_string()));
    }
    headers
}

/// Takes a header as a flow or an agent gives it.
///
/// # Errors
/// A sentence that says why it cannot be sent.
pub(crate) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    check_header_name(name).map_err(|why| format!("The call cannot be made: {why}."))?;
    let parsed = HeaderName::from_bytes(name.as_bytes()).expect("the name was checked to be a token");
    match HeaderValue::from_bytes(value.as_bytes()) {
        Ok(value) => Ok((parsed, value)),
        Err(_) => {
            Err(format!("The value of the header `{name}` holds a line break or another control character."))
        }
    }
}

/// Returns a header's value as text: UTF-8 where it is that, else Latin-1 (RFC 9110, 5.5).
pub(crate) fn header_text(value: &HeaderValue) -> Cow<'_, str> {
    let bytes = value.as_bytes();
    std::str::from_utf8(bytes).map_or_else(|_| encoding_rs::mem::decode_latin1(bytes), Cow::Borrowed)
}

/// A node's id may hold any character; a header holds visible ASCII, so the rest is percent-encoded.
pub(crate) fn visible(text: &str) -> HeaderValue {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && byte != b'%' {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    HeaderValue::try_from(encoded).expect("visible ASCII is a valid header value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_here_cannot_be_set_by_others() {
        for name in [IDEMPOTENCY_KEY, ATTEMPT, DEADLINE] {
            assert!(header(name.as_str(), "x").is_err(), "{name}");
        }
        assert!(header(USER_AGENT.as_str(), "x").is_ok());
    }

    #[test]
    fn header_injection_is_refused() {
        assert!(header("x", "a\r\nHost: b").is_err());
        assert!(header("x: y", "a").is_err());
    }

    #[test]
    fn header_values_are_utf_8_or_latin_1() {
        for (bytes, text) in [(&b"Caf\xe9"[..], "Café"), ("Café".as_bytes(), "Café"), (b"a\xff", "aÿ")] {
            assert_eq!(header_text(&HeaderValue::from_bytes(bytes).unwrap()), text);
        }
    }

    #[test]
    fn any_node_id_fits_into_a_header() {
        assert_eq!(visible("a b%ü\n").to_str().unwrap(), "a%20b%25%C3%BC%0A");
    }
}
