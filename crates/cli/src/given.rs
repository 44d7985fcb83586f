//! JSON and text that are given on the command line.

use anyhow::Context;
use steadflow_core::json::{self, RepeatedKeys};
use steadflow_core::payload::Payload;

/// Reads JSON as it is written, or that of a file which is named with `@`. Messages call it `what`.
///
/// # Errors
/// If the file cannot be read, or the text is not JSON.
pub(crate) fn json(given: &str, what: &str) -> anyhow::Result<Payload> {
    let text = text(given, what)?;
    let not_json = || format!("The {what} is not JSON: `{}`", text.trim_end());
    let bytes = json::without_mark(text.as_bytes());
    json::check(bytes, RepeatedKeys::Refused).with_context(not_json)?;
    // As it is written: a value would write some numbers in another way.
    serde_json::from_slice(bytes).with_context(not_json)
}

/// Returns a text, or that of a file which is named with `@`. Messages call it `what`.
///
/// # Errors
/// If the file cannot be read.
pub(crate) fn text(given: &str, what: &str) -> anyhow::Result<String> {
    match given.strip_prefix('@') {
        Some(path) => {
            std::fs::read_to_string(path).with_context(|| format!("Could not read the {what} in {path}"))
        }
        None => Ok(given.to_owned()),
    }
}
