//! What every outgoing call of an attempt carries, and who may set which header.

use reqwest::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use steadflow_core::work::Work;

/// The same over all attempts of a node, so that a peer that honours it does the work once.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// When the attempt is stopped, RFC 3339.
const DEADLINE: HeaderName = HeaderName::from_static("x-deadline");
/// The attempt's number, from 1.
const ATTEMPT: HeaderName = HeaderName::from_static("steadflow-attempt");

const AGENT: &str = concat!("steadflow/", env!("CARGO_PKG_VERSION"));

/// Headers that a flow may not set: the connection's own, and those that [`headers_of`] sets.
///
/// `User-Agent` is not among them. `Accept-Encoding` is, since answers are decoded here.
const RESERVED: [HeaderName; 15] = [
    ACCEPT_ENCODING,
    ATTEMPT,
    CONNECTION,
    CONTENT_LENGTH,
    DEADLINE,
    HOST,
    IDEMPOTENCY_KEY,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Returns the headers that every call of `work` carries.
pub(crate) fn headers_of(work: &Work) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(IDEMPOTENCY_KEY, visible(&work.idempotency_key()));
    headers.insert(ATTEMPT, HeaderValue::from(work.attempt.number()));
    if let Some(stop_at) = work.stop_at {
        headers.insert(DEADLINE, visible(&stop_at.to_string()));
    }
    headers
}

/// Takes a header as a flow or an agent gives it.
///
/// # Errors
/// A sentence that says why it cannot be sent.
pub(crate) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
        return Err(format!("`{name}` is no header name."));
    };
    if RESERVED.contains(&parsed) {
        return Err(format!("The header `{name}` cannot be set: Steadflow sets it."));
    }
    match HeaderValue::from_bytes(value.as_bytes()) {
        Ok(value) => Ok((parsed, value)),
        Err(_) => {
            Err(format!("The value of the header `{name}` holds a line break or another control character."))
        }
    }
}

/// A node's id may hold any character; a header holds visible ASCII, so the rest is percent-encoded.
fn visible(text: &str) -> HeaderValue {
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
    fn reserved_headers_are_refused_in_any_case() {
        for name in ["Idempotency-Key", "host", "X-DEADLINE", "Connection", "Transfer-Encoding"] {
            assert!(header(name, "x").is_err(), "{name}");
        }
        assert!(header("User-Agent", "x").is_ok());
        assert!(header("Authorization", "Bearer x").is_ok());
    }

    #[test]
    fn header_injection_is_refused() {
        assert!(header("x", "a\r\nHost: b").is_err());
        assert!(header("x: y", "a").is_err());
    }

    #[test]
    fn any_node_id_fits_into_a_header() {
        assert_eq!(visible("a b%ü\n").to_str().unwrap(), "a%20b%25%C3%BC%0A");
    }
}
