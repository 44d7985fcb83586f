//! From the text of a file to JSON, and from that to whose file it is.

use serde_json::Value;
use steadflow_core::json::{self, RepeatedKeys};

use crate::error::{BYTES_MAX, ImportError};
use crate::{Source, yaml};

/// Reads JSON, or YAML where the text does not begin as JSON does.
pub(crate) fn value(text: &[u8]) -> Result<Value, ImportError> {
    if text.len() > BYTES_MAX {
        return Err(ImportError::TooLarge(text.len()));
    }
    let text = json::without_mark(text);
    if matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')) {
        json::check(text, RepeatedKeys::Refused).map_err(not_json)?;
        return serde_json::from_slice(text).map_err(not_json);
    }
    let text = std::str::from_utf8(text).map_err(|error| ImportError::NotText(error.valid_up_to()))?;
    yaml::read(text)
}

fn not_json(error: serde_json::Error) -> ImportError {
    ImportError::Json(error.to_string())
}

/// Returns whose file `file` looks like.
pub(crate) fn source_of(file: &Value) -> Option<Source> {
    let first = file.as_array().and_then(|files| files.first()).unwrap_or(file);
    let has = |key: &str| first.get(key).is_some();
    if has("nodes") && has("connections") {
        Some(Source::N8n)
    } else if has("States") || has("StartAt") {
        Some(Source::StepFunctions)
    } else if has("app") || (has("graph") && has("kind")) {
        Some(Source::Dify)
    } else {
        None
    }
}

/// Returns the text at `key`.
pub(crate) fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

/// Returns the entries of the list at `key`; none if there is no list.
pub(crate) fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns the fields of the object at `key`; none if there is no object.
pub(crate) fn fields<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flatten()
}

/// Returns whether `key` is true.
pub(crate) fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool) == Some(true)
}

/// Returns a key as a part of a JSON pointer.
pub(crate) fn pointer_part(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
