//! How a flow or an agent is written to a file: always the same text for the same content, so that a difference is one.

use std::fmt::Write as _;

use serde_json::{Map, Value};
use steadflow_core::flow::{Document, Flow};
use steadflow_core::limits::Limits;
use uuid::Uuid;

use super::{Kind, stored};

/// What is at most in one line, in characters.
const LINE_CHARS_MAX: usize = 100;

/// Returns the text of a file. Keys that have their default are left out.
pub(super) fn text_of(
    kind: Kind,
    id: Option<Uuid>,
    status: &Value,
    folder: &Value,
    document: &Value,
) -> String {
    let mut keys = Map::new();
    if let Some(id) = id {
        keys.insert("id".to_owned(), id.to_string().into());
    }
    keys.insert("name".to_owned(), document["name"].clone());
    for (key, value) in [("status", status), ("folder", folder)] {
        if !value.is_null() {
            keys.insert(key.to_owned(), value.clone());
        }
    }
    let defaults = defaults(kind);
    // The graph, or the skills, is what is longest.
    let last = match kind {
        Kind::Flow => "flow_definition",
        Kind::Agent => "skills",
    };
    let (mut others, at_end): (Vec<_>, Vec<_>) =
        stored::keys(kind).into_iter().filter(|key| *key != "name").partition(|key| *key != last);
    others.extend(at_end);
    for key in others {
        let value = &document[key];
        if !value.is_null() && defaults.get(key) != Some(value) {
            keys.insert(key.to_owned(), value.clone());
        }
    }
    let mut text = String::new();
    write_value(&Value::Object(keys), 0, &mut text);
    text.push('\n');
    text
}

/// Returns the keys with their defaults.
fn defaults(kind: Kind) -> Value {
    match kind {
        Kind::Flow => {
            let least = serde_json::json!({ "name": "x", "flow_definition": { "nodes": [{ "id": "a", "type": "trigger" }] } });
            let flow = Flow::parse(&least, &Limits::DEFAULT).ok();
            flow.and_then(|flow| Document::of(&flow).to_value().ok()).unwrap_or_default()
        }
        Kind::Agent => {
            serde_json::json!({ "description": "", "tags": [], "is_available": true, "is_featured": false })
        }
    }
}

/// Writes a value, in one line if it is short and plain. Of a list of objects, each has its own lines, so that a further one is a
/// further line.
fn write_value(value: &Value, depth: usize, text: &mut String) {
    let line = one_line(value);
    let levels_max = if value.is_array() { 1 } else { 2 };
    let is_plain = depth > 0 && levels(value) <= levels_max;
    let is_short = is_plain && 2 * depth + line.chars().count() <= LINE_CHARS_MAX;
    match value {
        Value::Object(fields) if !is_short && !fields.is_empty() => {
            text.push_str("{\n");
            for (at, (key, value)) in fields.iter().enumerate() {
                indent(depth + 1, text);
                let _ = write!(text, "{}: ", Value::String(key.clone()));
                write_value(value, depth + 1, text);
                text.push_str(if at + 1 < fields.len() { ",\n" } else { "\n" });
            }
            indent(depth, text);
            text.push('}');
        }
        Value::Array(items) if !is_short && !items.is_empty() => {
            text.push_str("[\n");
            for (at, item) in items.iter().enumerate() {
                indent(depth + 1, text);
                write_value(item, depth + 1, text);
                text.push_str(if at + 1 < items.len() { ",\n" } else { "\n" });
            }
            indent(depth, text);
            text.push(']');
        }
        Value::Object(_)
        | Value::Array(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_) => text.push_str(&line),
    }
}

fn indent(depth: usize, text: &mut String) {
    text.extend(std::iter::repeat_n("  ", depth));
}

/// How deep lists and objects are in each other.
fn levels(value: &Value) -> usize {
    let inner = |values: &mut dyn Iterator<Item = &Value>| 1 + values.map(levels).max().unwrap_or_default();
    match value {
        Value::Array(items) => inner(&mut items.iter()),
        Value::Object(fields) => inner(&mut fields.values()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn one_line(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(one_line).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(key, value)| format!("{}: {}", Value::String(key.clone()), one_line(value)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flow_is_written_in_few_lines_without_what_is_usual() {
        let document = json!({
            "name": "Refund", "description": "", "retry_count": 3, "timeout_seconds": null,
            "flow_definition": {
                "nodes": [{ "id": "a", "type": "trigger" },
                          { "id": "b", "type": "action", "action": "http_request",
                            "input": { "url": "https://example.org", "headers": { "x": "1" }, "n": 1.5 } }],
                "edges": [{ "from": "a", "to": "b" }],
            },
        });

        let text = text_of(Kind::Flow, Some(Uuid::from_u128(7)), &json!("active"), &Value::Null, &document);

        insta::assert_snapshot!(text, @r#"
        {
          "id": "00000000-0000-0000-0000-000000000007",
          "name": "Refund",
          "status": "active",
          "retry_count": 3,
          "flow_definition": {
            "nodes": [
              { "id": "a", "type": "trigger" },
              {
                "id": "b",
                "type": "action",
                "action": "http_request",
                "input": { "url": "https://example.org", "headers": { "x": "1" }, "n": 1.5 }
              }
            ],
            "edges": [
              { "from": "a", "to": "b" }
            ]
          }
        }
        "#);
    }
}
