//! `trigger`: where the flow starts; its output is the trigger data.

use serde_json::json;

use super::{About, Context, NamedBy, Next, NodeKind, Traits};
use crate::document::{Keys, key, not_yet};

const NO_SCHEDULE: &str =
    "this version does not start flows by `schedule` yet; start them by the API or the studio";
const NO_WEBHOOK: &str =
    "this version does not start flows by `webhook` yet; start them by the API or the studio";

/// It has no keys of its own.
#[derive(Clone, Copy, Debug)]
pub struct Trigger;

impl Trigger {
    pub(super) const ABOUT: About = About {
        name: "trigger",
        named_by: NamedBy::Type,
        aliases: &[],
        title: "Trigger",
        description: "Where the flow starts. Without a trigger, every node without incoming edges starts.",
        traits: Traits { starts: true, ..Traits::NONE },
        output: || json!({ "title": "Output", "description": "The trigger data." }),
        example: || json!({ "id": "start", "type": "trigger" }),
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        keys.take(key("schedule", "Schedule", not_yet(NO_SCHEDULE)));
        keys.take(key("webhook", "Webhook", not_yet(NO_WEBHOOK)));
        Some(Self)
    }
}

impl NodeKind for Trigger {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        Next::Complete(context.trigger_data().clone())
    }
}
