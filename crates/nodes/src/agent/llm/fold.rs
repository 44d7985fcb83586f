//! Puts the pieces of a stream together: into the answer that the provider would have given without one.

use serde_json::Value;
use steadflow_core::live::TextKind;

use super::protocol::Protocol;
use super::{anthropic, gemini, ollama, openai, responses};

/// A stream that is put together, in one of the protocols.
#[derive(Debug)]
pub(super) struct Fold {
    stream: Stream,
    /// Where a piece has what is kept of it.
    kept_at: &'static [&'static str],
    kept_bytes: usize,
    has_pieces: bool,
}

#[derive(Debug)]
enum Stream {
    ChatCompletions(openai::Stream),
    Responses(responses::Stream),
    Anthropic(anthropic::Stream),
    Gemini(gemini::Stream),
    Ollama(ollama::Stream),
}

impl Fold {
    pub(super) fn new(protocol: Protocol) -> Self {
        let (stream, kept_at): (_, &[&str]) = match protocol {
            Protocol::ChatCompletions => {
                let stream = Stream::ChatCompletions(openai::Stream::default());
                (stream, &["/choices/0/delta", "/choices/0/message"])
            }
            Protocol::Responses => {
                (Stream::Responses(responses::Stream::default()), &["/delta", "/item", "/response/output"])
            }
            Protocol::Anthropic => {
                (Stream::Anthropic(anthropic::Stream::default()), &["/content_block", "/delta"])
            }
            Protocol::Gemini => (Stream::Gemini(gemini::Stream::default()), &["/candidates/0/content"]),
            Protocol::Ollama => (Stream::Ollama(ollama::Stream::default()), &["/message"]),
        };
        Self { stream, kept_at, kept_bytes: 0, has_pieces: false }
    }

    /// Adds a piece.
    ///
    /// # Errors
    /// What is wrong with it, so that it follows the name of the server.
    pub(super) fn push(&mut self, piece: &Value) -> Result<(), String> {
        self.has_pieces = true;
        let kept = self.kept_at.iter().filter_map(|place| piece.pointer(place));
        self.kept_bytes += kept.map(weight).sum::<usize>();
        match &mut self.stream {
            Stream::ChatCompletions(stream) => stream.push(piece),
            Stream::Responses(stream) => stream.push(piece),
            Stream::Anthropic(stream) => stream.push(piece),
            Stream::Gemini(stream) => stream.push(piece),
            Stream::Ollama(stream) => stream.push(piece),
        }
    }

    /// Calls `say` with each text that a piece adds to the answer or to its reasoning.
    pub(super) fn said(&self, piece: &Value, has_tools: bool, say: &mut dyn FnMut(TextKind, &str)) {
        match &self.stream {
            Stream::ChatCompletions(_) => openai::said(piece, say),
            Stream::Responses(stream) => stream.said(piece, say),
            Stream::Anthropic(_) => anthropic::said(piece, has_tools, say),
            Stream::Gemini(_) => gemini::said(piece, say),
            Stream::Ollama(_) => ollama::said(piece, say),
        }
    }

    /// Reads the mark `[DONE]`, which ends streams of OpenAI.
    pub(super) const fn mark_end(&mut self) {
        if let Stream::ChatCompletions(stream) = &mut self.stream {
            stream.is_done = true;
        }
    }

    /// Returns about how many bytes it holds.
    pub(super) const fn kept_bytes(&self) -> usize {
        self.kept_bytes
    }

    /// Returns whether anything has been read.
    pub(super) const fn has_pieces(&self) -> bool {
        self.has_pieces
    }

    /// Returns whether the stream has said that nothing follows.
    pub(super) const fn is_over(&self) -> bool {
        match &self.stream {
            Stream::ChatCompletions(stream) => stream.is_done,
            Stream::Responses(stream) => stream.is_over(),
            Stream::Anthropic(stream) => stream.is_done,
            Stream::Gemini(_) => false,
            Stream::Ollama(stream) => stream.is_over(),
        }
    }

    /// Checks that the stream is complete.
    ///
    /// # Errors
    /// What is missing, so that it follows the name of the server.
    pub(super) fn check_end(&self) -> Result<(), String> {
        match &self.stream {
            Stream::ChatCompletions(stream) => stream.check_end(),
            Stream::Responses(stream) => stream.check_end(),
            Stream::Anthropic(stream) => stream.check_end(),
            Stream::Gemini(stream) => stream.check_end(),
            Stream::Ollama(stream) => stream.check_end(),
        }
    }

    /// Returns the answer, as far as it goes.
    pub(super) fn answer(&self) -> Value {
        match &self.stream {
            Stream::ChatCompletions(stream) => stream.answer(),
            Stream::Responses(stream) => stream.answer(),
            Stream::Anthropic(stream) => stream.answer(),
            Stream::Gemini(stream) => stream.answer(),
            Stream::Ollama(stream) => stream.answer(),
        }
    }
}

/// Returns about how many bytes a value takes where the texts in it are joined with others.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| 2 + weight(item)).sum(),
        Value::Object(fields) => fields.values().map(weight).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
    }
}

/// Continues the text called `name` of an object.
pub(super) fn append(object: &mut serde_json::Map<String, Value>, name: &str, more: &str) {
    match object.get_mut(name) {
        Some(Value::String(text)) => text.push_str(more),
        _ => {
            object.insert(name.to_owned(), Value::from(more));
        }
    }
}

/// Checks that a piece belongs to the only choice that was asked for, whose number is `known`.
///
/// # Errors
/// That it does not.
pub(super) fn check_choice(known: &mut Option<u64>, choice: &Value) -> Result<(), String> {
    let index = choice.get("index").and_then(Value::as_u64).unwrap_or_default();
    match known.replace(index) {
        Some(other) if other != index => {
            Err(format!("streamed choice {index} beside choice {other}, although one was asked for"))
        }
        Some(_) | None => Ok(()),
    }
}
