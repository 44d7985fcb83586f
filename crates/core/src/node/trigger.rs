//! `trigger`: where the flow starts; its output is the trigger data.

use serde_json::json;

use super::{About, Context, NamedBy, Next, NodeKind, Traits};
use crate::document::{Keys, any_json, key, not_yet};
use crate::payload::Payload;

const NO_SCHEDULE: &str =
    "this version does not start flows by `schedule` yet; start them by the API or the studio";
const NO_WEBHOOK: &str =
    "this version does not start flows by `webhook` yet; start them by the API or the studio";

/// The keys of a trigger node.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// Trigger data to try the flow with.
    pub example: Option<Payload>,
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
        keys.take(key("schedule", "Schedule", not_yet(NO_SCHEDULE)));
        keys.take(key("webhook", "Webhook", not_yet(NO_WEBHOOK)));
        Some(Self { example: example.as_ref().map(Payload::from_value) })
    }
}

impl NodeKind for Trigger {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn trigger_example(&self) -> Option<&Payload> {
        self.example.as_ref()
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        Next::Complete(context.trigger_data().clone())
    }
}
