//! Records as they are stored.
//!
//! The text is what serde makes of a [`Record`], byte for byte. The two events that make up most of every journal are
//! written without serde, which takes three times as long for them.

use super::{Event, Record};
use crate::ids::{Attempt, NodeIndex};
use crate::payload::Payload;

impl Record {
    /// Adds the record's text to `text`: `[seq, at, [events…]]`, without spaces of our own.
    pub fn write(&self, text: &mut String) {
        let Self(seq, at, events) = self;
        text.push('[');
        push_number(text, *seq);
        text.push(',');
        push_number(text, at.as_micros());
        text.push_str(",[");
        for (place, event) in events.iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            event.write(text);
        }
        text.push_str("]]");
    }
}

impl Event {
    fn write(&self, text: &mut String) {
        if let Self::AttemptStarted { node, attempt, input, reserved: None } = self {
            return write_attempt_started(text, *node, *attempt, input.as_ref());
        }
        if let Self::NodeCompleted { node, output, not_taken, usage, reused: false } = self
            && not_taken.is_empty()
            && usage.is_none()
        {
            return write_node_completed(text, *node, output);
        }
        let other = serde_json::to_string(self).expect("an event has string keys only, so it can be written");
        text.push_str(&other);
    }
}

fn write_attempt_started(text: &mut String, node: NodeIndex, attempt: Attempt, input: Option<&Payload>) {
    text.push_str(r#"{"attempt_started":{"node":"#);
    push_small(text, node.0.into());
    text.push_str(r#","attempt":"#);
    push_small(text, attempt.number());
    if let Some(input) = input {
        text.push_str(r#","input":"#);
        text.push_str(input.as_str());
    }
    text.push_str("}}");
}

fn write_node_completed(text: &mut String, node: NodeIndex, output: &Payload) {
    text.push_str(r#"{"node_completed":{"node":"#);
    push_small(text, node.0.into());
    text.push_str(r#","output":"#);
    text.push_str(output.as_str());
    text.push_str("}}");
}

/// Most nodes and attempts have numbers of one digit.
fn push_small(text: &mut String, number: u32) {
    match char::from_digit(number, 10) {
        Some(digit) => text.push(digit),
        None => push_number(text, number),
    }
}

fn push_number(text: &mut String, number: impl itoa::Integer) {
    text.push_str(itoa::Buffer::new().format(number));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::budget::Amount;
    use crate::caller::Actor;
    use crate::event::Accepted;
    use crate::ids::{EdgeIndex, FlowId, TenantId};
    use crate::status::ExecutionStatus;
    use crate::timestamp::Timestamp;
    use crate::usage::Usage;

    fn payload(text: &str) -> Payload {
        Payload::parse(text.into()).unwrap()
    }

    fn completed(usage: Option<Arc<Usage>>, not_taken: Vec<EdgeIndex>, reused: bool) -> Event {
        Event::NodeCompleted {
            node: NodeIndex(3),
            output: payload("[1, \"ü\\n\"]"),
            not_taken,
            usage,
            reused,
        }
    }

    fn all_forms() -> Vec<Event> {
        let accepted = Accepted::new(TenantId::DEFAULT, FlowId::new(uuid::Uuid::max()), 7, "w\"1".into());
        let used = Some(Arc::new(Usage { input_tokens: 5, ..Usage::default() }));
        let (node, attempt) = (NodeIndex(u16::MAX), Attempt::numbered(u32::MAX));
        vec![
            Event::Accepted(Box::new(accepted)),
            Event::Started,
            Event::AttemptStarted { node, attempt, input: None, reserved: None },
            Event::AttemptStarted {
                node,
                attempt,
                input: None,
                reserved: Some(Box::new(Amount { tokens: 7, cost: 0.5 })),
            },
            Event::AttemptStarted {
                node: NodeIndex(0),
                attempt: Attempt::FIRST,
                input: Some(payload("{ }")),
                reserved: None,
            },
            completed(None, Vec::new(), false),
            completed(used, Vec::new(), false),
            completed(None, vec![EdgeIndex(2)], false),
            completed(None, Vec::new(), true),
            Event::Paused { by: Actor::SYSTEM, with_all: false },
            Event::Paused { by: Actor::SYSTEM, with_all: true },
            Event::Finished {
                status: ExecutionStatus::Failed,
                message: Some(Arc::from("said \"no\"")),
                class: None,
                node: Some(node),
                by: None,
            },
        ]
    }

    #[test]
    fn text_is_what_serde_writes() {
        let each = all_forms().into_iter().map(|event| vec![event]);
        for events in each.chain([Vec::new(), all_forms()]) {
            for (seq, at) in [(1, 0), (u64::MAX, i64::MIN)] {
                let record = Record(seq, Timestamp::from_micros(at), events.clone());

                let mut text = String::from("before ");
                record.write(&mut text);

                assert_eq!(text, format!("before {}", serde_json::to_string(&record).unwrap()));
            }
        }
    }
}
