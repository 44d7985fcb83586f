//! Agents for the language models of a source: a skeleton with the model, its instructions, and the schema of its answer.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::graph::node;
use crate::text::{name, word};

/// The model of a source, as an agent needs it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    /// `openai`, `anthropic`, `gemini` or `ollama`.
    pub(crate) provider: &'static str,
    pub(crate) model: String,
    pub(crate) base_url: Option<String>,
    /// The template of its key.
    pub(crate) api_key: Option<String>,
    pub(crate) temperature: Option<Value>,
    pub(crate) max_tokens: Option<Value>,
}

/// What a model is asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// What it is told to be, without templates; those that it had are in `input`.
    pub(crate) instructions: String,
    pub(crate) input: Map<String, Value>,
    pub(crate) output_schema: Option<Value>,
    pub(crate) session: Option<String>,
}

/// Returns a node that asks a model, and its agent.
pub(crate) fn ask(
    id: &str,
    title: &str,
    place: &str,
    model: &Model,
    asked: Asked,
) -> (Map<String, Value>, Value) {
    let agent_id = uuid_of(place);
    let mut config = json!({ "provider": model.provider, "model": model.model });
    let keys = [
        ("base_url", model.base_url.clone().map(Value::from)),
        ("api_key", model.api_key.clone().map(Value::from)),
        ("temperature", model.temperature.clone()),
    ];
    for (key, value) in keys {
        if let Some(value) = value {
            config[key] = value;
        }
    }
    let skill = word(title);
    let mut made = json!({ "name": skill, "instructions": asked.instructions });
    if let Some(schema) = asked.output_schema {
        made["output_schema"] = schema;
    }
    if let Some(tokens) = &model.max_tokens {
        made["max_tokens"] = tokens.clone();
    }
    let agent = json!({
        "id": agent_id, "name": name(title, "Model"), "agent_type": "llm", "category": "imported", "config": config, "skills": [made],
    });
    let mut asks = node(id, title, "agent");
    asks.insert("agent_id".to_owned(), json!(agent_id));
    asks.insert("skill".to_owned(), json!(skill));
    asks.insert("input".to_owned(), Value::Object(asked.input));
    if let Some(session) = asked.session {
        asks.insert("session".to_owned(), json!(session));
    }
    (asks, agent)
}

/// Returns an id that is the same each time that the file is imported.
fn uuid_of(place: &str) -> String {
    let hash = Sha256::digest(place.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    // Version 8: the bytes are ours.
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    uuid::Uuid::from_bytes(bytes).to_string()
}

/// Returns instructions in which each template is a part of the input. What it was is put into `input`.
pub(crate) fn instructions(value: &Value, input: &mut Map<String, Value>, key: &str) -> String {
    let Some(text) = value.as_str() else { return value.to_string() };
    let mut out = String::new();
    let (mut rest, mut number) = (text, 0);
    while let Some(at) = rest.find("${") {
        let is_escaped = rest[..at].ends_with('$');
        let end = if is_escaped { None } else { end_of(&rest[at..]) };
        let Some(end) = end else {
            out.push_str(&rest[..at + 2]);
            rest = &rest[at + 2..];
            continue;
        };
        number += 1;
        let part = format!("{key}_{number}");
        out.push_str(&rest[..at]);
        out.push_str(&format!("${{input.{part}}}"));
        input.insert(part, json!(rest[at..at + end]));
        rest = &rest[at + end..];
    }
    out.push_str(rest);
    out
}

/// Returns where a template that `text` begins with ends.
fn end_of(text: &str) -> Option<usize> {
    let (mut open, mut quote, mut is_escaped) = (0_usize, None, false);
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match (quote, byte) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(_), b'\\') => is_escaped = true,
            (Some(mark), _) if byte == mark => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'{') => open += 1,
            (None, b'}') if open <= 1 => return Some(at + 1),
            (None, b'}') => open -= 1,
            (None, _) => {}
        }
    }
    None
}

/// Returns a JSON Schema of what looks like `example`.
pub(crate) fn schema_of(example: &Value) -> Value {
    match example {
        Value::Object(fields) => {
            let properties: Map<String, Value> =
                fields.iter().map(|(key, value)| (key.clone(), schema_of(value))).collect();
            json!({ "type": "object", "properties": properties, "required": fields.keys().collect::<Vec<_>>() })
        }
        Value::Array(items) => match items.first() {
            Some(first) => json!({ "type": "array", "items": schema_of(first) }),
            None => json!({ "type": "array" }),
        },
        Value::String(_) => json!({ "type": "string" }),
        Value::Number(_) => json!({ "type": "number" }),
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::Null => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_of_instructions_are_in_the_input() {
        let mut input = Map::new();

        let text = instructions(&json!("For ${a[\"}\"]}, not $${b}: ${ {\"x\": c} }."), &mut input, "system");

        assert_eq!(text, "For ${input.system_1}, not $${b}: ${input.system_2}.");
        assert_eq!(input["system_2"], "${ {\"x\": c} }");
        assert_eq!(uuid_of("a"), uuid_of("a"));
        assert!(uuid::Uuid::parse_str(&uuid_of("a")).is_ok());
    }
}
