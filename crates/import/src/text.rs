//! Texts on their way into a document: ids, names, notes, and text that is no template.

use serde_json::{Map, Value};
use steadflow_core::visible::is_hidden;

/// Words that an expression reads as something else than a node.
const TAKEN: [&str; 33] = [
    "and",
    "attempt",
    "caller",
    "class",
    "context",
    "else",
    "execution",
    "false",
    "for",
    "if",
    "import",
    "in",
    "index",
    "input",
    "is",
    "item",
    "last",
    "loop",
    "namespace",
    "node",
    "nodes",
    "none",
    "not",
    "now",
    "null",
    "or",
    "range",
    "secrets",
    "self",
    "super",
    "trigger_data",
    "true",
    "uuid",
];

/// Returns `text` with at most `chars` characters, in one line and without what is not seen.
pub(crate) fn cut(text: &str, chars: usize) -> String {
    let shown = |char: char| if is_hidden(char) { ' ' } else { char };
    let mut out: String = text.chars().take(chars).map(shown).collect();
    if text.chars().nth(chars).is_some() {
        out.pop();
        out.push('…');
    }
    out
}

/// Returns a name of at most 200 characters for a node or a flow; `other` where nothing of it is left.
pub(crate) fn name(text: &str, other: &str) -> String {
    let name = cut(text.trim(), 200).trim().to_owned();
    if name.is_empty() { other.to_owned() } else { name }
}

/// Returns an id that an expression can write without quotes.
pub(crate) fn word(text: &str) -> String {
    let mut word = String::new();
    for char in text.chars().take(60) {
        if char.is_ascii_alphanumeric() {
            word.push(char.to_ascii_lowercase());
        } else if !word.is_empty() && !word.ends_with('_') {
            word.push('_');
        }
    }
    let word = word.trim_matches('_');
    let starts_well = word.starts_with(|first: char| first.is_ascii_alphabetic());
    match (word.is_empty(), starts_well && !TAKEN.contains(&word)) {
        (true, _) => "node".to_owned(),
        (false, true) => word.to_owned(),
        (false, false) => format!("node_{word}"),
    }
}

/// Returns the name of a secret: `Header Auth account` is `HEADER_AUTH_ACCOUNT`.
pub(crate) fn secret(text: &str) -> String {
    word(text).to_ascii_uppercase()
}

/// Returns whether `word` can follow a dot in an expression.
pub(crate) fn is_field(field: &str) -> bool {
    field.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && field.chars().all(|each| each.is_ascii_alphanumeric() || each == '_')
        && !TAKEN.contains(&field)
}

/// Returns text that stays as it is: it has no templates.
pub(crate) fn plain(text: &str) -> String {
    text.replace("${", "$${")
}

/// Returns JSON in which no string is a template.
pub(crate) fn plain_value(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(plain(text)),
        Value::Array(items) => items.iter().map(plain_value).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, value)| (key.clone(), plain_value(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Returns `text` as a string of an expression, or `None` if it cannot be written as one.
pub(crate) fn quoted(text: &str) -> Option<String> {
    let is_simple = |char: char| !is_hidden(char) && char != '\\';
    if text.contains("${") {
        return None;
    }
    if text.chars().all(|char| is_simple(char) && char != '"') {
        return Some(format!("\"{text}\""));
    }
    if text.chars().all(|char| is_simple(char) && char != '\'') {
        return Some(format!("'{text}'"));
    }
    let known = |char: char| is_simple(char) || matches!(char, '\n' | '\t' | '\\' | '"');
    text.chars().all(known).then(|| {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
        format!("\"{text}\"")
    })
}

/// Returns an expression that fails when it is evaluated, and says what was not imported.
pub(crate) fn failing(what: &str) -> String {
    let what = cut(what, 160).replace(['"', '\\'], "'").replace("${", "$ {");
    format!("trigger_data[\"not imported: {what}\"]")
}

/// Returns the template of an expression.
pub(crate) fn template(expression: &str) -> String {
    // What begins or ends with a brace of its own is kept apart from those around it.
    let space = if expression.starts_with('{') || expression.ends_with('}') { " " } else { "" };
    format!("${{{space}{expression}{space}}}")
}

/// Returns an object of these fields.
pub(crate) fn object<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Reads JSON that is written as text in a file.
pub(crate) fn read_json(text: &str) -> Option<Value> {
    steadflow_core::json::check(text.as_bytes(), steadflow_core::json::RepeatedKeys::Refused).ok()?;
    serde_json::from_str(text).ok()
}

/// Returns whether JSON that begins inside of a string or not ends inside of one.
pub(crate) fn ends_inside(part: &str, mut is_inside: bool) -> bool {
    let mut is_escaped = false;
    for byte in part.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_inside => is_escaped = true,
            b'"' => is_inside = !is_inside,
            _ => {}
        }
    }
    is_inside
}
