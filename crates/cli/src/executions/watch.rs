//! `steadflow executions watch`: the journal of an execution, line by line as it grows.

use std::process::ExitCode;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

use super::{first_line, print_execution};
use crate::client::{Answer, Server};
use crate::output;
use crate::shown::text;

/// How often the journal is read while nothing happens.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Prints the events of an execution until it has ended, and then the execution; succeeds only if it completed.
pub(super) async fn watch(server: &Server, id: Uuid, as_json: bool) -> anyhow::Result<ExitCode> {
    let print = |line| {
        if !as_json {
            output::line(line)
        }
    };
    let execution = follow(server, id, print).await?;
    print_execution(&execution, as_json);
    Ok(if execution.value["status"] == "completed" { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Gives the events of an execution to `line`, one as a line, until it has ended, and returns it.
pub(crate) async fn follow(server: &Server, id: Uuid, line: impl Fn(String)) -> anyhow::Result<Answer> {
    let mut seen = 0;
    loop {
        let journal = server.call(Method::GET, &format!("/executions/{id}/journal"));
        let events = server.send(journal.query(&[("after_seq", seen), ("limit", 1_000)])).await?.value;
        let events = events.as_array().map(Vec::as_slice).unwrap_or_default();
        events.iter().map(self::line).for_each(&line);
        let Some(last) = events.last() else {
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        };
        if last["type"] == "finished" {
            return server.send(server.call(Method::GET, &format!("/executions/{id}"))).await;
        }
        seen = last["seq"].as_u64().unwrap_or(seen);
    }
}

/// Returns an event as a line: when, at which node, what, why, and by whom.
fn line(event: &Value) -> String {
    let mut line = text(&event["at"]);
    let mut add = |before: &str, what: &str| {
        if !what.is_empty() {
            line.push_str(before);
            line.push_str(what);
        }
    };
    if event["type"] != "finished" {
        add("  ", &text(&event["node_id"]));
    }
    add("  ", &text(&event["type"]).replace('_', " "));
    for key in ["attempt", "step", "waiting_for", "decision", "status", "ending_as"] {
        add(" ", &text(&event[key]));
    }
    add(": ", &first_line(&event["error_message"]));
    add(", next attempt at ", &text(&event["next_retry_at"]));
    add(" by ", &text(&event["by"]["type"]));
    add(" ", &text(&event["by"]["id"]));
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_say_what_happened_why_and_by_whom() {
        let at = "2027-01-15T08:00:00.000000Z";
        let failed = json!({ "seq": 2, "at": at, "type": "attempt_failed", "node_id": "submit", "attempt": 1,
            "error_class": "unavailable", "error_message": "HTTP 503\nbusy",
            "next_retry_at": "2027-01-15T08:00:01.000000Z" });
        let paused = json!({ "seq": 3, "at": at, "type": "paused", "by": { "type": "user", "id": "ada" } });

        insta::assert_snapshot!(line(&failed), @"2027-01-15T08:00:00.000000Z  submit  attempt failed 1: HTTP 503, next attempt at 2027-01-15T08:00:01.000000Z");
        insta::assert_snapshot!(line(&paused), @"2027-01-15T08:00:00.000000Z  paused by user ada");
    }
}
