//! What it costs to ask for an API key: the same load on a server that does, and on one that does not.

use std::time::Duration;

use anyhow::ensure;

use super::figures::{Figures, Spread};
use super::load::{self, Until};
use super::target::Target;
use super::{flows, throughput};
use crate::args::Bench;

/// Measures both in turn, so that what the machine does meanwhile is the same for both. The result is the ratio.
pub(super) async fn auth(args: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let is_own = args.server.is_none() && args.database.is_none();
    ensure!(is_own, "This measurement starts servers of its own; do not use --server and --database");
    let (open, keyed) = (Target::start(args).await?, Target::start_with_key(args).await?);
    let document = flows::chain(throughput::CHAIN);
    let (open_flow, keyed_flow) = (open.create_flow(&document).await?, keyed.create_flow(&document).await?);
    let until = Until::Elapsed(Duration::from_secs_f64(args.seconds));
    for &concurrency in &args.concurrency {
        let (mut ratios, mut without, mut with) = (Spread::default(), Spread::default(), Spread::default());
        let load = async |target, flow: &str| load::run(target, flow, concurrency, until).await;
        for run in 0..args.runs.max(1) {
            // Who is first changes, because the first one finds another machine than the second.
            let early = if run % 2 == 0 { Some(load(&open, &open_flow).await?) } else { None };
            let keyed = load(&keyed, &keyed_flow).await?.executions_per_second;
            let open = match early {
                Some(open) => open,
                None => load(&open, &open_flow).await?,
            }
            .executions_per_second;
            ratios.push(100.0 * keyed / open);
            without.push(open);
            with.push(keyed);
        }
        let (name, nodes) = (format!("chain, {concurrency} concurrent"), f64::from(throughput::CHAIN));
        figures.add(&format!("{name}: without a key"), "nodes/s", without.times(nodes));
        figures.add(&format!("{name}: with a key"), "nodes/s", with.times(nodes));
        figures.add(&format!("{name}: with / without"), "%", ratios);
    }
    open.check_complete().await?;
    keyed.check_complete().await
}
