//! Throughput and read latency as the database grows.

use std::time::Instant;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::connection::Connection;
use super::figures::{Figures, Spread, percentile};
use super::flows;
use super::load::{self, Until};
use super::target::Target;
use crate::args::Bench;
use crate::output;

const CHAIN: u32 = 10;
const CLIENTS: usize = 64;
/// Executions between two progress messages.
const STEP: u64 = 50_000;
/// Requests of each kind.
const READS: usize = 500;

/// Fills the database up to each size of `--growth`, and measures the chain and the reads there.
pub(super) async fn growth(target: &Target, args: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let flow = target.create_flow(&flows::chain(CHAIN)).await?;
    for &nodes in &args.growth {
        fill(target, &flow, nodes / u64::from(CHAIN)).await?;
        let at = format!("with {} node executions", readable(nodes));
        let loads = load::repeat(target, args, &flow, CLIENTS).await?;
        let rate = loads.executions_per_second.times(f64::from(CHAIN));
        figures.add(&format!("{at}: chain of 10 echo, 64 concurrent"), "nodes/s", rate);
        reads(target, &at, figures).await?;
        // The files of PostgreSQL are not in our directory.
        if args.database.is_none() {
            figures.add_one(&format!("{at}: database"), "MB", target.database_bytes()? / (1_024.0 * 1_024.0));
        }
    }
    Ok(())
}

fn readable(nodes: u64) -> String {
    if nodes >= 1_000_000 && nodes.is_multiple_of(1_000_000) {
        format!("{} million", nodes / 1_000_000)
    } else {
        nodes.to_string()
    }
}

async fn fill(target: &Target, flow: &str, executions: u64) -> anyhow::Result<()> {
    loop {
        let stored = target.counted();
        let missing = executions.saturating_sub(stored);
        if missing == 0 {
            return Ok(());
        }
        output::note(format_args!("  {stored} of {executions} executions stored"));
        load::run(target, flow, CLIENTS, Until::Executions(missing.min(STEP))).await?;
    }
}

/// Sends the requests of the studio: flows, a page of executions, a page of failed ones, one execution.
async fn reads(target: &Target, at: &str, figures: &mut Figures) -> anyhow::Result<()> {
    let mut connection = Connection::open(target.address()).await?;
    let page = connection.send(&target.get_request("/executions?limit=100")).await?;
    let rows: Vec<Value> = serde_json::from_slice(&page.body).context("The list is not JSON")?;
    let ids: Vec<&str> = rows.iter().filter_map(|row| row["id"].as_str()).collect();
    ensure!(!ids.is_empty(), "The list is empty");
    for (name, paths) in [
        ("list of flows", vec!["/flows".to_owned()]),
        ("list of 100 executions", vec!["/executions?limit=100".to_owned()]),
        ("list of failed executions", vec!["/executions?limit=100&status=failed".to_owned()]),
        ("detail of 10 nodes", ids.iter().map(|id| format!("/executions/{id}")).collect()),
    ] {
        let requests: Vec<Vec<u8>> = paths.iter().map(|path| target.get_request(path)).collect();
        let mut latencies = Vec::with_capacity(READS);
        for request in requests.iter().cycle().take(READS) {
            let sent = Instant::now();
            let answer = connection.send(request).await?;
            latencies.push(sent.elapsed().as_secs_f64() * 1_000.0);
            ensure!(answer.status == 200, "A request failed: {}", load::describe(&answer));
        }
        latencies.sort_by(f64::total_cmp);
        figures.add(&format!("{at}: {name}: p99"), "ms", Spread::from_iter([percentile(&latencies, 0.99)]));
    }
    Ok(())
}
