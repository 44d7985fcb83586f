//! OpenAI's responses API. The provider keeps nothing: each request has the whole conversation, with the reasoning in the
//! form in which the provider gave it away.

use serde_json::{Map, Value, json};
use steadflow_core::file::File;
use steadflow_core::live::TextKind;
use steadflow_core::transcript::ToolCall;

use super::Wire;
use super::calls::{self, Offer, Past, PastCall};
use super::fault;
use super::fit::{Fit, Format, Streaming};
use super::fold::append;
use super::openai::{KEY_HEADER, is_strict};
use super::parts;
use super::prompt::{Prompt, data_url, file_name};
use super::reply::{Reply, is_given, list, text_at, tokens};
use super::stop::Stop;

/// How many items a stream may begin.
const ITEMS_MAX: usize = 1_024;

pub(super) fn wire(prompt: &Prompt<'_>, fit: &Fit) -> Wire {
    let (instructions, lines) = prompt.lines(fit);
    let mut input: Vec<Value> = lines.iter().map(|line| line.message("input_text", part)).collect();
    for past in &prompt.past {
        input.extend(asked(past));
        input.extend(past.calls.iter().map(result));
        input.extend(past.reply.as_ref().map(|text| json!({ "role": "user", "content": text })));
    }
    let mut body = json!({
        "model": prompt.model,
        "input": input,
        "stream": fit.stream != Streaming::Off,
        "store": false,
        "include": ["reasoning.encrypted_content"],
    });
    if let Some(instructions) = instructions {
        body["instructions"] = json!(instructions);
    }
    if !prompt.tools.is_empty() {
        body["tools"] = prompt.tools.iter().map(tool).collect();
    }
    if let Some(temperature) = prompt.temperature {
        body["temperature"] = json!(temperature);
    }
    if let Some(max_tokens) = prompt.max_tokens {
        body["max_output_tokens"] = json!(max_tokens);
    }
    match (prompt.schema, fit.format) {
        (Some(schema), Format::Schema) => {
            let format = json!({ "type": "json_schema", "name": "answer", "schema": schema, "strict": is_strict(schema) });
            body["text"] = json!({ "format": format });
        }
        (Some(_), Format::Json) => body["text"] = json!({ "format": { "type": "json_object" } }),
        (_, Format::Prompt) | (None, _) => {}
    }
    Wire { path: "responses".to_owned(), key_header: KEY_HEADER, headers: &[], body }
}

/// Returns the part of a message that a file is.
fn part(file: &File) -> Value {
    if file.media.is_image() {
        return json!({ "type": "input_image", "image_url": data_url(file) });
    }
    json!({ "type": "input_file", "filename": file_name(file), "file_data": data_url(file) })
}

/// Returns what became of a tool.
fn result(call: &PastCall) -> Value {
    let mut output = json!(call.said());
    if !call.files.is_empty() {
        let text = json!({ "type": "input_text", "text": output });
        output = [text].into_iter().chain(call.files.iter().map(part)).collect();
    }
    json!({ "type": "function_call_output", "call_id": call.id, "output": output })
}

/// Returns the definition of a tool. Without `strict`, this API would change its schema.
fn tool(offer: &Offer) -> Value {
    let Offer { name, description, schema } = offer;
    json!({ "type": "function", "name": name, "description": description, "parameters": schema, "strict": false })
}

/// Returns an answer that asked for tools, or was refused.
fn asked(past: &Past) -> Vec<Value> {
    let Some(Value::Array(items)) = &past.message else {
        let text = (!past.text.is_empty()).then(|| json!({ "role": "assistant", "content": past.text }));
        let call = |call: &PastCall| json!({ "type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.argument_text() });
        return text.into_iter().chain(past.calls.iter().map(call)).collect();
    };
    let mut items = items.clone();
    let asked = items.iter_mut().filter(|item| is_call(item));
    for (item, call) in asked.zip(&past.calls) {
        item["call_id"] = call.id.as_str().into();
    }
    items
}

fn is_call(item: &Value) -> bool {
    text_at(item, "/type") == Some("function_call")
}

/// Returns whether a message is said on the way to the answer.
fn is_commentary(item: &Value) -> bool {
    text_at(item, "/phase") == Some("commentary")
}

/// What the items of a response say.
#[derive(Debug, Default)]
struct Said {
    text: String,
    refusal: Option<String>,
    has_reasoning: bool,
    calls: Vec<ToolCall>,
}

/// Reads the items of a response.
///
/// # Errors
/// What is not known in them, as the end of a sentence that begins with the response.
fn read(items: &[Value], is_whole: bool) -> Result<Said, String> {
    let mut said = Said::default();
    let has_calls = items.iter().any(is_call);
    for item in items {
        let is_open = |status: &&Value| !status.is_null() && **status != "completed";
        if let Some(status) = item.get("status").filter(is_open).filter(|_| is_whole) {
            return Err(format!("is complete, and has an item with the status `{}`", shown(status)));
        }
        let is_unknown =
            |phase: &&Value| !phase.is_null() && **phase != "commentary" && **phase != "final_answer";
        if let Some(phase) = item.get("phase").filter(is_unknown) {
            return Err(format!("has an item of phase `{}`, which Steadflow does not know", shown(phase)));
        }
        match text_at(item, "/type").unwrap_or_default() {
            "message" => {
                let spoken = parts::spoken(item.get("content"))?;
                // It is no part of an answer, but says why tools are called.
                if is_commentary(item) && !has_calls {
                    said.has_reasoning = true;
                } else {
                    said.text.push_str(&spoken.text);
                }
                said.has_reasoning |= spoken.has_reasoning;
                said.refusal = spoken.refusal.or(said.refusal);
            }
            "reasoning" => said.has_reasoning = true,
            "function_call" => said.calls.push(calls::read(item, text_at(item, "/call_id"), "/arguments")?),
            "" => return Err("has an item without a type".to_owned()),
            other => {
                let other = shown(&json!(other));
                return Err(format!("has an item of type `{other}`, which Steadflow did not ask for"));
            }
        }
    }
    Ok(said)
}

/// Returns the beginning of a value, for people.
fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    text.chars().take(100).collect()
}

/// What a call has that is given back in another way.
const OF_CALLS: [&str; 6] = ["type", "id", "status", "call_id", "name", "arguments"];

/// Returns the items if they have to be given back as they are. Reasoning of which there is nothing but its id would have to
/// be kept by the provider.
fn given_back(items: &[Value]) -> Option<Value> {
    let has_content =
        |item: &Value| ["/encrypted_content", "/content"].iter().any(|pointer| is_given(item, pointer));
    let is_empty = |item: &Value| text_at(item, "/type") == Some("reasoning") && !has_content(item);
    let items: Vec<&Value> = items.iter().filter(|item| !is_empty(item)).collect();
    let is_plain = |item: &Value| match text_at(item, "/type") {
        Some("message") => item.get("phase").is_none_or(Value::is_null),
        Some("function_call") => !calls::says_more(item, &OF_CALLS),
        Some(_) | None => false,
    };
    let is_special = items.iter().any(|item| is_call(item)) && !items.iter().all(|item| is_plain(item));
    is_special.then(|| json!(items))
}

/// # Errors
/// What a response of this protocol must have and `answer` does not.
pub(super) fn reply(answer: &Value) -> Result<Reply, String> {
    let items = list(answer, "output")?;
    let is_whole = text_at(answer, "/status") == Some("completed");
    let (said, unknown) = match read(items, is_whole) {
        Ok(said) => (said, None),
        Err(what) => (Said::default(), Some(what)),
    };
    let stop = stop(answer, &said);
    let Said { text, has_reasoning, calls, .. } = said;
    Ok(Reply {
        text: unknown.clone().map_or(Ok(text), Err),
        calls: unknown.map_or(Ok(calls), Err),
        message: given_back(items),
        structured: None,
        has_reasoning,
        stop,
        input_tokens: tokens(answer, &["/usage/input_tokens"]),
        cached_input_tokens: tokens(answer, &["/usage/input_tokens_details/cached_tokens"]),
        cache_write_tokens: tokens(answer, &["/usage/input_tokens_details/cache_write_tokens"]),
        output_tokens: tokens(answer, &["/usage/output_tokens"]),
    })
}

fn stop(answer: &Value, said: &Said) -> Stop {
    if let Some(error) = fault::reported(answer) {
        return Stop::Failed(error.failure_with_code("The model stopped with an error"));
    }
    if let Some(refusal) = said.refusal.as_ref().filter(|text| !text.trim().is_empty()) {
        return Stop::Refused(refusal.chars().take(200).collect());
    }
    match text_at(answer, "/status") {
        Some("completed") if said.calls.is_empty() => Stop::Done,
        Some("completed") => Stop::Tools("with `function_call`".to_owned()),
        Some("incomplete") => match text_at(answer, "/incomplete_details/reason") {
            Some("max_output_tokens") => Stop::TooLong,
            Some("content_filter") => Stop::Refused("content_filter".to_owned()),
            reason => Stop::from(Some(&format!("incomplete: {}", reason.unwrap_or("no reason"))), &[]),
        },
        status => Stop::from(status, &[]),
    }
}

/// What the events of a stream add, by their types: to which text of an item.
const DELTAS: [(&str, &str); 5] = [
    ("response.output_text.delta", TEXT),
    ("response.refusal.delta", "refusal"),
    ("response.function_call_arguments.delta", ARGUMENTS),
    ("response.reasoning_text.delta", REASONING),
    ("response.reasoning_summary_text.delta", REASONING),
];

/// What is read of the response at the end of a stream, which repeats the request, too.
const OF_END: [&str; 5] = ["status", "error", "incomplete_details", "output", "usage"];

const TEXT: &str = "text";
const ARGUMENTS: &str = "arguments";
const REASONING: &str = "reasoning";

/// A stream that is put together.
#[derive(Debug, Default)]
pub(super) struct Stream {
    items: Vec<Item>,
    /// The response as its last event has it.
    end: Option<Map<String, Value>>,
}

#[derive(Debug)]
struct Item {
    /// As it begins or, if it is complete, as it is.
    content: Value,
    is_complete: bool,
    /// What was added to it, by name.
    added: Map<String, Value>,
}

impl Item {
    fn text(&self, name: &str) -> &str {
        self.added.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the item, as far as it goes.
    fn so_far(&self) -> Value {
        let mut content = self.content.clone();
        if self.is_complete || !content.is_object() {
            return content;
        }
        if is_call(&content) {
            content[ARGUMENTS] = json!(self.text(ARGUMENTS));
        } else if text_at(&content, "/type") == Some("message") {
            content["content"] = json!([{ "type": "output_text", "text": self.text(TEXT) }]);
        }
        content
    }
}

impl Stream {
    /// Adds an event. Those of other types are skipped: what they say is in the items, of which each must be known.
    ///
    /// # Errors
    /// What is wrong with it, so that it follows the name of the server.
    pub(super) fn push(&mut self, event: &Value) -> Result<(), String> {
        let kind = text_at(event, "/type").ok_or("streamed an event without a type")?;
        match kind {
            "response.output_item.added" => return self.begin(event, false),
            "response.output_item.done" => {
                if place_of(event).is_some_and(|place| place == self.items.len()) {
                    return self.begin(event, true);
                }
                let content = item_of(event)?;
                let item = self.item(event)?;
                (item.content, item.is_complete) = (content, true);
            }
            "response.completed" | "response.incomplete" | "response.failed" => {
                let response = event.get("response").and_then(Value::as_object);
                let response = response.ok_or_else(|| format!("streamed `{kind}` without a response"))?;
                let fields =
                    OF_END.iter().filter_map(|name| Some(((*name).to_owned(), response.get(*name)?.clone())));
                self.end = Some(fields.collect());
            }
            _ => {
                if let Some((_, name)) = DELTAS.iter().find(|(known, _)| *known == kind) {
                    append(&mut self.item(event)?.added, name, text_at(event, "/delta").unwrap_or_default());
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, event: &Value, is_complete: bool) -> Result<(), String> {
        let due = self.items.len();
        if let Some(place) = place_of(event).filter(|place| *place != due) {
            return Err(format!("streamed the beginning of item {place} where that of {due} was due"));
        }
        if due == ITEMS_MAX {
            return Err(format!("streamed more than {ITEMS_MAX} items"));
        }
        self.items.push(Item { content: item_of(event)?, is_complete, added: Map::new() });
        Ok(())
    }

    /// Returns the item that an event is about, which is not complete.
    fn item(&mut self, event: &Value) -> Result<&mut Item, String> {
        let place = place_of(event).or_else(|| self.items.len().checked_sub(1)).unwrap_or_default();
        let item = self.items.get_mut(place);
        let item = item.ok_or_else(|| format!("streamed a part of item {place}, which has not begun"))?;
        if item.is_complete {
            return Err(format!("streamed a part of item {place}, which had ended"));
        }
        Ok(item)
    }

    /// Calls `say` with what an event adds. What is said on the way to the answer is reasoning.
    pub(super) fn said(&self, event: &Value, say: &mut dyn FnMut(TextKind, &str)) {
        let kind = text_at(event, "/type").unwrap_or_default();
        if kind == "response.reasoning_summary_part.added" {
            let is_first = event.get("summary_index").and_then(Value::as_u64).is_none_or(|place| place == 0);
            return say(TextKind::Reasoning, if is_first { "" } else { "\n\n" });
        }
        let item = place_of(event).map_or_else(|| self.items.last(), |place| self.items.get(place));
        let is_aside = item.is_some_and(|item| is_commentary(&item.content));
        let kind = match DELTAS.iter().find(|(known, _)| *known == kind) {
            Some(&(_, TEXT)) if !is_aside => TextKind::Text,
            Some(&(_, TEXT | REASONING)) => TextKind::Reasoning,
            Some(_) | None => return,
        };
        say(kind, text_at(event, "/delta").unwrap_or_default());
    }

    /// Returns whether the last event has come.
    pub(super) const fn is_over(&self) -> bool {
        self.end.is_some()
    }

    /// Checks that the stream is complete, and that its end has what came before. What was cut off has ended anywhere.
    pub(super) fn check_end(&self) -> Result<(), String> {
        let Some(end) = &self.end else {
            return Err("ended its stream without `response.completed`".to_owned());
        };
        if end.get("status").and_then(Value::as_str) != Some("completed") {
            return Ok(());
        }
        let output = listed(end);
        if output.is_empty() {
            let open = self.items.iter().position(|item| !item.is_complete);
            return open.map_or(Ok(()), |place| Err(format!("ended its stream inside item {place}")));
        }
        if output.len() != self.items.len() && !self.items.is_empty() {
            let (streamed, ended) = (self.items.len(), output.len());
            return Err(format!("streamed {streamed} items, but its end has {ended}"));
        }
        let mut items = self.items.iter().zip(output).zip(0..);
        items.try_for_each(|((item, ended), place): ((&Item, &Value), usize)| {
            let text = parts::spoken(ended.get("content")).unwrap_or_default().text;
            let arguments = text_at(ended, "/arguments").unwrap_or_default();
            let is_other = |name: &str, ended: &str| {
                let streamed = item.text(name);
                !streamed.is_empty() && streamed != ended
            };
            if is_other(TEXT, &text) || is_other(ARGUMENTS, arguments) {
                return Err(format!("streamed another text of item {place} than its end has"));
            }
            Ok(())
        })
    }

    /// Returns the answer, as far as it goes. Some servers have no items at the end of a stream.
    pub(super) fn answer(&self) -> Value {
        let mut answer = self.end.clone().unwrap_or_default();
        if listed(&answer).is_empty() {
            answer.insert("output".to_owned(), self.items.iter().map(Item::so_far).collect());
        }
        Value::Object(answer)
    }
}

fn listed(response: &Map<String, Value>) -> &[Value] {
    response.get("output").and_then(Value::as_array).map_or(&[][..], Vec::as_slice)
}

fn place_of(event: &Value) -> Option<usize> {
    event.get("output_index").and_then(Value::as_u64).and_then(|place| usize::try_from(place).ok())
}

fn item_of(event: &Value) -> Result<Value, String> {
    let item = event.get("item").filter(|item| item.is_object());
    item.cloned().ok_or_else(|| "streamed an item that is no object".to_owned())
}
