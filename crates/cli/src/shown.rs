//! How answers of a server are shown.

use serde_json::Value;

use crate::client::Answer;
use crate::output;

/// How much of a text is in a table, in characters.
const CELL_CHARS_MAX: usize = 200;

/// Prints what the server said, as its own text or readable.
pub(crate) fn print(answer: &Answer, as_json: bool, readable: impl FnOnce(&Value) -> String) {
    if as_json {
        output::payload(&answer.text);
    } else {
        output::lines(readable(&answer.value));
    }
}

/// Returns a cell of a table: a long text is not all in it.
pub(crate) fn shortened(text: String) -> String {
    match text.char_indices().nth(CELL_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Returns a string, an empty string for null, and anything else as JSON; escaped, so that it stays in its line.
pub(crate) fn text(value: &Value) -> String {
    output::escaped(&raw(value))
}

/// Returns a moment as [`text`]; where a person looks at it, without parts of a second.
pub(crate) fn moment(value: &Value) -> String {
    let text = text(value);
    match text.split_once('.').filter(|_| output::is_terminal()) {
        Some((seconds, _)) => format!("{}Z", seconds.replace('T', " ")),
        None => text,
    }
}

/// As [`text`], with control characters and line breaks.
pub(crate) fn raw(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_has_two_hundred_characters_at_most() {
        assert_eq!(shortened("é".repeat(200)), "é".repeat(200));
        assert_eq!(shortened("é".repeat(201)), format!("{}…", "é".repeat(200)));
    }
}
