//! Messages about retries and ends. Their wording is fixed: users and programs rely on it.

use std::sync::Arc;
use std::time::Duration;

use super::node::{AttemptRecord, NodeExecution};
use crate::budget::Shortage;
use crate::flow::Node;
use crate::ids::StepKey;
use crate::timestamp::Seconds;

/// Why a node whose attempts were interrupted twice in a row does not start again.
pub(super) const INTERRUPTED_TWICE: &str = "Not started again: the process stopped twice in a row while this node \
     ran. Retry it by hand if the node is not the cause.";

/// The error of an execution whose next record the database will never take.
pub(super) fn refused(reason: &str) -> Arc<str> {
    format!(
        "The database refused what followed from here, and would refuse it again: {reason}. What is shown is what was stored \
         before that. Report this, and retry the execution"
    )
    .into()
}

/// The error of an execution that holds more than `bytes_max` bytes.
pub(super) fn holds_too_much(bytes_max: usize) -> Arc<str> {
    let mebibytes = bytes_max >> 20;
    format!(
        "The execution holds more than {mebibytes} MiB of data: what it was started with, and the inputs, outputs and results \
         of its nodes. Pass on only what later nodes need, or divide the flow into several"
    )
    .into()
}

/// `Connection timeout (Will retry 2 more times)`; without more, the error alone.
pub(super) fn will_retry(error: &str, retries_left: u32) -> Arc<str> {
    if retries_left == 0 {
        return error.into();
    }
    let times = if retries_left == 1 { "time" } else { "times" };
    format!("{error} (Will retry {retries_left} more {times})").into()
}

/// `Connection timeout (The deadline comes before the next retry)`.
pub(super) fn retry_after_deadline(error: &str) -> Arc<str> {
    format!("{error} (The deadline comes before the next retry)").into()
}

/// The message of a node that has ended: its error or, after several attempts, the error of each, one per line.
pub(super) fn all_attempts(attempts: &[AttemptRecord], gave_up: Option<&str>) -> Arc<str> {
    let mut text = match attempts.len() {
        0 | 1 => String::new(),
        several => format!("Failed after {several} attempts:\n"),
    };
    text.push_str(&attempt_lines(attempts));
    if let Some(reason) = gave_up {
        text.push('\n');
        text.push_str(reason);
    }
    text.into()
}

/// The message of an execution that failed with a node: which node, how many attempts, and the error of each.
pub(super) fn node_failed(node: &Node, execution: &NodeExecution) -> Arc<str> {
    let name = if *node.name == *node.id.as_str() {
        format!("Node `{}`", node.id)
    } else {
        format!("Node `{}` ({})", node.name, node.id)
    };
    let said = execution.error_message.as_deref().unwrap_or("no reason was given");
    match (execution.attempts.len(), said.strip_prefix("Failed after ")) {
        (0, _) => format!("{name} failed: {said}"),
        (1, _) => format!("{name} failed after 1 attempt: {said}"),
        (_, Some(attempts)) => format!("{name} failed after {attempts}"),
        (several, None) => format!("{name} failed after {several} attempts: {said}"),
    }
    .into()
}

/// The line about a node of an execution that ended whose work could not be undone.
pub(super) fn not_undone(node: &Node, handler: &Node, error: Option<&str>) -> String {
    let error = error.map_or("no reason was given", last_error);
    format!("Node `{}` could not be undone: `{}` failed: {error}", node.id, handler.id)
}

/// The line about a compensation that was stopped before its end, and what it left.
pub(super) fn compensation_stopped(reason: Option<&str>, left: &[&str]) -> String {
    const NAMED_MAX: usize = 20;
    let reason = reason.map(|reason| format!(" ({})", reason.lines().next().unwrap_or_default()));
    let mut named: Vec<String> = left.iter().take(NAMED_MAX).map(|id| format!("`{id}`")).collect();
    if left.len() > NAMED_MAX {
        named.push(format!("and {} more", left.len() - NAMED_MAX));
    }
    format!("Undoing was stopped{}. Not undone: {}", reason.unwrap_or_default(), named.join(", "))
}

/// The error of each attempt, one per line; a single attempt has no number.
pub(super) fn attempt_lines(attempts: &[AttemptRecord]) -> String {
    let line = |attempt: &AttemptRecord| {
        let message = attempt.error.as_ref().map(|error| &error.message)?;
        Some(if attempts.len() > 1 {
            format!("Attempt {}: {message}", attempt.attempt.number())
        } else {
            message.to_string()
        })
    };
    attempts.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}

/// Returns the error of the last attempt from the message of an execution that failed, without what is around it; the
/// whole first line where there is no such error.
pub fn last_error(message: &str) -> &str {
    let last = message.rsplit("\nAttempt ").next().filter(|last| last.len() < message.len());
    let numbered = last.and_then(|last| last.split_once(": ")).map(|(_, error)| error);
    let single =
        || message.split_once(" failed after 1 attempt: ").or_else(|| message.split_once(" failed: "));
    let error =
        numbered.or_else(|| single().filter(|(node, _)| node.starts_with("Node `")).map(|(_, error)| error));
    error.unwrap_or(message).lines().next().unwrap_or_default()
}

/// `Flow execution timed out after 30 seconds`.
pub(super) fn timed_out(timeout: Seconds) -> Arc<str> {
    format!("Flow execution timed out after {} seconds", timeout.0).into()
}

/// The error of an attempt that exceeded its own timeout.
pub(crate) fn attempt_timed_out(timeout: Duration) -> String {
    let seconds = timeout.as_secs_f64();
    let unit = if timeout == Duration::from_secs(1) { "second" } else { "seconds" };
    format!("Attempt timed out after {seconds} {unit}")
}

/// The error of a call that exceeded its own limit.
pub(super) fn step_timed_out(step: &StepKey, limit: Duration) -> String {
    format!("Call `{step}` timed out after {} seconds", limit.as_secs_f64())
}

/// The error of a node whose call the budget of its agent does not allow any more on this day.
pub(super) fn day_is_used_up(agent: &str, shortage: &Shortage) -> String {
    let Shortage { budget, used, left, wanted, measure } = shortage;
    format!(
        "The budget of the agent {agent} for a day ({budget}) leaves {left} today: {used} are used or drawn for calls, and this \
         call may use up to {wanted}. The budget renews at 00:00 UTC. Retry this node then, or set a larger `budget.{key}` of \
         the agent or a smaller `max_tokens` of the skill",
        key = measure.key_of_day(),
    )
}

#[cfg(test)]
mod tests {
    use super::last_error;

    #[test]
    fn the_last_error_is_found_in_the_message_of_an_execution() {
        let several = "Node `Submit` (submit) failed after 2 attempts:\nAttempt 1: HTTP 503 from 10.0.0.1:80\nAttempt 2: HTTP 502: bad\nThe deadline comes first";

        assert_eq!(last_error(several), "HTTP 502: bad");
        assert_eq!(last_error("Node `a` failed after 1 attempt: No vendor 17: gone"), "No vendor 17: gone");
        assert_eq!(last_error("Node `a` failed: no value"), "no value");
        assert_eq!(
            last_error("Flow execution timed out after 3 seconds"),
            "Flow execution timed out after 3 seconds"
        );
        assert_eq!(last_error("Cancelled: not needed"), "Cancelled: not needed");
        assert_eq!(last_error("The payment failed: no money"), "The payment failed: no money");
        assert_eq!(last_error(""), "");
    }
}
