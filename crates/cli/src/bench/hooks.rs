//! Signed calls of a webhook that wait for the end of the execution.

use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;
use steadflow_core::flow::Flow;
use steadflow_core::limits::Limits;
use steadflow_core::webhook::{Unsigned, Webhook};
use uuid::Uuid;

use super::connection::Connection;
use super::delays::now;
use super::figures::{Figures, Spread, percentile};
use super::target::Target;
use super::{flows, load};
use crate::args::Bench;

/// The name and the value of the secret of the webhook, which a server of ours is started with.
pub(super) const SECRET: (&str, &str) = ("BENCH", "a secret for measurements only");
/// Calls before those that are measured.
const WARM_UP: u32 = 20;

/// One call after the other, each an event of its own, from its signature to the result of its flow of one `echo` node.
pub(super) async fn webhook(target: &Target, args: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    // Only a server of ours has the secret.
    target.pid()?;
    let mut document = flows::hooked(SECRET.0);
    let read = Flow::parse(&document, &Limits::DEFAULT).ok();
    document["status"] = json!("active");
    target.create_flow(&document).await?;
    let webhook = read.as_ref().and_then(|flow| flow.webhook()).context("The flow has no webhook")?.2;
    let mut connection = Connection::open(target.address()).await?;
    for _ in 0..WARM_UP {
        load::expect_completed(&connection.send(&request(target, webhook)?).await?)?;
    }
    let (mut p50, mut p99) = (Spread::default(), Spread::default());
    for _ in 0..args.runs.max(1) {
        let until = Instant::now() + Duration::from_secs_f64(args.seconds);
        let mut latencies = Vec::new();
        while Instant::now() < until {
            let sent = Instant::now();
            let answer = connection.send(&request(target, webhook)?).await?;
            latencies.push(sent.elapsed().as_secs_f64() * 1_000.0);
            load::expect_completed(&answer)?;
        }
        target.count(latencies.len() as u64);
        latencies.sort_by(f64::total_cmp);
        p50.push(percentile(&latencies, 0.50));
        p99.push(percentile(&latencies, 0.99));
    }
    target.count(u64::from(WARM_UP));
    figures.add("signed webhook to the end of its 1-node flow, sequential: p50", "ms", p50);
    figures.add("signed webhook to the end of its 1-node flow, sequential: p99", "ms", p99);
    Ok(())
}

/// Returns an HTTP request with a new event.
fn request(target: &Target, webhook: &Webhook) -> anyhow::Result<Vec<u8>> {
    let body = json!({ "value": 42 }).to_string();
    let event_id = Uuid::now_v7().to_string();
    let call = Unsigned { event_id: &event_id, sent_at: now(), body: body.as_bytes() };
    let headers = webhook.signed_headers(SECRET.1, &call).context("The call cannot be signed")?;
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (path, host, length) = (&webhook.path, target.address(), body.len());
    let head =
        format!("POST /hooks/{path}?wait=60 HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n");
    Ok(format!("{head}{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes())
}
