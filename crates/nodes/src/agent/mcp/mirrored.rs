//! Arguments that a tool wants as headers as well, for what is between it and us (2026-07-28, "custom headers from tool
//! parameters").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use steadflow_core::failure::{ErrorClass, Failure};

/// Bytes of all of these headers. Servers commonly refuse a request with more than 8 KiB of headers.
const HEADERS_BYTES_MAX: usize = 8 * 1024;

/// Adds the headers that the input schema of a tool asks for. What cannot be one is left out.
///
/// # Errors
/// A failure of class `configuration` if they are too long.
pub(super) fn add(schema: &Value, arguments: &Value, headers: &mut HeaderMap) -> Result<(), Failure> {
    let mut wanted = Vec::new();
    collect(schema, arguments, &mut wanted);
    let bytes: usize = wanted.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > HEADERS_BYTES_MAX {
        let message = format!(
            "The tool wants arguments as headers (`x-mcp-header` in its input schema), and these have {bytes} bytes: \
             {HEADERS_BYTES_MAX} are allowed."
        );
        return Err(Failure::new(ErrorClass::Configuration, message));
    }
    headers.extend(wanted.into_iter().map(|(name, value)| (Some(name), value)));
    Ok(())
}

fn collect(schema: &Value, arguments: &Value, wanted: &mut Vec<(HeaderName, HeaderValue)>) {
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    for (key, property) in properties {
        let Some(argument) = arguments.get(key) else { continue };
        let name = property.get("x-mcp-header").and_then(Value::as_str);
        let name = name.and_then(|name| HeaderName::try_from(format!("mcp-param-{name}")).ok());
        wanted.extend(name.zip(text_of(argument).map(|text| value(&text))));
        collect(property, argument, wanted);
    }
}

fn text_of(argument: &Value) -> Option<String> {
    match argument {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(argument.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns a text as a header, encoded if it could not be one.
pub(super) fn value(text: &str) -> HeaderValue {
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && text.trim() == text
        && !(text.starts_with("=?base64?") && text.ends_with("?="));
    let text = if is_plain { text.to_owned() } else { format!("=?base64?{}?=", STANDARD.encode(text)) };
    HeaderValue::try_from(text).expect("visible ASCII and blanks are a valid header value")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_become_headers_where_the_schema_says_so() {
        let schema = json!({ "properties": {
            "region": { "type": "string", "x-mcp-header": "Region" },
            "note": { "x-mcp-header": "Note" },
            "limit": { "x-mcp-header": "Limit" },
            "dry": { "x-mcp-header": "Dry" },
            "odd": { "x-mcp-header": "a b" },
            "list": { "x-mcp-header": "List" },
            "absent": { "x-mcp-header": "Absent" },
            "query": { "type": "string" },
            "inner": { "properties": { "deep": { "x-mcp-header": "Deep" } } },
        } });
        let arguments = json!({ "region": "us-west1", "note": " a\r\nHost: b", "limit": 5, "dry": true, "odd": "x",
            "list": [1], "query": "q", "inner": { "deep": "=?base64?x?=" } });
        let mut headers = HeaderMap::new();

        add(&schema, &arguments, &mut headers).unwrap();

        let mut sent: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        sent.sort_unstable();
        assert_eq!(
            sent,
            [
                "mcp-param-deep: =?base64?PT9iYXNlNjQ/eD89?=",
                "mcp-param-dry: true",
                "mcp-param-limit: 5",
                "mcp-param-note: =?base64?IGENCkhvc3Q6IGI=?=",
                "mcp-param-region: us-west1",
            ]
        );
    }

    #[test]
    fn arguments_that_are_too_long_for_headers_are_refused_by_name() {
        let schema = json!({ "properties": { "a": { "x-mcp-header": "A" }, "b": { "x-mcp-header": "B" } } });
        let name = "mcp-param-a".len();
        let add_both = |bytes: usize| {
            let half = "x".repeat(HEADERS_BYTES_MAX / 2 - name);
            let arguments = json!({ "a": half, "b": half.clone() + &"x".repeat(bytes) });
            let mut headers = HeaderMap::new();
            add(&schema, &arguments, &mut headers).map(|()| headers.len())
        };

        assert_eq!(add_both(0), Ok(2));
        assert_eq!(
            add_both(1).unwrap_err().message,
            "The tool wants arguments as headers (`x-mcp-header` in its input schema), and these have 8193 bytes: 8192 are \
             allowed."
        );
    }
}
