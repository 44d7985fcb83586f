//! A node's `retry`, laid key by key over the flow's settings.

use std::time::Duration;

use serde_json::Value;

use crate::failure::ErrorClass;
use crate::limits::Limits;
use crate::retry::{ErrorMatch, RetryPolicy};

use super::fields::{Faults, Fields, described, quoted};

const KEYS: [&str; 8] = [
    "enabled",
    "count",
    "initial_interval_seconds",
    "backoff_coefficient",
    "max_interval_seconds",
    "jitter",
    "retry_on",
    "do_not_retry_on",
];

/// What the flow's settings say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Defaults {
    pub(super) enabled: bool,
    pub(super) count: u32,
}

impl Defaults {
    fn policy(self) -> RetryPolicy {
        RetryPolicy { count: if self.enabled { self.count } else { 0 }, ..RetryPolicy::NONE }
    }
}

/// Reads `retry` of a node.
pub(super) fn parse(
    node: &Fields<'_>,
    defaults: Defaults,
    limits: &Limits,
    faults: &mut Faults,
) -> RetryPolicy {
    let Some(value) = node.get("retry") else { return defaults.policy() };
    let Some(fields) = Fields::of(value, node.pointer("retry"), faults) else { return defaults.policy() };
    fields.refuse_unknown(&KEYS, faults);
    let base = Defaults {
        enabled: fields.bool("enabled", faults).unwrap_or(defaults.enabled),
        count: fields.whole("count", 0, limits.retry_count_max, faults).unwrap_or(defaults.count),
    }
    .policy();
    let policy = RetryPolicy {
        initial_interval: interval(
            &fields,
            "initial_interval_seconds",
            base.initial_interval,
            limits,
            faults,
        ),
        backoff_coefficient: fields
            .number("backoff_coefficient", 1.0, f64::MAX, faults)
            .unwrap_or(base.backoff_coefficient),
        max_interval: interval(&fields, "max_interval_seconds", base.max_interval, limits, faults),
        jitter: fields.number("jitter", 0.0, 1.0, faults).unwrap_or(base.jitter),
        retry_on: matches(&fields, "retry_on", faults),
        do_not_retry_on: matches(&fields, "do_not_retry_on", faults),
        ..base
    };
    if policy.initial_interval > policy.max_interval {
        let (initial, max) = (policy.initial_interval.as_secs_f64(), policy.max_interval.as_secs_f64());
        let message =
            format!("the first wait of {initial} s is longer than `max_interval_seconds`, which is {max}");
        fields.fault("initial_interval_seconds", faults, message);
    }
    policy
}

fn interval(
    fields: &Fields<'_>,
    key: &str,
    default: Duration,
    limits: &Limits,
    faults: &mut Faults,
) -> Duration {
    fields.seconds(key, limits, faults).map_or(default, |seconds| seconds.duration())
}

fn matches(fields: &Fields<'_>, key: &str, faults: &mut Faults) -> Vec<ErrorMatch> {
    let mut matches = Vec::new();
    for (at, entry) in fields.list(key, faults).unwrap_or_default().iter().enumerate() {
        match error_match(entry) {
            Some(found) => matches.push(found),
            None => {
                let classes: Vec<&str> = ErrorClass::ALL.iter().map(|class| class.as_str()).collect();
                let near = faults.suggestion(entry.as_str().unwrap_or_default(), classes.iter().copied());
                let end = if near.is_empty() { format!("; there are {}", quoted(&classes)) } else { near };
                let message = format!(
                    "{} is neither an HTTP status from 100 to 599 nor an error class{end}",
                    described(entry)
                );
                faults.add(format!("{}/{at}", fields.pointer(key)), message);
            }
        }
    }
    matches
}

fn error_match(entry: &Value) -> Option<ErrorMatch> {
    match entry {
        Value::String(name) => name.parse().ok().map(ErrorMatch::Class),
        Value::Number(_) => status(entry).map(ErrorMatch::Status),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Reads an HTTP status.
pub(super) fn status(value: &Value) -> Option<u16> {
    value.as_u64().and_then(|status| u16::try_from(status).ok()).filter(|status| (100..=599).contains(status))
}
