//! Nodes as JSON text, for the answers that have all nodes of an execution.
//!
//! The text is what serde makes of a [`NodeView`], byte for byte. For an execution of ten nodes, serde takes as long as
//! the whole engine.

use serde::Serialize;
use steadflow_core::ids::AgentId;
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::{AttemptView, NodeView, UsageView, WaitingFor};
use crate::views::wire::{AnyJson, ErrorClassName, NodeStatusName, Time};

/// JSON text that grows.
#[derive(Debug)]
pub(crate) struct Text {
    json: String,
    /// The second that was written last, and its text: moments of an execution often share it.
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

    fn quoted(&mut self, plain: &str) {
        self.json.push('"');
        self.json.push_str(plain);
        self.json.push('"');
    }

    fn number(&mut self, number: impl itoa::Integer) {
        self.json.push_str(itoa::Buffer::new().format(number));
    }

    /// Adds what serde makes of `value`.
    fn by_serde(&mut self, value: &impl Serialize) {
        self.json.push_str(&serde_json::to_string(value).expect("views have no failing parts"));
    }

    fn moment(&mut self, moment: Timestamp) {
        let micros = moment.as_micros();
        let (second, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
        if self.second.as_ref().is_none_or(|(last, _)| *last != second) {
            let whole = Timestamp::from_micros(second * 1_000_000).to_string();
            self.second = Some((second, whole.trim_end_matches("000000Z").to_owned()));
        }
        let Some((_, whole)) = &self.second else { return };
        self.json.push('"');
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

impl Write for NodeView<'_> {
    fn write(&self, text: &mut Text) {
        write_object!(self to text: id, node_id, node_name, node_type, status, retry_attempt, max_attempts, skill_used,
            agent_id, agent_version, input_data, output_data, error_message, error_class, started_at, completed_at,
            duration_ms, next_retry_at, waiting_for, waiting_until, reused, usage, attempts);
    }
}

impl Write for AttemptView<'_> {
    fn write(&self, text: &mut Text) {
        write_object!(self to text: number, started_at, ended_at, duration_ms, error_class, error_message, backoff_ms,
            next_retry_at, worker, released, usage);
    }
}

impl Write for UsageView {
    fn write(&self, text: &mut Text) {
        write_object!(self to text: input_tokens, output_tokens, cost);
    }
}

impl<T: Write> Write for Option<T> {
    fn write(&self, text: &mut Text) {
        match self {
            Some(value) => value.write(text),
            None => text.push_str("null"),
        }
    }
}

impl<T: Write> Write for Vec<T> {
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

impl Write for AgentId {
    fn write(&self, text: &mut Text) {
        self.uuid().write(text);
    }
}

impl Write for Time {
    fn write(&self, text: &mut Text) {
        text.moment(self.moment());
    }
}

impl Write for AnyJson {
    fn write(&self, text: &mut Text) {
        text.push_str(self.0.as_str());
    }
}

impl Write for NodeStatusName {
    fn write(&self, text: &mut Text) {
        text.quoted(self.as_str());
    }
}

impl Write for ErrorClassName {
    fn write(&self, text: &mut Text) {
        text.quoted(self.as_str());
    }
}

impl Write for WaitingFor {
    fn write(&self, text: &mut Text) {
        text.by_serde(self);
    }
}

impl Write for f64 {
    fn write(&self, text: &mut Text) {
        text.by_serde(self);
    }
}

impl Write for u32 {
    fn write(&self, text: &mut Text) {
        text.number(*self);
    }
}

impl Write for u64 {
    fn write(&self, text: &mut Text) {
        text.number(*self);
    }
}

impl Write for bool {
    fn write(&self, text: &mut Text) {
        text.push_str(if *self { "true" } else { "false" });
    }
}

#[cfg(test)]
mod tests {
    use steadflow_core::execution::NodeStatus;
    use steadflow_core::failure::ErrorClass;
    use steadflow_core::payload::Payload;

    use super::*;

    fn at(micros: i64) -> Time {
        Timestamp::from_micros(micros).into()
    }

    fn json(text: &str) -> Option<AnyJson> {
        Some((&Payload::parse(text.into()).unwrap()).into())
    }

    fn pending() -> NodeView<'static> {
        NodeView {
            id: Uuid::from_u128(7),
            node_id: "a",
            node_name: "",
            node_type: "echo",
            status: NodeStatus::Pending.into(),
            retry_attempt: 0,
            max_attempts: u32::MAX,
            skill_used: None,
            agent_id: None,
            agent_version: None,
            input_data: None,
            output_data: None,
            error_message: None,
            error_class: None,
            started_at: None,
            completed_at: None,
            duration_ms: None,
            next_retry_at: None,
            waiting_for: None,
            waiting_until: None,
            reused: false,
            usage: UsageView { input_tokens: 0, output_tokens: u64::MAX, cost: None },
            attempts: Vec::new(),
        }
    }

    fn attempt(number: u32, started_at: i64) -> AttemptView<'static> {
        AttemptView {
            number,
            started_at: at(started_at),
            ended_at: Some(at(started_at + 999_999)),
            duration_ms: Some(1_000),
            error_class: Some(ErrorClass::RateLimited.into()),
            error_message: Some("said \"no\"\n\u{7f}\u{1} ü \\ 🦀"),
            backoff_ms: Some(0),
            next_retry_at: Some(at(started_at + 1_000_000)),
            worker: "w-1",
            released: true,
            usage: UsageView { input_tokens: 1, output_tokens: 2, cost: Some(0.25) },
        }
    }

    fn full() -> NodeView<'static> {
        NodeView {
            node_name: "Say \"it\"",
            status: NodeStatus::Failed.into(),
            skill_used: Some("translate"),
            agent_id: Some(AgentId::new(Uuid::max())),
            agent_version: Some(3),
            input_data: json("[1, 19.90]"),
            output_data: json("{\"b\" : null}"),
            error_message: Some(""),
            error_class: Some(ErrorClass::Internal.into()),
            started_at: Some(at(0)),
            completed_at: Some(at(-1)),
            duration_ms: Some(0),
            next_retry_at: Some(at(1_795_773_600_000_001)),
            waiting_for: Some(WaitingFor::Decision),
            waiting_until: Some(at(Timestamp::MAX.as_micros())),
            reused: true,
            attempts: vec![
                attempt(1, 1_795_773_600_000_001),
                attempt(2, 1_795_773_600_250_000),
                attempt(3, 0),
            ],
            ..pending()
        }
    }

    #[test]
    fn text_is_what_serde_writes() {
        let views = vec![pending(), full(), pending()];

        let mut text = Text::with_capacity(0);
        views.write(&mut text);

        assert_eq!(text.into_string(), serde_json::to_string(&views).unwrap());
    }
}
