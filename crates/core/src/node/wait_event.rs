//! `wait_event`: waits until an event comes whose name and correlation fit; its output is the event.

use std::time::Duration;

use serde_json::{Value, json};

use super::keys::{Input, WithoutSecrets};
use super::{About, Context, NamedBy, Next, NodeKind, Resumed, Traits};
use crate::document::{Keys, described, key, seconds, text};
use crate::expression::Expression;
use crate::external_event::{EventWait, LOOKBACK_MAX, NAME_CHARS_MAX};
use crate::failure::{ErrorClass, Failure};
use crate::template::Template;
use crate::timestamp::Timestamp;

/// The keys of a node that waits for an event.
#[derive(Clone, Debug)]
pub struct WaitEvent {
    /// The name of the event.
    pub event: std::sync::Arc<str>,
    /// What the event has to be about.
    pub correlation: Option<Template>,
    /// How long before the wait it may have come.
    pub lookback: Duration,
}

impl WaitEvent {
    pub(super) const ABOUT: About = About {
        name: "wait_event",
        named_by: NamedBy::Type,
        aliases: &[],
        title: "Wait for event",
        description: "Waits until an event comes that has this name and is about the same thing, even across restarts.",
        traits: Traits { awaits_events: true, ..Traits::NONE },
        output,
        example: || {
            json!({
                "id": "paid", "type": "wait_event", "event": "invoice.paid", "timeout_seconds": 604_800,
                "correlation": "${trigger_data.invoice}", "lookback_seconds": 3_600,
            })
        },
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let event = keys.take(
            key("event", "Event", text().at_most(NAME_CHARS_MAX).in_one_line())
                .needed("a node that waits for an event")
                .doc("The name of the event."),
        );
        let why = "the correlation of an event cannot use secrets, because it is shown";
        let correlation = keys.take(
            key("correlation", "Correlation", WithoutSecrets { reader: Input, why })
                .doc("What the event has to be about, such as the number of an order; can be a template. Empty: anything."),
        );
        let lookback = keys.take(
            key("lookback_seconds", "Lookback in seconds", seconds().at_most(LOOKBACK_MAX))
                .doc("How long before the wait the event may have come. Empty: only events that come from then on."),
        );
        let lookback = lookback.map_or(Duration::ZERO, |lookback| lookback.duration());
        Some(Self { event: event?.into(), correlation, lookback })
    }

    fn wait(&self, context: &Context<'_>) -> Result<EventWait, Failure> {
        let correlation = match &self.correlation {
            None => None,
            Some(template) => Some(about(&context.resolve_value(template)?)?.into()),
        };
        let lookback = i64::try_from(self.lookback.as_micros()).unwrap_or(i64::MAX);
        let since = Timestamp::from_micros(context.now.as_micros().saturating_sub(lookback));
        Ok(EventWait { name: self.event.clone(), correlation, since, until: None })
    }
}

/// Reads a resolved correlation. A null would fit any event, which nobody means.
fn about(value: &Value) -> Result<String, Failure> {
    let text = match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    let text = text.filter(|text| text.chars().count() <= NAME_CHARS_MAX);
    text.ok_or_else(|| {
        let wanted = format!("a string of at most {NAME_CHARS_MAX} characters, a number, true or false");
        let message = format!("`correlation` must be {wanted}, not {}", described(value));
        Failure::new(ErrorClass::Validation, message)
    })
}

fn output() -> Value {
    json!({
        "type": "object", "title": "Output", "required": ["id", "name", "correlation", "data", "at"],
        "properties": {
            "id": { "type": "string", "format": "uuid", "title": "ID" },
            "name": { "type": "string", "title": "Name" },
            "correlation": { "type": ["string", "null"], "title": "Correlation" },
            "data": { "title": "Data", "description": "What the sender of the event says." },
            "at": { "type": "string", "format": "date-time", "title": "At", "description": "When it came." },
        },
    })
}

impl NodeKind for WaitEvent {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn expressions(&self) -> Vec<(String, &Expression)> {
        let all = self.correlation.iter().flat_map(Template::expressions);
        all.map(|(below, expression)| (format!("/correlation{below}"), expression)).collect()
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        self.wait(context).map_or_else(Next::Fail, |wait| Next::Event(Box::new(wait)))
    }

    fn resume(&self, _: &Context<'_>, resumed: Resumed) -> Next {
        match resumed {
            Resumed::Event { output } => Next::Complete(output),
            Resumed::Elapsed => {
                let message = format!("No event `{}` came in time", self.event);
                Next::Fail(Failure::new(ErrorClass::Timeout, message))
            }
            Resumed::Step { .. } | Resumed::Child { .. } => Next::Pending,
        }
    }
}
