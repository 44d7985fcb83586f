//! Views as JSON text, for the answers that have a whole execution.
//!
//! The text is what serde makes of a view, byte for byte. For an execution of ten nodes, serde takes as long as the whole
//! engine.

use std::borrow::Cow;

use serde::Serialize;
use steadflow_core::ids::{AgentId, ExecutionId, FlowId};
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::wire::{ErrorClassName, ExecutionStatusName, NodeStatusName, Time};

/// JSON text that grows.
#[derive(Debug)]
pub(crate) struct Text {
    json: String,
    /// The second that was written last, and how its text begins: moments of an execution often share it.
    second: Option<(i64, String)>,
}

impl Text {
    /// Returns an empty text with room for `bytes`.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { json: String::with_capacity(bytes), second: None }
    }

    /// Adds JSON.
    pub(crate) fn push_str(&mut self, json: &str) {
        self.json.push_str(json);
    }

    /// Returns all that was added.
    pub(crate) fn into_string(self) -> String {
        self.json
    }

    pub(crate) fn quoted(&mut self, plain: &str) {
        self.json.push('"');
        self.json.push_str(plain);
        self.json.push('"');
    }

    fn number(&mut self, number: impl itoa::Integer) {
        self.json.push_str(itoa::Buffer::new().format(number));
    }

    /// Adds what serde makes of `value`.
    pub(crate) fn by_serde(&mut self, value: &impl Serialize) {
        self.json.push_str(&serde_json::to_string(value).expect("views have no failing parts"));
    }

    fn moment(&mut self, moment: Timestamp) {
        let micros = moment.as_micros();
        let (second, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
        if self.second.as_ref().is_none_or(|(last, _)| *last != second) {
            let whole = Timestamp::from_micros(second * 1_000_000).to_string();
            self.second = Some((second, format!("\"{}", whole.trim_end_matches("000000Z"))));
        }
        let Some((_, whole)) = &self.second else { return };
        self.json.push_str(whole);
        // The million keeps the zeros in front.
        self.json.push_str(&itoa::Buffer::new().format(1_000_000 + fraction)[1..]);
        self.json.push_str("Z\"");
    }
}

/// What is written as JSON.
pub(crate) trait Write {
    /// Adds itself to `text`.
    fn write(&self, text: &mut Text);
}

/// Writes the named fields of `$view` as an object.
macro_rules! write_object {
    ($view:ident to $text:ident: $first:ident $(, $field:ident)*) => {
        $text.push_str(concat!("{\"", stringify!($first), "\":"));
        $view.$first.write($text);
        $(
            $text.push_str(concat!(",\"", stringify!($field), "\":"));
            $view.$field.write($text);
        )*
        $text.push_str("}");
    };
}
pub(crate) use write_object;

impl<T: Write> Write for Option<T> {
    fn write(&self, text: &mut Text) {
        match self {
            Some(value) => value.write(text),
            None => text.push_str("null"),
        }
    }
}

impl<T: Write> Write for &[T] {
    fn write(&self, text: &mut Text) {
        text.push_str("[");
        for (place, item) in self.iter().enumerate() {
            if place > 0 {
                text.push_str(",");
            }
            item.write(text);
        }
        text.push_str("]");
    }
}

impl<T: Write> Write for Vec<T> {
    fn write(&self, text: &mut Text) {
        self.as_slice().write(text);
    }
}

impl Write for &str {
    fn write(&self, text: &mut Text) {
        let is_plain = self.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
        if is_plain { text.quoted(self) } else { text.by_serde(self) }
    }
}

impl Write for Uuid {
    fn write(&self, text: &mut Text) {
        text.quoted(self.hyphenated().encode_lower(&mut [0; Hyphenated::LENGTH]));
    }
}

/// Writes each type as what an expression makes of it.
macro_rules! write_as {
    ($($type:ty: |$value:ident, $text:ident| $written:expr;)*) => {$(
        impl Write for $type {
            fn write(&self, $text: &mut Text) {
                let $value = *self;
                $written;
            }
        }
    )*};
}

write_as! {
    AgentId: |id, text| id.uuid().write(text);
    ExecutionId: |id, text| id.uuid().write(text);
    FlowId: |id, text| id.uuid().write(text);
    NodeStatusName: |name, text| text.quoted(name.as_str());
    ExecutionStatusName: |name, text| text.quoted(name.as_str());
    ErrorClassName: |name, text| text.quoted(name.as_str());
    Time: |time, text| text.moment(time.moment());
    bool: |is_true, text| text.push_str(if is_true { "true" } else { "false" });
    i8: |number, text| text.number(number);
    u32: |number, text| text.number(number);
    u64: |number, text| text.number(number);
    usize: |number, text| text.number(number);
    f64: |number, text| text.by_serde(&number);
}

impl Write for Cow<'_, str> {
    fn write(&self, text: &mut Text) {
        self.as_ref().write(text);
    }
}
