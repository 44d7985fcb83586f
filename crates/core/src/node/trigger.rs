//! `trigger`: where the flow starts; its output is the trigger data.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{About, Context, NamedBy, Next, NodeKind, Traits};
use crate::document::{Fault, Keys, any_json, key, object, text};
use crate::external_event::NAME_CHARS_MAX;
use crate::failure::{ErrorClass, Failure};
use crate::form::{self, FormReader};
use crate::payload::Payload;
use crate::schedule::{self, Schedule};
use crate::webhook::{self, Webhook};

/// The keys of a trigger node.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// Trigger data to try the flow with.
    pub example: Option<Payload>,
    /// What the trigger data is, a JSON Schema.
    pub form: Option<Arc<Value>>,
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
        let form = keys.take(key("form", "Form", FormReader).doc(
            "What people fill in to start the flow: a JSON Schema of an object whose fields are texts, numbers, yes or no, and choices. Other trigger data is refused.",
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
        Some(Self { example, schedule, event: event.map(Into::into), webhook, form: form.map(Arc::new) })
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

    fn trigger_form(&self) -> Option<&Arc<Value>> {
        self.form.as_ref()
    }

    fn trigger_example(&self) -> Option<&Payload> {
        self.example.as_ref()
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        let data = context.trigger_data();
        // Starts are checked before they are accepted; this is for those by other executions.
        let unfit = self.form.as_ref().and_then(|form| form::unfit(form, data));
        match unfit.as_deref().and_then(<[_]>::first) {
            Some(Fault { pointer, message }) => {
                let message = format!(
                    "The trigger data does not fit the form of the flow: `trigger_data{pointer}` {message}"
                );
                Next::Fail(Failure::new(ErrorClass::Validation, message))
            }
            None => Next::Complete(data.clone()),
        }
    }
}
