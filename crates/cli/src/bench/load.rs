//! The load: concurrent clients that start executions and wait until they end.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::connection::{Answer, Connection};
use super::figures::{Spread, percentile};
use super::target::Target;
use crate::args::Bench;

/// Requests that warm up the connection, the cache of flows and the database before the measurement.
const WARM_UP: usize = 20;

/// When the load ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    /// After this time.
    Elapsed(Duration),
    /// After this many executions.
    Executions(u64),
}

/// The result of one run.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) executions_per_second: f64,
    /// The times from a request to its response, in milliseconds, sorted.
    pub(super) latencies: Vec<f64>,
}

/// The results of several runs.
#[derive(Debug, Default)]
pub(super) struct Loads {
    pub(super) executions_per_second: Spread,
    /// In milliseconds.
    pub(super) p50: Spread,
    /// In milliseconds.
    pub(super) p99: Spread,
}

/// Runs the load `--runs` times for `--seconds`, with `concurrency` clients that start executions of `flow`.
pub(super) async fn repeat(
    target: &Target,
    args: &Bench,
    flow: &str,
    concurrency: usize,
) -> anyhow::Result<Loads> {
    let mut loads = Loads::default();
    for _ in 0..args.runs.max(1) {
        let until = Until::Elapsed(Duration::from_secs_f64(args.seconds));
        let load = run(target, flow, concurrency, until).await?;
        loads.executions_per_second.push(load.executions_per_second);
        loads.p50.push(percentile(&load.latencies, 0.50));
        loads.p99.push(percentile(&load.latencies, 0.99));
    }
    Ok(loads)
}

/// Starts executions of `flow` and waits until they end, with `concurrency` clients.
pub(super) async fn run(
    target: &Target,
    flow: &str,
    concurrency: usize,
    until: Until,
) -> anyhow::Result<Load> {
    let request: Arc<[u8]> =
        target.execute_request(flow, true, &json!({ "trigger_data": { "value": 42 } })).into();
    let mut connections = Vec::with_capacity(concurrency);
    for address in target.addresses().cycle().take(concurrency) {
        connections.push(Connection::open(address).await?);
    }
    let warm = connections.len().min(target.addresses().count());
    for n in 0..WARM_UP {
        expect_completed(&connections[n % warm].send(&request).await?)?;
    }
    let (deadline, most) = match until {
        Until::Elapsed(time) => (Some(Instant::now() + time), i64::MAX),
        Until::Executions(count) => (None, i64::try_from(count).unwrap_or(i64::MAX)),
    };
    let left = Arc::new(AtomicI64::new(most));
    let began = Instant::now();
    let clients = connections.into_iter().map(|connection| {
        tokio::spawn(client(connection, Arc::clone(&request), deadline, Arc::clone(&left)))
    });
    let mut latencies = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        latencies.extend(client.await.context("A client of the load generator panicked")??);
    }
    let took = began.elapsed();
    latencies.sort_by(f64::total_cmp);
    target.count((WARM_UP + latencies.len()) as u64);
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let executions_per_second = latencies.len() as f64 / took.as_secs_f64();
    Ok(Load { executions_per_second, latencies })
}

async fn client(
    mut connection: Connection,
    request: Arc<[u8]>,
    deadline: Option<Instant>,
    left: Arc<AtomicI64>,
) -> anyhow::Result<Vec<f64>> {
    let mut latencies = Vec::new();
    while deadline.is_none_or(|deadline| Instant::now() < deadline)
        && left.fetch_sub(1, Ordering::Relaxed) > 0
    {
        let sent = Instant::now();
        let answer = connection.send(&request).await?;
        latencies.push(sent.elapsed().as_secs_f64() * 1_000.0);
        expect_completed(&answer)?;
    }
    Ok(latencies)
}

/// Looks for the status without parsing the response, because the load generator shares the machine.
pub(super) fn expect_completed(answer: &Answer) -> anyhow::Result<()> {
    let is_completed = answer.status == 200 && contains(&answer.body, br#""status":"completed""#);
    ensure!(is_completed, "An execution did not complete: {}", describe(answer));
    Ok(())
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Describes an unexpected response.
pub(super) fn describe(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let said = body["detail"].as_str().or_else(|| body["error_message"].as_str()).unwrap_or("no details");
    format!("status {}: {said}", answer.status)
}
