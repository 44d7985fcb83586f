//! Ollama's chat API, which takes a JSON Schema as `format`.

use serde_json::{Map, Value, json};

use super::Wire;
use super::prompt::Prompt;
use super::reply::{Reply, Stop, text_at, tokens};

pub(super) fn wire(prompt: &Prompt<'_>) -> Wire {
    let system = prompt.system.iter().map(|text| json!({ "role": "system", "content": text }));
    let messages: Vec<Value> = system.chain([json!({ "role": "user", "content": prompt.user })]).collect();
    let mut options = Map::new();
    if let Some(temperature) = prompt.temperature {
        options.insert("temperature".to_owned(), json!(temperature));
    }
    if let Some(max_tokens) = prompt.max_tokens {
        options.insert("num_predict".to_owned(), json!(max_tokens));
    }
    let mut body =
        json!({ "model": prompt.model, "messages": messages, "stream": false, "options": options });
    if let Some(schema) = prompt.schema {
        body["format"] = schema.clone();
    }
    Wire { path: "api/chat".to_owned(), key_header: ("authorization", "Bearer "), headers: &[], body }
}

pub(super) fn reply(answer: &Value) -> Option<Reply> {
    Some(Reply {
        text: text_at(answer, "/message/content")?.to_owned(),
        structured: None,
        stop: Stop::from(text_at(answer, "/done_reason")),
        input_tokens: tokens(answer, "/prompt_eval_count"),
        output_tokens: tokens(answer, "/eval_count"),
    })
}
