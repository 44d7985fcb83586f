//! `llm` agents: a skill is one call of a language model.
//!
//! Each provider's protocol is a file in this module: how a [`Prompt`] is written, and how a [`Reply`] is read. All calls
//! use the guarded client, because the client of a library would bypass its size limits and address checks.

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

/// The factor by which a response may exceed the limit of an output, for JSON escapes and fields of the protocol.
const ANSWER_PER_OUTPUT: usize = 4;

/// A request in the protocol of a provider.
struct Wire {
    /// Relative to the base URL.
    path: String,
    /// The header of the API key, and its prefix.
    key_header: (&'static str, &'static str),
    /// Additional headers.
    headers: &'static [(&'static str, &'static str)],
    body: Value,
}

/// Calls the model once. Token usage is counted even if the response cannot be used.
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
        return Err(unusable("did not respond with JSON. Check the base URL."));
    };
    if let Some(error) = reply::error_of(&answer) {
        return Err(unusable(&format!("responded with an error: {error}")));
    }
    let reply = match config.provider {
        Provider::OpenAi => openai::reply(&answer),
        Provider::Anthropic => anthropic::reply(&answer),
        Provider::Gemini => gemini::reply(&answer),
        Provider::Ollama => ollama::reply(&answer),
    };
    reply.ok_or_else(|| {
        unusable(&format!("did not respond like {}. Check the provider.", config.provider.name()))
    })
}

fn request(
    call: &SkillCall<'_>,
    config: &LlmConfig,
    wire: &Wire,
    keyring: &mut Keyring<'_>,
) -> Result<Request, Failure> {
    let address = format!("{}/{}", config.base_url, wire.path);
    let url = Url::parse(&address).map_err(|_| {
        misconfigured(format!("The agent's base URL results in `{address}`, which is not a URL."))
    })?;
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

/// Returns the text of the reply or, if the skill has an output schema, its JSON.
fn output_of(call: &SkillCall<'_>, reply: Reply) -> Result<Value, Failure> {
    match reply.stop {
        Stop::Done => {}
        Stop::TooLong => {
            return Err(misfit(
                "was cut off at the token limit; increase `max_tokens` or ask for a shorter response",
            ));
        }
        Stop::Refused(reason) => {
            return Err(misfit(&format!("was refused by the model or its provider ({reason})")));
        }
    }
    if call.skill.output_schema.is_none() {
        return match reply.text.trim() {
            "" => Err(misfit("is empty")),
            text => Ok(json!({ "text": text })),
        };
    }
    let structured = reply.structured.map_or_else(|| parse_json(&reply.text), Ok);
    let output = structured.map_err(|error| misfit(&format!("is not JSON: {error}")))?;
    match call.output_misfit(&output)? {
        Some(reason) => Err(misfit(&format!("does not match the output schema: {reason}"))),
        None => Ok(output),
    }
}

/// Parses JSON, also in a fenced code block, which models often add despite the instructions.
fn parse_json(text: &str) -> Result<Value, serde_json::Error> {
    let trimmed = text.trim();
    let fenced = trimmed.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    let inner = fenced.map_or(trimmed, |block| block.strip_prefix("json").unwrap_or(block).trim());
    serde_json::from_str(inner)
}

/// The prefix lets [`Prompt`] recognize errors that the model can correct.
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
