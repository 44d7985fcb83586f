//! Values as answers show them: whole where they are small, else as a preview that says where the whole is.
//!
//! An answer has room for so much of values and messages. What it has no room for is shortened, so that its length
//! depends on the number of nodes and not on what they return.

mod part;
mod preview;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Serialize, Serializer};
use steadflow_core::execution::{AttemptRecord, ResultParts};
use steadflow_core::ids::ExecutionId;
use steadflow_core::payload::Payload;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Ref, Schema, SchemaType};
use utoipa::{PartialSchema, ToSchema};

use super::text::{Text, Write};

pub(crate) use part::StepPart;
pub(crate) use preview::Preview;

/// The longest value, in bytes of its JSON text, that is shown whole.
pub(crate) const VALUE_BYTES_MAX: usize = 64 * 1024;
/// How much of a longer one is shown, in bytes.
const PREVIEW_BYTES: usize = 4 * 1024;
/// How much of all values and messages one answer shows, in bytes; beyond that, only short ones.
const ANSWER_BYTES: usize = 1024 * 1024;
/// A value or a message that is shown whole in any case, in bytes.
const SHORT_BYTES: usize = 256;
/// About what the other fields of an attempt take, in bytes.
const ATTEMPT_BYTES: usize = 384;
/// About what the fields of a call take that are no values, in bytes.
const STEP_BYTES: usize = 512;

/// A value as it is shown.
#[derive(Debug)]
pub(crate) enum Shown<'a> {
    /// As it is.
    Whole(Cow<'a, Payload>),
    /// Its beginning, and where the whole is.
    Preview(Box<Preview>),
}

/// Which value of an execution it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    TriggerData,
    /// The item that a body runs for.
    Item,
    /// The result of the iteration before.
    Last,
    Result,
    /// The input of a node.
    Input(&'a str),
    /// The output of a node.
    Output(&'a str),
    /// The arguments of a call that needs approval, by the id of that.
    Approval(&'a str),
    /// The JSON Schema of what a person fills in, by the id of the approval.
    ApprovalForm(&'a str),
    /// A value of a call of a node, by its number.
    Step(&'a str, u32, StepPart),
}

/// The room that an answer about one execution has left for values and messages.
#[derive(Debug)]
pub(crate) struct Room {
    execution: ExecutionId,
    left: usize,
    /// Whether inputs may be previews already: who follows an execution keeps no more of them.
    has_previews: bool,
}

impl Room {
    /// Returns the room of an empty answer.
    pub(crate) const fn new(execution: ExecutionId) -> Self {
        Self { execution, left: ANSWER_BYTES, has_previews: false }
    }

    /// Returns the room of an answer about an execution whose inputs may be previews ([`preview_of_input`]).
    pub(crate) const fn with_previews(execution: ExecutionId) -> Self {
        Self { execution, left: ANSWER_BYTES, has_previews: true }
    }

    /// Goes on with another execution.
    pub(crate) const fn turn_to(&mut self, execution: ExecutionId) {
        self.execution = execution;
    }

    /// Shows a value.
    pub(crate) fn value<'a>(&mut self, value: &'a Payload, place: Place<'_>) -> Shown<'a> {
        let may_be_one = self.has_previews && matches!(place, Place::Input(_));
        if self.takes(value.len()) && (may_be_one || !looks_like_preview(value)) {
            return Shown::Whole(Cow::Borrowed(value));
        }
        self.preview(value.as_str(), value.len(), place)
    }

    /// Shows a value that was made for the answer.
    pub(crate) fn owned(&mut self, value: Payload, place: Place<'_>) -> Shown<'static> {
        if self.takes(value.len()) && !looks_like_preview(&value) {
            return Shown::Whole(Cow::Owned(value));
        }
        self.preview(value.as_str(), value.len(), place)
    }

    /// Shows a result.
    pub(crate) fn result<'a>(&mut self, parts: &ResultParts<'a>) -> Shown<'a> {
        if let Some(only) = parts.only() {
            return self.value(only, Place::Result);
        }
        let bytes = parts.len_bytes();
        if self.takes(bytes) {
            return Shown::Whole(Cow::Owned(parts.whole()));
        }
        self.preview(&parts.beginning(PREVIEW_BYTES), bytes, Place::Result)
    }

    /// Shows a message, shortened where there is no room for all of it.
    pub(crate) fn message<'a>(&mut self, message: &'a str) -> Cow<'a, str> {
        if message.len() <= self.left {
            self.left -= message.len();
            return Cow::Borrowed(message);
        }
        shortened(message, SHORT_BYTES)
    }

    /// Returns the attempts that there is room for: all, or the last one.
    pub(crate) fn attempts<'a>(&mut self, attempts: &'a [AttemptRecord]) -> &'a [AttemptRecord] {
        let bytes = attempts.len() * ATTEMPT_BYTES;
        if bytes <= self.left {
            self.left -= bytes;
            return attempts;
        }
        &attempts[attempts.len().saturating_sub(1)..]
    }

    /// Returns how many of so many calls there is room for, beside their values.
    pub(crate) fn steps(&mut self, count: usize) -> usize {
        let shown = count.min(self.left / 2 / STEP_BYTES);
        self.left -= shown * STEP_BYTES;
        shown
    }

    /// Takes the room of a value of `bytes`, if it is to be shown whole.
    fn takes(&mut self, bytes: usize) -> bool {
        if bytes <= VALUE_BYTES_MAX && bytes <= self.left {
            self.left -= bytes;
            return true;
        }
        bytes <= SHORT_BYTES
    }

    fn preview(&mut self, beginning: &str, bytes: usize, place: Place<'_>) -> Shown<'static> {
        let shown = beginning.floor_char_boundary(PREVIEW_BYTES.min(self.left));
        self.left -= shown;
        Shown::Preview(Box::new(Preview::new(self.execution, place, bytes, &beginning[..shown])))
    }
}

/// Returns the preview of a node's input as a value of its own; `None` for one that is kept whole, as short ones are, and
/// while there is room those that an answer shows whole.
pub(crate) fn preview_of_input(
    execution: ExecutionId,
    node: &str,
    input: &Payload,
    has_room: bool,
) -> Option<Payload> {
    let whole_max = if has_room { VALUE_BYTES_MAX } else { SHORT_BYTES };
    if input.len() <= whole_max && !looks_like_preview(input) {
        return None;
    }
    let shown = input.as_str().floor_char_boundary(if has_room { PREVIEW_BYTES } else { 0 });
    let preview = Preview::new(execution, Place::Input(node), input.len(), &input.as_str()[..shown]);
    Payload::parse(serde_json::to_string(&preview).ok()?).ok()
}

/// Returns whether a value has the key of a preview. Such a value is never shown as it is, so that no data of a caller or a model
/// can pass for the beginning of another one.
fn looks_like_preview(value: &Payload) -> bool {
    let text = value.as_str();
    // The key may be written with escapes.
    let may_have_it = text.starts_with('{') && (text.contains(preview::KEY) || text.contains('\\'));
    may_have_it
        && serde_json::from_str::<BTreeMap<Cow<'_, str>, IgnoredAny>>(text)
            .is_ok_and(|keys| keys.contains_key(preview::KEY))
}

/// Returns `text` with at most `bytes` of it and, where that is not all, an ellipsis.
pub(crate) fn shortened(text: &str, bytes: usize) -> Cow<'_, str> {
    if text.len() <= bytes {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}…", &text[..text.floor_char_boundary(bytes)]))
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(value) => value.serialize(serializer),
            Self::Preview(preview) => preview.serialize(serializer),
        }
    }
}

impl Write for Shown<'_> {
    fn write(&self, text: &mut Text) {
        match self {
            Self::Whole(value) => text.push_str(value.as_str()),
            Self::Preview(preview) => text.by_serde(preview),
        }
    }
}

impl PartialSchema for Shown<'_> {
    fn schema() -> RefOr<Schema> {
        let any = ObjectBuilder::new().schema_type(SchemaType::AnyValue);
        let about = "Any JSON. One whose text is longer than 64 KiB, or for which the answer has no room, is a preview.";
        AnyOfBuilder::new()
            .item(any)
            .item(Ref::from_schema_name(Preview::name()))
            .description(Some(about))
            .into()
    }
}

impl ToSchema for Shown<'_> {
    fn name() -> Cow<'static, str> {
        "Shown".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Preview::name().into(), Preview::schema()));
        Preview::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn room() -> Room {
        Room::new(ExecutionId::new(Uuid::from_u128(7)))
    }

    fn text(bytes: usize) -> Payload {
        Payload::parse(format!("\"{}\"", "x".repeat(bytes - 2))).unwrap()
    }

    #[test]
    fn values_are_whole_up_to_the_limit_and_previews_beyond() {
        let (fits, long) = (text(VALUE_BYTES_MAX), text(VALUE_BYTES_MAX + 1));
        let mut room = room();

        let whole = room.value(&fits, Place::TriggerData);
        let preview = room.value(&long, Place::Output("a/b ü"));

        assert!(matches!(whole, Shown::Whole(_)));
        let shown = serde_json::to_value(&preview).unwrap();
        assert_eq!(shown["$preview"]["bytes"], VALUE_BYTES_MAX + 1);
        assert_eq!(shown["$preview"]["text"], long.as_str()[..PREVIEW_BYTES]);
        assert_eq!(
            shown["$preview"]["href"],
            "/api/v1/studio/executions/00000000-0000-0000-0000-000000000007/nodes/a%2Fb%20%C3%BC/output"
        );
    }

    #[test]
    fn a_value_that_looks_like_a_preview_is_shown_as_one_of_itself() {
        for text in [r#"{"amount":9000,"$preview":{"bytes":7,"text":"5"}}"#, r#"{"\u0024pre\u0076iew":1}"#] {
            let value = Payload::parse(text.to_owned()).unwrap();

            let shown = serde_json::to_value(room().value(&value, Place::Result)).unwrap();

            assert_eq!(shown["$preview"]["text"], value.as_str());
            assert!(
                shown["$preview"]["href"].as_str().is_some_and(|href| href.ends_with("/result")),
                "{shown}"
            );
        }
        for text in [r#"{"a":{"$preview":1}}"#, r#"["$preview"]"#, r#"{"a":"$preview"}"#, r#"{"\"":1}"#] {
            assert!(
                matches!(
                    room().value(&Payload::parse(text.to_owned()).unwrap(), Place::Result),
                    Shown::Whole(_)
                ),
                "{text}"
            );
        }
    }

    #[test]
    fn an_answer_has_room_for_some_calls_beside_their_values() {
        let mut room = room();

        let (few, many) = (room.steps(10), room.steps(10_000));

        assert_eq!((few, many), (10, ANSWER_BYTES / 2 / STEP_BYTES - 5));
        assert!(matches!(room.value(&text(VALUE_BYTES_MAX), Place::Result), Shown::Whole(_)));
    }

    #[test]
    fn an_answer_shows_no_more_than_it_has_room_for() {
        let (value, short) = (text(VALUE_BYTES_MAX), text(SHORT_BYTES));
        let mut room = room();

        let shown: Vec<Shown<'_>> = (0..1_000).map(|_| room.value(&value, Place::Output("a"))).collect();

        let whole = shown.iter().filter(|shown| matches!(shown, Shown::Whole(_))).count();
        assert_eq!(whole, ANSWER_BYTES / VALUE_BYTES_MAX);
        let bytes: usize = shown.iter().map(|shown| serde_json::to_string(shown).unwrap().len()).sum();
        assert!(bytes < ANSWER_BYTES + 1_000 * 300, "{bytes}");
        assert!(
            matches!(room.value(&short, Place::Result), Shown::Whole(_)),
            "short values are always shown"
        );
        assert_eq!(shortened("short", SHORT_BYTES), "short");
        assert_eq!(room.message(&"é".repeat(400)), format!("{}…", "é".repeat(SHORT_BYTES / 2)));
    }
}
