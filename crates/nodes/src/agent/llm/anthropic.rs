//! Anthropic's messages API. JSON is requested as the arguments of a mandatory tool call, which every model supports.

use serde_json::{Map, Value, json};
use steadflow_core::json;

use super::Wire;
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
    let mut body = json!({
        "model": prompt.model,
        "max_tokens": prompt.max_tokens.unwrap_or(MAX_TOKENS_DEFAULT),
        "messages": [{ "role": "user", "content": user }],
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
    if let Some(schema) = schema
        && fit.format == Format::Schema
    {
        body["tools"] =
            json!([{ "name": TOOL, "description": "Returns the response.", "input_schema": schema }]);
        body["tool_choice"] = json!({ "type": "tool", "name": TOOL });
    }
    let headers = &[("anthropic-version", "2023-06-01")];
    Wire { path: "messages".to_owned(), key_header: ("x-api-key", ""), headers, body }
}

/// # Errors
/// What a response of this protocol must have and `answer` does not.
pub(super) fn reply(answer: &Value) -> Result<Reply, String> {
    let blocks = list(answer, "content")?;
    let is_answer = |block: &&Value| {
        text_at(block, "/type") == Some("tool_use") && text_at(block, "/name").is_none_or(|name| name == TOOL)
    };
    let structured = blocks.iter().find(is_answer).and_then(|block| block.get("input")).cloned();
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
    for (from, to) in [("text", "text"), ("partial_json", "partial")] {
        if let Some(more) = text_at(piece, &format!("/delta/{from}")) {
            let before = block.get(to).and_then(Value::as_str).unwrap_or_default();
            let text = format!("{before}{more}");
            block.insert(to.to_owned(), Value::String(text));
        }
    }
}

fn with_input(mut block: Value) -> Result<Value, String> {
    let Some(partial) = text_at(&block, "/partial") else { return Ok(block) };
    let input = json::read(partial.as_bytes())
        .map_err(|error| format!("streamed a tool call that is not JSON: {error}"))?;
    block["input"] = input;
    Ok(block)
}
