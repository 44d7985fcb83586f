//! A map over many items: what a child execution costs beside a node, in time and in memory.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::interval;

use super::connection::Connection;
use super::figures::{Figures, Spread};
use super::target::Target;
use super::{flows, load, process};
use crate::args::Bench;

const ITEMS: u32 = 10_000;
const AT_ONCE: usize = 64;
/// Nodes of the chain that the map is compared with.
const CHAIN: u32 = 10;
/// How often the memory of the server is looked at.
const LOOK: Duration = Duration::from_millis(5);

const MEGABYTE: f64 = 1_024.0 * 1_024.0;

/// Measures items per second, their share of the nodes per second of the chain, and by how much the server grows meanwhile.
pub(super) async fn map(target: &Target, args: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let chain = target.create_flow(&flows::chain(CHAIN)).await?;
    let map = target.create_flow(&flows::map(AT_ONCE)).await?;
    let chain = load::repeat(target, args, &chain, AT_ONCE).await?;
    let chain = chain.executions_per_second.times(f64::from(CHAIN));
    let items: Vec<u32> = (0..ITEMS).collect();
    let request = target.execute_request(&map, true, &json!({ "trigger_data": { "items": items } }));
    let mut connection = Connection::open(target.address()).await?;
    let (mut rates, mut shares, mut grown) = (Spread::default(), Spread::default(), Spread::default());
    for _ in 0..args.runs.max(1) {
        let began = Instant::now();
        grown.push(growth_during(target.pid()?, &mut connection, &request).await? / MEGABYTE);
        let rate = f64::from(ITEMS) / began.elapsed().as_secs_f64();
        target.count(1);
        rates.push(rate);
        shares.push(100.0 * rate / chain.median());
    }
    let name = format!("map of {ITEMS} echo, {AT_ONCE} at once");
    figures.add(&name, "items/s", rates);
    figures.add(
        &format!("chain of {CHAIN} echo, {AT_ONCE} concurrent, on the same server"),
        "nodes/s",
        chain,
    );
    figures.add(&format!("{name}: share of that"), "%", shares);
    figures.add(&format!("{name}: growth of the server, at most"), "MB", grown);
    Ok(())
}

/// Makes a call and returns by how much the memory of the server grows until its answer, in bytes.
async fn growth_during(pid: u32, connection: &mut Connection, request: &[u8]) -> anyhow::Result<f64> {
    let before = process::resident_bytes(pid)?;
    let mut most = before;
    let mut looks = interval(LOOK);
    let call = connection.send(request);
    tokio::pin!(call);
    let answer = loop {
        tokio::select! {
            answer = &mut call => break answer?,
            _ = looks.tick() => most = most.max(process::resident_bytes(pid)?),
        }
    };
    load::expect_completed(&answer)?;
    Ok(most - before)
}
