//! OpenAI's chat completions API, which many other servers implement.

use serde_json::{Value, json};

use super::Wire;
use super::prompt::Prompt;
use super::reply::{Reply, Stop, text_at, tokens};

pub(super) fn wire(prompt: &Prompt<'_>, base_url: &str) -> Wire {
    let system = prompt.system.iter().map(|text| json!({ "role": "system", "content": text }));
    let messages: Vec<Value> = system.chain([json!({ "role": "user", "content": prompt.user })]).collect();
    let mut body = json!({ "model": prompt.model, "messages": messages, "stream": false });
    if let Some(temperature) = prompt.temperature {
        body["temperature"] = json!(temperature);
    }
    if let Some(max_tokens) = prompt.max_tokens {
        // Newer models of OpenAI refuse the old name, and other servers do not support the new one.
        let is_openai = base_url.starts_with("https://api.openai.com/");
        body[if is_openai { "max_completion_tokens" } else { "max_tokens" }] = json!(max_tokens);
    }
    if let Some(schema) = prompt.schema {
        let spec = json!({ "name": "answer", "schema": schema, "strict": is_strict(schema) });
        body["response_format"] = json!({ "type": "json_schema", "json_schema": spec });
    }
    Wire { path: "chat/completions".to_owned(), key_header: ("authorization", "Bearer "), headers: &[], body }
}

pub(super) fn reply(answer: &Value) -> Option<Reply> {
    let choice = answer.pointer("/choices/0")?;
    let refusal =
        text_at(choice, "/message/refusal").map(|text| Stop::Refused(text.chars().take(200).collect()));
    Some(Reply {
        text: text_at(choice, "/message/content").unwrap_or_default().to_owned(),
        structured: None,
        stop: refusal.unwrap_or_else(|| Stop::from(text_at(choice, "/finish_reason"))),
        input_tokens: tokens(answer, "/usage/prompt_tokens"),
        output_tokens: tokens(answer, "/usage/completion_tokens"),
    })
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
    fn a_refusal_is_not_a_response() {
        let answer = json!({ "choices": [{ "message": { "content": null, "refusal": "no" }, "finish_reason": "stop" }] });

        assert_eq!(reply(&answer).unwrap().stop, Stop::Refused("no".to_owned()));
    }
}
