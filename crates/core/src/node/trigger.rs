//! `trigger`: where the flow starts; its output is the trigger data.

use std::sync::Arc;

use serde_json::json;

use super::{About, Context, NamedBy, Next, NodeKind, Traits};
use crate::document::{Keys, any_json, key, not_yet, object};
use crate::payload::Payload;
use crate::schedule::{self, Schedule};

const NO_WEBHOOK: &str =
    "this version does not start flows by `webhook` yet; start them by the API or the studio";

/// The keys of a trigger node.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// Trigger data to try the flow with.
    pub example: Option<Payload>,
    /// When the flow starts by itself.
    pub schedule: Option<Arc<Schedule>>,
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
        keys.take(key("webhook", "Webhook", not_yet(NO_WEBHOOK)));
        Some(Self { example: example.as_ref().map(Payload::from_value), schedule })
    }
}

impl NodeKind for Trigger {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn schedule(&self) -> Option<&Arc<Schedule>> {
        self.schedule.as_ref()
    }

    fn trigger_example(&self) -> Option<&Payload> {
        self.example.as_ref()
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        Next::Complete(context.trigger_data().clone())
    }
}
