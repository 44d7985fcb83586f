//! OpenAI's chat completions API, which many other servers implement.

use serde_json::{Map, Value, json};
use steadflow_core::file::File;
use steadflow_core::live::TextKind;
use steadflow_core::transcript::ToolCall;

use super::Wire;
use super::calls::{self, Offer, Past, PastCall};
use super::fault;
use super::fit::{Fit, Format, Streaming, TokenLimit};
use super::fold::{append, check_choice};
use super::parts::{self, Spoken};
use super::prompt::{Prompt, data_url, file_name};
use super::reply::{Reply, is_given, list, text_at, tokens, tokens_by_names};
use super::stop::Stop;

/// How many tool calls a stream may begin. A search for one of them takes its time.
const CALLS_MAX: usize = 256;

/// The header of the API key, and its prefix.
pub(super) const KEY_HEADER: (&str, &str) = ("authorization", "Bearer ");

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
    Wire { path: "chat/completions".to_owned(), key_header: KEY_HEADER, headers: &[], body }
}

/// Returns the conversation so far.
fn messages(prompt: &Prompt<'_>, fit: &Fit) -> Vec<Value> {
    let mut messages = prompt.opening(fit, |line| line.message("text", part));
    for past in &prompt.past {
        messages.push(asked(past));
        messages.extend(
            past.calls
                .iter()
                .map(|call| json!({ "role": "tool", "tool_call_id": call.id, "content": call.said() })),
        );
        messages.extend(past.reply.as_ref().map(|text| json!({ "role": "user", "content": text })));
    }
    messages
}

/// Returns the part of a message that a file is.
fn part(file: &File) -> Value {
    if file.media.is_image() {
        return json!({ "type": "image_url", "image_url": { "url": data_url(file) } });
    }
    json!({ "type": "file", "file": { "filename": file_name(file), "file_data": data_url(file) } })
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
        let mut message = json!({ "role": "assistant", "content": text });
        if !past.calls.is_empty() {
            message["tool_calls"] = past.calls.iter().map(call).collect();
        }
        return message;
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

/// What OpenAI, DeepSeek and Moonshot call the tokens that they took from their caches. Some servers say it twice.
const CACHED: [&str; 3] =
    ["/usage/prompt_tokens_details/cached_tokens", "/usage/prompt_cache_hit_tokens", "/usage/cached_tokens"];

/// What OpenRouter and LiteLLM call the tokens that were written to a cache, for providers that have a price for them.
const WRITTEN: [&str; 2] =
    ["/usage/prompt_tokens_details/cache_write_tokens", "/usage/cache_creation_input_tokens"];

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
        cached_input_tokens: tokens_by_names(answer, &CACHED),
        cache_write_tokens: tokens_by_names(answer, &WRITTEN),
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

/// Calls `say` with what a piece adds.
pub(super) fn said(piece: &Value, say: &mut dyn FnMut(TextKind, &str)) {
    let choice = piece.pointer("/choices/0");
    let delta = choice.and_then(|choice| choice.get("delta").or_else(|| choice.get("message")));
    let Some(delta) = delta else { return };
    let texts = ["/reasoning_content", "/reasoning", "/thinking"].map(|pointer| text_at(delta, pointer));
    let thought = texts.into_iter().flatten().find(|text| !text.is_empty());
    say(TextKind::Reasoning, thought.unwrap_or_default());
    say(
        TextKind::Text,
        parts::spoken(delta.get("content")).map(|spoken| spoken.text).as_deref().unwrap_or_default(),
    );
}

/// A stream that is put together. Only the first choice was asked for.
#[derive(Debug, Default)]
pub(super) struct Stream {
    number: Option<u64>,
    message: Map<String, Value>,
    calls: Vec<Value>,
    choice: Map<String, Value>,
    usage: Value,
    /// Whether `[DONE]` has come.
    pub(super) is_done: bool,
}

impl Stream {
    /// Adds a piece.
    ///
    /// # Errors
    /// What is wrong with it, so that it follows the name of the server.
    pub(super) fn push(&mut self, piece: &Value) -> Result<(), String> {
        let has_usage = is_given(piece, "/usage");
        // Moonshot writes it into the choice, too.
        if let Some(at) = ["/usage", "/choices/0/usage"].into_iter().find(|at| is_given(piece, at)) {
            self.usage = piece.pointer(at).cloned().unwrap_or_default();
        }
        if has_usage && !is_given(piece, "/choices") {
            return Ok(());
        }
        let choices = list(piece, "choices").map_err(|what| format!("streamed a piece that {what}"))?;
        let Some(part) = choices.first() else { return Ok(()) };
        check_choice(&mut self.number, part)?;
        let delta = part.get("delta").or_else(|| part.get("message"));
        let delta = delta.and_then(Value::as_object);
        let says_more =
            delta.into_iter().flatten().any(|(name, value)| name != "role" && is_something(value));
        self.stop(part, says_more)?;
        for (name, value) in delta.into_iter().flatten() {
            self.add(name, value)?;
        }
        Ok(())
    }

    /// Reads why the choice ends. Some servers say so with each piece; what comes behind the reason has one again.
    fn stop(&mut self, part: &Value, says_more: bool) -> Result<(), String> {
        let before = self.choice.get("finish_reason").and_then(Value::as_str);
        match (before, text_at(part, "/finish_reason").filter(|reason| !reason.is_empty())) {
            (Some(before), Some(reason)) if before != reason => {
                return Err(format!("streamed two reasons to stop, `{before}` and `{reason}`"));
            }
            (Some(_), None) if says_more => {
                self.choice.remove("finish_reason");
            }
            _ => {}
        }
        for name in ["finish_reason", "native_finish_reason", "error"] {
            if is_given(part, &format!("/{name}")) {
                self.choice.insert(name.to_owned(), part[name].clone());
            }
        }
        Ok(())
    }

    /// Texts and lists are continued; a text that continues a list becomes one of its parts, and the other way round.
    fn add(&mut self, name: &str, value: &Value) -> Result<(), String> {
        if name == "role" || value.is_null() {
            return Ok(());
        }
        if let ("tool_calls", Value::Array(pieces)) = (name, value) {
            return pieces.iter().try_for_each(|piece| self.add_call(piece));
        }
        let message = &mut self.message;
        match (message.get_mut(name), value) {
            (Some(Value::String(text)), Value::String(more)) => text.push_str(more),
            (Some(Value::Array(items)), Value::Array(more)) => {
                more.iter().for_each(|item| add_item(items, item))
            }
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
        Ok(())
    }

    /// A call comes in pieces with its place in the list, the arguments as pieces of their text. A piece without a place is
    /// a whole, and so is one that has the name and the id of another call than the one at its place: some servers give
    /// all calls the same place.
    fn add_call(&mut self, piece: &Value) -> Result<(), String> {
        let id = text_at(piece, "/id").filter(|id| !id.is_empty());
        let Some(place) = piece.get("index").and_then(Value::as_u64) else { return self.begin_call(piece) };
        let place_of = |call: &Value| call.get("index").and_then(Value::as_u64);
        let known = self.calls.iter_mut().rfind(|call| place_of(call) == Some(place));
        let is_other = |known: &Value| {
            let before = text_at(known, "/id").filter(|before| !before.is_empty());
            is_given(piece, "/function/name") && id.is_some() && before.is_some() && before != id
        };
        if let Some(known) = known.filter(|known| !is_other(known)) {
            continue_call(known, piece);
            return Ok(());
        }
        if let Some(last) = self.calls.iter().filter_map(place_of).max().filter(|last| *last > place) {
            return Err(format!("streamed the beginning of tool call {place} behind that of {last}"));
        }
        if let Some(id) = id
            && self.calls.iter().any(|call| text_at(call, "/id") == Some(id))
        {
            return Err(format!("streamed the tool call `{id}` at two places"));
        }
        self.begin_call(piece)
    }

    fn begin_call(&mut self, piece: &Value) -> Result<(), String> {
        if self.calls.len() == CALLS_MAX {
            return Err(format!("streamed more than {CALLS_MAX} tool calls"));
        }
        self.calls.push(piece.clone());
        Ok(())
    }

    /// Checks that the stream is complete. Servers that do not send `[DONE]` have said why they stop, and the usage that is
    /// behind it.
    pub(super) fn check_end(&self) -> Result<(), String> {
        let is_complete = self.choice.contains_key("finish_reason") && !self.usage.is_null();
        if self.is_done || is_complete { Ok(()) } else { Err("ended its stream without `[DONE]`".to_owned()) }
    }

    /// Returns the answer, as far as it goes.
    pub(super) fn answer(&self) -> Value {
        let (mut choice, mut message) = (self.choice.clone(), self.message.clone());
        if !self.calls.is_empty() {
            let without_place = |call: &Value| {
                let mut call = call.clone();
                call.as_object_mut().and_then(|call| call.shift_remove("index"));
                call
            };
            message.insert("tool_calls".to_owned(), self.calls.iter().map(without_place).collect());
        }
        choice.insert("message".to_owned(), Value::Object(message));
        json!({ "choices": [choice], "usage": self.usage })
    }
}

/// Returns whether a part of a delta says anything.
fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => true,
    }
}

fn continue_call(known: &mut Value, piece: &Value) {
    if !is_given(known, "/id") && is_given(piece, "/id") {
        known["id"] = piece["id"].clone();
    }
    let Some(known) = known.as_object_mut() else { return };
    let function = known.entry("function").or_insert_with(|| json!({}));
    let Some(function) = function.as_object_mut() else { return };
    if !function.get("name").is_some_and(is_something) && is_given(piece, "/function/name") {
        function.insert("name".to_owned(), piece["function"]["name"].clone());
    }
    append(function, "arguments", text_at(piece, "/function/arguments").unwrap_or_default());
    // What only some servers send, such as signatures.
    for (name, value) in piece.as_object().into_iter().flatten() {
        if is_something(value) {
            known.entry(name.as_str()).or_insert_with(|| value.clone());
        }
    }
}

/// Adds to a list. A part of reasoning with the number of the one before continues its text.
fn add_item(items: &mut Vec<Value>, item: &Value) {
    let is_same = |last: &Value| {
        ["index", "type"].iter().all(|name| item.get(*name).is_some() && last.get(*name) == item.get(*name))
    };
    let Some(last) = items.last_mut().filter(|last| is_same(last)).and_then(Value::as_object_mut) else {
        return items.push(item.clone());
    };
    for (name, value) in item.as_object().into_iter().flatten() {
        match (name.as_str(), value) {
            ("text" | "summary" | "data", Value::String(more)) => append(last, name, more),
            (_, value) if is_something(value) => {
                last.insert(name.clone(), value.clone());
            }
            _ => {}
        }
    }
}

/// OpenAI accepts `strict` only if all fields of every object are required and no others are allowed.
pub(super) fn is_strict(schema: &Value) -> bool {
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
        let mut stream = Stream::default();
        pieces.iter().try_for_each(|piece| stream.push(piece)).unwrap();

        let reply = reply(&stream.answer()).unwrap();

        assert_eq!((reply.text.as_deref(), reply.stop), (Ok("abc"), Stop::Done));
        assert!(reply.has_reasoning);
        assert_eq!(reply.input_tokens, 5);
    }
}
