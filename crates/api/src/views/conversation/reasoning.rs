//! What a model thought before it answered, in the message of its provider.

use serde_json::Value;

/// The fields of a message that hold reasoning as a text.
const FIELDS: [&str; 3] = ["reasoning_content", "reasoning", "thinking"];

/// Returns the reasoning in a message as its provider wrote it: fields of the message, blocks of type `thinking`, and parts
/// that are marked as thoughts. What is encrypted, or only a signature, is none.
pub(super) fn of(message: &Value) -> Option<String> {
    let texts: Vec<&str> = match message {
        Value::Object(fields) => {
            FIELDS.iter().find_map(|name| fields.get(*name)?.as_str()).into_iter().collect()
        }
        Value::Array(parts) => parts.iter().filter_map(of_part).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    let text = texts.join("\n\n");
    (!text.trim().is_empty()).then_some(text)
}

fn of_part(part: &Value) -> Option<&str> {
    if part["thought"] == Value::Bool(true) {
        return part["text"].as_str();
    }
    part["thinking"].as_str().filter(|_| part["type"] == "thinking")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reasoning_is_found_in_the_messages_of_all_providers() {
        for (message, found) in [
            (json!({ "role": "assistant", "content": "x", "reasoning_content": "so" }), Some("so")),
            (json!({ "reasoning": "so", "reasoning_details": [{ "data": "…" }] }), Some("so")),
            (
                json!([{ "type": "thinking", "thinking": "a", "signature": "…" }, { "type": "tool_use" }]),
                Some("a"),
            ),
            (json!([{ "text": "a", "thought": true }, { "text": "b", "thought": true }]), Some("a\n\nb")),
            (json!([{ "type": "redacted_thinking", "data": "…" }, { "text": "said" }]), None),
            (json!({ "role": "assistant", "reasoning": " " }), None),
            (json!("so"), None),
        ] {
            assert_eq!(of(&message).as_deref(), found, "{message}");
        }
    }
}
