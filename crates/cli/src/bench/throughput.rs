//! Throughput in nodes per second, and latency.

use super::figures::Figures;
use super::target::Target;
use super::{flows, load};
use crate::args::Bench;
use crate::demo::Peer;

/// Nodes in a chain.
pub(super) const CHAIN: u32 = 10;
/// Nodes between the first and the join.
const FAN_OUT: u32 = 100;

/// Ten sequential `echo` nodes.
pub(super) async fn chain(target: &Target, args: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let flow = target.create_flow(&flows::chain(CHAIN)).await?;
    at_each_concurrency(target, args, figures, &flow, "chain of 10 echo", CHAIN).await
}

/// Ten sequential `http_request` nodes that call a service in this process.
pub(super) async fn calls(target: &Target, args: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let peer = Peer::start().await?;
    let flow = target.create_flow(&flows::calls(CHAIN, &peer.base())).await?;
    at_each_concurrency(target, args, figures, &flow, "chain of 10 http_request", CHAIN).await
}

/// A hundred parallel `echo` nodes and a join.
pub(super) async fn fan_out(target: &Target, args: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let flow = target.create_flow(&flows::fan_out(FAN_OUT)).await?;
    at_each_concurrency(target, args, figures, &flow, "fan-out of 100 echo", FAN_OUT + 1).await
}

/// One `echo` node, one execution at a time.
pub(super) async fn latency(target: &Target, args: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let flow = target.create_flow(&flows::chain(1)).await?;
    let loads = load::repeat(target, args, &flow, 1).await?;
    figures.add("1-node flow, sequential: p50", "ms", loads.p50);
    figures.add("1-node flow, sequential: p99", "ms", loads.p99);
    Ok(())
}

async fn at_each_concurrency(
    target: &Target,
    args: &Bench,
    figures: &mut Figures,
    flow: &str,
    name: &str,
    nodes: u32,
) -> anyhow::Result<()> {
    for &concurrency in &args.concurrency {
        let loads = load::repeat(target, args, flow, concurrency).await?;
        let name = format!("{name}, {concurrency} concurrent");
        figures.add(&name, "nodes/s", loads.executions_per_second.times(f64::from(nodes)));
        figures.add(&format!("{name}: p50"), "ms", loads.p50);
        figures.add(&format!("{name}: p99"), "ms", loads.p99);
    }
    Ok(())
}
