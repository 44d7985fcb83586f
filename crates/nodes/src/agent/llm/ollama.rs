//! Ollama's chat API, which takes a JSON Schema as `format`.

use serde_json::{Map, Value, json};
use steadflow_core::live::TextKind;
use steadflow_core::transcript::ToolCall;

use super::Wire;
use super::calls::{self, Past, PastCall};
use super::fit::{Fit, Format, Streaming};
use super::fold::append;
use super::openai;
use super::prompt::{Line, Prompt};
use super::reply::{Reply, is_given, text_at, tokens};
use super::stop::Stop;

/// The header of the API key, and its prefix.
pub(super) const KEY_HEADER: (&str, &str) = ("authorization", "Bearer ");

pub(super) fn wire(prompt: &Prompt<'_>, fit: &Fit) -> Wire {
    let mut options = Map::new();
    if let Some(temperature) = prompt.temperature {
        options.insert("temperature".to_owned(), json!(temperature));
    }
    if let Some(max_tokens) = prompt.max_tokens {
        options.insert("num_predict".to_owned(), json!(max_tokens));
    }
    let stream = fit.stream != Streaming::Off;
    let mut body = json!({ "model": prompt.model, "messages": messages(prompt, fit), "stream": stream, "options": options });
    if !prompt.tools.is_empty() {
        body["tools"] = prompt.tools.iter().map(openai::function).collect();
    }
    // A grammar would leave no room for calls.
    match (prompt.schema.filter(|_| prompt.tools.is_empty()), fit.format) {
        (Some(schema), Format::Schema) => body["format"] = schema.clone(),
        (Some(_), Format::Json) => body["format"] = json!("json"),
        (_, Format::Prompt) | (None, _) => {}
    }
    Wire { path: "api/chat".to_owned(), key_header: KEY_HEADER, headers: &[], body }
}

/// Returns the conversation so far.
fn messages(prompt: &Prompt<'_>, fit: &Fit) -> Vec<Value> {
    let mut messages = prompt.opening(fit, message);
    for past in &prompt.past {
        messages.push(asked(past));
        messages.extend(past.calls.iter().map(result));
        messages.extend(past.reply.as_ref().map(|text| json!({ "role": "user", "content": text })));
    }
    messages
}

/// Returns what one side says. It has images beside the text.
fn message(line: &Line<'_>) -> Value {
    let mut message =
        json!({ "role": if line.is_model { "assistant" } else { "user" }, "content": line.text });
    if !line.files.is_empty() {
        message["images"] = line.files.iter().map(|file| json!(file.base64)).collect();
    }
    message
}

/// Returns an answer that asked for tools.
fn asked(past: &Past) -> Value {
    let call = |call: &PastCall| json!({ "function": { "name": call.name, "arguments": call.object() } });
    let calls: Vec<Value> = past.calls.iter().map(call).collect();
    let mut plain = json!({ "role": "assistant", "content": past.text });
    if !calls.is_empty() {
        plain["tool_calls"] = calls.into();
    }
    past.message.clone().unwrap_or(plain)
}

fn result(call: &PastCall) -> Value {
    let mut message = json!({ "role": "tool", "tool_name": call.name, "content": call.said() });
    if call.has_own_id {
        message["tool_call_id"] = call.id.as_str().into();
    }
    message
}

/// Returns the tools that a message asks for, and the message if it has to be given back as it is.
fn calls(message: &Value) -> (Result<Vec<ToolCall>, String>, Option<Value>) {
    let asked = message.get("tool_calls").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let read = asked.iter().map(|call| {
        calls::read(call.get("function").unwrap_or(&Value::Null), text_at(call, "/id"), "/arguments")
    });
    let is_special = |call: &Value| calls::says_more(call, &["type", "function"]);
    let says_more = is_given(message, "/thinking") || asked.iter().any(is_special);
    let given_back = (!asked.is_empty() && says_more).then(|| {
        let mut message = message.clone();
        message["role"] = json!("assistant");
        message
    });
    (read.collect(), given_back)
}

/// # Errors
/// What a response of this protocol must have and `answer` does not.
pub(super) fn reply(answer: &Value) -> Result<Reply, String> {
    let message = answer.get("message").filter(|message| message.is_object()).ok_or("has no `message`")?;
    let has_calls = is_given(message, "/tool_calls");
    let text = text_at(message, "/content").or(has_calls.then_some(""));
    let text = text.ok_or("has a `message` without `content`")?;
    let (calls, given_back) = calls(message);
    let reason = text_at(answer, "/done_reason");
    // What was cut off is no call.
    let reason = if has_calls && reason != Some("length") { Some("tool_calls") } else { reason };
    Ok(Reply {
        calls,
        message: given_back,
        text: Ok(text.to_owned()),
        structured: None,
        has_reasoning: is_given(message, "/thinking"),
        stop: Stop::from(reason, &[]),
        input_tokens: tokens(answer, &["/prompt_eval_count"]),
        cached_input_tokens: 0,
        cache_write_tokens: 0,
        output_tokens: tokens(answer, &["/eval_count"]),
    })
}

/// Calls `say` with what a line adds.
pub(super) fn said(line: &Value, say: &mut dyn FnMut(TextKind, &str)) {
    for (kind, pointer) in [(TextKind::Reasoning, "/message/thinking"), (TextKind::Text, "/message/content")]
    {
        say(kind, text_at(line, pointer).unwrap_or_default());
    }
}

/// A stream that is put together. Its last line has everything but what the model says.
#[derive(Debug, Default)]
pub(super) struct Stream {
    message: Map<String, Value>,
    last: Option<Map<String, Value>>,
}

impl Stream {
    /// Adds a line.
    ///
    /// # Errors
    /// What is wrong with it, so that it follows the name of the server.
    pub(super) fn push(&mut self, line: &Value) -> Result<(), String> {
        let message = line.get("message").and_then(Value::as_object);
        let message = message.ok_or("streamed a line without a `message`")?;
        for (name, value) in message {
            match (name.as_str(), value) {
                ("content" | "thinking", Value::String(more)) => append(&mut self.message, name, more),
                ("tool_calls", Value::Array(more)) => {
                    let calls = self.message.entry(name.as_str()).or_insert_with(|| json!([]));
                    calls.as_array_mut().into_iter().for_each(|calls| calls.extend(more.iter().cloned()));
                }
                (_, Value::Null) => {}
                (_, value) => {
                    self.message.insert(name.clone(), value.clone());
                }
            }
        }
        if line.get("done") == Some(&Value::Bool(true)) {
            self.last = line.as_object().cloned();
        }
        Ok(())
    }

    /// Returns whether the last line has come.
    pub(super) const fn is_over(&self) -> bool {
        self.last.is_some()
    }

    /// Checks that the stream is complete.
    pub(super) fn check_end(&self) -> Result<(), String> {
        if self.is_over() { Ok(()) } else { Err("ended its stream without `done`".to_owned()) }
    }

    /// Returns the answer, as far as it goes.
    pub(super) fn answer(&self) -> Value {
        let mut answer = self.last.clone().unwrap_or_default();
        answer.insert("message".to_owned(), Value::Object(self.message.clone()));
        Value::Object(answer)
    }
}
