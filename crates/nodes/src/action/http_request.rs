//! `http_request`: one HTTP call.

mod expect;
mod input;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Map, Value};
use steadflow_core::failure::Failure;
use steadflow_core::payload::Payload;
use steadflow_core::work::Work;

use crate::call::headers_of;
use crate::egress::{Answer, Request};
use crate::nodes::Shared;
use crate::secrets::Keyring;
use crate::status;
use input::Input;

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
    let input = Input::read(&keyring.open_input(&work.input, &work.secrets)?)?;
    let mut headers = headers_of(work);
    headers.extend(input.headers);
    let request = Request {
        headers,
        body: input.body,
        body_is_secret: work.secrets.iter().any(|slot| slot.pointer.starts_with("/body")),
        follows_redirects: !input.expect.names_redirects(),
        ..Request::new(input.method, input.url)
    };
    let answer = shared.egress.send(request).await?;
    if !input.expect.holds(answer.status().as_u16()) {
        return Err(status::failure_of(answer).await);
    }
    output_of(answer, shared.limits.output_bytes_max).await
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
