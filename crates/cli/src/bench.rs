//! `steadflow bench`: how fast this machine is with Steadflow on it.
//!
//! Everything goes through the real server over real HTTP, with the durability that every server has. Beside each figure
//! stands what the disk can do, and after each measure the server is asked whether all of it is stored.

mod connection;
mod disk;
mod figures;
mod flows;
mod retries;
mod target;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::args::{Bench, Measure};
use crate::output;
use connection::Connection;
use figures::{Figures, Spread, percentile};
use target::Target;

/// Requests that warm a connection, the flow's cache and the database before anything is counted.
const WARM_UP: usize = 20;

/// Measures, and prints what came of it.
pub(crate) fn bench(args: Bench) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("The load generator's thread could not be started")?;
    runtime.block_on(measure_all(args))
}

async fn measure_all(args: Bench) -> anyhow::Result<ExitCode> {
    let target = Target::start(args.server.as_deref(), &args.dir).await?;
    let mut figures = Figures::default();
    for measure in &args.only {
        output::note(format_args!("measuring {measure:?} …"));
        match measure {
            Measure::Disk => figures.add(
                "fdatasync of 4 KiB",
                "per s",
                repeat(&args, || disk::syncs_per_second(&args.dir))?,
            ),
            Measure::Chain => chain(&target, &args, &mut figures).await?,
            Measure::Latency => latency(&target, &args, &mut figures).await?,
            Measure::Retries => retries::lateness(&target, &mut figures).await?,
        }
    }
    target.check_complete().await?;
    output::line(figures.table());
    if let Some(path) = &args.json {
        let text = format!("{:#}\n", figures.json());
        std::fs::write(path, text).with_context(|| format!("{} could not be written", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn repeat(args: &Bench, measure: impl Fn() -> anyhow::Result<f64>) -> anyhow::Result<Spread> {
    (0..args.runs.max(1)).map(|_| measure()).collect()
}

async fn chain(target: &Target, args: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let flow = target.create_flow(&flows::chain(10)).await?;
    for &concurrency in &args.concurrency {
        let mut rates = Spread::default();
        let (mut medians, mut tails) = (Spread::default(), Spread::default());
        for _ in 0..args.runs.max(1) {
            let run = load(target, &flow, concurrency, Duration::from_secs_f64(args.seconds)).await?;
            rates.push(run.executions_per_second * 10.0);
            medians.push(percentile(&run.latencies, 0.50));
            tails.push(percentile(&run.latencies, 0.99));
        }
        let name = format!("chain of 10 echo, {concurrency} at once");
        figures.add(&name, "nodes/s", rates);
        figures.add(&format!("{name}: p50"), "ms", medians);
        figures.add(&format!("{name}: p99"), "ms", tails);
    }
    Ok(())
}

async fn latency(target: &Target, args: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let flow = target.create_flow(&flows::chain(1)).await?;
    let (mut medians, mut tails) = (Spread::default(), Spread::default());
    for _ in 0..args.runs.max(1) {
        let run = load(target, &flow, 1, Duration::from_secs_f64(args.seconds)).await?;
        medians.push(percentile(&run.latencies, 0.50));
        tails.push(percentile(&run.latencies, 0.99));
    }
    figures.add("1-node flow, one at a time: p50", "ms", medians);
    figures.add("1-node flow, one at a time: p99", "ms", tails);
    Ok(())
}

/// What one run of load came to.
struct Load {
    executions_per_second: f64,
    /// In milliseconds, sorted.
    latencies: Vec<f64>,
}

/// Starts executions of `flow` and waits for their ends, `concurrency` at once, for `time`.
async fn load(target: &Target, flow: &str, concurrency: usize, time: Duration) -> anyhow::Result<Load> {
    let request: Arc<[u8]> = target.execute_request(flow, &json!({ "trigger_data": { "value": 42 } })).into();
    let mut connections = Vec::with_capacity(concurrency);
    for _ in 0..concurrency {
        connections.push(Connection::open(target.address()).await?);
    }
    for _ in 0..WARM_UP {
        expect_completed(&connections[0].send(&request).await?)?;
        target.count_one();
    }
    let counted = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let clients = connections.into_iter().map(|connection| {
        tokio::spawn(client(connection, Arc::clone(&request), began + time, Arc::clone(&counted)))
    });
    let mut latencies = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        latencies.extend(client.await.context("A client of the load generator panicked")??);
    }
    let took = began.elapsed();
    latencies.sort_by(f64::total_cmp);
    target.count_many(counted.load(Ordering::Relaxed));
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let executions_per_second = latencies.len() as f64 / took.as_secs_f64();
    Ok(Load { executions_per_second, latencies })
}

async fn client(
    mut connection: Connection,
    request: Arc<[u8]>,
    until: Instant,
    counted: Arc<AtomicU64>,
) -> anyhow::Result<Vec<f64>> {
    let mut latencies = Vec::new();
    while Instant::now() < until {
        let sent = Instant::now();
        let answer = connection.send(&request).await?;
        latencies.push(sent.elapsed().as_secs_f64() * 1_000.0);
        expect_completed(&answer)?;
        counted.fetch_add(1, Ordering::Relaxed);
    }
    Ok(latencies)
}

/// Looks for the status without reading the whole answer: the load generator shares the machine.
fn expect_completed(answer: &connection::Answer) -> anyhow::Result<()> {
    let is_completed = answer.status == 200 && contains(&answer.body, br#""status":"completed""#);
    ensure!(is_completed, "An execution did not complete: {}", describe(answer));
    Ok(())
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn describe(answer: &connection::Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let said =
        body["detail"].as_str().or_else(|| body["error_message"].as_str()).unwrap_or("no reason given");
    format!("status {}: {said}", answer.status)
}
