//! One HTTP call: that of `http_request`, and those of messages that are posted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, SET_COOKIE};
use serde_json::{Map, Value};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::node::{HttpAuth, HttpInput};
use steadflow_core::payload::Payload;
use steadflow_core::template::SecretSlot;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::{Stop, Work};
use url::Url;

use super::sent::sent;
use crate::body::Content;
use crate::call::{header, header_text, headers_of, visible};
use crate::egress::{Answer, Request, peer};
use crate::nodes::Shared;
use crate::secrets::{Keyring, Opened};
use crate::slots::Party;
use crate::status;

/// Stands for a URL that is a secret as a whole.
const SECRET_URL: &str = "https://secret.invalid/";

/// How the request is read from an input whose secrets are filled in.
pub(crate) type ReadRequest = fn(&Value) -> Result<HttpInput, Failure>;

/// Makes the call that `work.input` describes, as `read` understands it.
///
/// The output is `{"status", "headers", "body"}`; [`Content`] says what the body is.
///
/// # Errors
/// Why there is no answer, an answer whose status is not expected, or one that is not what it says.
pub(crate) async fn http_request(
    shared: &Shared,
    stop: &Stop,
    work: &Work,
    read: ReadRequest,
    keyring: &mut Keyring<'_>,
) -> Result<Payload, Failure> {
    let Opened { value, url } = keyring.open_request(&work.input, &work.secrets)?;
    let input = checked(work, &value, read)?;
    let mut headers = headers_of(work, shared.traces);
    if let Some(auth) = &input.auth {
        headers.insert(AUTHORIZATION, authorization(auth, keyring)?);
    }
    let mut request = request_of(&input, headers, &work.idempotency_key())?;
    if let Some(key) = &input.signed_with {
        let body = request.body.as_deref().unwrap_or_default();
        sign(&mut request.headers, key, &work.idempotency_key(), body)?;
    }
    let url = url.fill(request.url).map_err(invalid)?;
    let mut request = Request { has_own_timeout: work.has_own_timeout, url, ..request };
    mark_secrets(&mut request.headers, &work.secrets);
    let party = Party { flow: work.flow, peer: peer(&request.url).into() };
    let slot = shared.slots.acquire_unless(stop, party).await;
    let answer = shared.send(request, keyring, &slot).await?;
    if !input.expect_status.contain(answer.status().as_u16()) {
        return Err(status::failure_of(answer, &keyring.scrubber()).await);
    }
    output_of(answer, shared.limits.output_bytes_max).await
}

/// Reads the input. What is wrong with it is said of the input without its secrets, because a message repeats and cuts it.
fn checked(work: &Work, opened: &Value, read: ReadRequest) -> Result<HttpInput, Failure> {
    if work.secrets.is_empty() {
        return read(opened);
    }
    let with_names =
        work.input.to_value().map_err(|error| invalid(format!("The input cannot be read: {error}.")));
    let mut with_names = with_names?;
    if let Some(Value::String(url)) = with_names.get_mut("url")
        && work.secrets.iter().any(|slot| slot.pointer == "/url" && slot.is_all_of(url))
    {
        // A name is no URL; the keyring has checked that its value is.
        SECRET_URL.clone_into(url);
    }
    read(&with_names)?;
    read(opened).map_err(|_| {
        invalid(
            "With its secrets filled in, the request cannot be sent: a header holds a line break or another control \
             character, or a user name holds a colon."
                .to_owned(),
        )
    })
}

/// Signs what is sent (standardwebhooks.com). Its id is the same in all attempts, so that a receiver knows what it has.
fn sign(headers: &mut HeaderMap, key: &str, idempotency_key: &str, body: &[u8]) -> Result<(), Failure> {
    // What is signed has dots between its parts, so the id has none.
    let id = visible(idempotency_key).to_str().unwrap_or_default().replace('.', "%2E");
    let at = Timestamp::from_micros(jiff::Timestamp::now().as_microsecond());
    let signature = steadflow_core::webhook::sign(key, &id, at, body).ok_or_else(|| {
        let message = "The secret of the signature is no key: it must be `whsec_` and at least 16 bytes in Base64. Make one \
                       with `echo whsec_$(openssl rand -base64 24)`, and give it to the receiver, too.";
        Failure::new(ErrorClass::Configuration, message)
    })?;
    let seconds = (at.as_micros() / 1_000_000).to_string();
    for (name, value) in
        [("webhook-id", id), ("webhook-timestamp", seconds), ("webhook-signature", signature)]
    {
        headers.insert(name, HeaderValue::try_from(value).expect("it is visible ASCII"));
    }
    Ok(())
}

/// Returns the header `Authorization`, whose encoded form is masked like the secrets in it.
fn authorization(auth: &HttpAuth, keyring: &mut Keyring<'_>) -> Result<HeaderValue, Failure> {
    let text = match auth {
        HttpAuth::Basic { username, password } => {
            let encoded = STANDARD.encode(format!("{username}:{password}"));
            keyring.hide(&encoded);
            keyring.hide(password);
            format!("Basic {encoded}")
        }
        HttpAuth::Bearer { token } => {
            keyring.hide(token);
            format!("Bearer {token}")
        }
    };
    let mut value = header(AUTHORIZATION.as_str(), &text).map_err(invalid)?.1;
    value.set_sensitive(true);
    Ok(value)
}

/// Marks the headers that hold secrets, which no redirect to another origin keeps.
fn mark_secrets(headers: &mut HeaderMap, slots: &[SecretSlot]) {
    let names = slots.iter().filter_map(|slot| slot.pointer.strip_prefix("/headers/"));
    for name in names.map(|token| token.replace("~1", "/").replace("~0", "~")) {
        if let Some(value) = headers.get_mut(&name) {
            value.set_sensitive(true);
        }
    }
}

/// Makes the request; what `input` sets of `headers` wins.
fn request_of(input: &HttpInput, mut headers: HeaderMap, boundary: &str) -> Result<Request, Failure> {
    let method = Method::from_bytes(input.method.as_bytes()).expect("the method was checked to be a token");
    for (name, value) in &input.headers {
        let (name, value) = header(name, value).map_err(invalid)?;
        headers.insert(name, value);
    }
    let body =
        input.body.as_ref().map(|body| sent(body, &mut headers, boundary).map_err(invalid)).transpose()?;
    Ok(Request {
        headers,
        body,
        follows_redirects: input.follows_redirects,
        ..Request::new(method, url_of(input)?)
    })
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

fn invalid(message: String) -> Failure {
    Failure::new(ErrorClass::Validation, message)
}

/// Puts the output together from JSON texts, so that the body keeps its own.
async fn output_of(answer: Answer, bytes_max: usize) -> Result<Payload, Failure> {
    let (status, headers, peer) = (answer.status().as_u16(), answer.headers().clone(), answer.peer());
    let read = move |bytes: Vec<u8>| {
        let content = Content::read(&headers, &bytes).map_err(|misread| status::misread(&peer, &misread))?;
        let headers = Value::Object(json_headers(&headers));
        let body = content.into_json();
        let output = format!(r#"{{"status":{status},"headers":{headers},"body":{body}}}"#);
        Payload::parse(output).map_err(|error| {
            Failure::new(ErrorClass::Rejected, format!("The response of {peer} cannot be read: {error}."))
        })
    };
    answer.read(bytes_max, read).await
}

/// Names are in lower case; values of one name are joined by a comma (RFC 9110, 5.3). `set-cookie` is a list, because its
/// values hold commas.
fn json_headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut object = Map::new();
    for name in headers.keys() {
        let values: Vec<_> = headers.get_all(name).iter().map(header_text).collect();
        let value = if name == SET_COOKIE { Value::from(values) } else { Value::from(values.join(", ")) };
        object.insert(name.as_str().to_owned(), value);
    }
    object
}

#[cfg(test)]
mod tests {
    use reqwest::header::CONTENT_TYPE;
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
            (json!({ "url": "https://x", "auth": { "type": "digest" } }), "`type`"),
            (json!({ "url": "https://x", "auth": { "type": "basic" } }), "`username`"),
            (json!({ "url": "https://x", "auth": { "type": "bearer" } }), "`token`"),
            (json!({ "url": "https://x", "auth": { "type": "basic", "username": "a:b" } }), "colon"),
            (
                json!({ "url": "https://x", "auth": { "type": "bearer", "token": "t" },
                     "headers": { "authorization": "x" } }),
                "not both",
            ),
        ] {
            let failure = request(&input).unwrap_err();

            assert_eq!(failure.class, ErrorClass::Validation);
            assert!(failure.message.contains(said), "{}", failure.message);
        }
    }

    fn request(input: &Value) -> Result<Request, Failure> {
        request_of(&HttpInput::read(input)?, HeaderMap::new(), "b")
    }
}
