//! `http` agents: a skill is a POST request to `{endpoint}/{skill}` with the resolved input.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::json;
use steadflow_core::agent::HttpConfig;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::json;
use steadflow_core::payload::Payload;
use url::Url;

use super::{SkillCall, misconfigured, output_misfit};
use crate::body::Content;
use crate::call::header;
use crate::egress::{Answer, Request};
use crate::secrets::Keyring;
use crate::status;

/// Calls the remote agent. The output is the JSON of the response, or `{"text": …}` if it is not JSON.
///
/// A redirect is a failure, because it can turn a POST request into a GET request.
pub(super) async fn run(
    call: &SkillCall<'_>,
    config: &HttpConfig,
    keyring: &mut Keyring<'_>,
) -> Result<Payload, Failure> {
    let headers = headers_of(call, config, keyring)?;
    let request = Request {
        headers,
        body: Some(Bytes::from(call.input.to_string())),
        follows_redirects: false,
        has_own_timeout: call.work.has_own_timeout,
        ..Request::new(Method::POST, skill_url(&config.endpoint, &call.skill.name)?)
    };
    let answer = call.shared.send(request, keyring, call.slot).await?;
    let scrubber = keyring.scrubber();
    if !answer.status().is_success() {
        return Err(status::failure_of(answer, &scrubber).await);
    }
    let peer = answer.peer();
    let output = read(answer, call.shared.limits.output_bytes_max).await?;
    let unreadable = |error| unreadable(&peer, &error);
    if let Some(misfit) =
        output_misfit(call.shared, call.skill, &output.to_value().map_err(unreadable)?, &scrubber).await?
    {
        let message = format!("The response of {peer} does not match the output schema: {misfit}.");
        return Err(Failure::new(ErrorClass::ModelOutput, message));
    }
    Ok(output)
}

/// Sends a GET request to the endpoint, which must change nothing, and returns what that shows. A skill is not called.
///
/// # Errors
/// A failure if the server cannot be reached, refuses the credentials, or fails.
pub(super) async fn reach(
    call: &SkillCall<'_>,
    config: &HttpConfig,
    keyring: &mut Keyring<'_>,
) -> Result<String, Failure> {
    let headers = headers_of(call, config, keyring)?;
    let url = Url::parse(&config.endpoint).map_err(|_| not_a_url(&config.endpoint))?;
    let request = Request { headers, follows_redirects: false, ..Request::new(Method::GET, url) };
    let answer = call.shared.send(request, keyring, call.slot).await?;
    let status = answer.status();
    if matches!(status.as_u16(), 401 | 403 | 407 | 500..=599) {
        return Err(status::failure_of(answer, &keyring.scrubber()).await);
    }
    let refused = if config.api_key.is_some() { ", and did not refuse the key" } else { "" };
    Ok(format!(
        "{} answered GET {} with {}{refused}. Skills are called with POST, and none was called.",
        answer.peer(),
        config.endpoint,
        status.as_u16()
    ))
}

fn headers_of(
    call: &SkillCall<'_>,
    config: &HttpConfig,
    keyring: &mut Keyring<'_>,
) -> Result<HeaderMap, Failure> {
    let mut headers = call.headers(&config.headers, keyring)?;
    if let Some(key) = &config.api_key {
        let bearer = format!("Bearer {}", keyring.open(key)?);
        let (name, value) = header(AUTHORIZATION.as_str(), &bearer).map_err(misconfigured)?;
        headers.insert(name, value);
    }
    Ok(headers)
}

async fn read(answer: Answer, bytes_max: usize) -> Result<Payload, Failure> {
    let (peer, headers) = (answer.peer(), answer.headers().clone());
    let read = move |bytes: Vec<u8>| {
        let content = Content::read(&headers, &bytes).map_err(|misread| {
            Failure::new(ErrorClass::ModelOutput, format!("The response of {peer} {misread}."))
        })?;
        Payload::parse(output_of(content)).map_err(|error| unreadable(&peer, &error))
    };
    answer.read(bytes_max, read).await
}

fn unreadable(peer: &str, error: &serde_json::Error) -> Failure {
    Failure::new(ErrorClass::ModelOutput, format!("The response of {peer} cannot be read: {error}."))
}

/// The name of the skill becomes one path segment; special characters are escaped.
fn skill_url(endpoint: &str, skill: &str) -> Result<Url, Failure> {
    let mut url = Url::parse(endpoint).map_err(|_| not_a_url(endpoint))?;
    url.path_segments_mut().map_err(|()| not_a_url(endpoint))?.pop_if_empty().push(skill);
    Ok(url)
}

fn not_a_url(endpoint: &str) -> Failure {
    misconfigured(format!("The agent's endpoint `{endpoint}` is not a URL."))
}

/// Returns the JSON text of the output. Agents often give JSON the type of text, so text that is JSON counts as such.
fn output_of(content: Content) -> String {
    match content {
        Content::Text(text) if json::read(text.as_bytes()).is_ok() => text,
        Content::Text(text) => json!({ "text": text }).to_string(),
        other @ (Content::Nothing | Content::Json(_) | Content::Binary { .. }) => other.into_json(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skill_is_one_segment() {
        let url = skill_url("https://x.example/agents", "risk / analysis?").unwrap();

        assert_eq!(url.as_str(), "https://x.example/agents/risk%20%2F%20analysis%3F");
        for (skill, segment) in [
            ("../../admin", "..%2F..%2Fadmin"),
            ("..\\admin", "..%5Cadmin"),
            ("%2e%2e", "%252e%252e"),
            ("%2E%2E%2Fadmin", "%252E%252E%252Fadmin"),
            ("a?b#c", "a%3Fb%23c"),
        ] {
            let url = skill_url("https://x.example/agents", skill).unwrap();
            assert_eq!(url.as_str(), format!("https://x.example/agents/{segment}"));
        }
    }

    #[test]
    fn response_that_is_not_json_is_text() {
        for (content, output) in [
            (Content::Text("{\"a\":1.50}".to_owned()), "{\"a\":1.50}"),
            (Content::Text("hello".to_owned()), "{\"text\":\"hello\"}"),
            (Content::Json("[19.90]".to_owned()), "[19.90]"),
            (Content::Nothing, "null"),
        ] {
            assert_eq!(output_of(content), output);
        }
    }
}
