//! `steadflow executions retry|cancel --filter …`: many executions at once.

use std::process::ExitCode;

use anyhow::Context;
use futures_util::{StreamExt, stream};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use steadflow_core::payload::Payload;

use super::filter::{of_retry, parameters};
use crate::args::RetryFrom;
use crate::client::{Refused, Server};
use crate::condition::Condition;
use crate::output;

/// How many executions one call retries.
const AT_ONCE: usize = 100;
/// How many calls that cancel are under way at the same time.
const CALLS_MAX: usize = 8;

/// How many executions are changed.
#[derive(Debug)]
pub(super) struct Many {
    pub(super) filter: Vec<Condition>,
    pub(super) is_dry_run: bool,
    /// `None` for all.
    pub(super) limit: Option<usize>,
}

/// Retries failed executions, newest first. Those that were retried before are left out.
pub(super) async fn retry(
    server: &Server,
    many: Many,
    from: RetryFrom,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let filter = of_retry(server, &many.filter).await?;
    let mut done = Done::new("retried", many.is_dry_run);
    let bar = output::bar(count(server, &filter, many.limit).await?);
    let mut before = Value::Null;
    loop {
        let limit = many.limit.map_or(AT_ONCE, |limit| AT_ONCE.min(limit - done.items.len()));
        if limit == 0 {
            break;
        }
        let body = json!({
            "filter": filter,
            "mode": from.mode(),
            "dry_run": many.is_dry_run,
            "limit": limit,
            "before": before,
        });
        let sent = server.send(server.call(Method::POST, "/executions/retry").json(&body)).await;
        let answer = match sent {
            Ok(answer) => answer.value,
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
        before = items.last().map(|item| item["execution_id"].clone()).unwrap_or_default();
    }
    bar.finish_and_clear();
    Ok(done.print(as_json))
}

/// Returns how many failed executions fit: for a bar, so that they may be others by the time that they are retried.
async fn count(
    server: &Server,
    filter: &serde_json::Map<String, Value>,
    limit: Option<usize>,
) -> anyhow::Result<usize> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let filter = filter.iter().map(|(name, value)| (name.as_str(), text(value)));
    let query: Vec<_> = filter.chain([("status", "failed".into()), ("limit", "1".into())]).collect();
    let response = server.open(server.call(Method::GET, "/executions").query(&query)).await?;
    let total = response.headers().get("x-total-count").and_then(|count| count.to_str().ok()?.parse().ok());
    let total = total.context("The server does not say how many executions there are")?;
    Ok(limit.map_or(total, |limit| limit.min(total)))
}

/// Cancels executions that have not ended, newest first. What they started themselves is cancelled with them.
pub(super) async fn cancel(server: &Server, many: Many, as_json: bool) -> anyhow::Result<ExitCode> {
    let mut query = parameters(server, &many.filter).await?;
    if !query.iter().any(|(name, _)| *name == "status") {
        query.push(("status", "pending,running,paused".to_owned()));
    }
    query.push(("limit", "1000".to_owned()));
    let query: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={}", crate::value_address::segment(value)))
        .collect();
    let mut found = server.all(&format!("/executions?{}", query.join("&"))).await?;
    found.truncate(many.limit.unwrap_or(usize::MAX));
    let bar = output::bar(found.len());
    let mut done = Done::new("cancelled", many.is_dry_run);
    let calls = found.into_iter().map(|execution| {
        let bar = bar.clone();
        async move {
            let id = execution["id"].clone();
            let skipped = if many.is_dry_run { Ok(None) } else { cancel_one(server, &id).await };
            bar.inc(1);
            skipped.map(|skipped| json!({ "execution_id": id, "skipped": skipped }))
        }
    });
    let mut calls = stream::iter(calls).buffered(CALLS_MAX);
    while let Some(item) = calls.next().await {
        match item {
            Ok(item) => done.items.push(item),
            Err(error) => {
                done.stopped = Some(format!("{error:#}"));
                break;
            }
        }
    }
    drop(calls);
    bar.finish_and_clear();
    Ok(done.print(as_json))
}

/// Cancels an execution. Returns why it is left out: it has ended meanwhile, or may not be cancelled.
async fn cancel_one(server: &Server, id: &Value) -> anyhow::Result<Option<String>> {
    let id = id.as_str().unwrap_or_default();
    let sent = server.send(server.call(Method::POST, &format!("/executions/{id}/cancel"))).await;
    let Err(error) = sent else { return Ok(None) };
    match error.downcast_ref::<Refused>() {
        Some(refused)
            if refused.status.is_client_error() && refused.status != StatusCode::TOO_MANY_REQUESTS =>
        {
            Ok(Some(refused.to_string()))
        }
        Some(_) | None => Err(error),
    }
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
    const fn new(what: &'static str, is_dry_run: bool) -> Self {
        Self { what, is_dry_run, items: Vec::new(), stopped: None }
    }

    /// Prints what came of each, and succeeds if all were looked at: what is left out has ended or was retried before, or may not be
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
                    (Some(why), _) => output::line(format_args!("{id}  left out: {why}")),
                    (None, Some(new)) => output::line(format_args!("{id}  {new}")),
                    (None, None) => output::line(id),
                }
            }
        }
        let would = if self.is_dry_run { "would be " } else { "" };
        let left_out =
            if skipped.is_empty() { String::new() } else { format!(", {} left out", skipped.len()) };
        output::note(format_args!("{} {would}{}{left_out}.", output::count(done, "execution"), self.what));
        if let Some(why) = &self.stopped {
            output::note(format_args!("It ended early: {why} Run it again for the rest."));
        }
        if self.stopped.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
