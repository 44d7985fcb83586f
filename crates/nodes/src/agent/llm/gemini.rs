//! Google Gemini `generateContent`.

use percent_encoding::utf8_percent_encode;
use serde_json::{Map, Value, json};
use steadflow_core::file::File;
use steadflow_core::live::TextKind;
use steadflow_core::transcript::ToolCall;

use super::Wire;
use super::calls::{self, Offer, Past, PastCall};
use super::fit::{Fit, Format, Streaming};
use super::fold::{append, check_choice};
use super::prompt::Prompt;
use super::reply::{Reply, is_given, text_at, tokens};
use super::stop::Stop;
use crate::call::SEGMENT;

/// The header of the API key, and its prefix.
pub(super) const KEY_HEADER: (&str, &str) = ("x-goog-api-key", "");

pub(super) fn wire(prompt: &Prompt<'_>, fit: &Fit) -> Wire {
    let mut generation = Map::new();
    if let Some(temperature) = prompt.temperature {
        generation.insert("temperature".to_owned(), json!(temperature));
    }
    if let Some(max_tokens) = prompt.max_tokens {
        generation.insert("maxOutputTokens".to_owned(), json!(max_tokens));
    }
    // Models that may call functions take no type of response.
    if let Some(schema) = prompt.schema
        && fit.format != Format::Prompt
        && prompt.tools.is_empty()
    {
        generation.insert("responseMimeType".to_owned(), json!("application/json"));
        if fit.format == Format::Schema {
            generation.insert("responseJsonSchema".to_owned(), schema.clone());
        }
    }
    let (system, lines) = prompt.lines(fit);
    let said = lines.iter().map(|line| {
        let parts: Vec<Value> = line.files.iter().map(part).chain([json!({ "text": line.text })]).collect();
        json!({ "role": if line.is_model { "model" } else { "user" }, "parts": parts })
    });
    let mut contents: Vec<Value> = said.collect();
    for past in &prompt.past {
        contents.extend([asked(past, prompt.model), results(past)]);
    }
    let mut body = json!({ "contents": contents, "generationConfig": generation });
    if !prompt.tools.is_empty() {
        let functions: Vec<Value> = prompt.tools.iter().map(function).collect();
        body["tools"] = json!([{ "functionDeclarations": functions }]);
    }
    if let Some(system) = system {
        body["systemInstruction"] = json!({ "parts": [{ "text": system }] });
    }
    Wire {
        path: path(prompt.model, fit.stream != Streaming::Off),
        key_header: KEY_HEADER,
        headers: &[],
        body,
    }
}

/// Returns the path of a model. Its name is one segment, whatever is in it: it must not lead to another address of the host.
fn path(model: &str, is_stream: bool) -> String {
    let model = utf8_percent_encode(model.trim_start_matches("models/"), SEGMENT);
    let method = if is_stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
    format!("models/{model}:{method}")
}

/// Returns the part of a message that a file is.
fn part(file: &File) -> Value {
    json!({ "inlineData": { "mimeType": file.media.content_type(), "data": file.base64 } })
}

/// Returns the definition of a tool.
fn function(offer: &Offer) -> Value {
    json!({ "name": offer.name, "description": offer.description, "parametersJsonSchema": offer.schema })
}

/// What Gemini takes for the signature of calls that another model made. Since version 3, it refuses those without one.
const OF_ANOTHER_MODEL: &str = "skip_thought_signature_validator";

/// Returns whether a model is older than signatures that are checked.
fn is_unsigned(model: &str) -> bool {
    let name = model.trim_start_matches("models/");
    ["gemini-1", "gemini-2"].iter().any(|old| name.starts_with(old))
}

/// Returns an answer that asked for functions. Its signatures belong to its parts.
fn asked(past: &Past, model: &str) -> Value {
    if let Some(parts) = &past.message {
        return json!({ "role": "model", "parts": parts });
    }
    let text = (!past.text.is_empty()).then(|| json!({ "text": past.text }));
    let call = |call: &PastCall| json!({ "functionCall": { "name": call.name, "args": call.object() } });
    let mut calls: Vec<Value> = past.calls.iter().map(call).collect();
    if let Some(first) = calls.first_mut().filter(|_| !past.is_own && !is_unsigned(model)) {
        first["thoughtSignature"] = OF_ANOTHER_MODEL.into();
    }
    let parts: Vec<Value> = text.into_iter().chain(calls).collect();
    json!({ "role": "model", "parts": parts })
}

/// Returns what became of the functions, in one message.
fn results(past: &Past) -> Value {
    let result = |call: &PastCall| {
        let response = match &call.result {
            Ok(output) => json!({ "result": output.to_value().unwrap_or_default() }),
            Err(message) => json!({ "error": message }),
        };
        let mut response = json!({ "name": call.name, "response": response });
        if call.has_own_id {
            response["id"] = call.id.as_str().into();
        }
        json!({ "functionResponse": response })
    };
    let text = past.reply.as_ref().map(|text| json!({ "text": text }));
    let parts: Vec<Value> = past.calls.iter().map(result).chain(text).collect();
    json!({ "role": "user", "parts": parts })
}

/// Returns the functions that parts ask for, and the parts if they have to be given back as they are.
fn calls(parts: &[Value]) -> (Result<Vec<ToolCall>, String>, Option<Value>) {
    let asked = parts.iter().filter_map(|part| part.get("functionCall"));
    let asked: Result<Vec<ToolCall>, String> =
        asked.map(|call| calls::read(call, text_at(call, "/id"), "/args")).collect();
    let is_special = |part: &Value| {
        calls::says_more(part, &["text", "functionCall"])
            || part.get("functionCall").is_some_and(|call| calls::says_more(call, &["name", "args"]))
    };
    let has_calls = asked.as_ref().is_ok_and(|asked| !asked.is_empty());
    (asked, (has_calls && parts.iter().any(is_special)).then(|| json!(parts)))
}

/// A blocked prompt has no candidates, only a reason.
///
/// # Errors
/// What a response of this protocol must have and `answer` does not.
pub(super) fn reply(answer: &Value, has_tools: bool) -> Result<Reply, String> {
    let blocked = text_at(answer, "/promptFeedback/blockReason");
    let candidate = answer.pointer("/candidates/0");
    if candidate.is_none() && blocked.is_none() {
        return Err("has no `candidates`".to_owned());
    }
    let parts = candidate.and_then(|candidate| candidate.pointer("/content/parts")?.as_array());
    let parts = parts.map_or(&[][..], Vec::as_slice);
    let is_thought = |part: &&Value| part.get("thought") == Some(&Value::Bool(true));
    let is_call = |part: &&Value| has_tools && part.get("functionCall").is_some();
    let texts = parts.iter().filter(|part| !is_thought(part) && !is_call(part)).map(text_of);
    let (calls, message) = if has_tools { calls(parts) } else { (Ok(Vec::new()), None) };
    Ok(Reply {
        calls,
        message,
        text: texts.collect(),
        structured: None,
        has_reasoning: parts.iter().any(|part| is_thought(&part)),
        stop: match (blocked, candidate) {
            (Some(reason), _) => {
                let said = text_at(answer, "/promptFeedback/blockReasonMessage");
                Stop::Refused(said.map_or_else(|| reason.to_owned(), |said| format!("{reason}: {said}")))
            }
            (None, candidate) => stop(candidate.unwrap_or(&Value::Null)),
        },
        // What its own tools made of the prompt is sent to the model, but counted separately.
        input_tokens: tokens(
            answer,
            &["/usageMetadata/promptTokenCount", "/usageMetadata/toolUsePromptTokenCount"],
        ),
        cached_input_tokens: tokens(answer, &["/usageMetadata/cachedContentTokenCount"]),
        cache_write_tokens: 0,
        // Thoughts are billed like output, but counted separately.
        output_tokens: tokens(
            answer,
            &["/usageMetadata/candidatesTokenCount", "/usageMetadata/thoughtsTokenCount"],
        ),
    })
}

fn stop(candidate: &Value) -> Stop {
    let said = text_at(candidate, "/finishMessage");
    let beside: Vec<&str> = said.into_iter().collect();
    Stop::from(text_at(candidate, "/finishReason"), &beside)
}

/// A signature belongs to reasoning that is not shown.
fn text_of(part: &Value) -> Result<&str, String> {
    if let Some(text) = text_at(part, "/text") {
        return Ok(text);
    }
    let names = part.as_object().into_iter().flat_map(Map::keys).filter(|name| *name != "thoughtSignature");
    match names.into_iter().next() {
        None => Ok(""),
        Some(name) => Err(format!("has a part `{name}`, which is not a text")),
    }
}

/// Calls `say` with what a piece adds.
pub(super) fn said(piece: &Value, say: &mut dyn FnMut(TextKind, &str)) {
    let parts = piece.pointer("/candidates/0/content/parts").and_then(Value::as_array);
    for part in parts.into_iter().flatten().filter(|part| part.get("functionCall").is_none()) {
        let is_thought = part.get("thought") == Some(&Value::Bool(true));
        let kind = if is_thought { TextKind::Reasoning } else { TextKind::Text };
        say(kind, text_at(part, "/text").unwrap_or_default());
    }
}

/// A stream that is put together.
#[derive(Debug, Default)]
pub(super) struct Stream {
    number: Option<u64>,
    parts: Vec<Value>,
    /// What is said of the candidate, if there is one.
    candidate: Option<Map<String, Value>>,
    answer: Map<String, Value>,
}

impl Stream {
    /// Adds a piece, which is a response of its own.
    ///
    /// # Errors
    /// What is wrong with it, so that it follows the name of the server.
    pub(super) fn push(&mut self, piece: &Value) -> Result<(), String> {
        let beside =
            ["usageMetadata", "promptFeedback"].map(|name| (name, is_given(piece, &format!("/{name}"))));
        for (name, _) in beside.iter().filter(|(_, is_given)| *is_given) {
            self.answer.insert((*name).to_owned(), piece[*name].clone());
        }
        let Some(part) = piece.pointer("/candidates/0") else {
            let is_known = beside.iter().any(|(_, is_given)| *is_given);
            return if is_known { Ok(()) } else { Err("streamed a piece without `candidates`".to_owned()) };
        };
        check_choice(&mut self.number, part)?;
        let parts = part.pointer("/content/parts").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let candidate = self.candidate.get_or_insert_default();
        // Some models give a reason with each piece; what comes behind one has one again.
        if !parts.is_empty() && !is_given(part, "/finishReason") {
            candidate.remove("finishReason");
        }
        for name in ["finishReason", "finishMessage"] {
            if is_given(part, &format!("/{name}")) {
                candidate.insert(name.to_owned(), part[name].clone());
            }
        }
        parts.iter().for_each(|part| self.add(part));
        Ok(())
    }

    /// Adds a part. A plain text continues the one before; a signature keeps its part.
    fn add(&mut self, part: &Value) {
        let is_plain =
            |part: &Value| part.get("text").is_some() && !calls::says_more(part, &["text", "thought"]);
        let continued = self
            .parts
            .last_mut()
            .filter(|last| is_plain(last) && is_plain(part) && last.get("thought") == part.get("thought"));
        match (continued.and_then(Value::as_object_mut), text_at(part, "/text")) {
            (Some(last), Some(more)) => append(last, "text", more),
            _ => self.parts.push(part.clone()),
        }
    }

    /// Checks that the stream is complete.
    pub(super) fn check_end(&self) -> Result<(), String> {
        let is_blocked = self.answer.get("promptFeedback").is_some_and(|said| is_given(said, "/blockReason"));
        let has_reason =
            self.candidate.as_ref().is_some_and(|candidate| candidate.contains_key("finishReason"));
        let is_complete = is_blocked || has_reason;
        if is_complete { Ok(()) } else { Err("ended its stream without `finishReason`".to_owned()) }
    }

    /// Returns the answer, as far as it goes.
    pub(super) fn answer(&self) -> Value {
        let mut answer = self.answer.clone();
        if let Some(candidate) = &self.candidate {
            let mut candidate = candidate.clone();
            candidate.insert("content".to_owned(), json!({ "parts": self.parts }));
            answer.insert("candidates".to_owned(), json!([candidate]));
        }
        Value::Object(answer)
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn a_model_is_one_segment_below_the_base() {
        for (model, segment) in [
            ("gemini-2.5-flash", "gemini-2.5-flash"),
            ("models/gemini-2.5-flash", "gemini-2.5-flash"),
            ("../../x", "..%2F..%2Fx"),
            ("models/../../x", "..%2F..%2Fx"),
            ("a/b", "a%2Fb"),
            ("a\\..\\b", "a%5C..%5Cb"),
            ("x?y#z", "x%3Fy%23z"),
            ("%2e%2e", "%252e%252e"),
            ("%2e%2e%2fx", "%252e%252e%252fx"),
            ("..", ".."),
            ("a\tb", "a%09b"),
        ] {
            let url = Url::parse(&format!("https://host.example/v1beta/{}", path(model, false))).unwrap();

            let whole = format!("https://host.example/v1beta/models/{segment}:generateContent");
            assert_eq!(url.as_str(), whole, "{model}");
        }
    }

    #[test]
    fn thoughts_are_counted_but_not_part_of_the_text() {
        let answer = json!({
            "candidates": [{ "content": { "parts": [{ "text": "hm", "thought": true }, { "text": "yes" },
                                                    { "thoughtSignature": "x" }] },
                             "finishReason": "STOP" }],
            "usageMetadata": { "promptTokenCount": 3, "candidatesTokenCount": 1, "thoughtsTokenCount": 9 },
        });

        let reply = reply(&answer, false).unwrap();

        assert_eq!((reply.text.as_deref(), reply.input_tokens, reply.output_tokens), (Ok("yes"), 3, 10));
        assert_eq!((reply.stop, reply.has_reasoning), (Stop::Done, true));
    }

    #[test]
    fn a_blocked_prompt_is_refused() {
        let reply = reply(&json!({ "promptFeedback": { "blockReason": "SAFETY" } }), true).unwrap();

        assert_eq!(reply.stop, Stop::Refused("SAFETY".to_owned()));
    }
}
