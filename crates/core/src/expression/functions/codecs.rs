//! Filters that read and write other forms of text.

use hmac::{Hmac, KeyInit, Mac};
use minijinja::{Error, State, Value};
use sha2::{Digest, Sha256};

use super::super::values::{self, Budget};
use super::texts::{string_of, text_of};
use super::{invalid, problem};
use crate::{json, lenient_base64};

/// Units that `fromjson` may read: one for each byte of a string, 32 for each value.
const READ_UNITS_MAX: usize = 8 * 1024 * 1024;
/// Bytes of text that are read for one step.
const BYTES_PER_STEP: usize = 16;

/// `fromjson`: what the text says, every digit of its numbers included.
pub(super) fn from_json(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    let text = string_of(state, "fromjson", value)?;
    state.consume_fuel((text.len() / BYTES_PER_STEP) as u64)?;
    let text = json::without_mark(text.as_bytes());
    json::check(text, json::RepeatedKeys::LastCounts)
        .map_err(|error| invalid(format!("it is not JSON: {error}")))?;
    let text = std::str::from_utf8(text).map_err(|error| invalid(error.to_string()))?;
    values::from_json(text, 1, &mut Budget::new(READ_UNITS_MAX, json::DEPTH_MAX)).map_err(problem)
}

pub(super) fn base64_encode(state: &State<'_, '_>, value: &Value) -> Result<String, Error> {
    Ok(lenient_base64::encode(text_of(state, value)?.as_bytes()))
}

/// `b64decode`: of either alphabet, with or without `=` at the end, in lines or not.
pub(super) fn base64_decode(state: &State<'_, '_>, value: &Value) -> Result<String, Error> {
    let text = string_of(state, "b64decode", value)?;
    let text: String = text.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    let bytes =
        lenient_base64::decode(&text).map_err(|error| invalid(format!("it is not Base64: {error}")))?;
    String::from_utf8(bytes).map_err(|_| invalid("the decoded bytes are not text in UTF-8"))
}

/// `sha256`: in lower-case hexadecimal digits.
pub(super) fn sha256(state: &State<'_, '_>, value: &Value) -> Result<String, Error> {
    Ok(hexadecimal(&Sha256::digest(text_of(state, value)?.as_bytes())))
}

/// `hmac`: HMAC-SHA256 with a key, in lower-case hexadecimal digits.
pub(super) fn hmac(state: &State<'_, '_>, value: &Value, key: &Value) -> Result<String, Error> {
    let (text, key) = (text_of(state, value)?, text_of(state, key)?);
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.as_bytes()).map_err(|error| invalid(error.to_string()))?;
    mac.update(text.as_bytes());
    Ok(hexadecimal(&mac.finalize().into_bytes()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
