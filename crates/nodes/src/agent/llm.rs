//! `llm` agents: a skill is one call of a language model or a turn of a conversation with it.
//!
//! Each provider's protocol is a file in this module: how a [`Prompt`] is written, and how a [`Reply`] is read. All calls
//! use the guarded client, because the client of a library would bypass its size limits and address checks.

mod answer;
mod anthropic;
mod calls;
mod fault;
mod find;
mod fit;
mod fits;
mod fold;
mod frames;
mod gemini;
mod history;
mod html;
mod models;
mod ollama;
mod openai;
mod parts;
mod prompt;
mod protocol;
mod quota;
mod reply;
mod request;
mod responses;
mod sent;
mod speech;
mod stop;
mod think;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use steadflow_core::agent::{LlmConfig, Prices, ToolAction};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::guardrail::{Guardrail, Stage, Then};
use steadflow_core::ids::StepKey;
use steadflow_core::live::{TextSink, Unread};
use steadflow_core::payload::Payload;
use steadflow_core::quota::Quota;
use steadflow_core::transcript::{self, TOOL_CALLS_MAX};
use steadflow_core::usage::Usage;
use steadflow_core::work::Outcome;
use tokio::time::Instant;

use self::answer::{Lost, Reading};
use self::calls::Offer;
use self::fit::{Fit, Refused, Streaming};
use self::fits::Asker;
pub(crate) use self::fits::Fits;
use self::history::{history, summary_output, summary_prompt};
pub(super) use self::models::list_models;
use self::prompt::Prompt;
use self::protocol::Protocol;
use self::reply::{Reply, misfit};
use self::speech::Speech;
use self::stop::Stop;
use super::guard::Looked;
use super::tool::asked_skill;
use super::{SkillCall, find_agent, guard, output_misfit};
use crate::secrets::{Keyring, Scrubber};

/// Maximum number of requests of one attempt: the first one, and those that are changed because a server refused a part
/// of the one before.
const REQUESTS_MAX: usize = 6;
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

/// Calls the model that the turn asks, or the first one, once. Token usage is counted even if the response cannot be used.
pub(super) async fn run(call: &SkillCall<'_>, keyring: &mut Keyring<'_>) -> Outcome {
    let number = call.turn().map_or(0, |turn| turn.model);
    let Some((config, prices)) = call.agent.model(number) else {
        let message = format!("The agent {} has no model with the number {number}.", call.agent.name);
        return Outcome::failed(Failure::new(ErrorClass::Internal, message));
    };
    let mut quota = None;
    let began = Instant::now();
    let asked = ask(call, config, keyring, &mut quota).await;
    let took = began.elapsed();
    // Other models of the agent have other providers, or other limits.
    let quota = quota.filter(|_| number == 0).map(Box::new);
    let reply = match asked {
        Ok(reply) => reply,
        Err(Lost { failure, part }) => {
            let usage = part.as_ref().map(|part| usage_of(call, (config, prices), part, took));
            let body = failure.body.clone().or_else(|| part?.kept());
            return Outcome { usage, quota, ..Outcome::failed(Failure { body, ..failure }) };
        }
    };
    let usage = Some(usage_of(call, (config, prices), &reply, took));
    let kept = reply.kept();
    let result = match (call.turn(), call.is_stored()) {
        (Some(_), true) => {
            answer_of(call, reply, &keyring.scrubber()).await.map(|answer| answer.to_payload())
        }
        (Some(_), false) => {
            answer_of(call, reply, &keyring.scrubber()).await.map(|answer| with_raw(&answer, kept.as_ref()))
        }
        (None, _) => {
            // A skill whose model can be asked again is asked for turns.
            guarded_output(call, reply, &keyring.scrubber()).await.and_then(|(output, _)| {
                match call.summarizing() {
                    Some(wanted) => summary_output(&output, wanted),
                    None => Ok(Payload::from_value(&output)),
                }
            })
        }
    };
    let result = result.map_err(|mut failure| {
        if matches!(failure.class, ErrorClass::ModelOutput | ErrorClass::Guardrail) {
            failure.body = kept;
        }
        failure
    });
    Outcome { usage, quota, ..Outcome::new(result) }
}

/// Returns an answer for people, with the text that it was read from.
fn with_raw(answer: &transcript::Answer, raw: Option<&Payload>) -> Payload {
    let mut shown = answer.to_payload().to_value().unwrap_or_default();
    shown["raw"] = raw.and_then(|raw| raw.to_value().ok()).unwrap_or_default();
    Payload::from_value(&shown)
}

/// Returns what a model would be sent, before it is written in the protocol of its provider.
pub(super) async fn prompt_of(call: &SkillCall<'_>, config: &LlmConfig) -> Result<Payload, Failure> {
    // The text names the files.
    let Prompt { system, user, tools, .. } = Prompt::new(call, config, (offers(call).await?, Vec::new()))?;
    let tools: Vec<String> = tools.into_iter().map(|tool| tool.name).collect();
    Ok(Payload::from_value(&json!({ "system": system, "user": user, "tools": tools })))
}

fn usage_of(
    call: &SkillCall<'_>,
    (config, prices): (&LlmConfig, Option<Prices>),
    reply: &Reply,
    took: Duration,
) -> Arc<Usage> {
    let &Reply { input_tokens, output_tokens, .. } = reply;
    // Parts are no more than their whole, even if the server says so.
    let cached_input_tokens = reply.cached_input_tokens.min(input_tokens);
    let cache_write_tokens = reply.cache_write_tokens.min(input_tokens - cached_input_tokens);
    let used = Usage {
        input_tokens,
        cached_input_tokens,
        cache_write_tokens,
        output_tokens,
        cost: None,
        currency: prices.and_then(|prices| prices.currency),
        agent_id: call.is_stored().then_some(call.wanted.agent),
        model: Some(config.model.as_str().into()),
        duration_ms: Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
    };
    Arc::new(Usage { cost: prices.map(|prices| prices.cost(&used)), ..used })
}

/// Sends the request, and changes it if the server refuses a part of it by name. A refused request costs no tokens.
/// What the provider says of its room goes into `quota`, also where the call fails.
async fn ask(
    call: &SkillCall<'_>,
    config: &LlmConfig,
    keyring: &mut Keyring<'_>,
    quota: &mut Option<Quota>,
) -> Result<Reply, Lost> {
    let prompt = match call.summarizing() {
        Some(wanted) => summary_prompt(call, config, wanted).await?,
        None => Prompt::new(call, config, (offers(call).await?, history(call).await?))?,
    };
    let asker = Asker::new(call, config);
    let stream = if config.is_stream { Streaming::default() } else { Streaming::Off };
    let known = call.shared.fits.of(&asker).unwrap_or_else(|| Fit { stream, ..Fit::default() });
    let mut fit = known.clone();
    let mut requests = 0;
    loop {
        requests += 1;
        let wire = wire(config, &prompt, &fit);
        let request = request::request(call, config, &wire, fit.stream != Streaming::Off, keyring)?;
        let answer = call.shared.send(request, keyring, call.slot).await?;
        *quota = quota::of(answer.headers(), Timestamp::now());
        let scrubber = keyring.scrubber();
        if answer.status().is_success() {
            let bytes_max = call.shared.limits.output_bytes_max.saturating_mul(ANSWER_PER_OUTPUT);
            let speech = Speech::new(sink(call), &scrubber);
            let has_tools = !prompt.tools.is_empty();
            let reading = Reading { protocol: Protocol::of(config), has_tools, scrubber, speech };
            let reply = answer::read(answer, reading, bytes_max).await?;
            if fit != known && call.is_stored() {
                call.shared.fits.remember(asker, fit);
            }
            return Ok(reply);
        }
        let (failure, error) = fault::of_status(answer, &scrubber).await;
        let is_refusal = error.is_refusal();
        let refused = Refused { protocol: Protocol::of(config), body: &wire.body, error: &error };
        match fit.after(&refused).filter(|_| is_refusal && requests < REQUESTS_MAX) {
            Some(changed) => fit = changed,
            None if is_refusal => {
                // The server may have changed since.
                call.shared.fits.forget(&asker);
                return Err(failure.into());
            }
            None => return Err(failure.into()),
        }
    }
}

/// Returns what takes the text of the answer. That of an agent which a tool asks is none of the node's.
fn sink(call: &SkillCall<'_>) -> Box<dyn TextSink> {
    let is_own = call.turn().is_some() || call.work.step == StepKey::ONLY;
    if is_own { call.shared.texts.sink(call.work.key()) } else { Box::new(Unread) }
}

fn wire(config: &LlmConfig, prompt: &Prompt<'_>, fit: &Fit) -> Wire {
    let mut wire = match Protocol::of(config) {
        Protocol::ChatCompletions => openai::wire(prompt, fit, &config.base_url),
        Protocol::Responses => responses::wire(prompt, fit),
        Protocol::Anthropic => anthropic::wire(prompt, fit),
        Protocol::Gemini => gemini::wire(prompt, fit),
        Protocol::Ollama => ollama::wire(prompt, fit),
    };
    request::add_extra(&mut wire.body, &config.extra_body);
    fit.strip(&mut wire.body);
    wire
}

/// Returns the tools that the model is offered.
///
/// # Errors
/// A failure of class `configuration`: a tool asks for a skill that is not there, or takes more than one call.
async fn offers(call: &SkillCall<'_>) -> Result<Vec<Offer>, Failure> {
    let Some(turn) = call.turn() else { return Ok(Vec::new()) };
    let mut offers = Vec::with_capacity(call.skill.tools.len());
    for tool in &call.skill.tools {
        offers.push(match &tool.action {
            ToolAction::HttpRequest { input_schema, .. } => {
                Offer::new(&tool.name, &tool.description, input_schema.as_deref())
            }
            ToolAction::Flow { input_schema, .. } => {
                let known = turn.flows.get(&tool.name);
                let own = Some(&tool.description).filter(|own| !own.is_empty());
                let description = own.or(known.map(|flow| &flow.description)).map_or("", String::as_str);
                let schema = input_schema.as_ref().or_else(|| known?.form.as_ref());
                Offer::new(&tool.name, description, schema.map(|schema| &**schema))
            }
            ToolAction::Skill { agent_id, skill } => {
                let version = turn.asked.get(agent_id).copied();
                let agent = find_agent(call.shared, call.work.tenant, *agent_id, version).await?;
                let asked = asked_skill(&agent, &tool.name, skill)?;
                let own = Some(&tool.description).filter(|own| !own.is_empty());
                let description = own.unwrap_or(&asked.description);
                Offer::new(&tool.name, description, asked.input_schema.as_ref())
            }
        });
    }
    Ok(offers)
}

/// Returns what the model says or asks for.
async fn answer_of(
    call: &SkillCall<'_>,
    mut reply: Reply,
    scrubber: &Arc<Scrubber>,
) -> Result<transcript::Answer, Failure> {
    let tool_calls = std::mem::replace(&mut reply.calls, Ok(Vec::new())).map_err(|what| misfit(&what))?;
    let is_asking = matches!(reply.stop, Stop::Tools(_) | Stop::Done) && !tool_calls.is_empty();
    if !is_asking {
        let (output, refusal) = guarded_output(call, reply, scrubber).await?;
        let output = Some(Payload::from_value(&output));
        return Ok(transcript::Answer {
            output,
            refusal: refusal.map(Into::into),
            ..transcript::Answer::default()
        });
    }
    if tool_calls.len() > TOOL_CALLS_MAX {
        let asked = tool_calls.len();
        return Err(misfit(&format!("asks for {asked} tools at once; at most {TOOL_CALLS_MAX} are allowed")));
    }
    // What is said beside a call is often nothing, and never the answer.
    let text = reply.text.unwrap_or_default();
    let text = think::without(&text).answer.to_owned();
    let message = reply.message.as_ref().map(Payload::from_value);
    Ok(transcript::Answer { text, tool_calls, message, ..transcript::Answer::default() })
}

/// Returns the output of the skill, with what a guardrail says against it for the model, which is asked again for that.
async fn guarded_output(
    call: &SkillCall<'_>,
    reply: Reply,
    scrubber: &Arc<Scrubber>,
) -> Result<(Value, Option<String>), Failure> {
    let output = output_of(call, reply, scrubber).await?;
    let is_meant = |guardrail: &Guardrail| guardrail.on == Stage::Output;
    let refusal = guard::refusal(call.shared, call.skill, is_meant, &Looked::at(&output), scrubber).await?;
    let Some(refusal) = refusal else { return Ok((output, None)) };
    match refusal.then() {
        Then::Repair => Ok((output, Some(refusal.message(&Stage::Output.described(None))))),
        Then::Retry => Err(misfit(&format!("is refused. {}", refusal.message("it").trim_end_matches('.')))),
        Then::Fail | Then::Ask => Err(refusal.failure("the model's response")),
    }
}

/// Returns the text of the reply or, if the skill has an output schema, its JSON.
async fn output_of(call: &SkillCall<'_>, reply: Reply, scrubber: &Arc<Scrubber>) -> Result<Value, Failure> {
    let has_tools = !call.skill.tools.is_empty();
    match reply.stop {
        Stop::Done => {}
        Stop::Tools(because) => {
            let what = if has_tools { "it names none" } else { "it was given none" };
            let message = format!("The model stopped {because}, a call of a tool, although {what}.");
            return Err(Failure::new(ErrorClass::ModelOutput, message));
        }
        Stop::TooLong => {
            let limit = if has_tools { "`max_answer_tokens` or `max_tokens`" } else { "`max_tokens`" };
            return Err(misfit(&format!(
                "was cut off at the token limit; increase {limit} or ask for a shorter response"
            )));
        }
        Stop::Refused(reason) => {
            let message = format!("The model or its provider refused to respond: {reason}");
            return Err(Failure::new(ErrorClass::ModelOutput, message));
        }
        Stop::Failed(failure) => return Err(failure),
    }
    let text = reply.text.map_err(|what| misfit(&what))?;
    let thought = think::without(&text);
    let output = match (&call.skill.output_schema, reply.structured) {
        (Some(_), Some(structured)) => return fitting(call, structured, scrubber).await,
        (_, _) if thought.answer.is_empty() => {
            let only = reply.has_reasoning || thought.has_reasoning;
            return Err(misfit(if only { "is empty: it has only reasoning" } else { "is empty" }));
        }
        (None, _) => return Ok(json!({ "text": thought.answer })),
        (Some(schema), None) => find::json(thought.answer, schema).map_err(|what| misfit(&what))?,
    };
    fitting(call, output, scrubber).await
}

async fn fitting(call: &SkillCall<'_>, output: Value, scrubber: &Arc<Scrubber>) -> Result<Value, Failure> {
    match output_misfit(call.shared, call.skill, &output, scrubber).await? {
        Some(reason) => Err(misfit(&format!("does not match the output schema: {reason}"))),
        None => Ok(output),
    }
}
