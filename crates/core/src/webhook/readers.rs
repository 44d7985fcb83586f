//! What the keys of a webhook are read by.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::document::{Place, Reader, Reading, Terms, described_without_text};
use crate::limits::Limits;

/// How long the path of a webhook is at most, in characters.
pub const WEBHOOK_PATH_CHARS_MAX: usize = 200;
/// How long the name of a header, or what stands before a signature, is at most.
const HEADER_CHARS_MAX: usize = 100;

/// Reads where a webhook is called.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathReader;

impl Reader for PathReader {
    type Value = Arc<str>;

    fn wanted(&self, _: &Limits) -> String {
        format!(
            "a path such as \"orders/paid\": letters, digits, `-`, `_`, `.` and `~`, in parts with `/` between them, at most \
             {WEBHOOK_PATH_CHARS_MAX} characters"
        )
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "string", "maxLength": WEBHOOK_PATH_CHARS_MAX, "pattern": "^[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*$" })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Arc<str>> {
        let is_of_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
        // Clients resolve `.` and `..` before they send a request.
        let is_part = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(is_of_part);
        let is_path = |path: &&str| path.len() <= WEBHOOK_PATH_CHARS_MAX && path.split('/').all(is_part);
        reading.fitting(self, value.as_str().filter(is_path).map(Into::into), value, at)
    }
}

/// Reads the name of a secret: `${secrets.NAME}`. What stands there instead may be a secret, so it is not repeated.
#[derive(Clone, Copy, Debug)]
pub(super) struct SecretReader;

impl Reader for SecretReader {
    type Value = Arc<str>;

    fn wanted(&self, _: &Limits) -> String {
        "the name of a secret, such as \"${secrets.GITHUB_WEBHOOK}\"".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "string", "pattern": r"^\$\{\s*secrets\.[A-Za-z0-9_]+\s*\}$" })
    }

    fn described(&self, value: &Value) -> String {
        described_without_text(value)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Arc<str>> {
        let name = value.as_str().and_then(|text| {
            let name = text.strip_prefix("${")?.strip_suffix('}')?.trim().strip_prefix("secrets.")?;
            let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            (!name.is_empty() && name.bytes().all(is_of_name)).then_some(name)
        });
        reading.fitting(self, name.map(Into::into), value, at)
    }
}

/// Reads the name of a header, and gives it in lower case.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeaderReader;

impl Reader for HeaderReader {
    type Value = Arc<str>;

    fn wanted(&self, _: &Limits) -> String {
        "the name of a header, such as \"X-Signature\"".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "string", "maxLength": HEADER_CHARS_MAX, "pattern": "^[A-Za-z0-9_-]+$" })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Arc<str>> {
        let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        let is_name =
            |name: &&str| (1..=HEADER_CHARS_MAX).contains(&name.len()) && name.bytes().all(is_of_name);
        let name = value.as_str().filter(is_name).map(|name| name.to_ascii_lowercase().into());
        reading.fitting(self, name, value, at)
    }
}

/// Reads what stands before a signature.
#[derive(Clone, Copy, Debug)]
pub(super) struct PrefixReader;

impl Reader for PrefixReader {
    type Value = String;

    fn wanted(&self, _: &Limits) -> String {
        format!(
            "what stands before the signature, such as \"sha256=\": at most {HEADER_CHARS_MAX} characters of ASCII"
        )
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "string", "maxLength": HEADER_CHARS_MAX, "pattern": "^[ -~]*$" })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        let is_shown = |byte: u8| (0x20..0x7f).contains(&byte);
        let is_prefix = |text: &&str| text.len() <= HEADER_CHARS_MAX && text.bytes().all(is_shown);
        reading.fitting(self, value.as_str().filter(is_prefix).map(str::to_owned), value, at)
    }
}
