//! `delay`: a durable wait. Its output says when it was over: `{"waited_until": moment}`.

use serde_json::{Value, json};

use super::{About, Context, NamedBy, Next, NodeKind, Resumed, Traits};
use crate::document::{Keys, key, moment, seconds};
use crate::payload::Payload;
use crate::status::Wait;
use crate::timestamp::{Seconds, Timestamp};

/// The keys of a delay node.
#[derive(Clone, Debug, PartialEq)]
pub enum Delay {
    /// From the moment the node is ready.
    Seconds(Seconds),
    /// Until a moment; one that has passed is no wait.
    Until(Timestamp),
}

impl Delay {
    pub(super) const ABOUT: About = About {
        name: "delay",
        named_by: NamedBy::Type,
        aliases: &[],
        title: "Delay",
        description: "Waits for a duration or until a given time, even across restarts.",
        traits: Traits::NONE,
        output,
        example: || json!({ "id": "wait_a_day", "type": "delay", "delay_seconds": 86_400 }),
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        keys.one_of("a delay", ["delay_seconds", "until"]);
        let length = keys.take(
            key("delay_seconds", "Seconds", seconds()).doc("How long to wait after the node is reached."),
        );
        let until = keys.take(
            key("until", "Until", moment()).doc("The time to wait for. A time in the past does not wait."),
        );
        length.map(Self::Seconds).or(until.map(Self::Until))
    }

    fn over_at(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::Seconds(seconds) => now.plus(seconds.duration()),
            Self::Until(moment) => *moment,
        }
    }
}

fn output() -> Value {
    json!({
        "type": "object", "title": "Output", "required": ["waited_until"],
        "properties": { "waited_until": {
            "type": "string", "format": "date-time", "title": "Waited until", "description": "When the wait ended.",
        } },
    })
}

impl NodeKind for Delay {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        Next::Wait(Wait::Delay { until: self.over_at(context.now) })
    }

    fn resume(&self, context: &Context<'_>, _: Resumed) -> Next {
        Next::Complete(Payload::from_value(&json!({ "waited_until": context.now.to_string() })))
    }
}
