//! Anthropic's messages API. JSON is requested as the arguments of a mandatory tool call, which every model supports.

use serde_json::{Value, json};

use super::Wire;
use super::prompt::Prompt;
use super::reply::{Reply, Stop, text_at, tokens};

/// The protocol requires a limit.
const MAX_TOKENS_DEFAULT: u32 = 4096;
const TOOL: &str = "answer";

pub(super) fn wire(prompt: &Prompt<'_>) -> Wire {
    let mut body = json!({
        "model": prompt.model,
        "max_tokens": prompt.max_tokens.unwrap_or(MAX_TOKENS_DEFAULT),
        "messages": [{ "role": "user", "content": prompt.user }],
    });
    if let Some(system) = &prompt.system {
        body["system"] = json!(system);
    }
    if let Some(temperature) = prompt.temperature {
        body["temperature"] = json!(temperature);
    }
    // The input of a tool must be an object; other schemas are only part of the prompt.
    if let Some(schema) =
        prompt.schema.filter(|schema| schema.get("type").is_some_and(|kind| kind == "object"))
    {
        body["tools"] =
            json!([{ "name": TOOL, "description": "Returns the response.", "input_schema": schema }]);
        body["tool_choice"] = json!({ "type": "tool", "name": TOOL });
    }
    let headers = &[("anthropic-version", "2023-06-01")];
    Wire { path: "messages".to_owned(), key_header: ("x-api-key", ""), headers, body }
}

pub(super) fn reply(answer: &Value) -> Option<Reply> {
    let blocks = answer.get("content")?.as_array()?;
    let texts: Vec<&str> = blocks.iter().filter_map(|block| text_at(block, "/text")).collect();
    let call = blocks.iter().find(|block| text_at(block, "/type") == Some("tool_use"));
    let cached = ["/usage/cache_creation_input_tokens", "/usage/cache_read_input_tokens"];
    let cached: u64 = cached.into_iter().map(|pointer| tokens(answer, pointer)).sum();
    Some(Reply {
        text: texts.concat(),
        structured: call.and_then(|block| block.get("input")).cloned(),
        stop: Stop::from(text_at(answer, "/stop_reason")),
        input_tokens: tokens(answer, "/usage/input_tokens") + cached,
        output_tokens: tokens(answer, "/usage/output_tokens"),
    })
}
