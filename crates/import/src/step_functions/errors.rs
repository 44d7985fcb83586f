//! `Retry` and `Catch`: names of errors as classes.

use serde_json::{Map, Value, json};

use super::Walk;
use super::walk::State;
use crate::graph::{RETRIED, seconds};
use crate::read::{list, text};
use crate::text::failing;

/// The longest interval that a document may have.
const INTERVAL_MAX: f64 = 316_224_000.0;

/// Returns the condition on the error of each catcher, none for one that catches all, and the names that are not known.
pub(super) fn conditions(id: &str, catchers: &[Value]) -> Vec<(Option<String>, Vec<String>)> {
    let mut before: Vec<String> = Vec::new();
    let mut all = Vec::new();
    for catcher in catchers {
        let mut own: Option<Vec<String>> = Some(Vec::new());
        let mut unknown = Vec::new();
        for name in list(catcher, "ErrorEquals").iter().filter_map(Value::as_str) {
            let class = match name {
                "States.ALL" => {
                    own = None;
                    break;
                }
                "States.TaskFailed" => format!("nodes.{id}.error.class != \"timeout\""),
                "States.Timeout" => format!("nodes.{id}.error.class == \"timeout\""),
                other => {
                    unknown.push(other.to_owned());
                    failing(&format!("the error {other}"))
                }
            };
            own.iter_mut().for_each(|own| own.push(class.clone()));
        }
        let own = own.map(|own| format!("({})", own.join(" or ")));
        let mut parts: Vec<String> = before.iter().map(|before| format!("not {before}")).collect();
        parts.extend(own.clone());
        all.push(((!parts.is_empty()).then(|| parts.join(" and ")), unknown));
        match own {
            Some(own) => before.push(own),
            // Nothing is left for those behind it.
            None => before.push("true".to_owned()),
        }
    }
    all
}

impl Walk<'_> {
    /// Adds timeouts and retries of a state to its node.
    pub(super) fn limits(&mut self, state: &State<'_>, node: &mut Map<String, Value>) {
        match state.value.get("TimeoutSeconds") {
            Some(Value::Number(seconds)) => {
                node.insert("timeout_seconds".to_owned(), Value::Number(seconds.clone()));
            }
            Some(_) => self.list_limit(state, "TimeoutSeconds", "its timeout is calculated"),
            None => {}
        }
        for (key, what) in [
            ("TimeoutSecondsPath", "its timeout is calculated"),
            ("HeartbeatSeconds", "it has to send heartbeats"),
            ("HeartbeatSecondsPath", "it has to send heartbeats"),
        ] {
            if state.value.get(key).is_some() {
                self.list_limit(state, key, what);
            }
        }
        let retriers = list(state.value, "Retry");
        let Some(first) = retriers.first() else { return };
        if retriers.len() > 1 {
            let what = "it has several retriers, and a node has one policy; the first is mapped";
            self.report.listed(
                &state.about,
                "/Retry/1",
                "retry",
                what,
                "Say in `retry_on` which classes are retried.",
            );
        }
        let number = |key: &str, other: f64| first.get(key).map_or(Some(other), Value::as_f64);
        let (interval, count, rate) =
            (number("IntervalSeconds", 1.0), number("MaxAttempts", 3.0), number("BackoffRate", 2.0));
        let (Some(interval), Some(count), Some(rate)) = (interval, count, rate) else {
            self.list_limit(state, "Retry", "its numbers are calculated");
            return;
        };
        if count > 10.0 {
            let what = format!("it retries {count} times; a node does at most 10 times");
            self.report.listed(
                &state.about,
                "/Retry/0/MaxAttempts",
                "retry",
                &what,
                "A manual retry goes on after the last one.",
            );
        }
        let count = count.clamp(0.0, 10.0);
        let longest = interval * rate.powf((count - 1.0).max(0.0));
        let longest =
            number("MaxDelaySeconds", longest).unwrap_or(longest).clamp(interval.max(0.001), INTERVAL_MAX);
        let mut policy = json!({
            "enabled": count > 0.0, "count": seconds(count), "initial_interval_seconds": seconds(interval.max(0.001)),
            "backoff_coefficient": seconds(rate.max(1.0)), "max_interval_seconds": seconds(longest),
        });
        if text(first, "JitterStrategy") == Some("FULL") {
            policy["jitter"] = json!(1);
        }
        policy["retry_on"] = json!(self.classes(state, first));
        node.insert("retry".to_owned(), policy);
    }

    fn classes(&mut self, state: &State<'_>, retrier: &Value) -> Vec<&'static str> {
        let mut classes: Vec<&str> = Vec::new();
        for name in list(retrier, "ErrorEquals").iter().filter_map(Value::as_str) {
            let more: &[&str] = match name {
                "States.ALL" => &RETRIED,
                "States.TaskFailed" => &RETRIED[1..],
                "States.Timeout" => &["timeout"],
                "States.Http.Socket" => &["connection"],
                "States.Http.StatusCode.429" | "Lambda.TooManyRequestsException" => &["rate_limited"],
                "States.Http.StatusCode.500"
                | "States.Http.StatusCode.502"
                | "States.Http.StatusCode.503"
                | "States.Http.StatusCode.504"
                | "Lambda.ServiceException" => &["unavailable"],
                "Lambda.SdkClientException"
                | "Lambda.AWSLambdaException"
                | "Lambda.ClientExecutionTimeoutException" => &["connection", "unavailable"],
                other => {
                    let what = format!("the error `{other}` has no class here, and is not retried");
                    self.report.listed(
                        &state.about,
                        "/Retry/0/ErrorEquals",
                        "error name",
                        &what,
                        "Add its class or status to `retry_on`.",
                    );
                    &[]
                }
            };
            classes.extend(more);
        }
        classes.sort_unstable();
        classes.dedup();
        classes
    }

    fn list_limit(&mut self, state: &State<'_>, key: &str, what: &str) {
        self.report.listed(
            &state.about,
            &format!("/{key}"),
            "limit",
            what,
            "Set `timeout_seconds` of the node.",
        );
    }
}
