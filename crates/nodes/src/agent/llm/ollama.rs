//! Ollama's chat API, which takes a JSON Schema as `format`.

use serde_json::{Map, Value, json};

use super::Wire;
use super::fit::{Fit, Format, Streaming};
use super::prompt::Prompt;
use super::reply::{Reply, is_given, text_at, tokens};
use super::stop::Stop;

pub(super) fn wire(prompt: &Prompt<'_>, fit: &Fit) -> Wire {
    let (system, user) = prompt.texts(fit);
    let system = system.map(|text| json!({ "role": fit.system.name(), "content": text }));
    let messages: Vec<Value> =
        system.into_iter().chain([json!({ "role": "user", "content": user })]).collect();
    let mut options = Map::new();
    if let Some(temperature) = prompt.temperature {
        options.insert("temperature".to_owned(), json!(temperature));
    }
    if let Some(max_tokens) = prompt.max_tokens {
        options.insert("num_predict".to_owned(), json!(max_tokens));
    }
    let stream = fit.stream != Streaming::Off;
    let mut body =
        json!({ "model": prompt.model, "messages": messages, "stream": stream, "options": options });
    match (prompt.schema, fit.format) {
        (Some(schema), Format::Schema) => body["format"] = schema.clone(),
        (Some(_), Format::Json) => body["format"] = json!("json"),
        (_, Format::Prompt) | (None, _) => {}
    }
    Wire { path: "api/chat".to_owned(), key_header: ("authorization", "Bearer "), headers: &[], body }
}

/// # Errors
/// What a response of this protocol must have and `answer` does not.
pub(super) fn reply(answer: &Value) -> Result<Reply, String> {
    let message = answer.get("message").filter(|message| message.is_object()).ok_or("has no `message`")?;
    let text = text_at(message, "/content").ok_or("has a `message` without `content`")?;
    let reason = text_at(answer, "/done_reason");
    Ok(Reply {
        text: Ok(text.to_owned()),
        structured: None,
        has_reasoning: is_given(message, "/thinking"),
        stop: Stop::from(if is_given(message, "/tool_calls") { Some("tool_calls") } else { reason }, &[]),
        input_tokens: tokens(answer, &["/prompt_eval_count"]),
        output_tokens: tokens(answer, &["/eval_count"]),
    })
}

/// Puts the lines of a stream together. The last one has everything but the text.
///
/// # Errors
/// If the last one is missing.
pub(super) fn whole(pieces: &[Value]) -> Result<Value, String> {
    let is_last = |piece: &&Value| piece.get("done") == Some(&Value::Bool(true));
    let last = pieces.iter().find(is_last).and_then(Value::as_object);
    let mut answer = last.cloned().ok_or("ended its stream without `done`")?;
    let text = |name: &str| -> String {
        let pointer = format!("/message/{name}");
        pieces.iter().filter_map(|piece| text_at(piece, &pointer)).collect()
    };
    let calls = pieces.iter().filter_map(|piece| piece.pointer("/message/tool_calls")?.as_array()).flatten();
    let calls: Vec<&Value> = calls.collect();
    let message = json!({ "content": text("content"), "thinking": text("thinking"), "tool_calls": calls });
    answer.insert("message".to_owned(), message);
    Ok(Value::Object(answer))
}
