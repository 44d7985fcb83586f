//! A request in the protocol of a provider, with what the agent adds to it.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use serde_json::{Map, Value};
use steadflow_core::agent::LlmConfig;
use steadflow_core::failure::Failure;
use url::Url;

use super::super::{SkillCall, misconfigured};
use super::Wire;
use crate::call::header;
use crate::egress::Request;
use crate::secrets::Keyring;

/// How long a stream may be silent. Models that reason are silent for long.
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);

pub(super) fn request(
    call: &SkillCall<'_>,
    config: &LlmConfig,
    wire: &Wire,
    is_stream: bool,
    keyring: &mut Keyring<'_>,
) -> Result<Request, Failure> {
    let mut headers = headers(call, config, (wire.key_header, wire.headers), keyring)?;
    if is_stream {
        // What is compressed cannot be read as it comes.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    // Who is asked for no stream is silent until all is said.
    let idle = config.idle_timeout.or(is_stream.then_some(IDLE_TIMEOUT));
    let body = Some(Bytes::from(wire.body.to_string()));
    let url = url(config, &wire.path, keyring)?;
    let has_own_timeout = call.work.has_own_timeout;
    Ok(Request {
        headers,
        body,
        has_own_timeout,
        idle,
        follows_redirects: false,
        ..Request::new(Method::POST, url)
    })
}

/// Headers of a protocol: that of the API key with its prefix, and further ones.
type ProtocolHeaders = ((&'static str, &'static str), &'static [(&'static str, &'static str)]);

/// Returns the headers of every request to a model's server.
pub(super) fn headers(
    call: &SkillCall<'_>,
    config: &LlmConfig,
    (key_header, of_protocol): ProtocolHeaders,
    keyring: &mut Keyring<'_>,
) -> Result<HeaderMap, Failure> {
    let mut headers = call.headers(&config.headers, keyring)?;
    for &(name, value) in of_protocol {
        let (name, value) = header(name, value).map_err(misconfigured)?;
        headers.entry(name).or_insert(value);
    }
    if let Some(key) = &config.api_key {
        let (name, before) = key_header;
        let (name, value) =
            header(name, &format!("{before}{}", keyring.open(key)?)).map_err(misconfigured)?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// Returns an address of the server, with the query that the agent adds.
pub(super) fn url(config: &LlmConfig, path: &str, keyring: &mut Keyring<'_>) -> Result<Url, Failure> {
    let address = format!("{}/{path}", config.base_url);
    let mut url = Url::parse(&address).map_err(|_| {
        misconfigured(format!("The agent's base URL results in `{address}`, which is not a URL."))
    })?;
    for (name, text) in &config.extra_query {
        let value = keyring.open_header(name, text)?;
        url.query_pairs_mut().append_pair(name, &value);
    }
    Ok(url)
}

/// Adds what the agent adds. What is already there stays; objects are merged.
pub(super) fn add_extra(body: &mut Value, extra: &Map<String, Value>) {
    let Value::Object(body) = body else { return };
    for (name, value) in extra {
        match (body.get_mut(name), value) {
            (None, value) => {
                body.insert(name.clone(), value.clone());
            }
            (Some(own @ Value::Object(_)), Value::Object(more)) => add_extra(own, more),
            (Some(_), _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_added_never_replaces_what_is_there() {
        let mut body = json!({ "model": "m", "messages": [1], "options": { "temperature": 0.5 } });
        let extra = json!({ "model": "n", "messages": [2], "options": { "temperature": 1, "num_ctx": 8192 }, "seed": 19.90 });

        add_extra(&mut body, extra.as_object().unwrap());

        assert_eq!(
            body,
            json!({ "model": "m", "messages": [1], "options": { "temperature": 0.5, "num_ctx": 8192 }, "seed": 19.90 })
        );
    }
}
