//! `http_request`: one HTTP call.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Map, Value};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::node::HttpInput;
use steadflow_core::payload::Payload;
use steadflow_core::work::Work;

use url::Url;

use crate::call::{header, headers_of};
use crate::egress::{Answer, Request};
use crate::nodes::Shared;
use crate::secrets::Keyring;
use crate::status;

/// Makes the call that `work.input` describes.
///
/// The output is `{"status", "headers", "body"}`. A body is parsed where its content type is JSON and it is one; else
/// it is a text, in which bytes that are no UTF-8 become U+FFFD; nothing is `null`.
///
/// # Errors
/// Why there is no answer, or an answer whose status is not expected.
pub(crate) async fn http_request(
    shared: &Shared,
    work: &Work,
    keyring: &mut Keyring<'_>,
) -> Result<Payload, Failure> {
    let input = HttpInput::read(&keyring.open_input(&work.input, &work.secrets)?)?;
    let body_is_secret = work.secrets.iter().any(|slot| slot.pointer.starts_with("/body"));
    let request = Request { body_is_secret, ..request_of(&input, headers_of(work))? };
    let answer = shared.egress.send(request).await?;
    if !input.expect_status.contain(answer.status().as_u16()) {
        return Err(status::failure_of(answer).await);
    }
    output_of(answer, shared.limits.output_bytes_max).await
}

/// Makes the request; what `input` sets of `headers` wins.
fn request_of(input: &HttpInput, mut headers: HeaderMap) -> Result<Request, Failure> {
    let method = Method::from_bytes(input.method.as_bytes()).expect("the method was checked to be a token");
    for (name, value) in &input.headers {
        let (name, value) = header(name, value).map_err(invalid)?;
        headers.insert(name, value);
    }
    let body = input.body.as_ref().map(|body| body_of(body, &mut headers));
    let follows_redirects = !input.expect_status.contain_redirects();
    Ok(Request { headers, body, follows_redirects, ..Request::new(method, url_of(input)?) })
}

fn url_of(input: &HttpInput) -> Result<Url, Failure> {
    let mut url = Url::parse(&input.url).map_err(|error| invalid(format!("`url` is not a URL: {error}.")))?;
    let pairs: Vec<(&str, &str)> = input
        .query
        .iter()
        .flat_map(|(name, values)| values.iter().map(|value| (name.as_str(), value.as_str())))
        .collect();
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    Ok(url)
}

/// A string goes as it is, anything else as JSON.
fn body_of(body: &Value, headers: &mut HeaderMap) -> Bytes {
    let (content_type, body) = match body {
        Value::String(text) => ("text/plain; charset=utf-8", text.clone()),
        json @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            ("application/json", json.to_string())
        }
    };
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
    Bytes::from(body)
}

fn invalid(message: String) -> Failure {
    Failure::new(ErrorClass::Validation, message)
}

async fn output_of(answer: Answer, bytes_max: usize) -> Result<Payload, Failure> {
    let status = answer.status().as_u16();
    let headers = json_headers(answer.headers());
    let is_json = is_json(answer.headers());
    let body = json_body(answer.body(bytes_max).await?, is_json);
    let output = Map::from_iter([
        ("status".to_owned(), Value::from(status)),
        ("headers".to_owned(), Value::Object(headers)),
        ("body".to_owned(), body),
    ]);
    Ok(Payload::from_value(&Value::Object(output)))
}

/// Names are in lower case; values of one name are joined by a comma (RFC 9110, 5.3).
fn json_headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut object = Map::new();
    for name in headers.keys() {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        object.insert(name.as_str().to_owned(), Value::from(values.join(", ")));
    }
    object
}

fn is_json(headers: &HeaderMap) -> bool {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

fn json_body(body: Vec<u8>, is_json: bool) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    let parsed = if is_json { serde_json::from_slice(&body).ok() } else { None };
    parsed.unwrap_or_else(|| Value::String(String::from_utf8_lossy(&body).into_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_url_is_enough() {
        let request = request(&json!({ "url": "https://x.example/a?b=1" })).unwrap();

        assert_eq!(request.method, Method::GET);
        assert_eq!(request.body, None);
        assert!(request.headers.is_empty() && request.follows_redirects);
    }

    #[test]
    fn query_headers_and_body_are_put_together() {
        let request = request(&json!({
            "method": "post", "url": "https://x.example/a?b=1", "query": { "c": [1, "ü&"], "d": null },
            "headers": { "X-N": 5, "X-M": null, "content-type": "application/ld+json" }, "body": { "k": [true] },
        }))
        .unwrap();

        assert_eq!(request.method, Method::POST);
        assert_eq!(request.url.as_str(), "https://x.example/a?b=1&c=1&c=%C3%BC%26");
        assert_eq!(request.headers["x-n"], "5");
        assert_eq!(request.headers.len(), 2);
        assert_eq!(request.headers[CONTENT_TYPE], "application/ld+json");
        assert_eq!(request.body.unwrap(), r#"{"k":[true]}"#);
    }

    #[test]
    fn what_cannot_be_sent_is_refused_with_the_keys_name() {
        for (input, said) in [
            (json!("x"), "object"),
            (json!({}), "/url"),
            (json!({ "url": "/relative" }), "`url`"),
            (json!({ "url": "https://[x" }), "`url`"),
            (json!({ "url": "https://x", "metod": "GET" }), "`metod`"),
            (json!({ "url": "https://x", "method": "connect" }), "`method`"),
            (json!({ "url": "https://x", "method": 5 }), "`method`"),
            (json!({ "url": "https://x", "headers": { "Host": "y" } }), "`Host`"),
            (json!({ "url": "https://x", "headers": { "a": {} } }), "`a`"),
            (json!({ "url": "https://x", "headers": { "a": "b\nc" } }), "/headers/a"),
            (json!({ "url": "https://x", "query": { "a": {} } }), "`a`"),
            (json!({ "url": "https://x", "expect_status": "ok" }), "`expect_status`"),
        ] {
            let failure = request(&input).unwrap_err();

            assert_eq!(failure.class, ErrorClass::Validation);
            assert!(failure.message.contains(said), "{}", failure.message);
        }
    }

    fn request(input: &Value) -> Result<Request, Failure> {
        request_of(&HttpInput::read(input)?, HeaderMap::new())
    }
}
