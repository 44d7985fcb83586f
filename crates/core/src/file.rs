//! Files in the input of a skill: the images and documents that a model is given beside the text.
//!
//! A file is what nodes return for bytes, `{"$binary": {"content_type", "base64"}}`, wherever it is in the input. The model is
//! given it as a part of the message, and in the text its place is named, so that no text has bytes in it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::payload::Payload;
use crate::place::Place;
use crate::visible;

/// The key of bytes in JSON.
pub const BINARY: &str = "$binary";
/// Maximum number of images and documents in an input.
pub const FILES_MAX: usize = 20;
/// Maximum number of bytes of a file.
pub const FILE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Maximum number of bytes of all files of an input.
pub const FILES_BYTES_MAX: usize = 3 * 1024 * 1024;
/// Maximum number of characters of the name of a file.
const NAME_CHARS_MAX: usize = 200;
/// What a budget reserves for an image, and for a document at least: providers count by its size in pixels and pages.
const TOKENS: usize = 10_000;
/// The key of the type of an image in the result of an MCP tool.
const MCP_TYPE: &str = "mimeType";
/// What stands for bytes that are no file for a model.
const UNSEEN: &str = "[file that cannot be shown]";
const KEYS: [&str; 4] = ["content_type", "size", "base64", "filename"];

/// A file that a model is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// What it is.
    pub media: Media,
    /// Its name, if it has one: visible characters.
    pub name: Option<String>,
    /// Its bytes, in the usual alphabet with `=` at the end.
    pub base64: String,
    /// How many they are.
    pub bytes: usize,
    /// Where it is in the input, as a JSON pointer.
    pub pointer: String,
}

/// What models can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// An image.
    Png,
    /// An image.
    Jpeg,
    /// An image.
    Gif,
    /// An image.
    Webp,
    /// A document.
    Pdf,
}

impl Media {
    /// Reads a content type in lower case, without parameters. Many write `image/jpg`.
    fn of(essence: &str) -> Option<Self> {
        Some(match essence {
            "image/png" => Self::Png,
            "image/jpeg" | "image/jpg" => Self::Jpeg,
            "image/gif" => Self::Gif,
            "image/webp" => Self::Webp,
            "application/pdf" => Self::Pdf,
            _ => return None,
        })
    }

    /// Returns its content type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Pdf => "application/pdf",
        }
    }

    /// Returns whether it is an image.
    pub const fn is_image(self) -> bool {
        !matches!(self, Self::Pdf)
    }
}

impl File {
    /// Returns what stands for it in a text: `what` it is, its name, its type and its size.
    fn mark(&self, what: &str) -> String {
        let name = self.name.as_ref().map(|name| format!("{name}, ")).unwrap_or_default();
        format!("[{what}: {name}{}, {} bytes]", self.media.content_type(), grouped(self.bytes))
    }

    /// Returns how many tokens a budget reserves for it. This is an estimate.
    const fn tokens(&self) -> usize {
        if self.media.is_image() || self.bytes < TOKENS { TOKENS } else { self.bytes }
    }
}

/// A file that no model can be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Where it is in the input, as a JSON pointer.
    pub pointer: String,
    /// What is wrong with it, as the end of a sentence that begins with it.
    pub what: String,
}

/// An input without the bytes of its files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Named {
    /// The input. A mark stands for each image and document, and its text for each file that is one.
    pub input: Value,
    /// The images and documents, in the order of their numbers.
    pub files: Vec<File>,
}

/// How a file is named in the place of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marked {
    /// With its number: the model is given it.
    Given,
    /// As one that the model was given in a turn before.
    GivenBefore,
    /// As one that the model cannot be shown.
    Unseen,
}

/// Takes the files out of an input.
///
/// # Errors
/// The first one that no model can be given.
pub fn named(input: &Value) -> Result<Named, Misfit> {
    marked(input, Marked::Given)
}

fn marked(input: &Value, how: Marked) -> Result<Named, Misfit> {
    let mut taking = Taking { how, files: Vec::new() };
    let input = taking.taken(input, &Place::root(""))?;
    Ok(Named { input, files: taking.files })
}

/// Returns what a tool returned as its text is shown to a model, and the files in it, if these are given to the model too.
/// Images as MCP servers return them are files. What is no file that a model can be given is named.
pub fn shown(output: &Payload, are_given: bool) -> (Payload, Vec<File>) {
    let text = output.as_str().as_bytes();
    if ![BINARY, MCP_TYPE].iter().any(|key| memchr::memmem::find(text, key.as_bytes()).is_some()) {
        return (output.clone(), Vec::new());
    }
    let Ok(value) = output.to_value() else { return (output.clone(), Vec::new()) };
    let how = if are_given { Marked::Given } else { Marked::Unseen };
    let mut taking = Taking { how, files: Vec::new() };
    let shown = taking.shown(&value, &Place::root(""));
    let files = if are_given { taking.files } else { Vec::new() };
    if shown == value { (output.clone(), files) } else { (Payload::from_value(&shown), files) }
}

/// Takes the files out of an input that is stored. One of which a file cannot be given to a model stays as it is.
fn marked_if_any(input: &Payload, how: Marked) -> Option<Named> {
    // Most have none.
    memchr::memmem::find(input.as_str().as_bytes(), BINARY.as_bytes())?;
    marked(&input.to_value().ok()?, how).ok()
}

/// Returns an input as a conversation keeps it: without the bytes of its files.
pub fn without_bytes(input: &Payload) -> Payload {
    marked_if_any(input, Marked::GivenBefore)
        .map_or_else(|| input.clone(), |named| Payload::from_value(&named.input))
}

/// Returns an input as its text is shown to a model.
pub fn as_text(input: &Payload) -> Cow<'_, Payload> {
    weighed(input).0
}

/// Returns an input as its text is shown to a model, and how many tokens its files have, about.
pub(crate) fn weighed(input: &Payload) -> (Cow<'_, Payload>, usize) {
    match marked_if_any(input, Marked::Given) {
        None => (Cow::Borrowed(input), 0),
        Some(Named { input, files }) => {
            (Cow::Owned(Payload::from_value(&input)), files.iter().map(File::tokens).sum())
        }
    }
}

/// Returns how many bytes a text has, about, that is as much to a model as an input. What is reserved for files is several
/// times what they usually have, as bytes of a text are.
pub(crate) fn text_bytes(input: &Payload) -> usize {
    let (text, tokens) = weighed(input);
    text.len() + tokens
}

/// What is taken out of an input.
struct Taking {
    how: Marked,
    files: Vec<File>,
}

impl Taking {
    /// Returns a value without files, and keeps those that it has.
    fn taken(&mut self, value: &Value, at: &Place<'_>) -> Result<Value, Misfit> {
        Ok(match value {
            Value::Object(fields) if fields.contains_key(BINARY) => {
                let misfit = |what| Misfit { pointer: at.pointer(), what };
                match read(fields, at).map_err(misfit)? {
                    Found::Text(text) => Value::String(text),
                    Found::File(file) => Value::String(self.keep(file).map_err(misfit)?),
                }
            }
            Value::Object(fields) => {
                let fields =
                    fields.iter().map(|(key, value)| Ok((key.clone(), self.taken(value, &at.key(key))?)));
                Value::Object(fields.collect::<Result<_, Misfit>>()?)
            }
            Value::Array(items) => {
                let items =
                    items.iter().enumerate().map(|(number, item)| self.taken(item, &at.entry(number)));
                Value::Array(items.collect::<Result<_, Misfit>>()?)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        })
    }

    /// Returns a value without files, and keeps those that can be given.
    fn shown(&mut self, value: &Value, at: &Place<'_>) -> Value {
        match value {
            Value::Object(fields) if fields.contains_key(BINARY) => match read(fields, at) {
                Ok(Found::Text(text)) => Value::String(text),
                Ok(Found::File(file)) => self.keep(file).unwrap_or_else(|_| UNSEEN.to_owned()).into(),
                Err(_) => UNSEEN.into(),
            },
            Value::Object(fields) => match of_mcp(fields, at) {
                Some(file) => self.keep(file).unwrap_or_else(|_| UNSEEN.to_owned()).into(),
                None => {
                    fields.iter().map(|(key, value)| (key.clone(), self.shown(value, &at.key(key)))).collect()
                }
            },
            Value::Array(items) => {
                items.iter().enumerate().map(|(number, item)| self.shown(item, &at.entry(number))).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    /// Keeps a file, and returns its mark.
    fn keep(&mut self, file: File) -> Result<String, String> {
        let mark = match self.how {
            Marked::Given => file.mark(&format!("file {}", self.files.len() + 1)),
            Marked::GivenBefore => file.mark("file that was given here"),
            Marked::Unseen => file.mark("file that cannot be shown"),
        };
        self.files.push(file);
        if let Err(what) = check_all(&self.files) {
            self.files.pop();
            return Err(what);
        }
        Ok(mark)
    }
}

fn check_all(files: &[File]) -> Result<(), String> {
    if files.len() > FILES_MAX {
        return Err(format!(
            "is one of more than {FILES_MAX}, and a model is given {FILES_MAX} files at most"
        ));
    }
    if files.iter().map(|file| file.bytes).sum::<usize>() > FILES_BYTES_MAX {
        return Err(format!(
            "and those before it have more than {} bytes, and a model is given so many at most",
            grouped(FILES_BYTES_MAX)
        ));
    }
    Ok(())
}

enum Found {
    File(File),
    Text(String),
}

/// Reads an object with bytes.
///
/// # Errors
/// What is wrong with it.
fn read(fields: &Map<String, Value>, at: &Place<'_>) -> Result<Found, String> {
    if fields.len() > 1 {
        return Err(format!("has other keys beside `{BINARY}`"));
    }
    let file = fields.get(BINARY).and_then(Value::as_object);
    let file = file.ok_or_else(|| format!("has a `{BINARY}` that is no object"))?;
    if let Some(key) = file.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let key: String = key.chars().take(100).collect();
        return Err(format!("has a `{BINARY}` with the key `{key}`, which is not known"));
    }
    let text = |key: &str| match file.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("has a `{key}` that is no text")),
    };
    let base64 = text("base64")?.ok_or_else(|| format!("has a `{BINARY}` without `base64`"))?;
    let name = text("filename")?.filter(|name| !name.is_empty());
    if name.is_some_and(|name| name.chars().count() > NAME_CHARS_MAX || name.chars().any(visible::is_hidden))
    {
        return Err(format!("has a `filename` that is not up to {NAME_CHARS_MAX} visible characters"));
    }
    let content_type = text("content_type")?.ok_or("has no `content_type`, so it is not known what it is")?;
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (media, is_text) = (Media::of(&essence), is_text(&essence));
    if media.is_none() && !is_text {
        let content_type: String = content_type.chars().take(100).collect();
        return Err(format!(
            "is of type `{content_type}`; models are given images (PNG, JPEG, GIF and WebP), PDFs and texts"
        ));
    }
    // Four characters are three bytes.
    if base64.len() / 4 > FILE_BYTES_MAX.div_ceil(3) {
        return Err(too_large());
    }
    let bytes =
        STANDARD.decode(base64).map_err(|error| format!("has a `base64` that is not valid: {error}"))?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(too_large());
    }
    let Some(media) = media else {
        let text = String::from_utf8(bytes);
        return text.map(Found::Text).map_err(|_| format!("is a text ({essence}) that is not UTF-8"));
    };
    let (name, base64, bytes) = (name.cloned(), base64.clone(), bytes.len());
    Ok(Found::File(File { media, name, base64, bytes, pointer: at.pointer() }))
}

fn too_large() -> String {
    format!("has more than {} bytes, and a model is given no larger files", grouped(FILE_BYTES_MAX))
}

/// Reads an image of the result of an MCP tool; `None` for anything else.
fn of_mcp(fields: &Map<String, Value>, at: &Place<'_>) -> Option<File> {
    let text = |key: &str| fields.get(key).and_then(Value::as_str);
    if text("type") != Some("image") {
        return None;
    }
    let file = json!({ "content_type": text(MCP_TYPE)?, "base64": text("data")? });
    match read(&Map::from_iter([(BINARY.to_owned(), file)]), at) {
        Ok(Found::File(file)) => Some(file),
        Ok(Found::Text(_)) | Err(_) => None,
    }
}

/// Returns whether a content type is one of texts.
fn is_text(essence: &str) -> bool {
    const TEXTS: [&str; 6] = [
        "application/json",
        "application/xml",
        "application/yaml",
        "application/x-yaml",
        "application/javascript",
        "application/x-ndjson",
    ];
    essence.starts_with("text/")
        || TEXTS.contains(&essence)
        || (essence.starts_with("application/") && (essence.ends_with("+json") || essence.ends_with("+xml")))
}

/// Writes a number with commas between thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).expect("digits are ASCII"))
        .collect();
    groups.join(",")
}

#[cfg(test)]
mod tests;
