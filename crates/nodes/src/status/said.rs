//! What an error body says, on one line for a person.

use serde_json::{Map, Value};
use steadflow_core::json;

use crate::texts::one_line;

/// Maximum number of characters.
const CHARS_MAX: usize = 1000;
/// Maximum number of entries of a list, such as of the fields that are wrong.
const ENTRIES_MAX: usize = 20;

/// Fields of an error, in the order in which they are said. Their values are texts, or objects and lists that say more.
const FIELDS: [&str; 24] = [
    "title",
    "error",
    "fault",
    "Error",
    "error_summary",
    "message",
    "Message",
    "error_message",
    "errorMessage",
    "msg",
    "faultstring",
    "error_description",
    "errorDescription",
    "description",
    "detail",
    "details",
    "reason",
    "errors",
    "Errors",
    "errorMessages",
    "errorCauses",
    "violations",
    "invalid-params",
    "invalid_params",
];
/// Fields with a short name for what is wrong, which is said behind it.
const CODES: [&str; 5] = ["code", "error_code", "errorCode", "status", "type"];

/// Returns all that `text` says: what the fields of a JSON error say, else the text itself.
pub(crate) fn said(text: &str) -> String {
    let parsed = json::read(json::without_mark(text.as_bytes()));
    let phrases = match &parsed {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => phrases(value),
        Ok(_) | Err(_) => Vec::new(),
    };
    if phrases.is_empty() { one_line(text, CHARS_MAX) } else { one_line(&phrases.join(": "), CHARS_MAX) }
}

/// Returns the phrases in `value`, none twice.
fn phrases(value: &Value) -> Vec<String> {
    let mut phrases: Vec<String> = Vec::new();
    let found = match value {
        Value::Object(fields) => of_error(fields),
        Value::Array(entries) => vec![of_entries(entries)],
        Value::String(text) => vec![text.clone()],
        Value::Number(_) | Value::Bool(_) | Value::Null => Vec::new(),
    };
    for phrase in found {
        let phrase = phrase.trim().to_owned();
        if !phrase.is_empty() && !phrases.iter().any(|before| before.contains(&phrase)) {
            phrases.push(phrase);
        }
    }
    phrases
}

fn of_error(fields: &Map<String, Value>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for value in FIELDS.iter().filter_map(|name| fields.get(*name)) {
        let said = phrases(value);
        match value.as_object() {
            // The wrong fields by name, with one or several texts for each.
            Some(by_name) if said.is_empty() => found.push(by_field(by_name)),
            Some(_) | None => found.extend(said),
        }
    }
    if found.is_empty() {
        return Vec::new();
    }
    let code = CODES.iter().find_map(|name| match fields.get(*name)? {
        Value::String(code) if !code.is_empty() && !code.contains("://") => Some(code.clone()),
        Value::Number(code) if code.as_u64().is_none_or(|code| code >= 600) => Some(code.to_string()),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => None,
    });
    if let Some(code) = code.filter(|code| !found.iter().any(|phrase| phrase.contains(code.as_str()))) {
        let last = found.last_mut().expect("something was found");
        *last = format!("{last} ({code})");
    }
    found
}

fn by_field(fields: &Map<String, Value>) -> String {
    let said = fields.iter().take(ENTRIES_MAX).map(|(name, value)| format!("{name} {}", of_entry(value)));
    said.collect::<Vec<_>>().join("; ")
}

/// Returns a list of errors, such as of the fields that are wrong.
fn of_entries(entries: &[Value]) -> String {
    let said: Vec<String> =
        entries.iter().take(ENTRIES_MAX).map(of_entry).filter(|text| !text.is_empty()).collect();
    let more = entries.len().saturating_sub(ENTRIES_MAX);
    if more > 0 { format!("{}; and {more} more", said.join("; ")) } else { said.join("; ") }
}

/// Returns one of them: all its texts, as it has them. What the caller sent, and where to read more, is left out.
fn of_entry(entry: &Value) -> String {
    match entry {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => entry.to_string(),
        Value::Null => String::new(),
        Value::Array(parts) => {
            let said: Vec<String> = parts.iter().map(of_entry).collect();
            // Words are the path to a field; sentences are several things that are wrong.
            said.join(if said.iter().any(|part| part.contains(' ')) { ", " } else { "." })
        }
        Value::Object(fields) => {
            let is_said = |name: &str| !matches!(name, "input" | "ctx" | "url" | "links" | "meta" | "trace");
            let said = fields.iter().filter(|(name, _)| is_said(name)).map(|(_, value)| of_entry(value));
            said.filter(|text| !text.is_empty() && !text.contains("://")).collect::<Vec<_>>().join(" ")
        }
    }
}
