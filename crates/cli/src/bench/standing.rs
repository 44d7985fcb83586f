//! The cost of an idle server, and of executions that wait.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::json;

use super::connection::Connection;
use super::figures::{Figures, Spread};
use super::target::Target;
use super::{flows, load, process};
use crate::args::Bench;
use crate::output;

/// Duration of the measurement of an idle server.
const IDLE: Duration = Duration::from_secs(10);
/// Clients that start sleepers.
const CLIENTS: u64 = 64;
/// Sleepers that are started first, so that SQLite's page cache is full before memory is compared.
const WARM_UP: u32 = 50_000;
/// Time after the last start until background work such as parking and checkpoints is finished.
pub(super) const SETTLED: Duration = Duration::from_secs(3);

const MEGABYTE: f64 = 1_024.0 * 1_024.0;

/// Measures the memory and CPU time of a new, idle server.
pub(super) async fn idle(target: &Target, figures: &mut Figures) -> anyhow::Result<()> {
    let pid = target.pid()?;
    let before = process::cpu_seconds(pid)?;
    tokio::time::sleep(IDLE).await;
    let used = process::cpu_seconds(pid)? - before;
    figures.add_one("idle: memory", "MB", process::resident_bytes(pid)? / MEGABYTE);
    figures.add_one("idle: CPU", "%", 100.0 * used / IDLE.as_secs_f64());
    Ok(())
}

/// Starts executions that wait for a day, kills the server and starts it again.
pub(super) async fn sleepers(target: &mut Target, args: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let flow = target.create_flow(&flows::sleeper()).await?;
    let name = format!("{} sleepers", args.sleepers);
    let idle = process::resident_bytes(target.pid()?)?;
    start(target, &flow, WARM_UP).await?;
    tokio::time::sleep(SETTLED).await;
    let warm = process::resident_bytes(target.pid()?)?;
    let began = std::time::Instant::now();
    start(target, &flow, args.sleepers).await?;
    let count = f64::from(args.sleepers);
    figures.add_one(&format!("{name}: started"), "per s", count / began.elapsed().as_secs_f64());
    tokio::time::sleep(SETTLED).await;
    let grown = process::resident_bytes(target.pid()?)? - warm;
    figures.add_one(&format!("{name}: memory each"), "bytes", grown / count);

    let mut serving = Spread::default();
    let mut resident = Spread::default();
    for _ in 0..args.runs.max(1) {
        serving.push(target.kill_and_start().await?.as_secs_f64() * 1_000.0);
        resident.push((process::resident_bytes(target.pid()?)? - idle) / f64::from(WARM_UP + args.sleepers));
    }
    figures.add(&format!("{name}: ready again after kill -9"), "ms", serving);
    figures.add(&format!("{name}: memory each after the restart"), "bytes", resident);
    let counts = target.counts(&flow).await?;
    let all = WARM_UP + args.sleepers;
    ensure!(counts["unfinished"] == json!(all), "Sleepers were lost: {counts}");
    output::note(format_args!("checked: all {all} sleepers exist"));
    Ok(())
}

/// Starts `sleepers` executions of `flow`, without waiting for their end.
pub(super) async fn start(target: &Target, flow: &str, sleepers: u32) -> anyhow::Result<()> {
    let request = target.execute_request(flow, false, &json!({}));
    let clients = (0..CLIENTS).map(|client| {
        let (address, request) = (target.address().to_owned(), request.clone());
        let own = u64::from(sleepers) / CLIENTS + u64::from(client < u64::from(sleepers) % CLIENTS);
        tokio::spawn(async move {
            let mut connection = Connection::open(&address).await?;
            for _ in 0..own {
                let answer = connection.send(&request).await?;
                ensure!(answer.status == 201, "A sleeper was not accepted: {}", load::describe(&answer));
            }
            anyhow::Ok(())
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.context("A client of the load generator panicked")??;
    }
    Ok(())
}
