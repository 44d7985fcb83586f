//! Bodies of responses: from bytes to JSON, text, or bytes that are kept as they are.
//!
//! A body is decoded as its sender says and completely, or it is an error that names what is wrong and where. Nothing is
//! replaced, cut or guessed. The content encoding is undone first ([`coding`]), then the charset ([`charset`]); what the
//! content type calls JSON must be JSON, whose text passes through as it is.

mod charset;
mod coding;
mod media;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use steadflow_core::json::{self, RepeatedKeys};

pub(crate) use coding::{CodingError, Codings};
use media::{Kind, Media};

/// How deep a body may be nested: one less than any JSON, because an output holds it.
const DEPTH_MAX: usize = json::DEPTH_MAX - 1;

/// What a body holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// No bytes.
    Nothing,
    /// A JSON text, checked, without the white space around it.
    Json(String),
    Text(String),
    Binary {
        content_type: Option<String>,
        bytes: Vec<u8>,
    },
}

/// Why a body is not what its content type says: the end of a sentence that begins with the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misread(String);

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Content {
    /// Reads `bytes`, whose content encoding is already undone, as the content type in `headers` says.
    ///
    /// # Errors
    /// The charset is unknown, a byte does not exist in it, or what should be JSON is none.
    pub(crate) fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Self, Misread> {
        if bytes.is_empty() {
            return Ok(Self::Nothing);
        }
        let Some(media) = Media::of(headers) else { return Ok(Self::unnamed(bytes)) };
        match media.kind() {
            Kind::Json => {
                let text = charset::decode(bytes, Some(&media))?;
                check_json(&text, &media).map(|()| Self::Json(text.trim_ascii().to_owned()))
            }
            Kind::Text | Kind::Html | Kind::Xml => charset::decode(bytes, Some(&media)).map(Self::Text),
            Kind::Binary => Ok(Self::Binary { content_type: Some(media.full), bytes: bytes.to_owned() }),
        }
    }

    /// Reads what has no content type: text if it is that.
    fn unnamed(bytes: &[u8]) -> Self {
        match charset::decode(bytes, None) {
            Ok(text) => Self::Text(text),
            Err(_) => Self::Binary { content_type: None, bytes: bytes.to_owned() },
        }
    }

    /// Returns the JSON text that represents this in an output.
    pub(crate) fn into_json(self) -> String {
        match self {
            Self::Nothing => "null".to_owned(),
            Self::Json(text) => text,
            Self::Text(text) => Value::String(text).to_string(),
            Self::Binary { content_type, bytes } => binary(content_type.as_deref(), &bytes).to_string(),
        }
    }
}

/// Decodes `bytes` by the charset in `headers` whatever their content type is, for peers that name wrong types.
///
/// # Errors
/// The charset is unknown, or a byte does not exist in it.
pub(crate) fn text(headers: &HeaderMap, bytes: &[u8]) -> Result<String, Misread> {
    charset::decode(bytes, Media::of(headers).as_ref())
}

/// Returns whether [`text`] reads UTF-8, so that a body can be read in pieces.
pub(crate) fn is_utf_8(headers: &HeaderMap) -> bool {
    Media::of(headers).and_then(|media| media.charset).is_none_or(|charset| charset::is_utf_8(&charset))
}

/// Decodes like [`text`] for a message: with replacement characters for what is wrong.
pub(crate) fn shown(headers: &HeaderMap, bytes: &[u8]) -> String {
    charset::decode_lossily(bytes, Media::of(headers).as_ref())
}

/// Returns the value that represents bytes.
fn binary(content_type: Option<&str>, bytes: &[u8]) -> Value {
    let base64 = STANDARD.encode(bytes);
    json!({ "$binary": { "content_type": content_type, "size": bytes.len(), "base64": base64 } })
}

fn check_json(text: &str, media: &Media) -> Result<(), Misread> {
    let wrong = |why: &dyn fmt::Display| {
        Misread(format!("is not JSON, although its content type is {}: {why}", media.essence))
    };
    json::check(text.as_bytes(), RepeatedKeys::LastCounts).map_err(|error| wrong(&error))?;
    if is_too_deep(text) {
        return Err(wrong(&format_args!("it is nested more than {DEPTH_MAX} deep")));
    }
    Ok(())
}

/// Returns whether a JSON text is nested deeper than [`DEPTH_MAX`].
fn is_too_deep(text: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
