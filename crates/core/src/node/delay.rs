//! `delay`: a durable wait. Its output says when it was over: `{"waited_until": moment}`.

use std::time::Duration;

use serde_json::{Value, json};

use super::keys::{Given, or_template};
use super::{About, Context, NamedBy, Next, NodeKind, Resumed, Traits};
use crate::document::{Keys, described, key, moment, seconds};
use crate::expression::{self, Expression};
use crate::failure::{ErrorClass, Failure};
use crate::limits::Limits;
use crate::payload::Payload;
use crate::status::Wait;
use crate::timestamp::{Seconds, Timestamp};

/// The keys of a delay node.
#[derive(Clone, Debug)]
pub enum Delay {
    /// From the moment the node is ready.
    Seconds(Given<Seconds>),
    /// Until a moment; one that has passed is no wait.
    Until(Given<Timestamp>),
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
        keys.one_of("a delay", &["delay_seconds", "until"]);
        let length = keys.take(
            key("delay_seconds", "Seconds", or_template(seconds()))
                .doc("How long to wait after the node is reached: a number, or a template that gives one."),
        );
        let until = keys
            .take(key("until", "Until", or_template(moment())).doc(
                "The time to wait for, or a template that gives one. A time in the past does not wait.",
            ));
        length.map(Self::Seconds).or(until.map(Self::Until))
    }

    fn over_at(&self, context: &Context<'_>) -> Result<Timestamp, Failure> {
        match self {
            Self::Seconds(Given::Literal(seconds)) => Ok(context.now.plus(seconds.duration())),
            Self::Seconds(Given::Template(template)) => {
                Ok(context.now.plus(span(&context.resolve_value(template)?)?))
            }
            Self::Until(Given::Literal(moment)) => Ok(*moment),
            Self::Until(Given::Template(template)) => moment_of(&context.resolve_value(template)?),
        }
    }
}

/// Reads a resolved `delay_seconds`. Unlike one that a document fixes, it may be 0: what is left of a time may be nothing.
fn span(value: &Value) -> Result<Duration, Failure> {
    let max = Limits::DEFAULT.wait_max;
    let seconds = value.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|seconds| *seconds <= max).ok_or_else(|| {
        let wanted = format!("a number of seconds from 0 to {}", max.as_secs());
        unfit("delay_seconds", &wanted, value)
    })
}

/// Reads a resolved `until`, in the forms that the filter `date` reads.
fn moment_of(value: &Value) -> Result<Timestamp, Failure> {
    let wanted = "a date such as \"2027-01-31T09:00:00Z\", or seconds since 1970";
    expression::moment(&value.to_string()).ok_or_else(|| unfit("until", wanted, value))
}

fn unfit(key: &str, wanted: &str, value: &Value) -> Failure {
    let message = format!("`{key}` must be {wanted}, not {}", described(value));
    Failure::new(ErrorClass::Validation, message)
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

    fn expressions(&self) -> Vec<(String, &Expression)> {
        let (key, template) = match self {
            Self::Seconds(given) => ("/delay_seconds", given.template()),
            Self::Until(given) => ("/until", given.template()),
        };
        let all = template.into_iter().flat_map(|template| template.expressions());
        all.map(|(_, expression)| (key.to_owned(), expression)).collect()
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        match self.over_at(context) {
            Ok(until) => Next::Wait(Wait::Delay { until }),
            Err(failure) => Next::Fail(failure),
        }
    }

    fn resume(&self, context: &Context<'_>, _: Resumed) -> Next {
        Next::Complete(Payload::from_value(&json!({ "waited_until": context.now.to_string() })))
    }
}
