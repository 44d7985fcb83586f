//! Anthropic's messages API. JSON is requested as the arguments of a mandatory tool call, which every model supports.

use serde_json::{Map, Value, json};
use steadflow_core::json;
use steadflow_core::transcript::ToolCall;

use super::Wire;
use super::calls::{self, Offer, Past, PastCall};
use super::fit::{Fit, Format, Streaming};
use super::parts::{self, Spoken};
use super::prompt::Prompt;
use super::reply::{Reply, list, text_at, tokens};
use super::stop::Stop;

/// The protocol requires a limit.
const MAX_TOKENS_DEFAULT: u32 = 4096;
const TOOL: &str = "answer";

pub(super) fn wire(prompt: &Prompt<'_>, fit: &Fit) -> Wire {
    let (system, user) = prompt.texts(fit);
    let mut messages = vec![json!({ "role": "user", "content": user })];
    for (number, past) in prompt.past.iter().enumerate() {
        let correction = prompt.correction.as_deref().filter(|_| number + 1 == prompt.past.len());
        messages.extend([asked(past), results(past, correction)]);
    }
    let mut body = json!({
        "model": prompt.model,
        "max_tokens": prompt.max_tokens.unwrap_or(MAX_TOKENS_DEFAULT),
        "messages": messages,
    });
    if let Some(system) = system {
        body["system"] = json!(system);
    }
    if fit.stream != Streaming::Off {
        body["stream"] = json!(true);
    }
    if let Some(temperature) = prompt.temperature {
        body["temperature"] = json!(temperature);
    }
    // The input of a tool must be an object; other schemas are only part of the prompt.
    let schema = prompt.schema.filter(|schema| schema.get("type").is_some_and(|kind| kind == "object"));
    if !prompt.tools.is_empty() {
        // The model chooses among them, so a mandatory call cannot ask for JSON.
        body["tools"] = prompt.tools.iter().map(tool).collect();
    } else if let Some(schema) = schema
        && fit.format == Format::Schema
    {
        body["tools"] =
            json!([{ "name": TOOL, "description": "Returns the response.", "input_schema": schema }]);
        body["tool_choice"] = json!({ "type": "tool", "name": TOOL });
    }
    let headers = &[("anthropic-version", "2023-06-01")];
    Wire { path: "messages".to_owned(), key_header: ("x-api-key", ""), headers, body }
}

/// Returns the definition of a tool.
fn tool(offer: &Offer) -> Value {
    json!({ "name": offer.name, "description": offer.description, "input_schema": offer.schema })
}

/// Returns an answer that asked for tools.
fn asked(past: &Past) -> Value {
    if let Some(blocks) = &past.message {
        return json!({ "role": "assistant", "content": blocks });
    }
    let text = (!past.text.is_empty()).then(|| json!({ "type": "text", "text": past.text }));
    let call = |call: &PastCall| json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": call.object() });
    let blocks: Vec<Value> = text.into_iter().chain(past.calls.iter().map(call)).collect();
    json!({ "role": "assistant", "content": blocks })
}

/// Returns what became of the tools, in one message, as the protocol demands, with what else there is to say.
fn results(past: &Past, correction: Option<&str>) -> Value {
    let result = |call: &PastCall| {
        let mut block = json!({ "type": "tool_result", "tool_use_id": call.id, "content": call.said() });
        if call.result.is_err() {
            block["is_error"] = json!(true);
        }
        block
    };
    let text = correction.map(|text| json!({ "type": "text", "text": text }));
    let blocks: Vec<Value> = past.calls.iter().map(result).chain(text).collect();
    json!({ "role": "user", "content": blocks })
}

/// Returns the tools that blocks ask for, and the blocks if they have to be given back as they are.
fn calls(blocks: &[Value]) -> (Result<Vec<ToolCall>, String>, Option<Value>) {
    let is_call = |block: &&Value| text_at(block, "/type") == Some("tool_use");
    let asked =
        blocks.iter().filter(is_call).map(|block| calls::read(block, text_at(block, "/id"), "/input"));
    let asked: Result<Vec<ToolCall>, String> = asked.collect();
    let is_plain = |block: &Value| is_call(&block) || text_at(block, "/type") == Some("text");
    let is_special = asked.as_ref().is_ok_and(|asked| !asked.is_empty()) && !blocks.iter().all(is_plain);
    (asked, is_special.then(|| json!(blocks)))
}

/// # Errors
/// What a response of this protocol must have and `answer` does not.
pub(super) fn reply(answer: &Value, has_tools: bool) -> Result<Reply, String> {
    let blocks = list(answer, "content")?;
    let is_call = |block: &&Value| text_at(block, "/type") == Some("tool_use");
    let is_answer = |block: &&Value| {
        is_call(block) && (has_tools || text_at(block, "/name").is_none_or(|name| name == TOOL))
    };
    let structured = blocks.iter().find(|block| !has_tools && is_answer(block));
    let structured = structured.and_then(|block| block.get("input")).cloned();
    let (calls, message) = if has_tools { calls(blocks) } else { (Ok(Vec::new()), None) };
    let others = blocks.iter().filter(|block| !is_answer(block)).cloned().collect();
    let (spoken, text) = match parts::spoken(Some(&Value::Array(others))) {
        Ok(spoken) => {
            let text = spoken.text.clone();
            (spoken, Ok(text))
        }
        Err(what) => (Spoken::default(), Err(what)),
    };
    let input =
        ["/usage/input_tokens", "/usage/cache_creation_input_tokens", "/usage/cache_read_input_tokens"];
    Ok(Reply {
        calls,
        message,
        text,
        has_reasoning: spoken.has_reasoning,
        stop: stop(answer, structured.is_some()),
        structured,
        input_tokens: tokens(answer, &input),
        output_tokens: tokens(answer, &["/usage/output_tokens"]),
    })
}

fn stop(answer: &Value, has_answer: bool) -> Stop {
    let reason = text_at(answer, "/stop_reason");
    if reason == Some("tool_use") && has_answer {
        return Stop::Done;
    }
    let beside: Vec<&str> = ["/stop_details/category", "/stop_details/explanation", "/stop_sequence"]
        .iter()
        .filter_map(|pointer| text_at(answer, pointer))
        .collect();
    Stop::from(reason, &beside)
}

/// Puts the events of a stream together.
///
/// # Errors
/// If the stream is not complete.
pub(super) fn whole(pieces: &[Value]) -> Result<Value, String> {
    let mut blocks = Vec::new();
    let mut usage = Map::new();
    let mut answer = Map::new();
    for piece in pieces {
        match text_at(piece, "/type").unwrap_or_default() {
            "message_start" => add_all(&mut usage, piece.pointer("/message/usage")),
            "content_block_start" => blocks.extend(piece.get("content_block").cloned()),
            "content_block_delta" => extend(blocks.last_mut(), piece),
            "message_delta" => {
                add_all(&mut answer, piece.get("delta"));
                add_all(&mut usage, piece.get("usage"));
            }
            "message_stop" => answer.extend([("is_complete".to_owned(), Value::Bool(true))]),
            _ => {}
        }
    }
    if !answer.contains_key("is_complete") {
        return Err("ended its stream without `message_stop`".to_owned());
    }
    answer.insert("content".to_owned(), blocks.into_iter().map(with_input).collect::<Result<_, _>>()?);
    answer.insert("usage".to_owned(), Value::Object(usage));
    Ok(Value::Object(answer))
}

fn add_all(target: &mut Map<String, Value>, source: Option<&Value>) {
    let entries = source.and_then(Value::as_object).into_iter().flatten();
    target.extend(entries.map(|(name, value)| (name.clone(), value.clone())));
}

/// The input of a tool comes as pieces of its JSON text, which are collected in `partial`.
fn extend(block: Option<&mut Value>, piece: &Value) {
    let Some(block) = block.and_then(Value::as_object_mut) else { return };
    let pieces =
        [("text", "text"), ("partial_json", "partial"), ("thinking", "thinking"), ("signature", "signature")];
    for (from, to) in pieces {
        if let Some(more) = text_at(piece, &format!("/delta/{from}")) {
            let before = block.get(to).and_then(Value::as_str).unwrap_or_default();
            let text = format!("{before}{more}");
            block.insert(to.to_owned(), Value::String(text));
        }
    }
}

fn with_input(mut block: Value) -> Result<Value, String> {
    let Some(partial) = text_at(&block, "/partial") else { return Ok(block) };
    let partial = if partial.trim().is_empty() { "{}" } else { partial };
    let input = json::read(partial.as_bytes())
        .map_err(|error| format!("streamed a tool call that is not JSON: {error}"))?;
    block["input"] = input;
    block.as_object_mut().and_then(|block| block.shift_remove("partial"));
    Ok(block)
}
