//! `steadflow executions retry|cancel --filter …`: many executions at once.

use std::process::ExitCode;

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};
use steadflow_core::payload::Payload;

use super::filter::{body, parameters};
use crate::args::RetryFrom;
use crate::client::Server;
use crate::condition::Condition;
use crate::output;

/// How many executions one call changes.
const AT_ONCE: usize = 100;

/// Which executions are changed.
#[derive(Debug)]
pub(super) struct Many {
    pub(super) filter: Vec<Condition>,
    pub(super) is_dry_run: bool,
    /// `None` for all.
    pub(super) limit: Option<usize>,
}

/// What is done to them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    /// Failed ones, unless the filter says so: they are retried, unless they were before.
    Retry(RetryFrom),
    /// Unfinished ones: they are cancelled, and what they started with them.
    Cancel,
}

impl Change {
    const fn path(self) -> &'static str {
        match self {
            Self::Retry(_) => "/executions/retry",
            Self::Cancel => "/executions/cancel",
        }
    }

    const fn done(self) -> &'static str {
        match self {
            Self::Retry(_) => "retried",
            Self::Cancel => "cancelled",
        }
    }

    /// The statuses that are changed where the filter does not say.
    const fn statuses(self) -> &'static str {
        match self {
            Self::Retry(_) => "failed",
            Self::Cancel => "pending,running,paused",
        }
    }

    fn body(self, filter: &Value, is_dry_run: bool) -> Value {
        let mut body = json!({ "filter": filter, "dry_run": is_dry_run });
        if let Self::Retry(from) = self {
            body["mode"] = from.mode().into();
        }
        body
    }
}

/// Changes all executions that fit, newest first.
pub(super) async fn change(
    server: &Server,
    many: Many,
    change: Change,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let parameters = parameters(server, &many.filter).await?;
    let bar = output::bar(count(server, &parameters, change, many.limit).await?);
    let mut body = change.body(&body(parameters), many.is_dry_run);
    let mut done =
        Done { what: change.done(), is_dry_run: many.is_dry_run, items: Vec::new(), stopped: None };
    loop {
        let limit = many.limit.map_or(AT_ONCE, |limit| AT_ONCE.min(limit - done.items.len()));
        if limit == 0 {
            break;
        }
        body["limit"] = limit.into();
        let answer = match server.send(server.call(Method::POST, change.path()).json(&body)).await {
            Ok(answer) => answer.value,
            // Nothing was done: what the server says is the answer.
            Err(error) if done.items.is_empty() => return Err(error),
            Err(error) => {
                done.stopped = Some(format!("{error:#}"));
                break;
            }
        };
        let items = answer["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        done.items.extend_from_slice(items);
        bar.inc(items.len() as u64);
        done.stopped = answer["stopped"].as_str().map(str::to_owned);
        if done.stopped.is_some() || items.len() < limit {
            break;
        }
        body["before"] = items.last().map(|item| item["execution_id"].clone()).unwrap_or_default();
    }
    bar.finish_and_clear();
    Ok(done.print(as_json))
}

/// Returns how many executions fit: for a bar, so that they may be others by the time that they are changed.
async fn count(
    server: &Server,
    parameters: &[(&'static str, String)],
    change: Change,
    limit: Option<usize>,
) -> anyhow::Result<usize> {
    let mut query = parameters.to_vec();
    query.push(("limit", "1".to_owned()));
    if !query.iter().any(|(name, _)| *name == "status") {
        query.push(("status", change.statuses().to_owned()));
    }
    let response = server.open(server.call(Method::GET, "/executions").query(&query)).await?;
    let total = response.headers().get("x-total-count").and_then(|count| count.to_str().ok()?.parse().ok());
    let total = total.context("The server does not say how many executions there are")?;
    Ok(limit.map_or(total, |limit| limit.min(total)))
}

/// What came of each.
struct Done {
    /// What is done to them.
    what: &'static str,
    is_dry_run: bool,
    items: Vec<Value>,
    /// Why it ended before all.
    stopped: Option<String>,
}

impl Done {
    /// Prints what came of each, and succeeds if all were looked at: what is skipped has ended or was retried before, or may not be
    /// changed.
    fn print(&self, as_json: bool) -> ExitCode {
        let skipped: Vec<&Value> = self.items.iter().filter(|item| !item["skipped"].is_null()).collect();
        let done = self.items.len() - skipped.len();
        if as_json {
            let mut shown = json!({
                "dry_run": self.is_dry_run,
                "matched": self.items.len(),
                "skipped": skipped.len(),
                "stopped": self.stopped,
                "items": self.items,
            });
            shown[self.what] = done.into();
            output::payload(&Payload::from_value(&shown));
        } else {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            for item in &self.items {
                let id = text(&item["execution_id"]);
                match (item["skipped"].as_str(), item["new_execution_id"].as_str()) {
                    (Some(why), _) => output::line(format_args!("{id}  skipped: {why}")),
                    (None, Some(new)) => output::line(format_args!("{id}  {new}")),
                    (None, None) => output::line(id),
                }
            }
        }
        let would = if self.is_dry_run { "would be " } else { "" };
        let left_out =
            if skipped.is_empty() { String::new() } else { format!(", {} skipped", skipped.len()) };
        output::note(format_args!("{} {would}{}{left_out}.", output::count(done, "execution"), self.what));
        if let Some(why) = &self.stopped {
            output::note(format_args!("It ended early: {why} Run it again for the rest."));
        }
        if self.stopped.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
