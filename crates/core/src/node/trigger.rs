//! `trigger`: where the flow starts; its output is the trigger data.

use std::sync::Arc;

use serde_json::json;

use super::{About, Context, NamedBy, Next, NodeKind, Traits};
use crate::document::{Keys, any_json, key, object, text};
use crate::external_event::NAME_CHARS_MAX;
use crate::payload::Payload;
use crate::schedule::{self, Schedule};
use crate::webhook::{self, Webhook};

/// The keys of a trigger node.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// Trigger data to try the flow with.
    pub example: Option<Payload>,
    /// When the flow starts by itself.
    pub schedule: Option<Arc<Schedule>>,
    /// The name of the event that starts it.
    pub event: Option<Arc<str>>,
    /// Which calls from outside start it.
    pub webhook: Option<Arc<Webhook>>,
}

impl Trigger {
    pub(super) const ABOUT: About = About {
        name: "trigger",
        named_by: NamedBy::Type,
        aliases: &[],
        title: "Trigger",
        description: "Where the flow starts. Without a trigger, every node without incoming edges starts.",
        traits: Traits { starts: true, ..Traits::NONE },
        output: || json!({ "title": "Output", "description": "The trigger data." }),
        example: || json!({ "id": "start", "type": "trigger", "example": { "vendor_id": "v-17", "risk": 82 } }),
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let example =
            keys.take(key("example", "Example", any_json()).doc(
                "Trigger data to try the flow with. The studio suggests it, and `steadflow run` uses it.",
            ));
        let schedule = keys.take(
            key("schedule", "Schedule", object(schedule::read))
                .doc("When the flow starts by itself, while it is active."),
        );
        let event = keys.take(key("event", "Event", text().at_most(NAME_CHARS_MAX).in_one_line()).doc(
            "The name of an event that starts the flow, while it is active. The event is the trigger data.",
        ));
        let webhook = keys.take(
            key("webhook", "Webhook", object(webhook::read))
                .doc("Which calls of other services start the flow, while it is active."),
        );
        let example = example.as_ref().map(Payload::from_value);
        Some(Self { example, schedule, event: event.map(Into::into), webhook })
    }
}

impl NodeKind for Trigger {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn schedule(&self) -> Option<&Arc<Schedule>> {
        self.schedule.as_ref()
    }

    fn starting_event(&self) -> Option<&Arc<str>> {
        self.event.as_ref()
    }

    fn webhook(&self) -> Option<&Arc<Webhook>> {
        self.webhook.as_ref()
    }

    fn trigger_example(&self) -> Option<&Payload> {
        self.example.as_ref()
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        Next::Complete(context.trigger_data().clone())
    }
}
