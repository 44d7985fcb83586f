//! The session of an agent node: its key, and what is read of it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::keys::{Given, OrTemplate, or_template};
use super::Context;
use crate::document::{
    Keys, Place, Reader, Reading, Terms, boolean, choice, described, key, object, text, whole,
};
use crate::expression::Expression;
use crate::failure::{ErrorClass, Failure};
use crate::limits::Limits;
use crate::session::{BYTES_PER_TOKEN, KEY_BYTES_MAX, WhenBusy};

const TURNS_MAX: u32 = 1_000;
const TURNS_DEFAULT: u32 = 50;
const TOKENS_MAX: u32 = 1_000_000;
const TOKENS_DEFAULT: u32 = 20_000;
/// A summary may have one of so many parts of what the turns may have.
const SUMMARY_SHARE: u64 = 4;
const SUMMARY_BYTES_MIN: u64 = 1_000;
const SUMMARY_BYTES_MAX: u64 = 8_000;

/// The key `session` of an agent node.
#[derive(Clone, Debug)]
pub struct Session {
    key: Given<String>,
    is_short: bool,
    turns_max: u32,
    tokens_max: u32,
    has_summary: bool,
    when_busy: WhenBusy,
}

/// A session that a node asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedSession {
    pub(crate) key: Arc<str>,
    pub(crate) turns_max: u32,
    pub(crate) bytes_max: u64,
    pub(crate) has_summary: bool,
    pub(crate) when_busy: WhenBusy,
}

impl Session {
    /// Returns the expressions of the key, with their pointers relative to the node.
    pub(super) fn expressions(&self) -> impl Iterator<Item = (String, &Expression)> {
        let pointer = if self.is_short { "/session" } else { "/session/key" };
        let all = self.key.template().into_iter().flat_map(|template| template.expressions());
        all.map(|(_, expression)| (pointer.to_owned(), expression))
    }

    /// Returns what to ask for.
    ///
    /// # Errors
    /// The template of the key has no value, or one that cannot be a key.
    pub(super) fn wanted(&self, context: &Context<'_>) -> Result<WantedSession, Failure> {
        let key = match &self.key {
            Given::Literal(key) => key.clone(),
            Given::Template(template) => key_of(&context.resolve_value(template)?)?,
        };
        Ok(WantedSession {
            key: key.into(),
            turns_max: self.turns_max,
            bytes_max: self.bytes_max(),
            has_summary: self.has_summary,
            when_busy: self.when_busy,
        })
    }

    fn bytes_max(&self) -> u64 {
        u64::from(self.tokens_max) * BYTES_PER_TOKEN
    }

    /// Returns how long a summary may be, in bytes: it comes on top of the turns.
    pub(super) fn summary_bytes_max(&self) -> u64 {
        (self.bytes_max() / SUMMARY_SHARE).clamp(SUMMARY_BYTES_MIN, SUMMARY_BYTES_MAX)
    }
}

fn key_of(value: &Value) -> Result<String, Failure> {
    match value.as_str().filter(|key| is_key(key)) {
        Some(key) => Ok(key.to_owned()),
        None => {
            let message = format!("`session` must be {}, not {}", wanted_key(), described(value));
            Err(Failure::new(ErrorClass::Validation, message))
        }
    }
}

/// Returns whether a text can be a key. It becomes a part of a URL.
fn is_key(text: &str) -> bool {
    !matches!(text.trim(), "" | "." | "..") && text.len() <= KEY_BYTES_MAX
}

fn wanted_key() -> String {
    format!("a string of 1 to {KEY_BYTES_MAX} bytes that is not `.` or `..`")
}

/// Reads a session: its key, or an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct SessionReader;

impl Reader for SessionReader {
    type Value = Session;

    fn wanted(&self, _: &Limits) -> String {
        "the key of a session, or an object".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        json!({ "anyOf": [KEY.schema(terms), object(read).schema(terms)] })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Session> {
        if value.is_string() {
            let key = KEY.read(value, at, reading)?;
            return Some(Session {
                key,
                is_short: true,
                turns_max: TURNS_DEFAULT,
                tokens_max: TOKENS_DEFAULT,
                has_summary: false,
                when_busy: WhenBusy::Wait,
            });
        }
        object(read).read(value, at, reading)
    }
}

const KEY: OrTemplate<KeyReader> = or_template(KeyReader);

/// Reads a key as it is.
#[derive(Clone, Copy, Debug)]
struct KeyReader;

impl Reader for KeyReader {
    type Value = String;

    fn wanted(&self, _: &Limits) -> String {
        wanted_key()
    }

    fn schema(&self, terms: &Terms) -> Value {
        text().at_most(KEY_BYTES_MAX).schema(terms)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        let key = value.as_str().filter(|key| is_key(key)).map(str::to_owned);
        reading.fitting(self, key, value, at)
    }
}

fn read(keys: &mut Keys<'_>) -> Option<Session> {
    let key_of_session =
        keys.take(key("key", "Key", KEY).needed("a session").doc("A string, or a template that gives one."));
    let turns_max = keys.take(
        key("max_turns", "Turns at most", whole(1, TURNS_MAX))
            .default(TURNS_DEFAULT)
            .doc("How many of the last turns the model is given."),
    );
    let tokens_max = keys.take(
        key("max_tokens", "Tokens at most", whole(1, TOKENS_MAX))
            .default(TOKENS_DEFAULT)
            .doc("How many tokens these turns have at most, with 4 bytes counted as one."),
    );
    let has_summary = keys.take(key("summary", "Summary of older turns", boolean()).default(false).doc(
        "Whether the model writes a summary of the turns that fall out, and is given it before the others.",
    ));
    let when_busy = keys.take(
        key("when_busy", "When another execution writes", choice(WHEN_BUSY))
            .default("wait")
            .doc("`wait` for it to end, or `interrupt`: its node fails, and this one takes its place."),
    );
    Some(Session {
        key: key_of_session?,
        is_short: false,
        turns_max: turns_max.unwrap_or(TURNS_DEFAULT),
        tokens_max: tokens_max.unwrap_or(TOKENS_DEFAULT),
        has_summary: has_summary.unwrap_or_default(),
        when_busy: when_busy.unwrap_or_default(),
    })
}

const WHEN_BUSY: &[(&str, WhenBusy)] = &[("wait", WhenBusy::Wait), ("interrupt", WhenBusy::Interrupt)];
