//! Anthropic's messages API. JSON is requested as the arguments of a mandatory tool call, which every model supports.

use serde_json::{Map, Value, json};
use steadflow_core::file::File;
use steadflow_core::json;
use steadflow_core::live::TextKind;
use steadflow_core::transcript::ToolCall;

use super::Wire;
use super::calls::{self, Offer, Past, PastCall};
use super::fit::{Fit, Format, Streaming};
use super::fold::append;
use super::parts::{self, Spoken};
use super::prompt::Prompt;
use super::reply::{Reply, list, text_at, tokens};
use super::stop::Stop;

/// The protocol requires a limit.
const MAX_TOKENS_DEFAULT: u32 = 4096;
const TOOL: &str = "answer";

/// The header of the API key, and its prefix.
pub(super) const KEY_HEADER: (&str, &str) = ("x-api-key", "");
/// What every request has.
pub(super) const HEADERS: &[(&str, &str)] = &[("anthropic-version", "2023-06-01")];

pub(super) fn wire(prompt: &Prompt<'_>, fit: &Fit) -> Wire {
    let (system, lines) = prompt.lines(fit);
    let mut messages: Vec<Value> = lines.iter().map(|line| line.message("text", block)).collect();
    for past in &prompt.past {
        messages.extend([asked(past), results(past)]);
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
    Wire { path: "messages".to_owned(), key_header: KEY_HEADER, headers: HEADERS, body }
}

/// Returns the block that a file is.
fn block(file: &File) -> Value {
    let kind = if file.media.is_image() { "image" } else { "document" };
    let source = json!({ "type": "base64", "media_type": file.media.content_type(), "data": file.base64 });
    let mut block = json!({ "type": kind, "source": source });
    if let Some(name) = file.name.as_ref().filter(|_| kind == "document") {
        block["title"] = json!(name);
    }
    block
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
fn results(past: &Past) -> Value {
    let result = |call: &PastCall| {
        let mut block = json!({ "type": "tool_result", "tool_use_id": call.id, "content": call.said() });
        if !call.files.is_empty() {
            let text = json!({ "type": "text", "text": call.said() });
            block["content"] = [text].into_iter().chain(call.files.iter().map(self::block)).collect();
        }
        if call.result.is_err() {
            block["is_error"] = json!(true);
        }
        block
    };
    let text = past.reply.as_ref().map(|text| json!({ "type": "text", "text": text }));
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
    // Three parts of the input: what no cache had, what was written to one, and what was read from one.
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
        cached_input_tokens: tokens(answer, &input[2..]),
        cache_write_tokens: tokens(answer, &input[1..2]),
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

/// The parts of a block, by the type of their delta: where they are in it, and what they continue. The input of a tool
/// comes as pieces of its JSON text, which are collected in `partial`.
const DELTAS: [(&str, &str, &str); 4] = [
    ("text_delta", "text", "text"),
    ("input_json_delta", "partial_json", "partial"),
    ("thinking_delta", "thinking", "thinking"),
    ("signature_delta", "signature", "signature"),
];

/// Calls `say` with what an event adds. Without tools, the answer can be the input of the one that is demanded.
pub(super) fn said(event: &Value, has_tools: bool, say: &mut dyn FnMut(TextKind, &str)) {
    let Some(added) = event.get("delta").or_else(|| event.get("content_block")) else { return };
    for (kind, pointer) in
        [(TextKind::Reasoning, "/thinking"), (TextKind::Text, "/text"), (TextKind::Text, "/partial_json")]
    {
        if pointer != "/partial_json" || !has_tools {
            say(kind, text_at(added, pointer).unwrap_or_default());
        }
    }
}

/// A stream that is put together.
#[derive(Debug, Default)]
pub(super) struct Stream {
    is_begun: bool,
    blocks: Vec<Block>,
    usage: Map<String, Value>,
    /// What is said of the whole message, such as why it stops.
    message: Map<String, Value>,
    /// Whether `message_stop` has come.
    pub(super) is_done: bool,
}

#[derive(Debug)]
struct Block {
    content: Map<String, Value>,
    is_closed: bool,
}

impl Stream {
    /// Adds an event. Those of other types are skipped: the documentation says that there may be new ones.
    ///
    /// # Errors
    /// What is wrong with it, so that it follows the name of the server.
    pub(super) fn push(&mut self, event: &Value) -> Result<(), String> {
        match text_at(event, "/type").ok_or("streamed an event without a type")? {
            "message_start" => {
                if std::mem::replace(&mut self.is_begun, true) {
                    return Err("streamed `message_start` twice".to_owned());
                }
                add_all(&mut self.usage, event.pointer("/message/usage"));
            }
            "content_block_start" => self.begin(event)?,
            "content_block_delta" => self.extend(event)?,
            "content_block_stop" => self.block(event)?.is_closed = true,
            "message_delta" => {
                add_all(&mut self.message, event.get("delta"));
                add_all(&mut self.usage, event.get("usage"));
            }
            "message_stop" => self.is_done = true,
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, event: &Value) -> Result<(), String> {
        let due = self.blocks.len();
        if let Some(place) = place_of(event).filter(|place| *place != due) {
            return Err(format!("streamed the beginning of block {place} where that of {due} was due"));
        }
        let content = event.get("content_block").and_then(Value::as_object);
        let content = content.ok_or("streamed `content_block_start` without a block")?.clone();
        self.blocks.push(Block { content, is_closed: false });
        Ok(())
    }

    /// Returns the block that an event is about, which is not closed.
    fn block(&mut self, event: &Value) -> Result<&mut Block, String> {
        let place = place_of(event).or_else(|| self.blocks.len().checked_sub(1)).unwrap_or_default();
        let block = self.blocks.get_mut(place);
        let block = block.ok_or_else(|| format!("streamed a part of block {place}, which has not begun"))?;
        if block.is_closed {
            return Err(format!("streamed a part of block {place}, which had ended"));
        }
        Ok(block)
    }

    fn extend(&mut self, event: &Value) -> Result<(), String> {
        let block = &mut self.block(event)?.content;
        let kind = text_at(event, "/delta/type").unwrap_or_default();
        if kind == "citations_delta" {
            let citation = event.pointer("/delta/citation").cloned().unwrap_or_default();
            match block.get_mut("citations").and_then(Value::as_array_mut) {
                Some(citations) => citations.push(citation),
                None => {
                    block.insert("citations".to_owned(), json!([citation]));
                }
            }
            return Ok(());
        }
        let row = DELTAS.iter().find(|(known, ..)| *known == kind);
        let (_, from, to) = row.ok_or_else(|| {
            let kind: String = kind.chars().take(100).collect();
            format!("streamed a part of type `{kind}`, which Steadflow does not know")
        })?;
        append(block, to, text_at(event, &format!("/delta/{from}")).unwrap_or_default());
        Ok(())
    }

    /// Checks that the stream is complete, and that the inputs of its tools are JSON unless they were cut off.
    pub(super) fn check_end(&self) -> Result<(), String> {
        if !self.is_done {
            return Err("ended its stream without `message_stop`".to_owned());
        }
        let reason = self.message.get("stop_reason").and_then(Value::as_str);
        if matches!(Stop::from(reason, &[]), Stop::TooLong | Stop::Refused(_)) {
            return Ok(());
        }
        let mut inputs = self.blocks.iter().filter_map(|block| input(&block.content));
        inputs.try_for_each(|input| {
            input.map(drop).map_err(|error| format!("streamed a tool call that is not JSON: {error}"))
        })
    }

    /// Returns the answer, as far as it goes.
    pub(super) fn answer(&self) -> Value {
        let content = self.blocks.iter().map(|block| {
            let mut content = block.content.clone();
            if let Some(input) = input(&content) {
                content.shift_remove("partial");
                content.insert("input".to_owned(), input.unwrap_or_else(|_| json!({})));
            }
            Value::Object(content)
        });
        let mut answer = self.message.clone();
        answer.insert("content".to_owned(), content.collect());
        answer.insert("usage".to_owned(), Value::Object(self.usage.clone()));
        Value::Object(answer)
    }
}

fn place_of(event: &Value) -> Option<usize> {
    event.get("index").and_then(Value::as_u64).and_then(|place| usize::try_from(place).ok())
}

/// Returns the input of a tool, if it came in pieces.
fn input(block: &Map<String, Value>) -> Option<Result<Value, serde_json::Error>> {
    let partial = block.get("partial").and_then(Value::as_str)?;
    Some(json::read(if partial.trim().is_empty() { b"{}" } else { partial.as_bytes() }))
}

/// What is null says nothing.
fn add_all(target: &mut Map<String, Value>, source: Option<&Value>) {
    let entries =
        source.and_then(Value::as_object).into_iter().flatten().filter(|(_, value)| !value.is_null());
    target.extend(entries.map(|(name, value)| (name.clone(), value.clone())));
}
