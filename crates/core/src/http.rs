//! What HTTP allows in a document: headers that may be set, values that they may have, ranges of statuses.
//!
//! The same rules hold when a flow or an agent is saved and when a call is made.

use serde_json::{Value, json};

use crate::document::{Name, Place, Reader, Reading, Terms};
use crate::limits::Limits;

/// Headers that neither a flow nor an agent may set, in lower case: the connection's own, and those that Steadflow sets.
///
/// `user-agent` is not among them. `accept-encoding` is, since responses are decoded here.
pub const RESERVED_HEADERS: [&str; 15] = [
    "accept-encoding",
    "connection",
    "content-length",
    "host",
    "idempotency-key",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "steadflow-attempt",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-deadline",
];

/// The content type of form fields (WHATWG URL, 5).
pub const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// Returns whether a content type, with or without parameters, is [`FORM_TYPE`].
pub fn is_form_type(content_type: &str) -> bool {
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(FORM_TYPE)
}

/// Checks that `name` is a header that a flow or an agent may set.
///
/// # Errors
/// Why it is not, as a sentence without its full stop.
pub fn check_header_name(name: &str) -> Result<(), String> {
    if !is_token(name) {
        return Err(format!("`{name}` is not a header name"));
    }
    if RESERVED_HEADERS.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
        return Err(format!("the header `{name}` cannot be set: Steadflow sets it"));
    }
    Ok(())
}

/// Returns whether `text` is a token (RFC 9110, 5.6.2), as methods and header names are.
pub(crate) fn is_token(text: &str) -> bool {
    let is_token_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// A pattern of tokens, for JSON Schemas, that are none of `refused` in any case.
pub(crate) fn token_pattern(refused: &[&str]) -> String {
    let words: Vec<String> = refused.iter().map(|word| in_any_case(word)).collect();
    format!("^(?!(?:{})$)[A-Za-z0-9!#$%&'*+.^_`|~-]+$", words.join("|"))
}

fn in_any_case(word: &str) -> String {
    let letter = |c: char| match c {
        'a'..='z' => format!("[{}{c}]", c.to_ascii_uppercase()),
        other => other.to_string(),
    };
    word.chars().map(letter).collect()
}

/// Names of headers that may be set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeaderName;

impl Name for HeaderName {
    fn check(&self, name: &str) -> Result<(), String> {
        check_header_name(name)
    }

    fn schema(&self) -> Option<Value> {
        Some(json!({ "type": "string", "pattern": token_pattern(&RESERVED_HEADERS) }))
    }
}

/// Reads a string, a number or a boolean as the text that is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scalar;

impl Scalar {
    fn text(value: &Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

impl Reader for Scalar {
    type Value = String;

    fn wanted(&self, _: &Limits) -> String {
        "a string, a number or a boolean".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": ["string", "number", "boolean"] })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        reading.fitting(self, Self::text(value), value, at)
    }
}

/// Reads the value of a header: a scalar without line breaks and other control characters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeaderValue;

impl Reader for HeaderValue {
    type Value = String;

    fn wanted(&self, limits: &Limits) -> String {
        Scalar.wanted(limits)
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({
            "type": ["string", "number", "boolean"],
            "pattern": "^[^\\u0000-\\u0008\\u000a-\\u001f\\u007f]*$",
        })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        let text = Scalar.read(value, at, reading)?;
        if text.chars().any(|c| c.is_ascii_control() && c != '\t') {
            reading.fault(at, "the value of a header must not hold line breaks or other control characters");
            return None;
        }
        Some(text)
    }
}

/// Ranges of statuses, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusRanges(pub(crate) Vec<StatusRange>);

/// Statuses from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StatusRange {
    from: u16,
    to: u16,
}

impl StatusRanges {
    /// Returns the statuses of success.
    pub(crate) fn success() -> Self {
        Self(vec![StatusRange { from: 200, to: 299 }])
    }

    /// Returns whether `status` is in one of them.
    pub fn contain(&self, status: u16) -> bool {
        self.0.iter().any(|range| (range.from..=range.to).contains(&status))
    }

    /// Returns whether a redirect is in one of them: then it is what the call is for, and not followed.
    pub fn contain_redirects(&self) -> bool {
        [301, 302, 303, 307, 308].into_iter().any(|status| self.contain(status))
    }
}

/// Reads `404`, `"404"`, `"4xx"` or `"200-299"`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Statuses;

impl Reader for Statuses {
    type Value = StatusRange;

    fn wanted(&self, _: &Limits) -> String {
        "a status from 100 to 599, `\"2xx\"`, or a range such as `\"200-299\"`".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        let status = "[1-5][0-9]{2}";
        let pattern = format!("^\\s*(?:[1-5]xx|{status}(?:\\s*[-–]\\s*{status})?)\\s*$");
        json!({ "type": ["integer", "string"], "minimum": 100, "maximum": 599, "pattern": pattern })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<StatusRange> {
        reading.fitting(self, status_range(value), value, at)
    }
}

fn status_range(value: &Value) -> Option<StatusRange> {
    let Value::String(text) = value else {
        return status(value).map(|status| StatusRange { from: status, to: status });
    };
    let text = text.trim();
    if let Some(class) = text.strip_suffix("xx") {
        let from = status_of(&format!("{class}00"))?;
        return Some(StatusRange { from, to: from + 99 });
    }
    let (from, to) = text.split_once(['-', '–']).unwrap_or((text, text));
    let (from, to) = (status_of(from.trim())?, status_of(to.trim())?);
    (from <= to).then_some(StatusRange { from, to })
}

fn status_of(text: &str) -> Option<u16> {
    // `+200` is a number to Rust.
    let is_plain = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|status| is_plain && (100..=599).contains(status))
}

/// Reads an HTTP status.
pub(crate) fn status(value: &Value) -> Option<u16> {
    crate::json::whole(value)
        .and_then(|status| u16::try_from(status).ok())
        .filter(|status| (100..=599).contains(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_named_in_several_ways() {
        for (value, inside, outside) in [
            (json!(404), 404, 200),
            (json!("404"), 404, 200),
            (json!("2xx"), 204, 304),
            (json!("200-302"), 302, 303),
            (json!(" 200 – 299 "), 250, 300),
        ] {
            let ranges = StatusRanges(vec![status_range(&value).unwrap()]);

            assert!(ranges.contain(inside) && !ranges.contain(outside), "{value}");
        }
    }

    #[test]
    fn redirects_are_expected_where_a_range_has_one() {
        for (value, contains) in [("3xx", true), ("307", true), ("304", false), ("200-300", false)] {
            let ranges = StatusRanges(vec![status_range(&value.into()).unwrap()]);

            assert_eq!(ranges.contain_redirects(), contains, "{value}");
        }
    }

    #[test]
    fn form_fields_are_known_by_their_type_in_any_case_and_with_parameters() {
        for (content_type, is_form) in [
            ("application/x-www-form-urlencoded", true),
            ("Application/X-WWW-Form-Urlencoded ; charset=utf-8", true),
            ("application/json", false),
        ] {
            assert_eq!(is_form_type(content_type), is_form, "{content_type}");
        }
    }

    #[test]
    fn what_is_no_status_is_refused() {
        for value in [
            json!(99),
            json!(600),
            json!("x"),
            json!("9xx"),
            json!("+2xx"),
            json!("0404"),
            json!("300-200"),
            json!([]),
            json!(true),
        ] {
            assert_eq!(status_range(&value), None, "{value}");
        }
    }

    #[test]
    fn reserved_headers_are_refused_in_any_case() {
        for name in ["Idempotency-Key", "host", "X-DEADLINE", "Connection", "Transfer-Encoding"] {
            let why = check_header_name(name).unwrap_err();

            assert_eq!(why, format!("the header `{name}` cannot be set: Steadflow sets it"));
        }
        assert!(check_header_name("User-Agent").is_ok());
        assert!(check_header_name("Authorization").is_ok());
        assert!(check_header_name("x: y").is_err());
        assert!(check_header_name("").is_err());
    }

    #[test]
    fn the_schema_of_header_names_refuses_what_is_refused() {
        let schema = jsonschema::validator_for(&HeaderName.schema().unwrap()).unwrap();

        for name in [
            "X-Api-Key",
            "hostname",
            "a!#$%&'*+-.^_`|~9",
            "host",
            "HoST",
            "x-DEADLINE",
            "te",
            "a b",
            "x:",
            "",
        ] {
            assert_eq!(schema.is_valid(&name.into()), check_header_name(name).is_ok(), "{name}");
        }
    }
}
