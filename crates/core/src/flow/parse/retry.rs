//! A node's `retry`, laid key by key over the flow's settings.

use std::time::Duration;

use serde_json::{Value, json};

use crate::document::{
    Keys, Place, Reader, Reading, Terms, boolean, described, key, list, number, quoted, seconds, whole,
};
use crate::failure::ErrorClass;
use crate::http;
use crate::limits::Limits;
use crate::retry::{ErrorMatch, RetryPolicy};
use crate::timestamp::Seconds;

/// What the flow's settings say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Defaults {
    pub(super) enabled: bool,
    pub(super) count: u32,
}

/// What a node says.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    enabled: Option<bool>,
    count: Option<u32>,
    initial_interval: Option<Seconds>,
    backoff_coefficient: Option<f64>,
    max_interval: Option<Seconds>,
    jitter: Option<f64>,
    retry_on: Vec<ErrorMatch>,
    do_not_retry_on: Vec<ErrorMatch>,
}

impl Given {
    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let counts = whole(0, keys.limits().retry_count_max);
        let given = Self {
            enabled: keys
                .take(key("enabled", "Retry on failure", boolean()).doc("Default: the flow's setting.")),
            count: keys.take(
                key("count", "Retry count", counts).doc("Retries after the first attempt. Default: the flow's setting."),
            ),
            initial_interval: keys.take(
                key("initial_interval_seconds", "First backoff in seconds", seconds())
                    .default(1)
                    .doc("The backoff after the first attempt."),
            ),
            backoff_coefficient: keys.take(
                key("backoff_coefficient", "Backoff factor", number(1.0, f64::MAX))
                    .default(2)
                    .doc("Each backoff is this many times the previous one."),
            ),
            max_interval: keys.take(
                key("max_interval_seconds", "Maximum backoff in seconds", seconds())
                    .default(600)
                    .doc("No backoff is longer than this."),
            ),
            jitter: keys.take(
                key("jitter", "Jitter", number(0.0, 1.0)).default(0).doc(
                    "The random share of each backoff, from 0 to 1, so that many executions do not retry at once.",
                ),
            ),
            retry_on: keys
                .take(key("retry_on", "Retry only", list(ErrorMatches)).doc(
                    "Error classes or HTTP statuses. Empty: all errors that may be temporary.",
                ))
                .unwrap_or_default(),
            do_not_retry_on: keys
                .take(
                    key("do_not_retry_on", "Never retry", list(ErrorMatches))
                        .doc("Error classes or HTTP statuses. Overrides the other list."),
                )
                .unwrap_or_default(),
        };
        given.check(keys);
        Some(given)
    }

    fn check(&self, keys: &mut Keys<'_>) {
        let policy = self.clone().over(Defaults::default());
        if policy.initial_interval > policy.max_interval {
            let (initial, max) = (policy.initial_interval.as_secs_f64(), policy.max_interval.as_secs_f64());
            let message = format!(
                "the first wait of {initial} s is longer than `max_interval_seconds`, which is {max}"
            );
            keys.fault("initial_interval_seconds", message);
        }
    }

    /// Returns the policy of a node in a flow with `defaults`.
    pub(super) fn over(self, defaults: Defaults) -> RetryPolicy {
        let base = RetryPolicy::NONE;
        let is_enabled = self.enabled.unwrap_or(defaults.enabled);
        let or = |given: Option<Seconds>, default: Duration| given.map_or(default, Seconds::duration);
        RetryPolicy {
            count: if is_enabled { self.count.unwrap_or(defaults.count) } else { 0 },
            initial_interval: or(self.initial_interval, base.initial_interval),
            backoff_coefficient: self.backoff_coefficient.unwrap_or(base.backoff_coefficient),
            max_interval: or(self.max_interval, base.max_interval),
            jitter: self.jitter.unwrap_or(base.jitter),
            retry_on: self.retry_on,
            do_not_retry_on: self.do_not_retry_on,
        }
    }
}

/// Reads an error class or an HTTP status.
#[derive(Clone, Copy, Debug)]
struct ErrorMatches;

impl ErrorMatches {
    fn classes() -> Vec<&'static str> {
        ErrorClass::NAMED.iter().map(|(name, _)| *name).collect()
    }
}

impl Reader for ErrorMatches {
    type Value = ErrorMatch;

    fn wanted(&self, _: &Limits) -> String {
        "an HTTP status from 100 to 599 or an error class".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "anyOf": [
            { "type": "string", "enum": Self::classes(), "title": "Error class" },
            { "type": "integer", "minimum": 100, "maximum": 599, "title": "HTTP status" },
        ] })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<ErrorMatch> {
        let class = value.as_str().and_then(|name| name.parse().ok()).map(ErrorMatch::Class);
        let found = class.or_else(|| http::status(value).map(ErrorMatch::Status));
        if found.is_none() {
            let classes = Self::classes();
            let given = value.as_str().unwrap_or_default();
            let near = reading.faults.suggestion(given, classes.iter().copied());
            let end = if near.is_empty() { format!("; there are {}", quoted(&classes)) } else { near };
            let value = described(value);
            reading.fault(
                at,
                format!("{value} is neither an HTTP status from 100 to 599 nor an error class{end}"),
            );
        }
        found
    }
}
