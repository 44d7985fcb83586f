//! The input of `http_request`, read.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Map, Value};
use steadflow_core::failure::{ErrorClass, Failure};
use url::Url;

use super::expect::Expect;
use crate::call::header;

const KEYS: [&str; 6] = ["method", "url", "headers", "query", "body", "expect_status"];

/// What to send, and what to take for success.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) expect: Expect,
}

impl Input {
    /// Reads the resolved input, secrets included.
    ///
    /// # Errors
    /// A failure of class `validation` that names the key and what is wrong with it.
    pub(super) fn read(input: &Value) -> Result<Self, Failure> {
        let Some(map) = input.as_object() else {
            return Err(invalid("The input of http_request must be an object."));
        };
        if let Some(key) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(invalid(format!("`{key}` is not known. http_request takes {}.", KEYS.join(", "))));
        }
        let mut headers = headers(map.get("headers"))?;
        let body = body(map.get("body"), &mut headers);
        let Some(expect) = Expect::read(map.get("expect_status")) else {
            return Err(invalid(
                "`expect_status` must be a status, \"2xx\", \"200-299\" or a list of these.",
            ));
        };
        Ok(Self { method: method(map.get("method"))?, url: url(map)?, headers, body, expect })
    }
}

fn method(value: Option<&Value>) -> Result<Method, Failure> {
    let text = match value {
        None | Some(Value::Null) => return Ok(Method::GET),
        Some(value) => value.as_str().unwrap_or_default().to_ascii_uppercase(),
    };
    match Method::from_bytes(text.as_bytes()) {
        Ok(Method::CONNECT | Method::TRACE) | Err(_) => {
            Err(invalid(format!("`{text}` is no method that can be sent.")))
        }
        Ok(method) => Ok(method),
    }
}

fn url(map: &Map<String, Value>) -> Result<Url, Failure> {
    let Some(text) = map.get("url").and_then(Value::as_str) else { return Err(invalid("`url` is missing.")) };
    let mut url = Url::parse(text.trim()).map_err(|error| invalid(format!("`url` is no URL: {error}.")))?;
    match map.get("query") {
        None | Some(Value::Null) => {}
        Some(Value::Object(query)) => extend_query(&mut url, query)?,
        Some(_) => return Err(invalid("`query` must be an object.")),
    }
    Ok(url)
}

/// `null` leaves a parameter out; a list repeats it.
fn extend_query(url: &mut Url, query: &Map<String, Value>) -> Result<(), Failure> {
    let mut pairs = Vec::new();
    for (name, value) in query {
        match value {
            Value::Null => {}
            Value::Array(items) => {
                for item in items {
                    pairs.push((name, scalar(item, "query", name)?));
                }
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                pairs.push((name, scalar(value, "query", name)?));
            }
        }
    }
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    Ok(())
}

fn headers(value: Option<&Value>) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    let map = match value {
        None | Some(Value::Null) => return Ok(headers),
        Some(Value::Object(map)) => map,
        Some(_) => return Err(invalid("`headers` must be an object.")),
    };
    for (name, value) in map.iter().filter(|(_, value)| !value.is_null()) {
        let (name, value) = header(name, &scalar(value, "headers", name)?).map_err(invalid)?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// A string goes as it is, anything else as JSON; `null` is no body.
fn body(value: Option<&Value>, headers: &mut HeaderMap) -> Option<Bytes> {
    let (content_type, body) = match value? {
        Value::Null => return None,
        Value::String(text) => ("text/plain; charset=utf-8", text.clone()),
        json @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            ("application/json", json.to_string())
        }
    };
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
    Some(Bytes::from(body))
}

fn scalar(value: &Value, place: &str, name: &str) -> Result<String, Failure> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(invalid(format!("`{name}` in `{place}` must be a text, a number or true or false.")))
        }
    }
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure::new(ErrorClass::Validation, message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_url_is_enough() {
        let input = Input::read(&json!({ "url": "https://x.example/a?b=1" })).unwrap();

        assert_eq!(input.method, Method::GET);
        assert_eq!(input.body, None);
        assert!(input.headers.is_empty());
    }

    #[test]
    fn query_headers_and_body_are_put_together() {
        let input = Input::read(&json!({
            "method": "post", "url": "https://x.example/a?b=1", "query": { "c": [1, "ü&"], "d": null },
            "headers": { "X-N": 5, "content-type": "application/ld+json" }, "body": { "k": [true] },
        }))
        .unwrap();

        assert_eq!(input.method, Method::POST);
        assert_eq!(input.url.as_str(), "https://x.example/a?b=1&c=1&c=%C3%BC%26");
        assert_eq!(input.headers["x-n"], "5");
        assert_eq!(input.headers[CONTENT_TYPE], "application/ld+json");
        assert_eq!(input.body.unwrap(), r#"{"k":[true]}"#);
    }

    #[test]
    fn what_cannot_be_sent_is_refused_with_the_keys_name() {
        for (input, said) in [
            (json!("x"), "object"),
            (json!({}), "`url`"),
            (json!({ "url": "/relative" }), "`url`"),
            (json!({ "url": "https://x", "metod": "GET" }), "`metod`"),
            (json!({ "url": "https://x", "method": "CONNECT" }), "`CONNECT`"),
            (json!({ "url": "https://x", "method": 5 }), "method"),
            (json!({ "url": "https://x", "headers": { "Host": "y" } }), "`Host`"),
            (json!({ "url": "https://x", "headers": { "a": {} } }), "`a`"),
            (json!({ "url": "https://x", "query": { "a": {} } }), "`a`"),
            (json!({ "url": "https://x", "expect_status": "ok" }), "`expect_status`"),
        ] {
            let failure = Input::read(&input).unwrap_err();

            assert_eq!(failure.class, ErrorClass::Validation);
            assert!(failure.message.contains(said), "{}", failure.message);
        }
    }
}
