//! `llm` agents: a skill is one turn of a language model.
//!
//! Each provider's protocol is a file beside this one: how a [`Prompt`] is written, how a [`Reply`] is read. They call
//! through the guarded client, whose size limits, address checks and idempotency headers a library's own client
//! would go around.

mod anthropic;
mod gemini;
mod ollama;
mod openai;
mod prompt;
mod reply;

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};
use steadflow_core::agent::{LlmConfig, Provider};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::payload::Payload;
use steadflow_core::work::{Outcome, Usage};
use url::Url;

use super::{SkillCall, misconfigured};
use crate::call::header;
use crate::egress::Request;
use crate::secrets::Keyring;
use crate::status;
use prompt::Prompt;
use reply::{Reply, Stop};

/// JSON escapes and the protocol's own fields come on top of the text that becomes the output.
const ANSWER_PER_OUTPUT: usize = 4;

/// What a provider's protocol asks to be sent.
struct Wire {
    /// Below the base URL.
    path: String,
    /// With which header the key goes, and what stands before it.
    key_header: (&'static str, &'static str),
    /// Further headers.
    headers: &'static [(&'static str, &'static str)],
    body: Value,
}

/// Asks the model once. Usage is counted even where the answer cannot be used.
pub(super) async fn run(call: &SkillCall<'_>, config: &LlmConfig, keyring: &mut Keyring<'_>) -> Outcome {
    let reply = match ask(call, config, keyring).await {
        Ok(reply) => reply,
        Err(failure) => return Outcome::failed(failure),
    };
    let usage = Usage {
        input_tokens: reply.input_tokens,
        output_tokens: reply.output_tokens,
        cost: call.agent.prices.map(|prices| prices.cost(reply.input_tokens, reply.output_tokens)),
    };
    let result = output_of(call, reply).map(|output| Payload::from_value(&output));
    Outcome { result, usage }
}

async fn ask(call: &SkillCall<'_>, config: &LlmConfig, keyring: &mut Keyring<'_>) -> Result<Reply, Failure> {
    let prompt = Prompt::new(call, config)?;
    let wire = match config.provider {
        Provider::OpenAi => openai::wire(&prompt, &config.base_url),
        Provider::Anthropic => anthropic::wire(&prompt),
        Provider::Gemini => gemini::wire(&prompt),
        Provider::Ollama => ollama::wire(&prompt),
    };
    let request = request(call, config, &wire, keyring)?;
    let answer = call.shared.egress.send(request).await?;
    if !answer.status().is_success() {
        return Err(status::failure_of(answer).await);
    }
    let peer = answer.peer();
    let body = answer.body(call.shared.limits.output_bytes_max.saturating_mul(ANSWER_PER_OUTPUT)).await?;
    let unusable = |what: &str| Failure::new(ErrorClass::Unavailable, format!("{peer} {what}"));
    let Ok(answer) = serde_json::from_slice::<Value>(&body) else {
        return Err(unusable("did not answer in JSON. Is the base URL right?"));
    };
    if let Some(error) = reply::error_of(&answer) {
        return Err(unusable(&format!("answered with an error: {error}")));
    }
    let reply = match config.provider {
        Provider::OpenAi => openai::reply(&answer),
        Provider::Anthropic => anthropic::reply(&answer),
        Provider::Gemini => gemini::reply(&answer),
        Provider::Ollama => ollama::reply(&answer),
    };
    reply.ok_or_else(|| {
        unusable(&format!("did not answer as {} does. Is the provider right?", config.provider.name()))
    })
}

fn request(
    call: &SkillCall<'_>,
    config: &LlmConfig,
    wire: &Wire,
    keyring: &mut Keyring<'_>,
) -> Result<Request, Failure> {
    let address = format!("{}/{}", config.base_url, wire.path);
    let url = Url::parse(&address)
        .map_err(|_| misconfigured(format!("The agent's base URL leads to `{address}`, which is no URL.")))?;
    let mut headers = call.headers(&config.headers, keyring)?;
    for &(name, value) in wire.headers {
        let (name, value) = header(name, value).map_err(misconfigured)?;
        headers.entry(name).or_insert(value);
    }
    if let Some(key) = &config.api_key {
        let (name, before) = wire.key_header;
        let (name, value) =
            header(name, &format!("{before}{}", keyring.open(key)?)).map_err(misconfigured)?;
        headers.insert(name, value);
    }
    let body = Some(Bytes::from(wire.body.to_string()));
    Ok(Request { headers, body, follows_redirects: false, ..Request::new(Method::POST, url) })
}

/// Takes the reply's text, or what it says in the shape that was asked for.
fn output_of(call: &SkillCall<'_>, reply: Reply) -> Result<Value, Failure> {
    match reply.stop {
        Stop::Done => {}
        Stop::TooLong => {
            return Err(misfit("was cut off at the token limit; raise `max_tokens` or ask for less"));
        }
        Stop::Refused(reason) => return Err(misfit(&format!("was held back by the provider ({reason})"))),
    }
    if call.skill.output_schema.is_none() {
        return match reply.text.trim() {
            "" => Err(misfit("is empty")),
            text => Ok(json!({ "text": text })),
        };
    }
    let structured = reply.structured.map_or_else(|| parse_json(&reply.text), Ok);
    let output = structured.map_err(|error| misfit(&format!("is no JSON: {error}")))?;
    match call.output_misfit(&output)? {
        Some(reason) => Err(misfit(&format!("does not fit the output schema: {reason}"))),
        None => Ok(output),
    }
}

/// Models like to wrap JSON into a fenced block, whatever they were told.
fn parse_json(text: &str) -> Result<Value, serde_json::Error> {
    let trimmed = text.trim();
    let fenced = trimmed.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    let inner = fenced.map_or(trimmed, |block| block.strip_prefix("json").unwrap_or(block).trim());
    serde_json::from_str(inner)
}

/// The beginning is what [`Prompt`] knows a learnable error by.
fn misfit(what: &str) -> Failure {
    Failure::new(ErrorClass::ModelOutput, format!("{} {what}.", prompt::MISFIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_found_in_a_fenced_block() {
        for text in ["{\"a\":1}", " {\"a\":1}\n", "```json\n{\"a\":1}\n```", "```\n{\"a\":1}```"] {
            assert_eq!(parse_json(text).unwrap(), json!({ "a": 1 }), "{text}");
        }
        assert!(parse_json("Sure! {\"a\":1}").is_err());
    }
}
