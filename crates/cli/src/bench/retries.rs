//! How late retries start.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use steadflow_core::timestamp::Timestamp;

use super::connection::Connection;
use super::figures::{Figures, Spread, percentile};
use super::flows;
use super::target::Target;
use crate::args::Bench;
use crate::demo::Peer;

/// Concurrent executions.
const EXECUTIONS: usize = 200;

/// Starts 200 concurrent executions whose calls fail twice, and compares when attempts were due and when they started.
pub(super) async fn lateness(target: &Target, args: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let peer = Peer::start().await?;
    let flow = target.create_flow(&flows::failing_twice(&peer.base())).await?;
    let (mut medians, mut tails) = (Spread::default(), Spread::default());
    for _ in 0..args.runs.max(1) {
        let late = all_at_once(target, &flow).await?;
        medians.push(percentile(&late, 0.5));
        tails.push(percentile(&late, 0.99));
    }
    figures.add("delay of retries, 200 concurrent: p50", "ms", medians);
    figures.add("delay of retries, 200 concurrent: p99", "ms", tails);
    Ok(())
}

/// Returns how late each retry started, in milliseconds, sorted.
async fn all_at_once(target: &Target, flow: &str) -> anyhow::Result<Vec<f64>> {
    let request = target.execute_request(flow, true, &json!({}));
    let clients = (0..EXECUTIONS).map(|_| {
        let (address, request) = (target.address().to_owned(), request.clone());
        tokio::spawn(async move {
            let answer = Connection::open(&address).await?.send(&request).await?;
            serde_json::from_slice::<Value>(&answer.body).context("A response is not JSON")
        })
    });
    let mut late = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        let execution = client.await.context("A client of the load generator panicked")??;
        ensure!(
            execution["status"] == "completed",
            "An execution did not complete: {}",
            execution["error_message"]
        );
        late.extend(lateness_of(&execution)?);
        target.count(1);
    }
    late.sort_by(f64::total_cmp);
    Ok(late)
}

/// The times from when each next attempt was due until it started, in milliseconds.
fn lateness_of(execution: &Value) -> anyhow::Result<Vec<f64>> {
    let attempts =
        execution["node_executions"][0]["attempts"].as_array().context("The execution has no attempts")?;
    ensure!(attempts.len() == 3, "The node had {} attempts instead of 3", attempts.len());
    let moment = |value: &Value| {
        let text = value.as_str().context("An attempt has no time")?;
        Timestamp::parse(text).context("The time of an attempt is not valid")
    };
    let late = |pair: &[Value]| -> anyhow::Result<f64> {
        let (due, began) = (moment(&pair[0]["next_retry_at"])?, moment(&pair[1]["started_at"])?);
        Ok(began.since(due).as_secs_f64() * 1_000.0)
    };
    attempts.windows(2).map(late).collect()
}
