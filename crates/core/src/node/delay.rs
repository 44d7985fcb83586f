//! `delay`: a durable wait. Its output says when it was over: `{"waited_until": moment}`.

use serde_json::json;

use super::{Context, Next, NodeKind, Resumed, Traits};

use crate::expression::Expression;

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
    fn over_at(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::Seconds(seconds) => now.plus(seconds.duration()),
            Self::Until(moment) => *moment,
        }
    }
}

impl NodeKind for Delay {
    fn name(&self) -> &'static str {
        "delay"
    }

    fn traits(&self) -> Traits {
        Traits::default()
    }

    fn expressions(&self) -> Vec<(String, &Expression)> {
        Vec::new()
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        Next::Wait(Wait::Delay { until: self.over_at(context.now) })
    }

    fn resume(&self, context: &Context<'_>, _: Resumed) -> Next {
        Next::Complete(Payload::from_value(&json!({ "waited_until": context.now.to_string() })))
    }
}
