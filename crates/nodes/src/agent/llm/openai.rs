//! OpenAI's chat completions API, which many other servers implement.

use serde_json::{Map, Value, json};
use steadflow_core::transcript::ToolCall;

use super::Wire;
use super::calls::{self, Offer, Past, PastCall};
use super::fault;
use super::fit::{Fit, Format, Streaming, TokenLimit};
use super::parts::{self, Spoken};
use super::prompt::Prompt;
use super::reply::{Reply, is_given, list, text_at, tokens};
use super::stop::Stop;

pub(super) fn wire(prompt: &Prompt<'_>, fit: &Fit, base_url: &str) -> Wire {
    let mut body = json!({ "model": prompt.model, "messages": messages(prompt, fit), "stream": fit.stream != Streaming::Off });
    if !prompt.tools.is_empty() {
        body["tools"] = prompt.tools.iter().map(function).collect();
    }
    if fit.stream == Streaming::WithUsage {
        body["stream_options"] = json!({ "include_usage": true });
    }
    if let Some(temperature) = prompt.temperature {
        body["temperature"] = json!(temperature);
    }
    if let Some(max_tokens) = prompt.max_tokens {
        // Newer models of OpenAI refuse the old name, and other servers do not support the new one.
        let is_new = base_url.starts_with("https://api.openai.com/") || fit.tokens == TokenLimit::Renamed;
        body[if is_new { "max_completion_tokens" } else { "max_tokens" }] = json!(max_tokens);
    }
    match (prompt.schema, fit.format) {
        (Some(schema), Format::Schema) => {
            let spec = json!({ "name": "answer", "schema": schema, "strict": is_strict(schema) });
            body["response_format"] = json!({ "type": "json_schema", "json_schema": spec });
        }
        (Some(_), Format::Json) => body["response_format"] = json!({ "type": "json_object" }),
        (_, Format::Prompt) | (None, _) => {}
    }
    Wire { path: "chat/completions".to_owned(), key_header: ("authorization", "Bearer "), headers: &[], body }
}

/// Returns the conversation so far.
fn messages(prompt: &Prompt<'_>, fit: &Fit) -> Vec<Value> {
    let mut messages = prompt.opening(fit);
    for past in &prompt.past {
        messages.push(asked(past));
        messages.extend(
            past.calls
                .iter()
                .map(|call| json!({ "role": "tool", "tool_call_id": call.id, "content": call.said() })),
        );
    }
    messages.extend(prompt.correction.iter().map(|text| json!({ "role": "user", "content": text })));
    messages
}

/// Returns the definition of a tool.
pub(super) fn function(offer: &Offer) -> Value {
    let Offer { name, description, schema } = offer;
    json!({ "type": "function", "function": { "name": name, "description": description, "parameters": schema } })
}

/// Returns an answer that asked for tools.
fn asked(past: &Past) -> Value {
    let call = |call: &PastCall| {
        let function = json!({ "name": call.name, "arguments": call.argument_text() });
        json!({ "id": call.id, "type": "function", "function": function })
    };
    let Some(message) = &past.message else {
        let text = (!past.text.is_empty()).then_some(past.text.as_str());
        let calls: Vec<Value> = past.calls.iter().map(call).collect();
        return json!({ "role": "assistant", "content": text, "tool_calls": calls });
    };
    let mut message = message.clone();
    for (number, call) in past.calls.iter().enumerate() {
        if let Some(id) = message.pointer_mut(&format!("/tool_calls/{number}/id")) {
            *id = call.id.as_str().into();
        }
    }
    message
}

/// Returns the tools that a message asks for, and the message if it has to be given back as it is.
fn calls(message: &Value) -> (Result<Vec<ToolCall>, String>, Option<Value>) {
    let asked = message.get("tool_calls").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let read = asked.iter().map(|call| {
        calls::read(call.get("function").unwrap_or(&Value::Null), text_at(call, "/id"), "/arguments")
    });
    let is_special = |call: &Value| {
        calls::says_more(call, &["id", "type", "index", "function"])
            || call.get("function").is_some_and(|function| calls::says_more(function, &["name", "arguments"]))
    };
    let says_more =
        asked.iter().any(is_special) || REASONING.iter().any(|name| is_given(message, &format!("/{name}")));
    (read.collect(), (!asked.is_empty() && says_more).then(|| given_back(message)))
}

/// The fields of a message in which servers write reasoning, which some want back with the results of tools.
const REASONING: [&str; 3] = ["reasoning_content", "reasoning", "reasoning_details"];

fn given_back(message: &Value) -> Value {
    let names = ["content", "tool_calls"].into_iter().chain(REASONING);
    let fields = names.filter_map(|name| Some((name.to_owned(), message.get(name)?.clone())));
    [("role".to_owned(), json!("assistant"))].into_iter().chain(fields).collect::<Map<_, _>>().into()
}

/// # Errors
/// What a response of this protocol must have and `answer` does not.
pub(super) fn reply(answer: &Value) -> Result<Reply, String> {
    let choice = list(answer, "choices")?.first().ok_or("has an empty list of `choices`")?;
    let message = choice.get("message").filter(|message| message.is_object());
    let message = message.ok_or("has a choice without a `message`")?;
    let (spoken, text) = match parts::spoken(message.get("content")) {
        Ok(spoken) => {
            let text = spoken.text.clone();
            (spoken, Ok(text))
        }
        Err(what) => (Spoken::default(), Err(what)),
    };
    let reasoning = ["/reasoning_content", "/reasoning", "/reasoning_details", "/thinking"];
    let (calls, given_back) = calls(message);
    Ok(Reply {
        calls,
        message: given_back,
        text,
        structured: None,
        has_reasoning: spoken.has_reasoning || reasoning.iter().any(|pointer| is_given(message, pointer)),
        stop: stop(choice, message, spoken.refusal.as_deref()),
        input_tokens: tokens(answer, &["/usage/prompt_tokens"]),
        output_tokens: tokens(answer, &["/usage/completion_tokens"]),
    })
}

fn stop(choice: &Value, message: &Value, refusal: Option<&str>) -> Stop {
    if let Some(error) = fault::reported(choice) {
        return Stop::Failed(error.failure_with_code("The model stopped with an error"));
    }
    let refusal = text_at(message, "/refusal").or(refusal).filter(|text| !text.trim().is_empty());
    if let Some(refusal) = refusal {
        return Stop::Refused(refusal.chars().take(200).collect());
    }
    let called = ["/tool_calls", "/function_call"].iter().any(|pointer| is_given(message, pointer));
    let reason = text_at(choice, "/finish_reason");
    // What was cut off is no call.
    let called = called && !matches!(reason, Some("length" | "max_tokens"));
    let beside: Vec<&str> = ["/native_finish_reason", "/finish_message"]
        .iter()
        .filter_map(|pointer| text_at(choice, pointer))
        .collect();
    Stop::from(if called { Some("tool_calls") } else { reason }, &beside)
}

/// Puts the pieces of a stream together. Only the first choice was asked for.
pub(super) fn whole(pieces: &[Value]) -> Value {
    let mut message = Map::new();
    let mut choice = Map::new();
    let mut usage = Value::Null;
    for piece in pieces {
        if is_given(piece, "/usage") {
            usage = piece["usage"].clone();
        }
        let Some(part) = piece.pointer("/choices/0") else { continue };
        for name in ["finish_reason", "native_finish_reason", "error"] {
            if is_given(part, &format!("/{name}")) {
                choice.insert(name.to_owned(), part[name].clone());
            }
        }
        let delta = part.get("delta").or_else(|| part.get("message")).and_then(Value::as_object);
        for (name, value) in delta.into_iter().flatten() {
            append(&mut message, name, value);
        }
    }
    choice.insert("message".to_owned(), Value::Object(message));
    json!({ "choices": [choice], "usage": usage })
}

/// Texts and lists are continued; a text that continues a list becomes one of its parts, and the other way round.
fn append(message: &mut Map<String, Value>, name: &str, value: &Value) {
    if name == "role" || value.is_null() {
        return;
    }
    if let ("tool_calls", Value::Array(more)) = (name, value) {
        let calls = message.entry(name).or_insert_with(|| json!([]));
        more.iter().for_each(|piece| append_call(calls, piece));
        return;
    }
    match (message.get_mut(name), value) {
        (Some(Value::String(text)), Value::String(more)) => text.push_str(more),
        (Some(Value::Array(items)), Value::Array(more)) => items.extend(more.iter().cloned()),
        (Some(Value::Array(items)), more) => items.push(more.clone()),
        (Some(Value::String(text)), Value::Array(more)) => {
            let items = [json!({ "type": "text", "text": text })].into_iter().chain(more.iter().cloned());
            let items = Value::Array(items.collect());
            message.insert(name.to_owned(), items);
        }
        _ => {
            message.insert(name.to_owned(), value.clone());
        }
    }
}

/// A call comes in pieces with its place in the list, the arguments as pieces of their text. A piece without a place is a whole.
fn append_call(calls: &mut Value, piece: &Value) {
    let Some(calls) = calls.as_array_mut() else { return };
    let place = piece.get("index").and_then(Value::as_u64);
    let known = place.and_then(|place| calls.iter_mut().find(|call| call["index"].as_u64() == Some(place)));
    let Some(known) = known else {
        calls.push(piece.clone());
        return;
    };
    let arguments =
        [&*known, piece].map(|call| text_at(call, "/function/arguments").unwrap_or_default().to_owned());
    if !is_given(known, "/id") && is_given(piece, "/id") {
        known["id"] = piece["id"].clone();
    }
    if !is_given(known, "/function/name") && is_given(piece, "/function/name") {
        known["function"]["name"] = piece["function"]["name"].clone();
    }
    known["function"]["arguments"] = arguments.concat().into();
}

/// OpenAI accepts `strict` only if all fields of every object are required and no others are allowed.
fn is_strict(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => is_closed(schema) && map.values().all(is_strict),
        Value::Array(items) => items.iter().all(is_strict),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

fn is_closed(schema: &Value) -> bool {
    if schema.get("type").is_none_or(|kind| kind != "object") {
        return true;
    }
    let required = schema.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let fields = schema.get("properties").and_then(Value::as_object);
    let names_all = fields
        .is_some_and(|fields| fields.keys().all(|field| required.iter().any(|name| name == field.as_str())));
    names_all && schema.get("additionalProperties") == Some(&Value::Bool(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_mode_requires_a_strict_schema() {
        let closed = json!({ "type": "object", "properties": { "a": { "type": "integer" } }, "required": ["a"],
            "additionalProperties": false });

        assert!(is_strict(&closed));
        assert!(!is_strict(&json!({ "type": "object", "properties": { "a": {} }, "required": [] })));
        assert!(!is_strict(&json!({ "type": "array", "items": { "type": "object" } })));
    }

    #[test]
    fn deltas_of_texts_and_parts_become_one_message() {
        let delta =
            |delta: Value| json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] });
        let pieces = [
            delta(json!({ "role": "assistant", "content": "" })),
            delta(json!({ "reasoning_content": "h" })),
            delta(json!({ "reasoning_content": "m", "content": null })),
            delta(json!({ "content": "a" })),
            delta(json!({ "content": [{ "type": "text", "text": "b" }] })),
            delta(json!({ "content": "c" })),
            json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] }),
            json!({ "choices": [], "usage": { "prompt_tokens": 5 } }),
        ];

        let reply = reply(&whole(&pieces)).unwrap();

        assert_eq!((reply.text.as_deref(), reply.stop), (Ok("abc"), Stop::Done));
        assert!(reply.has_reasoning);
        assert_eq!(reply.input_tokens, 5);
    }
}
