//! Flow control: in which order the executions of a flow start, and how many of them at once.
//!
//! What a flow says is evaluated when an execution is accepted, and stored with it: a later version of the flow, or a retry
//! on another one, does not move what already waits.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::expression::Meter;
use crate::ids::{ExecutionId, NodeId};
use crate::limits::Limits;
use crate::payload::Payload;
use crate::scope::Scope;
use crate::template::Template;
use crate::timestamp::Timestamp;

/// The highest priority; the lowest is as far below 0.
pub const PRIORITY_MAX: i8 = 10;

/// How long an execution of priority 0 waits until it comes before one of priority 1 that is accepted then.
pub const AGING: Duration = Duration::from_secs(60);

/// The longest value of `concurrency_key`, in characters.
pub const KEY_CHARS_MAX: usize = 200;

/// How many executions of a flow may run at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotLimits {
    /// In all; `None` any number.
    pub all: Option<u32>,
    /// With the same key; `None` any number.
    pub per_key: Option<u32>,
}

/// How a flow waits until no other start has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Debounce {
    /// For how long there has to be none.
    pub quiet: Duration,
    /// How long after the first start one runs in any case.
    pub delay_max: Duration,
}

/// Where an execution stands among those that wait to start.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct QueuePlace {
    /// The value of the flow's `concurrency_key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
    /// From -10 to 10; 0 where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i8>,
    /// When it may start, if no other start comes before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at: Option<Timestamp>,
    /// When the first start came that was put off for this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// How many starts that were pending then came before it, one after the other; `None` for the first. It says which of them
    /// is the last also where the clock was set back between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
}

impl QueuePlace {
    /// Returns the place of an execution that does not wait for other starts.
    pub(crate) fn undelayed(&self) -> Option<Box<Self>> {
        let place = Self { key: self.key.clone(), priority: self.priority, ..Self::default() };
        (place != Self::default()).then(|| Box::new(place))
    }

    /// Returns what it is sorted by, the first first: the moment of acceptance, put back or forward by a minute for each
    /// priority. So what waits gains a priority each minute.
    pub fn rank(place: Option<&Self>, accepted_at: Timestamp) -> i64 {
        let priority = place.and_then(|place| place.priority).unwrap_or(0);
        let minute = i64::try_from(AGING.as_micros()).unwrap_or(i64::MAX);
        accepted_at.as_micros().saturating_sub(i64::from(priority) * minute)
    }
}

/// What an execution starts with, as far as templates of settings read it.
#[derive(Clone, Copy, Debug)]
pub struct StartScope<'a> {
    /// The execution.
    pub execution: ExecutionId,
    /// What it starts with.
    pub trigger_data: &'a Payload,
    /// When it starts.
    pub now: Timestamp,
}

impl StartScope<'_> {
    /// Evaluates a template of a setting, which reads `trigger_data` alone.
    ///
    /// # Errors
    /// Why it has no value.
    pub(crate) fn resolve(&self, template: &Template, limits: &Limits) -> Result<Value, String> {
        let scope = Scope {
            trigger_data: self.trigger_data.clone(),
            context_id: None,
            context_type: None,
            execution_id: self.execution,
            retry_of: None,
            error: None,
            started_at: self.now,
            attempt: 1,
            now: self.now,
            reader: NodeId::new(""),
            item: None,
            index: None,
            nodes: Vec::new(),
            meter: Meter::new(limits.node_fuel),
        };
        let resolved = template.resolve(&scope).map_err(|error| error.to_string())?;
        resolved.to_value().map_err(|error| error.to_string())
    }

    /// Evaluates one that gives a text. Null and an empty text are none.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub(crate) fn text(&self, template: &Template, limits: &Limits) -> Result<Option<Arc<str>>, String> {
        let value = self.resolve(template, limits)?;
        if value.is_null() {
            return Ok(None);
        }
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Ok((!text.is_empty()).then(|| text.into()))
    }
}

/// Reads a priority.
pub fn priority(value: &Value) -> Option<i8> {
    let number = value.as_i64().and_then(|number| i8::try_from(number).ok())?;
    (-PRIORITY_MAX..=PRIORITY_MAX).contains(&number).then_some(number)
}
